"""Records with absurd values of the right type: readers name and skip them, all the way to the pages of the site."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from asv_jit.errors import AsvJitError
from asv_jit.site.render import render_site
from asv_jit.store.findings.bisections import BISECTIONS
from asv_jit.store.findings.confirmations import CONFIRMATIONS, Confirmation
from asv_jit.store.findings.nights import NIGHTS, NightRecord
from asv_jit.store.journal import COUNTS
from asv_jit.store.machines import FINGERPRINTS
from asv_jit.system import paths
from asv_jit.workflows.events.regressions import find_events
from asv_jit.workflows.publish import site_content
from asv_jit.workflows.reading.history import read_history
from tests.analysis.worlds import World, steady, step
from tests.asv_adapter import trees
from tests.fuzz.damage import encoded, poisoned
from tests.fuzz.test_files_from_elsewhere import BISECTION
from tests.site import contents
from tests.workflows.events import test_regressions as histories

COMMITS = 8
FOLDERS = ("trials", "counts", "bisections", "confirmations")
few = settings(
    max_examples=settings.default.max_examples // 4 if settings.default else 25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[histories.Tree]:
    """A small project whose results have every kind of file."""
    folder = tmp_path_factory.mktemp("poisoned")
    made = histories.Tree(folder, histories.repository(folder, COMMITS))
    made.configure()
    asvs = trees.Tree(folder)
    machine = folder / "results" / "m1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.CACHE_VARIABLE, str(folder / "cache"))
        histories.write(made, World({"slow": step(4, 0.2), "quiet": steady}, commits=COMMITS, anchored=False))
        slow = next(event for event in made.events() if event.worse)
        release = replace(contents.WITH_JIT, identity=slow.after)
        for commit in made.commits[:3]:
            one = replace(contents.COMMITS[0], hash=commit)
            for trial in contents.counts(slow.key.case, release, commit=one):
                COUNTS.append(machine, trial)
        CONFIRMATIONS.save(
            machine,
            Confirmation(
                event=slow.identity, state="confirmed", reason="fresh blocks show it", metric="on", case=slow.key.case,
                version="1", axis="commits", commit=slow.commit, interpreter=slow.after, before=slow.parent,
                after=slow.commit, blocks=15, effects=(), cause="jit", moved="on", probability=0.97,
                at="2026-02-01T00:00:00+00:00",
            ),
        )  # fmt: skip
        BISECTIONS.save(machine, replace(BISECTION, machine="m1"))
        NIGHTS.append(machine, NightRecord("2026-02-01T00:00:00+00:00", 3600.0, 3000.0, 20))
        FINGERPRINTS.append(machine, {"fingerprint": "f0000001", "cpu": "x"})
        asvs.suite(trees.described("a.time_plain"))
        for number, commit in enumerate(made.commits):
            asvs.add(trees.file(number, {"a.time_plain": trees.row([1.0 + number % 2])}, commit_hash=commit))
        yield made


@few
@given(st.data())
def test_no_record_ends_the_history_or_the_site_with_an_internal_error(
    tree: histories.Tree, data: st.DataObject
) -> None:
    files = {path: path.read_bytes() for path in sorted((tree.folder / "results").rglob("*")) if path.is_file()}
    kinds = {path.parent.name if path.parent.name in FOLDERS else path.name[-7:]: path for path in files}
    path = data.draw(st.sampled_from([kinds[kind] for kind in sorted(kinds)]))
    lines = files[path].split(b"\n") if path.suffix == ".jsonl" else [files[path]]
    number = data.draw(st.sampled_from([n for n, line in enumerate(lines) if line.strip()]))
    lines[number] = encoded(data.draw(poisoned(json.loads(lines[number]))))
    path.write_bytes(b"\n".join(lines))
    try:
        with contextlib.suppress(AsvJitError):
            find_events(tree.project, read_history(tree.project), remember=False)
        with contextlib.suppress(AsvJitError):
            render_site(site_content(tree.project), tree.folder / "html")
    finally:
        shutil.rmtree(tree.folder / "results")
        for one, content in files.items():
            one.parent.mkdir(parents=True, exist_ok=True)
            one.write_bytes(content)
