from __future__ import annotations

from pathlib import Path

from asv_jit.store.lines import Lines
from asv_jit.store.machines import NOISE, KnownNoise, known_noise


def _noise(at: str, value: float) -> KnownNoise:
    return KnownNoise(
        at=at, fingerprint="f", interpreter="3.15.2+0a1b2c3d", pairs=20, value=value, low=value / 2, high=value * 2,
        disturbed=1, false_alarm=False,
    )  # fmt: skip


def test_what_is_kept_is_read_again_in_the_order_of_time(tmp_path: Path) -> None:
    later, earlier = _noise("2026-11-02T00:00:00+00:00", 0.01), _noise("2026-11-01T00:00:00+00:00", 0.02)
    NOISE.append(tmp_path, later)
    NOISE.append(tmp_path, earlier)
    assert known_noise(tmp_path).records == (earlier, later)


def test_a_broken_line_or_no_file_costs_nothing_else(tmp_path: Path) -> None:
    assert known_noise(tmp_path) == Lines()
    NOISE.append(tmp_path, _noise("2026-11-01T00:00:00+00:00", 0.01))
    path = tmp_path / NOISE.name
    path.write_bytes(b'{"at": 1}\n\xff\n' + path.read_bytes() + b'{"at": "2026')
    read = known_noise(tmp_path)
    assert [one.value for one in read.records] == [0.01]
    assert [problem.partition(": ")[0] for problem in read.problems] == [str(path), f"{path}:1", f"{path}:2"]
    warning = NOISE.append(tmp_path, _noise("2026-11-02T00:00:00+00:00", 0.02))
    assert warning is not None
    assert "incomplete" in warning
    assert [one.value for one in known_noise(tmp_path).records] == [0.01, 0.02]
