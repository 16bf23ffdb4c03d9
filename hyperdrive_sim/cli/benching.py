"""The command that measures this machine: bench."""

from __future__ import annotations

import click

from hyperdrive_sim.cli.ending import command
from hyperdrive_sim.cli.terminal import json_option, progress_bar, show, show_json, tell


@command
@click.argument("sections", nargs=-1, metavar="[SECTION]...")
@click.option("--repeat", type=click.IntRange(min=1), metavar="N", help="Measure N times; else 5 times, and less often what takes long.")
@click.option(
    "--against", metavar="PYTHON", help="Measure another installation too, in turns: a Python that has it, or a folder with a checkout."
)
@click.option(
    "--quick",
    is_flag=True,
    help="Take the first cases of each section only, once, to see whether they can be measured; instructions are counted in full.",
)
@json_option
def bench(sections: tuple[str, ...], repeat: int | None, against: str | None, quick: bool, as_json: bool) -> None:
    """Measure how fast the simulator is on this machine, and how much memory it takes; it takes minutes.

    Sections are runs (whole processes), scenarios (all of them), tasks (per second, by stage, and both engines), growth (cost over chips x
    blocks), kernels (beside numpy, torch, if there, and the measured ceiling) and instructions (of small cases, by valgrind); without any,
    all of these. One more, big (runs of 8 and 34 million tasks), is measured only if it is named.
    """
    from hyperdrive_sim.cli import benchmarks
    from hyperdrive_sim.study.bench.benchmark import ALL, LEAST, benchmark

    with progress_bar() as progress:
        found = benchmark(sections, repeat=repeat, against=against, amount=LEAST if quick else ALL, progress=progress)
    for sentence in found.without.values():
        tell(sentence)
    show_json(found.to_dict()) if as_json else show(benchmarks.benchmark(found))
