"""What one process takes for each stage of a run. A script, which any installation of this package can run, an older one too:

    python inside.py '{"hyperdrive_sim": "keys of a scenario"}'

It prints CPU seconds as JSON; only names that older versions have as well may stand here. The stages are those of a run: placing the
network, lowering it to tasks, simulating them, summing up. Before, a network of a few tasks is run, on either engine, so that next to
nothing is loaded or compiled in between: only the critical path of 100,000 tasks and more, in `sum_up`, by the first process after an
installation; the others find it in numba's cache on disk.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from importlib.util import find_spec
from time import process_time

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.reports.report import summarise
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import runs

STAGES: dict[str, Callable[[Scenario, Compiled], object]] = {
    "lower": lambda scenario, made: made.schedule,
    "simulate": lambda scenario, made: made.trace,
    "sum_up": summarise,
}
"""Stages behind placing, in their order; each takes what those before it have left in the compiled scenario."""


def stages(scenario: Scenario) -> dict[str, float]:
    """CPU seconds of each stage, and the number of tasks."""
    began = process_time()
    made = runs.compiled(scenario)
    found = {"place": process_time() - began}
    for name, stage in STAGES.items():
        began = process_time()
        stage(scenario, made)
        found[name] = process_time() - began
    return found | {"tasks": len(made.schedule)}


def warm_up() -> None:
    """Run a network of a few tasks on the engine that these deserve and, if numba is there, on the compiled one."""
    tiny = Scenario.said(network="tiny_resnet", input_shape=(3, 12, 16), architecture="hyperdrive")
    stages(tiny)
    if find_spec("numba"):
        made = runs.compiled(tiny)
        made.engine = "compiled"  # which means nothing to a version that has but one engine
        assert made.trace.makespan_ps


def asked(keys: dict[str, object]) -> Scenario:
    """The scenario with these *keys*: its file's name or all that it has to say."""
    return Scenario.read(str(keys["scenario"])) if "scenario" in keys else Scenario.said(**keys)  # type: ignore[arg-type]


def main(keys: dict[str, object]) -> None:
    """Print the stages of the scenario with these *keys*."""
    gc.disable()  # as the command line does
    warm_up()
    print(json.dumps(stages(asked(keys))))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
