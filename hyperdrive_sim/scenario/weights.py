"""Weights from files: constants by layer name, of which names, shapes and sizes are compared with the network before any is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.files import arrays, named
from hyperdrive_sim.files.arrays import Archive, UnfitArray
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.scenario.constants import BIAS, SCALE, WEIGHTS, Constant, constants, in_layout

KEY = "weights"
NO_NUMPY = "take what numpy.save or numpy.savez wrote, without objects"

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
        found: dict[str, dict[str, Array]] = {}
        for one in constants(self.network):
            found.setdefault(one.layer, {})[one.part] = self._values(one)
        return {layer: Parameters(parts.get(WEIGHTS), parts.get(SCALE), parts.get(BIAS)) for layer, parts in found.items()}

    def _values(self, wanted: Constant) -> Array:
        """An array of the file as layers take it, or what its absence means."""
        if wanted.name not in self.archive.headers:
            return np.full(wanted.shape, wanted.absent, wanted.dtype)
        with _readable(self.name):
            given = self.archive[wanted.name]
        return in_layout(self._signs(wanted, given) if wanted.is_binary else self._finite(wanted, given))

    def _signs(self, wanted: Constant, given: Array) -> Array:
        if given.dtype.kind not in "fiu" or not ((given == 1) | (given == -1)).all():
            problem = f"'{wanted.name}' in '{self.name}' holds values other than -1 and +1"
            raise InvalidInput.at(KEY, problem, "the layer has binary weights")
        return given.astype(wanted.dtype)

    def _finite(self, wanted: Constant, given: Array) -> Array:
        """Values cast to a floating-point type. Raises InvalidInput if any is not finite in it."""
        if given.dtype.kind in "fiub":
            with np.errstate(over="ignore", invalid="ignore"):
                cast = given.astype(wanted.dtype)
            if np.isfinite(cast).all():
                return cast
        problem = f"'{wanted.name}' in '{self.name}' must hold finite numbers of {wanted.dtype}"
        raise InvalidInput.at(KEY, problem, f"at most {np.finfo(wanted.dtype).max:g}")


def read(path: Path, network: Network) -> Weights:
    """Read weights by layer name: `conv1` [out, in / groups, kernel rows, kernel columns], `conv1.scale` and `conv1.bias` [out].

    The file is an .npz. Weights of binary layers must be +-1; a factor that is absent is 1, an offset 0. Raises InvalidInput for a file
    that cannot be read, and with all arrays that are missing, of another shape, or taken by no layer.
    """
    wanted = constants(network)
    most = VALUE_BYTES * sum(one.size for one in wanted) + ARRAY_BYTES * (len(wanted) + 16)
    data = named.read(KEY, path, most, NO_NUMPY)
    if data.startswith(arrays.MAGIC):
        raise InvalidInput.at(KEY, f"'{path.name}' holds a single array without a name", "take an .npz file")
    with _readable(path.name):
        archive = Archive(BytesIO(data))
    InvalidInput.collected(_unfit(path.name, network, wanted, archive))
    return Weights(path.name, network, archive, data)


def _unfit(file: str, network: Network, wanted: tuple[Constant, ...], archive: Archive) -> Iterator[Mistake]:
    """What keeps a file from being a network's weights: arrays that are missing, of another shape, or taken by no layer."""
    for one in wanted:
        found = archive.headers.get(one.name)
        if found is None and one.part == WEIGHTS:
            yield Mistake(KEY, f"'{file}' has no array '{one.name}'", f"it needs one of shape {one.shape}")
        if found and found.shape != one.shape:
            yield Mistake(KEY, f"'{one.name}' in '{file}' has shape {found.shape}", f"it must be {one.shape}")
    for name in sorted(archive.headers.keys() - {one.name for one in wanted}):
        yield Mistake(KEY, f"'{file}' has an array '{name}', which no layer of '{network.name}' takes", "leave it out")


@contextmanager
def _readable(file: str) -> Iterator[None]:
    try:
        yield
    except UnfitArray as error:
        raise InvalidInput.at(KEY, f"'{file}' {error}", NO_NUMPY) from None
