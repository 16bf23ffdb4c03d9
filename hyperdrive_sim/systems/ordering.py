"""Order of the members' tasks in a frame: each member's own, as far as it can go, and a map never before what it is made of."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.systems.blocks import Crossing
from hyperdrive_sim.systems.flow import Flow
from hyperdrive_sim.systems.member import Member


class Stretch(NamedTuple):
    """Tasks *low* to *high* of a member, of which only the first may have to wait for a map, with those that cross its edge."""

    low: int
    high: int
    crossings: Sequence[Crossing]

    @property
    def waits_for(self) -> str | None:
        """The map that the first task takes in, if it does."""
        first = self.crossings[0] if self.crossings else None
        return first.tensor if first and first.enters and first.row == self.low else None


def stretches(low: int, high: int, crossings: Sequence[Crossing]) -> Iterator[Stretch]:
    """A member's tasks of a frame, cut wherever a map comes in."""
    cuts = [low, *(one.row for one in crossings if one.enters), high]
    left = deque(crossings)
    for start, end in pairwise(dict.fromkeys(cuts)):
        inside = []
        while left and left[0].row < end:
            inside.append(left.popleft())
        yield Stretch(start, end, inside)


def in_order(flow: Flow, frame: Iterable[tuple[Member, Iterable[Stretch]]]) -> Iterator[tuple[int, Stretch]]:
    """Stretches of all members, each with the number of its member, so that all that a map is made of comes before it is taken in.

    Raises InvalidInput for members that wait for each other whatever the order.
    """
    queues = [(member, deque(its)) for member, its in frame]
    missing = Counter(one.tensor for _, queue in queues for stretch in queue for one in stretch.crossings if not one.enters)
    while any(queue for _, queue in queues):
        stuck = True
        for number, (_, queue) in enumerate(queues):
            while queue and not _lacks(flow, queue[0].waits_for, missing):
                stretch, stuck = queue.popleft(), False
                missing.subtract(one.tensor for one in stretch.crossings if not one.enters)
                yield number, stretch
        if stuck:
            raise _circle([(member, queue[0]) for member, queue in queues if queue])


def _lacks(flow: Flow, tensor: str | None, missing: Counter[str]) -> bool:
    """True if something that a map is made of has not come in full from the chip that sends it."""
    return tensor is not None and any(missing[flow.left_by_chips(name)] for name in flow.made_of(tensor))


def _circle(stuck: Sequence[tuple[Member, Stretch]]) -> InvalidInput:
    waits = [f"{member.name} takes in '{stretch.waits_for}' before it sends what that is made of" for member, stretch in stuck]
    problem = f"turns in a circle: {', and '.join(waits)}"
    return InvalidInput.at("system.partition", problem, "give each part layers that need nothing of the parts behind it")


def check(flow: Flow) -> None:
    """Raises InvalidInput for members that wait for each other, as one frame of each shows."""
    for frame in range(flow.period):
        turn = (member for member in flow.members if member.number(frame) is not None)
        for _ in in_order(flow, [(one, stretches(0, one.crossings[-1].row + 1, one.crossings)) for one in turn if one.crossings]):
            pass
