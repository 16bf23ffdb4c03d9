"""What holds for the figures of every run: all architectures, on random networks, meshes, buffers, links and numbers of frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from commands import BASE
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from test_several_maps import Given, conv, sign, xnor
from worlds import on, overtakings

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Layer
from hyperdrive_sim.reports import pace
from hyperdrive_sim.reports.records import Time
from hyperdrive_sim.reports.report import summarise
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.testing.figures import broken
from hyperdrive_sim.testing.worlds import World

MOST_TASKS = 500
SLOW = st.sampled_from((0.01, 0.1, 1.0))
CORE = {
    "parameter_buffer_bits": st.sampled_from((12_000, 65_536, 10**7)),
    "host_link_gbit_per_s": SLOW,
    "flash_gbit_per_s": SLOW,
    "weight_registers": st.sampled_from(("double", "single")),
}
CHIPS: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "chewbaccann": CORE,
    "hyperdrive": {
        "mesh": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "lanes": st.sampled_from((4, 16)),
        "weight_stream_bits_per_cycle": st.sampled_from((1.0, 16.0)),
        "border_link_bits_per_cycle": st.sampled_from((0.5, 4.0)),
        "border_link_latency_cycles": st.sampled_from((0, 1000)),
        "host_link_gbit_per_s": SLOW,
    },
    "nandnet_dram": {"banks": st.integers(1, 3), "row_bytes": st.sampled_from((16, 64)), "readout": st.sampled_from(("hidden", "channel"))},
    "nandnet_sram": {
        "tiles": st.sampled_from((1, 3, 64)),
        "port_bits": st.sampled_from((16, 128)),
        "weights": st.sampled_from(("reloaded", "auto")),
    },
    "xnorbin": CORE,
}
"""What changes which unit a frame waits for."""


@st.composite
def networks(draw: st.DrawFn, *, real: bool) -> Network:
    """Two to four convolutions in a row, of maps of reals or of signs, some of them with a residual sum."""
    shape = Shape(draw(st.sampled_from((3, 16))), draw(st.integers(5, 14)), draw(st.integers(5, 14)))
    layers: list[Layer] = []
    source, channels = INPUT, shape.channels
    for number in range(draw(st.integers(2, 4))):
        out, kernel, before = draw(st.sampled_from((8, 16, channels))), draw(st.sampled_from((1, 3))), source
        if not real:
            layers.append(sign(f"sign{number}", source))
        name, entry = f"conv{number}", source if real else f"sign{number}"
        layers.append(conv(name, entry, out, kernel) if real else xnor(name, entry, out, kernel))
        source = name
        if number and out == channels and draw(st.booleans()):
            layers.append(Add(name=f"sum{number}", inputs=(name, before), relu=real))
            source = f"sum{number}"
        channels = out
    return Network("drawn", shape, layers)


@st.composite
def runs(draw: st.DrawFn, name: str) -> Compiled:
    """Up to six frames of a drawn network on a drawn chip, as fast as can be or faster or slower than one is done."""
    chip = {key: draw(values) for key, values in CHIPS[name].items()}
    frames, grain = draw(st.integers(1, 6)), draw(st.sampled_from(registry.load(name).grains))
    network, paced = draw(networks(real=name == "hyperdrive")), draw(st.sampled_from((0.0, 0.0, 0.3, 0.9, 1.1, 3.0)))
    try:
        alone = Given(registry.load(name), World(network.name, (0, 0, 0), chip, grain), network).compiled
        if alone.size * frames > MOST_TASKS:
            reject()
    except InvalidInput:
        reject()
    return Compiled(alone.mapped, Arrivals.periodic(frames, round(paced * alone.trace.makespan_ps)), grain)


@pytest.mark.parametrize("name", CHIPS)
def test_every_figure_can_be(name: str) -> None:
    """Accesses are ordered, frames keep their order, and no unit, link or layer does more than it can; parts are the whole."""
    scenario = Scenario.parse(BASE.replace("hyperdrive", name).replace("tiny_conv", "tiny_resnet" if name == "hyperdrive" else "tiny_xnor"))

    @given(runs(name))
    @settings(max_examples=40)
    def holds(compiled: Compiled) -> None:
        hazards.check(compiled)
        report = summarise(scenario, compiled)
        assert list(broken(report)) == []
        assert report.network.worst_layer_bits >= alive_together(compiled)
        trace, time = compiled.trace, report.time
        assert overtakings(trace) == []
        assert time.latency_min_s <= time.latency_median_s <= time.latency_p99_s <= time.latency_worst_s
        assert time.latency_min_s <= time.latency_s <= time.latency_worst_s
        if time.overload is not None:
            assert time.arrivals_per_s is not None
            assert time.overload == pytest.approx(time.arrivals_per_s / time.frames_per_s)
            assert time.overload > 1
        again = compiled.cut(compiled.grain)
        assert all(np.array_equal(getattr(again.trace, column), getattr(trace, column)) for column in ("ready", "start", "end"))
        assert pace.time(again) == time

    holds()


def alive_together(compiled: Compiled) -> int:
    """The most feature-map bits that lie in the memories of outputs at any one step, where two allocations begin, the longer one."""
    placement = compiled.placement
    lying: dict[tuple[str, int, int], int] = {}
    for memory in {part.memory for part in placement.parts}:
        for one in placement.allocations[memory]:
            for step in range(one.first, one.last + 1):
                lying[memory, one.address, step] = one.box.size * placement.word_bits[one.tensor]
    sums: Counter[int] = Counter()
    for (_, _, step), bits in lying.items():
        sums[step] += bits
    return max(sums.values(), default=0)


HYPERDRIVE = registry.load("hyperdrive")


def timed(network: str, shape: tuple[int, int, int], frames: int, **chip: Any) -> tuple[Compiled, Time]:
    compiled = on(HYPERDRIVE, zoo.build(network, shape), Arrivals(frames), **chip)
    return compiled, pace.time(compiled)


@pytest.mark.parametrize(
    ("network", "alone_us", "before_us", "after_us"),
    [("tiny_strided", 82.2, 97.6, 97.5), ("tiny_residual", 112.7, 128.1, 112.7), ("tiny_odd_channels", 85.3, 100.8, 86.5)],
)
@pytest.mark.parametrize("frames", [2, 3, 6])
def test_later_frames_hardly_hold_up_the_first(network: str, alone_us: float, before_us: float, after_us: float, frames: int) -> None:
    """On a mesh of 2 x 2 it waits for one border of the next frame's input at most, which has begun and takes 15.4 us.

    Where units took what had been ready longest, it took *before_us*.
    """
    _, alone = timed(network, (16, 28, 28), 1, mesh=(2, 2))
    compiled, time = timed(network, (16, 28, 28), frames, mesh=(2, 2))
    longest_s = max(task.ps for task in compiled.schedule if task.frame) * 1e-12
    assert [round(seconds * 1e6, 1) for seconds in (alone.latency_s, time.latency_s)] == [alone_us, after_us]
    assert time.latency_s <= alone.latency_s + longest_s
    assert time.latency_s * 1e6 < before_us


@pytest.mark.parametrize("frames", [2, 3, 4, 20, 40])
def test_a_link_is_not_asked_for_more_than_it_can_send(frames: int) -> None:
    """16 x 28 x 28 words of 16 bit come and 32 x 14 x 14 go: 301,056 bits over 0.1 Gbit/s are 332.2 frames a second.

    Of two frames the first waits for the second one's input, so their ends lie close together, as if 910 could go on. The link also waits
    a little in every frame, which three frames show and two do not.
    """
    compiled, time = timed("tiny_strided", (16, 28, 28), frames, host_link_gbit_per_s=0.1)
    bits = sum(task.actions.get("input_io.bit", 0) + task.actions.get("output_io.bit", 0) for task in compiled.schedule) / frames
    assert bits == 301_056
    assert time.frames_per_s <= 1e8 / bits
    assert round(time.frames_per_s, 1) == (324.4 if frames == 2 else 326.9)
