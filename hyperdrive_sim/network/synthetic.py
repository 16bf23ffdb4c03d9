"""Synthetic weights and inputs, for a network that is given none: drawn from a seed, the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers.activation import Activation
from hyperdrive_sim.network.layers.constants import Around, Range, drawn, map_range
from hyperdrive_sim.network.layers.layer import Holds, Layer
from hyperdrive_sim.network.parameters import Array, Parameters

INPUT_RANGES: Mapping[Holds, Range] = {"real": Range(0.5, 0.4), "signs": Range(0.0, 1.0), "sums": Range(0.0, 32.0)}
"""Rough range of drawn inputs, by the kind of values that they hold."""


def random_parameters(network: Network, seed: int) -> dict[str, Parameters]:
    """Reproducible constants: random +-1 or normal weights, factors that keep the maps' spread near one, small offsets."""
    ranges, found = _ranges(network), {}
    for layer in network:
        constants = _drawn(layer, network, [ranges[name] for name in layer.inputs], seed)
        if constants is not None:
            found[layer.name] = constants
    return found


def _drawn(layer: Layer, network: Network, ranges: Sequence[Range], seed: int) -> Parameters | None:
    """A layer's constants, from a generator of its own: they stay what they are whatever other layers there are."""
    # crc32, because Python's own hash of a text differs from process to process
    rng = np.random.default_rng([seed, crc32(layer.name.encode())])
    channels = network.shape(layer.name).channels
    offsets = rng.normal(0, 0.1, channels).astype(np.float16)
    readers = [network[name] for name in network.consumers(layer.name)]
    activated = [network[name] for reader in readers if isinstance(reader, Activation) for name in network.consumers(reader.name)]
    return drawn(layer, rng, Around(network.input_shapes(layer), ranges, channels, readers, offsets, activated))


def _ranges(network: Network) -> dict[str, Range]:
    """Rough range of the values of each input and of each layer's output, by name."""
    known = {name: INPUT_RANGES[network.holds(name)] for name in network.inputs}
    for layer in network:
        known[layer.name] = map_range(layer, [known[name] for name in layer.inputs], network.input_shapes(layer))
    return known


def random_inputs(network: Network, seed: int) -> dict[str, Array]:
    """Reproducible inputs by name (rows, columns, channels): pictures, or where an input holds them, signs or integers."""
    return {name: _random_input(shape, network.holds(name), seed, name) for name, shape in network.inputs.items()}


def _random_input(shape: Shape, holds: Holds, seed: int, name: str) -> Array:
    if holds == "real":
        return random_input(shape, seed, name)
    rng = np.random.default_rng([seed, crc32(name.encode())])
    size = shape.rows, shape.columns, shape.channels
    if holds == "signs":
        return rng.choice(np.array([-1, 1], np.float16), size)
    return rng.normal(0, INPUT_RANGES[holds].spread, size).round().astype(np.float16)


def random_input(shape: Shape, seed: int, name: str = INPUT) -> Array:
    """A reproducible picture-like input: smooth gradients and noise, in 0..1, exact in FP16. Each name has a picture of its own."""
    rng = np.random.default_rng([seed, crc32(name.encode())])
    rows, columns = np.linspace(0, 1, shape.rows), np.linspace(0, 1, shape.columns)
    phases, waves = rng.uniform(0, 2 * np.pi, shape.channels), rng.uniform(1, 6, (2, shape.channels))
    smooth = np.sin(2 * np.pi * (rows[:, None, None] * waves[0] + columns[None, :, None] * waves[1]) + phases)
    noise = rng.uniform(-1, 1, (shape.rows, shape.columns, shape.channels))
    picture: Array = (0.5 + 0.35 * smooth + 0.15 * noise).astype(np.float16)
    return picture
