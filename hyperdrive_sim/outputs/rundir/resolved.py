"""`scenario.resolved.yaml`: the experiment in one file that depends on nothing outside its directory.

The picture, the weights, times of arrival and a network from a file are copied and named relative to it, so that nothing says where they
came from and the directory can be moved. A network is copied as an import writes it, and is read without the package that read the model.
A sweep is left out: what was run is its base case, or one of its points.
"""

from __future__ import annotations

from typing import Any

from hyperdrive_sim.files import ordinary
from hyperdrive_sim.importing import portable, topology
from hyperdrive_sim.outputs.staging import Staging
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.pictures import FORMATS
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.shipped import RESOLVED
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.systems.chips import chip_of
from hyperdrive_sim.systems.spec import SystemSpec

NAME, INPUT, WEIGHTS = RESOLVED, "scenario.input", "scenario.weights.npz"
SHAPES, ARRIVALS = "scenario.network.csv", "scenario.arrivals.csv"
OPTIONAL = frozenset({WEIGHTS, SHAPES, ARRIVALS, portable.NETWORK, portable.PARAMETERS, *(INPUT + suffix for suffix in FORMATS.values())})
"""Names of the copies that there may be."""

HEAD = "# As it was run: with what it extends, what was set on the command line, and every default of the chip.\n"


def write(scenario: Scenario, staging: Staging) -> None:
    files = _files(scenario) | _arrivals(scenario) | _network(scenario)
    for name, data in files.items():
        staging.write(name, data)
    from hyperdrive_sim.outputs.yaml_text import yaml_text

    staging.write(NAME, (HEAD + remark(scenario) + yaml_text(_resolved(scenario, list(files)))).encode())


def remark(scenario: Scenario) -> str:
    """YAML comments with the layers of a network that was given in Python, without which its scenario cannot be run; else empty."""
    if scenario.given is None or scenario.constants is not None:
        return ""
    return "".join(f"# {line}\n" for line in ("The network was given in Python, and cannot be run from here:", *map(repr, scenario.given)))


def _files(scenario: Scenario) -> dict[str, bytes]:
    """Files that the scenario computes with, by the names that they have in the directory; a picture has the suffix of what is in it.

    Raises InvalidInput for one that has become what the scenario cannot compute with.
    """
    if not (scenario.settings.input or scenario.settings.weights):
        return {}
    found = inputs.opened(scenario, scenario.network())
    files = {INPUT + found.picture.suffix: found.picture.data} if found.picture else {}
    return files | ({WEIGHTS: found.weights.data} if found.weights else {})


def _arrivals(scenario: Scenario) -> dict[str, bytes]:
    """The file of times that frames arrive at, as it was read for the run."""
    return {ARRIVALS: scenario.arrival_times.data} if scenario.arrival_times else {}


def _network(scenario: Scenario) -> dict[str, bytes]:
    """The files of a network that comes with its constants, or of one that is but shapes from a file; none for one of the zoo."""
    if scenario.constants is not None:
        return portable.contents(scenario.network(), scenario.constants)
    return {SHAPES: ordinary.read(scenario.model.files[0], topology.MOST_BYTES)} if scenario.is_model else {}


def _resolved(scenario: Scenario, files: list[str]) -> dict[str, Any]:
    decided = scenario.settings.model_copy(update={"granularity": scenario.granularity, "frames": scenario.arrivals.frames})
    in_its_place = {"chip", "system"} - {scenario.at_spec}
    settings = decided.model_dump(mode="json", exclude_none=True, exclude={"sweep", *in_its_place})
    settings[scenario.at_spec] = _spec(scenario.spec)
    for name in files:
        settings |= _named(name, settings)
    if portable.NETWORK in files:
        del settings["network_options"]
        settings.pop("input_shape", None)
    return settings


def _spec(spec: Spec) -> dict[str, Any]:
    """All settings of a chip, or of a system and of the chips of its parts."""
    if not isinstance(spec, SystemSpec):
        return spec.model_dump(mode="json")
    system = spec.model_dump(mode="json", exclude_none=True)
    for name, part in spec.parts.items():
        system["parts"][name]["chip"] = chip_of(part).model_dump(mode="json")
    return system


def _named(file: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The key of a scenario that names a file of the directory; a picture's has what is made of it beside it."""
    if file in (portable.NETWORK, portable.PARAMETERS):
        return {"network": portable.NETWORK}
    if file == SHAPES:
        return {"network": SHAPES}
    if file == ARRIVALS:
        return {"arrivals": {"file": ARRIVALS}}
    return {"weights": file} if file == WEIGHTS else {"input": settings["input"] | {"image": file}}
