"""The static proof, on one accelerator of one memory and a network of two 1 x 1 layers over two pixels."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from worlds import compiled

from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.accesses import Pasts
from hyperdrive_sim.errors import Hazard
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, MaxPool
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.tasks import Compute, Copy, Effect, Load, OperandLocations, Patch, Region, Task
from hyperdrive_sim.schedule.writer import scheduled

PIXELS = Box(0, 1, 0, 1, 0, 2)
MAP = "channels 0:1, rows 0:1, columns 0:2"
BITS = PIXELS.size * 16
MACHINE = Machine(
    (Unit("array", "array"), Unit("link", "link"), Unit("weights", "weights")),
    (Memory("ram", 4 * BITS), Memory("wbuf", 64, "fifo", 1), Memory("send", BITS, "fifo")),
    Clock(1),
    2,
)
NETWORK = Network(
    "two",
    Shape(1, 1, 2),
    [
        Conv(name="a", inputs=("input",), out_channels=1, window=Window.square(1)),
        Conv(name="b", inputs=("a",), out_channels=1, window=Window.square(1)),
    ],
)


def placed(host: frozenset[str] = frozenset(), **addresses: int) -> Placement:
    """Each map at its own address in the ram, or where *addresses* says."""
    at = {"input": 0, "a": BITS, "b": 2 * BITS, **addresses}
    return Placement(
        (), {"ram": tuple(Allocation(tensor, PIXELS, address, BITS, 0, 9) for tensor, address in at.items())}, host, dict.fromkeys(at, 16)
    )


def task(
    name: str, unit: str, effect: Effect | None, after: tuple[int, ...] = (), after_start: tuple[int, ...] = (), ps: int = 4, frame: int = 0
) -> Task:
    return Task(name, "n", unit, ps, after, after_start, effect, frame=frame)


def computes(layer: str, source: str, *stores: str) -> Compute:
    regions = tuple(Region(memory, layer, PIXELS) for memory in stores or ("ram",))
    return Compute(OperandLocations((layer,), (Region("ram", source, PIXELS),), (), "wbuf", regions), 0, 1, (Patch(PIXELS, PIXELS),))


def moves(tensor: str, source: str, target: str) -> Copy:
    return Copy(tensor, 0, 1, (PIXELS,), source, target)


def loads(layer: str) -> Load:
    return Load(layer, 0, 1, 1, ("wbuf",))


IN, A, B = moves("input", "host", "ram"), computes("a", "input"), computes("b", "a")
OUT = moves("b", "ram", "host")


def clean() -> list[Task]:
    return [
        task("input", "link", IN),
        task("stream", "weights", loads("a")),
        task("compute", "array", A, (0,), (1,)),
        task("stream", "weights", loads("b"), (2,)),
        task("compute", "array", B, (2,), (3,)),
        task("output", "link", OUT, (4,)),
    ]


def check(tasks: list[Task], placement: Placement | None = None, network: Network = NETWORK) -> None:
    hazards.check(compiled(network, MACHINE, placement or placed(), tasks))


def refused(sentence: str, tasks: list[Task], placement: Placement | None = None, network: Network = NETWORK) -> None:
    with pytest.raises(Hazard, match=f"^{re.escape(sentence)}$"):
        check(tasks, placement, network)


def changed(index: int, **fields: object) -> list[Task]:
    tasks = clean()
    tasks[index] = tasks[index]._replace(**fields)  # type: ignore[arg-type]
    return tasks


def test_a_clean_schedule_passes() -> None:
    check(clean())


def test_read_before_its_write_is_certain() -> None:
    refused(
        f"ram: nothing orders task 0 (input of n on link, frame 0), which writes 'input' ({MAP}), "
        f"before task 2 (compute of n on array, frame 0), which reads 'input' ({MAP})",
        changed(2, after=()),
    )


def test_read_of_what_nobody_writes() -> None:
    refused(
        f"ram: task 2 (compute of n on array, frame 0) reads 2 of 2 values of 'input' ({MAP}), which nobody writes",
        changed(0, effect=None),
    )


def test_read_of_what_is_written_only_later() -> None:
    tasks = [task("stream", "weights", loads("a")), task("compute", "array", A, (), (0,)), task("input", "link", IN, (1,))]
    refused(
        f"ram: task 1 (compute of n on array, frame 0) reads 2 of 2 values of 'input' ({MAP}), "
        "which task 2 (input of n on link, frame 0) writes only later",
        tasks,
    )


def test_read_of_what_has_been_overwritten() -> None:
    again = [*clean()[:3], task("stream", "weights", loads("b"), (2,)), task("compute", "array", computes("b", "input"), (2,), (3,))]
    refused(
        f"ram: task 4 (compute of n on array, frame 0) reads 2 of 2 values of 'input' ({MAP}), "
        "which task 2 (compute of n on array, frame 0) has overwritten",
        again,
        placed(a=16),
    )


def test_the_next_frame_must_not_overwrite_what_is_still_read() -> None:
    refused(
        f"ram: nothing orders task 2 (compute of n on array, frame 0), which reads 'input' ({MAP}), "
        f"before task 6 (input of n on link, frame 1), which writes 'input' ({MAP})",
        [*clean(), task("input", "link", IN, (0,), frame=1)],
    )


def test_two_maps_in_one_place() -> None:
    tasks = [*clean()[:2], task("compute", "array", A, (0,), (1,)), task("other", "link", moves("b", "host", "ram"))]
    refused(
        f"ram: nothing orders task 2 (compute of n on array, frame 0), which writes 'a' ({MAP}), "
        f"before task 3 (other of n on link, frame 0), which writes 'b' ({MAP})",
        tasks,
        placed(host=frozenset({"b"}), b=BITS + 16),
        Network("host first", Shape(1, 1, 2), [MaxPool(name="b", inputs=("input",), window=Window.square(1)), NETWORK["a"]]),
    )


def test_a_map_may_take_the_place_of_the_one_it_is_computed_from() -> None:
    check(clean(), placed(a=0, b=0))


def test_one_unit_is_no_order() -> None:
    tasks = changed(5, after=())
    tasks[5] = tasks[5]._replace(unit="array")
    refused(
        f"ram: nothing orders task 4 (compute of n on array, frame 0), which writes 'b' ({MAP}), "
        f"before task 5 (output of n on array, frame 0), which reads 'b' ({MAP})",
        tasks,
    )


def test_beginning_together_is_not_coming_after() -> None:
    tasks = changed(2, after=(), after_start=(0, 1))
    with pytest.raises(Hazard, match="nothing orders task 0"):
        check(tasks)


def test_what_a_stream_comes_after_has_ended_for_those_who_start_with_it() -> None:
    tasks = clean()
    tasks[1], tasks[2] = tasks[1]._replace(after=(0,)), tasks[2]._replace(after=())
    check(tasks)


def test_a_task_must_not_be_shorter_than_the_stream_it_starts_with() -> None:
    refused(
        "wbuf: task 2 (compute of n on array, frame 0), which uses the weights of 'a' (channels 0:1), "
        "starts with task 1 (stream of n on weights, frame 0) but may end before it",
        changed(2, ps=3),
    )


def test_weights_that_nothing_orders() -> None:
    refused(
        "wbuf: nothing orders task 1 (stream of n on weights, frame 0), which brings the weights of 'a' (channels 0:1), "
        "before task 2 (compute of n on array, frame 0), which uses that",
        changed(2, after_start=()),
    )


def test_weights_that_nobody_brings() -> None:
    refused(
        "wbuf: task 2 (compute of n on array, frame 0) uses the weights of 'a' (channels 0:1), which nobody has brought",
        changed(1, effect=None),
    )


def test_weights_that_come_in_any_order() -> None:
    refused(
        "wbuf: nothing orders task 1 (stream of n on weights, frame 0), which brings the weights of 'a' (channels 0:1), "
        "before task 3 (stream of n on weights, frame 0), which brings the weights of 'b' (channels 0:1)",
        changed(3, after=()),
    )


def test_weights_pushed_out_while_they_are_used() -> None:
    refused(
        "wbuf: nothing orders task 2 (compute of n on array, frame 0), which uses the weights of 'a' (channels 0:1), "
        "before task 3 (stream of n on weights, frame 0), which brings the weights of 'b' (channels 0:1) and pushes that out",
        changed(3, after=(1,)),
    )


def test_weights_pushed_out_before_they_are_used() -> None:
    tasks = [clean()[0], clean()[1], task("stream", "weights", loads("b"), (1,)), task("compute", "array", A, (0, 2))]
    refused(
        "wbuf: task 3 (compute of n on array, frame 0) uses the weights of 'a' (channels 0:1), "
        "which task 2 (stream of n on weights, frame 0) has pushed out",
        tasks,
    )


def sending() -> list[Task]:
    """Both maps pass through the send buffer, which has room for one."""
    return [
        *clean()[:2],
        task("compute", "array", computes("a", "input", "ram", "send"), (0,), (1,)),
        task("send", "link", moves("a", "send", "nowhere"), (2,)),
        task("stream", "weights", loads("b"), (2,)),
        task("compute", "array", computes("b", "a", "send"), (2, 3), (4,)),
        task("output", "link", moves("b", "send", "host"), (5,)),
    ]


def test_a_send_buffer_keeps_what_was_sent() -> None:
    check(sending())


def test_a_send_buffer_overrun() -> None:
    tasks = sending()
    tasks[5] = tasks[5]._replace(after=(2,))
    refused(
        f"send: nothing orders task 3 (send of n on link, frame 0), which uses 'a' ({MAP}), "
        f"before task 5 (compute of n on array, frame 0), which brings 'b' ({MAP}) and pushes that out",
        tasks,
    )


def test_the_output_must_arrive() -> None:
    refused(f"host: the host at last reads 2 of 2 values of 'b' ({MAP}), which nobody writes", clean()[:5])


def test_a_map_that_the_host_makes_comes_after_what_it_is_made_of() -> None:
    """a on the chip, b on the host, c on the chip again."""
    pool = MaxPool(name="b", inputs=("a",), window=Window.square(1))
    network = Network(
        "there and back", Shape(1, 1, 2), [NETWORK["a"], pool, Conv(name="c", inputs=("b",), out_channels=1, window=Window.square(1))]
    )
    tasks = [
        *clean()[:3],
        task("output", "link", moves("a", "ram", "host"), (2,)),
        task("input", "link", moves("b", "host", "ram"), (3,)),
        task("stream", "weights", loads("c"), (2,)),
        task("compute", "array", computes("c", "b"), (4,), (5,)),
        task("output", "link", moves("c", "ram", "host"), (6,)),
    ]
    placement = placed(host=frozenset({"b"}), c=3 * BITS)
    check(tasks, placement, network)
    tasks[4] = tasks[4]._replace(after=(2,))
    refused(
        f"host: nothing orders task 3 (output of n on link, frame 0), which writes 'a' ({MAP}), "
        f"before task 4 (input of n on link, frame 0), which reads 'a' ({MAP})",
        tasks,
        placement,
        network,
    )


def test_too_many_tasks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hazards, "LIMIT", 5)
    assert not hazards.affordable(scheduled(clean()))
    with pytest.raises(ValueError, match=r"^6 tasks are too many to prove, 5 at most; ask affordable\(\) first$"):
        check(clean())


def test_pasts_in_full() -> None:
    """Task 2 starts with stream 1 and is as long, task 3 comes after it; task 4 is shorter than the stream it starts with."""
    stream = task("stream", "weights", None, (0,))
    tasks = [task("first", "link", None), stream, task("long", "array", None, (), (1,)), task("next", "link", None, (2,))]
    pasts = Pasts([*tasks, task("short", "array", None, (), (1,), ps=3)])
    assert pasts.begun == [0b1, 0b11, 0b111, 0b1111, 0b10011]
    assert pasts.ended == [0b0, 0b1, 0b1, 0b111, 0b1]
    assert pasts.done == [0b1, 0b11, 0b111, 0b1111, 0b10001]


# Many tiles in one place


def tiles(count: int) -> tuple[list[Task], Placement]:
    """So many tiles of the input, each brought to the same bits and taken away again."""
    tasks = []
    for number in range(count):
        brought = moves("input", "host", "ram")._replace(tile=number)
        tasks += [task("in", "link", brought, (2 * number - 1,) if number else ())]
        tasks += [task("out", "link", moves("input", "ram", "host")._replace(tile=number), (2 * number,))]
    lying = tuple(Allocation("input", PIXELS, 0, BITS, number, number, number) for number in range(count))
    return tasks, replace(placed(frozenset({"a", "b"})), allocations={"ram": lying})


def test_a_tile_must_have_been_taken_away_before_the_next_one_comes() -> None:
    tasks, placement = tiles(9)
    check(tasks, placement)
    tasks[10] = tasks[10]._replace(after=(8,))
    refused(
        f"ram: nothing orders task 9 (out of n on link, frame 0), which reads 'input' ({MAP}), "
        f"before task 10 (in of n on link, frame 0), which writes 'input' ({MAP})",
        tasks,
        placement,
    )


def test_a_tile_is_not_read_from_another_ones_place() -> None:
    tasks, placement = tiles(3)
    tasks[3] = tasks[3]._replace(effect=moves("input", "ram", "host")._replace(tile=0))
    refused(
        f"ram: task 3 (out of n on link, frame 0) reads 2 of 2 values of 'input' ({MAP}), "
        "which task 2 (in of n on link, frame 0) has overwritten",
        tasks,
        placement,
    )


def test_only_places_in_use_are_looked_at() -> None:
    """Whatever later writes have covered is over by then: of a thousand tiles two at a time are of interest."""
    tasks, placement = tiles(1000)
    proof = hazards._Proof(compiled(NETWORK, MACHINE, placement, tasks))
    proof.run()
    assert [place.allocation.tile for place in proof.used["ram"]] == [999]


def test_a_small_place_is_looked_at_until_all_of_its_bits_are_covered() -> None:
    """A map of twice the bits is written over it pixel by pixel: after half of them, who reads the small one may still do so."""
    large = Allocation("b", PIXELS, 0, 2 * BITS, 1, 2)
    small = Allocation("input", PIXELS, BITS, BITS, 0, 1)
    halves = [moves("b", "host", "ram")._replace(boxes=(PIXELS.columns(n, n + 1),)) for n in range(2)]
    placement = replace(placed(frozenset({"a", "b"})), allocations={"ram": (small, large)})
    tasks = [task("in", "link", IN), task("out", "link", moves("input", "ram", "host"), (0,))]
    check([*tasks, *(task("half", "link", half, (1,)) for half in halves)], placement)
    late = [*tasks, task("half", "link", halves[0], (1,)), task("half", "link", halves[1], (0,))]
    refused(
        f"ram: nothing orders task 1 (out of n on link, frame 0), which reads 'input' ({MAP}), "
        "before task 3 (half of n on link, frame 0), which writes 'b' (channels 0:1, rows 0:1, columns 1:2)",
        late,
        placement,
    )
