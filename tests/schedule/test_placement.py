"""Parts tile a map exactly, allocations share no bit at one time, and addresses are found where there is room."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.errors import DoesNotFit, Finding
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit
from hyperdrive_sim.schedule.placement import Allocation, LiveRange, Part, Placement, allocate

WHOLE = Box(0, 2, 0, 4, 0, 6)
NETWORK = Network("one", Shape(1, 4, 6), [Conv(name="conv", inputs=(INPUT,), out_channels=2, window=Window.square(1))])
MACHINE = Machine((Unit("array", "array"),), (Memory("fmm", 100), Memory("other", 100), Memory("small", 50)), Clock(1), 1)


def tiled(*boxes: Box) -> Placement:
    return Placement(tuple(Part("conv", box, "array", "fmm") for box in boxes), {}, frozenset(), {"conv": 16})


def filled(*allocations: Allocation, memory: str = "fmm") -> Placement:
    return lying({memory: allocations})


def lying(allocations: dict[str, tuple[Allocation, ...]]) -> Placement:
    return Placement((), allocations, frozenset(), {})


def check(placement: Placement) -> Placement:
    return placement.checked(NETWORK, MACHINE)


def allocation(tensor: str, start: int, stop: int, first: int, last: int) -> Allocation:
    """A map in the bits start..stop of its memory, alive from one step to another."""
    return Allocation(tensor, WHOLE, start, stop - start, first, last)


# Tiling


@pytest.mark.parametrize(
    "boxes",
    [
        [WHOLE],
        [WHOLE.rows(0, 1), WHOLE.rows(1, 4)],
        [WHOLE.channels(1, 2), WHOLE.channels(0, 1)],
        [WHOLE.rows(0, 2).columns(0, 5), WHOLE.rows(2, 4).columns(0, 1), WHOLE.rows(2, 4).columns(1, 6), WHOLE.rows(0, 2).columns(5, 6)],
        [WHOLE, WHOLE.rows(2, 2)],  # a part without pixels does no harm
    ],
)
def test_a_tiling_is_accepted_as_it_is(boxes: list[Box]) -> None:
    placement = tiled(*boxes)
    assert check(placement) is placement


@pytest.mark.parametrize(
    ("boxes", "sentence"),
    [
        ([WHOLE.rows(0, 2), WHOLE.rows(3, 4)], "conv: channel 0, row 2, column 0 is computed by 0 units, not by one"),
        ([WHOLE.rows(0, 3), WHOLE.rows(2, 4)], "conv: channel 0, row 2, column 0 is computed by 2 units, not by one"),
        ([WHOLE.columns(0, 5)], "conv: channel 0, row 0, column 5 is computed by 0 units, not by one"),
        ([WHOLE.channels(0, 1)], "conv: channel 1, row 0, column 0 is computed by 0 units, not by one"),
        ([WHOLE, WHOLE, Box(1, 2, 3, 4, 5, 6)], "conv: channel 0, row 0, column 0 is computed by 2 units, not by one"),
        ([WHOLE, Box(1, 2, 3, 4, 5, 6)], "conv: channel 1, row 3, column 5 is computed by 2 units, not by one"),
        (
            [WHOLE.rows(0, 2), WHOLE.rows(2, 5)],
            "conv: the part at channels 0:2, rows 2:5, columns 0:6 reaches outside the map (channels 0:2, rows 0:4, columns 0:6)",
        ),
        (
            [WHOLE.columns(-1, 6)],
            "conv: the part at channels 0:2, rows 0:4, columns -1:6 reaches outside the map (channels 0:2, rows 0:4, columns 0:6)",
        ),
        (
            [WHOLE.channels(0, 3)],
            "conv: the part at channels 0:3, rows 0:4, columns 0:6 reaches outside the map (channels 0:2, rows 0:4, columns 0:6)",
        ),
    ],
)
def test_gaps_overlaps_and_parts_outside_are_refused(boxes: list[Box], sentence: str) -> None:
    with pytest.raises(Finding) as failure:
        check(tiled(*boxes))
    assert str(failure.value) == sentence
    assert failure.value.exit_code == 1


@st.composite
def tilings(draw: st.DrawFn) -> list[Box]:
    """The map, cut again and again, each time one of its pieces in two."""
    boxes = [WHOLE]
    for _ in range(draw(st.integers(0, 5))):
        box = boxes.pop(draw(st.integers(0, len(boxes) - 1)))
        axis = draw(st.integers(0, 2))
        at = draw(st.integers(box[2 * axis], box[2 * axis + 1]))
        low, high = list(box), list(box)
        low[2 * axis + 1] = high[2 * axis] = at
        boxes += [Box(*low), Box(*high)]
    return draw(st.permutations(boxes))


@given(tilings())
def test_however_a_map_is_cut_its_pieces_tile_it(boxes: list[Box]) -> None:
    check(tiled(*boxes))


@given(tilings(), st.data())
def test_a_tiling_with_one_piece_more_or_less_is_none(boxes: list[Box], data: st.DataObject) -> None:
    which = data.draw(st.sampled_from([index for index, box in enumerate(boxes) if box]))
    for wrong in (boxes[:which] + boxes[which + 1 :], [*boxes, boxes[which]]):
        if wrong:
            with pytest.raises(Finding, match=r"is computed by [02] units, not by one$"):
                check(tiled(*wrong))


# Allocations


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (allocation("a", 0, 60, 0, 3), allocation("b", 60, 100, 0, 3)),  # side by side
        (allocation("a", 0, 60, 0, 3), allocation("b", 0, 60, 4, 9)),  # one after the other
        (allocation("a", 0, 60, 0, 3), allocation("b", 30, 90, 4, 4)),
        (allocation("a", 0, 60, -1, 3), allocation("b", 0, 60, 3, 9)),  # in place, in the step that reads `a` last
        (allocation("a", 0, 60, -1, 3), allocation("b", 0, 60, 3, 3)),
    ],
)
def test_allocations_that_keep_out_of_each_others_way(one: Allocation, other: Allocation) -> None:
    check(filled(one, other))
    check(filled(other, one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (allocation("a", 0, 60, 0, 3), allocation("b", 59, 100, 2, 9)),  # one bit for two steps
        (allocation("a", 0, 60, 0, 3), allocation("b", 59, 100, 3, 9)),  # not the same place: no handing over
        (allocation("a", 0, 60, 0, 3), allocation("b", 0, 59, 3, 9)),
        (allocation("a", 0, 60, 0, 3), allocation("b", 0, 60, 2, 9)),  # in place, but a step too early
        (allocation("a", 20, 40, 0, 9), allocation("b", 0, 60, 3, 4)),  # around it
        (allocation("a", 0, 60, 3, 3), allocation("b", 0, 60, 3, 3)),  # both born in one step: nobody hands over
        (allocation("a", 0, 60, 3, 3), allocation("b", 0, 60, 3, 9)),
    ],
)
def test_allocations_alive_in_the_same_bits_are_refused(one: Allocation, other: Allocation) -> None:
    for pair in ((one, other), (other, one)):
        with pytest.raises(Finding) as failure:
            check(filled(*pair))
        assert str(failure.value) == f"fmm: '{pair[0].tensor}' and '{pair[1].tensor}' are alive at the same time in the same bits"


def test_memories_that_are_laid_out_alike_are_each_checked_for_their_own_lifetimes() -> None:
    """In `fmm` one map comes after the other; in `other` they lie in the same bits and live at the same time."""
    right = (allocation("a", 0, 60, 0, 1), allocation("b", 0, 60, 2, 3))
    wrong = (allocation("a", 0, 60, 0, 2), allocation("b", 0, 60, 1, 3))
    with pytest.raises(Finding, match=r"^other: 'a' and 'b' are alive at the same time in the same bits$"):
        check(lying({"fmm": right, "other": wrong}))
    with pytest.raises(Finding, match=r"^other: 'a' and 'b'"):  # the hashes of -1 and -2 are equal
        check(
            lying(
                {
                    "fmm": (allocation("a", 0, 60, -3, -2), allocation("b", 0, 60, -1, 3)),
                    "other": (allocation("a", 0, 60, -3, -1), allocation("b", 0, 60, -2, 3)),
                }
            )
        )


def test_what_is_larger_than_its_memory_is_refused() -> None:
    check(filled(allocation("a", 0, 50, 0, 1), memory="small"))
    with pytest.raises(DoesNotFit) as failure:
        check(filled(allocation("a", 0, 40, 0, 1), allocation("b", 40, 51, 0, 1), allocation("c", 60, 75, 0, 1), memory="small"))
    assert str(failure.value) == "small: 'b' ends at bit 51, 75 bits needed, 50 there"
    assert failure.value.exit_code == 2


def test_the_same_layout_is_checked_again_for_a_smaller_memory() -> None:
    allocations = (allocation("a", 0, 60, 0, 1),)
    with pytest.raises(DoesNotFit, match=r"^small: 'a' ends at bit 60, 60 bits needed, 50 there$"):
        check(lying({"fmm": allocations, "small": allocations}))


def test_nothing_lies_below_address_zero() -> None:
    with pytest.raises(DoesNotFit, match=r"^fmm: 'a' ends at bit 30, 30 bits needed, 100 there$"):
        check(filled(allocation("a", -10, 30, 0, 1)))


def test_channels_lie_one_after_the_other() -> None:
    lying = Allocation("a", Box(16, 20, 0, 4, 0, 6), 1000, 4 * 384, 0, 1)
    assert lying.addresses(lying.box) == (1000, 2536)
    assert lying.addresses(Box(17, 19, 1, 2, 0, 1)) == (1384, 2152)


@given(st.integers(0, 9), st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
def test_allocations_overlap_where_they_share_a_bit(start: int, size: int, other_start: int, other_size: int) -> None:
    one, other = allocation("a", start, start + size, 0, 1), allocation("b", other_start, other_start + other_size, 0, 1)
    shared = set(range(start, start + size)) & set(range(other_start, other_start + other_size))
    assert one.overlaps(other) == other.overlaps(one) == bool(shared)


def test_the_most_bits_alive_in_any_one_step() -> None:
    """Two chips, words of 16 bits; `ring` holds copies only, `source` an input that no part is written to, `sum` lies where `left` was.

    step             0    1    2
    source i      2  ####
    fmm    a     12  ####
           left   6       #########   then sum, in place, half as large
    other  b      4  ##############
    """
    a, left, right = WHOLE.channels(0, 1).rows(0, 2), Box(0, 1, 0, 2, 0, 3), Box(0, 1, 0, 2, 0, 2)
    fmm = (
        *(Allocation("a", a, 60, 40, 0, 0), Allocation("left", left, 0, 40, 1, 2)),
        Allocation("sum", left.rows(0, 1), 0, 40, 2, 2),
    )
    held = {
        "fmm": fmm,
        "other": (Allocation("b", right, 0, 40, 0, 2),),
        "ring": (Allocation("a", WHOLE, 0, 99, 0, 2),),
        "source": (Allocation("i", right.rows(0, 1), 0, 40, 0, 0),),
    }
    parts = (Part("conv", WHOLE, "array", "fmm"), Part("conv", WHOLE, "array", "other"))
    placement = Placement(parts, held, frozenset(), dict.fromkeys(("i", "a", "b", "left", "sum"), 16), frozenset({"ring"}))
    assert placement.worst_bits() == 16 * (2 + 12 + 4)
    assert replace(placement, allocations=held | {"fmm": fmm[1:], "source": ()}).worst_bits() == 16 * (6 + 4)


def test_a_map_that_leaves_at_once_is_kept_nowhere() -> None:
    """The only layer of a network on XNORBIN: its sums go to the host as they are made."""
    placement = Placement((Part("conv", WHOLE, "array", "fmm"),), {"fmm": ()}, frozenset(), {"conv": 16})
    assert placement.worst_bits() == 0


# Addresses


def test_a_ping_pong_buffer_is_filled_to_the_last_bit() -> None:
    live_ranges = [LiveRange("input", 6, -1, 0), LiveRange("one", 4, 0, 1), LiveRange("two", 6, 1, 2), LiveRange("three", 4, 2, 3)]
    assert allocate(live_ranges, 10) == ({"input": 0, "one": 6, "two": 0, "three": 6}, 10)


def test_the_input_lies_lowest_and_all_else_as_high_as_it_can() -> None:
    live_ranges = [LiveRange("one", 3, 0, 1), LiveRange("input", 2, -1, 0), LiveRange("mask", 1, -1, 5), LiveRange("two", 3, 1, 2)]
    assert allocate(live_ranges, 20) == ({"input": 0, "mask": 2, "one": 17, "two": 14}, 20)


def test_where_high_leaves_too_small_a_gap_both_ends_are_used() -> None:
    """As high as possible, `two` would lie at 3..7 and leave `three` no six bits in a row."""
    live_ranges = [LiveRange("one", 3, 0, 1), LiveRange("two", 4, 1, 2), LiveRange("three", 6, 2, 3)]
    assert allocate(live_ranges, 10) == ({"one": 7, "two": 0, "three": 4}, 10)


def test_a_sum_takes_the_place_of_its_bypass() -> None:
    live_ranges = [
        LiveRange("bypass", 4, -1, 2),
        LiveRange("branch", 4, 1, 2),
        LiveRange("sum", 4, 2, 5, onto="bypass"),
        LiveRange("next", 4, 3, 4),
    ]
    assert allocate(live_ranges, 8) == ({"bypass": 0, "branch": 4, "sum": 0, "next": 4}, 8)


def test_what_does_not_fit_is_laid_on_top_and_says_how_much_it_needs() -> None:
    assert allocate([LiveRange("one", 6, 0, 1), LiveRange("two", 7, 1, 2)], 10) == ({"one": 4, "two": 10}, 17)
    assert allocate([LiveRange("one", 11, 0, 1)], 10) == ({"one": 0}, 11)
    assert allocate([], 10) == ({}, 0)


def test_a_live_range_that_is_born_onto_another_takes_no_room_of_its_own_in_that_step() -> None:
    live = LiveRange("sum", 4, 2, 5, onto="bypass")
    assert [live.alive_beside(step) for step in range(1, 7)] == [False, False, True, True, True, False]
    alone = live._replace(onto=None)
    assert [alone.alive_beside(step) for step in range(1, 7)] == [False, True, True, True, True, False]


@st.composite
def wishes(draw: st.DrawFn) -> list[LiveRange]:
    """Live ranges of any size and life; some take over the place of one that ends in the step of their birth."""
    live_ranges: list[LiveRange] = []
    for number in range(draw(st.integers(1, 10))):
        first = draw(st.integers(-1, 6))
        live = LiveRange(f"t{number}", draw(st.integers(1, 30)), first, first + draw(st.integers(0, 4)))
        taken = {other.onto for other in live_ranges}
        makes_way = [other for other in live_ranges if other.first < other.last == first and other.tensor not in taken]
        if makes_way and draw(st.booleans()):
            bypass = draw(st.sampled_from(makes_way))
            live = live._replace(bits=bypass.bits, onto=bypass.tensor)
        live_ranges.append(live)
    return live_ranges


@given(wishes(), st.integers(1, 100))
def test_no_two_that_are_alive_share_a_bit(live_ranges: list[LiveRange], bits: int) -> None:
    addresses, top = allocate(live_ranges, bits)
    assert set(addresses) == {live.tensor for live in live_ranges}
    assert min(addresses.values()) >= 0
    assert top == max(addresses[live.tensor] + live.bits for live in live_ranges)
    for one, other in combinations(live_ranges, 2):
        together = range(max(one.first, other.first), min(one.last, other.last) + 1)
        if together and other.onto == one.tensor:
            assert addresses[one.tensor] == addresses[other.tensor]
        elif together:
            apart = (
                addresses[one.tensor] + one.bits <= addresses[other.tensor] or addresses[other.tensor] + other.bits <= addresses[one.tensor]
            )
            assert apart, (one, other, addresses)


@given(wishes())
def test_what_would_fit_without_ever_reusing_a_bit_fits(live_ranges: list[LiveRange]) -> None:
    bits = sum(live.bits for live in live_ranges if live.onto is None)
    assert allocate(live_ranges, bits)[1] <= bits


@given(wishes(), st.integers(1, 100))
def test_no_layout_is_smaller_than_what_is_alive_at_once(live_ranges: list[LiveRange], bits: int) -> None:
    alive = max(sum(live.bits for live in live_ranges if live.alive_beside(step)) for step in range(-1, 11))
    assert allocate(live_ranges, bits)[1] >= alive


@given(wishes(), st.integers(1, 100))
def test_a_layout_is_a_placement_that_passes(live_ranges: list[LiveRange], bits: int) -> None:
    """The allocator and the checker agree on what may lie where."""
    addresses, top = allocate(live_ranges, bits)
    allocations = tuple(Allocation(c.tensor, WHOLE, addresses[c.tensor], c.bits, c.first, c.last) for c in live_ranges)
    machine = Machine(MACHINE.units, (Memory("fmm", top),), Clock(1), 1)
    filled(*allocations).checked(NETWORK, machine)


# One map over several that lie side by side


FIRST, SECOND = Allocation("first", WHOLE.channels(0, 1), 20, 10, 0, 2), Allocation("second", WHOLE, 30, 20, 1, 2)
OVER = Allocation("over", WHOLE.channels(0, 3), 20, 30, 2, 3)
PIXELS = WHOLE.rows(1, 2).columns(2, 5)


def test_a_map_written_over_two_others_takes_their_pixels_channel_by_channel() -> None:
    assert OVER.alike(FIRST)
    assert SECOND.alike(OVER)
    assert FIRST.lost_to(OVER, PIXELS.channels(0, 1)) == PIXELS.channels(0, 1)
    assert not SECOND.lost_to(OVER, PIXELS.channels(0, 1))
    assert SECOND.lost_to(OVER, PIXELS.channels(0, 3)) == PIXELS.channels(0, 2)
    assert OVER.lost_to(SECOND, PIXELS.channels(1, 2)) == PIXELS.channels(2, 3)
    assert check(filled(FIRST, SECOND, OVER))


def test_maps_that_do_not_lie_alike_lose_whole_channels() -> None:
    shifted, larger = OVER._replace(address=25), OVER._replace(box=Box(0, 3, 0, 5, 0, 6))
    assert not shifted.alike(SECOND)
    assert not larger.alike(SECOND)
    assert SECOND.lost_to(larger, PIXELS.channels(1, 2)) == WHOLE.channels(0, 1)
    with pytest.raises(Finding, match="'second' and 'over' are alive at the same time in the same bits"):
        check(filled(SECOND, shifted))


@given(*(st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(0, 40)) for _ in range(2)), st.sampled_from((7, 10)), st.data())
def test_what_is_lost_are_the_channels_whose_bits_are_written(
    mine: tuple[int, int, int], writers: tuple[int, int, int], each: int, data: st.DataObject
) -> None:
    """Of allocations that begin at some channel, have some and an address; bits of a channel, maybe not as many in both."""
    own, other = (
        Allocation("map", WHOLE.channels(first, first + count), address, count * bits, 0, 9)
        for (first, count, address), bits in ((mine, 10), (writers, each))
    )
    c0, c1 = sorted(data.draw(st.lists(st.integers(other.box.c0, other.box.c1), min_size=2, max_size=2, unique=True)))
    low, high = other.addresses(WHOLE.channels(c0, c1))
    hit = [
        c
        for c in range(own.box.c0, own.box.c1)
        if own.addresses(WHOLE.channels(c, c + 1))[0] < high and own.addresses(WHOLE.channels(c, c + 1))[1] > low
    ]
    lost = own.lost_to(other, PIXELS.channels(c0, c1))
    assert list(range(lost.c0, lost.c1)) == hit
    assert not hit or lost[2:] == (PIXELS if own.alike(other) else WHOLE)[2:]


def test_what_is_written_over_does_not_count_beside_it() -> None:
    words = {"first": 16, "second": 16, "over": 16}
    assert replace(filled(FIRST, SECOND, OVER), word_bits=words).worst_bits() == 16 * 3 * 24


LIVES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 30), st.integers(0, 6), st.integers(0, 3)).map(
        lambda given: allocation("a", given[0], given[0] + given[1], given[2], given[2] + given[3])
    ),
    max_size=8,
)


@given(LIVES)
def test_placements_are_checked_as_if_all_pairs_were_looked_at(allocations: list[Allocation]) -> None:
    """Two allocations of one map share a step and a bit, unless one is written over the other in its last step."""

    def clash(one: Allocation, other: Allocation) -> bool:
        steps = set(range(one.first, one.last + 1)) & set(range(other.first, other.last + 1))
        in_place = (one.alike(other) or (one.address, one.bits) == (other.address, other.bits)) and one.first != other.first
        handed_on = in_place and steps == {max(one.first, other.first)} == {min(one.last, other.last)}
        return bool(steps) and not handed_on and one.overlaps(other)

    placement = filled(*allocations)
    if any(clash(*pair) for pair in combinations(allocations, 2)):
        with pytest.raises(Finding, match="'a' and 'a' are alive at the same time in the same bits"):
            check(placement)
    else:
        assert check(placement) is placement
