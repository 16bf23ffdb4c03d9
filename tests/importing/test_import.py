"""What an imported model becomes: layers, classes, constants, and refusals that name the node."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import Graph, signs

import hyperdrive_sim as hs
from hyperdrive_sim.importing import models
from hyperdrive_sim.network.golden import Computation, Exact, forward
from hyperdrive_sim.network.layers import (
    Activation,
    Add,
    BatchNorm,
    ChannelPad,
    ChannelShuffle,
    Concat,
    Conv,
    Dense,
    Flatten,
    GlobalMean,
    MaxPool,
    MeanPool,
    Quantise,
    Sign,
    Slice,
    Upsample,
)


def imported(graph: Graph, folder: Path, *outputs: str, **options: Any) -> models.Imported:
    return models.read(graph.save(folder / "model.onnx", *outputs), **options)


def kinds(found: models.Imported) -> list[type]:
    return [type(layer) for layer in found.network]


def computed(found: models.Imported, image: Any) -> Any:
    """The network's output [channels, rows, columns] for an image [channels, rows, columns]."""
    start = {next(iter(found.network.inputs)): image.transpose(1, 2, 0)}
    maps = dict(forward(Computation(found.network, found.parameters, start, Exact())))
    return maps[found.network.outputs[0]].transpose(2, 0, 1)


def image(*shape: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).integers(-128, 128, shape) / 128


class TestBinaryLayers:
    def test_sign_convolution_norm_sign_has_a_threshold_between_sums(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 6, 6)
        sums = graph.add("Conv", graph.sign("x"), graph.constant(signs(4, 3, 3, 3)), pads=[1, 1, 1, 1])
        found = imported(graph, tmp_path, graph.sign(graph.norm(sums, [1, -2, 0.5, 3], [0.5, 1, -4, 0.2])))
        assert kinds(found) == [Sign, Conv, Sign]
        conv, last = found.network.layers[1:]
        assert isinstance(conv, Conv)
        assert (conv.weights, conv.maps, conv.pad, conv.scale, conv.bias) == ("binary", "binary", 0, False, False)
        its = found.parameters[last.name]
        # beyond the edges sums may be even or odd: all integers can occur, and a threshold lies between two
        assert its.scale is not None
        assert its.bias is not None
        assert list(its.scale) == [1, -1, 1, 1]
        assert list(its.bias) == [0.5, 0.5, -7.5, 0.5]

    def test_a_tiny_factor_is_a_channel_that_never_changes(self, tmp_path: Path) -> None:
        graph = Graph(1, 4, 5, 5)
        sums = graph.add("Conv", graph.sign("x"), graph.constant(signs(2, 4, 3, 3)))
        found = imported(graph, tmp_path, graph.sign(graph.norm(sums, [3e-7, 1], [-0.2, 0.1])))
        its = found.parameters[found.network.outputs[0]]
        assert its.scale is not None
        assert its.bias is not None
        assert (its.scale[0], its.bias[0]) == (0, -1)
        assert (computed(found, image(4, 5, 5))[0] == -1).all()

    @pytest.mark.parametrize("value", [-1.0, 1.0, 0.0])
    def test_the_value_of_a_padding_is_kept(self, tmp_path: Path, value: float) -> None:
        graph = Graph(1, 2, 4, 4)
        padded = graph.add("Pad", graph.sign("x"), graph.constant([0, 0, 1, 2, 0, 0, 1, 0], np.int64), graph.constant(value))
        found = imported(graph, tmp_path, graph.add("Conv", padded, graph.constant(signs(3, 2, 2, 2))))
        conv = found.network.layers[-1]
        assert isinstance(conv, Conv)
        assert (conv.window.pads, conv.pad) == ((1, 2, 1, 0), value)

    def test_magnitudes_of_weights_go_behind_the_sums(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        weights = signs(3, 2, 3, 3) * np.array([0.5, 2, 0.25])[:, None, None, None]
        sums = graph.add("Conv", graph.sign("x"), graph.constant(weights), graph.constant([1, 2, 3]))
        found = imported(graph, tmp_path, sums)
        assert kinds(found) == [Sign, Conv, BatchNorm]
        its = found.parameters[found.network.outputs[0]]
        assert its.scale is not None
        assert its.bias is not None
        assert (list(its.scale), list(its.bias)) == ([0.5, 2, 0.25], [1, 2, 3])

    def test_latent_weights_without_a_sign_are_real(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        latent = np.random.default_rng(0).normal(size=(3, 2, 3, 3))
        found = imported(graph, tmp_path, graph.add("Conv", graph.sign("x"), graph.constant(latent)))
        conv = found.network.layers[-1]
        assert isinstance(conv, Conv)
        assert conv.weights == "real"

    def test_latent_weights_behind_a_sign_are_binary(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        latent = np.random.default_rng(0).normal(size=(3, 2, 3, 3)).astype(np.float32)
        found = imported(graph, tmp_path, graph.add("Conv", graph.sign("x"), graph.add("Sign", graph.constant(latent))))
        weights = found.parameters[found.network.outputs[0]].weights
        assert weights is not None
        assert (weights.transpose(0, 3, 1, 2) == np.sign(latent)).all()

    def test_binary_weights_on_a_real_map_take_factor_offset_and_relu_in(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        sums = graph.add("Conv", "x", graph.constant(0.5 * signs(3, 2, 3, 3)), pads=[1, 1, 1, 1])
        found = imported(graph, tmp_path, graph.add("Relu", graph.norm(sums, [1, 2, 3], [1, 1, 1])))
        (conv,) = found.network
        assert isinstance(conv, Conv)
        assert (conv.weights, conv.maps, conv.scale, conv.bias, conv.relu) == ("binary", "real", True, True, True)

    def test_the_offset_before_a_residual_add_goes_into_the_add(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 4, 4)
        first = graph.add("Relu", graph.add("Conv", "x", graph.constant(signs(3, 3, 3, 3)), pads=[1, 1, 1, 1]))
        second = graph.norm(graph.add("Conv", first, graph.constant(signs(3, 3, 3, 3, seed=1)), pads=[1, 1, 1, 1]), [0.5] * 3, [1, 2, 3])
        found = imported(graph, tmp_path, graph.add("Relu", graph.add("Add", first, second)))
        conv1, conv2, add = found.network
        assert isinstance(conv2, Conv)
        assert isinstance(add, Add)
        assert (conv2.scale, conv2.bias, conv2.relu) == (True, False, False)
        assert (add.inputs, add.bias, add.relu) == ((conv2.name, conv1.name), True, True)
        mapped = hs.check(network=found.network, architecture="hyperdrive")
        assert mapped.ok

    def test_sums_that_are_added_stay_sums(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 4, 4)
        x = graph.sign("x")
        one, two = (graph.add("Conv", x, graph.constant(signs(3, 3, 1, 1, seed=n))) for n in (1, 2))
        found = imported(graph, tmp_path, graph.sign(graph.add("Add", one, two)))
        assert kinds(found) == [Sign, Conv, Conv, Add, Sign]
        assert found.network.is_sums(found.network.layers[3].name)

    def test_a_max_pooling_of_scaled_sums_is_one_of_bare_sums(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 6, 6)
        sums = graph.add("Conv", graph.sign("x"), graph.constant(signs(2, 3, 3, 3)))
        pooled = graph.add("MaxPool", graph.norm(sums, [2, 3], [1, 1]), kernel_shape=[2, 2], strides=[2, 2])
        found = imported(graph, tmp_path, graph.sign(graph.norm(pooled, [1, -1], [0.5, 0.5])))
        assert kinds(found) == [Sign, Conv, MaxPool, Sign]

    def test_a_sign_behind_a_pooling_of_falling_sums_is_moved_before_it(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 6, 6)
        sums = graph.add("Conv", graph.sign("x"), graph.constant(signs(2, 3, 3, 3)))
        pooled = graph.add("MaxPool", graph.norm(sums, [-2, 3], [0.5, 0.5]), kernel_shape=[2, 2], strides=[2, 2])
        found = imported(graph, tmp_path, graph.sign(pooled))
        assert kinds(found) == [Sign, Conv, Sign, MaxPool]

    def test_a_dense_layer_of_signs_is_a_convolution_over_the_whole_map(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 3, 4)
        weights = signs(5, 24)
        found = imported(graph, tmp_path, graph.add("Gemm", graph.add("Flatten", graph.sign("x")), graph.constant(weights), transB=1))
        conv = found.network.layers[-1]
        assert isinstance(conv, Conv)
        assert conv.window.kernel == (3, 4)
        x = image(2, 3, 4)
        assert (computed(found, x).ravel() == weights @ np.where(x >= 0, 1, -1).ravel()).all()


class TestZero:
    """A sign that makes a third value of 0, as torch's does."""

    def test_it_is_refused_with_the_layer_and_the_values_at_stake(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        first = graph.add("Conv", graph.add("Sign", "x"), graph.constant(signs(3, 2, 1, 1)))
        graph.save(tmp_path / "model.onnx", graph.add("Sign", first))
        with pytest.raises(hs.InvalidInput) as caught:
            models.read(tmp_path / "model.onnx")
        first, second = map(str, caught.value.mistakes)
        cure = "say what a sign's 0 becomes, 1 or -1"
        assert first == f"zero: is missing: 'sign0' makes a third value of 0: 32 of its 32 values may be 0; {cure}"
        assert second == f"zero: is missing: 'sign2' makes a third value of 0: 48 of its 48 values may be 0; {cure}"

    @pytest.mark.parametrize("zero", [1, -1])
    def test_it_is_decided(self, tmp_path: Path, zero: int) -> None:
        graph = Graph(1, 1, 1, 3)
        found = imported(graph, tmp_path, graph.add("Sign", "x"), zero=zero)
        assert list(computed(found, np.array([[[-0.5, 0.0, 0.5]]])).ravel()) == [-1, zero, 1]

    def test_sums_of_an_odd_number_of_products_need_no_decision(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 4, 4)
        found = imported(graph, tmp_path, graph.add("Sign", graph.add("Conv", graph.sign("x"), graph.constant(signs(3, 3, 3, 3)))))
        assert kinds(found) == [Sign, Conv, Sign]

    def test_padding_makes_them_even_at_the_edge(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 4, 4)
        conv = graph.add("Conv", graph.sign("x"), graph.constant(signs(3, 3, 3, 3)), pads=[1, 1, 1, 1])
        with pytest.raises(hs.InvalidInput, match="may be 0"):
            imported(graph, tmp_path, graph.add("Sign", conv))

    def test_a_threshold_between_sums_needs_no_decision(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        sums = graph.add("Conv", graph.sign("x"), graph.constant(signs(2, 2, 3, 3)))
        found = imported(graph, tmp_path, graph.add("Sign", graph.norm(sums, [1, -1], [0.3, 1.0])))
        assert kinds(found) == [Sign, Conv, Sign]

    def test_three_values_over_a_range_are_no_sign(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        ternary = graph.add("Sub", graph.sign("x"), graph.sign(graph.add("Sub", graph.constant(0.5), "x")))
        with pytest.raises(
            hs.InvalidInput, match="makes a function of every value of 'x' that is no sign and no layer here; write a sign as"
        ):
            imported(graph, tmp_path, ternary, zero=1)


class TestZeroWeights:
    """A 0 among weights behind a sign that makes a third value of it."""

    SIGN = "torch.where(w >= 0, 1.0, -1.0)"

    @staticmethod
    def latent(*shape: int, gone: int = 1) -> Any:
        weights = np.random.default_rng(2).normal(size=shape)
        weights.ravel()[:gone] = 0
        return weights

    @classmethod
    def convolved(cls, graph: Graph, latent: Any) -> str:
        return str(graph.add("Conv", graph.sign("x"), graph.add("Sign", graph.constant(latent))))

    def test_makes_them_real_and_a_note_says_so(self, tmp_path: Path) -> None:
        graph = Graph(1, 4, 5, 5)
        found = imported(graph, tmp_path, self.convolved(graph, self.latent(3, 4, 3, 3, gone=2)))
        conv = found.network.layers[-1]
        assert isinstance(conv, Conv)
        assert conv.weights == "real"
        assert found.notes == (
            "'conv3' (a Conv) has real weights, not binary ones: 2 of its 108 weights are 0, all others of one magnitude in each output"
            f" channel; zero, 1 or -1, says what a sign's 0 becomes, or write their sign as {self.SIGN}",
        )

    @pytest.mark.parametrize("zero", [1, -1])
    def test_is_decided(self, tmp_path: Path, zero: int) -> None:
        graph = Graph(1, 4, 5, 5)
        latent = self.latent(3, 4, 3, 3)
        scaled = graph.add("Mul", graph.add("Sign", graph.constant(latent)), graph.constant(np.array([0.5, 2, 0.25])[:, None, None, None]))
        found = imported(graph, tmp_path, graph.add("Conv", graph.sign("x"), scaled), zero=zero)
        conv = next(layer for layer in found.network if isinstance(layer, Conv))
        assert conv.weights == "binary"
        weights = found.parameters[conv.name].weights
        assert weights is not None
        assert weights.transpose(0, 3, 1, 2).ravel().tolist() == [zero, *np.sign(latent).ravel()[1:]]
        assert found.notes == (
            f"'conv4' (a Conv): 1 of its 108 weights is 0, all others of one magnitude in each output channel; 0 is taken for {zero:+d}",
        )

    @pytest.mark.parametrize(("zero", "kind"), [(None, Dense), (1, Conv)])
    def test_of_a_dense_layer(self, tmp_path: Path, zero: int | None, kind: type) -> None:
        graph = Graph(1, 2, 3, 4)
        signs_of = graph.add("Sign", graph.constant(self.latent(5, 24)))
        found = imported(graph, tmp_path, graph.add("Gemm", graph.add("Flatten", graph.sign("x")), signs_of, transB=1), zero=zero)
        assert kinds(found) == [Sign, kind]
        assert len(found.notes) == 1

    def test_many_are_a_value_on_purpose(self, tmp_path: Path) -> None:
        graph = Graph(1, 4, 5, 5)
        found = imported(graph, tmp_path, self.convolved(graph, self.latent(3, 4, 3, 3, gone=30)), zero=1)
        conv = found.network.layers[-1]
        assert isinstance(conv, Conv)
        assert conv.weights == "real"
        (note,) = found.notes
        assert "30 of its 108 weights are 0" in note
        assert note.endswith(f"output channel; write their sign as {self.SIGN}")

    def test_a_channel_of_zeros_has_no_third_value(self, tmp_path: Path) -> None:
        graph = Graph(1, 4, 5, 5)
        found = imported(graph, tmp_path, self.convolved(graph, self.latent(3, 4, 3, 3, gone=36)))
        conv = next(layer for layer in found.network if isinstance(layer, Conv))
        assert (conv.weights, found.notes) == ("binary", ())

    def test_zeros_among_real_weights_say_nothing(self, tmp_path: Path) -> None:
        graph = Graph(1, 4, 5, 5)
        found = imported(graph, tmp_path, graph.add("Conv", "x", graph.constant(self.latent(3, 4, 3, 3))))
        assert found.notes == ()


class TestFunctions:
    """What is a sign and what is not, by its values."""

    def test_a_threshold_of_large_numbers(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 1, 1)
        found = imported(graph, tmp_path, graph.sign(graph.add("Sub", graph.add("Mul", "x", graph.constant(1e-8)), graph.constant(3e7))))
        assert list(computed(found, np.array([[[2.9e15]], [[3.1e15]]])).ravel()) == [-1, 1]

    def test_a_steep_sigmoid_is_none(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 4, 4)
        sums = graph.add("Conv", graph.sign("x"), graph.constant(signs(2, 3, 1, 1)))
        found = imported(graph, tmp_path, graph.add("Sigmoid", graph.add("Mul", sums, graph.constant(10))))
        assert kinds(found) == [Sign, Conv, BatchNorm, Activation]

    def test_a_sign_less_its_input_plus_its_input_is_one(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 1, 2)
        found = imported(graph, tmp_path, graph.add("Add", graph.add("Sub", graph.sign("x"), "x"), "x"))
        assert kinds(found) == [Sign]


class TestConstants:
    """What a file computes its constants from, as exporters leave it that compute nothing beforehand."""

    def test_some_of_the_sizes_of_a_constant_and_of_a_map(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        weights = graph.constant(signs(3, 2, 1, 1))
        bias = graph.add("Expand", graph.constant([0.5]), graph.add("Shape", weights, start=0, end=1))
        rows = graph.add("Shape", "x", start=2, end=3)
        seen = graph.add(
            "Reshape", "x", graph.add("Concat", graph.constant([1, -1], np.int64), rows, graph.constant([4], np.int64), axis=0)
        )
        found = imported(graph, tmp_path, graph.add("Conv", seen, weights, bias))
        its = found.parameters[found.network.outputs[0]].bias
        assert its is not None
        assert its.tolist() == [0.5, 0.5, 0.5]

    def test_types_that_are_taken_from_a_map_or_from_a_constant(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        two = graph.add("CastLike", graph.constant(2, np.int64), "x")
        same = graph.add("CastLike", "x", graph.constant(signs(5, 3)))
        found = imported(graph, tmp_path, graph.add("CastLike", graph.add("Mul", same, two), graph.add("Relu", "x")))
        given = image(2, 4, 4)
        assert (computed(found, given) == 2 * given).all()

    @pytest.mark.parametrize(
        ("sizes", "number", "cut"), [([1, 3], 1, np.s_[1:]), (3, 0, np.s_[:3]), (3, 1, np.s_[3:]), ([2, 2], -1, np.s_[2:])]
    )
    def test_a_list_of_pieces(self, tmp_path: Path, sizes: Any, number: int, cut: slice) -> None:
        graph = Graph(1, 4, 3, 3)
        pieces = graph.add("SplitToSequence", "x", graph.constant(sizes, np.int64), axis=1)
        found = imported(graph, tmp_path, graph.add("SequenceAt", pieces, graph.constant(number, np.int64)))
        given = image(4, 3, 3)
        assert (computed(found, given) == given[cut]).all()

    def test_a_list_that_something_else_takes(self, tmp_path: Path) -> None:
        graph = Graph(1, 4, 3, 3)
        pieces = graph.add("SplitToSequence", "x", graph.constant(2, np.int64), axis=1)
        with pytest.raises(hs.InvalidInput, match="takes a list of maps"):
            imported(graph, tmp_path, graph.add("ConcatFromSequence", pieces, axis=1))


class TestActivations:
    """Functions of one value, however they are written, that are an activation with a factor and an offset."""

    @staticmethod
    def layers(found: models.Imported) -> list[str]:
        return [one.function if isinstance(one, Activation) else type(one).__name__ for one in found.network]

    @staticmethod
    def silu(graph: Graph, x: str) -> str:
        return str(graph.add("Mul", graph.add("Sigmoid", x), x))

    @staticmethod
    def value(x: Any) -> Any:
        return x / (1 + np.exp(-x))

    WRITTEN: Mapping[str, tuple[Callable[[Graph], str], Callable[[Any], Any], list[str]]] = {
        "x + relu(x)": (
            lambda graph: graph.add("Add", "x", graph.add("Relu", "x")),
            lambda x: x + np.maximum(x, 0),
            ["leaky_relu", "BatchNorm"],
        ),
        "x - relu(x)": (
            lambda graph: graph.add("Sub", "x", graph.add("Relu", "x")),
            lambda x: np.minimum(x, 0),
            ["BatchNorm", "relu", "BatchNorm"],
        ),
        "a leaky ReLU of where": (
            lambda graph: graph.add(
                "Where", graph.add("Greater", "x", graph.constant(0)), "x", graph.add("Mul", "x", graph.constant(0.25))
            ),
            lambda x: np.where(x > 0, x, 0.25 * x),
            ["leaky_relu"],
        ),
        "slopes of channels": (
            lambda graph: graph.add("Add", graph.add("Mul", "x", graph.constant([[[0.5]], [[2]]])), graph.add("Relu", "x")),
            lambda x: np.array([0.5, 2])[:, None, None] * x + np.maximum(x, 0),
            ["prelu", "BatchNorm"],
        ),
        "an absolute value": (lambda graph: graph.add("Abs", "x"), np.abs, ["leaky_relu"]),
        "x sigmoid(x)": (lambda graph: TestActivations.silu(graph, "x"), lambda x: TestActivations.value(x), ["silu"]),
        "of a batch norm, and one behind it": (
            lambda graph: graph.norm(TestActivations.silu(graph, graph.norm("x", [2, 0.5], [1, -1])), [3, -1], [0, 1]),
            lambda x: np.stack([3 * TestActivations.value(2 * x[0] + 1), 1 - TestActivations.value(x[1] / 2 - 1)]),
            ["BatchNorm", "silu", "BatchNorm"],
        ),
        "a hard swish of ReLU6": (
            lambda graph: graph.add(
                "Div",
                graph.add("Mul", "x", graph.add("Clip", graph.add("Add", "x", graph.constant(3)), graph.constant(0), graph.constant(6))),
                graph.constant(6),
            ),
            lambda x: x * np.clip(x + 3, 0, 6) / 6,
            ["hard_swish"],
        ),
        "a hard sigmoid": (
            lambda graph: graph.add("HardSigmoid", "x", alpha=0.25),
            lambda x: np.clip(x / 4 + 0.5, 0, 1),
            ["BatchNorm", "clip"],
        ),
        "a Celu": (
            lambda graph: graph.add("Celu", "x", alpha=0.5),
            lambda x: np.where(x < 0, np.expm1(2 * x) / 2, x),
            ["BatchNorm", "elu", "BatchNorm"],
        ),
    }

    @pytest.mark.parametrize("what", WRITTEN)
    def test_written_with_operators(self, tmp_path: Path, what: str) -> None:
        make, function, layers = self.WRITTEN[what]
        graph = Graph(1, 2, 5, 7)
        found = imported(graph, tmp_path, make(graph))
        assert not layers or self.layers(found) == layers
        given = image(2, 5, 7) * 8
        assert np.allclose(computed(found, given), function(given), rtol=1e-6, atol=1e-6)

    def test_a_bent_function_of_a_sign_stays_a_sign(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 3, 3)
        found = imported(graph, tmp_path, graph.sign(graph.add("Add", "x", graph.add("Relu", "x"))))
        assert kinds(found) == [Sign]

    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (lambda graph: graph.add("Mul", "x", "x"), "'mul0' (Mul)"),
            (lambda graph: graph.add("Add", "x", graph.add("Tanh", "x")), "'add1' (Add)"),
            (lambda graph: graph.add("Add", "x", graph.sign("x")), "'add2' (Add)"),
            (lambda graph: graph.add("Erf", "x"), "'erf0' (Erf)"),
        ],
    )
    def test_none(self, tmp_path: Path, make: Callable[[Graph], str], said: str) -> None:
        graph = Graph(1, 2, 3, 3)
        about = "makes a function of every value of 'x' that is no activation here; take one of these: relu, leaky_relu, "
        with pytest.raises(hs.InvalidInput, match=re.escape(f"model: {said} {about}")):
            imported(graph, tmp_path, make(graph))


class TestOtherLayers:
    def test_layers(self, tmp_path: Path) -> None:
        graph = Graph(1, 4, 6, 6)
        x = graph.add("LeakyRelu", "x", alpha=0.1)
        one = graph.add("Upsample", x, graph.constant([1, 1, 2, 2]), mode="nearest")
        mean = graph.add("AveragePool", one, kernel_shape=[2, 2], strides=[2, 2])
        front, back = graph.add("Split", mean, graph.constant([1, 3], np.int64), outputs=2, axis=1)
        both = graph.add("Concat", back, front, axis=1)
        found = imported(graph, tmp_path, graph.add("GlobalAveragePool", both))
        assert kinds(found) == [Activation, Upsample, MeanPool, Slice, Slice, Concat, GlobalMean]
        given = image(4, 6, 6)
        leaky = np.where(given < 0, 0.1 * given, given).mean(axis=(1, 2))
        assert np.allclose(computed(found, given).ravel(), leaky[[1, 2, 3, 0]])

    def test_a_channel_shuffle(self, tmp_path: Path) -> None:
        graph = Graph(1, 6, 2, 2)
        cut = graph.add("Reshape", "x", graph.constant([1, 2, 3, 2, 2], np.int64))
        turned = graph.add("Transpose", cut, perm=[0, 2, 1, 3, 4])
        shuffled = graph.add("Reshape", turned, graph.constant([1, 6, 2, 2], np.int64))
        found = imported(graph, tmp_path, graph.add("MaxPool", shuffled, kernel_shape=[1, 1]))
        assert kinds(found) == [ChannelShuffle, MaxPool]
        given = image(6, 2, 2)
        assert (computed(found, given) == given[[0, 3, 1, 4, 2, 5]]).all()

    def test_an_output_has_its_channels_in_their_order(self, tmp_path: Path) -> None:
        graph = Graph(1, 4, 2, 2)
        same = graph.add("MaxPool", "x", kernel_shape=[1, 1])
        cut = graph.add("Reshape", same, graph.constant([1, 2, 2, 2, 2], np.int64))
        turned = graph.add("Transpose", cut, perm=[0, 2, 1, 3, 4])
        found = imported(graph, tmp_path, graph.add("Reshape", turned, graph.constant([1, 4, 2, 2], np.int64)))
        given = image(4, 2, 2)
        assert (computed(found, given) == given[[0, 2, 1, 3]]).all()

    def test_channels_last(self, tmp_path: Path) -> None:
        graph = Graph(1, 5, 4, 2)
        moved = graph.add("Transpose", "x", perm=[0, 3, 1, 2])
        weights = np.random.default_rng(0).normal(size=(3, 2, 1, 1))
        back = graph.add("Transpose", graph.add("Conv", moved, graph.constant(weights)), perm=[0, 2, 3, 1])
        product = graph.constant(np.random.default_rng(1).normal(size=(3, 4)))
        found = imported(graph, tmp_path, graph.add("MatMul", back, product))
        assert tuple(found.network.inputs["x"]) == (2, 5, 4)
        assert kinds(found) == [Conv, Conv]

    def test_a_norm_of_single_values_flattens(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 2, 2)
        flat = graph.add("Flatten", "x")
        normed = graph.norm(flat, list(range(1, 9)), [0.5] * 8)
        weights = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
        found = imported(graph, tmp_path, graph.add("Gemm", normed, graph.constant(weights), transB=1))
        assert kinds(found) == [Flatten, BatchNorm, Dense]
        given = image(2, 2, 2)
        assert np.allclose(computed(found, given).ravel(), weights @ (given.ravel() * range(1, 9) + 0.5), atol=1e-6)

    def test_quantised_inputs_and_bipolar_quant(self, tmp_path: Path) -> None:
        graph = Graph(1, 1, 2, 2)
        domain = "qonnx.custom_op.general"
        eighth = graph.add("Quant", "x", *map(graph.constant, (0.125, 0, 8)), domain=domain, signed=1, narrow=0, rounding_mode="ROUND")
        weights = graph.add("BipolarQuant", graph.constant(np.array([[[[0.3, -0.2], [0, -1]]]])), graph.constant(1), domain=domain)
        sums = graph.add("Conv", eighth, weights)
        found = imported(graph, tmp_path, graph.add("BipolarQuant", sums, graph.constant(1), domain=domain))
        assert kinds(found) == [Quantise, Conv, Sign]

    def test_multi_threshold(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 1, 1)
        thresholds, domain = graph.constant([[0.25], [-3]]), "finn.custom_op.general"
        made = graph.add("MultiThreshold", "x", thresholds, domain=domain, out_scale=2.0, out_bias=-1.0)
        found = imported(graph, tmp_path, made)
        assert kinds(found) == [Sign]
        assert list(computed(found, np.array([[[0.25]], [[-3.5]]])).ravel()) == [1, -1]

    def test_a_mean_that_leaves_padding_out(self, tmp_path: Path) -> None:
        graph = Graph(1, 1, 2, 2)
        found = imported(graph, tmp_path, graph.add("AveragePool", "x", kernel_shape=[2, 2], pads=[1, 1, 0, 0], strides=[2, 2]))
        assert (computed(found, np.full((1, 2, 2), 3.0)) == 3).all()

    def test_a_pool_over_all_of_a_padded_map(self, tmp_path: Path) -> None:
        graph = Graph(1, 1, 2, 2)
        padded = graph.add("Pad", "x", graph.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
        found = imported(graph, tmp_path, graph.add("GlobalAveragePool", padded))
        assert computed(found, np.full((1, 2, 2), 4.0)).ravel().tolist() == [1.0]

    def test_a_batch_norm_behind_a_pad(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 3, 3)
        padded = graph.add("Pad", "x", graph.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
        shifted = graph.norm(padded, [2, 2], [1, 1])
        found = imported(graph, tmp_path, graph.add("Conv", shifted, graph.constant(np.ones((1, 2, 3, 3)))))
        given = image(2, 3, 3)
        whole = np.pad(2 * given + 1, ((0, 0), (1, 1), (1, 1)), constant_values=1)
        wanted = [[whole[:, row : row + 3, column : column + 3].sum() for column in range(3)] for row in range(3)]
        assert np.allclose(computed(found, given)[0], wanted)

    def test_another_resolution(self, tmp_path: Path) -> None:
        graph = Graph("n", 2, "h", "w")
        made = graph.add("Conv", "x", graph.constant(signs(3, 2, 3, 3)))
        with pytest.raises(hs.InvalidInput, match="leaves sizes open; give"):
            imported(graph, tmp_path, made)
        found = imported(graph, tmp_path, made, input_shape=[2, 20, 30])
        assert tuple(found.network.shape(found.network.outputs[0])) == (3, 18, 28)


class TestSignsThatAreMoved:
    """Signs of one magnitude stay signs where values are only moved, and are multiplied afterwards."""

    MOVES = {  # noqa: RUF012 - read only
        "slice": lambda graph, x: graph.add("Slice", x, *(graph.constant([n], np.int64) for n in (0, 3, 1))),
        "concatenation": lambda graph, x: graph.add("Concat", x, x, axis=1),
        "enlarged": lambda graph, x: graph.add("Resize", x, "", graph.constant([1, 1, 2, 2])),
        "pooling": lambda graph, x: graph.add("MaxPool", x, kernel_shape=[2, 2]),
    }

    @pytest.mark.parametrize("how", list(MOVES))
    def test_of_half(self, tmp_path: Path, how: str) -> None:
        graph = Graph(1, 4, 5, 5)
        moved = self.MOVES[how](graph, graph.add("Mul", graph.sign("x"), graph.constant(0.5)))
        channels = {"slice": 3, "concatenation": 8}.get(how, 4)
        found = imported(graph, tmp_path, graph.add("Conv", moved, graph.constant(signs(2, channels, 1, 1))))
        conv = next(layer for layer in found.network if isinstance(layer, Conv))
        assert conv.maps == "binary"
        assert set(np.unique(np.abs(computed(found, image(4, 5, 5))))) <= set(np.arange(0, 9) / 2)

    def test_of_different_magnitudes(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 3, 3)
        halves, twos = (graph.add("Mul", graph.sign("x"), graph.constant(scale)) for scale in (0.5, 2))
        compared = graph.sign(graph.add("Sub", graph.add("Concat", halves, twos, axis=1), graph.constant(0.7)))
        given = image(2, 3, 3)
        wanted = np.concatenate([np.full((2, 3, 3), -1.0), np.where(given >= 0, 1.0, -1.0)])
        assert (computed(imported(graph, tmp_path, compared), given) == wanted).all()


class TestPadsBeforeMaxPools:
    """A Pad of no more than what lies under a window is the pooling's own padding."""

    PADS = (0, 0, 1, 1, 0, 0, 1, 1)

    @classmethod
    def pooled(cls, graph: Graph, x: str, filling: float) -> str:
        padded = graph.add("Pad", x, graph.constant(cls.PADS, np.int64), graph.constant(filling))
        return str(graph.add("MaxPool", padded, kernel_shape=[3, 3], strides=[2, 2]))

    @staticmethod
    def wanted(values: Any, filling: float) -> Any:
        padded = np.pad(values, ((0, 0), (1, 1), (1, 1)), constant_values=filling)
        return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))[:, ::2, ::2].max((3, 4))

    KNOWN: Mapping[str, tuple[Callable[[Graph], str], Callable[[Any], Any], float]] = {
        "a ReLU": (lambda graph: graph.add("Relu", "x"), lambda x: np.maximum(x, 0), 0),
        "a clip": (lambda graph: graph.add("Clip", "x", graph.constant(-0.25), graph.constant(1)), lambda x: np.clip(x, -0.25, 1), -0.25),
        "a scaled sigmoid": (
            lambda graph: graph.add("Sub", graph.constant(1), graph.add("Sigmoid", "x")),
            lambda x: 1 - 1 / (1 + np.exp(-x)),
            0,
        ),
        "a sum": (
            lambda graph: graph.add("Add", graph.add("Relu", "x"), graph.add("MaxPool", graph.add("Relu", "x"), kernel_shape=[1, 1])),
            lambda x: 2 * np.maximum(x, 0),
            0,
        ),
        "a mean": (
            lambda graph: graph.add("AveragePool", graph.add("Relu", "x"), kernel_shape=[1, 1]),
            lambda x: np.maximum(x, 0),
            0,
        ),
        "a concatenation": (
            lambda graph: graph.add("Concat", graph.add("Relu", "x"), graph.add("Sigmoid", "x"), axis=1),
            lambda x: np.concatenate([np.maximum(x, 0), 1 / (1 + np.exp(-x))]),
            -1,
        ),
        "signs": (lambda graph: graph.sign("x"), lambda x: np.where(x >= 0, 1, -1), -1),
        "signs moved": (
            lambda graph: graph.add("Concat", graph.sign("x"), graph.sign("x"), axis=1),
            lambda x: np.tile(np.where(x >= 0, 1, -1), (2, 1, 1)),
            -1,
        ),
    }

    @pytest.mark.parametrize("what", KNOWN)
    def test_of_what_is_known(self, tmp_path: Path, what: str) -> None:
        make, function, filling = self.KNOWN[what]
        graph = Graph(1, 2, 5, 7)
        found = imported(graph, tmp_path, self.pooled(graph, make(graph), filling))
        pool = next(layer for layer in found.network.layers[::-1] if isinstance(layer, MaxPool))
        assert pool.window.pads == (1, 1, 1, 1)
        assert not what.startswith("signs") or found.network.is_signs(pool.name)
        given = image(2, 5, 7)
        assert np.allclose(computed(found, given), self.wanted(function(given), filling))

    @pytest.mark.parametrize(
        ("make", "filling"),
        [
            (lambda graph: "x", 0),
            (lambda graph: graph.add("Relu", "x"), 0.5),
            (lambda graph: graph.add("Neg", graph.add("Relu", "x")), 0),
            (lambda graph: graph.add("Conv", graph.add("Relu", "x"), graph.constant(signs(2, 2, 1, 1))), 0),
            (lambda graph: graph.sign("x"), 0),
        ],
    )
    def test_of_what_may_be_less(self, tmp_path: Path, make: Callable[[Graph], str], filling: float) -> None:
        graph = Graph(1, 2, 5, 7)
        with pytest.raises(hs.InvalidInput, match=f"is padded with {filling:g} and may have smaller values"):
            imported(graph, tmp_path, self.pooled(graph, make(graph), filling))

    def test_windows_in_the_padding_alone(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 5, 7)
        padded = graph.add("Pad", graph.add("Relu", "x"), graph.constant([0, 0, 2, 0, 0, 0, 2, 0], np.int64))
        with pytest.raises(hs.InvalidInput, match=r"lie in its padding \(2, 0, 2, 0\) alone"):
            imported(graph, tmp_path, graph.add("MaxPool", padded, kernel_shape=[2, 2]))


class TestEnds:
    """A classifier's last operators, which are left out."""

    @staticmethod
    def classes(graph: Graph) -> str:
        return str(graph.add("Gemm", graph.add("Flatten", "x"), graph.constant(np.eye(8)), transB=1))

    @pytest.mark.parametrize("last", ["Softmax", "LogSoftmax", "ArgMax"])
    def test_arrangements_behind_what_is_left_out(self, tmp_path: Path, last: str) -> None:
        graph = Graph(1, 2, 2, 2)
        made = graph.add(last, self.classes(graph), axis=1)
        made = graph.add("Squeeze", graph.add("Unsqueeze", made, graph.constant([0], np.int64)), graph.constant([0], np.int64))
        made = graph.add("Flatten", graph.add("Transpose", graph.add("Reshape", made, graph.constant([-1, 1], np.int64))))
        found = imported(graph, tmp_path, graph.add("Identity", graph.add("Cast", made, to=1)))
        assert kinds(found) == [Dense]
        (note,) = found.notes
        assert note.endswith(f"{last}) is left out: it does not change which class is the largest")

    def test_one_after_the_other(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 2, 2)
        found = imported(graph, tmp_path, graph.add("ArgMax", graph.add("Softmax", self.classes(graph))))
        assert kinds(found) == [Dense]
        assert len(found.notes) == 2

    @pytest.mark.parametrize(("first", "then"), [("Softmax", "Relu"), ("ArgMax", "ArgMax"), ("ArgMax", "Softmax")])
    def test_what_computes_behind_them(self, tmp_path: Path, first: str, then: str) -> None:
        graph = Graph(1, 2, 2, 2)
        made = graph.add(then, graph.add(first, self.classes(graph)))
        with pytest.raises(hs.InvalidInput, match=f"takes what {first} makes; {first} is understood only where a network ends"):
            imported(graph, tmp_path, made)


class TestRefusals:
    @pytest.mark.parametrize(
        "attributes",
        [{"coordinate_transformation_mode": "align_corners"}, {"nearest_mode": "ceil"}, {"coordinate_transformation_mode": "asymmetric"}],
    )
    def test_enlargements_that_do_not_repeat_pixels(self, tmp_path: Path, attributes: dict[str, str]) -> None:
        graph = Graph(1, 2, 4, 4)
        with pytest.raises(hs.InvalidInput, match="by other than repeating its pixels"):
            imported(graph, tmp_path, graph.add("Resize", "x", "", graph.constant([1, 1, 3, 3]), **attributes))

    def test_more_channels_by_an_enlargement(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        with pytest.raises(hs.InvalidInput, match="enlarges a map by 1 x 2 x 2 x 2"):
            imported(graph, tmp_path, graph.add("Resize", "x", "", graph.constant([1, 2, 2, 2])))

    @pytest.mark.parametrize(
        ("op", "said"),
        [
            ("DepthToSpace", "'depthtospace0' (DepthToSpace) is not understood; take an upsampling in its place"),
            ("InstanceNormalization", "'instancenormalization0' (InstanceNormalization) is not understood; take a batch norm in its place"),
            ("Frobnicate", "'frobnicate0' (Frobnicate) is not understood; see the README for the operators that are"),
        ],
    )
    def test_operators(self, tmp_path: Path, op: str, said: str) -> None:
        graph = Graph(1, 2, 4, 4)
        with pytest.raises(hs.InvalidInput, match=said.replace("(", r"\(").replace(")", r"\)")):
            imported(graph, tmp_path, graph.add(op, "x"))

    def test_training_mode(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        made = graph.add("BatchNormalization", "x", *(graph.constant([1, 1]) for _ in range(4)), training_mode=1)
        with pytest.raises(hs.InvalidInput, match=r"is in training mode; call model.eval\(\)"):
            imported(graph, tmp_path, made)

    def test_what_grows_out_of_a_shape_alone(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        weights = graph.add("ConstantOfShape", graph.constant([2**20, 2, 2**10, 3], np.int64))
        with pytest.raises(hs.InvalidInput, match="makes a constant of 6,442,450,944 values out of 1"):
            imported(graph, tmp_path, graph.add("Conv", "x", weights))

    def test_constants_that_double(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 4, 4)
        grown = graph.constant(np.ones((1, 2, 1, 1)))
        for _ in range(40):
            grown = graph.add("Concat", grown, grown, axis=0)
        with pytest.raises(hs.InvalidInput, match="the file's may grow by"):
            imported(graph, tmp_path, graph.add("Conv", "x", grown))

    @pytest.mark.parametrize("name", ["model.pt", "model.pt2", "model.h5", "model.tflite", "model.safetensors"])
    def test_other_formats(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(b"something")
        with pytest.raises(hs.InvalidInput, match=r"is of a format that is not read; .*export it"):
            models.read(tmp_path / name)

    def test_more_than_a_protobuf_may_hold(self, tmp_path: Path) -> None:
        nodes = b"\x0a\x00" * 2_200_000
        length = bytes([len(nodes) & 127 | 128, len(nodes) >> 7 & 127 | 128, len(nodes) >> 14 & 127 | 128, len(nodes) >> 21])
        (tmp_path / "model.onnx").write_bytes(b"\x3a" + length + nodes)
        with pytest.raises(hs.InvalidInput, match="has a structure of more than 256 MiB"):
            models.read(tmp_path / "model.onnx")

    @pytest.mark.parametrize("location", ["../weights.bin", "/etc/hostname", "link.bin", "..", ""])
    def test_values_outside_of_the_folder(self, tmp_path: Path, location: str) -> None:
        graph = Graph(1, 2, 4, 4)
        made = graph.add("Conv", "x", graph.constant(signs(3, 2, 1, 1)))
        model = graph.model(made)
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = 1
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location
        (tmp_path / "weights.bin").write_bytes(bytes(24))
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / "link.bin").symlink_to(tmp_path / "weights.bin")
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(hs.InvalidInput, match="it must be a file in the model's own folder, no link"):
            models.read(folder / "model.onnx")


class TestParts:
    """Slices of channels, rows and columns."""

    @pytest.mark.parametrize(
        "cut",
        [np.s_[:, 1:, :], np.s_[:, ::2, ::3], np.s_[2:5, 1:-1, -4:-1], np.s_[::2, :, 1::2], np.s_[:, 1:6:4]],
    )
    def test_of_a_map(self, tmp_path: Path, cut: Any) -> None:
        graph = Graph(1, 6, 7, 9)
        steps = [(n, *one.indices((6, 7, 9)[n - 1])) for n, one in enumerate(cut, 1)]
        which, starts, ends, strides = (graph.constant(one, np.int64) for one in zip(*steps, strict=True))
        for x, start in (("x", 0), (graph.sign("x"), 1)):
            found = imported(graph, tmp_path, graph.add("Slice", x, starts, ends, which, strides))
            assert set(kinds(found)[start:]) == {Slice}
            assert found.network.is_signs(found.network.outputs[0]) == (start > 0)
            given = image(6, 7, 9)
            assert (computed(found, given) == (np.where(given >= 0, 1, -1) if start else given)[cut]).all()

    def test_of_groups_of_channels(self, tmp_path: Path) -> None:
        graph = Graph(1, 6, 2, 2)
        groups = graph.add("Reshape", "x", graph.constant([1, 3, 2, 2, 2], np.int64))
        cut = graph.add("Slice", groups, *(graph.constant([n], np.int64) for n in (1, 3, 1)))
        found = imported(graph, tmp_path, graph.add("Reshape", cut, graph.constant([1, 4, 2, 2], np.int64)))
        given = image(6, 2, 2)
        assert (computed(found, given) == given[2:]).all()

    @pytest.mark.parametrize(
        ("axis", "starts", "ends", "step", "said"),
        [
            (2, 3, 3, 1, "takes no rows"),
            (3, -1, -100, -1, "takes columns from the last one to the first"),
            (1, 2, 1, 1, "takes no channels"),
        ],
    )
    def test_that_are_refused(self, tmp_path: Path, axis: int, starts: int, ends: int, step: int, said: str) -> None:
        graph = Graph(1, 6, 7, 9)
        made = graph.add("Slice", "x", *(graph.constant([n], np.int64) for n in (starts, ends, axis, step)))
        with pytest.raises(hs.InvalidInput, match=said):
            imported(graph, tmp_path, made)

    @pytest.mark.parametrize(
        ("shape", "axis", "said"),
        [([1, 6, 63], 2, "takes some rows and columns"), ([1, 3, 2, 7, 9], 2, "takes some of the channels of each group")],
    )
    def test_of_other_views(self, tmp_path: Path, shape: list[int], axis: int, said: str) -> None:
        graph = Graph(1, 6, 7, 9)
        seen = graph.add("Reshape", "x", graph.constant(shape, np.int64))
        with pytest.raises(hs.InvalidInput, match=said):
            imported(graph, tmp_path, graph.add("Slice", seen, *(graph.constant([n], np.int64) for n in (0, 1, axis))))

    def test_the_shortcut_without_weights(self, tmp_path: Path) -> None:
        """Every other pixel, and channels of zeros: option A of the residual networks for CIFAR."""
        graph = Graph(1, 4, 6, 6)
        smaller = graph.add("Slice", "x", *(graph.constant(one, np.int64) for one in ([0, 0], [6, 6], [2, 3], [2, 2])))
        more = graph.add("Pad", smaller, graph.constant([0, 1, 0, 0, 0, 3, 0, 0], np.int64))
        found = imported(graph, tmp_path, more)
        assert kinds(found) == [Slice, Slice, ChannelPad]
        given = image(4, 6, 6)
        assert (computed(found, given) == np.pad(given[:, ::2, ::2], ((1, 3), (0, 0), (0, 0)))).all()

    def test_channels_and_rows_padded_at_once(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 3, 3)
        padded = graph.add("Pad", "x", graph.constant([0, 1, 1, 0, 0, 0, 1, 0], np.int64))
        found = imported(graph, tmp_path, graph.add("Conv", padded, graph.constant(np.ones((1, 3, 1, 1)))))
        assert kinds(found) == [ChannelPad, Conv]
        given = image(2, 3, 3)
        assert np.allclose(computed(found, given), np.pad(given.sum(0, keepdims=True), ((0, 0), (1, 1), (0, 0))))

    def test_channels_of_other_than_zeros(self, tmp_path: Path) -> None:
        graph = Graph(1, 2, 3, 3)
        padded = graph.add("Pad", "x", graph.constant([0, 1, 0, 0, 0, 0, 0, 0], np.int64), graph.constant(1))
        with pytest.raises(hs.InvalidInput, match="adds channels of 1; channels of 0 can be added"):
            imported(graph, tmp_path, padded)

    def test_on_the_host(self, tmp_path: Path) -> None:
        graph = Graph(1, 3, 8, 8)
        smaller = graph.add("Slice", "x", *(graph.constant(one, np.int64) for one in ([0, 1], [8, 8], [2, 3], [2, 1])))
        made = graph.add("Relu", graph.add("Conv", smaller, graph.constant(signs(4, 3, 3, 3)), pads=[1, 1, 1, 1]))
        found = imported(graph, tmp_path, graph.add("Pad", made, graph.constant([0, 2, 0, 0, 0, 2, 0, 0], np.int64)))
        assert kinds(found) == [Slice, Slice, Conv, ChannelPad]
        assert hs.check(network=found, architecture="hyperdrive").ok
