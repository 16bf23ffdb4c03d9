"""Kernels side by side: who takes turns, what is counted, and a ceiling that does what it counts."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import programs
import pytest

from hyperdrive_sim.kernels import fp16, real, xnor
from hyperdrive_sim.study.bench import ceiling, convolving
from hyperdrive_sim.study.bench.convolutions import CEILING, kernels
from hyperdrive_sim.study.bench.convolving import row, taking_turns
from hyperdrive_sim.study.bench.installation import Installation, Usage
from hyperdrive_sim.study.bench.jobs import Job, jobs
from hyperdrive_sim.study.bench.layers import FLOAT32, FLOAT64, KERNELS, ORDERED, SIGNS, SUMS, ConvLayer

LAYER = ConvLayer(2, 3, 64, 3, 32, pad=1)
STRIDED = ConvLayer(9, 8, 5, 3, 7, pad=1, stride=2)
PIXEL = ConvLayer(3, 3, 64, 3, 32)


def test_operations_by_pencil() -> None:
    """Output pixels, products of each, twice."""
    assert ConvLayer(4, 5, 2, 3, 7).ops == 2 * (2 * 3) * (9 * 2) * 7
    assert LAYER.ops == 2 * (2 * 3) * (9 * 64) * 32
    assert STRIDED.ops == 2 * (5 * 4) * (9 * 5) * 7
    assert (str(LAYER), str(STRIDED)) == ("2 x 3 x 64, 3 x 3 to 32", "9 x 8 x 5, 3 x 3 / 2 to 7")


def test_jobs_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def job(name: str) -> Job:
        return Job(lambda: order.append(name), 1)

    monkeypatch.setattr(convolving, "_often", lambda job: 1)
    found = taking_turns({"a": job("a"), "b": job("b")}, rounds=3)
    assert "".join(order) == "ababab"
    assert {name: len(rates) for name, rates in found.items()} == {"a": 3, "b": 3}


def test_a_short_job_is_repeated_until_it_can_be_timed() -> None:
    """At least some milliseconds of CPU time in a row, and what is reported is one of them."""
    asked: list[int] = []
    ((rate,),) = taking_turns({"short": Job(lambda: asked.append(1), 1000)}, rounds=1).values()
    assert len(asked) > 100
    assert rate > 1000 / (convolving.LEAST_S / 10)


def test_ratios_are_medians_of_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of our variants, the fastest, by each of the others; of 4, 1/2 and 3 it is 3, where that of medians were 3/2."""
    rates = {"slow": [2.0, 4.0, 1.0], "fast": [8.0, 2.0, 3.0], "torch": [1.0, 1.0, 1.0]}
    monkeypatch.setattr(convolving, "jobs", lambda *_: ({"slow": None, "fast": None}, {"torch": None}))
    monkeypatch.setattr(convolving, "taking_turns", lambda *_: rates)
    found = row(SUMS, LAYER, 3, None)
    assert (found.fastest, found.ops_per_s) == ("fast", {"slow": 2.0, "fast": 3.0, "torch": 1.0})
    assert found.ratios == {"slow": 3.0, "torch": 3.0}


@pytest.mark.parametrize(
    ("kernel", "variants", "torchs"),
    [
        (SUMS, xnor.available, ["torch float32"]),
        (SIGNS, xnor.available, []),
        (ORDERED, fp16.available, ["torch float32"]),
        (FLOAT32, real.available, ["torch", "torch, channels last"]),
        (FLOAT64, real.available, ["torch", "torch, channels last"]),
    ],
)
def test_every_variant_has_its_rate(kernel: str, variants: Callable[[], tuple[str, ...]], torchs: list[str]) -> None:
    top = ceiling.popcount_ceiling()
    found = row(kernel, LAYER, 1, top)
    assert list(found.ops_per_s) == [*variants(), *([CEILING] if top else []), *(torchs if find_spec("torch") else [])]
    assert list(found.ratios) == [name for name in found.ops_per_s if name != variants()[-1]]
    assert 1e5 < min(found.ops_per_s.values()) <= max(found.ops_per_s.values()) < 1e14


@pytest.mark.parametrize("kernel", [SUMS, ORDERED, FLOAT32, FLOAT64])
@pytest.mark.parametrize("layer", [LAYER, STRIDED, PIXEL], ids=["padded", "strided", "one pixel"])
def test_all_compute_the_same_layer(kernel: str, layer: ConvLayer) -> None:
    """Ours and torch, also where there is a single output pixel, for which another of its functions is asked."""
    programs.packages("torch")
    ours, others = jobs(kernel, layer)
    first, *rest = (np.asarray(job.run(), np.float64).reshape(-1, layer.outputs) for job in ours.values())
    far = {SUMS: 0, ORDERED: 0.5, FLOAT32: 1e-4, FLOAT64: 1e-12}[kernel]  # FP16 is rounded at each of 576 additions, torch's sums once
    assert others
    for values in (*rest, *(np.asarray(job.run()).reshape(layer.outputs, -1).T for job in others.values())):
        assert np.abs(values - first).max() <= far


def test_signs_are_those_of_the_sums() -> None:
    sums, signs = ((next(iter(jobs(kernel, STRIDED)[0].values()))).run() for kernel in (SUMS, SIGNS))
    assert np.array_equal(np.asarray(signs), np.where(np.asarray(sums) >= 0, 1, -1))


@pytest.mark.parametrize("loop", ceiling.LOOPS.values())
def test_the_ceiling_s_loop_leaves_nothing_out(loop: ceiling.Loop) -> None:
    rng = np.random.default_rng(5)
    words, weights = rng.integers(-(2**62), 2**62, (2, loop.vectors, loop.lanes))
    expected = words.copy()
    for _ in range(3):
        expected += np.bitwise_count((expected ^ weights).view(np.uint64)).astype(np.int64)
    ceiling.compiled_loop(*loop)(words.ctypes.data, weights.ctypes.data, 3)
    assert np.array_equal(words, expected)


@pytest.mark.parametrize("kernel", [SUMS, SIGNS])
def test_our_fastest_is_divided_by_the_ceiling(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were every job to take a second, each would be as fast as it has operations."""
    top, layer = ceiling.popcount_ceiling(), ConvLayer(14, 14, 256, 3, 256)
    monkeypatch.setattr(convolving, "_seconds", lambda *_: 1.0)
    assert top is not None
    found = row(kernel, layer, 3, top)
    assert found.ratios[CEILING] == layer.ops / top.ops
    assert found.ops_per_s[CEILING] == top.ops


def test_without_a_compiler_there_is_no_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "present", frozenset[str])
    assert ceiling.popcount_ceiling() is None


@pytest.mark.slow
def test_each_kernel_in_a_process_with_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its CPU time is no more than its wall time: nobody has started a second thread."""
    costs: list[Usage] = []
    run = Installation.run

    def measured(self: Installation, *arguments: str, **more: object) -> Usage:
        costs.append(run(self, *arguments, **more))  # type: ignore[arg-type]
        return costs[-1]

    monkeypatch.setattr(Installation, "run", measured)
    told: list[tuple[str, int, int]] = []
    found = kernels(1, 1, lambda *progress: told.append(progress))
    assert [one.kernel for one in found] == list(KERNELS)
    assert [one.layer for one in found] == [str(layers[0]) for layers in KERNELS.values()]
    assert told == [(kernel, number, 5) for number, kernel in enumerate(KERNELS)]
    assert all(cost.cpu_s < 1.02 * cost.wall_s + 0.05 for cost in costs)
