"""ONNX and QONNX files as plain data: nothing in them is executed, nothing outside of the model's folder read, and all of it bounded."""

from __future__ import annotations

import importlib
import os
import warnings
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from hyperdrive_sim.errors import InvalidInput, MissingExtra
from hyperdrive_sim.files import named, ordinary
from hyperdrive_sim.importing import wire
from hyperdrive_sim.importing.plain import Constant, Model, Node, shortened

MOST_FILE_BYTES = 2**31 - 1
"""Of a file that protobuf can parse."""

MOST_NODES = 20_000
OURS = ("", "ai.onnx")
EXTERNAL = 1
"""TensorProto.DataLocation for values that lie in a file of their own."""


def read(path: Path, missing: str = named.RELATIVE) -> Model:
    """Read a file. Raises InvalidInput for one that is no model, MissingExtra without the package `onnx`.

    *missing* is the cure for a file that is not there.
    """
    return parsed(named.read("network", path, MOST_FILE_BYTES, missing=missing), path)


def parsed(data: bytes, path: Path) -> Model:
    """A model from the content of a file; values that lie in files of their own are looked for beside *path*."""
    onnx = package()
    if not data:
        raise InvalidInput.at("network", f"'{path.name}' is empty")
    try:
        wire.check(data)
        model = onnx.ModelProto()
        model.ParseFromString(data)
    except wire.Unreadable as error:
        raise InvalidInput.at("network", f"'{path.name}' {error}") from None
    except Exception as error:  # protobuf's own errors, which are of several kinds
        raise InvalidInput.at("network", f"'{path.name}' is no ONNX model: {str(error) or type(error).__name__}") from None
    return _Reader(onnx, path).model(model)


def package() -> Any:
    """The package that reads ONNX files. Raises MissingExtra without it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the package has to say on its own internals
            importlib.import_module("onnx.numpy_helper")
            return importlib.import_module("onnx")
    except ImportError:
        raise MissingExtra("reading ONNX files", "models") from None


class _Reader:
    """Conversion of one parsed file to plain data."""

    def __init__(self, onnx: Any, path: Path) -> None:
        self.onnx, self.path = onnx, path
        self.beside: dict[Path, None] = {}

    def model(self, model: Any) -> Model:
        graph = model.graph
        if not graph.node:
            raise InvalidInput.at("network", f"'{self.path.name}' holds no graph with operators", "give an ONNX model")
        if len(graph.node) > MOST_NODES:
            raise InvalidInput.at("network", f"'{self.path.name}' has {len(graph.node):,} operators", f"at most {MOST_NODES:,} are read")
        self._refuse_functions(model)
        if graph.sparse_initializer:
            raise InvalidInput.at("network", f"'{self.path.name}' has sparse weights", "store them dense")
        constants: dict[str, Constant] = {}
        for tensor in graph.initializer:
            constants[_text(tensor.name)] = self.array(tensor)
        nodes = tuple(self._node(node, number) for number, node in enumerate(graph.node))
        inputs = {_text(value.name): self._shape(value) for value in graph.input if _text(value.name) not in constants}
        outputs = tuple(dict.fromkeys(_text(value.name) for value in graph.output))
        return Model(self.path.name, nodes, constants, inputs, outputs, tuple(self.beside))

    def _refuse_functions(self, model: Any) -> None:
        called = {(node.domain, node.op_type) for node in model.graph.node}
        for function in model.functions:
            if (function.domain, function.name) in called:
                problem = f"'{self.path.name}' calls the function '{shortened(_text(function.name))}' of its own"
                raise InvalidInput.at("network", problem, "inline it: onnx.inliner.inline_local_functions(model)")

    def _node(self, node: Any, number: int) -> Node:
        outputs = tuple(map(_text, node.output))
        name = _text(node.name) or next(filter(None, outputs), f"operator {number}")
        domain = "" if node.domain in OURS else _text(node.domain)
        attributes = {_text(one.name): self._attribute(one, name) for one in node.attribute}
        return Node(name, _text(node.op_type), domain, tuple(map(_text, node.input)), outputs, attributes)

    def _attribute(self, one: Any, node: str) -> Any:
        match self.onnx.AttributeProto.AttributeType.Name(one.type) if one.type else "UNDEFINED":
            case "INT":
                return int(one.i)
            case "FLOAT":
                return float(one.f)
            case "STRING":
                return one.s.decode("utf-8", "replace")
            case "INTS":
                return tuple(one.ints)
            case "FLOATS":
                return tuple(one.floats)
            case "STRINGS":
                return tuple(text.decode("utf-8", "replace") for text in one.strings)
            case "TENSOR":
                return self.array(one.t, f"of '{shortened(node)}'")
        return None

    def _shape(self, value: Any) -> tuple[int | None, ...]:
        """Sizes of an input; None for those that are left open, and for all four if it has no shape."""
        shape = value.type.tensor_type
        if not shape.HasField("shape"):
            return (None,) * 4
        sizes = [one.dim_value if one.HasField("dim_value") else None for one in shape.shape.dim]
        # zero and less are what some exporters write for a size that is left open
        return tuple(size if size and size > 0 else None for size in sizes)

    def array(self, tensor: Any, whose: str = "") -> Constant:
        """The values of a tensor, whose shape is compared with the bytes that there are before anything is allocated."""
        what = f"tensor {whose or repr(shortened(_text(tensor.name)))} in '{self.path.name}'"
        dims = tuple(tensor.dims)
        count, kind = prod(dims), tensor.data_type
        if min(dims, default=0) < 0 or len(dims) > 16:
            raise InvalidInput.at("network", f"{what} has the shape {list(dims)[:16]}")
        if kind in (0, self.onnx.TensorProto.STRING) or kind not in self.onnx.TensorProto.DataType.values():
            raise InvalidInput.at("network", f"{what} holds no numbers")
        try:
            if tensor.data_location == EXTERNAL:
                values = self._external(tensor, what)
            else:
                self._check_values(tensor, count, what)
                values = np.asarray(self.onnx.numpy_helper.to_array(tensor))
            if values.dtype.kind == "c":
                raise InvalidInput.at("network", f"{what} holds complex numbers")
            if values.dtype.kind not in "fiub":  # types that numpy has not of itself, such as bfloat16
                values = values.astype(np.float32)
        except InvalidInput:
            raise
        except Exception as error:  # of numpy or of onnx, for types and lengths that do not go together
            raise InvalidInput.at("network", f"{what} cannot be read: {str(error) or type(error).__name__}") from None
        return values

    def _check_values(self, tensor: Any, count: int, what: str) -> None:
        """Raises InvalidInput for a shape that other values are wanted for than there are."""
        if tensor.HasField("raw_data"):
            bits = 8 * len(tensor.raw_data)
            fits = bits >= count  # types of less than eight bits are packed; of the others numpy says more
        else:
            lists = (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data, tensor.uint64_data)
            fits = count <= 2 * max(map(len, lists))
        if not fits:
            raise InvalidInput.at("network", f"{what} has the shape {list(tensor.dims)} and fewer values than that")

    def _external(self, tensor: Any, what: str) -> Constant:
        """Values from a file beside the model."""
        said = {_text(entry.key): _text(entry.value) for entry in tensor.external_data}
        file = self._beside(said.get("location", ""), what)
        dtype = np.dtype(self.onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
        wanted = prod(tensor.dims) * dtype.itemsize
        try:
            offset, length = (int(said.get(key, default)) for key, default in (("offset", "0"), ("length", str(wanted))))
        except ValueError:
            raise InvalidInput.at("network", f"{what} has no place in '{file.name}' that can be read") from None
        if length != wanted:
            raise InvalidInput.at("network", f"{what} has the shape {list(tensor.dims)} and {length:,} bytes in '{file.name}'")
        try:
            with ordinary.opened(file) as stream:
                if offset < 0 or offset + wanted > os.fstat(stream.fileno()).st_size:
                    raise InvalidInput.at("network", f"'{file.name}' ends before {what} does", "copy the whole file")
                self.beside[file] = None
                stream.seek(offset)
                return np.frombuffer(stream.read(wanted), dtype.newbyteorder("<")).reshape(tuple(tensor.dims))
        except OSError as error:
            cure = "a model's weights lie in a second file, to be copied with it"
            raise InvalidInput.at("network", f"{what} lies in '{file.name}': {ordinary.why(error)}", cure) from None

    def _beside(self, location: str, what: str) -> Path:
        """The file that a model names for its values. Raises InvalidInput for one outside of the model's folder, and for links."""
        parts = PurePosixPath(location).parts
        inside = (
            location and not PurePosixPath(location).is_absolute() and ".." not in parts and "\\" not in location and "\0" not in location
        )
        file = self.path.parent
        for part in parts if inside else ():
            file = file / part
            if file.is_symlink():
                inside = False
                break
        if not inside:
            raise InvalidInput.at(
                "network", f"{what} lies in '{shortened(location)}'", "it must be a file in the model's own folder, no link"
            )
        return file


def _text(name: str | bytes) -> str:
    """A name, also where it is no UTF-8, which protobuf hands on as it is."""
    return name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")
