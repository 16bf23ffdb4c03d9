"""Commands about what a chip's hardware would take: export, stream."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import (
    chips,
    engine_option,
    file_argument,
    force_option,
    max_memory_option,
    output_option,
    progress_bar,
    say,
    set_option,
)
from hyperdrive_sim.cli.writing import tell_written
from hyperdrive_sim.errors import InvalidInput, one_line

if TYPE_CHECKING:
    from hyperdrive_sim.archs.export import Streaming


@command
@file_argument
@click.option("--target", metavar="NAME", shell_complete=chips, help="Write nothing if the scenario runs on another chip than this.")
@output_option("OUT", "The file to write.", required=True)
@click.option(
    "--vectors",
    type=click.Path(path_type=Path),
    metavar="OUT.npz",
    help="Also write the maps that the chip gets for the picture, and returns.",
)
@set_option
@engine_option
@max_memory_option
@force_option
def export(file: Path, target: str | None, output: Path, vectors: Path | None, changes: tuple[str, ...], force: bool) -> None:
    """Write what a scenario's chip would be given: XNORBIN's control stream, Hyperdrive's weights in the order of its stream."""
    from hyperdrive_sim.outputs import array_files
    from hyperdrive_sim.outputs.targets import FileTarget
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study import exports

    scenario = Scenario.read(file, changes)
    if vectors and os.path.abspath(vectors) == os.path.abspath(output):
        raise InvalidInput.at("--vectors", f"'{vectors}' is the file of --output, too", "name another")
    with progress_bar() as progress:
        found = exports.exported(scenario, target, progress)
        place = FileTarget(output, "--output", found.mark, force, scenario.files)
        place.check()
        if vectors:
            arrays = exports.vectors(scenario, found.made)
            array_files.write(vectors, "--vectors", arrays, force=force, inputs=(*scenario.files, output))
    with place.writing() as stream:
        stream.write(found.data)
    tell_written(output, found.reader, f"{found.holds} of {scenario.architecture.name}")
    if vectors:
        tell_written(vectors, "numpy.load opens it", "maps")


@command
@file_argument
@click.option("--text", "as_text", is_flag=True, help="Show it as text: disassemble it.")
@click.option("--assemble", is_flag=True, help="Make bytes of a text, into --output.")
@click.option(
    "--run", "maps", type=click.Path(path_type=Path), metavar="MAPS", help="Execute it on a map of signs (.npy), or on maps by name (.npz)."
)
@output_option("OUT", "The file to write: the text, the bytes, or the maps that were computed (.npz).")
@force_option
def stream(file: Path, as_text: bool, assemble: bool, maps: Path | None, output: Path | None, force: bool) -> int:
    """Read a control stream of XNORBIN, as bytes or as text: show it, assemble it, or execute it without the network.

    Maps are arrays of -1 and +1: rows, columns, channels. Of an .npz file, those called in.NAME are the chip's inputs, and what it returns
    is compared with those called out.NAME, as `export --vectors` writes them; where any value differs the exit code is 1.
    """
    from hyperdrive_sim.outputs.targets import FileTarget
    from hyperdrive_sim.study import exports

    if as_text + assemble + (maps is not None) != 1:
        raise InvalidInput.at("stream", "wants one of --text, --assemble and --run", "say which")
    arch, data = exports.streaming(file)
    if maps is not None:
        return _executed(arch, data, maps, output, force, (file, maps))
    if assemble and output is None:
        raise InvalidInput.at("--assemble", "has nowhere to write", "add -o OUT")
    mark, made = (arch.title.encode(), arch.text(data).encode()) if as_text else (arch.mark, data)
    if output is None:
        say(made.decode().rstrip("\n"))
        return 0
    with FileTarget(output, "--output", mark, force, (file,)).writing() as place:
        place.write(made)
    as_bytes, shown = "`hyperdrive-sim stream --assemble` makes bytes of it", "`hyperdrive-sim stream --text` shows it"
    tell_written(output, as_bytes if as_text else shown)
    return 0


def _executed(arch: Streaming, data: bytes, maps: Path, output: Path | None, force: bool, read: tuple[Path, ...]) -> int:
    """Execute a stream, and compare what it returns with what is expected."""
    from hyperdrive_sim.outputs import array_files
    from hyperdrive_sim.study import exports

    given, expected = exports.maps(maps, arch.inputs(data))
    found = arch.executed(data, given)
    if output:
        arrays = {f"out.{name}": values for name, values in found.outputs.items()}
        array_files.write(output, "--output", arrays, force=force, inputs=read)
        tell_written(output, "numpy.load opens it", "maps")
    shapes = ", ".join(f"{one_line(name)} {' x '.join(map(str, values.shape))}" for name, values in found.outputs.items())
    say(f"{found.cycles:,} cycles of the array; it returns {shapes} (rows, columns, channels)")
    wrong = exports.differing(found.outputs, expected)
    if expected:
        say(f"other than expected: {', '.join(map(one_line, wrong))}" if wrong else "every value is as expected")
    return 1 if wrong else 0
