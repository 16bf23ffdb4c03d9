"""Values that are tried in place of one that is not known."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, PositiveInt

from hyperdrive_sim.study.other_values import other_values

Tiles = Annotated[int, Field(ge=1)] | Literal["equal_area"]


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (int, 16, (8, 24)),
        (int, 7, (3, 11)),  # whole numbers are rounded away from what they are
        (int, 1, (2,)),  # none is none of a thing
        (int, 0, ()),
        (float, 51.2, (25.6, 76.8)),  # and not 76.80000000000001
        (float, 0.0, ()),
        (tuple[PositiveInt, PositiveInt], (4, 10), ((2, 5), (6, 15))),
        (tuple[str, ...], ("conv1",), ()),
        (tuple[str, ...], (), ()),
        (bool, True, (False,)),
        (Literal["idle", "packed"], "idle", ("packed",)),
        (Literal["a", "b", "c"] | None, "b", ("a", "c")),
        (Tiles, "equal_area", ()),
        (Tiles, 26, (13, 39)),
        (float | None, None, ()),
        (dict[str, float], {"conv1": 0.5}, ()),
        (str, "any text", ()),
    ],
)
def test_other_values(annotation: Any, value: object, expected: tuple[object, ...]) -> None:
    assert other_values(annotation, value) == expected
