"""Constants that a file computes: the few operators that occur, in numpy, none with a result much larger than what it is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from hyperdrive_sim.importing.elementwise import ELEMENTWISE
from hyperdrive_sim.importing.plain import Constant, Node

MOST_GROWN = 2**24
"""Values by which all constants of a file may grow while they are computed: what is written as a size and a number only."""


class Unfoldable(ValueError):
    """An operator on constants that has no result; the message goes on where the operator's name ends."""


class Budget:
    """What is left of MOST_GROWN."""

    def __init__(self) -> None:
        self.left = MOST_GROWN

    def take(self, values: int, given: int) -> None:
        """Raises Unfoldable if so many values, where the largest input has so many, are more than is left."""
        self.left -= max(0, values - given)
        if self.left < 0 or values > 2**31:
            raise Unfoldable(f"makes a constant of {values:,} values out of {given:,}; the file's may grow by {MOST_GROWN:,} in all")


def foldable(node: Node) -> bool:
    """True if an operator on constants is computed here."""
    return node.op in ELEMENTWISE or node.op in MOVES


def folded(node: Node, inputs: Sequence[Constant | None], outputs: int, budget: Budget) -> tuple[Constant, ...]:
    """The results of an operator on constants; None stands for an input that is left out.

    Raises Unfoldable, and whatever numpy does for constants that do not go together.
    """
    if node.op in MOVES:
        made = MOVES[node.op](inputs, node.attributes, outputs, budget)
        return tuple(map(np.asarray, made)) if isinstance(made, list) else (np.asarray(made),)
    given = [one for one in inputs if one is not None]
    budget.take(prod(np.broadcast_shapes(*(one.shape for one in given))), max(one.size for one in given))
    return (ELEMENTWISE[node.op](given, node.attributes),)


Inputs = Sequence[Constant | None]
Attributes = Mapping[str, Any]
Move = Callable[[Inputs, Attributes, int, Budget], Any]


def _wanted(inputs: Inputs, number: int = 0) -> Constant:
    found = inputs[number] if number < len(inputs) else None
    if found is None:
        raise Unfoldable("lacks an input")
    return found


def integers(inputs: Inputs, number: int, attributes: Attributes, name: str) -> tuple[int, ...] | None:
    """A list of integers that is an input in newer files and an attribute in older ones; None if it is neither."""
    found = inputs[number] if number < len(inputs) else None
    if found is not None:
        if found.size > 64:
            raise Unfoldable(f"has a list of {found.size:,} axes or sizes")
        return tuple(int(one) for one in found.ravel())
    listed = attributes.get(name)
    return None if listed is None else tuple(int(one) for one in (listed if isinstance(listed, tuple) else (listed,)))


def _constant(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    for name, value in attributes.items():
        if name.startswith("value") and value is not None:
            return np.asarray(value)
    raise Unfoldable("has no value that is read here")


def _constant_of_shape(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    shape = integers(inputs, 0, attributes, "shape") or ()
    budget.take(prod(shape), 1)
    value = np.asarray(attributes.get("value", np.float32(0))).ravel()
    return np.full(shape, value[0])


def _expand(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    x, shape = _wanted(inputs), integers(inputs, 1, attributes, "shape") or ()
    wanted = np.broadcast_shapes(x.shape, shape)
    budget.take(prod(wanted), x.size)
    return np.broadcast_to(x, wanted)


def _tile(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    x, repeats = _wanted(inputs), integers(inputs, 1, attributes, "repeats") or ()
    budget.take(x.size * prod(repeats), x.size)
    return np.tile(x, repeats)


def _range(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    start, limit, delta = (_wanted(inputs, number).ravel()[0] for number in range(3))
    budget.take(int(max(0, np.ceil((limit - start) / delta))), 3)
    return np.arange(start, limit, delta)


def _reshape(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    x, shape = _wanted(inputs), integers(inputs, 1, attributes, "shape") or ()
    return x.reshape([x.shape[n] if size == 0 and n < x.ndim else size for n, size in enumerate(shape)])


def _flatten(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    x, axis = _wanted(inputs), int(attributes.get("axis", 1))
    return x.reshape(prod(x.shape[:axis]), -1)


def _squeeze(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    return np.squeeze(_wanted(inputs), integers(inputs, 1, attributes, "axes"))


def _unsqueeze(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    return np.expand_dims(_wanted(inputs), integers(inputs, 1, attributes, "axes") or ())


def _concat(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    pieces = [_wanted(inputs, number) for number in range(len(inputs))]
    budget.take(sum(one.size for one in pieces), max(one.size for one in pieces))
    return np.concatenate(pieces, int(attributes.get("axis", 0)))


def slices(inputs: Inputs, attributes: Attributes, axes: int) -> dict[int, slice]:
    """The slice of each axis that a Slice cuts, by the number of the axis."""
    starts, ends = integers(inputs, 1, attributes, "starts") or (), integers(inputs, 2, attributes, "ends") or ()
    which = integers(inputs, 3, attributes, "axes") or tuple(range(len(starts)))
    strides = integers(inputs, 4, attributes, "steps") or (1,) * len(starts)
    found = {}
    for axis, start, end, step in zip(which, starts, ends, strides, strict=True):
        # counted from the end, an end before the first value is none at all
        found[axis % axes] = slice(start, None if step < 0 and end < -(2**31) else end, step)
    return found


def _slice(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    x = _wanted(inputs)
    cut = slices(inputs, attributes, x.ndim)
    return x[tuple(cut.get(axis, slice(None)) for axis in range(x.ndim))]


def sizes(shape: Sequence[int], attributes: Attributes) -> Constant:
    """The sizes that a Shape makes: all, or from a *start* to an *end*."""
    return np.asarray(shape[attributes.get("start", 0) : attributes.get("end")], np.int64)


def _gather(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
    x, at, axis = _wanted(inputs), _wanted(inputs, 1), int(attributes.get("axis", 0))
    budget.take(at.size * (x.size // max(1, x.shape[axis])), x.size)
    return np.take(x, at.astype(np.int64), axis)


def parts(inputs: Inputs, attributes: Attributes, outputs: int, size: int) -> list[int]:
    """The sizes of the pieces that a Split cuts an axis of *size* into."""
    given = integers(inputs, 1, attributes, "split")
    if given is not None:
        return list(given)
    each = -(-size // max(1, outputs))
    return [min(each, size - start) for start in range(0, size, each)]


def _split(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> list[Constant]:
    x, axis = _wanted(inputs), int(attributes.get("axis", 0))
    return np.split(x, np.cumsum(parts(inputs, attributes, outputs, x.shape[axis]))[:-1], axis)


def _reduced(operation: Callable[..., Any]) -> Move:
    def reduced(inputs: Inputs, attributes: Attributes, outputs: int, budget: Budget) -> Constant:
        axes = integers(inputs, 1, attributes, "axes")
        return np.asarray(operation(_wanted(inputs), axis=axes, keepdims=bool(attributes.get("keepdims", 1))))

    return reduced


def _l1(x: Constant, **how: Any) -> Constant:
    return np.asarray(np.abs(x).sum(**how))


def _l2(x: Constant, **how: Any) -> Constant:
    return np.asarray(np.sqrt(np.square(x).sum(**how)))


MOVES: Mapping[str, Move] = {
    "Constant": _constant, "ConstantOfShape": _constant_of_shape, "Expand": _expand, "Tile": _tile, "Range": _range, "Reshape": _reshape,
    "Flatten": _flatten, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Concat": _concat, "Slice": _slice, "Gather": _gather,
    "Split": _split, "Shape": lambda inputs, attributes, *_: sizes(_wanted(inputs).shape, attributes),
    "Size": lambda inputs, *_: np.asarray(_wanted(inputs).size),
    "Transpose": lambda inputs, attributes, *_: np.transpose(_wanted(inputs), attributes.get("perm")),
    "ReduceMean": _reduced(np.mean), "ReduceSum": _reduced(np.sum), "ReduceMax": _reduced(np.max), "ReduceMin": _reduced(np.min),
    "ReduceProd": _reduced(np.prod), "ReduceL1": _reduced(_l1), "ReduceL2": _reduced(_l2),
}  # fmt: skip
"""Operators that move constants or sum them up, by type."""
