"""Templates of weights: every array that a scenario's network takes, and a file of them with the constants drawn from its seed."""

from __future__ import annotations

from typing import Any, NamedTuple

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files.ordinary import size
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.network.synthetic import random_parameters
from hyperdrive_sim.scenario.constants import Constant, constants, drawn
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.limits import Limit

DRAWN_BYTES = 24
"""Bytes of memory for a value while it is drawn: three numbers of float64, of which the last is kept in a smaller type."""


class Template(NamedTuple):
    """The arrays that a file of weights has for a network, in the order of its layers."""

    network: Network
    arrays: tuple[Constant, ...]

    def to_dict(self) -> dict[str, Any]:
        """The arrays as plain data, for JSON."""
        return {"network": self.network.name, "arrays": [one.to_dict() for one in self.arrays]}


def template(scenario: Scenario) -> Template:
    """The arrays that a scenario's network takes. Raises InvalidInput for one that comes with constants of its own, as a model does."""
    network = scenario.network()
    if scenario.constants is not None:
        problem = f"'{scenario.settings.network}' has constants of its own, and a scenario of it takes no `weights`"
        raise InvalidInput(scenario.document.mistake("network", problem, "change them in the model, or take a network of the zoo"))
    return Template(network, constants(network))


def filled(scenario: Scenario, wanted: Template) -> dict[str, Array]:
    """A template's arrays by name, with values drawn from the scenario's seed. Raises InvalidInput if there is no memory for them."""
    needed = sum(one.bytes for one in wanted.arrays) + DRAWN_BYTES * max((one.size for one in wanted.arrays), default=0)
    if needed > (room := Limit(scenario).room):
        problem = f"'{wanted.network.name}' has weights that take {size(needed)} to be drawn, and there are {size(room)} for it here"
        raise InvalidInput(scenario.document.mistake("network", problem, "take a smaller input_shape, or a machine with more memory"))
    return drawn(wanted.network, random_parameters(wanted.network, scenario.settings.seed))
