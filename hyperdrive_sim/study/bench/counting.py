"""Instructions of fixed small cases, counted by valgrind. A script, which any installation of this package can run, an older one too:

    valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file=OUT python counting.py

Each case is done once before it is counted, so that nothing is loaded, compiled or cached in between. Counts are of this process alone and
hardly depend on the machine: valgrind's own processor is the same everywhere. Only names that older versions have as well may stand here.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hyperdrive_sim.engine.hazards import check
from hyperdrive_sim.reports.report import summarise
from hyperdrive_sim.scenario import shipped
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import runs

REQUEST = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
"""x86-64 code of a request to valgrind: rax = rdi, the request; rdx = 0, the answer of a processor that is none of valgrind's; then what
valgrind takes for its sign, four turns of rdi by 128 bits in all and rbx exchanged with itself, which change nothing; rax = rdx; return.
"""

TOOL = ord("C") << 24 | ord("T") << 16
ZERO, DUMP, START, STOP = TOOL + 1, TOOL + 3, TOOL + 4, TOOL + 5
"""Callgrind's requests, by valgrind's documentation: set counts to 0, write them out with a title, begin and end to count."""

Ask = Callable[..., int]


def valgrind() -> Ask:
    """A function that sends requests, numbers all of them, to the valgrind that this process runs under; elsewhere it does nothing."""
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(REQUEST)
    words, code = ctypes.c_uint64 * 6, ctypes.c_char.from_buffer(page)
    ask: Any = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.POINTER(words))(ctypes.addressof(code))
    ask.code = code  # keeps the page for as long as somebody may ask
    return lambda *request: int(ask(ctypes.pointer(words(*request))))


def plain_python() -> int:
    """A piece of Python that no change of ours touches: counts of another interpreter are compared by it."""
    found: dict[int, tuple[int, str]] = {}
    for number in range(20_000):
        found[number % 100] = number, str(number)
    return sum(number for number, _ in found.values())


def _stages(name: str, path: Path) -> dict[str, Callable[[], object]]:
    """The stages of a scenario's run, each from what those before it leave."""
    scenario = Scenario.read(path)
    made = runs.compiled(scenario)
    assert made.trace.makespan_ps

    def lower() -> object:
        return made.of_frames(1).schedule

    def simulate() -> object:
        return made.scheduled(made.schedule).trace

    return {
        f"{name}: read": lambda: Scenario.read(path),
        f"{name}: place": lambda: runs.compiled(scenario),
        f"{name}: lower": lower,
        f"{name}: simulate": simulate,
        f"{name}: price": lambda: made.scheduled(made.schedule).ledger,
        f"{name}: sum up": lambda: summarise(scenario, made).to_dict(),
        f"{name}: prove": lambda: check(made),
    }


def cases() -> dict[str, Callable[[], object]]:
    """All cases by name."""
    found: dict[str, Callable[[], object]] = {"plain Python": plain_python}
    for name in ("hyperdrive/tiny_2x2", "xnorbin/full_array"):
        found |= _stages(name, shipped.folder() / f"{name}.yaml")
    return found


def main() -> None:
    """Count every case, each in a part of valgrind's file that has its name."""
    gc.disable()  # as the command line does
    ask = valgrind()
    for name, case in cases().items():
        case()
        title = ctypes.create_string_buffer(name.encode())
        ask(START)
        ask(ZERO)
        case()
        ask(DUMP, ctypes.addressof(title))
        ask(STOP)


if __name__ == "__main__":
    main()
