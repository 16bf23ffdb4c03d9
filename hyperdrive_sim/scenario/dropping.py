"""The key `drop:` of a scenario: which frames are given up where more arrive than can be taken."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim.errors import Mistake
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule.admission import Admission
from hyperdrive_sim.text.document import Document

MOST_WAITING = 100_000


class DropSettings(BaseModel):
    """Which frames are dropped: of those that wait too many the newest or the oldest, or each that is too late to be begun."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    newest: int | None = Field(
        default=None, ge=0, le=MOST_WAITING, description="frames that may wait; of more, the newest is dropped: a queue is full"
    )
    oldest: int | None = Field(
        default=None,
        ge=0,
        le=MOST_WAITING,
        description="frames that may wait; of more, the oldest is dropped: a buffer is overwritten",
    )
    late_s: float | None = Field(
        default=None, ge=0, le=1e6, description="seconds after its arrival from which on a frame that has not begun is no longer begun"
    )

    def admission(self) -> Admission:
        """The rule for the schedule."""
        if self.late_s is not None:
            return Admission("late", late_ps=round(self.late_s * PS_PER_S))
        return Admission("newest", self.newest) if self.newest is not None else Admission("oldest", self.oldest or 0)


def conflicts(document: Document) -> Iterator[Mistake]:
    """Mistakes of what a scenario says of dropped frames as a whole, whatever its values."""
    said = document.data.get("drop")
    if not isinstance(said, dict):
        return
    rules = [rule for rule in DropSettings.model_fields if said.get(rule) is not None]
    if not rules and said.keys() <= DropSettings.model_fields.keys():
        yield document.mistake("drop", "does not say which frames are dropped", f"give one of {', '.join(DropSettings.model_fields)}")
    if len(rules) > 1:
        cure = "leave one out, or set it to null where another file says it"
        yield document.mistake(f"drop.{rules[1]}", f"stands beside {rules[0]}, and frames are dropped by one rule", cure)
    if all(document.data.get(key) is None for key in ("frames_per_s", "arrivals")):
        cure = "say when they arrive (frames_per_s, arrivals), or leave it out"
        yield document.mistake("drop", "drops nothing where each frame comes when there is room for it", cure)
