"""The operations of Ambit, each as the commands that perform it. No operation changes its operands; any row may hold a result afterwards.

The data rows of an operation are, in this order: operands, results, scratch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hyperdrive_sim.archs.nandnet_dram.ambit.commands import Program
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import data


class Operation(NamedTuple):
    """A program whose first data rows are operands, the next ones results, and the remaining ones scratch."""

    program: Program
    operands: int
    results: int = 1

    @classmethod
    def parse(cls, text: str, operands: int, results: int = 1) -> Operation:
        return cls(Program.parse(text), operands, results)

    def on(self, *rows: int) -> Program:
        return self.program.on(*map(data, rows))


COPY = Operation.parse("AAP(D0,D1)", 1)
NOT = Operation.parse("AAP(D0,B5) AAP(B4,D1)", 1)
AND = Operation.parse("AAP(D0,B0) AAP(D1,B1) AAP(C0,B2) AAP(B12,D2)", 2)
OR = Operation.parse("AAP(D0,B0) AAP(D1,B1) AAP(C1,B2) AAP(B12,D2)", 2)
MAJORITY = Operation.parse("AAP(D0,B0) AAP(D1,B1) AAP(D2,B2) AAP(B12,D3)", 3)
NAND = Operation.parse("AAP(D0,B0) AAP(D1,B1) AAP(C0,B2) AAP(B12,B5) AAP(B4,D2)", 2)
NOR = Operation.parse("AAP(D0,B0) AAP(D1,B1) AAP(C1,B2) AAP(B12,B5) AAP(B4,D2)", 2)

# ~DCC0 and ~DCC1 hold the operands, so DCC0 T1 T2 and DCC1 T0 T3 meet each operand with the other's complement, both ways round.
XOR = Operation.parse("AAP(D0,B8) AAP(D1,B9) AAP(C0,B10) AP(B14) AP(B15) AAP(C1,B2) AAP(B12,D2)", 2)
XNOR = Operation.parse("AAP(D0,B8) AAP(D1,B9) AAP(C1,B10) AP(B14) AP(B15) AAP(C0,B2) AAP(B12,D2)", 2)

# D0 and D1, or D2 and D3: the skeleton of an XOR, with four operands as they are. Two ANDs and an OR would be 12 AAP.
AND_OR = Operation.parse("AAP(D0,B4) AAP(D1,B1) AAP(D2,B6) AAP(D3,B0) AAP(C0,B10) AP(B14) AP(B15) AAP(C1,B2) AAP(B12,D4)", 4)

# The carry comes before the sum, so that the row of the sum may be that of an operand.
HALF_ADDER = Operation(AND.on(0, 1, 3) + XOR.on(0, 1, 2), 2, 2)
FULL_ADDER = Operation(XOR.on(0, 1, 5) + AND.on(0, 1, 4) + XOR.on(5, 2, 3) + AND.on(5, 2, 5) + OR.on(4, 5, 4), 3, 2)

# SIMDRAM: the carry is a majority of the operands a, b, c, and the sum one of b, ~carry and a majority of a, c and ~carry.
MAJORITY_ADDER = Operation.parse("AAP(D2,B12) AAP(D0,B10) AAP(D1,B6) AAP(B15,D4) AAP(B7,B11) AP(B12) AAP(D1,B1) AAP(B13,D3)", 3, 2)
CARRYING_ADDER = Operation.parse("AAP(B6,B12) AAP(D0,B10) AAP(D1,B6) AP(B15) AAP(B7,B11) AP(B12) AAP(D1,B1) AAP(B13,D2)", 2)

OPERATIONS: Mapping[str, Operation] = {
    "copy": COPY,
    "not": NOT,
    "and": AND,
    "or": OR,
    "majority": MAJORITY,
    "nand": NAND,
    "nor": NOR,
    "xor": XOR,
    "xnor": XNOR,
    "and-or": AND_OR,
    "half adder": HALF_ADDER,
    "full adder": FULL_ADDER,
    "majority adder": MAJORITY_ADDER,
    "carrying adder": CARRYING_ADDER,
}
"""Operations by name. The results of an adder are sum, carry.

The carrying adder takes its carry from DCC1 and leaves it there, for the next bit.
"""
