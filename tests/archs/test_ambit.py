"""Ambit's row commands: what they do to every row they touch, what they cost, and NAND-Net's programs, bit for bit."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_floors import IMPORTS, inside

from hyperdrive_sim.archs.nandnet_dram import ambit
from hyperdrive_sim.archs.nandnet_dram.ambit import (
    AAP,
    AP,
    MULTIPLICATIONS,
    NETWORKS,
    OPERATIONS,
    POPCOUNTS,
    Address,
    Chunk,
    CommandEnergy,
    CommandTiming,
    Count,
    Counts,
    Program,
    Subarray,
    multiply_and_count,
    numbers,
    packed_columns,
    population_count,
    run,
)
from hyperdrive_sim.archs.nandnet_dram.ambit.commands import Command
from hyperdrive_sim.archs.nandnet_dram.ambit.compression import ONES, ZEROS, Gates, compressed
from hyperdrive_sim.archs.nandnet_dram.ambit.draft import Draft, PackedProgram, packed
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import data, raised
from hyperdrive_sim.errors import NotThere

Bits = NDArray[Any]

DDR4_2400 = CommandTiming(tras_ps=32_000, trp_ps=14_160, overlap_ps=4_000)  # NAND-Net, table I; the overlap as in gem5-CIMD
AMBIT = CommandEnergy(aap_nj_per_kb=0.8, ap_nj_per_kb=0.75)  # Ambit, table 3, solved for the two
DATA_ROWS = 1006  # of a sub-array of 1024 addresses: the others are 16 B and 2 C


def at(text: str) -> list[Address]:
    return [Address.parse(one) for one in text.split()]


def randomly(rows: int, columns: int = 640, seed: int = 1, ones: float = 0.5) -> Bits:
    return np.random.default_rng(seed).random((rows, columns)) < ones


def every(rows: int) -> Bits:
    """All that some rows can hold, a column each."""
    held: Bits = (np.arange(2**rows) >> np.arange(rows)[:, None]) & 1 > 0
    return held


def bits(rows: NDArray[np.uint64], columns: int) -> Bits:
    return np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little")[:, :columns] > 0


def after(program: Program | str, held: Bits, wanted: str | Sequence[Address]) -> Bits:
    """What some rows hold after a program that starts with these bits in D0, D1, ..."""
    program = Program.parse(program) if isinstance(program, str) else program
    rows = at(wanted) if isinstance(wanted, str) else wanted
    return bits(run(program, packed_columns(held)).rows(rows), held.shape[1])


def counted(found: PackedProgram | Chunk | Count, program: Program, held: Bits) -> NDArray[np.int64]:
    """The number in every column's result rows."""
    return numbers(run(program, packed_columns(held)).rows(found.results))[: held.shape[1]]


# --- addresses ---


def test_what_the_designated_addresses_raise() -> None:
    table = """
        B0 T0 | B1 T1 | B2 T2 | B3 T3 | B4 DCC0 | B5 ~DCC0 | B6 DCC1 | B7 ~DCC1 | B8 ~DCC0 T0 | B9 ~DCC1 T1
        B10 T2 T3 | B11 T0 T3 | B12 T0 T1 T2 | B13 T1 T2 T3 | B14 DCC0 T1 T2 | B15 DCC1 T0 T3
    """
    lines = [entry.split() for line in table.strip().splitlines() for entry in line.split("|")]
    assert [address for address, *_ in lines] == [f"B{number}" for number in range(16)]
    for address, *expected in lines:
        assert ["~" * line.inverted + line.cells for line in raised(Address.parse(address))] == expected
    assert [line.cells for name in ("C0", "D1005") for line in raised(Address.parse(name))] == ["C0", "D1005"]


@pytest.mark.parametrize("text", ["B16", "C2", "'E0'", "'D'", "'D-1'", "'d0'", "'D0x'", "''"])
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        Address.parse(text.strip("'"))
    assert str(caught.value) == f"{text} is no row: there are B0 to B15, C0, C1, and D0 and up"


def test_addresses_made_of_numbers_are_checked_too() -> None:
    with pytest.raises(ValueError) as caught:
        Address("D", -1)
    assert str(caught.value) == "D-1 is no row: there are B0 to B15, C0, C1, and D0 and up"


# --- commands and programs ---


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("AAP(B10,D0)", "B10 cannot be sensed: it raises two rows, and if they differ nobody knows what comes out"),
        ("AP(B8)", "B8 cannot be sensed: it raises two rows, and if they differ nobody knows what comes out"),
        ("AAP(D0,C1)", "AAP(D0,C1) writes a constant"),
        ("AAP(B4,B5)", "AAP(B4,B5) joins both bit lines: it raises both wordlines of DCC0"),
        ("AAP(B7,B15)", "AAP(B7,B15) joins both bit lines: it raises both wordlines of DCC1"),
        ("AAP(B14,B8)", "AAP(B14,B8) joins both bit lines: it raises both wordlines of DCC0"),
        ("AAP(D0)", "'AAP(D0)' is no command: write AAP(source,target) or AP(source)"),
        ("AP(D0,D1)", "'AP(D0,D1)' is no command: write AAP(source,target) or AP(source)"),
        ("ACT(D0)", "'ACT(D0)' is no command: write AAP(source,target) or AP(source)"),
    ],
)
def test_commands_that_cannot_be(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        Program.parse(text)
    assert str(caught.value) == problem


def test_a_program_is_its_text() -> None:
    text = "AAP(D0,B8) AP(B14) AAP(B12,D7)"
    program = Program.parse(text)
    assert str(program) == text
    assert program == Program((AAP(*at("D0 B8")), AP(*at("B14")), AAP(*at("B12 D7"))))
    assert program.counts == Counts(aaps=2, aps=1)
    assert program.data_rows == 8
    assert Program().data_rows == 0
    assert Program().counts == Counts()


def test_programs_are_joined_and_renamed() -> None:
    inversion = OPERATIONS["not"].program
    twice = inversion.on(*at("D4 D9")) + inversion.on(*at("D9 D2"))
    assert str(twice) == "AAP(D4,B5) AAP(B4,D9) AAP(D9,B5) AAP(B4,D2)"
    assert twice.data_rows == 10
    assert str(inversion.on(*at("C0 D0"))) == "AAP(C0,B5) AAP(B4,D0)"
    assert str(OPERATIONS["and"].program.renamed({data(0): data(1), data(1): data(0)})).startswith("AAP(D1,B0) AAP(D0,B1) AAP(C0,B2)")


def test_a_program_on_the_wrong_number_of_rows() -> None:
    with pytest.raises(ValueError) as caught:
        OPERATIONS["and"].program.on(*at("D0 D1"))
    assert str(caught.value) == "a program on 3 data rows cannot run on 2"
    with pytest.raises(ValueError) as caught:
        OPERATIONS["and"].program.on(*at("D0 D1 C1"))
    assert str(caught.value) == "AAP(B12,C1) writes a constant"


# --- what one command does ---


def test_a_copy_leaves_the_original() -> None:
    held = randomly(1)
    np.testing.assert_array_equal(after("AAP(D0,D1)", held, "D0 D1"), held[[0, 0]])


@pytest.mark.parametrize(
    ("text", "inverted"),
    [
        ("AAP(D0,B4) AAP(B4,D1)", False),
        ("AAP(D0,B4) AAP(B5,D1)", True),
        ("AAP(D0,B5) AAP(B4,D1)", True),
        ("AAP(D0,B5) AAP(B5,D1)", False),
        ("AAP(D0,B6) AAP(B7,B5) AAP(B5,D1)", True),
        ("AAP(D0,B6) AP(B7) AAP(B6,D1)", False),
    ],
)
def test_rows_of_dual_contact(text: str, inverted: bool) -> None:
    held = randomly(1)
    np.testing.assert_array_equal(after(text, held, "D1"), held ^ inverted)


@pytest.mark.parametrize("address", ["B8", "B9", "B10", "B11", "B12", "B13", "B14", "B15"])
def test_a_copy_goes_to_all_rows_of_the_target(address: str) -> None:
    held = randomly(1)
    there = run(Program.parse(f"AAP(D0,{address})"), packed_columns(held))
    single = {"T0": "B0", "T1": "B1", "T2": "B2", "T3": "B3", "DCC0": "B4", "DCC1": "B6"}
    written = {line.cells: held ^ line.inverted for line in raised(Address.parse(address))}
    for cells, expected in written.items():
        np.testing.assert_array_equal(bits(there.rows(at(single.pop(cells))), held.shape[1]), expected)
    for other in single.values():
        with pytest.raises(NotThere):
            there.rows(at(other))


@pytest.mark.parametrize(("group", "rows"), [("B12", "B0 B1 B2"), ("B13", "B1 B2 B3"), ("B14", "B4 B1 B2"), ("B15", "B6 B0 B3")])
def test_a_majority_destroys_its_operands(group: str, rows: str) -> None:
    held = every(3)
    load = " ".join(f"AAP(D{number},{row})" for number, row in enumerate(rows.split()))
    expected = held.sum(axis=0) >= 2
    for command, where in ((f"AP({group})", rows), (f"AAP({group},D9)", f"{rows} D9")):
        found = after(f"{load} {command}", held, where)
        np.testing.assert_array_equal(found, np.broadcast_to(expected, found.shape))
    np.testing.assert_array_equal(after(f"{load} AP({group})", held, "D0 D1 D2"), held)


def test_operands_that_a_first_operation_destroyed_are_wrong_for_a_second() -> None:
    held = every(2)
    both = "AAP(D0,B0) AAP(D1,B1) AAP(C0,B2) AAP(B12,D2)"
    expected = held[:1] | held[1:]
    np.testing.assert_array_equal(after(f"{both} AAP(D0,B0) AAP(D1,B1) AAP(C1,B2) AAP(B12,D3)", held, "D3"), expected)
    assert (after(f"{both} AAP(C1,B2) AAP(B12,D3)", held, "D3") != expected).any()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("AAP(D1,B0)", "command 0, AAP(D1,B0), reads D1, to which nothing was written"),
        ("AAP(D0,B0) AAP(D0,B1) AAP(B12,D2)", "command 2, AAP(B12,D2), reads T2, to which nothing was written"),
        ("AAP(D0,B10) AP(B15)", "command 1, AP(B15), reads DCC1, to which nothing was written"),
        ("AAP(C0,D1) AAP(D1,D2) AAP(B5,D3)", "command 2, AAP(B5,D3), reads DCC0, to which nothing was written"),
    ],
)
def test_rows_that_were_never_written_are_not_read(text: str, problem: str) -> None:
    with pytest.raises(NotThere) as caught:
        after(text, randomly(1), "D0")
    assert str(caught.value) == problem


def test_results_that_are_not_there() -> None:
    with pytest.raises(NotThere) as caught:
        after("AAP(D0,D1)", randomly(1), "D2")
    assert str(caught.value) == "D2 is read, to which nothing was written"
    with pytest.raises(ValueError) as refused:
        after("AAP(D0,B12)", randomly(1), "B12")
    assert str(refused.value) == "B12 is not a single row"


@pytest.mark.parametrize("rows", [np.zeros((1, 1), np.int64), np.zeros(4, np.uint64)])
def test_rows_of_another_kind(rows: Any) -> None:
    with pytest.raises(ValueError) as caught:
        Subarray.holding(rows)
    assert str(caught.value) == f"rows must be uint64 [rows, words], not {rows.dtype} {list(rows.shape)}"


def test_a_subarray_does_not_change() -> None:
    rows = packed_columns(randomly(2))
    before = Subarray.holding(rows)
    then = before.after(OPERATIONS["not"].program)
    held = before.rows(at("D0 D1"))
    rows[:] = 0
    np.testing.assert_array_equal(before.rows(at("D0 D1")), held)
    np.testing.assert_array_equal(then.rows(at("D1")), ~held[:1])
    np.testing.assert_array_equal(before.after(OPERATIONS["not"].program).rows(at("D1")), ~held[:1])


def test_constants() -> None:
    np.testing.assert_array_equal(after("AAP(C0,D0) AAP(C1,D1)", randomly(0, 100), "D0 D1 C0 C1").all(axis=1), [False, True, False, True])


# --- operations ---

MEANING: Mapping[str, Callable[..., tuple[Bits, ...]]] = {
    "copy": lambda a: (a,),
    "not": lambda a: (~a,),
    "and": lambda a, b: (a & b,),
    "or": lambda a, b: (a | b,),
    "majority": lambda a, b, c: (a & b | a & c | b & c,),
    "nand": lambda a, b: (~(a & b),),
    "nor": lambda a, b: (~(a | b),),
    "xor": lambda a, b: (a ^ b,),
    "xnor": lambda a, b: (~(a ^ b),),
    "and-or": lambda a, b, c, d: (a & b | c & d,),
    "half adder": lambda a, b: (a ^ b, a & b),
    "full adder": lambda a, b, c: (a ^ b ^ c, a & b | a & c | b & c),
    "majority adder": lambda a, b, c: (a ^ b ^ c, a & b | a & c | b & c),
}
NAMES = [*MEANING, "carrying adder"]

COSTS = {  # AAP, AP, majorities, ns, nJ/KB: section 3.2 of the facts
    "copy": (1, 0, 0, 50.16, 0.8),
    "not": (2, 0, 0, 100.32, 1.6),
    "and": (4, 0, 1, 200.64, 3.2),
    "or": (4, 0, 1, 200.64, 3.2),
    "majority": (4, 0, 1, 200.64, 3.2),
    "nand": (5, 0, 1, 250.80, 4.0),
    "nor": (5, 0, 1, 250.80, 4.0),
    "xor": (5, 2, 3, 343.12, 5.5),
    "xnor": (5, 2, 3, 343.12, 5.5),
    "and-or": (7, 2, 3, 443.44, 7.1),
    "half adder": (9, 2, 4, 543.76, 8.7),
    "full adder": (22, 4, 9, 1288.16, 20.6),
    "carrying adder": (6, 2, 3, 393.28, 6.3),
    "majority adder": (7, 1, 3, 397.28, 6.35),  # as long, but its carry comes from a data row and goes to one
}


def test_every_operation_is_tested() -> None:
    assert set(OPERATIONS) == set(NAMES) == set(COSTS)


@pytest.mark.parametrize("name", MEANING)
def test_what_an_operation_computes(name: str) -> None:
    operation = OPERATIONS[name]
    results = [data(operation.operands + number) for number in range(operation.results)]
    for held in (every(operation.operands), randomly(operation.operands)):
        np.testing.assert_array_equal(after(operation.program, held, results), MEANING[name](*held))
        np.testing.assert_array_equal(after(operation.program, held, [data(row) for row in range(operation.operands)]), held)


@pytest.mark.parametrize("name", ["half adder", "full adder"])
def test_the_sum_may_take_the_row_of_an_operand(name: str) -> None:
    operation = OPERATIONS[name]
    held = every(operation.operands)
    rows = [*range(operation.operands), 0, *range(operation.operands, operation.program.data_rows - 1)]
    np.testing.assert_array_equal(after(operation.on(*rows), held, [data(0), data(operation.operands)]), MEANING[name](*held))


def test_the_carrying_adder_adds_bit_by_bit() -> None:
    """Two numbers of eight bits: the carry is put into DCC1 once, and taken from there at the end."""
    adder = OPERATIONS["carrying adder"]
    program = Program.parse("AAP(C0,B6)")
    for bit in range(8):
        program += adder.on(bit, 8 + bit, 16 + bit)
    held = randomly(16)
    found = numbers(run(program + Program.parse("AAP(B6,D24)"), packed_columns(held)).rows([data(16 + bit) for bit in range(9)]))
    np.testing.assert_array_equal(found, (2 ** np.arange(8)) @ held[:8] + (2 ** np.arange(8)) @ held[8:])
    assert program.counts == Counts(1) + 8 * Counts(6, 2)


@pytest.mark.parametrize("name", COSTS)
def test_what_an_operation_costs(name: str) -> None:
    program = OPERATIONS[name].program
    aaps, aps, majorities, ns, nj_per_kb = COSTS[name]
    assert program.counts == Counts(aaps, aps)
    assert sum(len(raised(command.source)) == 3 for command in program.commands) == majorities
    assert DDR4_2400.ps(program.counts) == round(ns * 1000)
    assert AMBIT.nj_per_kb(program.counts) == pytest.approx(nj_per_kb)


def test_the_arithmetic_of_costs() -> None:
    assert (DDR4_2400.aap_ps, DDR4_2400.ap_ps) == (50_160, 46_160)
    assert CommandTiming(35_000, 10_000, 4_000).aap_ps == 49_000  # DDR3-1600, Ambit's own
    counts = 3 * Counts(5, 2) + Counts(1)
    assert counts == Counts(16, 6)
    assert (counts.commands, counts.activations) == (22, 38)


# --- no command is there for nothing, and their order matters ---


def touched(command: Command) -> tuple[set[str], set[str]]:
    """Cells that a command reads, and those that it changes."""
    source = {line.cells for line in raised(command.source)}
    changed = source if len(source) == 3 else set()
    return source, changed | ({line.cells for line in raised(command.target)} if isinstance(command, AAP) else set())


def independent(one: Command, other: Command) -> bool:
    (reads, writes), (also_reads, also_writes) = touched(one), touched(other)
    return not (writes & (also_reads | also_writes) or also_writes & reads)


CELLS = ("T0", "T1", "T2", "T3", "DCC0", "DCC1", *(f"D{row}" for row in range(8)))


def outcome(name: str, commands: Sequence[Command]) -> NDArray[np.uint64]:
    """The results for all operands, a word each; whatever else there is holds noise at first, so that no row is missing."""
    operation, rng = OPERATIONS[name], np.random.default_rng(5)
    held = every(operation.operands)
    zeros = np.zeros(held.shape[1], np.uint64)
    noise = {cells: rng.integers(0, 2**64, len(zeros), np.uint64) for cells in CELLS}
    operands = {f"D{row}": np.where(ones, ~zeros, zeros) for row, ones in enumerate(held)}
    there = Subarray(noise | operands | {"C0": zeros, "C1": ~zeros}).after(Program(tuple(commands)))
    results = [data(operation.operands + number) for number in range(operation.results)]
    return there.rows(results + at("B6") * (name == "carrying adder"))


def same(name: str, commands: Sequence[Command]) -> bool:
    return bool((outcome(name, commands) == outcome(name, OPERATIONS[name].program.commands)).all())


SUPERFLUOUS = {
    "full adder": ["AAP(D5,B1)"],  # its OR starts with what its second AND has just left in T1: the price of a naive full adder
}


@pytest.mark.parametrize("name", NAMES)
def test_no_command_can_be_dropped(name: str) -> None:
    commands = OPERATIONS[name].program.commands
    found = [position for position in range(len(commands)) if same(name, commands[:position] + commands[position + 1 :])]
    assert [str(commands[position]) for position in found] == SUPERFLUOUS.get(name, [])


def swapped(commands: Sequence[Command], first: int, second: int) -> list[Command]:
    changed = list(commands)
    changed[first], changed[second] = changed[second], changed[first]
    return changed


def free(commands: Sequence[Command], first: int, second: int) -> bool:
    """Whether two commands are alike, or touch nothing that the other or any in between does."""
    one, other, between = commands[first], commands[second], commands[first + 1 : second]
    apart = independent(one, other) and all(independent(one, some) and independent(other, some) for some in between)
    return apart or one == other


EXCHANGEABLE = {  # where an AND comes first, it may load what the XOR or AND after it needs, in rows that it does not use itself
    "half adder": ["AAP(D0,B0) AAP(D0,B8)", "AAP(D1,B1) AAP(D1,B9)", "AAP(C0,B2) AAP(C0,B10)"],
    "full adder": ["AAP(C0,B2) AAP(C0,B10)"],
}


@pytest.mark.parametrize("name", NAMES)
def test_no_two_commands_can_be_swapped_that_depend_on_each_other(name: str) -> None:
    commands = OPERATIONS[name].program.commands
    pairs = list(combinations(range(len(commands)), 2))
    harmless = [pair for pair in pairs if same(name, swapped(commands, *pair))]
    assert {pair for pair in pairs if free(commands, *pair)} <= set(harmless)
    exceptions = [f"{commands[one]} {commands[other]}" for one, other in harmless if not free(commands, one, other)]
    assert exceptions == EXCHANGEABLE.get(name, [])


# --- population counts ---


@pytest.mark.parametrize("popcount", POPCOUNTS)
@pytest.mark.parametrize("rows", range(1, 41))
def test_population_counts(popcount: str, rows: int) -> None:
    count = population_count(popcount, rows)
    held = np.concatenate([randomly(rows, 300, rows), randomly(rows, 300, rows, ones=0.95)], axis=1)
    held[:, 0], held[:, 1] = True, False
    np.testing.assert_array_equal(counted(count, count.program, held), held.sum(axis=0))
    assert len(count.results) == rows.bit_length()
    operands = [data(row) for row in range(rows)]
    np.testing.assert_array_equal(after(count.program, held, operands), held)


@pytest.mark.parametrize("popcount", POPCOUNTS)
def test_population_counts_of_all_that_nine_rows_can_hold(popcount: str) -> None:
    count = population_count(popcount, 9)
    np.testing.assert_array_equal(counted(count, count.program, every(9)), every(9).sum(axis=0))


def half_adders(rows: int) -> int:
    """Of the counter: row i meets a number of up to i - 1."""
    return sum((row - 1).bit_length() for row in range(2, rows + 1))


def adders(popcount: str, rows: int) -> tuple[int, int]:
    """Full and half adders of a naive population count, from its commands: 22 + 4 and 9 + 2."""
    counts = population_count(popcount, rows).program.counts
    full = (2 * counts.aaps - 9 * counts.aps) // 8
    half = (counts.aps - 4 * full) // 2
    assert counts == full * Counts(22, 4) + half * Counts(9, 2)
    return full, half


@pytest.mark.parametrize(("rows", "half"), [(1, 0), (2, 1), (3, 3), (8, 17), (16, 49), (32, 129), (64, 321)])
def test_the_counter_is_a_chain_of_half_adders(rows: int, half: int) -> None:
    assert half_adders(rows) == half
    assert adders("counter", rows) == (0, half)


def test_the_counter_of_32_rows() -> None:
    counts = population_count("counter", 32).program.counts
    assert counts == Counts(1161, 258)
    assert DDR4_2400.ps(counts) == 70_145_040


@pytest.mark.parametrize(
    ("popcount", "rows", "full", "half"),
    [("ripple", 32, 26, 31), ("ripple", 16, 11, 15), ("carry_save", 32, 26, 5), ("carry_save", 16, 11, 4), ("carry_save", 3, 1, 0)],
)
def test_adders_of_the_trees(popcount: str, rows: int, full: int, half: int) -> None:
    assert adders(popcount, rows) == (full, half)


def test_adders_of_majorities_take_eight_commands_each() -> None:
    """26 full and 5 half adders, for which no fewer commands are known: 248, as the facts estimate."""
    assert population_count("majority", 32).program.counts == 31 * Counts(7, 1)
    assert population_count("majority", 16).program.counts == 15 * Counts(7, 1)


# --- compression ---


def compression(rows: int, group: int, gates: Gates) -> tuple[Program, list[Address]]:
    draft = Draft(rows)
    program, results = packed(draft, compressed(draft, draft.operands, group, gates))
    return program, list(results)


def remaining(targets: Bits, group: int) -> NDArray[np.int64]:
    """The target bits that F7 keeps: of each whole group all but one if all are set; what is left over as it is."""
    whole = len(targets) - len(targets) % group
    total = targets[whole:].sum(axis=0)
    for start in range(0, whole, group):
        total = total + np.minimum(targets[start : start + group].sum(axis=0), max(group - 1, 1))
    return np.asarray(total)


@pytest.mark.parametrize(("gates", "target"), [(ONES, 1), (ZEROS, 0)])
@pytest.mark.parametrize("group", [1, *NETWORKS])
def test_compression_gives_up_one_target_where_all_are(group: int, gates: Gates, target: int) -> None:
    for rows in range(1, 12):
        program, kept = compression(rows, group, gates)
        assert len(kept) == (rows - rows // group if group > 1 else rows)
        held = every(rows)
        np.testing.assert_array_equal((after(program, held, kept) == target).sum(axis=0), remaining(held == target, group))


@pytest.mark.parametrize(("group", "gates"), [(1, 0), (2, 1), (3, 5), (4, 9), (5, 17)])
def test_gates_of_a_group(group: int, gates: int) -> None:
    assert compression(group, group, ONES)[0].counts == compression(group, group, ZEROS)[0].counts == Counts(4 * gates)


@pytest.mark.parametrize(("multiply", "constant"), [("and", "C1"), ("xnor", "C1"), ("nor", "C1"), ("nand", "C0")])
def test_a3_sixteen_gates_compress_32_products(multiply: str, constant: str) -> None:
    """ORs where ones count, ANDs where zeros do: the paper's 16 ANDs for 32 bits."""
    program = multiply_and_count(multiply, 2, "counter").compress
    assert program.counts == 16 * Counts(4)
    constants = Counter(str(command.source) for command in program.commands if command.source.group == "C")
    assert constants == {constant: 16}


# --- chunks ---

CHUNKS = [
    (multiply, group, popcount, fused)
    for multiply, group, popcount in product(MULTIPLICATIONS, (1, *NETWORKS), POPCOUNTS)
    for fused in ((False, True) if (multiply, group) == ("and", 2) else (False,))
]


def targets(multiply: str, x: Bits, w: Bits) -> Bits:
    """The products that count: equal signs, or two +1, whose code is 0 for nor."""
    meaning = {"xnor": x == w, "and": x & w, "nand": x & w, "nor": ~x & ~w}
    return np.asarray(meaning[multiply])


@pytest.mark.parametrize(("multiply", "group", "popcount", "fused"), CHUNKS)
def test_chunks(multiply: str, group: int, popcount: str, fused: bool) -> None:
    for taps, held in ((32, randomly(64, 2000, 3, ones=0.6)), (7, randomly(14, 2000, 4)), (4, every(8)), (1, every(2))):
        chunk = multiply_and_count(multiply, group, popcount, taps=taps, fused=fused)
        expected = remaining(targets(multiply, held[:taps], held[taps:]), group)
        np.testing.assert_array_equal(chunk.targets(counted(chunk, chunk.program, held)), expected)
        np.testing.assert_array_equal(after(chunk.program, held, [data(row) for row in range(2 * taps)]), held)
        assert chunk.counted == (taps - taps // group if group > 1 else taps)
        assert len(chunk.results) == chunk.counted.bit_length()


def test_phases_of_a_chunk() -> None:
    chunk = multiply_and_count("xnor", 3, "ripple")
    assert chunk.multiply.counts == 32 * OPERATIONS["xnor"].program.counts
    assert chunk.compress.counts == 10 * 5 * Counts(4)
    assert chunk.count.counts == population_count("ripple", 22).program.counts
    fused = multiply_and_count("and", 2, "counter", taps=9, fused=True)
    assert fused.multiply.counts == 4 * OPERATIONS["and-or"].program.counts + OPERATIONS["and"].program.counts
    assert fused.compress == Program()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("xor", 1, "counter"), "multiply must be one of xnor, and, nand, nor, not xor"),
        (("and", 6, "counter"), "compression must be one of 1, 2, 3, 4, 5, not 6"),
        (("and", 1, "tree"), "popcount must be one of counter, ripple, carry_save, majority, not tree"),
    ],
)
def test_choices_that_there_are_not(arguments: tuple[str, int, str], problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        multiply_and_count(*arguments)
    assert str(caught.value) == problem


@pytest.mark.parametrize(("multiply", "group"), [("xnor", 2), ("and", 3), ("nand", 2)])
def test_only_ands_in_pairs_are_fused(multiply: str, group: int) -> None:
    with pytest.raises(ValueError) as caught:
        multiply_and_count(multiply, group, "counter", fused=True)
    assert str(caught.value) == f"only products of 'and' in groups of 2 are fused with their compression, not of '{multiply}' in {group}"


def test_a_chunk_of_nothing() -> None:
    for make in (lambda: multiply_and_count("and", 1, "counter", taps=0), lambda: population_count("counter", 0)):
        with pytest.raises(ValueError) as caught:
            make()
        assert str(caught.value) == "there must be at least one row to count, not 0"


@pytest.mark.parametrize(("multiply", "group", "popcount", "fused"), CHUNKS)
def test_rows_of_a_chunk(multiply: str, group: int, popcount: str, fused: bool) -> None:
    """64 operands, 32 products (16 if fused), and what an adder needs until its operands are read."""
    rows = multiply_and_count(multiply, group, popcount, fused=fused).program.data_rows
    assert rows in ((80, 81) if fused else (96, 97))
    assert rows < DATA_ROWS


@pytest.mark.parametrize(("popcount", "scratch"), [("counter", 7), ("ripple", 33), ("carry_save", 18), ("majority", 17)])
def test_rows_of_a_population_count(popcount: str, scratch: int) -> None:
    assert population_count(popcount, 32).program.data_rows == 32 + scratch


def test_a_packed_program_computes_what_the_draft_does() -> None:
    draft = Draft(9)
    results = POPCOUNTS["ripple"](draft, draft.operands)
    loose, tight = Program(tuple(draft.commands)), packed(draft, results)
    assert loose.counts == tight.program.counts
    assert loose.data_rows > 30 > 20 >= tight.program.data_rows
    np.testing.assert_array_equal(after(loose, every(9), results), after(tight.program, every(9), tight.results))


def test_an_operation_on_the_wrong_number_of_rows() -> None:
    with pytest.raises(ValueError) as caught:
        Draft(2).apply(OPERATIONS["half adder"], data(0))
    assert str(caught.value) == "an operation on 2 rows cannot be applied to 1"


def test_a_whole_machine_takes_milliseconds() -> None:
    """262,144 columns, the longest chunk there is; a second is a hundred times what it takes."""
    held = packed_columns(randomly(64, 262_144))
    chunk = multiply_and_count("xnor", 5, "counter")
    start = time.process_time()
    there = run(chunk.program, held)
    assert time.process_time() - start < 1
    found = chunk.targets(numbers(there.rows(chunk.results)))
    x, w = np.split(bits(held, 262_144), 2)
    np.testing.assert_array_equal(found, remaining(x == w, 5))


# --- NAND-Net's costs per chunk of 32: sections 4.2, 4.5 and 4.6 of the facts ---

BASE = multiply_and_count("xnor", 1, "counter")

MODES = {  # AAP, AP, ps, ratio, nJ/KB, ratio
    ("xnor", 1, False): (1321, 322, 81_124_880, 1, 1298.3, 1),
    ("and", 1, False): (1289, 258, 76_565_520, 0.9438, 1224.7, 0.9433),
    ("xnor", 2, False): (665, 162, 40_834_320, 0.5034, 653.5, 0.5034),
    ("and", 2, False): (633, 98, 36_274_960, 0.4471, 579.9, 0.4467),
    ("and", 2, True): (553, 130, 33_739_280, 0.4159, 539.9, 0.4159),
}


@pytest.mark.parametrize("mode", MODES)
def test_the_modes_of_nand_net(mode: tuple[str, int, bool]) -> None:
    multiply, group, fused = mode
    aaps, aps, ps, ratio, nj_per_kb, energy_ratio = MODES[mode]
    counts = multiply_and_count(multiply, group, "counter", fused=fused).program.counts
    assert counts == Counts(aaps, aps)
    assert DDR4_2400.ps(counts) == ps
    assert DDR4_2400.ps(counts) / DDR4_2400.ps(BASE.program.counts) == pytest.approx(ratio, abs=5e-5)
    assert AMBIT.nj_per_kb(counts) == pytest.approx(nj_per_kb)
    assert AMBIT.nj_per_kb(counts) / AMBIT.nj_per_kb(BASE.program.counts) == pytest.approx(energy_ratio, abs=5e-5)


def test_a1_an_and_takes_less_than_an_xnor() -> None:
    xnor, both = (DDR4_2400.ps(OPERATIONS[name].program.counts) for name in ("xnor", "and"))
    assert 1 - both / xnor == pytest.approx(0.4152, abs=5e-5)
    multiplying = DDR4_2400.ps(BASE.multiply.counts) / DDR4_2400.ps(BASE.program.counts)
    assert multiplying == pytest.approx(0.135, abs=5e-4)
    assert multiplying * (1 - both / xnor) == pytest.approx(0.056, abs=5e-4)


def gates(group: int) -> int:
    """Of a chunk of 32."""
    return multiply_and_count("and", group, "counter").compress.counts.aaps // 4


def left(group: int) -> int:
    return multiply_and_count("and", group, "counter").counted


def by_cells(cell: float, gate: float) -> Callable[[int], float]:
    """Every adder of the ripple-carry tree is an XOR and an AND, though most take three bits: the convention behind 44.1 %."""
    return lambda group: cell * sum(adders("ripple", left(group))) + gate * gates(group)


def by_adders(popcount: str) -> Callable[[int], float]:
    """Five gates for a full adder, two for a half adder."""

    def size(group: int) -> float:
        full, half = adders(popcount, left(group))
        return 5 * full + 2 * half + gates(group)

    return size


def by_time(group: int) -> float:
    chunk = multiply_and_count("and", group, "counter")
    return DDR4_2400.ps((chunk.compress + chunk.count).counts)


CONVENTIONS: dict[str, tuple[Callable[[int], float], dict[int, float]]] = {
    "57 cells, energy": (by_cells(5.5 + 3.2, 3.2), {2: 0.5594, 3: 1.007, 4: 1.201}),
    "57 cells, time": (by_cells(343.12 + 200.64, 200.64), {2: 0.5597}),
    "57 cells, commands": (by_cells(9 + 2, 4), {2: 0.5582}),
    "carry save, gates": (by_adders("carry_save"), {2: 0.5643, 3: 0.993, 4: 1.236}),
    "ripple, gates": (by_adders("ripple"), {2: 0.526, 3: 0.901, 4: 1.094}),
    "counter, gates": (by_adders("counter"), {2: 0.4419, 3: 0.806, 4: 0.969, 5: 1.163}),
    "counter, time": (by_time, {2: 0.4256, 3: 0.755, 4: 0.896}),
}


def last_digit(ratio: float) -> float:
    """Half of one in the last digit that is written."""
    return 0.5001 * 10.0 ** -len(str(ratio).partition(".")[2])


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a2_and_a4_size_of_a_compressed_population_count(convention: str) -> None:
    size, expected = CONVENTIONS[convention]
    found = {group: size(group) / size(1) for group in expected}
    for group, ratio in expected.items():
        assert found[group] == pytest.approx(ratio, abs=last_digit(ratio))
    assert min(found, key=found.__getitem__) == 2
    assert sorted(found.values()) == [found[group] for group in sorted(found)]


def test_a2_the_cut_of_the_paper() -> None:
    size = by_cells(5.5 + 3.2, 3.2)
    assert 1 - size(2) / size(1) == pytest.approx(0.4406, abs=5e-5)
    assert (sum(adders("ripple", 32)), gates(2)) == (57, 16)


def test_with_adders_of_majorities_the_gain_shrinks() -> None:
    def ps(multiply: str, group: int, fused: bool = False) -> int:
        return DDR4_2400.ps(multiply_and_count(multiply, group, "majority", fused=fused).program.counts)

    base = ps("xnor", 1)
    assert DDR4_2400.ps(BASE.program.counts) / base == pytest.approx(3.48, abs=5e-3)
    assert base / ps("and", 2) == pytest.approx(1.49, abs=5e-3)
    assert base / ps("and", 2, True) == pytest.approx(1.78, abs=5e-3)


# --- the room itself ---


def test_the_room_stands_on_its_own() -> None:
    rooms = {name: others for name, others in inside(IMPORTS).items() if name.startswith("hyperdrive_sim.archs.nandnet_dram.ambit")}
    assert len(rooms) >= 10
    for others in rooms.values():
        assert all(other == "hyperdrive_sim.errors" or other.startswith("hyperdrive_sim.archs.nandnet_dram.ambit.") for other in others)


def test_the_example_of_the_docstring() -> None:
    held = randomly(64, 1000)
    chunk = multiply_and_count("and", 2, "counter", taps=32, fused=True)
    there = run(chunk.program, packed_columns(held))
    found = chunk.targets(numbers(there.rows(chunk.results)))
    np.testing.assert_array_equal(found[:1000], remaining(held[:32] & held[32:], 2))
    text = ambit.__doc__ or ""
    assert f"{DDR4_2400.ps(chunk.program.counts):_}" in text
    assert f"{AMBIT.nj_per_kb(chunk.program.counts):.1f}" in text
    assert "AAP(D0,B5) AAP(B4,D1)" in text
    np.testing.assert_array_equal(after("AAP(D0,B5) AAP(B4,D1)", held, "D1"), ~held[:1])
