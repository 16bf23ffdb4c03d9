"""Computing tasks during replay: windows that they read when they start, values that threads make of them, stores when they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from hyperdrive_sim.engine.background import Background, Result
from hyperdrive_sim.engine.effects import Weights, bypasses, results, window
from hyperdrive_sim.engine.memories import Contents
from hyperdrive_sim.engine.places import Instance, Memories, Source, Target
from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.golden import Computation, fused_for, padded, rearranged
from hyperdrive_sim.network.layers.layer import Layer
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.tasks import Compute, Patch

Watch = Callable[[Instance, str, Box, Array], None]
"""Callback for a computed block: which task of its pattern it is, layer, box, values [rows, columns, channels]."""


class _Window(NamedTuple):
    """Padded input of the first layer for one patch, with the contents that it was read from and their versions at that time."""

    values: Array
    sources: tuple[tuple[Contents, int], ...]

    @property
    def current(self) -> bool:
        """True if nothing of what it was read from has changed since."""
        return all(contents.version == version for contents, version in self.sources)


_Windows = dict[tuple[int, int, Box], _Window]
"""Windows by what they depend on beside the contents of memories: number of the patch, frame, padded box that is needed."""


class Common:
    """What all computing tasks have in common: what they compute, in which memories, on which threads, and who watches.

    `windows` are those of each unit's latest task, with its executor: the next one often computes other channels of the same pixels.
    """

    def __init__(self, computation: Computation, memories: Memories, background: Background, watch: Watch | None) -> None:
        self.computation, self.memories, self.background, self.watch = computation, memories, background, watch
        self.windows: dict[str, tuple[Computes, _Windows]] = {}

    def latest(self, unit: str, computes: Computes) -> tuple[_Windows, _Windows]:
        """Windows of a unit's latest task, as far as they may serve one of *computes*, and those of this one, yet to be filled."""
        of, known = self.windows.get(unit, (None, {}))
        now: _Windows = {}
        self.windows[unit] = computes, now
        return (known if of is computes else {}), now


class _Store(NamedTuple):
    """A part of a patch that is stored: where, which block of all channels, and its rows and columns in the patch."""

    target: Target
    box: Box
    rows: slice
    columns: slice


class _Places(NamedTuple):
    """Places of one patch: from where its window and its bypasses are read, and to where its values are written; *layers* compute it.

    *others* is None where bypasses are rearrangements of what lies in memories, so that each range of channels has places of its own.
    """

    patch: Patch
    layers: Sequence[Layer]
    window: Sequence[tuple[Source, Box]]
    others: Sequence[Source] | None
    stores: Sequence[_Store]


class Computes:
    """Computing tasks of one pattern."""

    def __init__(self, effect: Compute, common: Common) -> None:
        self.effect, self.common, self.network = effect, common, common.computation.network
        self.layers = effect.locations.layers
        self.first = self.network[self.layers[0]]
        self.shapes = self.network.input_shapes(self.first)
        self.weights = common.memories.fifos[effect.locations.weights] if effect.locations.weights else None
        self.macs_each = sum(map(self.network.macs, self.layers)) / self.network.shape(self.layers[-1]).size
        self.places = [self._places(patch) for patch in effect.patches]

    def _places(self, patch: Patch) -> _Places:
        whole, memories = self.effect._replace(c0=patch.out.c0, c1=patch.out.c1), self.common.memories
        lying = [(memories.source(read), read.box) for read in window(whole, patch, self.network)]
        known = self._known_operands()
        moved = any(self.network.moved(name, known) for name in self.network.bypasses(self.layers))
        others = None if moved else [memories.source(read) for read in bypasses(whole, patch, self.network)]
        stores = [_Store(memories.target(region), region.box, *region.box.slices(patch.out)[:2]) for region in results(whole, patch)]
        return _Places(patch, fused_for(self.network, self.layers, patch.out), lying, others, stores)

    def begin(self, instance: Instance) -> list[Result]:
        """Values of each patch, to be asked for when the task ends; what they are computed from is read here."""
        known, now = self.common.latest(instance.unit, self)
        return [self._begun(number, places, instance, known, now) for number, places in enumerate(self.places)]

    def _begun(self, number: int, places: _Places, instance: Instance, known: _Windows, now: _Windows) -> Result:
        block = places.patch.out.channels(instance.c0, instance.c1)
        needed = self.first.needs(0, self.network.under(self.layers, block)[0], self.shapes)
        need = number, instance.frame, needed
        window = known.get(need)
        if window is None or not window.current:
            window = self._window(places, instance, needed)
        if window.sources:
            now[need] = window
        operands = [window.values, *self._bypasses(places, block, instance)]
        work = partial(self.common.computation.fused, places.layers, operands, (instance.c0, instance.c1))
        return self.common.background.result(work, self.macs_each * block.size)

    def _window(self, places: _Places, instance: Instance, needed: Box) -> _Window:
        """The first layer's input under a patch, cut to the box that is *needed*, with its padding around it."""
        fetch = places.patch.fetch
        blocks = (source.read(box, instance) for source, box in places.window)
        known = [region.tensor for region in self.effect.locations.reads]
        fetched = rearranged(self.common.computation, self.first.inputs[0], fetch, known, blocks)
        contents = (contents for source, _ in places.window for contents in source.contents)
        return _Window(padded(fetched, needed, self.first, fetch), tuple((one, one.version) for one in contents))

    def _bypasses(self, places: _Places, block: Box, instance: Instance) -> Iterator[Array]:
        """A block of each later layer's other input."""
        if places.others is not None:
            yield from (source.read(block, instance) for source in places.others)
            return
        lying = bypasses(self.effect._replace(c0=instance.c0, c1=instance.c1), places.patch, self.network)
        blocks = (self.common.memories.source(read).read(read.box, instance) for read in lying)
        for name in self.network.bypasses(self.layers):
            yield rearranged(self.common.computation, name, block, self._known_operands(), blocks)

    def _known_operands(self) -> list[str]:
        """Maps that lie in memories for the layers behind the first."""
        return [region.tensor for region in self.effect.locations.operands]

    def end(self, instance: Instance, kept: list[Result]) -> None:
        """Store what a task has computed. Raises NotThere if its weights are not there."""
        c0, c1, frame = instance.c0, instance.c1, instance.frame
        if self.weights is not None and Weights(self.layers[0], c0, c1) not in self.weights:
            which = f"the weights of '{self.layers[0]}', channels {c0}:{c1}"
            raise NotThere(f"{self.effect.locations.weights} lacks {which}, when {instance} ends")
        watch = self.common.watch
        for places, result in zip(self.places, kept, strict=True):
            values = result()
            if watch is not None:
                watch(instance, self.layers[-1], places.patch.out.channels(c0, c1), values)
            for target, box, rows, columns in places.stores:
                low, high = max(c0, box.c0), min(c1, box.c1)
                if low < high:
                    target.write(box.channels(low, high), values[rows, columns, low - c0 : high - c0], frame)
