"""How a network does on images, as text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn, unlined
from hyperdrive_sim.cli.tables import BLANK, RIGHT, WRONG, signs
from hyperdrive_sim.errors import one_line
from hyperdrive_sim.reports.summary import percent
from hyperdrive_sim.study.evaluation import Evaluation, Rated
from hyperdrive_sim.text.wording import counted

WIDEST = 12
"""Classes of which a terminal shows how often each is taken for each; of more, only those that are recognised worst."""

WORST = 10


def evaluation(found: Evaluation) -> Group:
    """The accuracy, what it is compared with, and which classes are taken for which."""
    table = unlined("left", "left")
    for name, remark in _findings(found):
        table.add_row(name, Text(remark))
    parts: list[RenderableType] = [table]
    if found.confusion is not None:
        parts += [BLANK, *_confusion(found.confusion, found.names)]
    return Group(*parts, BLANK, Text(f"{found.arithmetic}; {found.seconds:.1f} s", style="dim"))


def _findings(found: Evaluation) -> Iterator[tuple[Text, str]]:
    images = f"{found.images:,} {'image' if found.images == 1 else 'images'}"
    if found.ours.accuracy is None:
        yield Text("images"), f"{found.images:,}, without labels"
    else:
        yield Text("accuracy"), f"{_share(found.ours)} on the chip, {_share(found.ideal)} in {found.reference}, of {images}"
    others = f"{found.differing_classes:,} of {images} put into another class than in {found.reference}"
    outputs = f"{found.differing_outputs:,} with any other output"
    yield Text("differ"), f"{others}, {outputs}" + (f", by {found.largest_difference:.3g} at most" if found.differing_outputs else "")
    if found.activation_rates:
        yield Text("signs"), signs(found.activation_rates)
    if found.note:
        yield Text("note"), found.note
    if found.failure:
        yield WRONG, found.failure
    elif found.replayed:
        yield RIGHT, f"{counted(found.replayed, 'image')}, replayed in simulated time, came to the same outputs bit for bit"


def _share(rated: Rated) -> str:
    return f"{100 * (rated.accuracy or 0):.2f} %"


def _confusion(counts: tuple[tuple[int, ...], ...], names: tuple[str, ...]) -> Iterator[RenderableType]:
    called = [
        one_line(names[number]) if number < len(names) else f"output {number}" if names else str(number) for number in range(len(counts))
    ]
    if len(counts) <= WIDEST:
        columns = [TerminalColumn(name, [f"{row[number] or ''}" for row in counts]) for number, name in enumerate(called)]
        yield Text("classes, by what they were taken for", style="bold")
        yield FittedTable("", TerminalColumn("", called, right=False), *columns)
        return
    present = [number for number, row in enumerate(counts) if sum(row)]
    worst = sorted(present, key=lambda number: counts[number][number] / sum(counts[number]))[:WORST]
    mistaken = [_likeliest(counts[number], number) for number in worst]
    yield Text(f"the {len(worst):,} of {len(present):,} classes that are recognised worst", style="bold")
    yield FittedTable(
        "",
        TerminalColumn("class", [called[number] for number in worst], right=False),
        TerminalColumn("images", [f"{sum(counts[number]):,}" for number in worst]),
        TerminalColumn("right", [percent(counts[number][number] / sum(counts[number])) for number in worst]),
        TerminalColumn("most often taken for", [called[n] for n in mistaken], right=False),
    )


def _likeliest(row: tuple[int, ...], right: int) -> int:
    """What images of a class are most often taken for, of the classes that they are not."""
    return max((number for number in range(len(row)) if number != right), key=lambda number: row[number])
