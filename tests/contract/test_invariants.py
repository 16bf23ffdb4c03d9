"""What holds for every figure of every run: all chips, on random networks, meshes, links and frames.

The contract asks some of this of a few worlds; here the worlds are drawn, the way a user would arrive at one: any size, any bottleneck.
"""

from __future__ import annotations

from collections import Counter
from math import fsum
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.reports.derived.actions import action_counts, io_bits
from hyperdrive_sim.reports.derived.roofline import roofline
from hyperdrive_sim.reports.report import Report, summarise
from hyperdrive_sim.testing.worlds import MOST_TASKS, SMALL, Built, World

ROUNDING = 1e-9
LINK = st.sampled_from([0.003, 0.1, 2.66, 51.2])
WORDS = st.sampled_from([1.0, 3.0, 16.0])
XNOR: dict[str, Any] = {
    "small_kernels": st.sampled_from(["idle", "packed"]),
    "weight_registers": st.sampled_from(["double", "single"]),
    "window_fill": st.sampled_from(["padded", "overlapped", "full", "hidden"]),
    "parameter_buffer_bits": st.sampled_from([20_000, 65_536, 10_000_000]),
    "parameter_port_bits_per_cycle": WORDS,
    "flash_gbit_per_s": LINK,
    "host_link_gbit_per_s": LINK,
}
CHIPS: dict[str, dict[str, Any]] = {
    "hyperdrive": {
        "mesh": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "lanes": st.sampled_from([8, 16, 32]),
        "weight_buffer_blocks": st.integers(1, 3),
        "weight_stream_bits_per_cycle": WORDS,
        "border_link_bits_per_cycle": WORDS,
        "border_link_latency_cycles": st.sampled_from([0, 4, 1000]),
        "host_link_gbit_per_s": LINK,
    },
    "xnorbin": XNOR,
    "chewbaccann": XNOR,
    "nandnet_dram": {
        "multiply": st.sampled_from(["xnor", "and", "nor"]),
        "compression": st.integers(1, 4),
        "popcount": st.sampled_from(["counter", "ripple", "carry_save", "majority"]),
        "banks": st.integers(1, 4),
        "row_bytes": st.sampled_from([8, 64, 2048]),
        "readout": st.sampled_from(["hidden", "channel"]),
        "enforce_t_faw": st.booleans(),
    },
    "nandnet_sram": {
        "tiles": st.integers(1, 4),
        "tile_rows": st.sampled_from([1, 8, 16]),
        "tile_columns": st.sampled_from([1, 16, 128]),
        "port_bits": st.sampled_from([1, 16, 128, 4096]),
        "router_bits": st.sampled_from([1, 128, 4096]),
        "mapping": st.sampled_from(["dense", "aligned"]),
        "weights": st.sampled_from(["auto", "reloaded", "kept"]),
    },
}


def worlds(chip: str) -> st.SearchStrategy[Built]:
    """Small networks of any size on that chip with any of these settings, or without them."""
    side = st.integers(3, 14)
    world = st.builds(
        World,
        network=st.sampled_from(SMALL),
        input_shape=st.tuples(st.sampled_from([3, 5, 16]), side, side),
        chip=st.fixed_dictionaries({}, optional=CHIPS[chip]),
        frames=st.integers(1, 5),
        period_ps=st.sampled_from([0, 0, 10**6, 10**8, 10**10]),
    )
    return st.builds(Built, st.just(registry.load(chip)), world)


def alive_together(built: Built) -> int:
    """The most feature-map bits in the memories that hold parts, in any one step; a map that is written over another counts once."""
    placement = built.compiled.placement
    lying: dict[tuple[str, int, int], int] = {}
    for memory in {part.memory for part in placement.parts}:
        for one in placement.allocations[memory]:
            for step in range(one.first, one.last + 1):
                lying[memory, one.address, step] = one.box.size * placement.word_bits[one.tensor]
    sums: Counter[int] = Counter()
    for (_, _, step), bits in lying.items():
        sums[step] += bits
    return max(sums.values(), default=0)


@pytest.mark.parametrize("chip", registry.names())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_every_figure_is_possible(chip: str, data: st.DataObject) -> None:
    built = data.draw(worlds(chip))
    assume(not built.refusal)
    assume(built.compiled.size <= MOST_TASKS)
    report = summarise(built.scenario, built.compiled)
    units_keep_up(report)
    layers_stay_below_their_roofs(report)
    assert fsum(row.energy_j for row in report.layers) == pytest.approx(report.energy.total_j * report.time.frames, rel=1e-12)
    assert report.network.worst_layer_bits >= alive_together(built)
    older_frames_go_first(built)
    hazards.check(built.compiled)


def units_keep_up(report: Report) -> None:
    """No unit is asked for more than it can do, nor are the arrays for more operations than their peak."""
    for unit in report.units:
        assert 0 <= unit.utilization <= 1, unit.name
        assert report.time.frames_per_s * unit.busy_s / report.time.frames <= 1 + ROUNDING, unit.name
    assert 0 < report.throughput.utilization <= 1 + ROUNDING


def layers_stay_below_their_roofs(report: Report) -> None:
    """No layer moves more bits per cycle than its links can, or computes more than its arrays can."""
    columns, actions = report.layer_columns(), action_counts(report)
    cycles, moved = dict(zip(columns["layer"], columns["total_cycles"], strict=True)), io_bits(actions)
    for row in report.layers:
        assert 0 <= row.utilization <= 1 + ROUNDING, row.name
        for link, bits in moved.get(row.name, {}).items():
            if rate := report.machine.link_bits_per_s.get(link):
                assert bits / cycles[row.name] <= rate / report.machine.clock.hz * (1 + ROUNDING), (row.name, link)
    roof = roofline(report, actions)
    for point in (*roof.points, *([roof.whole] if roof.whole else [])):
        assert point.ops_per_s <= roof.roof_ops_per_s(point) * (1 + ROUNDING), point


def older_frames_go_first(built: Built) -> None:
    """While a task of one frame waits at a unit, no task of a later one starts there."""
    trace = built.compiled.trace
    for mine in trace.by_unit.values():
        waiting = [(trace.tasks[i].frame, int(trace.ready[i]), int(trace.start[i])) for i in mine]
        for later, _, start in waiting:
            assert not any(frame < later and ready <= start < begun for frame, ready, begun in waiting)
