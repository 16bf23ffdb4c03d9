"""Good inputs to begin with: small scenarios of every architecture, which take some 20 ms each, and the run of one of them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

import hyperdrive_sim
from hyperdrive_sim.archs import registry
from hyperdrive_sim.network import zoo
from kinds.nasty import flow

Data = dict[str, Any]

PLAIN: Data = {"schema_version": 1, "title": "a test", "network": "tiny_conv", "input_shape": [3, 12, 16], "architecture": "hyperdrive"}
SMALL = ("tiny_", "lenet", "caffe_quick", "xnor_7x7", "binary_resnet20", "finn_cnv")


@cache
def scenarios() -> tuple[Data, ...]:
    """Data of the scenarios: those that the contract tries each architecture in, and whole networks on a small input."""
    return (*(_of_world(name, world) for name in registry.names() for world in _worlds(name)), *_whole_networks())


def _worlds(architecture: str) -> Sequence[Mapping[str, Any]]:
    text = (registry.folder(architecture) / "worlds.yaml").read_text("utf-8")
    found: Sequence[Mapping[str, Any]] = YAML(typ="safe", pure=True).load(text)["worlds"]
    return found


def _of_world(architecture: str, world: Mapping[str, Any]) -> Data:
    more = {key: world[key] for key in ("chip", "frames") if key in world}
    if "grain" in world:
        more["granularity"] = world["grain"]
    if "period_ps" in world:
        more["frames_per_s"] = 1e12 / world["period_ps"]
    return PLAIN | {"architecture": architecture, "network": world["network"], "input_shape": world["input_shape"]} | more


def networks(architecture: str) -> list[str]:
    """Small networks that a chip is made for: of real maps for Hyperdrive, of signs for all others."""
    small = [name for name in zoo.names() if name.startswith(SMALL)]
    of_signs = [name for name in small if not name.startswith("tiny_") or "xnor" in name or name == "tiny_groupnet"]
    return [name for name in small if name not in of_signs] if architecture == "hyperdrive" else of_signs


def _whole_networks() -> list[Data]:
    """Every small network of the zoo, on every architecture that it is for, at the size of a thumbnail."""
    pairs = [(arch, name) for arch in registry.names() for name in networks(arch)]
    return [PLAIN | {"architecture": arch, "network": name, "input_shape": _size(name)} for arch, name in pairs]


def _size(network: str) -> list[int]:
    return [1, 28, 28] if network == "lenet" else [zoo.channels(network) or 16, 32, 32]


def scenario(rng: Random) -> Data:
    """A scenario of one's own: nothing in it is shared."""
    found: Data = json.loads(json.dumps(rng.choice(scenarios())))
    return found


def text(data: Mapping[str, Any]) -> str:
    """A scenario as a file has it, a line for each key."""
    return "".join(f"{key if key.isidentifier() else flow(key)}: {flow(value)}\n" for key, value in data.items())


def written(data: Mapping[str, Any]) -> bytes:
    return text(data).encode("utf-8", "surrogatepass")


@cache
def run_directory(which: int = 0) -> Mapping[str, bytes]:
    """Files of the run of a scenario; what differs from session to session is made the same."""
    from hyperdrive_sim.outputs import rundir
    from hyperdrive_sim.scenario.scenario import Scenario

    data = [PLAIN, PLAIN | {"architecture": "xnorbin", "network": "tiny_xnor", "input_shape": [16, 9, 11], "frames": 2}][which]
    made = Scenario.parse(text(data))
    with TemporaryDirectory() as folder:
        rundir.write(hyperdrive_sim.run(made), made, Path(folder))
        found = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
    manifest = json.loads(found["manifest.json"]) | {"date": "2026-01-01T00:00:00+00:00"}
    return found | {"manifest.json": f"{json.dumps(manifest, indent=2)}\n".encode()}


def npy(array: Any) -> bytes:
    import numpy as np

    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()
