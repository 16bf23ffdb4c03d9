"""Chips of a system's parts: their settings, and networks mapped on one of them, with mistakes that name the part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import DoesNotFit, InvalidInput, Mistake
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.systems.spec import PartSpec, SystemSpec
from hyperdrive_sim.systems.tiled import MappedTiles, Share


def chip_of(part: PartSpec) -> Spec:
    """The settings of a part's chip, as its architecture has them."""
    return registry.load(part.architecture).Spec.model_validate_json(json.dumps(part.chip))


def mapped_alone(network: Network, spec: SystemSpec, kind: str) -> tuple[Mapped, str]:
    """A network on one chip, or mesh, of a part, and the coarsest cut of its tasks.

    Settings that are open become what the architecture finds most promising. A network that is too large is mapped in tiles where the
    part says so. Raises InvalidInput, with the part named.
    """
    part = spec.parts[kind]
    arch = registry.load(part.architecture)
    with _located(kind):
        try:
            return arch.map(network, next(iter(arch.candidates(network, chip_of(part))))), arch.grains[0]
        except DoesNotFit:
            if part.tiles == "never":
                raise
            return MappedTiles(arch, network, chip_of(part)), arch.grains[0]


def in_bands(network: Network, spec: SystemSpec, kind: str) -> tuple[Mapped, ...]:
    """A network on all chips of a part, each with a band of rows of every map. Raises InvalidInput, with the part named."""
    part = spec.parts[kind]
    arch = registry.load(part.architecture)
    with _located(kind):
        return tuple(MappedTiles(arch, network, chip_of(part), Share(number, part.count)) for number in range(part.count))


@contextmanager
def _located(kind: str) -> Iterator[None]:
    """Let mistakes that a part's architecture finds name the part."""
    try:
        yield
    except InvalidInput as error:
        raise type(error)(*(_of_part(kind, mistake) for mistake in error.mistakes)) from None


def _of_part(kind: str, mistake: Mistake) -> Mistake:
    key = f"system.parts.{kind}"
    if mistake.key.partition(".")[0] == "chip":
        return mistake._replace(key=f"{key}.{mistake.key}")
    return mistake._replace(key=key, problem=": ".join(filter(None, (mistake.key, mistake.problem))))
