"""Models from files: a network with its constants, and what a user should know about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hyperdrive_sim.errors import InvalidInput, visible
from hyperdrive_sim.importing import onnx_file, portable, reading, topology, torch_module
from hyperdrive_sim.importing.imported import Imported
from hyperdrive_sim.importing.options import Options, said_in
from hyperdrive_sim.importing.plain import Model
from hyperdrive_sim.importing.reader import Reader
from hyperdrive_sim.importing.writing import written

_ELSEWHERE = {
    (
        ".pt",
        ".pth",
        ".bin",
        ".ckpt",
        ".safetensors",
    ): "it holds weights, or a program; export it: torch.onnx.export(model, (example,), 'model.onnx')",
    (".pt2",): "export it: torch.onnx.export(torch.export.load('model.pt2').module(), (example,), 'model.onnx')",
    (
        ".h5",
        ".hdf5",
        ".keras",
        ".pb",
    ): "export it with the package tf2onnx: python -m tf2onnx.convert --keras model.keras --output model.onnx",
    (".tflite",): "export it with the package tf2onnx: python -m tf2onnx.convert --tflite model.tflite --output model.onnx",
}
"""What helps with other formats, by the endings of their files."""


def read(
    model: Path | str | object,
    example_input: object = None,
    *,
    input_shape: Sequence[int] | None = None,
    zero: int | None = None,
    map_bits: int | None = None,
) -> Imported:
    """Import a network: an ONNX or QONNX file, a directory of an earlier import, a PyTorch module, or shapes as SCALE-Sim has them.

        imported = hs.import_model("model.onnx")
        imported = hs.import_model(module.eval(), torch.zeros(1, 3, 32, 32))
        report = hs.run(network=imported, architecture="xnorbin")

    A module is exported for inputs like *example_input* [images, channels, rows, columns]. *input_shape* [channels, rows, columns]
    re-shapes a file's model, and is needed where it leaves sizes open. *zero*, 1 or -1, is what a sign makes of 0 where the file makes a
    third value of it. A file of shapes alone has binary weights, and maps of *map_bits*, 1 or 16. Raises InvalidInput for a file that
    cannot be read, an operator that is not understood and a 0 that must be decided, MissingExtra where the package `onnx` is needed.
    """
    return imported(model, Options(input_shape, zero, map_bits), example_input)


def imported(model: object, options: Options, example_input: object = None) -> Imported:
    """Import a network as `read` does, and say what is wrong in the words of the options."""
    with said_in(options.words):
        return _imported(model, options, example_input)


def _imported(model: object, options: Options, example_input: object) -> Imported:
    if options.zero not in (None, -1, 1):
        raise InvalidInput.at("zero", f"must be 1 or -1, not {options.zero}")
    if torch_module.is_module(model):
        return of_model(torch_module.read(model, example_input), type(model).__name__, options)
    if not isinstance(model, str | Path):
        raise InvalidInput.at("network", f"a {type(model).__name__} is no model", "give a path or a torch.nn.Module")
    path = Path(model)
    if path.is_dir() or path.name in (portable.NETWORK, portable.PARAMETERS):
        return _portable(path, options)
    if path.suffix.lower() == ".csv":
        return _shapes(path, options)
    if options.map_bits is not None:
        raise InvalidInput.at("map_bits", f"is a choice for files of shapes alone, '{visible(path.name)}' says it itself")
    for endings, cure in _ELSEWHERE.items():
        if path.suffix.lower() in endings:
            raise InvalidInput.at("network", f"'{visible(path.name)}' is of a format that is not read", cure)
    found = onnx_file.read(path, options.words.path)
    return of_model(found, path.stem, options)._replace(files=(path, *found.files))


def _shapes(path: Path, options: Options) -> Imported:
    for name in ("input_shape", "zero"):
        if getattr(options, name) is not None:
            raise InvalidInput.at(name, f"means nothing for '{visible(path.name)}', whose layers have shapes alone", "leave it out")
    return topology.read(path, topology.BINARY if options.map_bits is None else options.map_bits, options.words.path)


def _portable(path: Path, options: Options) -> Imported:
    for name in ("zero", "map_bits"):
        if getattr(options, name) is not None:
            problem = f"was decided when '{visible(path.name)}' was imported"
            raise InvalidInput.at(name, problem, "leave it out, or import the model itself again")
    network, parameters, notes = portable.read(path)
    shapes, wanted = list(network.inputs.values()), options.input_shape
    if wanted is not None and [tuple(wanted)] != [tuple(shape) for shape in shapes]:
        problem = f"is not the shape that '{network.name}' was imported with, {list(shapes[0])}"
        raise InvalidInput.at("input_shape", problem, "leave it out, or import the model again with another")
    return Imported(network, parameters, notes, portable.files(path))


def of_model(model: Model, name: str, options: Options) -> Imported:
    """A model that is there as plain data, as a network."""
    reader = Reader(model, options)
    with np.errstate(all="ignore"):  # a file may hold any numbers; what comes of them is looked at
        network, parameters = written(reader, reading.read(reader), name)
    return Imported(network, parameters, tuple(reader.notes), ())
