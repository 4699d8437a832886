"""What is known of each commit, found by its hash or by what of it is known."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from asv_jit.git.repository import Commit
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.parts.values import Link
from asv_jit.text import units
from asv_jit.text.units import day

_SHORT = 8
_SUBJECT_LIMIT = 100


class CommitBook(Struct, frozen=True):
    """Commits by the first eight characters of their hashes. `prefix` is what a hash is appended to, or empty."""

    commits: Mapping[str, Commit]
    prefix: str

    @staticmethod
    def of(content: SiteContent) -> CommitBook:
        """The commits that the content tells of."""
        # Never a script: the address comes from a configuration.
        web = content.show_commit_url.startswith(("https://", "http://"))
        dates = dict(zip(content.history.commits, content.history.dates.tolist(), strict=True))
        known = {digest[:_SHORT]: Commit(digest, date, "", "") for digest, date in dates.items()}
        known |= {commit.hash[:_SHORT]: commit for commit in content.commits}
        return CommitBook(known, content.show_commit_url if web else "")

    def find(self, digest: str) -> Commit:
        """The commit; with empty texts where nothing is known of it."""
        return self.commits.get(digest[:_SHORT]) or Commit(digest, 0, "", "")

    def link(self, digest: str) -> Link:
        """Its short hash, leading to the project's own page of it where there is one."""
        return Link(units.visible(digest[:_SHORT]), self.prefix + digest if self.prefix else "")

    def subject(self, digest: str) -> str:
        """The first line of its message, cut to what a table can bear."""
        return units.shown(self.find(digest).subject, _SUBJECT_LIMIT)

    def date(self, digest: str) -> str:
        """The day it was committed, or empty."""
        return day(self.find(digest).date)
