"""Cycles and bits to picoseconds: exact, rounded half up, once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.rates import MAX_PS, PS_PER_S, Clock, Rate
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit

ANY_CLOCK = st.integers(10**6, PS_PER_S).map(Clock)
ANY_COUNT = st.integers(0, 9 * 10**12)
"""As many cycles as a clock of 1 MHz has in the longest time that there is."""


@pytest.mark.parametrize(
    ("hz", "cycles", "ps"),
    [
        (58_000_000, 0, 0),
        (58_000_000, 1, 17_241),  # 17,241.38
        (58_000_000, 2, 34_483),  # 34,482.76: not twice 17,241
        (58_000_000, 29, 500_000),
        (135_000_000, 1, 7_407),
        (154_000_000, 1, 6_494),  # 6,493.51
        (400_000_000, 7, 17_500),
        (400_000_000_000, 1, 3),  # 2.5: halves go up, also to an odd number
        (400_000_000_000, 3, 8),  # 7.5
        (58_000_000, 58 * 10**12, 10**18),  # too many digits for a float
        (58_000_000, 58 * 10**12 + 1, 10**18 + 17_241),
    ],
)
def test_cycles_become_the_nearest_picosecond(hz: int, cycles: int, ps: int) -> None:
    result = Clock(hz).ps(cycles)
    assert result == ps
    assert type(result) is int


@pytest.mark.parametrize(("ps", "cycles"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_half_a_cycle_counts_as_one(ps: int, cycles: int) -> None:
    assert Clock(PS_PER_S // 2).cycles(ps) == cycles


@given(ANY_CLOCK, ANY_COUNT)
def test_a_duration_is_off_by_half_a_picosecond_at_most(clock: Clock, cycles: int) -> None:
    error = clock.ps(cycles) * clock.hz - cycles * PS_PER_S
    assert -clock.hz < 2 * error <= clock.hz


@given(ANY_CLOCK, ANY_COUNT)
def test_cycles_survive_the_way_to_picoseconds_and_back(clock: Clock, cycles: int) -> None:
    assert clock.cycles(clock.ps(cycles)) == cycles


def test_what_no_number_of_64_bits_holds_is_refused() -> None:
    assert Clock(PS_PER_S).ps(MAX_PS) == Rate(PS_PER_S).ps(MAX_PS) == MAX_PS
    for of in (Clock(PS_PER_S), Rate(PS_PER_S)):
        with pytest.raises(InvalidInput, match=r"^this would last up to 9\.2e\+06 s, more than .* faster clock or fewer frames$"):
            of.ps(MAX_PS + 1)


def test_a_clock_in_megahertz() -> None:
    assert Clock.of_mhz(58) == Clock(58_000_000)
    assert Clock.of_mhz(0.1) == Clock(100_000)
    assert Clock.of_mhz(133.333333) == Clock(133_333_333)
    assert Clock(154_500_000).mhz == 154.5


@given(ANY_CLOCK, st.integers(1, 4096), st.integers(0, 10**6))
def test_whole_bits_per_cycle_take_whole_cycles(clock: Clock, bits: int, cycles: int) -> None:
    assert Rate.per_cycle(bits, clock).ps(bits * cycles) == clock.ps(cycles)


@pytest.mark.parametrize(
    ("bits_per_cycle", "bits", "ps"),
    [
        (16, 16, 17_241),
        (0.5, 1, 34_483),  # two cycles
        (0.5, 3, 103_448),  # six
        (2.5, 5, 34_483),
        (1 / 3, 1, 51_724),  # three; the rate is 19,333,333 bits per second
    ],
)
def test_fractional_bits_per_cycle(bits_per_cycle: float, bits: int, ps: int) -> None:
    assert Rate.per_cycle(bits_per_cycle, Clock(58_000_000)).ps(bits) == ps


def test_a_rate_is_a_whole_number_of_bits_per_second() -> None:
    assert Rate.per_cycle(1 / 3, Clock(58_000_000)) == Rate(19_333_333)


def test_nothing_takes_no_time_and_anything_at_least_one_picosecond() -> None:
    fast = Rate(10**15)
    assert [fast.ps(bits) for bits in (0, 1, 499, 1499, 1500)] == [0, 1, 1, 1, 2]


def test_a_link_is_busy_as_long_as_its_rate_says() -> None:
    assert Unit("chip[0,0].north", "border", Rate(4 * 10**9), latency_ps=7).ps(10) == 2500


def test_only_a_link_sends_bits() -> None:
    with pytest.raises(TypeError, match=r"^chip\[0,0\]\.array is not a link$"):
        Unit("chip[0,0].array", "array").ps(1)


def test_a_machine_finds_its_parts_by_name() -> None:
    array, store = Unit("array", "array"), Memory("fmm", 1024)
    machine = Machine((array,), (store,), Clock.of_mhz(58), peak_ops_per_cycle=1568)
    assert machine.unit["array"] is array
    assert machine.memory["fmm"] is store
    assert machine.peak_ops_per_s == 90_944_000_000


@pytest.mark.parametrize(
    ("name", "member", "place"),
    [
        ("front.chip[3,4].send.east", "front", "front.chip[3,4]"),
        ("back[1].chip.bpus", "back[1]", "back[1].chip"),
        ("back[1].edge", "back[1]", "back[1]"),
        ("wires[front>back[1]]", "", "wires[front>back[1]]"),
        ("flash", "", "flash"),
    ],
)
def test_a_machine_knows_where_names_are(name: str, member: str, place: str) -> None:
    units = [Unit("front.chip[3,4].array", "front array", part="front"), Unit("back[1].chip.bpus", "back array", part="back[1]")]
    machine = Machine((*units, Unit("wires[front>back[1]]", "wires link", part="wires")), (), Clock.of_mhz(58), 1)
    assert (machine.member(name), machine.place(name)) == (member, place)


def test_names_of_a_machine_of_one_part() -> None:
    machine = Machine((Unit("chip[3,4].array", "array"),), (), Clock.of_mhz(58), 1)
    assert (machine.member("chip[3,4].send.east"), machine.place("chip[3,4].send.east"), machine.place("host")) == ("", "chip[3,4]", "host")
