"""Descriptions of whatever has a name: an architecture, a network of the zoo, a scenario."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import InvalidInput, visible
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import MOST_SIDE
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.scenario import shipped
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import architectures, models, settings
from hyperdrive_sim.study.architectures import ArchitectureSummary
from hyperdrive_sim.study.models import ModelSummary
from hyperdrive_sim.study.settings import ScenarioSummary
from hyperdrive_sim.text.wording import near

ALMOST = 0.85
"""Likeness from which on a short word is meant before any scenario is, whose names are long."""

MODELS = (".onnx", ".csv")
"""Endings of models, which an import describes."""


@dataclass(frozen=True)
class NetworkSummary:
    """A network of the zoo at an input: its usual one, its options with their values, and what it consists of."""

    usual_input_shape: tuple[int, int, int]
    options: Mapping[str, int]
    model: ModelSummary

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        own = {"usual_input_shape": list(self.usual_input_shape), "options": dict(self.options)}
        return {"kind": "network", **own, **self.model.to_dict()}


Summary = ArchitectureSummary | NetworkSummary | ScenarioSummary


def described(name: str, input_shape: tuple[int, int, int] | None = None, changes: tuple[str, ...] = ()) -> Summary:
    """What there is to know of the architecture, the network or the scenario of that name, looked for in this order.

    *input_shape* is for networks alone, *changes* in the form `key=value` for scenarios. Raises InvalidInput for a name of nothing.
    """
    if name in zoo.names() and name not in registry.names():
        _not_for("--set", changes, f"network '{name}'")
        network = _network(name, input_shape) if input_shape else zoo.build(name, zoo.usual_shape(name))
        return NetworkSummary(zoo.usual_shape(name), zoo.options(name), models.of_network(network))
    _not_for("--input-shape", input_shape, f"'{visible(name)}', which is no network")
    if name in registry.names():
        _not_for("--set", changes, f"architecture '{name}'")
        return architectures.summary(name)
    path, _ = shipped.catalogue().located(Path(name), name, name)
    if os.path.lexists(path):
        _no_model(path)
        return settings.summary(Scenario.read(name, changes))
    catalogue, others = replace(shipped.catalogue(), cures=("", "")), (*registry.names(), *zoo.names())
    cure = near(name, others, ALMOST) or catalogue.cure(path, name) or near(name, others)
    problem = f"'{visible(name)}' is no architecture, no network and no scenario"
    raise InvalidInput.at("", problem, cure or "`hyperdrive-sim list` names what there is")


def _network(name: str, input_shape: tuple[int, int, int]) -> Network:
    if max(input_shape) > MOST_SIDE:
        raise InvalidInput.at("--input-shape", f"must have sizes of 1 to {MOST_SIDE}, not {max(input_shape)}")
    try:
        return zoo.build(name, input_shape)
    except InvalidInput as error:
        keys = {"input_shape": "--input-shape"}
        raise InvalidInput(*(one._replace(key=keys.get(one.key, one.key)) for one in error.mistakes)) from None


def _not_for(option: str, value: object, what: str) -> None:
    if value:
        raise InvalidInput.at(option, f"means nothing for {what}", "leave it out")


def _no_model(path: Path) -> None:
    if path.suffix.lower() in MODELS:
        raise InvalidInput.at("", f"'{visible(str(path))}' is a model", "`hyperdrive-sim import` says what it consists of")
