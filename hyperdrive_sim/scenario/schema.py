"""The JSON Schema of scenario files, which editors take: it completes keys and values, and shows what a key means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.network import zoo
from hyperdrive_sim.scenario.arrivals import ArrivalSettings
from hyperdrive_sim.scenario.hover import told
from hyperdrive_sim.scenario.scenario import PATH, UNSWEPT, Image, Settings
from hyperdrive_sim.scenario.systems import SYSTEM
from hyperdrive_sim.text.wording import counted

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ANY_SYSTEM = "part_of_system"
"""Definition of `system:` in a file that extends another."""

ANY_CHIP = "chip"
"""Definition of `chip:` in a file that names no architecture, because it extends one that does: the keys of all of them."""

NESTED = ("input", "arrivals", "network_options", "input_shape")
"""Keys of a scenario that have values below them, which `sweep` names with a dot: input.scale."""

BELOW = {"input": Image.__name__, "arrivals": ArrivalSettings.__name__}
"""Of these, the ones whose own keys are known, each with the definition that has them."""


def schema() -> Schema:
    """The JSON Schema of a scenario file, the chip's keys by architecture, for editors; of a chip that cannot be loaded, its name alone."""
    chips = {name: registry.load(name) for name in registry.usable()}
    whole = _keys()
    whole["$defs"] |= {_definition(name): _chip(arch) for name, arch in chips.items()}
    whole["$defs"] |= {SYSTEM: _system(chips, SYSTEM), ANY_SYSTEM: _partial(_system(chips, ANY_SYSTEM))}
    whole["$defs"][ANY_CHIP] = _any_chip({name: whole["$defs"][_definition(name)] for name in chips})
    whole["allOf"] = [*(_of_architecture(arch, whole) for arch in chips.values()), _of_none(whole)]
    return whole


def _keys() -> Schema:
    """The schema of the keys that do not depend on the chip. A file that extends another may leave out what that one says."""
    whole = Settings.model_json_schema()
    whole |= {"$schema": DRAFT, "title": "hyperdrive-sim scenario", "properties": _all_told(whole["properties"])}
    keys = whole["properties"]
    keys["extends"] = {"type": "string", "description": "what this one builds on: a file relative to it, or a short name"}
    keys["network"]["anyOf"] = [
        {"enum": list(zoo.names()), "enumDescriptions": [zoo.about(name) for name in zoo.names()]},
        {"pattern": PATH, "description": "the path of a model or of an import"},
    ]
    keys["architecture"] |= {"enum": list(registry.names()), "enumDescriptions": [_about(name) for name in registry.names()]}
    for part in whole["$defs"].values():
        part["properties"] = _all_told(part["properties"])
    of_zoo = {"if": {"properties": {"network": {"enum": list(zoo.names())}}}, "then": {"required": ["input_shape"]}}
    keys[SYSTEM]["anyOf"] = _or_null(ANY_SYSTEM)
    chips = {"anyOf": [{"required": ["architecture"]}, {"required": [SYSTEM]}], "properties": {SYSTEM: {"anyOf": _or_null(SYSTEM)}}}
    whole |= {"if": {"not": {"required": ["extends"]}}, "then": {"required": whole.pop("required"), "allOf": [chips, of_zoo]}}
    whole["dependentSchemas"] = {"network": {"allOf": list(_input_channels())}}
    return whole


def _all_told(fields: Mapping[str, Schema]) -> Schema:
    return {name: told(name, field) for name, field in fields.items()}


def _about(name: str) -> str:
    """What an architecture is: the first line of its spec; nothing of one that cannot be loaded."""
    spec = registry.load(name).Spec if name in registry.usable() else None
    return (spec.__doc__ or "").partition("\n")[0] if spec else ""


def _input_channels() -> Iterator[Schema]:
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


def _definition(name: str) -> str:
    return f"{ANY_CHIP}_{name}"


def _chip(arch: Architecture) -> Schema:
    """The keys of one chip."""
    found = arch.Spec.model_json_schema(ref_template=f"#/$defs/{_definition(arch.name)}/$defs/{{model}}")
    return {**found, "title": arch.name, "properties": _all_told(found["properties"])}


def _or_null(definition: str) -> list[Schema]:
    return [{"$ref": f"#/$defs/{definition}"}, {"type": "null"}]


def _system(chips: Mapping[str, Architecture], name: str) -> Schema:
    """The keys of a system, in each part those of its chip: the definition of some *name*."""
    from hyperdrive_sim.systems.spec import SystemSpec

    found = SystemSpec.model_json_schema(ref_template=f"#/$defs/{name}/$defs/{{model}}")
    for definition in (found, *found["$defs"].values()):
        definition["properties"] = _all_told(definition["properties"])
    part = found["$defs"]["PartSpec"]
    part["properties"]["architecture"] |= {"enum": list(registry.names()), "enumDescriptions": [_about(name) for name in registry.names()]}
    part["allOf"] = [
        {
            "if": {"properties": {"architecture": {"const": chip}}, "required": ["architecture"]},
            "then": {"properties": {"chip": {"$ref": f"#/$defs/{_definition(chip)}"}}},
        }
        for chip in chips
    ]
    return {**found, "title": SYSTEM}


def _partial(definition: Schema) -> Schema:
    """The same of a file that extends another, which may say the rest."""
    for one in (definition, *definition["$defs"].values()):
        one.pop("required", None)
    return definition


def _any_chip(chips: Mapping[str, Schema]) -> Schema:
    """The keys of all chips: a value is one that any chip with that key takes."""
    names: dict[str, list[str]] = {}
    for name, chip in chips.items():
        for key in chip["properties"]:
            names.setdefault(key, []).append(name)
    properties = {
        key: {
            "description": f"{chips[of[0]]['properties'][key]['description'].splitlines()[0]}\nof: {', '.join(of)}",
            "anyOf": [{"$ref": f"#/$defs/{_definition(name)}/properties/{key}"} for name in of],
        }
        for key, of in names.items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": bool(registry.broken())}


def _of_architecture(arch: Architecture, whole: Schema) -> Schema:
    """The schemas of the keys whose values depend on the architecture, where it is this one."""
    coarsest, *finer = arch.grains
    cuts = [f"cut by {coarsest}: the coarsest, taken unless another is named", *(f"cut by {name}: finer" for name in finer)]
    grains = {"enum": [*arch.grains, None], "enumDescriptions": [*cuts, f"{coarsest}, as if the key were absent"]}
    return {
        "if": {"properties": {"architecture": {"const": arch.name}}, "required": ["architecture"]},
        "then": {"properties": _below(_definition(arch.name), whole, granularity=grains)},
    }


def _of_none(whole: Schema) -> Schema:
    """The same where the file does not say which architecture it is."""
    return {"if": {"not": {"required": ["architecture"]}}, "then": {"properties": _below(ANY_CHIP, whole)}}


def _below(definition: str, whole: Schema, **more: Schema) -> Schema:
    """`chip` and `sweep` for the chip, or the chips, of a definition; *more* keys differ from those of all scenarios."""
    chip = {"$ref": f"#/$defs/{definition}"}
    return {"chip": chip, **more, "sweep": _sweep(definition, whole, more)}


def _sweep(definition: str, whole: Schema, more: Mapping[str, Schema]) -> Schema:
    """`sweep`: dotted keys of the scenario and of the chip, each with a list of values of its own type."""
    chip = f"#/$defs/{definition}"
    keys = {key: f"#/properties/{key}" for key in whole["properties"] if key not in (*UNSWEPT, "extends", "chip", *more)}
    for first, inner in BELOW.items():
        keys |= {f"{first}.{key}": f"#/$defs/{inner}/properties/{key}" for key in whole["$defs"][inner]["properties"]}
    of_chip = whole["$defs"][definition]["properties"]
    keys |= {"chip": chip, **{f"chip.{key}": f"{chip}/properties/{key}" for key in of_chip}}
    values = {key: {"$ref": place} for key, place in keys.items()} | dict(more)
    whole_lists = {key: _list_of(value, _hover(key, whole, of_chip)) for key, value in values.items()}
    deeper = _list_of({}, {})
    return {
        "type": "object",
        "properties": whole_lists,
        "patternProperties": {f"^({_any_of(NESTED)}|{SYSTEM}|chip\\.({_any_of(of_chip)}))\\.": deeper},
        "additionalProperties": whole["$defs"][definition]["additionalProperties"] and deeper,
    }


def _list_of(value: Schema, hover: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": value, **hover}


def _hover(key: str, whole: Schema, chip: Schema) -> Schema:
    """What editors show of a swept key: the same as of the key itself."""
    first, _, rest = key.partition(".")
    below = {"chip": chip, **{name: whole["$defs"][inner]["properties"] for name, inner in BELOW.items()}}
    fields = below.get(first, {}) if rest else whole["properties"]
    return {name: text for name, text in fields[rest or key].items() if name in ("description", "markdownDescription")}


def _any_of(names: Iterable[str]) -> str:
    return "|".join(names)
