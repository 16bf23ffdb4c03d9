"""What a chip's hardware would take: control streams and weights in their order, written from the schedule and read back."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, Unpack

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.export import Exporting, Streaming
from hyperdrive_sim.engine.compiled import Compiled, Progress, silent
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files import arrays, named
from hyperdrive_sim.network.golden import forward
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.experiment import Changes, Experiment
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import Source, scenario_of
from hyperdrive_sim.schedule.tasks import HOST, Copy
from hyperdrive_sim.study.checks import computed_by
from hyperdrive_sim.study.limits import check_length
from hyperdrive_sim.study.runs import compiled

MOST_BYTES = 2**30
HEAD = 2**16
"""Bytes in which the title of a text must stand, perhaps behind notes."""


class Exported(NamedTuple):
    """A file for a chip: its bytes, what it begins with, what it holds and what reads it, and the run that it was written from."""

    data: bytes
    mark: bytes
    holds: str
    reader: str
    made: Compiled


def export(source: Source | None = None, changes: Changes | None = None, **experiment: Unpack[Experiment]) -> bytes:
    """What a scenario's chip would be given for one frame: XNORBIN's control stream, or Hyperdrive's weights in the order of its stream.

        hs.export("scenarios/trained/fashion_cnv/xnorbin.yaml")

    *source*, *changes* and *experiment* are as in `run`. Raises InvalidInput for a chip that exports nothing.
    """
    return exported(scenario_of(source, changes, experiment)).data


def exported(scenario: Scenario, target: str | None = None, progress: Progress = silent) -> Exported:
    """The file of a scenario's chip; a *target* that is another chip is refused."""
    arch = scenario.architecture
    able = [name for name in registry.usable() if isinstance(registry.load(name), Exporting)]
    if target is not None and target not in able:
        raise InvalidInput.at("--target", f"'{target}' exports nothing", f"take one of {', '.join(able)}")
    if target not in (None, arch.name):
        raise InvalidInput.at("--target", f"is '{target}', the scenario runs on {arch.name}", f"or --set architecture={target}")
    if not isinstance(arch, Exporting):
        raise InvalidInput(scenario.document.mistake("architecture", f"{arch.name} exports nothing", f"take one of {', '.join(able)}"))
    made = compiled(scenario, progress).of_frames(1)
    check_length(scenario, made)
    parameters = inputs.opened(scenario, made.network).parameters()
    reader = "`hyperdrive-sim stream` shows and executes it" if isinstance(arch, Streaming) else f"the README of {arch.name} has its format"
    return Exported(arch.exported(made.mapped, made.schedule, parameters), arch.mark, arch.exports, reader, made)


def vectors(scenario: Scenario, made: Compiled) -> dict[str, Array]:
    """Maps that the host sends for the scenario's picture (`in.NAME`) and those it must get (`out.NAME`), [rows, columns, channels]."""
    computation = computed_by(scenario, made)
    maps = {**computation.inputs, **dict(forward(computation))}
    copies = [task.effect for task in made.schedule if isinstance(task.effect, Copy)]
    sent = dict.fromkeys(copy.tensor for copy in copies if copy.source == HOST)
    got = dict.fromkeys(copy.tensor for copy in copies if copy.target == HOST)
    return {f"in.{name}": maps[name] for name in sent} | {f"out.{name}": maps[name] for name in got}


def streaming(path: Path) -> tuple[Streaming, bytes]:
    """A control stream as bytes, assembled if it is text, with the architecture that executes it. Raises InvalidInput for no such file."""
    data = named.read("stream", path, MOST_BYTES, missing=named.HERE)
    loaded = map(registry.load, registry.usable())
    able = [arch for arch in loaded if isinstance(arch, Streaming)]
    for arch in able:
        if data.startswith(arch.mark):
            return arch, data
        if arch.title in data[:HEAD].decode(errors="replace"):
            return arch, arch.assembled(data.decode(errors="replace"))
    raise InvalidInput.at("stream", f"'{path}' is no control stream", "`hyperdrive-sim export` writes one")


def maps(path: Path, names: tuple[str, ...]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Maps for a stream by name, and what it must return, as far as a file says it.

    An .npy file is its one input; in an .npz file inputs are called in.NAME, or NAME, and results out.NAME. Raises InvalidInput for a file
    that is neither, or of anything but numbers.
    """
    data = named.read("--run", path, MOST_BYTES, missing=named.HERE)
    try:
        if data.startswith(arrays.MAGIC):
            if len(names) != 1:
                taken = ", ".join(names) or "none"
                raise InvalidInput.at("--run", f"'{path.name}' is one map, the stream takes {taken}", "take an .npz file with these")
            stream = BytesIO(data)
            found: Mapping[str, Array] = {names[0]: arrays.values(stream, arrays.header(stream))}
        else:
            found = arrays.arrays(BytesIO(data), MOST_BYTES)
    except arrays.UnfitArray as error:
        raise InvalidInput.at("--run", f"'{path.name}' {error}", "take what numpy.save or numpy.savez wrote") from None
    if text := [name for name, values in found.items() if values.dtype.kind not in "fiub"]:
        raise InvalidInput.at("--run", f"'{path.name}' has a '{text[0]}' in it, which is no map of numbers")
    expected = {name.removeprefix("out."): values for name, values in found.items() if name.startswith("out.")}
    given = {name: values for name, values in found.items() if not name.startswith("out.")}
    if twice := [name for name in given if f"in.{name}" in given]:
        raise InvalidInput.at("--run", f"'{path.name}' has both '{twice[0]}' and 'in.{twice[0]}' in it", "keep one")
    return {name.removeprefix("in."): values for name, values in given.items()}, expected


def differing(found: Mapping[str, Array], expected: Mapping[str, Array]) -> tuple[str, ...]:
    """Names of maps that are not as expected, in shape or in any value."""
    return tuple(name for name, values in expected.items() if name not in found or not _same(found[name], values))


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool((a == b).all())
