"""Measurements take turns, equally often, and one that is refused does not keep the others from going on."""

from __future__ import annotations

import pytest

from hyperdrive_sim.study.bench.installation import NotMeasured
from hyperdrive_sim.study.bench.turns import Refused, Repeats, alternating


def test_turns() -> None:
    order: list[str] = []

    def measure(name: str) -> int:
        order.append(name)
        return len(order)

    assert alternating([lambda: measure("A"), lambda: measure("B")], Repeats(3)) == [[1, 3, 5], [2, 4, 6]]
    assert "".join(order) == "ABABAB"


def test_what_is_refused_is_not_asked_again() -> None:
    asked = []

    def refuse() -> int:
        asked.append(1)
        raise NotMeasured("too many tasks")

    assert alternating([refuse, lambda: 7], Repeats(3)) == [Refused("too many tasks"), [7, 7, 7]]
    assert len(asked) == 1


def test_other_errors_are_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        alternating([lambda: 1 / 0], Repeats(3))


@pytest.mark.parametrize(("first_s", "times"), [(0.0, 5), (1.0, 5), (12.0, 5), (13.0, 3), (20.0, 3), (21.0, 1), (60.0, 1), (200.0, 1)])
def test_what_takes_long_is_repeated_less_often(first_s: float, times: int) -> None:
    """A minute for all of them, and an odd number, so that the median is one of them."""
    assert Repeats().after(first_s) == times
    assert Repeats(4).after(first_s) == 4, "as asked for"
