"""Model files that are broken at random: each must be read, or refused in a sentence, in little time and memory.

    python tests/importing/mutants.py --count 100000 --jobs 2 [MODEL...]

Files are changed byte by byte, and as models: sizes, attributes, operators, connections. Models given as arguments are broken too.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
import onnx
from graphs import Graph, signs

from hyperdrive_sim.errors import HyperdriveSimError
from hyperdrive_sim.importing import models

LIMIT_S = 20
MOST_BYTES = 1 << 30
"""Of memory that reading one small file may add."""

NUMBERS = (0, 1, -1, 2, 3, 7, 255, 65_536, 2**31 - 1, 2**31, 2**62, -(2**63))
OPERATORS = (
    "Add", "Mul", "Conv", "Gemm", "MatMul", "Relu", "Clip", "Sign", "Where", "Pad", "Reshape", "Transpose", "Concat", "Split", "Slice",
    "Expand", "Tile", "ConstantOfShape", "Range", "Resize", "Upsample", "MaxPool", "AveragePool", "GlobalAveragePool", "Squeeze", "Cast",
    "BatchNormalization", "Flatten", "ReduceMean", "Gather", "Shape", "Softmax", "Loop", "BipolarQuant", "Quant", "MultiThreshold",
    "Elu", "Selu", "Softplus", "Gelu", "Erf", "Mish", "Sigmoid", "Abs", "ArgMax",
    "CastLike", "SplitToSequence", "SequenceAt",
)  # fmt: skip


class Late(BaseException):
    """A file that takes too long."""


def seeds() -> list[bytes]:
    """Models of all that is read."""
    return [make().SerializeToString() for make in (_chain, _residual, _moved, _quantised, _real)]


def _chain() -> Any:
    graph = Graph(1, 3, 8, 8)
    stem = graph.add("Conv", "x", graph.constant(np.linspace(-1, 1, 216).reshape(8, 3, 3, 3)), pads=[1, 1, 1, 1])
    sums = graph.add("Conv", graph.sign(stem), graph.add("Sign", graph.constant(np.linspace(-1, 1, 576).reshape(8, 8, 3, 3))), group=1)
    pooled = graph.add("MaxPool", sums, kernel_shape=[2, 2], strides=[2, 2])
    x = graph.sign(graph.norm(pooled, list(np.linspace(-1, 1, 8)), [0.3] * 8))
    flat = graph.add("Reshape", x, graph.constant([1, -1], np.int64))
    return graph.model(graph.add("Softmax", graph.add("Gemm", flat, graph.constant(signs(5, 72)), transB=1), axis=1))


def _residual() -> Any:
    graph = Graph(1, 4, 6, 6)
    first = graph.add("Relu", graph.add("Conv", "x", graph.constant(signs(4, 4, 3, 3)), pads=[1, 1, 1, 1]))
    padded = graph.add("Pad", graph.sign(first), graph.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64), graph.constant(-1))
    second = graph.norm(graph.add("Conv", padded, graph.constant(signs(4, 2, 3, 3)), group=2), [1, -1, 2, 3e-7], [0.1] * 4)
    added = graph.add("Clip", graph.add("Add", first, second), graph.constant(-1), graph.constant(1))
    up = graph.add("Resize", added, graph.constant(np.zeros(0)), graph.constant([1, 1, 2, 2]), mode="nearest")
    mean = graph.add("AveragePool", up, kernel_shape=[2, 2], pads=[1, 0, 1, 0], count_include_pad=1)
    return graph.model(graph.add("GlobalAveragePool", graph.add("LeakyRelu", mean, alpha=0.1)))


def _moved() -> Any:
    graph = Graph(1, 6, 4, 6)
    channels_first = graph.add("Transpose", "x", perm=[0, 3, 1, 2])
    cut = graph.add("Reshape", channels_first, graph.constant([1, 2, 3, 6, 4], np.int64))
    whole = graph.add("Reshape", graph.add("Transpose", cut, perm=[0, 2, 1, 3, 4]), graph.constant([1, 6, 6, 4], np.int64))
    front, back = graph.add("Split", whole, graph.constant([2, 4], np.int64), outputs=2, axis=1)
    both = graph.add("Concat", back, front, axis=1)
    shape = graph.add("Shape", both)
    ones = graph.add("ConstantOfShape", graph.add("Slice", shape, *(graph.constant([n], np.int64) for n in (1, 2, 0))))
    return graph.model(
        graph.add("ReduceMean", graph.add("Add", both, graph.add("Unsqueeze", ones, graph.constant([1, 2], np.int64))), axes=[2, 3])
    )


def _quantised() -> Any:
    graph = Graph("n", 1, 8, 8)
    domain = "qonnx.custom_op.general"
    x = graph.add("Quant", "x", *map(graph.constant, (0.125, 0, 8)), domain=domain, signed=1, narrow=0, rounding_mode="ROUND")
    weights = graph.add("BipolarQuant", graph.constant(np.linspace(-1, 1, 36).reshape(4, 1, 3, 3)), graph.constant(1), domain=domain)
    x = graph.add(
        "MultiThreshold", graph.add("Conv", x, weights), graph.constant([[1], [0], [-1], [2]]), domain=domain, out_scale=2.0, out_bias=-1.0
    )
    matrix = graph.add("Transpose", graph.add("BipolarQuant", graph.constant(signs(3, 144)), graph.constant(1), domain=domain), perm=[1, 0])
    return graph.model(graph.add("MatMul", graph.add("Flatten", x), matrix))


def _real() -> Any:
    graph = Graph(1, 4, 8, 8)
    pieces = graph.add("SplitToSequence", "x", graph.constant([1, 3], np.int64), axis=1)
    x = graph.add(
        "Conv", graph.add("SequenceAt", pieces, graph.constant(1, np.int64)), graph.constant(signs(4, 3, 1, 1), name="conv.weight")
    )
    x = graph.add("Mul", x, graph.add("Sigmoid", x))
    padded = graph.add("Pad", graph.add("Relu", graph.add("Gelu", x)), graph.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    pooled = graph.add("MaxPool", padded, kernel_shape=[3, 3], strides=[1, 1])
    cut = graph.add("Slice", pooled, *(graph.constant(one, np.int64) for one in ([0, 1], [8, 7], [2, 3], [2, 1])))
    more = graph.add("Pad", cut, graph.constant([0, 2, 0, 0, 0, 2, 0, 0], np.int64))
    flat = graph.add("Flatten", graph.add("CastLike", more, graph.constant(0)))
    classes = graph.add("Gemm", flat, graph.constant(np.linspace(-1, 1, 960).reshape(5, 192), name="fc.weight"), transB=1)
    return graph.model(graph.add("Squeeze", graph.add("ArgMax", graph.add("Softmax", classes, axis=1), axis=1)))


def _bytes(rng: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        at = rng.randrange(len(changed))
        match rng.randrange(4):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                del changed[at : at + rng.choice([1, 2, 8, 100])]
            case _:
                changed[at:at] = changed[at : at + rng.choice([1, 4, 50])]
        if not changed:
            break
    return bytes(changed)


def _number(rng: Random) -> int:
    return rng.choice(NUMBERS) if rng.random() < 0.7 else rng.randrange(-4, 40)


def _model(rng: Random, data: bytes) -> bytes:
    model = onnx.ModelProto()
    model.ParseFromString(data)
    for _ in range(rng.choice([1, 1, 2, 4])):
        rng.choice(_CHANGES)(rng, model.graph)
    return bytes(model.SerializeToString())


def _attribute(rng: Random, graph: Any) -> None:
    held = [one for node in graph.node for one in node.attribute]
    if not held:
        return
    one = rng.choice(held)
    if one.ints:
        match rng.randrange(3):
            case 0:
                one.ints[rng.randrange(len(one.ints))] = _number(rng)
            case 1:
                one.ints.append(_number(rng))
            case _:
                del one.ints[-1]
    elif one.type == onnx.AttributeProto.INT:
        one.i = _number(rng)
    else:
        one.f = rng.choice([0.0, -1.0, float("nan"), float("inf"), 1e-30, 1e30])


def _operator(rng: Random, graph: Any) -> None:
    node = rng.choice(graph.node)
    node.op_type = rng.choice(OPERATORS)
    node.domain = rng.choice(["", "", "", "qonnx.custom_op.general", "qonnx.custom_op.channels_last", "elsewhere"])


def _connection(rng: Random, graph: Any) -> None:
    node = rng.choice(graph.node)
    names = [name for one in graph.node for name in one.output] + [one.name for one in graph.initializer] + ["x", "", "nowhere"]
    match rng.randrange(3):
        case 0 if node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice(names)
        case 1 if node.input:
            del node.input[-1]
        case _:
            node.input.append(rng.choice(names))


def _tensor(rng: Random, graph: Any) -> None:
    if not graph.initializer:
        return
    tensor = rng.choice(graph.initializer)
    match rng.randrange(5):
        case 0 if tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = _number(rng)
        case 1:
            tensor.data_type = rng.randrange(0, 28)
        case 2:
            tensor.raw_data = bytes(rng.randrange(256) for _ in range(len(tensor.raw_data)))
        case 3:
            tensor.raw_data = np.asarray(rng.choice([0, np.nan, np.inf, -1e30, 1]), np.float32).tobytes() * (len(tensor.raw_data) // 4)
        case _:
            values = [_number(rng) for _ in range(len(tensor.raw_data) // 8)]
            tensor.raw_data = np.array(values, np.int64).tobytes() + tensor.raw_data[8 * len(values) :]


def _place(rng: Random, graph: Any) -> None:
    at, other = rng.randrange(len(graph.node)), rng.randrange(len(graph.node))
    node = onnx.NodeProto()
    node.CopyFrom(graph.node[at])
    if rng.random() < 0.5:
        del graph.node[at]
    if rng.random() < 0.7:
        graph.node.insert(other, node)


def _input(rng: Random, graph: Any) -> None:
    dims = graph.input[0].type.tensor_type.shape.dim
    if dims and rng.random() < 0.7:
        rng.choice(dims).dim_value = _number(rng)
    elif rng.random() < 0.5:
        dims.add().dim_value = _number(rng)
    else:
        del dims[-1:]


_CHANGES: Sequence[Callable[[Random, Any], None]] = (_attribute, _attribute, _operator, _connection, _tensor, _tensor, _place, _input)


class Outcome(NamedTuple):
    number: int
    what: str
    fault: str = ""


@lru_cache(maxsize=1)
def _bases(given: tuple[Path, ...]) -> tuple[bytes, ...]:
    return (*seeds(), *(path.read_bytes() for path in given))


def mutant(number: int, seed: int, given: tuple[Path, ...] = ()) -> bytes:
    """The file of that number."""
    rng = Random(f"{seed}/{number}")
    data = rng.choice(_bases(given))
    return _bytes(rng, data) if rng.random() < 0.4 else _model(rng, data)


def _too_late(number: int, frame: FrameType | None) -> None:
    raise Late


def tried(number: int, seed: int, given: tuple[Path, ...] = ()) -> Outcome:
    """Read one file; a fault is any other end than a network or a refusal."""
    signal.signal(signal.SIGALRM, _too_late)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(mutant(number, seed, given))
        signal.alarm(LIMIT_S)
        try:
            zero, shape = (None, 1, -1)[number % 3], (None, None, None, [3, 9, 9])[number % 4]
            models.read(path, zero=zero, input_shape=shape)
            what = "read"
        except HyperdriveSimError as error:
            what = "refused"
            if "\n" in str(error) and len(getattr(error, "mistakes", ())) < 2:
                return Outcome(number, what, "a message of several lines")
        except Late:
            return Outcome(number, "fault", "hang")
        except BaseException:
            return Outcome(number, "fault", traceback.format_exc(limit=-3))
        finally:
            signal.alarm(0)
    if 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) > MOST_BYTES:
        return Outcome(number, "fault", "memory")
    return Outcome(number, what)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*")
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    begun, found = time.perf_counter(), Counter[str]()
    faults: Counter[str] = Counter()
    with ProcessPoolExecutor(asked.jobs) as pool:
        work = partial(tried, seed=asked.seed, given=tuple(asked.models))
        for outcome in pool.map(work, range(asked.first, asked.first + asked.count), chunksize=50):
            found[outcome.what] += 1
            if outcome.fault:
                if not faults[outcome.fault]:
                    print(f"{outcome.number}: {outcome.fault}")
                faults[outcome.fault] += 1
    print(f"{dict(found)}, {sum(faults.values())} faults of {len(faults)} kinds, {time.perf_counter() - begun:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
