"""The command that says what would help, and what the result rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import (
    engine_option,
    file_argument,
    force_option,
    json_option,
    max_memory_option,
    output_option,
    progress_bar,
    set_option,
    show,
    show_json,
    tell,
)
from hyperdrive_sim.cli.writing import tell_written

if TYPE_CHECKING:
    from hyperdrive_sim.outputs.targets import FileTarget
    from hyperdrive_sim.scenario.scenario import Scenario


@command
@file_argument
@set_option
@engine_option
@max_memory_option
@json_option
@output_option("PICTURE", "Draw it as a tornado plot: .png, .svg or .pdf.")
@force_option
def sensitivity(file: Path, changes: tuple[str, ...], as_json: bool, output: Path | None, force: bool) -> None:
    """Say what would help a scenario, and how much of its result rests on what nobody knows.

    Every kind of unit, and every pair, is simulated in half its time. Settings and prices that are assumed, recalled or fitted are varied
    by half, or other words are taken in place of a word. Time is the makespan, energy that of a frame.
    """
    from hyperdrive_sim.cli import sensitivities
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study.sensitivity import sensitivity as found_of

    scenario = Scenario.read(file, changes)
    if scenario.settings.sweep and not as_json:
        tell("this scenario has a sweep; what follows is about its base case")
    target = _target(output, scenario, force) if output else None
    with progress_bar() as progress:
        found = found_of(scenario, progress=progress)
    if target:
        from hyperdrive_sim.outputs.plots import tornado_file

        tornado_file.write(found, target)
        tell_written(target.path, "opens in a browser or a picture viewer")
    show_json(found.to_dict()) if as_json else show(sensitivities.sensitivity(found))


def _target(output: Path, scenario: Scenario, force: bool) -> FileTarget:
    """The picture as a target; matplotlib is loaded for it, and missed before a long run."""
    from hyperdrive_sim.outputs.plots import tornado_file

    return tornado_file.target(output, scenario, force=force)
