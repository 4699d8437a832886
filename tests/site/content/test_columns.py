from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis.history.series import Track
from asv_jit.site.content import columns
from asv_jit.site.content.format import PackedColumn
from tests.site.content import columns_oracle as oracle

_SIZES = st.floats(1e-12, 1e15).flatmap(lambda size: st.sampled_from([size, -size, 0.0, math.nan]))


def _written(track: Track, *, fine: bool = False) -> dict[str, object]:
    column = columns.of_track(track, fine=fine)
    assert column is not None
    whole = column.written().whole()
    return {"step": column.step, **msgspec.structs.asdict(whole)}


@given(st.lists(_SIZES, min_size=1, max_size=40), st.floats(0.0, 0.9), st.booleans(), st.data())
def test_any_series_comes_back_within_half_a_step_and_its_intervals_are_never_narrower(
    sizes: list[float], share: float, fine: bool, data: st.DataObject
) -> None:
    values = np.array(sizes)
    wide = np.abs(values) * share
    wide[data.draw(st.lists(st.sampled_from(range(len(sizes)))))] = np.nan
    track = Track(values, values - wide, values + wide)
    if not np.any(np.isfinite(values)):
        assert columns.of_track(track) is None
        return
    written = _written(track, fine=fine)
    half = float(str(written["step"])) / 2 * (1 + 1e-9)
    for value, read in zip(sizes, oracle.values(written), strict=True):
        assert (read is None) == math.isnan(value)
        assert read is None or abs(read - value) <= half + abs(value) * 1e-9
    for value, width, read_bounds in zip(sizes, wide, oracle.bounds(written), strict=True):
        assert (read_bounds is None) == (math.isnan(value) or math.isnan(width))
        if read_bounds is not None:
            slack = half + abs(value) * 1e-9
            assert read_bounds[0] - slack <= value - width
            assert read_bounds[1] + slack >= value + width


@pytest.mark.parametrize("noise", [0.001, 0.01, 0.1])
def test_steps_are_fine_against_the_noise_at_every_level(noise: float) -> None:
    rng = np.random.default_rng(5)
    level = np.where(np.arange(600) < 300, 3.0, 0.4)  # after a large improvement the noise is smaller, too
    values = level * np.exp(rng.normal(0.0, noise, 600))
    nothing = np.full(600, np.nan)
    read = np.array(oracle.values(_written(Track(values, nothing, nothing))), dtype=float)
    assert np.std((read - values) / values) < noise / 10.0


def test_a_thousand_noisy_points_take_about_a_thousand_bytes() -> None:
    values = 0.0123 * np.exp(np.random.default_rng(6).normal(0.0, 0.01, 1_000))
    nothing = np.full(1_000, np.nan)
    column = columns.of_track(Track(values, nothing, nothing))
    assert column is not None
    whole = column.written().whole()
    assert len(whole.values) < 1_300
    assert (whole.below, whole.above) == (None, None)


def test_whole_numbers_stay_exact() -> None:
    values = np.array([1234.0, 1235.0, 7.0, math.nan, 999_999.0])
    nothing = np.full(5, np.nan)
    assert oracle.values(_written(Track(values, nothing, nothing))) == [1234, 1235, 7, None, 999_999]


@pytest.mark.parametrize("values", [[5e-324] * 4, [1e-323, 2e-323, -1e-323]])
def test_values_too_small_to_have_digits_are_nearly_nothing(values: list[float]) -> None:
    nothing = np.full(len(values), np.nan)
    read = np.array(oracle.values(_written(Track(np.array(values), nothing, nothing))), dtype=float)
    assert read == pytest.approx(values, abs=1e-300)


@given(
    st.lists(st.floats(0.001, 1000.0), min_size=3, max_size=30),
    st.lists(st.floats(0.0, 1.0), min_size=30, max_size=30),
    st.lists(st.floats(0.0, 1.0), min_size=30, max_size=30),
)
def test_the_step_is_fine_against_level_noise_and_intervals(
    values: list[float], below: list[float], above: list[float]
) -> None:
    sizes = np.array(values)
    down, up = (np.array(shares[: len(values)]) * sizes for shares in (below, above))
    column = columns.of_track(Track(sizes, sizes - down, sizes + up))
    if column is None or np.all(sizes == np.rint(sizes)):
        return
    typical = np.exp(np.mean(np.log(sizes)))
    smallest = max(sizes.min(), typical / 100.0)
    noise = 1.482602 * np.median(np.abs(np.diff(np.log(sizes)))) / math.sqrt(2.0)
    wide = np.concatenate((sizes - (sizes - down), (sizes + up) - sizes))
    limits = [
        smallest / 50.0,
        smallest * noise / 6.0,
        *([np.median(wide[wide > 0.0]) / 4.0] if np.any(wide > 0) else []),
    ]
    wanted = max(min(limit for limit in limits if limit > 0.0), typical / 1e6)
    assert wanted * 0.9 <= column.step <= wanted * (1.0 + 1e-9)


def test_a_cut_column_reads_like_the_whole_one() -> None:
    values = np.array([math.nan, 2.0, 2.1, math.nan, 5.5, 5.4, 2.0])
    column = columns.of_track(Track(values, values * 0.9, values * 1.2))
    assert column is not None
    cut, gap, before, behind = column.written().sliced([(3, 6), (3, 4), (0, -2), (7, 9)])
    assert cut is not None
    read = oracle.values({"step": column.step, "zero": cut.zero, "values": cut.values})
    assert read[0] is None
    assert read[1:] == pytest.approx([5.5, 5.4], rel=0.02)
    assert (gap, before, behind) == (None, None, None)


@given(st.lists(st.one_of(st.just(math.nan), st.floats(1.0, 1e4)), min_size=1, max_size=40), st.data())
def test_slices_say_what_columns_of_their_own_would(values: list[float], data: st.DataObject) -> None:
    track = Track(*(np.array(values) * share for share in (1.0, 0.9, 1.1)))
    column = columns.of_track(track)
    if column is None:
        return
    low = data.draw(st.integers(0, len(values)))
    high = data.draw(st.integers(low, len(values)))
    part = (low <= column.places) & (column.places < high)
    arrays = (column.places[part] - low, column.counts[part], column.below[part], column.above[part])
    found = column.written().sliced([(low, high)])
    if not part.any():
        assert found == [None]
        return
    own = columns.Column(column.step, high - low, *arrays).written().whole()
    assert found == [PackedColumn(own.zero, own.values, own.below, own.above)]
