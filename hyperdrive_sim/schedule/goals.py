"""What a system is to have little of, and when more chips are worth it."""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.schedule.columns import Numbers

Goal = Literal["edp", "latency", "energy", "chips"]
"""Energy x delay, the latency of a frame, its energy, or chips."""

MORE_CHIPS, MORE = 1.35, 2
"""How many times as many chips, or how many more, a system may have and still be weighed against a smaller one."""

WORTH = 0.96
"""How little a system with more chips must cost beside one with fewer to be worth them."""

Costs = NDArray[np.float64]
C = TypeVar("C", float, Costs)


def cost(goal: Goal, latency: C, energy: C) -> C:
    """What is wanted little of, of a system or of some; of those with few chips, energy x delay decides between as many."""
    return {"latency": latency, "energy": energy}.get(goal, latency * energy)


def largest(goal: Goal, chips: Numbers) -> Numbers:
    """The most chips that a system may have to be weighed against one of so many *chips*."""
    return chips if goal == "chips" else np.maximum(chips + MORE, (MORE_CHIPS * chips).astype(np.int64))


def worth(goal: Goal, chips: Numbers, costs: Costs) -> NDArray[np.bool_]:
    """True for each of some systems if none that is weighed against it costs much less; *chips* do not fall."""
    least = np.minimum.accumulate(costs)[np.searchsorted(chips, largest(goal, chips), side="right") - 1]
    return np.asarray(least >= WORTH * costs)
