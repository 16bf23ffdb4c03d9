"""Accuracy of networks on chips: against the same images computed one by one, and against their schedules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from commands import invoke, sentences, write
from rich.console import Console

import hyperdrive_sim as hs
from hyperdrive_sim.cli import evaluations
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.golden import Arithmetic, Computation, Exact, forward
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import evaluation
from hyperdrive_sim.study.runs import compiled

RNG = np.random.default_rng(11)
IMAGES = RNG.integers(0, 256, (24, 9, 9, 3), np.uint8)
LABELS = RNG.integers(0, 10, 24)
BASE = "schema_version: 1\ntitle: t\nnetwork: tiny_xnor_pooled\ninput_shape: [3, 9, 9]\narchitecture: {}\n"
PREPARED = "input: {mean: 0.5, std: 0.25}\n"

BINARY = ["xnorbin", "chewbaccann", "nandnet_dram", "nandnet_sram"]


def scenario(architecture: str, more: str = PREPARED) -> Scenario:
    return Scenario.parse(BASE.format(architecture) + more)


def outputs(given: Scenario, arithmetic: Arithmetic | None = None) -> Array:
    """The outputs of all images [images, 10], one by one, as the scenario's own picture would be computed."""
    made = compiled(given)
    parameters = inputs.opened(given, made.network).parameters()
    found = []
    for image in IMAGES:
        x = ((image.astype(np.float32) / np.float32(255) - 0.5) / 0.25).astype(np.float32).astype(made.mapped.arithmetic.dtype)
        computation = Computation(made.network, parameters, {"input": x}, arithmetic or made.mapped.arithmetic)
        found.append(dict(forward(computation))[made.network.outputs[0]].ravel())
    return np.array(found)


@pytest.mark.parametrize("architecture", BINARY)
def test_as_computed_one_by_one(architecture: str) -> None:
    given = scenario(architecture)
    ours, ideal = outputs(given), outputs(given, Exact())
    found = hs.evaluate(given, images=IMAGES, labels=LABELS, replayed=2)
    assert found.ours.classes == tuple(ours.argmax(1).tolist())
    assert found.ideal.classes == tuple(ideal.argmax(1).tolist())
    assert (found.images, found.replayed, found.failure) == (24, 2, "")
    assert found.accuracy == (ours.argmax(1) == LABELS).mean()
    assert found.ideal.accuracy == (ideal.argmax(1) == LABELS).mean()
    assert found.differing_classes == (ours.argmax(1) != ideal.argmax(1)).sum()
    assert found.differing_outputs == (ours != ideal).any(axis=1).sum()
    assert found.largest_difference == pytest.approx(np.abs(ours - ideal).max())
    assert found.confusion is not None
    assert np.array(found.confusion).sum(axis=1).tolist() == np.bincount(LABELS, minlength=len(found.confusion)).tolist()
    assert np.trace(np.array(found.confusion)) == found.ours.correct


def test_compression_is_seen() -> None:
    """The two differ in nothing but what compression drops."""
    lossy, exact = (hs.evaluate(scenario("nandnet_dram", f"{PREPARED}chip: {{compression: {group}}}\n"), images=IMAGES) for group in (2, 1))
    assert lossy.activation_rates != exact.activation_rates
    assert lossy.largest_difference > 0.1
    assert exact.largest_difference < 1e-3
    assert exact.accuracy is None
    assert exact.confusion is None


def test_rates_are_those_of_the_maps() -> None:
    given = scenario("xnorbin")
    found = hs.evaluate(given, images=IMAGES[:3]).activation_rates
    assert found.keys() == hs.check(given).activation_rates.keys()
    one = [hs.evaluate(given, images=IMAGES[number : number + 1]).activation_rates for number in range(3)]
    assert found == {layer: pytest.approx(np.mean([rates[layer] for rates in one])) for layer in found}
    assert all(0 < rate < 1 for rate in found.values())


def test_float32_is_another_reference() -> None:
    given = Scenario.parse("schema_version: 1\ntitle: t\nnetwork: tiny_conv\ninput_shape: [3, 8, 8]\narchitecture: hyperdrive\n")
    single = hs.evaluate(whole(given), images=IMAGES[:3, :8, :8], reference="float32")
    double = hs.evaluate(whole(given), images=IMAGES[:3, :8, :8])
    assert (single.reference, double.reference) == ("float32", "float64")
    assert single.differing_outputs == double.differing_outputs == 3
    assert single.largest_difference != double.largest_difference
    assert single.largest_difference == pytest.approx(double.largest_difference, rel=0.1)


def whole(given: Scenario) -> Scenario:
    """Hyperdrive, on a network that ends in classes."""
    network = given.network()
    made = hs.Network("classes", dict(network.inputs), [*network, hs.GlobalMean(name="mean", inputs=(network.outputs[0],))])
    return Scenario.of_network(made, "hyperdrive")


def test_only_some_outputs_may_be_classes() -> None:
    ours = outputs(scenario("xnorbin"))
    found = hs.evaluate(scenario("xnorbin"), images=IMAGES, outputs=4)
    assert found.ours.classes == tuple(ours[:, :4].argmax(1).tolist())


def test_processes_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = hs.evaluate(scenario("xnorbin"), images=IMAGES, labels=LABELS)
    monkeypatch.setattr(evaluation, "WORTH_PROCESSES_S", 0.0)
    monkeypatch.setattr(evaluation, "PIECE_S", 0.0)
    monkeypatch.setattr(evaluation, "processors", lambda: 2)
    told: list[tuple[str, int, int]] = []
    shared = hs.evaluate(scenario("xnorbin"), images=IMAGES, labels=LABELS, progress=lambda *step: told.append(step))
    assert public(shared) == public(alone)
    assert told[-1] == ("evaluating", 24, 24)


def public(found: hs.Evaluation) -> Mapping[str, Any]:
    return {key: value for key, value in found.to_dict().items() if key != "seconds"}


def test_what_a_network_cannot_take(tmp_path: Path) -> None:
    def said(given: Scenario, **more: Any) -> str:
        with pytest.raises(InvalidInput) as caught:
            hs.evaluate(given, images=more.pop("images", IMAGES), **more)
        return str(caught.value)

    assert said(scenario("xnorbin"), labels=LABELS + 5).startswith("labels: there is a class 14, the network has 10 outputs")
    assert said(scenario("xnorbin"), limit=0) == "limit: must be a whole number of at least 1, not 0"
    assert said(scenario("xnorbin"), replayed=-1) == "replayed: must be a whole number of at least 0, not -1"
    assert said(scenario("xnorbin"), limit=2.5) == "limit: must be a whole number of at least 1, not 2.5"
    assert said(scenario("xnorbin"), outputs=True) == "outputs: must be a whole number of at least 1, not True"
    assert said(scenario("xnorbin"), images=None).startswith("images: are a single NoneType")
    assert said(scenario("xnorbin"), reference="float16") == "reference: is 'float16'; known: float64, float32"
    assert said(scenario("xnorbin"), outputs=11) == "outputs: 11 of 10 outputs cannot count; take 1 to 10"
    assert said(scenario("xnorbin"), images=IMAGES[..., 0]).startswith("images: are of shape (24, 9, 9); the network takes 3 channels")
    assert "mean: has 2 numbers, the input has 3 channels" in said(scenario("xnorbin", "input: {mean: [1, 2]}\n"))
    assert "the output 'conv' is a map of 16 x 8 x 8" in said(
        Scenario.said(network="tiny_conv", input_shape=[3, 8, 8], architecture="hyperdrive")
    )


def test_a_schedule_that_computes_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "same", lambda a, b: False)
    found = hs.evaluate(scenario("xnorbin"), images=IMAGES[:2], replayed=9)
    assert (found.ok, found.replayed) == (False, 2)
    assert found.failure == "image 0: 'fc' differs from what the arithmetic makes of the whole map"


# --- the command ---


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, PREPARED, base=BASE.format("xnorbin"))
    np.save("x.npy", IMAGES)
    np.save("y.npy", LABELS)
    return tmp_path


def test_command(there: Path) -> None:
    found = invoke("evaluate", "s.yaml", "--images", "x.npy", "--labels", "y.npy", "--replay", "2")
    assert found.exit_code == 0
    ours = hs.evaluate("s.yaml", images="x.npy", labels="y.npy")
    assert f"accuracy  {100 * (ours.accuracy or 0):.2f} % on the chip" in found.stdout
    assert "2 images, replayed in simulated time, came to the same outputs bit for bit" in found.stdout
    assert "classes, by what they were taken for" in found.stdout
    told = json.loads(invoke("evaluate", "s.yaml", "--images", "x.npy", "--labels", "y.npy", "--json").stdout)
    assert told["ours"] == {"accuracy": ours.accuracy, "correct": ours.ours.correct, "classes": list(ours.ours.classes)}
    assert told["confusion"] == [list(row) for row in ours.confusion or ()]


def test_command_without_labels(there: Path) -> None:
    found = invoke("evaluate", "s.yaml", "--images", "x.npy", "--limit", "5")
    assert found.stdout.splitlines()[0] == "images  5, without labels"
    assert "accuracy" not in found.stdout


def test_images_of_another_size_are_said_to_be_resized(there: Path) -> None:
    np.save("small.npy", IMAGES[:, :5, :7])
    found = invoke("evaluate", "s.yaml", "--images", "small.npy")
    assert "note    the images, 5 x 7, are resized to the 9 x 9 that the network takes" in found.stdout
    assert "resized" not in invoke("evaluate", "s.yaml", "--images", "x.npy").stdout


@pytest.mark.parametrize(
    ("images", "note"),
    [
        (IMAGES, ""),
        (IMAGES.astype(np.float32) / 255, ""),
        (IMAGES.astype(np.float32), "the images are float32 from 0 to 255, taken as they are: `input` speaks of levels of 0..1"),
        (IMAGES.astype(np.int64), "the images are int64 from 0 to 255, taken as they are: `input` speaks of levels of 0..1"),
        (IMAGES.astype(np.uint16), "the images are words of 16 bits of at most 255, whose levels are 0..65535"),
        (IMAGES.astype(np.uint16) * 257, ""),
    ],
)
def test_levels_that_are_hardly_meant_so(images: Array, note: str) -> None:
    assert hs.evaluate(scenario("xnorbin"), images=images).note == note
    assert hs.evaluate(scenario("xnorbin", ""), images=IMAGES.astype(np.float32) / 100 - 1).note == ""


def test_folders_that_are_fewer_than_the_outputs(tmp_path: Path) -> None:
    for name in ("bird", "cat"):
        (tmp_path / name).mkdir()
        PIL.Image.fromarray(IMAGES[0]).save(tmp_path / name / "0.png")
    found = hs.evaluate(scenario("xnorbin"), images=tmp_path)
    assert found.note == "the 2 folders are classes in the order of their names, and the network has 10 outputs"
    console = Console(width=120)
    with console.capture() as shown:
        console.print(evaluations.evaluation(replace(found, confusion=((0, 0, 1), (0, 1, 0), (0, 0, 0)))))
    assert ["bird", "cat", "output", "2"] in [line.split() for line in shown.get().splitlines()]


def test_of_many_classes_a_terminal_shows_the_worst() -> None:
    confusion = np.eye(30, dtype=int) * 9
    confusion[7] = np.bincount([3] * 5 + [7], minlength=30)
    confusion[20:] = 0
    found = replace(hs.evaluate(scenario("xnorbin"), images=IMAGES, labels=LABELS), confusion=tuple(map(tuple, confusion.tolist())))
    console = Console(width=80)
    with console.capture() as shown:
        console.print(evaluations.evaluation(found))
    lines = [line.split() for line in shown.get().splitlines()]
    assert ["the", "10", "of", "20", "classes", "that", "are", "recognised", "worst"] in lines
    assert ["7", "6", "16.7", "%", "3"] in lines


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--images", "no.npy"], "images: cannot read 'no.npy': there is no such file; the path is relative to the working directory"),
        (
            ["--images", "x.npy", "--labels", "x.npy"],
            "labels: are uint8 of shape (24, 9, 9, 3); they must be whole numbers, one per picture",
        ),
    ],
)
def test_command_refuses(there: Path, arguments: list[str], sentence: str) -> None:
    found = invoke("evaluate", "s.yaml", *arguments)
    assert (found.exit_code, found.stdout) == (2, "")
    assert sentences(found) == [sentence]
