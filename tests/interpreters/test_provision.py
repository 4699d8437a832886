from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from asv_jit.errors import LockedError, NoInterpreterError, UsageError
from asv_jit.interpreters import manifest, provision
from asv_jit.interpreters import spec as specs
from asv_jit.interpreters.providers.offers import Built, Offer
from asv_jit.interpreters.provision import Installed
from asv_jit.system import locks, paths
from tests.interpreters.fakes import FakeProvider, FakeRunner, answering_itself, finished


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path))


def install(wanted: Sequence[str], *providers: FakeProvider) -> list[Installed]:
    return provision.install(wanted, providers, run=FakeRunner(answering_itself))


def folders() -> list[str]:
    return sorted(path.name for path in paths.cache_dir("interpreters").iterdir())


def test_the_newest_of_a_minor_version_is_installed() -> None:
    debian = FakeProvider("debian", "3.15.0-1", "3.15.9-1", "3.15.10-1", "3.15.10-2", "3.16.0~a1-1")
    (installed,) = install(["3.15"], debian)
    assert installed.fresh
    assert installed.interpreter.package_version == "3.15.10-2"
    assert installed.interpreter.line == "3.15 from debian"
    assert folders() == [installed.interpreter.identity]


def test_a_second_time_finds_it_there() -> None:
    debian = FakeProvider("debian", "3.15.2-1")
    first, second = (install(["3.15"], debian)[0] for _ in range(2))
    assert (first.fresh, second.fresh) == (True, False)
    assert first.interpreter == second.interpreter
    assert len(debian.made) == 1


def test_releases_of_one_minor_stand_side_by_side() -> None:
    debian = FakeProvider("debian", "3.15.0-1", "3.15.2-1")
    installed = install(["3.15.0", "3.15"], debian)
    assert [one.interpreter.version for one in installed] == ["3.15.0", "3.15.2"]
    assert folders() == sorted(one.interpreter.identity for one in installed)


def test_the_manifest_says_where_it_came_from() -> None:
    (installed,) = install(["3.15"], FakeProvider("debian", "3.15.2-1"))
    there = manifest.read(paths.cache_dir("interpreters") / installed.interpreter.identity)
    assert there is not None
    assert (there.provider, there.version, there.package_version) == ("debian", "3.15.2", "3.15.2-1")
    assert there.packages == {"python": "3.15.2-1"}
    assert there.identity == installed.interpreter.identity


def test_an_exact_release_that_is_there_needs_no_provider() -> None:
    (installed,) = install(["3.15.0"], FakeProvider("debian", "3.15.0-1"))
    gone = FakeProvider("debian", unavailable="no network")
    again = install(["3.15.0", installed.interpreter.identity], gone)
    assert [one.fresh for one in again] == [False, False]


def test_what_is_not_offered_is_named_with_what_is() -> None:
    debian = FakeProvider("debian", "3.15.2-1", "3.14.8-1")
    with pytest.raises(NoInterpreterError) as error:
        install(["3.15", "3.15.1"], debian, FakeProvider("uv", unavailable="uv is not on PATH."))
    assert str(error.value) == (
        "No provider offers Python 3.15.1; offered are: 3.14.8 from debian (testing), 3.15.2 from debian (testing).\n"
        "Not available: uv: uv is not on PATH."
    )
    assert not debian.made  # the fault is seen before anything is downloaded


def test_a_malformed_spec_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"Expected a Python version like 3\.15"):
        install(["newest"], FakeProvider("debian", "3.15.2-1"))


def test_a_provider_that_fails_gives_way_to_the_next() -> None:
    uv = FakeProvider("uv", "3.15.3", broken="cannot reach its downloads")
    (installed,) = install(["3.15"], uv, FakeProvider("debian", "3.15.2-1"))
    assert installed.interpreter.version == "3.15.2"
    assert installed.notes == ("3.15.3 from uv (testing) could not be installed: cannot reach its downloads",)


def test_equal_releases_come_from_the_first_provider() -> None:
    (installed,) = install(["3.15"], FakeProvider("uv", "3.15.2"), FakeProvider("debian", "3.15.2-1"))
    assert installed.interpreter.provider == "uv"


def test_a_failed_install_leaves_nothing() -> None:
    with pytest.raises(NoInterpreterError, match="disk full"):
        install(["3.15"], FakeProvider("debian", "3.15.2-1", broken="disk full"))
    assert folders() == []


class Interrupted(FakeProvider):
    """The user presses Ctrl-C in the middle."""

    def install(self, offer: Offer, making: Path, final: Path) -> Built:
        (making / "half").write_text("")
        raise KeyboardInterrupt


def test_an_interrupted_install_leaves_nothing() -> None:
    with pytest.raises(KeyboardInterrupt):
        install(["3.15"], Interrupted("debian", "3.15.2-1"))
    assert folders() == []
    assert locks.holder_of(locks.installing_lock()) is None


def test_what_a_killed_install_left_is_removed_by_the_next() -> None:
    left = paths.cache_dir("interpreters") / ".making-3.15.2+0123abcd" / "usr"
    left.mkdir(parents=True)
    (left / "half").write_text("")
    (installed,) = install(["3.15"], FakeProvider("debian", "3.15.2-1"))
    assert folders() == [installed.interpreter.identity]


def test_two_installs_at_once_are_refused() -> None:
    with locks.held(locks.installing_lock(), doing="test"), pytest.raises(LockedError, match="Cannot install"):
        install(["3.15"], FakeProvider("debian", "3.15.2-1"))


def test_a_prefix_that_does_not_run_is_named_with_the_remedy() -> None:
    (installed,) = install(["3.15.2"], FakeProvider("debian", "3.15.2-1"))
    broken = FakeRunner(lambda _: finished(exit_code=127, stderr="not found"))
    with pytest.raises(NoInterpreterError, match="Remove that folder and install it again"):
        provision.install([installed.interpreter.identity], [], run=broken)


def test_offers_can_be_asked_for_without_installing() -> None:
    market = provision.offered([FakeProvider("debian", "3.15.2-1"), FakeProvider("uv", unavailable="absent")])
    assert [offer.version for offer in market.offers] == ["3.15.2"]
    assert market.notes == ("uv: absent",)


def test_a_build_without_a_gil_is_another_interpreter() -> None:
    with_gil = Offer("uv", "3.14.2", "3.14.2+20261110", "key")
    without = Offer("uv", "3.14.2", "3.14.2+freethreaded+20261110", "key+t", free_threaded=True)
    assert provision.matching(specs.parse("3.14"), [with_gil, without]) == [with_gil]
    assert provision.matching(specs.parse("3.14t"), [with_gil, without]) == [without]
    assert with_gil.identity != without.identity
