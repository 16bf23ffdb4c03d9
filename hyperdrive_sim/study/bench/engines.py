"""One schedule simulated on SimPy and on the compiled engine, in a process of its own. A script:

    python engines.py '{"hyperdrive_sim": "keys of a scenario"}'

It prints CPU seconds of each engine as JSON, and whether their traces are the same, span for span.
"""

from __future__ import annotations

import gc
import json
import sys
from time import process_time

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.simulate import Engine
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.study import runs
from hyperdrive_sim.study.bench import inside

BOTH: tuple[Engine, ...] = ("simpy", "compiled")


def engines(made: Compiled) -> dict[str, object]:
    """CPU seconds of either engine for one schedule, and whether every task is ready, starts and ends at the same times."""
    (simpy, simpy_s), (compiled, compiled_s) = (timed(made, engine) for engine in BOTH)
    return {"simpy_s": simpy_s, "compiled_s": compiled_s, "same": same(simpy, compiled)}


def timed(made: Compiled, engine: Engine) -> tuple[Trace, float]:
    """The trace of a schedule that is there already, by one engine, and the CPU seconds that it took."""
    one = made.scheduled(made.schedule)
    one.engine = engine
    began = process_time()
    return one.trace, process_time() - began


def same(one: Trace, other: Trace) -> bool:
    """True if two traces of one schedule agree in all times of all tasks."""
    pairs = ((one.ready, other.ready), (one.start, other.start), (one.end, other.end))
    return all(np.array_equal(*pair) for pair in pairs)


def main(keys: dict[str, object]) -> None:
    """Print what either engine takes for the scenario with these *keys*."""
    gc.disable()  # as the command line does
    inside.warm_up()
    print(json.dumps(engines(runs.compiled(inside.asked(keys)))))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
