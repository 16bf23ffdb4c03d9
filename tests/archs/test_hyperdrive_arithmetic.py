"""Hyperdrive's arithmetic, block by block: the bits that one FP16 operation after the other gives, and what is kept for a block."""

from __future__ import annotations

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pytest

from hyperdrive_sim import kernels
from hyperdrive_sim.archs.hyperdrive.arithmetic import Fp16
from hyperdrive_sim.kernels.fp16_numpy import Fp16Numpy
from hyperdrive_sim.network.layers import Add, Conv
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Array, Parameters
from hyperdrive_sim.network.window import Window

CHANNELS, SHAPE = 32, (6, 7)
BLOCKS = (0, 16), (8, 24), (16, 32), (0, 32)


def conv(groups: int = 1, *, relu: bool = False) -> Conv:
    return Conv(name="c", inputs=("x",), out_channels=CHANNELS, window=Window.square(3, padding=1), groups=groups, relu=relu)


def add(*, relu: bool = True) -> Add:
    return Add(name="a", inputs=("c", "y"), relu=relu)


def constants(seed: int, groups: int = 1, *, bias: bool = False) -> Parameters:
    rng = np.random.default_rng(seed)
    weights = rng.choice(np.array([-1, 1], np.int8), (CHANNELS, 3, 3, CHANNELS // groups))
    return Parameters(weights, rng.uniform(0.1, 3, CHANNELS), rng.standard_normal(CHANNELS) if bias else None)


def maps(seed: int) -> tuple[Array, Array]:
    """A padded map and a bypass, with numbers whose sums overflow."""
    rng = np.random.default_rng(seed)
    x, y = (rng.standard_normal((rows, columns, CHANNELS)).astype(np.float16) for rows, columns in ((8, 9), SHAPE))
    x[3, 4], y[2, 2] = 30000, -60000
    return x, y


def sums(layer: Conv, x: Array, weights: Array) -> Array:
    """The specification: one addition in numpy's float16 after the other."""
    total = np.zeros((*SHAPE, CHANNELS), np.float16)
    inputs, outputs = CHANNELS // layer.groups, CHANNELS // layer.groups
    for row, column, place in product(range(3), range(3), range(inputs)):
        for group in range(layer.groups):
            lanes = slice(group * outputs, (group + 1) * outputs)
            pixel = x[row : row + SHAPE[0], column : column + SHAPE[1], group * inputs + place, None]
            total[:, :, lanes] += pixel * weights[lanes, row, column, place].astype(np.float16)
    return total


def finished(y: Array, constants: Parameters, other: Array | None = None, *, relu: bool) -> Array:
    y = y if constants.scale is None else y * constants.scale.astype(np.float16)
    y = y if other is None else y + other
    y = y if constants.bias is None else y + constants.bias.astype(np.float16)
    return np.where(y <= 0, np.float16(0), y) if relu else y


@pytest.mark.parametrize("kernel", kernels.available())
@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize(("bias", "relu"), list(product([False, True], repeat=2)))
def test_an_add_behind_a_convolution_is_rounded_step_by_step(kernel: str, groups: int, bias: bool, relu: bool) -> None:
    """In one pass or, if the convolution has an offset or a ReLU of its own, in two."""
    arithmetic, (x, y) = Fp16(kernel), maps(1)
    layers = conv(groups, relu=relu), add()
    of_conv, of_add = constants(2, groups, bias=bias), Parameters(bias=np.linspace(-2, 2, CHANNELS))
    assert of_conv.weights is not None
    with np.errstate(all="ignore"):
        one = finished(sums(layers[0], x, of_conv.weights), of_conv, relu=relu)
        both = finished(one, of_add, y, relu=True)
    for block in BLOCKS:
        parts = of_conv.channels(*block), of_add.channels(*block)
        channels = np.s_[:, :, slice(*block)]
        np.testing.assert_array_equal(arithmetic.apply(layers[0], [x], parts[0]), one[channels])
        np.testing.assert_array_equal(arithmetic.fused(layers, [x, y[channels]], parts), both[channels])
        np.testing.assert_array_equal(arithmetic.fused(layers[:1], [x], parts[:1]), one[channels])


def test_an_add_without_constants_takes_maps_of_any_size() -> None:
    arithmetic = Fp16()
    for channels in (16, 64, 3, 32):
        y = np.arange(5 * channels, dtype=np.float16).reshape(1, 5, channels)
        for relu in (True, False):
            found = arithmetic.apply(add(relu=relu), [-y, np.ones_like(y)], NO_PARAMETERS)
            np.testing.assert_array_equal(found, np.maximum(1 - y, 0) if relu else 1 - y)


class Packed:
    """Packed weights that a weak reference can be made to."""

    def __init__(self, words: Any) -> None:
        self.words = words


class Counting:
    """A kernel that notes what it packs."""

    name = "counting"

    def __init__(self) -> None:
        self.packed: list[weakref.ref[Packed]] = []

    def pack(self, signs: Array) -> Packed:
        made = Packed(Fp16Numpy().pack(signs))
        self.packed.append(weakref.ref(made))
        return made

    def convolve(self, x: Array, packed: Packed, stride: int) -> Array:
        return Fp16Numpy().convolve(x, packed.words, stride)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    kernel = Counting()
    monkeypatch.setattr(kernels, "kernel", lambda _: kernel)
    return kernel


def test_weights_are_packed_once_and_kept_as_long_as_they_are(counting: Counting) -> None:
    arithmetic, whole = Fp16(), constants(3)
    for seed in range(3):
        x, _ = maps(seed)
        for block in BLOCKS:
            arithmetic.apply(conv(), [x], whole.channels(*block))
    assert len(counting.packed) == len(BLOCKS)
    del whole
    gc.collect()
    assert [kept() for kept in counting.packed] == [None] * len(BLOCKS)


def test_other_constants_of_a_layer_give_other_values() -> None:
    arithmetic, (x, _) = Fp16(), maps(4)
    for seed in (5, 6):
        np.testing.assert_array_equal(arithmetic.apply(conv(), [x], constants(seed)), Fp16().apply(conv(), [x], constants(seed)))


def test_threads_at_once_get_the_bits_that_each_gets_alone() -> None:
    of_conv, of_add = constants(7), Parameters(bias=np.linspace(-2, 2, CHANNELS))

    def computed(arithmetic: Fp16, work: tuple[int, tuple[int, int]]) -> bytes:
        seed, block = work
        x, y = maps(seed)
        parts = of_conv.channels(*block), of_add.channels(*block)
        return arithmetic.fused((conv(), add()), [x, y[:, :, slice(*block)]], parts).tobytes()

    works, together = list(product(range(8), BLOCKS)), Fp16()
    alone = [computed(Fp16(), work) for work in works]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda work: computed(together, work), works)) == alone


def test_another_process_prepares_its_own_blocks() -> None:
    """What is compiled cannot be sent, and what is packed need not be."""
    arithmetic, given = Fp16(), constants(9)
    operands = maps(9)[:1]
    values = arithmetic.apply(conv(), operands, given)
    sent = pickle.loads(pickle.dumps(arithmetic))
    np.testing.assert_array_equal(sent.apply(conv(), operands, given), values)
    assert len(pickle.dumps(arithmetic)) < 200
