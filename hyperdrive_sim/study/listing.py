"""What comes along: architectures, networks and scenarios, each with what there is to say of it before anything is simulated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from hyperdrive_sim.archs import registry
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.scenario import shipped
from hyperdrive_sim.scenario.scenario import is_path
from hyperdrive_sim.scenario.systems import SYSTEM
from hyperdrive_sim.text.document import Document


class Work(NamedTuple):
    """The size of a network: its layers, the MACs of one frame, its weights."""

    layers: int
    macs: int
    weights: int


@dataclass(frozen=True)
class ListedArchitecture:
    """An architecture that can be loaded: what it is, in a sentence, and how finely it cuts tasks, the coarsest first."""

    name: str
    about: str
    granularities: tuple[str, ...]


@dataclass(frozen=True)
class ListedNetwork:
    """A network of the zoo, its size at its usual input; `input_channels` are None where it takes any number of them."""

    name: str
    input_channels: int | None
    usual_input_shape: tuple[int, int, int]
    options: Mapping[str, int]
    work: Work


@dataclass(frozen=True)
class ListedScenario:
    """A scenario that comes along, by its short name. `mesh` is None for one chip, as the scenario has it for one that is yet to be
    chosen: `auto`, or what it is to have little of, `{auto: chips}`; `points` are a sweep's. The architecture of a system of several parts
    is `system`, and `parts` counts them by architecture.

    `trained` is said of a network with weights of its own, from a file.
    """

    name: str
    title: str
    architecture: str
    network: str
    trained: bool
    input_shape: tuple[int, ...]
    mesh: tuple[int, int] | str | Mapping[str, str] | None
    parts: Mapping[str, int]
    frames: int
    points: int
    work: Work


@dataclass(frozen=True)
class Listing:
    """All that comes along."""

    architectures: tuple[ListedArchitecture, ...]
    networks: tuple[ListedNetwork, ...]
    scenarios: tuple[ListedScenario, ...]

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form; the work of a network stands beside its name."""
        return {what: [_flat(one) for one in listed] for what, listed in vars(self).items()}


def _flat(one: Any) -> dict[str, Any]:
    said = asdict(one)
    return {key: value for key, value in said.items() if key != "work"} | (one.work._asdict() if "work" in said else {})


def listing() -> Listing:
    """All that comes along: a second's look at it, in which nothing is mapped or simulated. Chips that cannot be loaded are left out."""
    sizes = _Sizes()
    return Listing(tuple(_architectures()), tuple(_networks(sizes)), tuple(_scenario(*one, sizes) for one in documents()))


def _architectures() -> Iterator[ListedArchitecture]:
    for name in registry.usable():
        arch = registry.load(name)
        yield ListedArchitecture(name, about(arch.Spec), tuple(arch.grains))


def about(documented: type) -> str:
    """The first sentence of what a class says of itself; empty if it says nothing."""
    return " ".join((documented.__doc__ or "").split()).partition(". ")[0].removesuffix(".")


def _networks(sizes: _Sizes) -> Iterator[ListedNetwork]:
    for name in zoo.names():
        shape = zoo.usual_shape(name)
        yield ListedNetwork(name, zoo.channels(name), shape, zoo.options(name), sizes.of_zoo(name, shape, {}))


def documents() -> Iterator[tuple[str, Document]]:
    """The scenarios that come along, as they stand in their files, by short name."""
    catalogue = shipped.catalogue()
    for name, path in catalogue.names.items():
        yield name, Document.read(path, catalogue=catalogue)


def chips(data: Mapping[str, Any]) -> dict[str, int]:
    """How many parts of each architecture the system of a scenario has; none where it says no system."""
    found: dict[str, int] = {}
    for part in data.get(SYSTEM, {}).get("parts", {}).values():
        found[part["architecture"]] = found.get(part["architecture"], 0) + part.get("count", 1)
    return found


def _scenario(name: str, document: Document, sizes: _Sizes) -> ListedScenario:
    data = document.data
    network, trained = data["network"], is_path(data["network"])
    if trained:
        shape, work = sizes.of_model(document.folder(("network",)) / network)
    else:
        shape, work = tuple(data["input_shape"]), sizes.of_zoo(network, tuple(data["input_shape"]), data.get("network_options", {}))
    mesh = data.get("chip", {}).get("mesh")
    parts = chips(data)
    return ListedScenario(
        name,
        data["title"],
        SYSTEM if parts else data["architecture"],
        Path(network).name if trained else network,
        trained,
        shape,
        tuple(mesh) if isinstance(mesh, list) else mesh,
        parts,
        data.get("frames", 1),
        prod(map(len, data.get("sweep", {}).values())),
        work,
    )


class _Sizes:
    """Sizes of networks, each worked out once."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[tuple[int, ...], Work]] = {}

    def of_zoo(self, name: str, shape: tuple[int, int, int], options: Mapping[str, int]) -> Work:
        """The size of a network of the zoo at an input."""
        key = name, shape, *{**zoo.options(name), **options}.items()
        if key not in self._known:
            self._known[key] = shape, work(zoo.build(name, shape, options))
        return self._known[key][1]

    def of_model(self, path: Path) -> tuple[tuple[int, ...], Work]:
        """The input and the size of a model from a file."""
        from hyperdrive_sim.importing import models
        from hyperdrive_sim.importing.options import SCENARIO, Options

        key = path.resolve()
        if key not in self._known:
            network = models.imported(path, Options(words=SCENARIO)).network
            self._known[key] = next(iter(network.inputs.values())), work(network)
        return self._known[key]


def work(network: Network) -> Work:
    """The size of a network."""
    weights = sum(layer.weight_count(network.input_shapes(layer)) for layer in network)
    return Work(len(network), sum(network.macs(layer.name) for layer in network), weights)
