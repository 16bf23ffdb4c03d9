"""Weights from files: constants by layer name, of which names, shapes and sizes are compared with the network before any is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import arrays, named
from hyperdrive_sim.files.arrays import Archive, UnfitArray
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Add, Conv, Dense, Sign
from hyperdrive_sim.network.parameters import Array, Parameters

KEY = "weights"
NO_NUMPY = "take what numpy.save or numpy.savez wrote, without objects"

Parametrised = Conv | Dense | Add | Sign
"""Layers that have constants."""

VALUE_BYTES = 16
"""The largest number that numpy writes."""

ARRAY_BYTES = 4096
"""Of an array's name, its header and its place in the file, generously."""

LOADED_BYTES = 6
"""Bytes of memory for a weight beside its own in the file: in float32 or as a sign, twice for a moment, since its axes change places."""


@dataclass(frozen=True)
class Weights:
    """A file of weights that was read and fits a network in names and shapes; no value of it has been looked at."""

    name: str
    network: Network
    archive: Archive
    data: bytes

    @property
    def bytes(self) -> int:
        """Bytes of memory that it takes, at most and about, to have all parameters."""
        return len(self.data) + sum(one.bytes + LOADED_BYTES * one.size for one in self.archive.headers.values())

    def parameters(self) -> dict[str, Parameters]:
        """Constants by layer. Raises InvalidInput for values that no such layer may have."""
        return {layer.name: self._of(layer) for layer in _parametrised(self.network)}

    def _of(self, layer: Parametrised) -> Parameters:
        channels = self.network.shape(layer.name).channels
        constants: dict[str, Array] = {}
        for part, absent in _constants(layer).items():
            name = f"{layer.name}.{part}"
            given = self._array(name) if name in self.archive.headers else np.full(channels, absent)
            constants[part] = self._finite(name, given, np.float64 if isinstance(layer, Sign) else np.float16)
        weights = self._weights(layer) if isinstance(layer, Conv | Dense) else None
        return Parameters(weights, constants.get("scale"), constants.get("bias"))

    def _weights(self, layer: Conv | Dense) -> Array:
        given = self._array(layer.name)
        if layer.weights == "real":
            real = self._finite(layer.name, given, np.float32)
            return real.transpose(0, 2, 3, 1) if isinstance(layer, Conv) else real
        if given.dtype.kind not in "fiu" or not ((given == 1) | (given == -1)).all():
            problem = f"'{layer.name}' in '{self.name}' holds values other than -1 and +1"
            raise InvalidInput.at(KEY, problem, "the layer has binary weights")
        return np.ascontiguousarray(given.astype(np.int8).transpose(0, 2, 3, 1))

    def _array(self, name: str) -> Array:
        with _readable(self.name):
            return self.archive[name]

    def _finite(self, name: str, given: Array, dtype: type[np.floating[Any]]) -> Array:
        """Values cast to a floating-point type. Raises InvalidInput if any is not finite in it."""
        if given.dtype.kind in "fiub":
            with np.errstate(over="ignore", invalid="ignore"):
                cast = given.astype(dtype)
            if np.isfinite(cast).all():
                return cast
        problem = f"'{name}' in '{self.name}' must hold finite numbers of {np.dtype(dtype)}"
        raise InvalidInput.at(KEY, problem, f"at most {np.finfo(dtype).max:g}")


def read(path: Path, network: Network) -> Weights:
    """Read weights by layer name: `conv1` [out, in / groups, kernel rows, kernel columns], `conv1.scale` and `conv1.bias` [out].

    The file is an .npz. Weights of binary layers must be +-1; a factor that is absent is 1, an offset 0. Raises InvalidInput for a file
    that cannot be read, and for arrays that are missing, of another shape, or taken by no layer.
    """
    wanted = {name: shape for layer in _parametrised(network) for name, shape in _wanted(layer, network)}
    most = VALUE_BYTES * sum(map(prod, wanted.values())) + ARRAY_BYTES * (len(wanted) + 16)
    data = named.read(KEY, path, most, NO_NUMPY)
    if data.startswith(arrays.MAGIC):
        raise InvalidInput.at(KEY, f"'{path.name}' holds a single array without a name", "take an .npz file")
    with _readable(path.name):
        archive = Archive(BytesIO(data))
    _fits(path.name, network, wanted, archive)
    return Weights(path.name, network, archive, data)


def _fits(file: str, network: Network, wanted: dict[str, tuple[int, ...]], archive: Archive) -> None:
    """Raises InvalidInput unless a file has the arrays that are wanted, in their shapes, and no others."""
    for name, shape in wanted.items():
        found = archive.headers.get(name)
        if found is None and len(shape) > 1:
            raise InvalidInput.at(KEY, f"'{file}' has no array '{name}'", f"it needs one of shape {shape}")
        if found and found.shape != shape:
            raise InvalidInput.at(KEY, f"'{name}' in '{file}' has shape {found.shape}", f"it must be {shape}")
    if more := archive.headers.keys() - wanted.keys():
        raise InvalidInput.at(KEY, f"'{file}' has an array '{min(more)}', which no layer of '{network.name}' takes", "leave it out")


def _wanted(layer: Parametrised, network: Network) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The arrays of a layer with their shapes: its weights, which must be there, and a vector for each constant, which may be."""
    channels = network.shape(layer.name).channels
    if isinstance(layer, Conv):
        yield layer.name, (channels, network.shape(layer.inputs[0]).channels // layer.groups, *layer.window.kernel)
    if isinstance(layer, Dense):
        yield layer.name, (channels, network.shape(layer.inputs[0]).size)
    yield from ((f"{layer.name}.{part}", (channels,)) for part in _constants(layer))


def _constants(layer: Parametrised) -> dict[str, float]:
    """Names of the constants per channel that a layer has, with the values of those that are absent."""
    has_scale = isinstance(layer, Sign) or (isinstance(layer, Conv) and layer.scale)
    has_bias = isinstance(layer, Sign | Dense) or layer.bias
    return ({"scale": 1.0} if has_scale else {}) | ({"bias": 0.0} if has_bias else {})


def _parametrised(network: Network) -> list[Parametrised]:
    return [layer for layer in network if isinstance(layer, Conv | Dense | Add | Sign)]


@contextmanager
def _readable(file: str) -> Iterator[None]:
    try:
        yield
    except UnfitArray as error:
        raise InvalidInput.at(KEY, f"'{file}' {error}", NO_NUMPY) from None
