"""Control streams of XNORBIN: executed without the network they come to golden, in the cycles of the schedule; broken ones are refused."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest

from hyperdrive_sim.archs.xnorbin import architecture
from hyperdrive_sim.archs.xnorbin.control_stream import binary, checking, interpreter, text
from hyperdrive_sim.archs.xnorbin.control_stream.records import Input, Output, Pass, Pool, Stream
from hyperdrive_sim.errors import InvalidInput, Overflow
from hyperdrive_sim.network.golden import Computation, forward
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.exports import exported, vectors
from hyperdrive_sim.study.runs import compiled

NETWORKS = {
    "tiny_xnor": (5, 9, 9),
    "tiny_xnor_pointwise": (20, 7, 7),
    "tiny_xnor_pooled": (3, 12, 12),
    "tiny_xnor_kernels": (20, 16, 16),
    "tiny_xnor_residual": (3, 12, 12),
    "tiny_groupnet": (3, 12, 12),
}
CHIPS: list[dict[str, Any]] = [
    {},
    {"small_kernels": "packed", "strided_columns": "skipped", "window_fill": "overlapped"},
    {"bpus": 3, "xnor_sums_per_bpu": 5, "row_banks": 3, "word_bits": 10, "window_fill": "full", "drain_cycles": 3},
    {"bpus": 2, "xnor_sums_per_bpu": 2, "word_bits": 64, "psum_word_bits": 12, "window_fill": "hidden", "small_kernels": "packed"},
]


class Case(NamedTuple):
    """A stream with the maps it gets and returns, and what its array does in the schedule."""

    data: bytes
    given: dict[str, Array]
    expected: dict[str, Array]
    cycles: int
    parameter_bits: int


def case(network: str, more: str = "", chip: dict[str, Any] | None = None) -> Case:
    shape = list(NETWORKS[network])
    scenario = Scenario.parse(
        f"schema_version: 1\ntitle: t\narchitecture: xnorbin\nnetwork: {network}\ninput_shape: {shape}\nchip: {chip or {}}\n{more}"
    )
    found = exported(scenario)
    maps = vectors(scenario, found.made)
    tasks = found.made.schedule
    return Case(
        found.data,
        {name.removeprefix("in."): values for name, values in maps.items() if name.startswith("in.")},
        {name.removeprefix("out."): values for name, values in maps.items() if name.startswith("out.")},
        sum(task.actions.get("dma.cycle", 0) for task in tasks),
        sum(task.actions.get("weight_io.bit", 0) for task in tasks),
    )


def stream_of(network: str) -> Stream:
    return binary.decoded(case(network).data)


@pytest.mark.parametrize("chip", CHIPS, ids=range(len(CHIPS)))
@pytest.mark.parametrize("network", NETWORKS)
def test_executed_alone_it_comes_to_golden_in_the_cycles_of_the_schedule(network: str, chip: dict[str, Any]) -> None:
    one = case(network, chip=chip)
    found = architecture.executed(one.data, one.given)
    assert found.outputs.keys() == one.expected.keys()
    for name, values in one.expected.items():
        assert np.array_equal(found.outputs[name], values), name
    assert found.cycles == one.cycles


@pytest.mark.parametrize("grain", ["block", "channel"])
def test_whatever_the_tasks_of_a_schedule_are(grain: str) -> None:
    """A finer cut has more records, which do the same."""
    one = case("tiny_xnor_pooled", f"granularity: {grain}\nframes: 2\n")
    found = architecture.executed(one.data, one.given)
    assert all(np.array_equal(found.outputs[name], values) for name, values in one.expected.items())
    assert found.cycles == one.cycles


def test_finer_tasks_are_more_records() -> None:
    counts = [len(binary.decoded(case("tiny_xnor_pooled", f"granularity: {grain}\n").data).records) for grain in ("block", "channel")]
    assert counts[0] < counts[1]


@pytest.mark.parametrize("network", NETWORKS)
def test_every_weight_and_threshold_of_the_schedule_is_there_once(network: str) -> None:
    one = case(network)
    stream = binary.decoded(one.data)
    passes = [record for record in stream.records if isinstance(record, Pass)]
    bits = sum(8 * len(record.weights) + stream.machine.psum_bits * len(record.thresholds) for record in passes)
    assert bits == one.parameter_bits


@pytest.mark.parametrize("chip", CHIPS, ids=range(len(CHIPS)))
def test_text_says_all_of_it(chip: dict[str, Any]) -> None:
    data = case("tiny_xnor_kernels", chip=chip).data
    said = architecture.text(data)
    assert said.startswith("xnorbin control stream, version 1\nmachine bpus=")
    assert architecture.assembled(said) == data
    title, machine, picture, *rest = said.splitlines()
    assert architecture.assembled("\n".join([title, "", "# a note", machine, f'{picture}   # of "the picture"', "", *rest])) == data
    assert '"#1"' in architecture.text(architecture.assembled(said.replace('map="sign0"', 'map="#1"', 1)))


def test_it_begins_with_what_the_host_sends_and_ends_with_what_it_gets() -> None:
    records = stream_of("tiny_xnor_pooled").records
    assert [type(record) for record in (records[0], records[-1])] == [Input, Output]
    assert {type(record) for record in records} == {Input, Pass, Pool, Output}
    assert architecture.inputs(case("tiny_xnor_pooled").data) == ("sign0",)


def test_a_stream_of_another_picture_is_the_same() -> None:
    """It says what the chip does, not to what."""
    assert case("tiny_xnor_residual", "seed: 1\n").data != case("tiny_xnor_residual", "seed: 2\n").data  # other weights
    one = case("tiny_xnor_residual")
    rng = np.random.default_rng(5)
    given = {name: rng.choice([-1.0, 1.0], values.shape) for name, values in one.given.items()}
    found = architecture.executed(one.data, given)
    scenario = Scenario.said(network="tiny_xnor_residual", input_shape=[3, 12, 12], architecture="xnorbin")
    made = compiled(scenario)
    parameters = inputs.opened(scenario, made.network).parameters()
    maps = dict(forward(Computation(made.network, parameters, {}, made.mapped.arithmetic), given))
    assert all(np.array_equal(values, maps[name]) for name, values in found.outputs.items())


# --- what is wrong is refused ---


def with_checksum(data: bytes) -> bytes:
    """A changed stream that claims to be whole."""
    body = data[:-9]
    return body + struct.pack("<BII", 255, 4, zlib.crc32(body))


def refused(data: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        architecture.executed(data, {})
    return str(caught.value)


def test_bytes_that_are_none() -> None:
    data = case("tiny_xnor").data
    assert refused(b"") == refused(b"XNORBIN") == "stream: is no control stream of XNORBIN; `hyperdrive-sim export` writes one"
    assert refused(data[:10]) == refused(data[:-9]) == refused(data[:300]) == "stream: ends too early; export it again"
    assert refused(data[:8] + b"\2\0" + data[10:]) == "stream: is of version 2, this is read: 1; export it again"
    changed = bytearray(data)
    changed[200] ^= 1
    assert refused(bytes(changed)) == "stream: has another checksum than its bytes, or bytes behind its end; export it again"
    assert "or bytes behind its end" in refused(data + b"\0")
    assert "does not begin with its machine" in refused(with_checksum(data[:10] + data[-9:]))
    assert "of the unknown kind 77" in refused(with_checksum(data[:10] + b"\x4d\0\0\0\0" + data[10:]))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"address": -1}, "its input takes 1,296 bits from -1; memory 0 has 131,072"),
        ({"address": 2**62}, "memory 0 has 131,072"),
        ({"memory": 2}, "its input lies in memory 2; there are 0 and 1"),
        ({"shape": (5, 9, 2**40)}, "has a size beyond 1 to 65,536"),
        ({"kernel": (0, 3)}, "has a size beyond 1 to 1024"),
        ({"kernel": (50, 3)}, "kernel (50, 3) does not fit a map of (5, 9, 9)"),
        ({"stride": 0}, "has a size beyond 1 to 1024"),
        ({"pads": (-1, 0, 0, 0)}, "pads (-1, 0, 0, 0) has a size beyond 0 to 1024"),
        ({"beyond": 2}, "beyond 2, which must be 0, 1 or -1"),
        ({"channels": (3, 3)}, "channels (3, 3) are no range within 1048576"),
        ({"together": 0}, "together 0, which must be 1 or more"),
        ({"sums": (1, 262_144)}, "its partial sums takes 1,296 bits from 262,144; memory 1 has 262,144"),
        ({"begin": "signs", "bypass": (0, 131_072)}, "its bypass takes 1,296 bits from 131,072"),
        ({"begin": "signs", "gain": 2**40}, "gain 1099511627776, which a partial sum cannot hold"),
        ({"weights": b""}, "weights of 0 bytes"),
        ({"thresholds": ()}, "0 thresholds for 1 channels"),
        ({"flipped": (7,)}, "flipped must be 0 or 1"),
        ({"output": (1, 262_000)}, "its output takes 1,296 bits from 262,000"),
        ({"pitch": 3}, "pitch 3, a word of all pixels takes 1296"),
    ],
)
def test_what_the_machine_does_not_have(changes: dict[str, Any], sentence: str) -> None:
    stream = stream_of("tiny_xnor")
    number, record = next((n, record) for n, record in enumerate(stream.records) if isinstance(record, Pass))
    one = replace(record, channels=(0, 1), weights=record.weights[: 2 * 9], thresholds=(0,), flipped=(0,))
    checking.checked(replace(stream, records=(one,)))
    with pytest.raises(InvalidInput) as caught:
        checking.checked(replace(stream, records=(*stream.records[:number], replace(one, **changes))))
    assert f"record {number + 1}, 'conv'" in str(caught.value)
    assert sentence in str(caught.value)


def test_a_machine_that_is_none() -> None:
    stream = stream_of("tiny_xnor")
    for change in (
        {"bpus": 0},
        {"word_bits": 65},
        {"psum_bits": 1},
        {"drain_cycles": -1},
        {"memory_bits": (2**40, 1)},
        {"memory_bits": (0, 1)},
    ):
        with pytest.raises(InvalidInput, match="its machine has"):
            checking.checked(replace(stream, machine=replace(stream.machine, **change)))


def test_pools_are_checked() -> None:
    stream = stream_of("tiny_xnor_pooled")
    pool = next(record for record in stream.records if isinstance(record, Pool))
    for change, sentence in (
        ({"channels": (1, 17)}, "are no whole words"),
        ({"by_and": (0,)}, "by_and must be"),
        ({"pitch": 1}, "pitch 1"),
        ({"output": (0, 131_071)}, "its output takes"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            checking.checked(replace(stream, records=(replace(pool, **change),)))


def test_one_name_is_one_shape() -> None:
    stream = stream_of("tiny_xnor_pooled")
    for kind in (Input, Output):
        one = next(record for record in stream.records if isinstance(record, kind))
        other = replace(one, shape=(one.shape[0], 1, 1))
        with pytest.raises(InvalidInput, match=r"is of shape .* and of shape"):
            checking.checked(replace(stream, records=(*stream.records, other)))


def test_what_would_take_all_memory_or_all_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stream_of("tiny_xnor")
    out, large = next(one for one in stream.records if isinstance(one, Output)), replace(stream.machine, memory_bits=(2**29, 2**29))
    sums = replace(out, shape=(2**20, 64, 64), holds="sums", channels=(0, 1))
    wide = next(one for one in stream.records if isinstance(one, Pass))
    wide = replace(wide, shape=(16, 4096, 4096), kernel=(60, 60), address=0, memory=0)
    pool = Pool("p", 0, 0, (16, 4096, 4096), 2**28, (40, 40), (1, 1), (0, 0, 0, 0), (0, 16), (1, 0), (0,) * 16)
    for record, sentence in ((sums, "a map of more than"), (wide, "under its windows at a time"), (pool, "under its windows at a time")):
        with pytest.raises(InvalidInput, match=sentence):
            checking.checked(Stream(large, (record,)))
    monkeypatch.setattr(checking, "MOST_MACS", 1000)
    with pytest.raises(InvalidInput, match="has more than 1,000 products"):
        checking.checked(stream)


def test_sums_beyond_their_word() -> None:
    """A schedule of the chip is refused for this; a stream may be of anybody's making."""
    stream = stream_of("tiny_xnor")
    narrow = replace(stream, machine=replace(stream.machine, psum_bits=4))
    signs = np.ones((9, 9, 5))
    all_ones = tuple(replace(one, weights=b"\xff" * len(one.weights)) if isinstance(one, Pass) else one for one in narrow.records)
    with pytest.raises(Overflow, match=r"a partial sum of 20 .* does not fit 4 bits"):
        interpreter.executed(replace(narrow, records=all_ones), {"sign0": signs})


def test_maps_that_it_does_not_take() -> None:
    data = case("tiny_xnor").data
    for maps, sentence in (
        ({}, "'sign0' is missing; it takes sign0"),
        ({"sign0": np.ones((9, 9, 5)), "more": np.ones((1, 1, 1))}, "there is a 'more', which the stream does not take; it takes sign0"),
        ({"sign0": np.ones((5, 9, 9))}, "'sign0' is of shape (5, 9, 9), not (9, 9, 5)"),
        ({"sign0": np.zeros((9, 9, 5))}, "'sign0' has values other than -1 and +1"),
        ({"sign0": np.full((9, 9, 5), np.nan)}, "'sign0' has values other than -1 and +1"),
    ):
        with pytest.raises(InvalidInput) as caught:
            architecture.executed(data, maps)
        assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("xnorbin control stream, version 1", "xnorbin", "must begin with the line 'xnorbin control stream, version 1'"),
        ("machine ", "machin ", "line 2: 'machin' cannot stand here; a stream is a machine, then records"),
        ("pass ", "machine ", "line 4: 'machine' cannot stand here"),
        ("bpus=7", "", "line 2: 'bpus' is missing; a machine has bpus"),
        ("bpus=7", "bpus=seven", "line 2: 'bpus' cannot be 'seven'; it is a whole number"),
        ("bpus=7", f"bpus={'9' * 30}", "line 2: 'bpus' cannot be"),
        ("bpus=7", "bpus=7 colour=red", "line 2: a machine has no 'colour'"),
        ("bpus=7", "bpus 7", "line 2: 'bpus 7 "),
        ("bpus=7", "bpus=7 bpus=8", "line 2: 'bpus' stands here a second time; keep one"),
        ("bpus=7", "bpus=1_6", "line 2: 'bpus' cannot be '1_6'; it is a whole number"),
        ('map="sign0"', 'map="\\ud800"', "line 3: 'map' cannot be"),
        ('map="sign0"', "map=" + "[" * 100_000, "line 3: 'map' cannot be"),
        ("shape=5,9,9", "shape=5,9", "line 3: 'shape' cannot be '5,9'; it is 3 whole numbers"),
        ('map="sign0"', "map=sign0", "line 3: 'map' cannot be 'sign0'; it is a text, \"like this\""),
        ("begin=zero", "begin=none", "line 4: 'begin' cannot be 'none'; it is one of zero, signs, sums"),
        ("  weights", "  weight", "line 5: 'weight' cannot stand here; lines below are weights, thresholds, flipped"),
        ("  thresholds ", "  thresholds x ", "'thresholds' cannot be 'x"),
        ("  thresholds ", "  flipped 1\n  thresholds ", "'flipped' stands here a second time; keep one"),
    ],
)
def test_text_that_says_something_else(old: str, new: str, sentence: str) -> None:
    said = architecture.text(case("tiny_xnor").data)
    assert old in said
    with pytest.raises(InvalidInput) as caught:
        architecture.assembled(said.replace(old, new, 1))
    assert sentence in str(caught.value)


def test_words_that_are_no_words() -> None:
    lines = architecture.text(case("tiny_xnor").data).splitlines()
    for word in ("xyzw", "12345678", "-1", "2c4", "0x1f", "1_f0"):
        changed = [*lines[:5], f"    {word} {lines[5].split(maxsplit=1)[1]}", *lines[6:]]
        with pytest.raises(InvalidInput, match="line 5: 'weights' cannot be"):
            architecture.assembled("\n".join(changed))


def test_empty_texts() -> None:
    for said, sentence in (("", "must begin with the line"), (text.TITLE, "has no machine in its second line")):
        with pytest.raises(InvalidInput, match=sentence):
            architecture.assembled(said)


@pytest.mark.parametrize("seed", range(200))
def test_changed_bytes_are_refused_or_executed(seed: int) -> None:
    """Whatever a stream with a right checksum says: a sentence, or maps; never another exception."""
    drawn = random.Random(seed)
    data = bytearray(MUTATED.data)
    for _ in range(drawn.choice((1, 1, 2, 8))):
        data[drawn.randrange(8, len(data) - 9)] = drawn.choice((0, 1, 0x7F, 0x80, 0xFF, drawn.randrange(256)))
    try:
        found = architecture.executed(with_checksum(bytes(data)), MUTATED.given)
    except (InvalidInput, Overflow):
        return
    assert all(values.ndim == 3 for values in found.outputs.values())


MUTATED = case("tiny_xnor_pooled")
