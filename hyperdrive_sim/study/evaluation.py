"""Accuracy of a network on a chip: a set of images computed by the chip's own arithmetic, beside the same network in float64 or float32."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple, Unpack

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled, Progress, silent
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import Finding, InvalidInput
from hyperdrive_sim.kernels.processors import processors
from hyperdrive_sim.network.box import Shape, chunks
from hyperdrive_sim.network.golden import Arithmetic, Computation, Exact, Single, forward
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.scenario import image_sets, inputs
from hyperdrive_sim.scenario.experiment import Changes, Experiment
from hyperdrive_sim.scenario.image_sets import Images, ImageSet, Stack
from hyperdrive_sim.scenario.preparation import PLAIN, Preparation
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import Source, scenario_of
from hyperdrive_sim.study.checks import binary_inputs, same
from hyperdrive_sim.study.limits import affordable, check_length
from hyperdrive_sim.study.processes import in_processes
from hyperdrive_sim.study.runs import compiled

Reference = Literal["float64", "float32"]
IDEAL: Mapping[Reference, type[Exact]] = {"float64": Exact, "float32": Single}

WORTH_PROCESSES_S = 2.0
"""Of work that is left: starting processes takes a good part of a second."""

PIECE_S = 0.5
"""Of work that a process is given at a time; then it shows as done."""


class Options(NamedTuple):
    """What counts: the first *limit* images, the first *outputs* of the network; the first *replayed* images go through the schedule."""

    limit: int | None = None
    outputs: int | None = None
    replayed: int = 0
    reference: Reference = "float64"

    def check(self) -> None:
        """Raises InvalidInput for numbers below 1 and for a reference that there is not."""
        for name, least in (("limit", 1), ("outputs", 1), ("replayed", 0)):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < least):
                raise InvalidInput.at(name, f"must be a whole number of at least {least}, not {value!r}")
        if self.reference not in IDEAL:
            raise InvalidInput.at("reference", f"is {self.reference!r}", f"known: {', '.join(IDEAL)}")


class Rated(NamedTuple):
    """A class per image, and how many are right: None without labels."""

    classes: tuple[int, ...]
    correct: int | None

    @property
    def accuracy(self) -> float | None:
        return None if self.correct is None else self.correct / len(self.classes)

    def to_dict(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, "correct": self.correct, "classes": list(self.classes)}


@dataclass(frozen=True)
class Evaluation:
    """How a network does on images, by the arithmetic of a chip (`ours`) and by the reference, float64 or float32 (`ideal`).

    An image's class is the number of its largest output, the first of equals. `confusion` counts images by class [true][found], `names`
    are those of the classes where a folder gives them, `note` says what is hardly meant so, such as levels beyond 0..1.
    `differing_classes` counts images that the reference puts into another class, `differing_outputs` those of which any output is another
    number, at most by `largest_difference`. `activation_rates` says, by layer that multiplies signs on the chips, how often what it reads
    is +1. `replayed` images went through the timed schedule as well, and `failure` says what went wrong there, if anything did.
    """

    arithmetic: str
    reference: Reference
    ours: Rated
    ideal: Rated
    differing_classes: int
    differing_outputs: int
    largest_difference: float
    confusion: tuple[tuple[int, ...], ...] | None
    names: tuple[str, ...]
    note: str
    activation_rates: Mapping[str, float]
    replayed: int
    failure: str
    seconds: float

    @property
    def ok(self) -> bool:
        """True if the schedule computed what the arithmetic says, in the images that were replayed."""
        return not self.failure

    @property
    def images(self) -> int:
        return len(self.ours.classes)

    @property
    def accuracy(self) -> float | None:
        """Share of the images whose class is right; None without labels."""
        return self.ours.accuracy

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        said = {"ok": self.ok, "images": self.images, **vars(self)}
        return said | {"ours": self.ours.to_dict(), "ideal": self.ideal.to_dict()}


class _Image(NamedTuple):
    """What one image comes to: its class by both arithmetics, what its outputs differ by, and how often the watched maps are +1."""

    ours: int
    ideal: int
    differs: bool
    difference: float
    rates: tuple[float, ...]


class _Work(NamedTuple):
    """Both computations of an image, of which the first *outputs* count; of the maps *watched* it is asked how often they are +1."""

    network: Network
    parameters: Mapping[str, Parameters]
    arithmetic: Arithmetic
    reference: Exact
    preparation: Preparation
    outputs: int
    watched: tuple[str, ...]

    def __call__(self, images: Images) -> list[_Image]:
        return [self.one(images, number) for number in range(len(images))]

    def computation(self, images: Images, number: int) -> Computation:
        """Of an image as the chip's arithmetic has it: the reference begins with the same numbers."""
        ((name, shape),) = self.network.inputs.items()
        values = images.of(number, shape, self.preparation).astype(self.arithmetic.dtype)
        return Computation(self.network, self.parameters, {name: values}, self.arithmetic)

    def one(self, images: Images, number: int) -> _Image:
        computation = self.computation(images, number)
        rates = dict.fromkeys(self.watched, 0.0)
        ours, ideal = self._output(computation, rates), self._output(computation._replace(arithmetic=self.reference), {})
        with np.errstate(invalid="ignore"):  # infinity less infinity
            differences = np.abs(ours.astype(np.float64) - ideal)
        largest = differences[np.isfinite(differences)].max(initial=0.0)
        return _Image(int(ours.argmax()), int(ideal.argmax()), not (ours == ideal).all(), float(largest), tuple(rates.values()))

    def _output(self, computation: Computation, rates: dict[str, float]) -> Array:
        for name, values in chain(computation.inputs.items(), forward(computation)):
            if name in rates:
                rates[name] = float((values > 0).mean())
            if name == self.network.outputs[0]:
                found = values.ravel()[: self.outputs]
        return found


def evaluate(
    source: Source | None = None,
    changes: Changes | None = None,
    *,
    images: str | Path | Array,
    labels: str | Path | Array | None = None,
    limit: int | None = None,
    outputs: int | None = None,
    replayed: int = 0,
    reference: Reference = "float64",
    progress: Progress = silent,
    **experiment: Unpack[Experiment],
) -> Evaluation:
    """Compute images by the arithmetic of a scenario's chip: how many are put into the right class, and how many elsewhere than in float64.

        hs.evaluate("scenarios/trained/fashion_cnv/xnorbin.yaml", images="x.npy", labels="y.npy").accuracy

    *images* are an array [number, rows, columns] with or without channels, its .npy file, one in MNIST's idx format (also gzip's), or a
    folder of PNG and JPEG pictures, whose own folders are the classes; *labels* are numbers of classes, likewise. What is made of a picture
    before the network takes it is the scenario's `input`. Only the first *limit* images count and the first *outputs* of the network; the
    first *replayed* images go through the timed schedule as well, memory by memory. *source*, *changes* and *experiment* are as in `run`.
    All processors work on it. Raises InvalidInput for images that the network cannot take.
    """
    options = Options(limit, outputs, replayed, reference)
    return evaluated(
        scenario_of(source, changes, experiment), _source(images), None if labels is None else _source(labels), options, progress
    )


def _source(given: str | Path | Array) -> Path | Array:
    return Path(given) if isinstance(given, str) else given


def evaluated(
    scenario: Scenario, images: Path | Array, labels: Path | Array | None, options: Options, progress: Progress = silent
) -> Evaluation:
    """A scenario's network on images, as `evaluate` has it."""
    options.check()
    begun = time.perf_counter()
    made = compiled(scenario, progress)
    made = made.of_frames(1) if made.arrivals.frames > 1 else made
    shape, outputs = _input(made.network), _outputs(made.network, options.outputs)
    given = image_sets.read(images, labels, shape, options.limit)
    if given.labels is not None and (most := int(given.labels.max())) >= outputs:
        raise InvalidInput.at("labels", f"there is a class {most}, the network has {outputs} outputs", "classes are counted from 0")
    watched = binary_inputs(made.network, made.placement)
    work = _Work(
        made.network,
        inputs.opened(scenario, made.network).parameters(),
        made.mapped.arithmetic,
        IDEAL[options.reference](),
        scenario.preparation,
        outputs,
        tuple(dict.fromkeys(watched.values())),
    )
    found = list(_computed(work, given.images, min(processors(), affordable(scenario, made)), progress))
    replayed = min(options.replayed, len(found))
    failure = _replayed(scenario, made, work, given.images, replayed)
    ours, ideal, differs, differences, rates = zip(*found, strict=True)
    mean_rates = dict(zip(work.watched, np.mean(rates, axis=0).tolist(), strict=True))
    return Evaluation(
        arithmetic=work.arithmetic.name,
        reference=options.reference,
        ours=_rated(ours, given),
        ideal=_rated(ideal, given),
        differing_classes=sum(a != b for a, b in zip(ours, ideal, strict=True)),
        differing_outputs=sum(differs),
        largest_difference=max(differences),
        confusion=None if given.labels is None else _confusion(given.labels, ours),
        names=given.names,
        note=_note(given, outputs, scenario.preparation),
        activation_rates={layer: mean_rates[name] for layer, name in watched.items()},
        replayed=replayed,
        failure=failure,
        seconds=time.perf_counter() - begun,
    )


def _note(given: ImageSet, outputs: int, preparation: Preparation) -> str:
    """What is hardly meant so."""
    notes = [given.note]
    if isinstance(given.images, Stack):
        notes.append(given.images.doubt(prepared=preparation.model_dump(exclude={"image"}) != PLAIN.model_dump()))
    if given.names and len(given.names) != outputs:
        notes.append(f"the {len(given.names)} folders are classes in the order of their names, and the network has {outputs} outputs")
    return "; ".join(filter(None, notes))


def _input(network: Network) -> Shape:
    """The shape of a picture that a network takes. Raises InvalidInput for a network of several inputs."""
    if len(network.inputs) > 1:
        problem = f"are pictures, one each, and '{network.name}' has the inputs {', '.join(network.inputs)}"
        raise InvalidInput.at("images", problem, "take a network of one input")
    return next(iter(network.inputs.values()))


def _outputs(network: Network, wanted: int | None) -> int:
    """How many outputs count. Raises InvalidInput for a network whose outputs are no classes."""
    if len(network.outputs) > 1:
        raise InvalidInput.at("images", f"'{network.name}' has the outputs {', '.join(network.outputs)}", "take a network of one output")
    shape = network.shape(network.outputs[0])
    if shape.rows * shape.columns > 1:
        raise InvalidInput.at(
            "images", f"the output '{network.outputs[0]}' is a map of {shape}", "only classes, one of a picture, can be counted"
        )
    if wanted is not None and not 1 <= wanted <= shape.channels:
        raise InvalidInput.at("outputs", f"{wanted} of {shape.channels} outputs cannot count", f"take 1 to {shape.channels}")
    return wanted or shape.channels


def _computed(work: _Work, images: Images, workers: int, progress: Progress) -> Iterator[_Image]:
    """Outcomes of all images in their order: the first ones here, and if what they took says that it pays, the others in processes."""
    count, packed, begun = len(images), pickle.dumps(work), time.perf_counter()
    for number in range(count):
        progress("evaluating", number, count)
        if number and workers > 1:
            each_s = (time.perf_counter() - begun) / number
            if each_s * number > PIECE_S and each_s * (count - number) > WORTH_PROCESSES_S:
                yield from _in_pieces(packed, images, number, max(1, round(PIECE_S / each_s)), workers, progress)
                return
        yield work.one(images, number)


def _in_pieces(work: bytes, images: Images, first: int, of: int, workers: int, progress: Progress) -> Iterator[_Image]:
    count, done = len(images), first
    pieces = [images.part(range(*piece)) for piece in chunks(first, count, of)]
    for piece in in_processes(work, pieces, workers):
        yield from piece
        done += len(piece)
        progress("evaluating", done, count)


def _replayed(scenario: Scenario, made: Compiled, work: _Work, images: Images, count: int) -> str:
    """What went wrong in the timed schedule, if anything did, in the first of the images."""
    if count:
        check_length(scenario, made)
    for number in range(count):
        made.progress("replaying", number, count)
        computation = work.computation(images, number)
        try:
            (frame,) = replay(made, computation)
        except Finding as finding:
            return f"image {number}: {finding}"
        for name, values in forward(computation):
            if name in frame and not same(frame[name], values):
                return f"image {number}: '{name}' differs from what the arithmetic makes of the whole map"
    return ""


def _rated(classes: tuple[int, ...], given: ImageSet) -> Rated:
    return Rated(classes, None if given.labels is None else int((np.array(classes) == given.labels).sum()))


def _confusion(labels: Array, classes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    count = 1 + max(int(labels.max()), *classes)
    counted = np.zeros((count, count), np.int64)
    np.add.at(counted, (labels, np.array(classes)), 1)
    return tuple(map(tuple, counted.tolist()))
