"""The releases in the order of the pages, and what each is called there."""

from __future__ import annotations

from msgspec import Struct

from asv_jit.site.content.site_content import Release, SiteContent


class ReleaseIndex(Struct, frozen=True):
    """The releases of a publication, newest first."""

    releases: tuple[Release, ...]

    @staticmethod
    def of(content: SiteContent) -> ReleaseIndex:
        """Sort the releases of `content`."""
        return ReleaseIndex(tuple(sorted(content.releases, key=lambda one: version_order(one.identity), reverse=True)))

    def name(self, release: Release) -> str:
        """`3.15.2`, or the whole identity where two builds share the version."""
        alike = [other for other in self.releases if other.version == release.version]
        return release.version if len(alike) == 1 else release.identity


def version_order(identity: str) -> tuple[tuple[int, ...], str]:
    """Sort builds by the numbers of their version, then by digest."""
    version, _, digest = identity.partition("+")
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".")), digest
