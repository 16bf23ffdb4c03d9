"""The JSON Schema that editors take: what it completes, what it shows of a key, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from commands import BASE, SCENARIOS

from hyperdrive_sim.archs import registry
from hyperdrive_sim.network import zoo
from hyperdrive_sim.scenario.hover import told
from hyperdrive_sim.scenario.keys import unit
from hyperdrive_sim.scenario.schema import schema
from hyperdrive_sim.text.document import Document

SCHEMA = schema()
CHECK = jsonschema.Draft202012Validator(SCHEMA)
GOOD = Document.parse(BASE, "s.yaml").data


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the schema with what it refers to."""
    while "$ref" in part:
        found: Any = SCHEMA
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = {**found, **{key: value for key, value in part.items() if key != "$ref"}}
    return part


def offered(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Keys that an editor completes under `chip` or `sweep` of a file that says *data*: those of every branch that holds for it."""
    found: dict[str, Any] = {}
    for branch in SCHEMA["allOf"]:
        if jsonschema.Draft202012Validator(branch["if"]).is_valid(data):
            found |= resolved(branch["then"]["properties"][key])["properties"]
    return found


def test_every_scenario_that_comes_along_is_valid() -> None:
    files = sorted(SCENARIOS.rglob("*.yaml"))
    assert len(files) > 50
    wrong = {file.name: error.message for file in files for error in CHECK.iter_errors(Document.parse(file.read_text("utf-8"), "").data)}
    assert not wrong


@pytest.mark.parametrize(
    "bad",
    [
        {"framse": 1},
        {"chip": {"bpus": 7}},
        {"chip": {"mesh": {"auto": "speed"}}},
        {"chip": {"mesh": {"best": "energy"}}},
        {"sweep": {"framse": [1]}},
        {"sweep": {"frames": 2}},
        {"sweep": {"frames": []}},
        {"sweep": {"frames": ["1"]}},
        {"sweep": {"chip.mehs": [1]}},
        {"sweep": {"chip.bpus": [1]}},
        {"sweep": {"chip.voltage_v": ["high"]}},
        {"sweep": {"chip.mesh": [[1, 1], "none"]}},
        {"sweep": {"input.mean": ["a"]}},
        {"sweep": {"arrivals.poisson_per_s": [0]}},
        {"arrivals": {"poisson": 3}},
        {"arrivals": {"seed": -1}},
        {"sweep": {"granularity": ["channel"]}},
        {"sweep": {"schema_version": [1]}},
        {"sweep": {"sweep": [{}]}},
        {"extends": 3},
    ],
)
def test_wrong_keys_and_values_are_refused(bad: dict[str, Any]) -> None:
    assert CHECK.is_valid(GOOD)
    assert not CHECK.is_valid(GOOD | bad)


def test_what_a_sweep_may_have() -> None:
    keys = {
        "frames": [1, 2],
        "chip.mesh": [[1, 1], "auto", {"auto": "energy"}],
        "chip.mesh.0": [1, 2],
        "granularity": ["block", None],
        "chip": [{"lanes": 8}],
        "arrivals": [{"poisson_per_s": 30}],
        "arrivals.poisson_per_s": [30],
    }
    assert CHECK.is_valid(GOOD | {"sweep": {**keys, "input.mean": [0.5, [1, 2, 3]], "network_options.bases": [1], "input_shape.1": [8]}})


def test_a_scenario_that_extends_another_may_leave_out_what_that_one_says() -> None:
    assert CHECK.is_valid({"extends": "other.yaml"})
    assert CHECK.is_valid({"extends": "other.yaml", "chip": {"bpus": 7}, "sweep": {"chip.mesh": [[1, 1]], "chip.bpus": [1, 7]}})
    assert not CHECK.is_valid({"extends": "other.yaml", "chip": {"bups": 7}})
    assert not CHECK.is_valid({"extends": "other.yaml", "sweep": {"chip.bups": [7]}})
    assert not CHECK.is_valid({"extends": "other.yaml", "architecture": "hyperdrive", "chip": {"bpus": 7}})


@pytest.mark.parametrize("name", registry.names())
def test_keys_of_a_chip_are_completed_under_it_and_under_sweep(name: str) -> None:
    fields = set(registry.load(name).Spec.model_fields)
    for data in ({"architecture": name}, {"architecture": name, "extends": "other.yaml"}):
        assert set(offered(data, "chip")) == fields
        assert {key for key in offered(data, "sweep") if key.startswith("chip.")} == {f"chip.{field}" for field in fields}
    assert fields < set(offered({"extends": "other.yaml"}, "chip"))


def test_all_keys_are_completed() -> None:
    assert {"schema_version", "title", "network", "extends", "sweep", "chip"} < set(SCHEMA["properties"])
    assert {"title", "frames", "seed", "network_options", "input.image", "arrivals.seed"} < set(offered(GOOD, "sweep"))


def test_what_is_shown_of_a_key() -> None:
    voltage = offered(GOOD, "chip")["voltage_v"]
    meaning = "core supply; sets clock and energy per cycle from the table of operating points"
    source = f"{registry.load('hyperdrive').Spec.model_json_schema()['properties']['voltage_v']['source']} (recalled)"
    assert voltage["description"] == f"{meaning}\nunit: V; default: 0.5; source: {source}"
    assert voltage["markdownDescription"] == f"{meaning}\n\n- unit: V\n- default: `0.5`\n- source: {source}"
    assert voltage["default"] == 0.5
    assert offered(GOOD, "sweep")["chip.voltage_v"]["description"] == voltage["description"]
    assert SCHEMA["properties"]["seed"]["description"] == "of everything drawn\ndefault: 1"
    assert SCHEMA["properties"]["deadline_s"]["description"] == "latency that a frame may have; how many take longer is counted\nunit: s"


def test_every_value_of_a_choice_says_what_it_means() -> None:
    found = list(_choices(SCHEMA))
    assert len(found) > 15
    for choice in found:
        assert len(choice["enumDescriptions"]) == len(choice["enum"]), choice
        assert all(choice["enumDescriptions"]), choice
    networks = SCHEMA["properties"]["network"]["anyOf"][0]
    assert dict(zip(networks["enum"], networks["enumDescriptions"], strict=True))["resnet34"] == zoo.about("resnet34")
    auto = offered(GOOD, "chip")["mesh"]["anyOf"][1]
    meaning = "of those that hold the network, the one of the least energy x delay that is worth its chips"
    assert (auto["const"], auto["description"]) == ("auto", meaning)


def _choices(part: Any) -> list[dict[str, Any]]:
    """Every enumeration in a part of the schema, but those in conditions."""
    if isinstance(part, list):
        return [one for item in part for one in _choices(item)]
    if not isinstance(part, dict):
        return []
    own = [part] if isinstance(part.get("enum"), list) else []
    return own + [one for key, value in part.items() if key not in ("if", "enum") for one in _choices(value)]


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(SCHEMA)
    for place in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        assert resolved({"$ref": place}), place


def test_a_key_without_a_unit_or_a_default() -> None:
    assert told("title", {"type": "string", "description": "a line", "title": "Title"}) == {
        **{"type": "string", "description": "a line", "markdownDescription": "a line"}
    }


def test_units_are_those_of_the_names() -> None:
    units = {key: unit(key) for name in registry.names() for key in registry.load(name).Spec.model_fields}
    assert units["border_link_bits_per_cycle"] == "bit/cycle"
    assert (units["clock_mhz"], units["t_faw_ns"], units["mesh"], units["row_bytes"]) == ("MHz", "ns", "", "byte")
