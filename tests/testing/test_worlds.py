"""Worlds of the contract: told by a file, derived from the zoo, or refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.testing import worlds
from hyperdrive_sim.testing.worlds import Built, World


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """XNORBIN's worlds.yaml, not yet written."""
    monkeypatch.setattr(registry, "folder", lambda name: tmp_path)
    worlds.worlds.cache_clear()
    yield tmp_path / "worlds.yaml"
    worlds.worlds.cache_clear()


def test_every_granularity_and_arrival_is_derived_and_shapes_take_turns(told: Path) -> None:
    found = [str(built) for built in worlds.worlds("xnorbin") if built.world.network == "tiny_xnor"]
    assert found == [
        "xnorbin-tiny_xnor-3x13x11-block-1",
        "xnorbin-tiny_xnor-16x8x9-block-3",
        "xnorbin-tiny_xnor-3x13x11-block-3@100000000ps",
        "xnorbin-tiny_xnor-16x8x9-channel-1",
        "xnorbin-tiny_xnor-3x13x11-channel-3",
        "xnorbin-tiny_xnor-16x8x9-channel-3@100000000ps",
    ]


def test_shapes_and_networks_that_are_refused_are_left_out_and_large_schedules_too() -> None:
    chip = registry.load("hyperdrive")
    assert {built.world.input_shape for built in worlds.derived(chip, "tiny_residual")} == {(16, 8, 9)}, "adds 16 channels to its input"
    assert list(worlds.derived(chip, "tiny_groupnet")) == []
    assert worlds.refusals("hyperdrive")["tiny_groupnet"].startswith("layer2.0.add1: adds to the result of")
    datapath = registry.load("xnorbin")
    assert [built.world.grain for built in worlds.derived(datapath, "tiny_xnor_residual")] == ["block"] * 3, "1,161 tasks by channels"


def test_a_network_that_is_told_is_tried_as_told(told: Path) -> None:
    told.write_text(
        "worlds:\n  - {network: tiny_xnor, input_shape: [16, 9, 11], chip: {feature_map_memory_bits: [9000, 16000]}, frames: 2}\n"
    )
    first, *others = worlds.worlds("xnorbin")
    assert first.world == World("tiny_xnor", (16, 9, 11), {"feature_map_memory_bits": [9000, 16000]}, frames=2)
    assert str(first) == "xnorbin-tiny_xnor-16x9x11-feature_map_memory_bits=[9000,16000]-block-2"
    assert first.compiled.mapped.spec == registry.load("xnorbin").Spec(feature_map_memory_bits=(9000, 16000))
    assert {built.world.network for built in others} == {
        "tiny_xnor_pointwise", "tiny_xnor_pooled", "tiny_xnor_kernels", "tiny_xnor_residual", "tiny_groupnet"
    }  # fmt: skip


def test_a_mistake_in_the_file_is_placed(told: Path) -> None:
    told.write_text("worlds:\n  - {network: tiny_xnor, input_shape: [16, 9], frame: 2}\n")
    with pytest.raises(InvalidInput) as failure:
        worlds.worlds("xnorbin")
    shape, frame = str(failure.value).splitlines()
    assert shape.startswith("xnorbin/worlds.yaml:2:26: worlds.0.input_shape")
    assert frame.startswith("xnorbin/worlds.yaml:2:48: worlds.0: unknown key 'frame'; did you mean 'frames'?")


def test_the_smallest_is_of_several_frames_and_layers(told: Path) -> None:
    """The network of one layer would be smaller: 48 tasks."""
    assert str(worlds.smallest("xnorbin")) == "xnorbin-tiny_xnor_pointwise-16x8x9-block-3"
    assert worlds.smallest("xnorbin").compiled.size == 93


def test_a_world_as_a_user_would_write_it() -> None:
    world = World("tiny_conv", (5, 7, 9), {"mesh": [2, 2]}, frames=3, period_ps=10**8)
    scenario = Built(registry.load("hyperdrive"), world).scenario
    assert scenario.arrivals == world.arrivals
    assert scenario.spec == registry.load("hyperdrive").Spec(mesh=(2, 2))
    assert scenario.settings.input_shape == (5, 7, 9)
