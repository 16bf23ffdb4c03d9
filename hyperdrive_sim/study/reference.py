"""Golden maps while they are needed: each is there when a block of it is first compared, and let go when the last block has been."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping

from hyperdrive_sim.engine.effects import values_computed
from hyperdrive_sim.errors import Finding
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.golden import Computation, forward
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.study.beside import Beside

AHEAD = 2
"""Number of layers that golden is ahead of the replay: some take longer than the replay of the layer before."""

Seen = Callable[[str, Array], None]
"""Callback for a whole golden map: name, values [rows, columns, channels]."""


class Reference:
    """Golden maps in step with a replay, which computes one layer after the other; the next ones are computed *beside* it meanwhile.

    A map is held from its computation until as many of its values have been compared as the *schedule*, as carried out, computes in all;
    the maps of *kept* are held to the end, and *seen* is told of each map. `rates` says of each map of *rated* how often it is above 0,
    `seconds` how long golden took.
    """

    def __init__(
        self, computation: Computation, schedule: Schedule, kept: Collection[str], rated: Collection[str], beside: Beside, seen: Seen
    ) -> None:
        self.network, self.kept, self.rated, self.beside, self.seen = computation.network, kept, rated, beside, seen
        self.maps: dict[str, Array] = {}
        self.rates: dict[str, float] = {}
        self.seconds = 0.0
        self._left = values_computed(schedule)
        self._steps = forward(computation, threads=beside.threads)
        self._coming = deque(beside.begin(self._step) for _ in range(AHEAD))
        self._failure: Finding | None = None
        for name, values in computation.inputs.items():
            self._take(name, values)

    def block(self, layer: str, box: Box) -> Array:
        """Golden values of a block that the schedule computes; to be asked for once for each time that it does."""
        while layer not in self.maps and (step := self._next()):
            self._take(*step)
        values = self.maps[layer][box.slices(self.network.shape(layer).box)]
        self._left[layer] -= box.size
        if not self._left[layer] and layer not in self.kept:
            del self.maps[layer]
        return values

    def finish(self) -> Mapping[str, Array]:
        """The maps that are kept, after what nobody has asked for has been computed too. Raises what golden has found, also before."""
        if self._failure:
            raise self._failure
        self.maps = {name: values for name, values in self.maps.items() if name in self.kept}
        self._left.clear()
        while step := self._next():
            self._take(*step)
        return self.maps

    def _next(self) -> tuple[str, Array] | None:
        """The next layer's name and map; None behind the last, and behind one that golden could not compute."""
        try:
            return self._coming.popleft()()
        except Finding as failure:
            self._failure = failure
            raise
        finally:
            self._coming.append(self.beside.begin(self._step))

    def _step(self) -> tuple[str, Array] | None:
        begun = time.perf_counter()
        try:
            return next(self._steps, None)
        finally:
            self.seconds += time.perf_counter() - begun

    def _take(self, name: str, values: Array) -> None:
        self.seen(name, values)
        if name in self.rated:
            self.rates[name] = float((values > 0).mean())
        if name in self.kept or self._left[name]:
            self.maps[name] = values
