"""Energy of a ledger per frame, as reports have it: of a whole run, or of a part of its system."""

from __future__ import annotations

from hyperdrive_sim.engine.ledger import Ledger, LedgerEntry, joules
from hyperdrive_sim.reports.records import Action, Efficiency, Energy
from hyperdrive_sim.schedule.provenance import WEAK, chain


def energy(ledger: Ledger, frames: int) -> Energy:
    """Energy per frame, action by action."""
    actions = {name: _action(entry, frames) for name, entry in ledger.by_action().items()}
    total = ledger.total_j
    weak = joules((entry.count, entry.price.pj) for entry in ledger.entries if entry.price.provenance in WEAK)
    return Energy(total / frames, ledger.core_j / frames, ledger.io_j / frames, actions, weak / total if total else 0.0)


def _action(entry: LedgerEntry, frames: int) -> Action:
    price = entry.price
    known = price.provenance, price.source, chain(price.rests_on)
    return Action(per(entry.count, frames), entry.joules / frames, price.pj, *known)


def efficiency(ops: int, spent: Energy) -> Efficiency:
    """Operations per joule, 0 where nothing that was done has a price."""
    return Efficiency(*(ops / spent_j if spent_j else 0.0 for spent_j in (spent.total_j, spent.core_j)))


def io_bits(ledger: Ledger, frames: int) -> dict[str, int | float]:
    """Bits that cross edges per frame, by what they carry."""
    return {what: per(bits, frames) for what, bits in ledger.io_bits().items()}


def per(count: int, frames: int) -> int | float:
    """A count per frame: whole where every frame has the same."""
    return count // frames if count % frames == 0 else count / frames
