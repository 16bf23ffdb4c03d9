"""Chips of a system's parts: their settings, and networks mapped on one of them, with mistakes that name the part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.systems.spec import PartSpec, SystemSpec


def chip_of(part: PartSpec) -> Spec:
    """The settings of a part's chip, as its architecture has them."""
    return registry.load(part.architecture).Spec.model_validate_json(json.dumps(part.chip))


def mapped_alone(network: Network, spec: SystemSpec, kind: str) -> tuple[Mapped, str]:
    """A network on one chip, or mesh, of a part, and the coarsest cut of its tasks.

    Settings that are open become what the architecture finds most promising. Raises InvalidInput, with the part named.
    """
    arch = registry.load(spec.parts[kind].architecture)
    with _located(kind):
        return arch.map(network, next(iter(arch.candidates(network, chip_of(spec.parts[kind]))))), arch.grains[0]


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
