"""A network with its constants as two plain files: what an import writes, and what is read without the package that read the model.

`network.json` holds the structure, a layer's fields under the names that they have in Python. `parameters.npz` holds a layer's weights
under its name, its factors and offsets under `name.scale` and `name.bias`. Weights of +-1 are packed, eight to a byte, 1 for +1, each
output channel beginning a new byte; real ones are float32. Factors and offsets are float64.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from io import BytesIO
from math import isfinite, prod
from pathlib import Path
from typing import Any

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import named
from hyperdrive_sim.files.arrays import Archive, UnfitArray
from hyperdrive_sim.network import layers as kinds
from hyperdrive_sim.network.box import MOST_SIDE, Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, Dense, Layer
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.text.typed import plain

NETWORK, PARAMETERS = "network.json", "parameters.npz"
FORMAT, VERSION = "hyperdrive_sim network", 1
TWO_FILES = "an imported network is a directory with two files"

MOST_JSON = 16 * 2**20
MOST_PARAMETERS = 2**31

LAYERS = {
    kind.__name__: kind
    for kind in (
        kinds.Activation, kinds.Add, kinds.BatchNorm, kinds.ChannelPad, kinds.ChannelShuffle, kinds.Concat, kinds.Conv, kinds.Dense,
        kinds.Flatten, kinds.GlobalMean, kinds.MaxPool, kinds.MeanPool, kinds.Quantise, kinds.Sign, kinds.Slice, kinds.Thermometer,
        kinds.Upsample,
    )
}  # fmt: skip
"""Kinds of layers by the name that they have in a file."""


def contents(network: Network, parameters: Mapping[str, Parameters], notes: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The files of a network by name."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "name": network.name,
        "inputs": {name: list(shape) for name, shape in network.inputs.items()},
        "outputs": list(network.outputs),
        "notes": list(notes),
        "layers": [_said(layer) for layer in network],
    }
    packed = BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **dict(_packed(network, parameters)))
    return {NETWORK: (json.dumps(document, indent=1) + "\n").encode(), PARAMETERS: packed.getvalue()}


def _said(layer: Layer) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": type(layer).__name__}
    for one in fields(layer):  # type: ignore[arg-type]
        value = getattr(layer, one.name)
        if isinstance(value, float) and not isfinite(value):
            continue  # infinite bounds are what is absent
        said[one.name] = value._asdict() if isinstance(value, Window) else value
    return said


def _packed(network: Network, parameters: Mapping[str, Parameters]) -> Iterator[tuple[str, Array]]:
    for layer in network:
        its = parameters.get(layer.name, Parameters())
        if its.weights is not None:
            yield layer.name, _bits(its.weights) if getattr(layer, "weights", "") == "binary" else its.weights.astype(np.float32)
        if its.scale is not None:
            yield f"{layer.name}.scale", its.scale.astype(np.float64)
        if its.bias is not None:
            yield f"{layer.name}.bias", its.bias.astype(np.float64)


def _bits(weights: Array) -> Array:
    return np.packbits(weights.reshape(len(weights), -1) > 0, axis=1)


def files(path: Path) -> tuple[Path, ...]:
    """The files of a network that *path* is the directory of, or one of the files in that."""
    folder = path if path.is_dir() else path.parent
    return folder / NETWORK, folder / PARAMETERS


def read(path: Path) -> tuple[Network, dict[str, Parameters], tuple[str, ...]]:
    """A network, its constants and the notes of its import. Raises InvalidInput for files that are none or do not go together."""
    structure, values = files(path)
    document = _document(structure)
    network = _network(document, structure)
    notes = tuple(str(one) for one in document.get("notes", ()) if isinstance(one, str))
    return network, _parameters(network, values), notes


def _bytes(path: Path, most: int) -> bytes:
    return named.read("network", path, most, TWO_FILES, missing=TWO_FILES)


def _document(path: Path) -> dict[str, Any]:
    found = plain(_bytes(path, MOST_JSON))
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InvalidInput.at("network", f"'{path.name}' is no network that `hyperdrive-sim import` wrote")
    if found.get("version") != VERSION:
        raise InvalidInput.at(
            "network", f"'{path.name}' is of version {found.get('version')!r}, this is read: {VERSION}", "import the model again"
        )
    return found


def _network(document: Mapping[str, Any], path: Path) -> Network:
    try:
        inputs = {name: Shape(*(int(size) for size in sizes)) for name, sizes in document["inputs"].items()}
        said = [_layer(one, path) for one in document["layers"]]
        name, outputs = str(document["name"]), [str(one) for one in document["outputs"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput.at(
            "network", f"'{path.name}' lacks a part or has one of another type ({error})", "import the model again"
        ) from None
    if any(max(shape) > MOST_SIDE for shape in inputs.values()):
        raise InvalidInput.at("network", f"'{path.name}' has an input with a side of more than {MOST_SIDE:,}")
    return Network(name, inputs, said, outputs)


def _layer(said: Any, path: Path) -> Layer:
    given = dict(said)
    kind = LAYERS.get(given.pop("kind", ""))
    if kind is None:
        raise InvalidInput.at("network", f"'{path.name}' has a layer of a kind that is not known", "known: " + ", ".join(LAYERS))
    known = {one.name for one in fields(kind)}
    if unknown := given.keys() - known:
        raise InvalidInput.at("network", f"'{path.name}' has a {kind.__name__} with '{min(unknown)}', which it does not have")
    made: Layer = kind(**{name: _value(name, value) for name, value in given.items()})
    return made


def _value(name: str, value: Any) -> Any:
    if name == "window":
        return Window(**{part: tuple(pair) for part, pair in value.items()})
    return tuple(value) if isinstance(value, list) else value


def _parameters(network: Network, path: Path) -> dict[str, Parameters]:
    try:
        archive = Archive(BytesIO(_bytes(path, MOST_PARAMETERS)))
        wanted = dict(_wanted(network))
        if more := archive.headers.keys() - wanted.keys():
            raise UnfitArray(f"has a '{min(more)}' in it, which no layer of '{network.name}' takes")
        found = {}
        for layer in network:
            its = {part: _array(archive, wanted, name) for part, name in _names(layer)}
            if any(one is not None for one in its.values()):
                found[layer.name] = Parameters(_unpacked(its["weights"], layer, network), its["scale"], its["bias"])
    except UnfitArray as error:
        raise InvalidInput.at("network", f"'{path.name}' {error}", "import the model again") from None
    return found


def _names(layer: Layer) -> tuple[tuple[str, str], ...]:
    return (("weights", layer.name), ("scale", f"{layer.name}.scale"), ("bias", f"{layer.name}.bias"))


def _wanted(network: Network) -> Iterator[tuple[str, tuple[np.dtype[Any], tuple[int, ...]]]]:
    """Type and shape of every array that a file may have, by name."""
    real, one = np.dtype(np.float32), np.dtype(np.float64)
    for layer in network:
        shape = _weights_shape(layer, network)
        if shape and getattr(layer, "weights", "") == "binary":
            yield layer.name, (np.dtype(np.uint8), (shape[0], -(-prod(shape[1:]) // 8)))
        elif shape:
            yield layer.name, (real, shape)
        for part in ("scale", "bias"):
            yield f"{layer.name}.{part}", (one, (network.shape(layer.name).channels,))


def _weights_shape(layer: Layer, network: Network) -> tuple[int, ...]:
    if isinstance(layer, Conv):
        return (layer.out_channels, *layer.window.kernel, network.input_shapes(layer)[0].channels // layer.groups)
    return (layer.features, network.input_shapes(layer)[0].size) if isinstance(layer, Dense) else ()


def _array(archive: Archive, wanted: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]], name: str) -> Array | None:
    header = archive.headers.get(name)
    if header is None:
        if name in wanted and wanted[name][1] and not name.endswith((".scale", ".bias")):
            raise UnfitArray(f"has no '{name}' in it")
        return None
    dtype, shape = wanted[name]
    if (header.dtype, header.shape) != (dtype, shape):
        raise UnfitArray(f"has a '{name}' in it, which is {header} and must be {dtype} of shape {shape}")
    values = archive[name]
    if dtype.kind == "f" and not np.isfinite(values).all():
        raise UnfitArray(f"has a '{name}' in it with values that are no finite numbers")
    return values


def _unpacked(values: Array | None, layer: Layer, network: Network) -> Array | None:
    if values is None or getattr(layer, "weights", "") != "binary":
        return values
    shape = _weights_shape(layer, network)
    bits = np.unpackbits(values, axis=1, count=prod(shape[1:]))
    return (bits.astype(np.int8) * 2 - 1).reshape(shape)
