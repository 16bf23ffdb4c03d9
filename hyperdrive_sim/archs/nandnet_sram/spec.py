"""Settings of NAND-Net in SRAM; the defaults are the accelerator as published."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hyperdrive_sim.schedule.provenance import Basis
from hyperdrive_sim.schedule.spec import Spec, figure

HPCA = "H. Kim, J. Sim, Y. Choi, L.-S. Kim, NAND-Net, IEEE HPCA 2019"
SELECTED = f"{HPCA} gives pieces only; of the values tried, one of those that its speedups fit"
SPEEDUPS = (
    Basis("speedup of LeNet on 26 tiles", f"{HPCA}, results: 1.04 over 16 tiles", "published"),
    Basis("speedup of AlexNet on 26 tiles", f"{HPCA}, results: 1.5 over 16 tiles", "published"),
)
TILE = (Basis("size of a tile", f"{HPCA}: 16 tiles of 128 B, words of 16 B", "published"),)

Rate = Annotated[float, Field(ge=0, le=1)]


class NandnetSramSpec(Spec):
    """Tiles of SRAM cells that count products on their bit lines, a converter per column, and one digital periphery for all."""

    cell: Literal["8t", "6t"] = figure(
        "6t",
        "cell of the SRAM",
        "published",
        HPCA,
        values={"8t": "XNOR products, as the paper's baseline", "6t": "AND products, convolution decomposition"},
    )
    adc_bits: int = figure(3, "of the converter of a column; the baseline has 4", "published", HPCA, ge=1, le=8)
    tiles: Annotated[int, Field(ge=1, le=4096)] | Literal["equal_area"] = figure(
        "equal_area", "how many", "published", HPCA, values={"equal_area": "as many as the baseline's 16 tiles have room for"}
    )
    tile_rows: int = figure(
        8, "word lines that are raised at a time", "derived", f"{HPCA}: 128 B in words of 16 B", rests_on=TILE, ge=1, le=1024
    )
    tile_columns: int = figure(128, "bit lines, each a count", "derived", f"{HPCA}: a word of 16 B", rests_on=TILE, ge=1, le=4096)
    clock_mhz: float = figure(100, "of everything", "published", f"{HPCA}: 10 ns", ge=0.001, le=100_000)
    port_bits: int = figure(128, "of the one port that weights, inputs and outputs pass", "published", HPCA, ge=1, le=4096)
    router_bits: int = figure(128, "of activations that the router sends at a time", "assumed", "as wide as the port", ge=1, le=65536)
    pass_cycles: int = figure(3, "that a tile needs to count once", "fitted", SELECTED, rests_on=SPEEDUPS, ge=1, le=1000)
    output_words: float = figure(1, "words over the port for a word's width of outputs", "fitted", SELECTED, rests_on=SPEEDUPS, ge=0, le=64)
    mapping: Literal["dense", "aligned"] = figure(
        "dense",
        "how weights lie in cells",
        "fitted",
        SELECTED,
        rests_on=SPEEDUPS,
        values={
            "dense": "every cell holds a weight and counts in every pass, better than any placement could do",
            "aligned": "taps in rows, output channels in columns, what is left of a tile or of the last tiles is idle",
        },
    )
    weights: Literal["auto", "reloaded", "kept"] = figure(
        "auto",
        "whether weights stay in their tiles",
        "assumed",
        f"{HPCA} has one frame",
        values={
            "auto": "kept if they fit",
            "reloaded": "each layer's are loaded for every frame",
            "kept": "all layers' stay, each in tiles of its own, which makes one frame slower and more of them faster",
        },
    )
    ones_tile: Literal["written", "resident"] = figure(
        "written",
        "the tile that counts activations",
        "assumed",
        "the paper does not say",
        values={"written": "written for every layer", "resident": "there for good"},
    )
    ones_adc_bits: int = figure(
        4, "of the converters of the tile of ones, whose counts are larger", "assumed", "none is given; 4 are exact for 8 rows", ge=1, le=8
    )
    activation_rate: Rate = figure(0.327, "how often an activation is +1; what discharges bit lines depends on it", "published", HPCA)
    activation_rates: dict[str, Rate] = figure({}, "the same for some layers' inputs, by layer", "assumed", "the paper's figure is lost")
    weight_rate: Rate = figure(0.5, "how often a weight is +1", "published", f"{HPCA}: 50 +- 1 %")
    io_pj_per_bit: float = figure(
        0.0, "of the link behind the port", "assumed", "no figure is known; the fitted write energy may hold some of it", ge=0, le=1e6
    )
    left_to_host: tuple[str, ...] = figure(
        (),
        "binary layers that are not run here",
        "fitted",
        f"{HPCA} does not say which layers count; LeNet with its dense layer and AlexNet without fit",
        rests_on=SPEEDUPS,
    )

    def activation_rate_of(self, layer: str) -> float:
        """Rate of +1 among the activations that a layer reads."""
        return self.activation_rates.get(layer, self.activation_rate)

    @property
    def tile_bits(self) -> int:
        return self.tile_rows * self.tile_columns

    @property
    def count(self) -> int:
        """Number of tiles; of a decided spec only."""
        assert isinstance(self.tiles, int)
        return self.tiles

    @property
    def ones_bits(self) -> int:
        """Number of cells of the tile of ones, a column as tall as all tiles together."""
        return self.count * self.tile_rows

    @property
    def bits(self) -> int:
        """Number of weights, a bit each, that all tiles hold."""
        return self.count * self.tile_bits


BASELINE = NandnetSramSpec(cell="8t", adc_bits=4, tiles=16)
"""XNOR-Net in SRAM, the baseline: areas and energies are given as shares of it."""
