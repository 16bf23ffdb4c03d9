"""A scenario: one experiment as one YAML file, validated before anything runs, every mistake named with its place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Unpack

from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import NOWHERE, InvalidInput, Mistake, Place, visible
from hyperdrive_sim.importing.imported import Imported
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import MOST_SIDE
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Parameters
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.scenario import arrivals, dropping, shipped, systems
from hyperdrive_sim.scenario.arrivals import MAX_FRAMES, ArrivalSettings, ArrivalTimes, Rate
from hyperdrive_sim.scenario.dropping import DropSettings
from hyperdrive_sim.scenario.experiment import Experiment, Options, document_of, named, setting, structure
from hyperdrive_sim.scenario.preparation import PLAIN, Preparation
from hyperdrive_sim.schedule.spec import Spec, choices
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.text.document import Document
from hyperdrive_sim.text.wording import Elsewhere, lookup, meant, near

T = TypeVar("T")
E = TypeVar("E", bound=InvalidInput)

SCHEMA_VERSION = 1
PATH = r"[./\\]"
"""What the name of a file or a directory has in it, and that of a network of the zoo has not."""

UNSWEPT = ("schema_version", "sweep")
"""Keys that no sweep takes; of all others, it does."""

MAX_POINTS = 10_000

Size = Annotated[int, Field(ge=1, le=MOST_SIDE)]


class Image(Preparation):
    """A picture file as the network's input, and what is made of it and of the pictures of a test set."""

    image: str | None = Field(
        default=None, min_length=1, description="PNG, JPEG or NPY file, relative to the scenario; resized to the input shape"
    )


class Settings(BaseModel):
    """The keys of a scenario file, except the chip's."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    schema_version: Literal[1] = Field(description="1, the version of this format")
    title: str = Field(min_length=1, description="one line for people")
    network: str = Field(
        min_length=1,
        description="a network of the zoo, as `hyperdrive-sim list` names them, or a model relative to this file: model.onnx, ./imported",
    )
    network_options: dict[str, int] = Field(
        default={}, description="what that network leaves open, for example bases: 4, or of a model zero: 1, what a sign makes of 0"
    )
    input_shape: tuple[Size, Size, Size] | None = Field(
        default=None,
        description="[channels, rows, columns]; of a model from a file: absent, as it is there",
        json_schema_extra={"expects": "[channels, rows, columns]"},
    )
    architecture: str | None = Field(default=None, min_length=1, description="the chip; `hyperdrive-sim list` names them")
    chip: dict[str, Any] = Field(default={}, description="fields of that architecture's spec; what is absent is as published")
    system: dict[str, Any] | None = Field(default=None, description="several chips and what links them, in place of architecture and chip")
    host_layers: Literal["allowed", "refused"] = Field(
        default="allowed",
        description="whether the host may compute layers that the chip does not run",
        json_schema_extra=choices({"allowed": "it computes them, beside the chip", "refused": "a run with any is refused"}),
    )
    granularity: str | None = Field(
        default=None, min_length=1, description="how finely tasks are cut, as the architecture offers it; absent: as coarsely as it does"
    )
    frames: int | None = Field(
        default=None,
        ge=1,
        le=MAX_FRAMES,
        description="how many frames are run one after the other; absent: as many as a file of arrivals has times, else 1",
    )
    frames_per_s: Rate | None = Field(
        default=None, description="rate of even arrivals; absent, and no arrivals: the next frame is there when there is room for it"
    )
    arrivals: ArrivalSettings | None = Field(
        default=None, description="when frames arrive, in one of three ways; frames_per_s is a short form of the first"
    )
    drop: DropSettings | None = Field(
        default=None, description="which frames are given up where more arrive than can be taken; absent: none"
    )
    deadline_s: float | None = Field(
        default=None, ge=1e-9, le=1e6, description="latency that a frame may have; how many take longer is counted"
    )
    input: Image | None = Field(default=None, description="what is computed on; without an image: one drawn from the seed")
    weights: str | None = Field(default=None, min_length=1, description=".npz file of arrays by layer name; absent: drawn from the seed")
    seed: int = Field(default=1, ge=0, lt=2**32, description="of everything drawn")
    reproduces: str | None = Field(default=None, min_length=1, description="a section of the architecture's published.yaml to compare with")
    sweep: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(
        default={}, description="keys and the values each takes in turn; `hyperdrive-sim sweep` runs every combination"
    )


@dataclass(frozen=True)
class Scenario:
    """A validated experiment. `file` is how the user calls it, empty if there is none; `spec` may still leave a mesh to be decided.

    Its network is the one of the zoo or the model that it names, or one that was `given` to it in Python, perhaps with its constants.
    """

    file: str
    document: Document
    settings: Settings
    architecture: Architecture
    spec: Spec
    given: Network | None = None
    given_constants: Mapping[str, Parameters] | None = None

    @classmethod
    def read(cls, path: str | Path, changes: Sequence[str] = ()) -> Scenario:
        """From a file, the directory of a run or a short name, with `key=value` settings on top.

        A file that exists goes before a short name. Raises InvalidInput with every mistake found.
        """
        file, shown = shipped.catalogue().located(Path(path), str(path), str(path))
        return cls.of(Document.read(file, shown, shipped.catalogue()), visible(shown), changes)

    @classmethod
    def parse(cls, text: str, changes: Sequence[str] = (), file: str = "scenario.yaml") -> Scenario:
        """From YAML text; *file* is what it is called in messages."""
        return cls.of(Document.parse(text, file), file, changes)

    @classmethod
    def of_network(cls, network: Network, architecture: str, **options: Unpack[Options]) -> Scenario:
        """A network of one's own on a chip, without a scenario file; *options* are other keys of such a file.

            Scenario.of_network(network, "xnorbin", chip={"voltage_v": 1.2}, frames=2)

        Its hash is of the network's inputs, layers and outputs as well. Raises InvalidInput with every mistake found.
        """
        return cls.said(network=network, architecture=architecture, **options)

    @classmethod
    def said(cls, **experiment: Unpack[Experiment]) -> Scenario:
        """From keywords in place of a file: a network of one's own, or the name of one of the zoo and an `input_shape`."""
        network = experiment.get("network")
        if not isinstance(network, Imported):
            return cls.of(document_of(experiment), "", given=network if isinstance(network, Network) else None)
        experiment["network"] = network.network
        return replace(cls.of(document_of(experiment), "", given=network.network), given_constants=network.parameters)

    @classmethod
    def of(cls, document: Document, file: str, changes: Sequence[str] = (), *, given: Network | None = None) -> Scenario:
        """From a document, with `key=value` settings on top; *given* is the network in place of one of the zoo."""
        for change in changes:
            document = document.with_setting(change)
        document = systems.shortened(document)
        mistakes: list[Mistake] = []
        arch = _kept(mistakes, lambda: _architecture(document))
        of_chip = Elsewhere(arch.Spec if arch else None, "put it under 'chip:'")
        settings = _kept(mistakes, lambda: document.validate(Settings, elsewhere=of_chip))
        spec = _kept(mistakes, lambda: _spec(document, arch)) if arch else None
        mistakes += _unknown_granularity(document, arch) if arch else _without_chip(document)
        mistakes += (*arrivals.conflicts(document), *dropping.conflicts(document))
        if given is None:
            _kept(mistakes, lambda: _network(document))
        else:
            mistakes += _unlike(given, document)
        if settings and arch:
            mistakes += _unsweepable(document, settings, arch)
        InvalidInput.collected(sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.place or NOWHERE))
        assert settings is not None
        assert arch is not None
        assert spec is not None
        return cls(file, document, settings, arch, spec, given)

    @property
    def hash(self) -> str:
        """Of everything the scenario says, wherever it says it, and of the structure of a network that was given."""
        network = {} if self.given is None else {"given": structure(self.given, self.given_constants)}
        text = json.dumps({**self.document.data, **network}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def path(self, *key: str) -> Path | None:
        """The file that a key names, relative to the file of the scenario that says so; None where it names none."""
        name = lookup(self.document.data, key)
        if not isinstance(name, str):
            return None
        return (self.document.folder(key) if self.document.files else Path(self.file).parent) / name

    @property
    def at_spec(self) -> str:
        """The key that the settings of the spec stand under."""
        return systems.SYSTEM if self.settings.system else "chip"

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that it is read from: its own, those that it extends, its picture, its weights and its arrivals."""
        named = (self.path("input", "image"), self.path("weights"), self.path("arrivals", "file"))
        model = self.model.files if self.is_model else ()
        return (*self.document.files, *(path for path in named if path), *model)

    @property
    def preparation(self) -> Preparation:
        """What is made of pictures before the network takes them."""
        return self.settings.input or PLAIN

    @property
    def is_model(self) -> bool:
        """True if its network is a model from a file."""
        return self.given is None and is_path(self.settings.network)

    @cached_property
    def model(self) -> Imported:
        """The model that it names, read once. Raises InvalidInput, located in the scenario."""
        from hyperdrive_sim.importing import models  # takes as long to load as a tenth of a small run
        from hyperdrive_sim.importing.options import SCENARIO, Options

        with self.locating():
            options = self.settings.network_options
            if unknown := sorted(options.keys() - {"zero", "map_bits"}):
                raise InvalidInput.at(f"network_options.{unknown[0]}", f"a model has no option '{unknown[0]}'", "it has zero, map_bits")
            chosen = Options(self.settings.input_shape, **options, words=SCENARIO)
            path = self.path("network")
            assert path is not None
            return models.imported(path, chosen)

    @property
    def constants(self) -> Mapping[str, Parameters] | None:
        """Constants by layer that come with the network; None for one that has none of its own."""
        return self.model.parameters if self.is_model else self.given_constants

    def network(self) -> Network:
        """The network that was given, the model's, or the zoo's at the input shape. Raises InvalidInput, located in the file."""
        if self.given is not None:
            return self.given
        if self.is_model:
            return self.model.network
        assert self.settings.input_shape is not None
        with self.locating():
            return zoo.build(self.settings.network, self.settings.input_shape, self.settings.network_options)

    def located(self, error: E) -> E:
        """Give every mistake of an error a place; one that concerns a layer stands where the network is named."""
        at_network = self.document.place("network")
        ours = (*Settings.model_fields, "")
        placed = [m if m.place or m.key.partition(".")[0] in ours else m._replace(place=at_network) for m in error.mistakes]
        return self.document.located(type(error)(*placed))

    @contextmanager
    def locating(self) -> Iterator[None]:
        """Give mistakes that are found in the block their place in the scenario."""
        try:
            yield
        except InvalidInput as error:
            raise self.located(error) from None

    def changed(self, changes: Sequence[str]) -> Scenario:
        """The scenario with `key=value` settings on top. Raises InvalidInput if it makes none."""
        return self._with(self.document, changes) if changes else self

    def _with(self, document: Document, changes: Sequence[str] = ()) -> Scenario:
        """The same network in another document."""
        changed = Scenario.of(document, self.file, changes, given=self.given)
        return replace(changed, given_constants=self.given_constants)

    def points(self) -> Iterator[dict[str, int]]:
        """Every combination of the sweep's values, the last key turning fastest: by key, the number of its value."""
        axes = self.settings.sweep
        for numbers in product(*(range(len(values)) for values in axes.values())):
            yield dict(zip(axes, numbers, strict=True))

    def values(self, point: Mapping[str, int]) -> dict[str, object]:
        """The values of the swept keys at one point."""
        return {key: self.settings.sweep[key][number] for key, number in point.items()}

    def at(self, point: Mapping[str, int]) -> Scenario:
        """The scenario at one point of the sweep. Raises InvalidInput, placed in the sweep, if it makes none."""
        document = self.document.with_setting("sweep={}")
        for key, value in self.values(point).items():
            document = _with(document, key, value, self.document.place(("sweep", key, point[key])))
        return self._with(document)

    @property
    def granularity(self) -> str:
        """How finely tasks are cut: as the scenario says, or else as coarsely as the architecture does."""
        return self.settings.granularity or self.architecture.grains[0]

    @cached_property
    def arrival_times(self) -> ArrivalTimes | None:
        """The file of times that it names, read once; None where it names none. Raises InvalidInput, located."""
        path = self.path("arrivals", "file")
        if path is None:
            return None
        with self.locating():
            return arrivals.read(path)

    @cached_property
    def arrivals(self) -> Arrivals:
        """How many frames are run, and when each arrives. Raises InvalidInput, located, for a file of times that does not serve."""
        settings, said = self.settings, self.settings.arrivals or ArrivalSettings()
        if self.arrival_times:
            with self.locating():
                return self.arrival_times.of_frames(settings.frames)
        frames = settings.frames or 1
        if said.poisson_per_s:
            return Arrivals.poisson(frames, said.poisson_per_s, settings.seed if said.seed is None else said.seed)
        rate = settings.frames_per_s or said.periodic_per_s
        return Arrivals.periodic(frames, round(PS_PER_S / rate)) if rate else Arrivals(frames)


def _kept(mistakes: list[Mistake], look: Callable[[], T]) -> T | None:
    """Return what *look* finds, or None after adding its mistakes to the others."""
    try:
        return look()
    except InvalidInput as error:
        mistakes += error.mistakes
        return None


def _network(document: Document) -> None:
    """Raises InvalidInput for a name that is not in the zoo, or an input that its network does not take, whatever else is wrong."""
    name, shape = document.data.get("network"), document.data.get("input_shape")
    if not isinstance(name, str) or not name or is_path(name):
        return
    try:
        zoo.check_name(name)
    except InvalidInput as error:
        if document.files and document.files[0].name == shipped.RESOLVED:
            cure = "run it from there: hs.run(network=..., architecture=...)"
            raise InvalidInput(document.mistake("network", f"'{name}' was given in Python, and no file has it", cure)) from None
        raise document.located(error) from None
    if "input_shape" not in document.data or shape is None:
        raise InvalidInput(Mistake("", "'input_shape' is missing", "add it: [channels, rows, columns]", document.place("")))
    if isinstance(shape, list) and len(shape) == 3 and all(type(size) is int and 0 < size <= MOST_SIDE for size in shape):
        try:
            zoo.check_input(name, shape)
        except InvalidInput as error:
            wrong = 1 if zoo.channels(name) in (None, shape[0]) else 0
            place = document.place(("input_shape", wrong))
            raise InvalidInput(*(mistake._replace(place=place) for mistake in error.mistakes)) from None


def is_path(network: str) -> bool:
    """True for what names a file or a directory and no network of the zoo: it has an ending, or a slash."""
    return re.search(PATH, network) is not None


def _unlike(given: Network, document: Document) -> Iterator[Mistake]:
    """Mistakes of a document that names a network other than the one that was given."""
    for key, value in {**named(given), "network_options": {}}.items():
        if document.data.get(key, value) != value:
            yield document.mistake(key, "cannot be set, the network was given as it is", "give another network")


def _unsweepable(document: Document, settings: Settings, arch: Architecture) -> Iterator[Mistake]:
    """Mistakes of the sweep as a whole, whatever its values: unknown keys, too many points."""
    at = systems.SYSTEM if settings.system else "chip"
    of_spec = [f"{at}.{field}" for field in arch.Spec.model_fields]
    known = [*(field for field in Settings.model_fields if field not in UNSWEPT), *of_spec]
    for key in settings.sweep:
        first, *others = key.split(".")
        if (f"{at}.{others[0]}" if others and first == at else first) not in known:
            there = [one for one in (f"chip.{key}", key.removeprefix("chip.")) if one in known]
            yield document.mistake(("sweep", key), f"unknown key '{key}'", meant(there) or near(key, known))
    if (points := prod(map(len, settings.sweep.values()))) > MAX_POINTS:
        yield document.mistake("sweep", f"has {points} combinations", f"take at most {MAX_POINTS}")


def _with(document: Document, key: str, value: Any, place: Place) -> Document:
    """The document with another value for a (dotted) key, which stands at *place*."""
    change = setting(key, value)
    try:
        changed = document.with_setting(change)
    except InvalidInput as error:
        raise InvalidInput(*(mistake._replace(place=place) for mistake in error.mistakes)) from None
    places = {path: place if where.file == f"--set {change}" else where for path, where in changed.places.items()}
    return replace(changed, places=places)


def _architecture(document: Document) -> Architecture | None:
    """The architecture, for a system of several parts that of systems; None where the file does not even name one."""
    if systems.SYSTEM in document.data:
        from hyperdrive_sim.systems.system import architecture

        return architecture
    name = document.data.get("architecture")
    if not isinstance(name, str) or not name:
        return None
    try:
        return registry.load(name)
    except InvalidInput as error:
        raise document.located(error) from None


def _spec(document: Document, arch: Architecture) -> Spec | None:
    """The validated spec of the chip; None where the file has something other than settings for it."""
    if systems.SYSTEM in document.data:
        return systems.spec(document)
    if not isinstance(document.data.get("chip", {}), dict):
        return None
    return document.validate(arch.Spec, ("chip",), Elsewhere(Settings, "put it at the top of the file, beside 'chip:'"))


def _without_chip(document: Document) -> Iterator[Mistake]:
    """The mistake of a document that says neither `architecture:` nor `system:`."""
    if document.data.get("architecture") is None:
        cure = Settings.model_fields["architecture"].description
        yield Mistake("", "'architecture' is missing", f"add it: {cure}", document.place(""))


def _unknown_granularity(document: Document, arch: Architecture) -> Iterator[Mistake]:
    name = document.data.get("granularity")
    if isinstance(name, str) and name and name not in arch.grains:
        problem = f"'{name}' is no granularity of {arch.name}, whose tasks are cut by {' or '.join(arch.grains)}"
        yield document.mistake("granularity", problem, near(name, arch.grains))
