"""Ways to compute one layer: every variant of a kernel that this machine can run, torch if it is there, and the ceiling beside them.

Packing of weights and of binary maps, done once in a run, is no part of a job; every call from Python is.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels import fp16, real, xnor
from hyperdrive_sim.study.bench.layers import FLOAT32, FLOAT64, ORDERED, SIGNS, SUMS, ConvLayer


class Job(NamedTuple):
    """Something that is done again and again, and the operations that it does each time."""

    run: Callable[[], object]
    ops: int


class _Ours(NamedTuple):
    """The variants of a kernel, slowest first, and the same layer by others."""

    variants: dict[str, Callable[[], object]]
    others: dict[str, Callable[[], object]]


def jobs(kernel: str, layer: ConvLayer) -> tuple[dict[str, Job], dict[str, Job]]:
    """A layer by our variants, slowest first, and by others; all compute it from the same values."""
    found = {SUMS: _sums, SIGNS: _thresholds, ORDERED: _ordered, FLOAT32: _float32, FLOAT64: _float64}[kernel](layer)
    variants, others = ({name: Job(run, layer.ops) for name, run in some.items()} for some in found)
    return variants, others


def _sums(layer: ConvLayer) -> _Ours:
    x, signs = _maps(layer), _signs(layer)
    made = {name: xnor.kernel(name) for name in xnor.available()}
    ours = {name: _call(one.convolve, one.pack_map(x), one.pack_weights(signs), layer.stride) for name, one in made.items()}
    return _Ours(ours, torchs("torch float32", x.astype(np.float32), signs.astype(np.float32), layer.stride))


def _thresholds(layer: ConvLayer) -> _Ours:
    x, signs = _maps(layer), _signs(layer)
    rule = np.zeros(layer.outputs, np.int32), np.zeros(layer.outputs, np.bool_)
    made = {name: xnor.kernel(name) for name in xnor.available()}
    ours = {name: _call(one.threshold, one.pack_map(x), one.pack_weights(signs), layer.stride, *rule) for name, one in made.items()}
    return _Ours(ours, {})


def _ordered(layer: ConvLayer) -> _Ours:
    x, signs = _numbers(layer, np.float16), _signs(layer)
    made = {name: fp16.kernel(name) for name in fp16.available()}
    ours = {name: _call(one.convolve, x, one.pack(signs), layer.stride) for name, one in made.items()}
    return _Ours(ours, torchs("torch float32", x.astype(np.float32), signs.astype(np.float32), layer.stride))


def _float32(layer: ConvLayer) -> _Ours:
    return _real(layer, np.float32)


def _float64(layer: ConvLayer) -> _Ours:
    return _real(layer, np.float64)


def _real(layer: ConvLayer, kind: type[np.floating[Any]]) -> _Ours:
    """Real numbers; torch, as we do, brings weights into an order of its own at every call."""
    x, weights = _numbers(layer, kind), np.random.default_rng(1).standard_normal(_shape(layer)).astype(kind)
    strides = layer.stride, layer.stride
    ours = {name: _call(real.kernel(name).convolve, x, weights, strides) for name in real.available()}
    last = torchs("torch, channels last", x, weights, layer.stride, channels_last=True)
    return _Ours(ours, torchs("torch", x, weights, layer.stride) | last)


def torchs(
    name: str, x: NDArray[Any], weights: NDArray[Any], stride: int, *, channels_last: bool = False
) -> dict[str, Callable[[], object]]:
    """A convolution by torch, whose sums are in no order that a chip knows; nothing where torch is not installed."""
    if find_spec("torch") is None:
        return {}
    import torch

    order = torch.channels_last if channels_last else torch.contiguous_format
    maps, kernel = (torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=order) for array in (x[None], weights))
    if maps.shape == (1, *kernel.shape[1:]):  # a single output pixel, for which torch has a function that is faster
        return {name: _call(torch.nn.functional.linear, maps.flatten(), kernel.flatten(1))}
    return {name: _call(torch.nn.functional.conv2d, maps, kernel, None, stride)}


def _call(function: Callable[..., object], *arguments: object) -> Callable[[], object]:
    return lambda: function(*arguments)


def _shape(layer: ConvLayer) -> tuple[int, int, int, int]:
    return layer.outputs, layer.kernel, layer.kernel, layer.channels


def _signs(layer: ConvLayer) -> NDArray[np.int8]:
    return _drawn_signs(0, _shape(layer))


def _maps(layer: ConvLayer) -> NDArray[np.int8]:
    return _padded(layer, _drawn_signs(1, layer[:3]))


def _drawn_signs(seed: int, shape: tuple[int, ...]) -> NDArray[np.int8]:
    return (2 * np.random.default_rng(seed).integers(0, 2, shape, np.int8) - 1).astype(np.int8)


def _numbers(layer: ConvLayer, kind: type[np.floating[Any]]) -> NDArray[Any]:
    return _padded(layer, np.random.default_rng(0).standard_normal(layer[:3]).astype(kind))


def _padded(layer: ConvLayer, x: NDArray[Any]) -> NDArray[Any]:
    """A map with the zeros around it."""
    return np.pad(x, ((layer.pad, layer.pad), (layer.pad, layer.pad), (0, 0)))
