"""The JSON Schema of scenario files, which editors take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.network import zoo
from hyperdrive_sim.scenario.scenario import PATH, Settings
from hyperdrive_sim.text.wording import counted


def schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, the chip's keys by architecture, for editors; of a chip that cannot be loaded, its name alone."""
    whole = Settings.model_json_schema()
    whole |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "hyperdrive-sim scenario"}
    whole["properties"]["extends"] = {"type": "string", "description": "what this one builds on: a file relative to it, or a short name"}
    whole["properties"]["network"]["anyOf"] = [{"enum": list(zoo.names())}, {"pattern": PATH}]
    whole["properties"]["architecture"]["enum"] = list(registry.names())
    of_zoo = {"if": {"properties": {"network": {"enum": list(zoo.names())}}}, "then": {"required": ["input_shape"]}}
    whole |= {"if": {"not": {"required": ["extends"]}}, "then": {"required": whole.pop("required"), **of_zoo}}
    whole["dependentSchemas"] = {"network": {"allOf": list(_input_channels())}}
    whole["allOf"] = [
        {
            "if": {"properties": {"architecture": {"const": name}}, "required": ["architecture"]},
            "then": {"properties": _of_architecture(registry.load(name))},
        }
        for name in registry.usable()
    ]
    return whole


def _input_channels() -> Iterator[dict[str, Any]]:
    """What `input_shape` may begin with, for all networks that take the same number of channels."""
    names: dict[int | None, list[str]] = {}
    for name in zoo.names():
        names.setdefault(zoo.channels(name), []).append(name)
    for channels, networks in names.items():
        said = "any number of channels" if channels is None else counted(channels, "channel")
        first = {} if channels is None else {"prefixItems": [{"const": channels}]}
        shape = {"description": f"[channels, rows, columns], of {said} for this network", **first}
        yield {
            "if": {"properties": {"network": {"enum": networks}}, "required": ["network"]},
            "then": {"properties": {"input_shape": shape}},
        }


def _of_architecture(arch: Architecture) -> dict[str, Any]:
    """The schemas of the keys whose values depend on the architecture."""
    return {"chip": arch.Spec.model_json_schema(), "granularity": {"enum": [*arch.grains, None]}}
