"""Times at which frames arrive: even, drawn, and as they are given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.rates import MAX_PS, PS_PER_S
from hyperdrive_sim.schedule.tasks import Arrivals


def test_even_arrivals_begin_at_once() -> None:
    arrivals = Arrivals.periodic(3, 40)
    assert (arrivals.times_ps, arrivals.mean_ps, arrivals.last_ps) == ((0, 40, 80), 40, 80)
    assert [arrivals.at(frame) for frame in range(3)] == [0, 40, 80]


def test_without_times_the_next_frame_is_always_there() -> None:
    assert Arrivals.periodic(3, 0) == Arrivals(3)
    assert (Arrivals(3).at(2), Arrivals(3).last_ps, Arrivals(3).first(7)) == (0, 0, Arrivals(7))


def test_drawn_arrivals_are_the_same_everywhere() -> None:
    """30 frames a second are 33.3 ms apart on average; here the first comes after 23.6 ms and the second 34.2 ms later."""
    assert Arrivals.poisson(3, 30, seed=7).times_ps == (23584308526, 57757753470, 76709375382)
    assert Arrivals.poisson(3, 30, seed=8).times_ps != Arrivals.poisson(3, 30, seed=7).times_ps


def test_drawn_arrivals_are_exponential() -> None:
    """The mean distance is as asked for, as many are nearer than half of it as must be, and one distance says nothing of the next."""
    times = np.array(Arrivals.poisson(20_000, 1000, seed=1).times_ps)
    gaps = np.diff(times) / 1e9
    assert gaps.mean() == pytest.approx(1, rel=0.03)
    assert (gaps < 0.5).mean() == pytest.approx(1 - np.exp(-0.5), rel=0.03)
    assert np.corrcoef(gaps[:-1], gaps[1:])[0, 1] == pytest.approx(0, abs=0.03)


def test_given_arrivals_have_the_mean_of_their_distances() -> None:
    arrivals = Arrivals.at_times([5, 5, 11])
    assert (arrivals.frames, arrivals.times_ps, arrivals.mean_ps) == (3, (5, 5, 11), 3)
    assert [Arrivals.at_times(times).mean_ps for times in ([4], [4, 4])] == [0, 0], "nobody knows how many there would be"


def test_there_are_no_more_frames_than_times() -> None:
    with pytest.raises(ValueError, match="there are times for 2 frames, not for 3"):
        Arrivals.periodic(2, 40).first(3)


def even(frames: int, rate: float, _: int) -> Arrivals:
    return Arrivals.periodic(frames, round(PS_PER_S / rate))


@given(st.sampled_from((even, Arrivals.poisson)), st.integers(1, 50), st.floats(1e-5, 1e9), st.integers(0, 2**32 - 1))
def test_frames_arrive_in_their_order(draw: object, frames: int, rate: float, seed: int) -> None:
    """They are whole picoseconds that never go down, and fewer frames are the first of more."""
    assert callable(draw)
    arrivals = draw(frames, rate, seed)
    assert len(arrivals.times_ps) == arrivals.frames == frames
    assert all(type(time) is int and time >= 0 for time in arrivals.times_ps)
    assert list(arrivals.times_ps) == sorted(arrivals.times_ps)
    assert PS_PER_S / arrivals.mean_ps == pytest.approx(rate, rel=1e-3)
    for fewer in {1, (frames + 1) // 2, frames}:
        assert arrivals.first(fewer) == draw(fewer, rate, seed)
        assert arrivals.first(fewer).last_ps == arrivals.at(fewer - 1)
    assert arrivals.last_ps <= MAX_PS
