"""Helpers that emit LLVM's intermediate language, and its compilation to functions that Python can call.

llvmlite is the code generator of numba and comes with it. Loops written here compile in 20 ms where numba takes 600.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from llvmlite import binding as llvm  # type: ignore[import-untyped,unused-ignore]
from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]

Value = Any  # llvmlite is not annotated: an ir.Value
Builder = Any  # an ir.IRBuilder

I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
HALF, FLOAT, DOUBLE = ir.HalfType(), ir.FloatType(), ir.DoubleType()
_FLOAT_BITS = {HALF: 16, FLOAT: 32, DOUBLE: 64}


class Target(NamedTuple):
    """The processor to compile for. Code for features it lacks crashes it, and `half` without avx512fp16 crashes the compiler."""

    cpu: str
    features: str

    @classmethod
    def host(cls) -> Target:
        return cls(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())


class Vectors:
    """Instructions on vectors of *lanes* numbers of one type, appended to one function."""

    def __init__(self, builder: Builder, element: Any, lanes: int) -> None:
        self.b = builder
        self.element = element
        self.lanes = lanes
        self.bits = element.width if isinstance(element, ir.IntType) else _FLOAT_BITS[element]
        self.type = ir.VectorType(element, lanes)
        self.integers = ir.VectorType(ir.IntType(self.bits), lanes)

    def constant(self, number: float) -> Value:
        return ir.Constant(self.type, [number] * self.lanes)

    def integer(self, number: int) -> Value:
        return ir.Constant(self.integers, [number] * self.lanes)

    def spread(self, scalar: Value) -> Value:
        """Broadcast of a scalar to every lane."""
        nothing = ir.Constant(self.type, ir.Undefined)
        first = self.b.insert_element(nothing, scalar, ir.Constant(I32, 0))
        return self.b.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(I32, self.lanes), None))

    def fma(self, left: Value, right: Value, addend: Value) -> Value:
        """Fused multiply-add: left * right + addend, rounded once."""
        return intrinsic(self.b, f"llvm.fma.v{self.lanes}f{self.bits}", left, right, addend)

    def transposed(self, rows: Sequence[Value]) -> list[Value]:
        """Rows and columns of a square exchanged: in each step blocks beside the diagonal, twice as large as in the one before."""
        found, size = list(rows), 1
        while size < self.lanes:
            left = [lane if not lane & size else self.lanes + lane - size for lane in range(self.lanes)]
            right = [lane + size if not lane & size else self.lanes + lane for lane in range(self.lanes)]
            for row in (row for row in range(self.lanes) if not row & size):
                pair = found[row], found[row + size]
                found[row], found[row + size] = (self._chosen(*pair, lanes) for lanes in (left, right))
            size *= 2
        return found

    def _chosen(self, left: Value, right: Value, lanes: Sequence[int]) -> Value:
        """Lanes of two vectors, those of the right one counted on from those of the left one."""
        return self.b.shuffle_vector(left, right, ir.Constant(ir.VectorType(I32, len(lanes)), list(lanes)))

    def ones(self, words: Value) -> Value:
        """Number of bits set in each integer (population count)."""
        return intrinsic(self.b, f"llvm.ctpop.v{self.lanes}i{self.bits}", words)


def intrinsic(b: Builder, name: str, *arguments: Value) -> Value:
    """An operation that LLVM knows by name, of operands and a result that all have the same type."""
    kind = arguments[0].type
    known = b.module.globals.get(name) or ir.Function(b.module, ir.FunctionType(kind, [kind] * len(arguments)), name)
    return b.call(known, list(arguments))


def number(value: int) -> Value:
    return ir.Constant(I64, value)


def at(b: Builder, address: Value, kind: Any, index: Value) -> Value:
    """A pointer to element *index* of the array of *kind* at *address*."""
    return b.gep(b.inttoptr(address, kind.as_pointer()), [index])


def loop(b: Builder, count: Value, carried: Sequence[Value], body: Callable[..., Sequence[Value]]) -> list[Value]:
    """Emit a loop: `for index in range(count): carried = body(index, *carried)`; at least one turn. Returns the last *carried*."""
    before, head, after = b.block, b.append_basic_block(), b.append_basic_block()
    b.branch(head)
    b.position_at_end(head)
    first = [number(0), *carried]
    now = [b.phi(value.type) for value in first]
    later = list(body(*now))
    index = b.add(now[0], number(1))
    for phi, start, following in zip(now, first, [index, *later], strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(following, b.block)
    b.cbranch(b.icmp_unsigned("<", index, count), head, after)
    b.position_at_end(after)
    return later


def function(module: Any, name: str, arguments: int) -> Builder:
    """Builder at the start of a new function, which takes so many 64-bit integers and returns nothing."""
    signature = ir.FunctionType(ir.VoidType(), [I64] * arguments)
    return ir.IRBuilder(ir.Function(module, signature, name).append_basic_block())


def compiled(module: Any, target: Target) -> dict[str, Callable[..., None]]:
    """Compiled functions of *module* by name; they release the GIL, and check nothing."""
    with suppress(RuntimeError):  # from llvmlite 0.45 on it happens by itself, and asking for it is an error
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=target.cpu, features=target.features, opt=3)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine)
    engine.finalize_object()
    return {known.name: _callable(engine, known) for known in module.functions if known.blocks}


def _callable(engine: Any, known: Any) -> Callable[..., None]:
    foreign = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(known.args))(engine.get_function_address(known.name))
    foreign.engine = engine  # type: ignore[attr-defined]  # owns the code, which goes with the last of its functions
    return foreign
