"""What a network is tried on where nobody gives it weights or a picture: drawn from a seed, the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple
from zlib import crc32

import numpy as np

from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.golden import Array, Parameters
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv, Dense, Layer, MaxPool, MeanPool, Sign

RESIDUAL_GAIN = 0.2
"""How much a drawn branch adds to its bypass: small enough that the maps of a ResNet-152 stay within FP16's range."""


def random_parameters(network: Network, seed: int) -> dict[str, Parameters]:
    """Reproducible constants: random +-1 or normal weights, factors that keep the maps' spread near one, small offsets."""
    ranges = _ranges(network)
    return {layer.name: _drawn(layer, network, ranges, seed) for layer in network if isinstance(layer, Conv | Dense | Add | Sign)}


def _drawn(layer: Conv | Dense | Add | Sign, network: Network, ranges: Mapping[str, Range], seed: int) -> Parameters:
    rng = np.random.default_rng([seed, crc32(layer.name.encode())])
    channels = network.shape(layer.name).channels
    bias = rng.normal(0, 0.1, channels).astype(np.float16)
    match layer:
        case Sign():
            return _drawn_norm(rng, ranges[layer.inputs[0]], channels)
        case Add():
            return Parameters(bias=bias if layer.bias else None)
        case Dense():
            inputs = network.shape(layer.inputs[0]).size
            return Parameters(weights=_normal(rng, (channels, inputs), inputs), bias=bias)
        case Conv():
            shape = (channels, *layer.window.kernel, network.shape(layer.inputs[0]).channels)
            fan_in = shape[1] * shape[2] * shape[3]
            binary = layer.weights == "binary"
            weights = (2 * rng.integers(0, 2, shape, np.int8) - 1).astype(np.int8) if binary else _normal(rng, shape, fan_in)
            residual = not layer.bias and any(isinstance(network[name], Add) for name in network.consumers(layer.name))
            spread = (np.sqrt(2 / fan_in) if binary else 1.0) * (RESIDUAL_GAIN if residual else 1.0)
            scale = (spread * rng.uniform(0.75, 1.25, channels)).astype(np.float16)
            return Parameters(weights, scale if layer.scale else None, bias if layer.bias else None)


class Range(NamedTuple):
    """Roughly which values a map holds: around *centre*, *spread* to either side, none below 0 if *cut*."""

    centre: float
    spread: float
    cut: bool = False


def _drawn_norm(rng: np.random.Generator, values: Range, channels: int) -> Parameters:
    """A batch norm whose zero lies among the values that come, half of the time exactly on an integer; one factor in four is negative."""
    factor = np.where(rng.random(channels) < 0.25, -1, 1) * rng.uniform(0.5, 1.5, channels)
    zero = values.centre + rng.normal(0, 0.4 * values.spread, channels)
    if values.cut:
        zero = np.abs(zero)
    zero = np.where((rng.random(channels) < 0.5) & (values.spread > 2), np.round(zero), zero)
    return Parameters(scale=factor, bias=-(factor * zero))


def _ranges(network: Network) -> dict[str, Range]:
    """Of the input and of every layer's map."""
    known = {INPUT: Range(0.5, 0.4)}
    for layer in network:
        known[layer.name] = _range(layer, network, [known[name] for name in layer.inputs])
    return known


def _range(layer: Layer, network: Network, inputs: Sequence[Range]) -> Range:
    """Sums of n products of signs spread by the root of n, real maps by about one; a pooled maximum lies where the largest of them do."""
    centre, spread, cut = inputs[0]
    match layer:
        case Conv(maps="binary", relu=relu):
            products = layer.weight_count(network.input_shapes(layer)) / layer.out_channels
            return Range(0.0, float(np.sqrt(products)), relu)
        case Conv(relu=relu):
            return Range(0.0, 0.8, relu)
        case Add(gain=gain, relu=relu):
            return Range(0.0, float(np.hypot(spread, gain * inputs[1].spread)), relu)
        case MaxPool():
            return Range(centre + spread * _largest_of(layer.window.taps), 0.6 * spread, cut)
        case MeanPool():
            return Range(centre + 0.4 * spread * cut, 0.6 * spread / sqrt(layer.window.taps), cut)
    return Range(0.0, 1.0)


def _largest_of(count: int) -> float:
    """Where the largest of so many normal deviates lies on average (Blom, 1958); neighbours are alike, so two thirds of that."""
    return 0.67 * NormalDist().inv_cdf((count - 0.375) / (count + 0.25)) if count > 1 else 0.0


def _normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Array:
    """Exact in FP16."""
    drawn: Array = rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float16).astype(np.float32)
    return drawn


def random_input(shape: Shape, seed: int) -> Array:
    """A reproducible picture-like input: smooth gradients and noise, in 0..1, exact in FP16."""
    rng = np.random.default_rng([seed, crc32(b"input")])
    rows, columns = np.linspace(0, 1, shape.rows), np.linspace(0, 1, shape.columns)
    phases, waves = rng.uniform(0, 2 * np.pi, shape.channels), rng.uniform(1, 6, (2, shape.channels))
    smooth = np.sin(2 * np.pi * (rows[:, None, None] * waves[0] + columns[None, :, None] * waves[1]) + phases)
    noise = rng.uniform(-1, 1, (shape.rows, shape.columns, shape.channels))
    picture: Array = (0.5 + 0.35 * smooth + 0.15 * noise).astype(np.float16)
    return picture
