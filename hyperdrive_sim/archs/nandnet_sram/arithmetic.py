"""Arithmetic of NAND-Net in SRAM: the converter of a column sees no more targets than it has levels for."""

from __future__ import annotations

import numpy as np

from hyperdrive_sim.archs._nandnet.arithmetic import Counting
from hyperdrive_sim.archs._nandnet.decomposition import AND, XNOR, Bits, Counts, Product, Rates, Taps, chunked, conversion
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.network.box import chunks

MOST_CONVERSIONS = 2**22
"""Up to this many ADC conversions a layer is evaluated conversion by conversion; beyond it, by matrix product."""
POSITIONS = 2**8
"""Output positions counted at a time, to stay within a processor's cache."""


def product_of(spec: NandnetSramSpec) -> Product:
    """The product that a cell makes of its weight and its word line."""
    return XNOR if spec.cell == "8t" else AND


class Sram(Counting):
    """Arithmetic of the SRAM: converters lose targets beyond their levels; so do those of the tile of ones, which counts activations."""

    def __init__(self, spec: NandnetSramSpec) -> None:
        converter, of_ones = (conversion(spec.tile_rows, bits) for bits in (spec.adc_bits, spec.ones_adc_bits))
        super().__init__(product_of(spec), converter, of_ones)
        self.rows, self.most = spec.tile_rows, converter.most
        self.name = f"counts of {self.product.name} products by {spec.adc_bits}-bit converters of {spec.tile_rows} rows"

    def in_hardware(self, under: Taps, weights: Bits) -> Counts | None:
        """Targets [positions, out], tile by tile: activations raise word lines, targets discharge bit lines, converters, the adder tree.

        None beyond MOST_CONVERSIONS.
        """
        groups = -(-weights.shape[1] // self.rows)
        if len(under.bits) * len(weights) * groups > MOST_CONVERSIONS:
            return None
        x, there, w = (np.packbits(chunked(bits, self.rows), axis=2) for bits in (under.bits, under.valid, weights))
        found = np.empty((len(x), len(w)), np.int32)
        for first, last in chunks(0, len(x), POSITIONS):
            lines, on = x[first:last, None], there[first:last, None]
            discharged = np.bitwise_count((~(lines ^ w) if self.product == XNOR else lines & w) & on).sum(axis=3, dtype=np.int32)
            found[first:last] = np.minimum(discharged, self.most).sum(axis=2)
        return found


def targets_rate(spec: NandnetSramSpec, layer: str = "") -> float:
    """Probability that a product discharges its bit line, from the rates of +1 among a layer's activations and weights."""
    rates = Rates(spec.activation_rate_of(layer), spec.weight_rate)
    return rates.p_xnor if product_of(spec) == XNOR else rates.p_nand
