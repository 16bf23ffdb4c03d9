"""Energy in joules: counted actions times their prices. Counts and prices meet only here; every price has its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.prices import IO_ACTIONS, PJ, Price, carries
from hyperdrive_sim.schedule.tasks import Schedule


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of a ledger: the count of an action in a layer, and its price."""

    layer: str
    price: Price
    count: int

    @property
    def joules(self) -> float:
        return self.count * self.price.pj * PJ


@dataclass(frozen=True)
class Ledger:
    """Energy of a run, traceable to layer, action, count, price and source. All totals are sums over the same entries."""

    entries: tuple[LedgerEntry, ...]

    @property
    def total_j(self) -> float:
        return sum(entry.joules for entry in self.entries)

    @property
    def io_j(self) -> float:
        return sum(entry.joules for entry in self.entries if carries(entry.price.action))

    @property
    def core_j(self) -> float:
        return sum(entry.joules for entry in self.entries if not carries(entry.price.action))

    def by_layer(self) -> dict[str, float]:
        totals: dict[str, float] = {}
        for entry in self.entries:
            totals[entry.layer] = totals.get(entry.layer, 0.0) + entry.joules
        return totals

    def by_action(self) -> dict[str, LedgerEntry]:
        """One entry per action, summed over all layers; its layer is empty."""
        totals: dict[str, LedgerEntry] = {}
        for entry in self.entries:
            so_far = totals.get(entry.price.action)
            totals[entry.price.action] = LedgerEntry("", entry.price, entry.count + (so_far.count if so_far else 0))
        return totals

    def by_provenance(self) -> dict[str, float]:
        """Joules by the provenance of their price."""
        totals: dict[str, float] = {}
        for entry in self.entries:
            totals[entry.price.provenance] = totals.get(entry.price.provenance, 0.0) + entry.joules
        return totals

    def io_bits(self) -> dict[str, int]:
        """Bits across chip edges, by what they carry."""
        bits = dict.fromkeys(IO_ACTIONS.values(), 0)
        for entry in self.entries:
            if what := carries(entry.price.action):
                bits[what] += entry.count
        return bits


def crossing_bits(trace: Trace) -> NDArray[np.int64]:
    """Bits that each task moves across the edge of a chip [tasks]."""
    crossing = {action: 1 for actions in trace.actions for action in actions if carries(action)}
    return trace.counted(crossing).astype(np.int64)


def account(schedule: Schedule, prices: Mapping[str, Price]) -> Ledger:
    """Ledger of a schedule at *prices* by action. Raises InvalidInput for an action without a price."""
    counts = schedule.actions_by_layer
    if missing := sorted({action for _, action in counts} - set(prices)):
        raise InvalidInput.at("prices", f"action '{missing[0]}' has no price", "add it, with its source, to the architecture's energy.yaml")
    return Ledger(tuple(LedgerEntry(layer, prices[action], count) for (layer, action), count in counts.items()))
