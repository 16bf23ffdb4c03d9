"""What the published speedups of NAND-Net leave open: all choices that fit them alike, and what these say of the networks not fitted to.

Nothing overlaps in a run, so that its latency is a sum, which is computed here for thousands of choices and held against scheduled runs for
some of them. LeNet and AlexNet have published figures; of Caffe-quick and of network in network there are only such ranges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
import simulated
from commands import SCENARIOS

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs._nandnet import steps
from hyperdrive_sim.archs._nandnet.placement import value_bits
from hyperdrive_sim.archs.nandnet_dram import timing as dram_timing
from hyperdrive_sim.archs.nandnet_dram.timing import PassProgram
from hyperdrive_sim.archs.nandnet_sram import timing as sram_timing
from hyperdrive_sim.archs.nandnet_sram.lower import writes_ones
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.scenario.scenario import Scenario

DRAM, SRAM = (registry.load(f"nandnet_{kind}") for kind in ("dram", "sram"))
DENSE: Mapping[str, tuple[str, ...]] = {"lenet": ("ip1",), "caffe_quick": ("ip1",), "nin_xnor": (), "binary_alexnet": ("fc6", "fc7")}
NETWORKS = tuple(DENSE)
LAYERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "all": dict.fromkeys(NETWORKS, ()),
    "convolutions": DENSE,
    "all but AlexNet's dense ones": dict.fromkeys(NETWORKS, ()) | {"binary_alexnet": DENSE["binary_alexnet"]},
}
"""Which layers are timed: those left to the host, by rule and network. The last is the default of the scenarios."""
TIGHT = 0.02


def readme(machine: str) -> str:
    return " ".join((registry.folder(f"nandnet_{machine}") / "README.md").read_text("utf-8").split())


class Tried(NamedTuple):
    """A combination of choices, and the speedup of every network under it."""

    choice: Mapping[str, Any]
    layers: str
    speedups: Mapping[str, float]

    def off(self, published: Mapping[str, float]) -> float:
        """The largest relative deviation from published speedups."""
        return max(abs(self.speedups[network] / figure - 1) for network, figure in published.items())


Latency = Callable[[str, tuple[str, ...], Mapping[str, Any]], int]
"""Picoseconds of a network without some layers, in a machine of these settings."""


def tried(choices: Sequence[Mapping[str, Any]], slow: Mapping[str, Any], latency: Latency) -> tuple[Tried, ...]:
    """Try all choices with all rules of layers; *slow* is what makes the baseline of a machine."""

    def speedup(network: str, left: tuple[str, ...], choice: Mapping[str, Any]) -> float:
        return latency(network, left, {**choice, **slow}) / latency(network, left, choice)

    found = []
    for choice in choices:
        each = {(network, left): speedup(network, left, choice) for network in NETWORKS for left in {(), DENSE[network]}}
        found += [Tried(choice, rule, {name: each[name, left[name]] for name in NETWORKS}) for rule, left in LAYERS.items()]
    return tuple(found)


def row(name: str, some: Sequence[Tried], fitted: Mapping[str, float]) -> str:
    """A line of a README: how many combinations there are, and between what they put the networks that they were not fitted to."""
    cells = [name, f"{len(some):,}"]
    for network in NETWORKS:
        values = [one.speedups[network] for one in some]
        cells.append("" if network in fitted else f"{min(values):.2f} to {max(values):.2f}")
    return " ".join(f"| {' | '.join(cells)} |".split())


def rows(every: Sequence[Tried], published: Mapping[str, float], default: Tried, given: str, of: Callable[[Tried], bool]) -> Iterator[str]:
    """All lines of a README's table; *given* names those combinations alone that have what the paper gives."""
    for label, network in (("LeNet", "lenet"), ("AlexNet", "binary_alexnet")):
        fitted = {network: published[network]}
        yield row(f"{label} within 2 %", [one for one in every if one.off(fitted) <= TIGHT], fitted)
    both = [one for one in every if one.off(published) <= TIGHT]
    yield row("both within 2 %", both, published)
    yield row(f"both within 2 %, {given}", [one for one in both if of(one)], published)
    as_well = [one for one in every if one.off(published) <= default.off(published)]
    yield row("both, as well as the default or better", as_well, published)
    yield row("neither: all that were tried", every, {})


def ranked(every: Sequence[Tried], published: Mapping[str, float], default: Tried) -> str:
    """How well the default fits among all, in a README's words."""
    offs, miss = [one.off(published) for one in every], default.off(published)
    better = f"{sum(off < miss for off in offs)} of {len(every):,} fit better than the default"
    return f"{better}, whose larger miss is {100 * miss:.1f} %; the best is off by {100 * min(offs):.1f} %"


@cache
def network(name: str) -> Network:
    return Scenario.read(SCENARIOS / "nandnet_dram" / f"{name}.yaml").network()


@cache
def plan(name: str, left: tuple[str, ...]) -> steps.NandnetPlan:
    return steps.plan(network(name), left)


def maps_ps(name: str, left: tuple[str, ...], channel_ps: Callable[[int], int]) -> int:
    """Picoseconds in which maps come from the host and go back to it."""
    net, planned = network(name), plan(name, left)
    coming = [net.shape(tensor).size for tensor in planned.inputs]
    return sum(map(channel_ps, coming + [net.shape(tensor).size * value_bits(net, tensor) for tensor in planned.outputs]))


def scheduled(machine: str, name: str, left: tuple[str, ...], settings: Mapping[str, Any]) -> int:
    """Picoseconds of a scheduled run."""
    written = {key: str(value).lower() for key, value in settings.items()} | {"left_to_host": f"[{', '.join(left)}]"}
    changes = [f"chip.{key}={value}" for key, value in written.items()]
    return simulated.report(f"nandnet_{machine}/{name}", "reproduces=null", *changes).trace.makespan_ps


# --- DRAM ---

SPEEDUPS_IN_DRAM = {"lenet": 2.14, "binary_alexnet": 1.77}
XNOR = {"multiply": "xnor", "compression": 1}
DRAM_CHOICES = {
    "chunk_taps": (16, 32, 64),
    "row_bytes": (512, 1024, 2048, 4096, 8192),
    "popcount": ("counter", "ripple", "carry_save"),
    "fused": (True, False),
    "operand_copies": ("every_further_pass", "none"),
    "readout": ("hidden", "channel"),
    "enforce_t_faw": (False, True),
}


@cache
def program(multiply: str, compression: int, popcount: str, chunk_taps: int, fused: bool) -> PassProgram:
    settings = {"multiply": multiply, "compression": compression, "popcount": popcount, "chunk_taps": chunk_taps, "fused": fused}
    return PassProgram.of(DRAM.Spec(**settings))


def dram_ps(name: str, left: tuple[str, ...], settings: Mapping[str, Any]) -> int:
    """Weights, passes, copies before further passes, readouts, a clock of the periphery: layer after layer, one after the other."""
    spec, net = DRAM.Spec(**settings), network(name)
    chunk = program(spec.multiply, spec.compression, spec.popcount, spec.chunk_taps, spec.fused).chunk
    pass_ps = max(dram_timing.row_timing(spec).ps(chunk.program.counts), dram_timing.bus_ps(chunk.program.counts, spec))
    if spec.readout == "channel":
        pass_ps += dram_timing.channel_ps(len(chunk.results) * spec.columns, spec)
    copies = spec.banks * dram_timing.copies_ps(spec) if spec.operand_copies == "every_further_pass" else 0
    total = maps_ps(name, left, lambda bits: dram_timing.channel_ps(bits, spec))
    for step in plan(name, left).steps:
        count = dram_timing.passes(net, step.conv, spec)
        weights = dram_timing.channel_ps(dram_timing.weight_bits(net, step.conv, spec), spec)
        total += weights + count * pass_ps + (count - 1) * copies + Clock.of_mhz(spec.clock_mhz).ps(1)
    return total


def grid(choices: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


@cache
def in_dram() -> tuple[Tried, ...]:
    return tried(grid(DRAM_CHOICES), XNOR, dram_ps)


def test_a_run_in_dram_is_its_sum() -> None:
    """Every 43rd choice, of which each value of every choice is one."""
    some = grid(DRAM_CHOICES)[::43]
    assert all({choice[name] for choice in some} == set(values) for name, values in DRAM_CHOICES.items())
    for number, choice in enumerate(some):
        name = NETWORKS[number % 4]
        for settings in (choice, {**choice, **XNOR}):
            for left in {(), DENSE[name]}:
                assert dram_ps(name, left, settings) == scheduled("dram", name, left, settings), (name, left, settings)


def test_what_fits_in_dram_leaves_open() -> None:
    every = in_dram()
    (default,) = (
        one
        for one in every
        if one.layers == "all but AlexNet's dense ones" and all(getattr(DRAM.Spec(), name) == value for name, value in one.choice.items())
    )
    text = readme("dram")
    for line in rows(every, SPEEDUPS_IN_DRAM, default, "rows of 2 KB", lambda one: one.choice["row_bytes"] == 2048):
        assert line in text, line
    assert ranked(every, SPEEDUPS_IN_DRAM, default) in text


# --- SRAM ---

SPEEDUPS_IN_SRAM = {"lenet": 1.04, "binary_alexnet": 1.5}
SIXTEEN = {"tiles": 16}
SRAM_CHOICES = {
    "tiles": (25, 26),
    "pass_cycles": (1, 2, 3, 4, 5, 6, 7, 8),
    "output_words": (0, 1, 2, 4, 16),
    "mapping": ("dense", "aligned"),
    "router_bits": (64, 128),
}


class Alike(NamedTuple):
    """Blocks of a layer that are alike in time, one of them for all, and how many there are."""

    block: sram_timing.TileBlock
    count: int


class Filled(NamedTuple):
    """A layer's filling: the time of its weights on the port, and its blocks in groups, since there are thousands."""

    filling: sram_timing.Filling
    written_ps: int
    blocks: tuple[Alike, ...]


@cache
def filled(name: str, left: tuple[str, ...], tiles: int, mapping: str) -> tuple[Filled, ...]:
    spec = SRAM.Spec(tiles=tiles, mapping=mapping, weights="reloaded")
    sizes = {step.conv.name: sram_timing.size(network(name), step.conv) for step in plan(name, left).steps}
    found = []
    for filling in sram_timing.fillings(sizes, spec).values():
        written = sum(sram_timing.port_ps(block.written, spec) for block in filling.blocks)
        counts = Counter((block.passes, block.tiles) for block in filling.blocks)
        one = {(block.passes, block.tiles): block for block in filling.blocks}
        found.append(Filled(filling, written, tuple(Alike(one[key], count) for key, count in counts.items())))
    return tuple(found)


def sram_ps(name: str, left: tuple[str, ...], settings: Mapping[str, Any]) -> int:
    """Ones, weights, passes or activations, whichever take longer, and outputs: block after block, one after the other."""
    spec = SRAM.Spec(weights="reloaded", **settings)
    total = maps_ps(name, left, lambda bits: sram_timing.port_ps(bits, spec))
    for filling, written_ps, blocks in filled(name, left, spec.count, spec.mapping):
        total += written_ps + sram_timing.port_ps(sum(filling.words_out(spec)) * spec.port_bits, spec)
        total += sram_timing.port_ps(spec.ones_bits, spec) if writes_ones(spec) else 0
        for block, count in blocks:
            total += count * max(sram_timing.pass_ps(block, spec), sram_timing.route_ps(filling.size, block, spec))
    return total


@cache
def in_sram() -> tuple[Tried, ...]:
    return tried(grid(SRAM_CHOICES), SIXTEEN, sram_ps)


def test_a_run_in_sram_is_its_sum() -> None:
    """Every 13th choice, of which each value of every choice is one."""
    some = grid(SRAM_CHOICES)[::13]
    assert all({choice[name] for choice in some} == set(values) for name, values in SRAM_CHOICES.items())
    for number, choice in enumerate(some):
        name = NETWORKS[number % 4]
        for settings in (choice, {**choice, **SIXTEEN}):
            left = DENSE[name]
            assert sram_ps(name, left, settings) == scheduled("sram", name, left, {"weights": "reloaded", **settings}), (name, settings)


def test_what_fits_in_sram_leaves_open() -> None:
    every = in_sram()
    (default,) = (
        one
        for one in every
        if one.layers == "all but AlexNet's dense ones"
        and one.choice["tiles"] == 25
        and all(getattr(SRAM.Spec(), name) == value for name, value in one.choice.items() if name != "tiles")
    )
    text = readme("sram")
    for line in rows(every, SPEEDUPS_IN_SRAM, default, "25 tiles", lambda one: one.choice["tiles"] == 25):
        assert line in text, line
    assert ranked(every, SPEEDUPS_IN_SRAM, default) in text


CUTS_IN_SRAM = {"lenet": 34.3, "binary_alexnet": 40.2}
WEIGHTS = np.geomspace(1, 1000, 61)


def energy_cuts(weight: float, rule: str) -> Mapping[str, float] | None:
    """Energy cuts in percent if writing a weight costs as much as *weight* products, both savings solved from both published cuts.

    None if that takes savings of less than nothing or more than all.
    """
    shares = {}
    for name in NETWORKS:
        convs, net = [step.conv.name for step in plan(name, LAYERS[rule][name]).steps], network(name)
        writing = weight * sum(map(net.weight_bits, convs))
        shares[name] = writing / (writing + sum(map(net.macs, convs)))
    equations = [[1 - shares[name], shares[name]] for name in CUTS_IN_SRAM]
    counting, writing = np.linalg.solve(equations, list(CUTS_IN_SRAM.values()))
    possible = 0 <= counting <= 100 and 0 <= writing <= 100
    return {name: float(counting * (1 - share) + writing * share) for name, share in shares.items()} if possible else None


@pytest.mark.parametrize("rule", LAYERS)
def test_many_weights_of_writing_fit_both_energy_cuts(rule: str) -> None:
    """Each fits exactly, so that the two cuts say nothing of the weight."""
    found = {weight: cuts for weight in WEIGHTS if (cuts := energy_cuts(weight, rule))}
    for name, published in CUTS_IN_SRAM.items():
        assert [cuts[name] for cuts in found.values()] == pytest.approx([published] * len(found))
    ranges = [[cuts[name] for cuts in found.values()] for name in ("caffe_quick", "nin_xnor")]
    said = " | ".join(f"{min(values):.1f} to {max(values):.1f} %" for values in ranges)
    least = f"{min(found):.0f}" if min(found) >= 10 else f"{min(found):.1f}"
    line = f"| {rule} | {least} to {max(found):,.0f} | {said} |"
    assert line in readme("sram"), line
