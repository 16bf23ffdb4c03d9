"""What the tasks of tiles do to whole maps: effects and allocations of one tile's lowering, moved to each tile's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hyperdrive_sim.network.box import Box, new
from hyperdrive_sim.network.tile import MapBlock
from hyperdrive_sim.schedule.placement import Allocation, Part, Placement
from hyperdrive_sim.schedule.tasks import Compute, Copy, Effect, Load, OperandLocations, Patch, Region


class PlacedTile(NamedTuple):
    """A tile at its place: its *number*, the *blocks* of the whole maps that its own are, by name, and for each name a *key*.

    The key tells its allocation of that map from those of all other tiles.
    """

    number: int
    blocks: Mapping[str, MapBlock]
    key: Mapping[str, int]

    def moved(self, name: str, box: Box) -> Box:
        """A block of one of the tile's maps as a block of the whole map."""
        origin = self.blocks[name].box
        c0, c1, r0, r1, w0, w1 = box
        c, _, r, _, w, _ = origin
        return new(Box, (c0 + c, c1 + c, r0 + r, r1 + r, w0 + w, w1 + w))

    def region(self, region: Region) -> Region:
        memory, name, box, _ = region
        return new(Region, (memory, self.blocks[name].tensor, self.moved(name, box), self.key[name]))


def first_channel(effect: Effect, blocks: Mapping[str, MapBlock]) -> int:
    """Number in the whole map of the first channel of what an effect's channels are counted in."""
    match effect:
        case Copy(tensor=name):
            return blocks[name].box.c0
        case Load(layer=name):
            return blocks[name].box.c0
        case Compute(locations):
            return blocks[locations.layers[-1]].box.c0


class TileEffects(Sequence[Effect]):
    """Effects of a run of tiles: those of the first tile, then those of the second and so on, made as they are asked for.

    *inputs* names for each layer the tile's own name of what it takes first.
    """

    def __init__(self, effects: Sequence[Effect], tiles: Sequence[PlacedTile], inputs: Mapping[str, str]) -> None:
        self.effects, self.tiles, self.inputs = effects, tiles, inputs
        self._located: tuple[int, dict[int, OperandLocations]] = -1, {}
        """Locations of the tile that was asked for last, by the identity of its lowering's, which tasks share."""

    def __len__(self) -> int:
        return len(self.effects) * len(self.tiles)

    def __getitem__(self, number: Any) -> Any:
        which, own = divmod(number, len(self.effects))
        tile, effect = self.tiles[which], self.effects[own]
        first = first_channel(effect, tile.blocks)
        match effect:
            case Copy(name, c0, c1, boxes, source, target):
                moved = tuple(tile.moved(name, box) for box in boxes)
                return Copy(tile.blocks[name].tensor, c0 + first, c1 + first, moved, source, target, tile.key[name])
            case Load(_, c0, c1):
                return effect._replace(c0=c0 + first, c1=c1 + first)
            case Compute(locations, c0, c1, patches):
                source, last = self.inputs[locations.layers[0]], locations.layers[-1]
                moved_patches = tuple(Patch(tile.moved(last, patch.out), tile.moved(source, patch.fetch)) for patch in patches)
                return Compute(self._locations(which, locations), c0 + first, c1 + first, moved_patches)

    def _locations(self, which: int, locations: OperandLocations) -> OperandLocations:
        if self._located[0] != which:
            self._located = which, {}
        known = self._located[1]
        if id(locations) not in known:
            region = self.tiles[which].region
            reads, operands, stores = (tuple(map(region, regions)) for regions in (locations.reads, locations.operands, locations.stores))
            known[id(locations)] = locations._replace(reads=reads, operands=operands, stores=stores)
        return known[id(locations)]


def placed_parts(placement: Placement, tiles: Sequence[PlacedTile]) -> Iterator[Part]:
    """Parts of all tiles of a run, whose lowering has a placement."""
    for tile in tiles:
        for part in placement.parts:
            yield part._replace(box=tile.moved(part.layer, part.box))


def placed_allocations(placement: Placement, memory: str, tiles: Sequence[PlacedTile], steps: int) -> Iterator[Allocation]:
    """Allocations in a memory of all tiles of a run, whose lowering has a placement; each tile has so many *steps* of its own."""
    first = min(steps_of(placement))
    for tile in tiles:
        for name, box, address, bits, since, until, _ in placement.allocations.get(memory, ()):
            later = tile.number * steps - first
            yield Allocation(tile.blocks[name].tensor, tile.moved(name, box), address, bits, since + later, until + later, tile.key[name])


def steps_of(placement: Placement) -> range:
    """Steps of a placement."""
    steps = [step for lying in placement.allocations.values() for one in lying for step in (one.first, one.last)] or [0]
    return range(min(steps), max(steps) + 1)
