"""Poolings: a window that slides over each channel by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Range, map_range
from hyperdrive_sim.network.layers.cutting import cut, cut_window
from hyperdrive_sim.network.layers.layer import Holds, Shapes, Weightless, no_booleans, not_taken, refuse
from hyperdrive_sim.network.layers.values import DType, computed, padding_value
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.window import Window, window_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool(Weightless):
    """A pooling: one value per position of a window that slides over each channel by itself."""

    name: str
    inputs: tuple[str]
    window: Window

    what = ""

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(1, self.inputs), *window_faults(self.window)])

    @property
    def kind(self) -> str:
        """Kind of pooling with its stride, even one of 1, because poolings usually have a larger one: maxpool3x3/1."""
        return f"{self.what}{self.window}" + ("/1" if self.window.stride == (1, 1) else "")

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        return self.window.over(x, x.channels)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return self.window.under(out)

    def ops(self, size: int, shapes: Shapes) -> int:
        return size * self.window.taps


class MaxPool(_Pool):
    """Max pooling: the largest pixel under a sliding window; padding never wins."""

    __slots__ = ()
    what = "maxpool"

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        if inputs[0] != "signs":
            return "real"
        extents = self.window.rows.extent, self.window.columns.extent
        if any(pad >= extent for pad, extent in zip(self.window.pads, extents * 2, strict=True)):
            problem = f"has windows over signs that lie in its pads {self.window.pads} alone, where no sign is the largest"
            raise InvalidInput.at(self.name, problem, "pads must be less than the window's {} x {} pixels".format(*extents))
        return "signs"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanPool(_Pool):
    """Average pooling: the mean of the pixels under a sliding window; padding counts as zeros or, without *count_pads*, not at all."""

    count_pads: bool = True

    what = "meanpool"

    def __post_init__(self) -> None:
        _Pool.__post_init__(self)
        refuse(self.name, no_booleans(count_pads=self.count_pads))


def pooled(operation: np.ufunc, x: Array, window: Window) -> Array:
    """Reduction of the pixels under each position of a window, on a map that is padded already."""
    first, *others = taps(x, window)
    y = first.copy()
    for tap in others:
        operation(y, tap, out=y)
    return y


def taps(x: Array, window: Window) -> Iterator[Array]:
    """Pixels under each tap of a window, at all its positions on a map that is padded already, row by row."""
    rows, columns = window.positions(x.shape[0], x.shape[1])
    for row in range(window.rows.kernel):
        for column in range(window.columns.kernel):
            yield x[window.rows.tap(row, rows), window.columns.tap(column, columns)]


@computed.register(MaxPool)
def _largest(layer: MaxPool, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    return pooled(np.maximum, operands[0].astype(dtype), layer.window)


@computed.register(MeanPool)
def _mean(layer: MeanPool, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    x = operands[0].astype(dtype)
    if layer.count_pads:
        mean: Array = pooled(np.add, x, layer.window) / layer.window.taps
        return mean
    there = ~np.isnan(x)
    return np.asarray(pooled(np.add, np.where(there, x, 0), layer.window) / pooled(np.add, there.astype(dtype), layer.window), dtype)


@cut.register(_Pool)
def _cut(layer: _Pool, out: Box, given: Sequence[Box], shapes: Shapes) -> _Pool:
    return replace(layer, window=cut_window(layer.window, out, given[0]))


@padding_value.register(MaxPool)
def _below_all(layer: MaxPool) -> float:
    return -np.inf


@padding_value.register(MeanPool)
def _zero_or_none(layer: MeanPool) -> float:
    return 0.0 if layer.count_pads else np.nan


@map_range.register(MaxPool)
def _range_of_largest(layer: MaxPool, ranges: Sequence[Range], shapes: Shapes) -> Range:
    centre, spread, cut = ranges[0]
    return Range(centre + spread * _largest_of(layer.window.taps), 0.6 * spread, cut)


@map_range.register(MeanPool)
def _range_of_mean(layer: MeanPool, ranges: Sequence[Range], shapes: Shapes) -> Range:
    centre, spread, cut = ranges[0]
    # the mean of a normal value cut at 0 is 0.4 of its spread
    return Range(centre + 0.4 * spread * cut, 0.6 * spread / sqrt(layer.window.taps), cut)


def _largest_of(count: int) -> float:
    """Mean of the largest of *count* standard normal values (Blom, 1958), times two thirds because neighbouring pixels are alike."""
    from statistics import NormalDist

    return 0.67 * NormalDist().inv_cdf((count - 0.375) / (count + 0.25)) if count > 1 else 0.0
