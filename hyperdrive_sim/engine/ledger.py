"""Energy in joules: counted actions times their prices. Every price has its source.

Sums are exact and rounded once, so a figure is the same number whatever the order of its parts and the Python that adds them up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.prices import IO_ACTIONS, Price, carries
from hyperdrive_sim.schedule.schedule import Schedule

PJ_PER_J = 10**12


def picojoules(paid: Iterable[tuple[int, float]]) -> Fraction:
    """Sum of counts at their prices, both given in pairs, in picojoules and exact."""
    return sum((count * Fraction(pj) for count, pj in paid), Fraction())


def joules(paid: Iterable[tuple[int, float]]) -> float:
    """Sum of counts at their prices in picojoules, both given in pairs, in joules: the nearest float."""
    return float(picojoules(paid) / PJ_PER_J)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of a ledger: the count of an action in a layer, and its price."""

    layer: str
    price: Price
    count: int

    @property
    def joules(self) -> float:
        return _paid([self])


@dataclass(frozen=True)
class Ledger:
    """Energy of a run, traceable to layer, action, count, price and source. All totals are sums over the same entries."""

    entries: tuple[LedgerEntry, ...]

    @property
    def total_j(self) -> float:
        return _paid(self.entries)

    @property
    def io_j(self) -> float:
        return _paid(entry for entry in self.entries if carries(entry.price.action))

    @property
    def core_j(self) -> float:
        return _paid(entry for entry in self.entries if not carries(entry.price.action))

    def by_layer(self) -> dict[str, float]:
        return self._by(lambda entry: entry.layer)

    def by_action(self) -> dict[str, LedgerEntry]:
        """One entry per action, summed over all layers; its layer is empty."""
        totals: dict[str, LedgerEntry] = {}
        for entry in self.entries:
            so_far = totals.get(entry.price.action)
            totals[entry.price.action] = LedgerEntry("", entry.price, entry.count + (so_far.count if so_far else 0))
        return totals

    def by_provenance(self) -> dict[str, float]:
        """Joules by the provenance of their price."""
        return self._by(lambda entry: entry.price.provenance)

    def _by(self, key: Callable[[LedgerEntry], str]) -> dict[str, float]:
        """Joules by a key of the entries, in the order of the keys' first entries."""
        groups: dict[str, list[LedgerEntry]] = {}
        for entry in self.entries:
            groups.setdefault(key(entry), []).append(entry)
        return {name: _paid(entries) for name, entries in groups.items()}

    def io_bits(self) -> dict[str, int]:
        """Bits across chip edges, by what they carry."""
        bits = dict.fromkeys(IO_ACTIONS.values(), 0)
        for entry in self.entries:
            if what := carries(entry.price.action):
                bits[what] += entry.count
        return bits


def _paid(entries: Iterable[LedgerEntry]) -> float:
    return joules((entry.count, entry.price.pj) for entry in entries)


def crossing_bits(trace: Trace) -> NDArray[np.int64]:
    """Bits that each task moves across the edge of a chip [tasks]."""
    crossing = {action: 1 for actions in trace.tasks.actions.values for action in actions if carries(action)}
    return trace.counted(crossing).astype(np.int64)


def account(schedule: Schedule, prices: Mapping[str, Price]) -> Ledger:
    """Ledger of a schedule, as it was carried out, at *prices* by action. Raises InvalidInput for an action without a price."""
    counts = schedule.actions_by_layer
    if missing := sorted({action for _, action in counts} - set(prices)):
        raise InvalidInput.at("prices", f"action '{missing[0]}' has no price", "add it, with its source, to the architecture's energy.yaml")
    return Ledger(tuple(LedgerEntry(layer, prices[action], count) for (layer, action), count in counts.items()))
