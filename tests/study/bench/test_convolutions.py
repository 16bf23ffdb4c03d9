"""Kernels side by side: who takes turns, what is counted, and a ceiling that does what it counts."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import programs
import pytest

from hyperdrive_sim.engine.compiled import silent
from hyperdrive_sim.errors import MissingExtra
from hyperdrive_sim.kernels import fp16, xnor
from hyperdrive_sim.study.bench import ceiling, convolutions
from hyperdrive_sim.study.bench.convolutions import ConvLayer, kernels, taking_turns

LAYER = ConvLayer((4, 5, 64), 3, 32)


def test_operations_by_pencil() -> None:
    assert ConvLayer((4, 5, 2), 3, 7).ops == 2 * (2 * 3) * (9 * 2) * 7
    assert str(LAYER) == "4 x 5 x 64, 3 x 3 to 32"


def test_jobs_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(convolutions, "_often", lambda job: 1)
    found = taking_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert "".join(order) == "ababab"
    assert list(found) == ["a", "b"]


def test_a_short_job_is_repeated_until_it_can_be_timed() -> None:
    """At least some milliseconds of CPU time in a row, and what is reported is one of them."""
    asked = []
    (took,) = taking_turns({"short": lambda: asked.append(1)}, rounds=1).values()
    assert len(asked) > 100
    assert 0 < took < convolutions.LEAST_S / 10


def test_every_variant_has_its_rate() -> None:
    found = kernels([LAYER], [LAYER], 1, silent)
    peers = ["torch float32"] if find_spec("torch") else []
    assert {row.kernel: list(row.ops_per_s) for row in found.rows} == {
        "XNOR, sums": [*xnor.available(), *peers],
        "XNOR, signs of sums": [*xnor.available()],
        "FP16 in order": [*fp16.available(), *peers],
    }
    for row in found.rows:
        assert row.ops == LAYER.ops
        assert 1e6 < min(row.ops_per_s.values()) <= max(row.ops_per_s.values()) < 1e14


def test_torch_computes_the_same_layer() -> None:
    """Also where there is a single output pixel, for which another of its functions is asked."""
    programs.packages("torch")
    rng = np.random.default_rng(3)
    for layer in (LAYER, ConvLayer((3, 3, 64), 3, 32)):
        x, signs = convolutions._signs(rng, *layer.padded), convolutions._kernel(layer, rng)
        variant = xnor.kernel("numpy")
        ours = variant.convolve(variant.pack_map(x), variant.pack_weights(signs), 1)
        (job,) = convolutions._torch(x, signs).values()
        theirs = np.asarray(job()).reshape(layer.outputs, -1).T
        assert np.array_equal(theirs, ours.reshape(-1, layer.outputs))


@pytest.mark.parametrize(("lanes", "vectors"), [(1, 6), (4, 6), (8, 16)])
def test_the_ceiling_s_loop_leaves_nothing_out(lanes: int, vectors: int) -> None:
    rng = np.random.default_rng(5)
    words, weights = rng.integers(-(2**62), 2**62, (2, vectors, lanes))
    expected = words.copy()
    for _ in range(3):
        expected += np.bitwise_count((expected ^ weights).view(np.uint64)).astype(np.int64)
    ceiling.compiled_loop(lanes, vectors)(words.ctypes.data, weights.ctypes.data, 3)
    assert np.array_equal(words, expected)


def test_no_kernel_is_faster_than_the_ceiling() -> None:
    """But for what a machine that others use as well makes of either."""
    found = kernels([ConvLayer((16, 16, 256), 3, 256)], [], 3, silent)
    assert found.ceiling_ops_per_s is not None
    fastest = max(rate for row in found.rows for name, rate in row.ops_per_s.items() if not name.startswith("torch"))
    assert fastest < 1.2 * found.ceiling_ops_per_s


def test_without_a_compiler_there_is_no_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"the measured ceiling needs an optional package; .* 'hyperdrive-sim\[fast\]'"):
        ceiling.ceiling_ops_per_s()
    assert kernels([], [], 1, silent).ceiling_ops_per_s is None
