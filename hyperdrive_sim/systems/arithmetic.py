"""The arithmetic of a system: every layer in that of the part that runs it, and what the host computes in float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hyperdrive_sim.network.golden import Arithmetic, Single
from hyperdrive_sim.network.layers.layer import Layer
from hyperdrive_sim.network.parameters import Array, Parameters


class Mixed:
    """Arithmetics of several parts, *by_layer*: maps are held in a type that holds the values of each exactly."""

    def __init__(self, by_layer: Mapping[str, Arithmetic]) -> None:
        self._by_layer, self._host = by_layer, Single()
        self._parts = tuple(dict.fromkeys(by_layer.values()))
        self.dtype: np.dtype[Any] = np.result_type(*(one.dtype for one in (self._host, *self._parts)))

    @property
    def name(self) -> str:
        return "; ".join(dict.fromkeys(one.name for one in self._parts))

    @property
    def slow_macs_per_s(self) -> float | None:
        return min((rate for one in self._parts if (rate := one.slow_macs_per_s)), default=None)

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        own = self._of(layer)
        return own.apply(layer, self._in(own, operands), parameters).astype(self.dtype, copy=False)

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        own = self._of(layers[0])
        return own.fused(layers, self._in(own, operands), parameters).astype(self.dtype, copy=False)

    def _of(self, layer: Layer) -> Arithmetic:
        return self._by_layer.get(layer.name, self._host)

    @staticmethod
    def _in(arithmetic: Arithmetic, operands: Sequence[Array]) -> list[Array]:
        return [values.astype(arithmetic.dtype, copy=False) for values in operands]
