"""Figures of a report that cannot be are found, each by its own sentence; and none of random runs is one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import nextafter
from typing import Any

import pytest
from commands import BASE
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import report
from worlds import on

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import DoesNotFit
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.reports.report import Report, summarise
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.testing.figures import broken

BY_PORT = "compare/cifar10_bnn/nandnet_sram"


def falsified(found: Report, **changes: Any) -> Report:
    """A report whose first layer that computes is another."""
    place = next(number for number, row in enumerate(found.layers) if row.ops)
    rows = [*found.layers]
    rows[place] = replace(rows[place], **changes)
    return replace(found, layers=tuple(rows))


def test_a_report_as_it_is() -> None:
    assert list(broken(report(BY_PORT))) == []


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({"utilization": 1.01}, ["layer conv2 is used for 1.01 of the time"]),
        ({"computed_s": 1e-9, "stalls": {}}, ["layer conv2 does .* operations in a time for", "the layers hold the arrays for"]),
        ({"total_cycles": 1500}, ["sram.port is busy with conv2 for", "conv2 lies above its roof"]),
        ({"total_cycles": 100}, ["sram.port moves .* bits for conv2 in 100 cycles", "conv2 does .* operations in 100 cycles"]),
        ({"total_cycles": 100}, ["conv2 moves .* bits per cycle over links of 128.0"]),
        ({"energy_j": 1e-6}, ["1e-06 J are not the nearest to what was counted for conv2"]),
    ],
)
def test_a_layer_that_cannot_be(changes: dict[str, Any], sentences: Sequence[str]) -> None:
    found = "\n".join(broken(falsified(report(BY_PORT), **changes)))
    for sentence in sentences:
        assert re.search(sentence, found), found


def test_totals_that_cannot_be() -> None:
    found = report(BY_PORT)
    peak, energy = found.system.peak_ops_per_s, found.energy
    faster = replace(found, throughput=replace(found.throughput, ops_per_s=100.0 * peak))
    assert any("Op/s and" in sentence for sentence in broken(faster))
    for changes in ({"core_j": 3 * energy.core_j}, {"io_j": energy.total_j}):
        assert any("are not" in sentence for sentence in broken(replace(found, energy=replace(energy, **changes))))
    assert any("rest on weak prices" in sentence for sentence in broken(replace(found, energy=replace(energy, assumed_share=7.0))))
    more = replace(found, network=replace(found.network, ops=1000 * found.network.ops))
    assert any("operations in a time for" in sentence for sentence in broken(more))


def test_a_rate_that_a_unit_cannot_keep_up_with() -> None:
    found = report(BY_PORT)
    faster = replace(found, time=replace(found.time, frames_per_s=2 * found.time.frames_per_s))
    assert any("sram.port would have to be busy for" in sentence for sentence in broken(faster))


def test_an_energy_that_is_off_in_its_last_digit() -> None:
    found = report(BY_PORT)
    (sentence,) = broken(replace(found, energy=replace(found.energy, total_j=nextafter(found.energy.total_j, 1))))
    assert sentence.endswith("J are not the nearest to what was counted")


# --- random runs ---


def conv(name: str, source: str, channels: int, kernel: int, **more: Any) -> Conv:
    return Conv(name=name, inputs=(source,), out_channels=channels, window=Window.square(kernel, padding=kernel // 2), **more)


KERNELS, SIZES = st.sampled_from([1, 3]), st.tuples(st.integers(2, 20), st.integers(2, 20))


@st.composite
def real(draw: st.DrawFn) -> Network:
    """For Hyperdrive: a convolution and two residual blocks behind it, with or without what comes after the products."""
    channels, scale, bias = draw(st.integers(1, 40)), draw(st.booleans()), draw(st.booleans())
    layers: list[Layer] = [conv("a", INPUT, channels, draw(KERNELS), scale=scale, bias=bias)]
    for name, source in (("b", "a"), ("c", "b_sum")):
        layers.append(conv(name, source, channels, draw(KERNELS), scale=scale, bias=False, relu=False))
        layers.append(Add(name=f"{name}_sum", inputs=(name, source), bias=bias))
    return Network("real", (draw(st.integers(1, 20)), *draw(SIZES)), layers)


@st.composite
def signs(draw: st.DrawFn) -> Network:
    """For chips that count: two convolutions of signs, pooled before or after their sign or not at all."""
    layers: list[Layer] = [Sign(name="sign", inputs=(INPUT,))]
    source = "sign"
    for name in ("a", "b"):
        products = {"maps": "binary", "scale": False, "bias": False, "relu": False}
        layers.append(conv(name, source, draw(st.integers(1, 40)), draw(KERNELS), **products))
        for what in draw(st.sampled_from([(), ("sign",), ("pool", "sign"), ("sign", "pool")])) if name == "b" else ("sign",):
            above = layers[-1].name
            pool = MaxPool(name=f"{what}_{name}", inputs=(above,), window=Window.square(2, stride=2))
            layers.append(pool if what == "pool" else Sign(name=f"{what}_{name}", inputs=(above,)))
        source = layers[-1].name
    return Network("signs", (draw(st.integers(1, 40)), *draw(SIZES)), layers)


WIDE = {"tiles": 1, "tile_rows": 1, "tile_columns": 1, "port_bits": 4096, "router_bits": 4096}
"""So small a machine that pooling alone would be more than its peak, and everything else as fast as can be."""
CHIPS: list[tuple[str, dict[str, Any]]] = [
    ("hyperdrive", {}),
    ("hyperdrive", {"mesh": (2, 2), "border_link_bits_per_cycle": 0.5}),
    ("hyperdrive", {"tile_rows": 1, "tile_columns": 1, "lanes": 1, "bypass_adds": "first_of_each_shape", "clock_mhz": 33.3}),
    ("xnorbin", {}),
    ("xnorbin", {"small_kernels": "packed", "window_fill": "hidden", "clock_mhz": 77.7, "flash_gbit_per_s": 0.1}),
    ("chewbaccann", {}),
    ("nandnet_dram", {"banks": 2, "row_bytes": 64}),
    ("nandnet_sram", WIDE),
    ("nandnet_sram", {"mapping": "aligned", "port_bits": 3, "clock_mhz": 333.3, "output_words": 0.3}),
    ("nandnet_sram", {"tiles": 64, "weights": "auto"}),
]


@pytest.mark.parametrize(("name", "chip"), CHIPS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(CHIPS)])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_random_run_does_more_than_it_can(name: str, chip: dict[str, Any], data: st.DataObject) -> None:
    network = data.draw(real() if name == "hyperdrive" else signs())
    arrivals = Arrivals.periodic(data.draw(st.integers(1, 3)), data.draw(st.sampled_from([0, 10**7])))
    try:
        compiled = on(registry.load(name), network, arrivals, **chip)
    except DoesNotFit:
        return
    scenario = Scenario.parse(BASE.replace("hyperdrive", name).replace("tiny_conv", "tiny_resnet" if name == "hyperdrive" else "tiny_xnor"))
    assert list(broken(summarise(scenario, compiled))) == []
