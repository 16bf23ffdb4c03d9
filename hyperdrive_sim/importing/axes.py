"""What transposes and reshapes do to the axes of a map, without moving a value.

A view is a list of dimensions, each of which runs over some axes, the last one fastest: [image] [channel] [row] [column] at first,
[image] [channel row column] once it is flattened. A channel axis may be cut: [image] [group] [channel of the group] [row] [column].
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

IMAGE, CHANNEL, ROW, COLUMN = "image", "channel", "row", "column"


class Axis(NamedTuple):
    """An axis of a map or a part of its channels: channel = *start* + *stride* times its index, and what the other parts add."""

    name: str
    size: int
    stride: int = 1


View = tuple[tuple[Axis, ...], ...]


class Unfit(ValueError):
    """A change of axes that has no meaning here; the message goes on where the operator's name ends."""


def of_map(images: int, channels: int, rows: int, columns: int) -> View:
    """A map as ONNX has it: [images, channels, rows, columns]."""
    return ((Axis(IMAGE, images),), (Axis(CHANNEL, channels),), (Axis(ROW, rows),), (Axis(COLUMN, columns),))


def of_vector(images: int, channels: int) -> View:
    """A map of single pixels as [images, channels]."""
    return ((Axis(IMAGE, images),), (Axis(CHANNEL, channels), Axis(ROW, 1), Axis(COLUMN, 1)))


def sizes(view: View) -> tuple[int, ...]:
    """The shape of a view."""
    return tuple(prod(axis.size for axis in dimension) for dimension in view)


def transposed(view: View, order: Sequence[int]) -> View:
    """A view whose dimension n is dimension order[n] of the other."""
    count = len(view)
    places = [place + count if place < 0 else place for place in order]
    if sorted(places) != list(range(count)):
        raise Unfit(f"has the order {list(order)} for {count} dimensions")
    return tuple(view[place] for place in places)


def reshaped(view: View, shape: Sequence[int]) -> View:
    """A view in another shape, which may have a -1 for what is left over and a 0 for what was there.

    Raises Unfit where that would cut rows, columns or images into parts.
    """
    wanted = _complete(sizes(view), list(shape))
    axes = [axis for dimension in view for axis in dimension if axis.size > 1]
    dimensions: list[tuple[Axis, ...]] = []
    for size in wanted:
        taken: list[Axis] = []
        while (there := prod(axis.size for axis in taken)) < size:
            if not axes:
                raise Unfit(f"makes {list(wanted)} of {list(sizes(view))}")
            axis = axes.pop(0)
            if size % (there * axis.size):  # only a part of this axis belongs here
                first, rest = _cut(axis, size // there if size % there == 0 else 0)
                axes.insert(0, rest)
                axis = first
            taken.append(axis)
        dimensions.append(_merged(taken))
    return tuple(dimensions)


def _complete(before: tuple[int, ...], shape: list[int]) -> tuple[int, ...]:
    shape = [before[n] if size == 0 and n < len(before) else size for n, size in enumerate(shape)]
    known, total = prod(size for size in shape if size != -1), prod(before)
    if shape.count(-1) > 1 or min(shape, default=1) < -1 or 0 in shape or (known != total if -1 not in shape else total % known):
        raise Unfit(f"cannot make {shape} of {list(before)}")
    return tuple(total // known if size == -1 else size for size in shape)


def _cut(axis: Axis, first: int) -> tuple[Axis, Axis]:
    if axis.name != CHANNEL:
        raise Unfit(f"cuts {axis.name}s into parts")
    if not first or axis.size % first:
        raise Unfit(f"cuts {axis.size} channels into parts of unequal size")
    rest = axis.size // first
    return Axis(CHANNEL, first, axis.stride * rest), Axis(CHANNEL, rest, axis.stride)


def _merged(axes: list[Axis]) -> tuple[Axis, ...]:
    """Axes of which those that are parts of one axis, in its order, are that one again."""
    found: list[Axis] = []
    for axis in axes:
        if found and found[-1].name == axis.name == CHANNEL and found[-1].stride == axis.stride * axis.size:
            found[-1] = Axis(CHANNEL, found[-1].size * axis.size, axis.stride)
        else:
            found.append(axis)
    return tuple(found)


def names(dimension: Sequence[Axis]) -> list[str]:
    """Names of the axes of more than one index."""
    return [axis.name for axis in dimension if axis.size > 1]


def is_map(view: View) -> bool:
    """True for [image] [channel] [row] [column], in which channels may be in another order."""
    wanted = ([IMAGE], [CHANNEL], [ROW], [COLUMN])
    return len(view) == 4 and all(set(names(dimension)) <= set(name) for dimension, name in zip(view, wanted, strict=True))


def shuffle(view: View) -> int:
    """Groups by which the channels of a map are shuffled; 1 for channels in their order. Raises Unfit for any other order."""
    parts = [axis for dimension in view for axis in dimension if axis.name == CHANNEL and axis.size > 1]
    in_order = sorted(parts, key=lambda axis: -axis.stride)
    if parts == in_order:
        return 1
    if len(parts) == 2:
        return parts[1].size
    raise Unfit("puts channels into an order that is no channel shuffle")
