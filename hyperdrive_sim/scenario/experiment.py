"""Experiments given in Python: the keys of a scenario file as keywords, and changes of them as a mapping.

Both go through the text of a setting, `chip.voltage_v=0.65`, so that input from a file, from `--set` and from Python is checked in one
place and answered with the same sentence.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict

from hyperdrive_sim.errors import NOWHERE, InvalidInput
from hyperdrive_sim.importing.imported import Imported
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Parameters
from hyperdrive_sim.text.document import Document

Changes = Mapping[str, object]
"""New values of a scenario by dotted key, as `--set` takes them: {"chip.voltage_v": 0.65, "frames": 2}."""


SPECIAL = ("null", "true", "false")
"""Words that YAML takes for something else than texts."""


class Options(TypedDict, total=False):
    """Optional keywords of an experiment: keys of a scenario file, with the same defaults."""

    title: str
    chip: Mapping[str, object]
    system: Mapping[str, object]
    drop: Mapping[str, object]
    granularity: str | None
    host_layers: str
    frames: int | None
    frames_per_s: float | None
    arrivals: Mapping[str, object]
    deadline_s: float | None
    input: Mapping[str, object]
    weights: str
    seed: int
    sweep: Mapping[str, Sequence[object]]


class Experiment(Options, total=False):
    """A whole experiment without a file; `network` is one of the caller's own, an imported one, or a name with an `input_shape`."""

    network: Network | Imported | str
    architecture: str
    input_shape: Sequence[int]
    network_options: Mapping[str, int]


def document_of(experiment: Experiment) -> Document:
    """An experiment as a scenario's document, without places. Raises InvalidInput for values that no file could hold."""
    network = experiment.get("network")
    own = named(network) if isinstance(network, Network) else {}
    title = f"{own.get('network', network)} on {experiment.get('architecture', 'a system')}"
    said: dict[str, object] = {"schema_version": 1, "title": title, **own, **experiment}
    said |= {key: own[key] for key in own if key == "network"}  # the name in place of the object
    found = Document({}, {(): NOWHERE})
    try:
        for key, value in said.items():
            found = found.with_setting(setting(key, value))
    except InvalidInput as error:
        raise InvalidInput(*(mistake._replace(place=None) for mistake in error.mistakes)) from None
    return replace(found, places=dict.fromkeys(found.places, NOWHERE))


def named(network: Network) -> dict[str, Any]:
    """Keys of a scenario for a network of the caller's own: its name, and the shape of its first input."""
    return {"network": network.name, "input_shape": list(next(iter(network.inputs.values())))}


def structure(network: Network, constants: Mapping[str, Parameters] | None = None) -> dict[str, Any]:
    """A network as plain data, for a hash of it: a layer is the text that Python prints, which names every field of a dataclass."""
    own = {} if constants is None else {"constants": {name: its.digest() for name, its in constants.items()}}
    return own | {
        "inputs": {name: [*shape, network.holds(name)] for name, shape in network.inputs.items()},
        "layers": list(map(repr, network)),
        "outputs": list(network.outputs),
    }


def settings(changes: Changes | None) -> tuple[str, ...]:
    """Changes in the form `key=value`. Raises InvalidInput for a key or a value that cannot be written so."""
    return tuple(setting(key, value) for key, value in (changes or {}).items())


def setting(key: str, value: object) -> str:
    """One change in the form `key=value`, the value as JSON. Raises InvalidInput for a key or a value that cannot be written so."""
    if not isinstance(key, str):
        raise InvalidInput.at("", f"{key!r} is no key", "keys are texts: {'frames': 2}")
    if "=" in key:
        raise InvalidInput.at(key, "is no key", "write the value on the other side of the colon: {'frames': 2}")
    try:
        return f"{key}={json.dumps(value, ensure_ascii=False, default=_plain)}"
    except (TypeError, ValueError, RecursionError):  # of another type, without end, or an integer of thousands of digits
        raise InvalidInput.at(key, f"cannot be set to {_briefly(value)}", "take text, numbers, lists and mappings") from None


def as_option(key: str, value: object) -> str:
    """One change as it can be copied behind `--set`, quoted where a shell would not take it as it is.

    >>> print(as_option("chip.mesh", (3, 3)), as_option("chip.cell", "6t"), as_option("chip.voltage_v", 0.5))
    'chip.mesh=[3,3]' chip.cell=6t chip.voltage_v=0.5
    """
    return shlex.quote(briefly_set(key, value))


def briefly_set(key: str, value: object) -> str:
    """One change in the form `key=value`, without spaces and with words as they are.

    >>> briefly_set("mesh", (3, 3)), briefly_set("cell", "6t")
    ('mesh=[3,3]', 'cell=6t')
    """
    plain = isinstance(value, str) and re.fullmatch(r"\w*[A-Za-z]\w*", value) and value not in SPECIAL
    text = value if plain else json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return f"{key}={text}"


def _briefly(value: object) -> str:
    """A value as Python writes it, or its type where that is long or impossible."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = ""
    return text if 0 < len(text) <= 100 else f"this value of the type {type(value).__name__}"


def _plain(value: Any) -> Any:
    """A path as text, numpy's numbers and arrays as Python's. Raises TypeError for anything else."""
    if isinstance(value, Mapping):
        return dict(value)
    return value.tolist() if hasattr(value, "tolist") else os.fspath(value)
