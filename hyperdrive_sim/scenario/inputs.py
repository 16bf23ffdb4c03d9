"""Real input of a scenario: the picture and the weights that it names, or what is drawn from its seed where it names none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from hyperdrive_sim.scenario.pictures import Picture
    from hyperdrive_sim.scenario.weights import Weights


@dataclass(frozen=True)
class Inputs:
    """The files of a scenario, read as far as their names, shapes and sizes; either may not be named."""

    scenario: Scenario
    network: Network
    picture: Picture | None
    weights: Weights | None

    @property
    def bytes(self) -> int:
        """Bytes of memory that it takes, at most and about, to have their values."""
        picture = self.picture.bytes_for(next(iter(self.network.inputs.values()))) if self.picture else 0
        return picture + (self.weights.bytes if self.weights else 0)

    def maps(self) -> dict[str, Array]:
        """A network's inputs (rows, columns, channels) by name. Raises InvalidInput, located, for a picture that is broken."""
        if self.picture is None:
            return random_inputs(self.network, self.scenario.settings.seed)
        ((name, shape),) = self.network.inputs.items()
        with self.scenario.locating():
            return {name: self.picture.values(shape, self.scenario.preparation)}

    def parameters(self) -> dict[str, Parameters]:
        """Constants by layer. Raises InvalidInput, located, for values that no such layer may have."""
        if self.scenario.constants is not None:
            return dict(self.scenario.constants)
        if self.weights is None:
            return random_parameters(self.network, self.scenario.settings.seed)
        with self.scenario.locating():
            return self.weights.parameters()

    def check(self) -> None:
        """Raises InvalidInput if a value in a file cannot be what it is there for."""
        if self.picture:
            self.maps()
        if self.weights:
            self.parameters()


def opened(scenario: Scenario, network: Network) -> Inputs:
    """The files that a scenario names. Raises InvalidInput, located, for one that cannot be read or that the network cannot take."""
    image, constants = scenario.settings.input, scenario.settings.weights
    with scenario.locating():
        if constants and scenario.constants is not None:
            raise InvalidInput.at("weights", f"cannot be '{constants}': '{network.name}' has constants of its own", "leave `weights` out")
        if image and len(network.inputs) > 1:
            problem = f"is one picture, '{network.name}' has the inputs {', '.join(network.inputs)}"
            raise InvalidInput.at("input", problem, "leave it out: inputs are then drawn from the seed")
        shape = next(iter(network.inputs.values()))
        scenario.preparation.check(shape.channels)
        photo, arrays = scenario.path("input", "image"), scenario.path("weights")
        return Inputs(scenario, network, _picture(photo, shape) if photo else None, _weights(arrays, network) if arrays else None)


def _picture(path: Path, shape: Shape) -> Picture:
    from hyperdrive_sim.scenario import pictures

    return pictures.read(path, shape)


def _weights(path: Path, network: Network) -> Weights:
    from hyperdrive_sim.scenario import weights

    return weights.read(path, network)
