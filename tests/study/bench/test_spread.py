"""Medians, ranges and the fitted exponent, by pencil."""

from __future__ import annotations

import pytest

from hyperdrive_sim.study.bench.spread import Spread, exponent


def test_a_median_with_its_range() -> None:
    assert Spread.of([3.0, 1.0, 9.0]) == Spread(median=3.0, least=1.0, most=9.0)
    assert Spread.of([1.0, 2.0]) == Spread(median=1.5, least=1.0, most=2.0)


@pytest.mark.parametrize(
    ("sizes", "costs", "expected"),
    [
        ([1, 10, 1000], [2, 20, 2000], 1.0),
        ([1, 4, 16], [5, 40, 320], 1.5),
        ([1, 2, 4], [3, 3, 3], 0.0),
        ([1, 2, 4], [1, 4, 4], 1.0),  # in powers of 2: 0, 2, 2 over 0, 1, 2; the line 1/3 + x is best
        ([1, 2, 4, 8], [1, 1, 1, 8], 0.9),  # 0, 0, 0, 3 over 0, 1, 2, 3: (3 x 1.5) / (4 x 1.25)
    ],
)
def test_the_exponent_of_a_power_law(sizes: list[float], costs: list[float], expected: float) -> None:
    assert exponent(sizes, costs) == pytest.approx(expected, abs=1e-12)
