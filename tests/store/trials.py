"""A trial with every field set, and any trial at all."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from asv_jit.model import PROTOCOL, Disturbance, Evidence, Mode, Outcome, Purpose, Trace, Trial

COMMIT = "0123456789abcdef0123456789abcdef01234567"
INTERPRETER = "3.15.2+e451c8ba"

FULL = Trial(
    trial="b1.2-on",
    session="s1",
    block="b1",
    arm="on",
    purpose="confirm",
    attempt=2,
    commit=COMMIT,
    interpreter=INTERPRETER,
    installation="i1",
    benchmark="cpu.Loop.time_hot",
    benchmark_version="v1",
    params=("'a'", "2"),
    machine="m1",
    protocol=PROTOCOL,
    mode="on",
    jit_enabled=True,
    hash_seed=2**32 - 1,
    cpu=1,
    inner_loops=12,
    iterations=345,
    outcome="crashed",
    exit=3,
    signal="SIGSEGV",
    stderr="line one\nline two \u2028 \u0000 é",
    started="2026-01-02T03:04:05.678+00:00",
    duration_s=1.25,
    import_s=0.1,
    setup_s=0.2,
    first_call_s=0.3,
    steady_kind="warmup",
    steady_start=17,
    steady_s=1.5e-7,
    warmup_s=0.4,
    curve=((1, 0.5), (345, 12.25)),
    peak_rss_bytes=12_345_678,
    digest="ab" * 16,
    disturbance=Disturbance(
        steal=0.02, others=0.1, load=1.5, involuntary_per_s=7.0, frequency_mhz=3200.0, reasons=("stolen",)
    ),
    evidence=Evidence(
        functions=(
            Trace(function="a.py:f", executors=1, code_bytes=4096, micro_ops=9, names={"_ADD": 9}, mentions=("g",)),
        ),
        harness=(Trace(function="inside.py:iteration", executors=2, code_bytes=8192, micro_ops=3),),
        error="odd",
    ),
    start_s=0.05,
    value=42.5,
    samples=(("a.py:f", 12), ("b.py:g", 3)),
)


_text = st.text(st.characters(codec="utf-8"), max_size=8)
_share = st.none() | st.floats(0, 1e6)

any_trial = st.builds(
    msgspec.structs.replace,
    st.just(FULL),
    benchmark=_text,
    params=st.lists(_text, max_size=3).map(tuple),
    purpose=st.sampled_from(get_args(Purpose)),
    outcome=st.sampled_from(get_args(Outcome)),
    mode=st.sampled_from(get_args(Mode)),
    stderr=_text,
    exit=st.none() | st.integers(0, 255),
    duration_s=st.floats(0, 1e9),
    steady_s=st.none() | st.floats(1e-12, 1e6),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    curve=st.lists(st.tuples(st.integers(1, 2000), st.floats(0, 1e6)), max_size=64).map(tuple),
    disturbance=st.none() | st.builds(Disturbance, steal=_share, reasons=st.lists(_text, max_size=2).map(tuple)),
    evidence=st.none() | st.builds(Evidence, error=st.none() | _text),
)


def made(block: str, arm: str, seconds: float | None = 1.0, **changes: Any) -> Trial:
    """An undisturbed trial of purpose `run` that ended well, `seconds` per call in a flat steady state."""
    fields: dict[str, Any] = {
        "trial": f"{block}.{changes.get('attempt', 1)}-{arm}",
        "block": block,
        "arm": arm,
        "mode": "on" if arm == "on" else "off",
        "jit_enabled": arm == "on",
        "purpose": "run",
        "attempt": 1,
        "outcome": "ok",
        "exit": 0,
        "signal": None,
        "stderr": "",
        "hash_seed": sum(block.encode()),
        "iterations": 100,
        "inner_loops": 1,
        "steady_kind": "flat",
        "steady_start": 0,
        "steady_s": seconds,
        "warmup_s": 0.0,
        "curve": (),
        "disturbance": Disturbance(),
        "value": None,
        "samples": (),
    }
    return msgspec.structs.replace(FULL, **(fields | changes))


def failed(block: str, arm: str, outcome: str = "failed", **changes: Any) -> Trial:
    """A trial that gave nothing."""
    nothing: dict[str, Any] = {
        "outcome": outcome,
        "exit": 1,
        "stderr": f"{outcome} in {block}",
        "steady_kind": None,
        "steady_start": None,
        "warmup_s": None,
        "first_call_s": None,
        "digest": None,
        "peak_rss_bytes": None,
        "evidence": None,
    }
    return made(block, arm, None, **(nothing | changes))


def pairs_of(off: list[float], on: list[float], **changes: Any) -> list[Trial]:
    """A block for each pair of times, in order."""
    return [
        made(f"b{number:02}", arm, seconds, **changes)
        for number, both in enumerate(zip(off, on, strict=True))
        for arm, seconds in zip(("off", "on"), both, strict=True)
    ]
