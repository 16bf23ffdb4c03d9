"""One palette for plots and pages."""

from __future__ import annotations

from commands import SCENARIOS

from hyperdrive_sim.outputs.palette import (
    BLUE,
    GREEN,
    IO_COLOURS,
    MARKS,
    ORANGE,
    PALETTE,
    VIOLET,
    colours,
    marks,
    of_carried,
    of_layer_time,
    of_units,
)
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.prices import IO_ACTIONS
from hyperdrive_sim.study.runs import run


def test_names_have_colours_and_marks_in_their_order() -> None:
    assert colours(["a", "b", "a"]) == {"a": BLUE, "b": ORANGE}
    many = colours(map(str, range(15)))
    assert (len(set(many.values())), many["14"]) == (14, BLUE), "the same again after the fourteenth"
    assert marks(["a", "b", "a"]) == {"a": "circle", "b": "square"}
    assert len(set(MARKS.values())) == len(MARKS) == 8


def test_units_arrays_first() -> None:
    found = run(Scenario.read(SCENARIOS / "hyperdrive" / "tiny_2x2.yaml"))
    kinds = of_units(found)
    assert list(kinds) == ["array", "weights", "host", "border", "arrival"]
    assert list(kinds.values()) == list(PALETTE[:5])
    waiting = of_layer_time(found)
    assert waiting["computing"] == kinds["array"] == BLUE, "what arrays do has their colour everywhere"
    assert waiting["array"] == VIOLET, "to wait for another array"
    assert VIOLET not in PALETTE, "however many kinds of unit there are, as where several runs are compared"
    assert {kind: waiting[kind] for kind in kinds if kind != "array"} == {kind: kinds[kind] for kind in kinds if kind != "array"}


def test_io_by_action_and_by_what_it_carries() -> None:
    assert list(IO_COLOURS) == list(IO_ACTIONS)
    assert BLUE not in IO_COLOURS.values(), "which is the core's"
    assert of_carried() == {"weights": ORANGE, "input": GREEN, "output": PALETTE[3], "border": PALETTE[4], "links": PALETTE[6]}
