"""The tables of one run: every figure as the report has it, per frame where the report adds frames up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum

from hyperdrive_sim.outputs.page.table import NONE, Cell, PageColumn, PageTable, amounts, counts, measured, shares, words
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived import waits
from hyperdrive_sim.reports.derived.actions import ActionCounts, action_names, io_bits
from hyperdrive_sim.reports.derived.memory_use import MemoryKind
from hyperdrive_sim.reports.derived.roofline import Roofline
from hyperdrive_sim.reports.derived.tile_map import WHOLE_RUN, TileMap
from hyperdrive_sim.reports.layer_columns import mean_use
from hyperdrive_sim.reports.records import Action, Time
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import beside, percent, remarks, si
from hyperdrive_sim.reports.sums import by_key

TOP = 12
NAMED = 3


def published(report: Report) -> PageTable:
    rows = report.published
    return PageTable(
        "published",
        "Published and simulated",
        (
            words("quantity", [row.quantity for row in rows]),
            PageColumn("published", [Cell(si(row.published, row.unit), row.published) for row in rows]),
            PageColumn(
                "counted so", [NONE if row.as_published is None else Cell(si(row.as_published, row.unit), row.as_published) for row in rows]
            ),
            PageColumn("system pays", [Cell(si(row.as_system, row.unit), row.as_system) for row in rows]),
            PageColumn("off by", [NONE if row.error is None else Cell(f"{100 * row.error:+.2f} %", row.error) for row in rows]),
            words("its digits leave open", [f"{100 * row.tolerance:.2g} %{'' if row.within else ', LESS'}" for row in rows]),
            words("known as", [beside(row).known_as for row in rows]),
        ),
        " ".join(f"{remark}." for remark in remarks(rows)),
    )


def origins(report: Report) -> PageTable:
    """The table of what is published and where, and of all that it and ours rest on."""
    rows = report.published
    return PageTable(
        "origins",
        "Where they come from",
        (
            words("quantity", [row.quantity for row in rows]),
            words("source", [row.source for row in rows]),
            words("ours rests on", ["; ".join(row.rests_on) for row in rows]),
        ),
    )


def layers(report: Report, actions: ActionCounts, roofs: Sequence[Roofline]) -> PageTable:
    """The table of all layers, in the order of the schedule."""
    rows, frames, took, bits = report.layers, report.time.frames, report.took_s(), io_bits(actions)
    names = [row.name for row in rows]
    times = [took[name] for name in names]
    moved = [sum(bits.get(name, {}).values()) / frames for name in names]
    points = {point.layer: point for roof in roofs for point in roof.points}
    used = {name: mean_use(tiles, report.machine) for name, tiles in report.tiles_by_layer.items()}
    causes = sorted({cause for row in rows for cause, seconds in row.stalls.items() if seconds})
    return PageTable(
        "layers",
        "Every layer, per frame" if frames > 1 else "Every layer",
        (
            words("layer", names),
            words("kind", [row.kind for row in rows]),
            measured("time", times, "s"),
            counts("array cycles", [row.cycles / frames for row in rows]),
            measured("operations", [row.ops / frames for row in rows], "Op"),
            shares("utilisation", [row.utilization for row in rows]),
            PageColumn("tiles in use", [Cell(percent(used[name]), used[name]) if name in used else NONE for name in names]),
            measured("energy", [row.energy_j / frames for row in rows], "J"),
            measured("I/O", moved, "bit"),
            PageColumn("Op per bit", [_per_bit(points[name].ops_per_bit) if name in points else NONE for name in names]),
            words("over", [points[name].link if name in points else "" for name in names]),
            *(measured(f"stalled by {cause}", [row.stalls.get(cause, 0.0) / frames for row in rows], "s", times) for cause in causes),
        ),
        "Time is how long arrays worked on a layer or stood still for it, on average over them; its bits may be moved while they work on "
        "others. Tiles in use is the share of its array's time in which a tile did useful work, on average over all tiles"
        f"{' of the chips that run it' if report.parts else ''}. Op per bit "
        "counts the bits over the kind of link that the layer keeps busy longest; I/O counts all. Layers that are computed in one go "
        "stand in one row.",
        "layers",
    )


def _per_bit(ops: float) -> Cell:
    return Cell(f"{ops:,.4g}" if ops < 1000 else f"{ops:,.0f}", ops)


def time_goes_to(report: Report) -> PageTable:
    """The chain that sets the makespan, by layer and kind of unit: the layers that it spends most time in, and all others together."""
    spent = waits.chain(report)
    total, by_layer, by_kind = fsum(spent.values()), _summed(spent, 0), _summed(spent, 1)
    kinds = sorted(by_kind, key=lambda kind: -by_kind[kind])
    top = sorted(by_layer, key=lambda layer: -by_layer[layer])[:TOP]
    rows = {layer or "before its arrival": {kind: spent.get((layer, kind), 0.0) for kind in kinds} for layer in top}
    if others := len(by_layer) - len(top):
        rows[f"{others} other layers"] = {kind: by_kind[kind] - fsum(row[kind] for row in rows.values()) for kind in kinds}
    rows["all"] = by_kind
    sums = [fsum(row.values()) for row in rows.values()]
    return PageTable(
        "time",
        "What the time goes to: layers by kinds of units",
        (
            words("layer", list(rows)),
            *(measured(kind, [max(0.0, row[kind]) for row in rows.values()], "s", sums) for kind in kinds),
            measured("all", sums, "s"),
            shares("share", [seconds / total for seconds in sums]),
        ),
        "The chain of tasks that released each other, from the last of the run back to its start: one of these has to be faster first.",
    )


def units(report: Report) -> PageTable:
    """The table of the kinds of units: how busy, and who waited there for whom."""
    kinds = waits.kinds(report)
    columns = [
        words("kind", [kind.name for kind in kinds]),
        counts("units", [kind.units for kind in kinds]),
        shares("busy, mean", [kind.mean for kind in kinds]),
        shares("busy, most", [kind.busiest for kind in kinds]),
        words("the busiest", [kind.busiest_unit for kind in kinds]),
    ]
    if not any(kind.waited_s for kind in kinds):
        return PageTable("units", "Kinds of units", columns, "No task that could have run waited for its unit.")
    waited = [
        measured("ready tasks waited", [kind.waited_s for kind in kinds], "s"),
        words("most of it at", [kind.most_waited_unit if kind.most_waited_s else "" for kind in kinds]),
        words("which was held meanwhile by tasks of", [_largest(kind.held_s) for kind in kinds]),
    ]
    remark = "Waiting is added up over all tasks that could have run while their unit served others: tasks that wait together count each."
    return PageTable("units", "Kinds of units, and what was waiting for them", [*columns, *waited], remark)


def stalls(report: Report) -> PageTable:
    """Causes of stalls of the arrays, the worst first."""
    found = waits.stalls(report)
    seconds = {cause: fsum(layers.values()) for cause, layers in found.items()}
    causes = sorted(found, key=lambda cause: -seconds[cause])
    run_s = report.trace.makespan_ps / PS_PER_S
    return PageTable(
        "stalls",
        "What an array stood still for, on average",
        (
            words("waited for", causes),
            measured("time", [seconds[cause] for cause in causes], "s"),
            shares("share of the run", [seconds[cause] / run_s for cause in causes]),
            words("most of it in", [_largest(found[cause]) for cause in causes]),
        ),
    )


def latencies(time: Time) -> PageTable:
    """The table of how many frames took how long."""
    found = time.latency_histogram
    edges = [si(edge, "s") for edge in found.edges_s]
    return PageTable(
        "latencies",
        "Frames by their latency",
        (
            words("from", edges[:-1]),
            words("to less than", edges[1:]),
            counts("frames", found.counts),
            shares("share", [count / time.frames for count in found.counts]),
            shares("as fast or faster", [sum(found.counts[: number + 1]) / time.frames for number in range(len(found.counts))]),
        ),
    )


def tiles(found: TileMap) -> PageTable:
    """The table of the use of tiles: the mean of every chip where it stands in the mesh, or of a single chip every tile."""
    whole, (rows, columns), one = found.frames[found.shown[WHOLE_RUN]], found.tiles, len(found.chips) == 1
    grid = whole if one else whole.reshape(found.mesh[0], rows, found.mesh[1], columns).mean(axis=(1, 3))
    what, of = "tiles" if one else "chips", f" of {found.part}" if found.part else ""
    use = f"Use of every tile{of}" if one else f"Mean use of the tiles of every chip{of}" if of else "Mean use of every chip's tiles"
    return PageTable(
        f"tile_use-{found.part}" if found.part else "tile_use",
        f"{use} over the whole run",
        (
            words("row, column", [str(number) for number in range(len(grid))]),
            *(shares(str(number), [float(share) for share in column]) for number, column in enumerate(grid.T)),
        ),
        f"Rows and columns of {what} are those of the {'picture' if of else 'machine'}, counted from 0.",
    )


def memories(kinds: Sequence[MemoryKind]) -> PageTable:
    return PageTable(
        "memories",
        "Memories at their fullest",
        (
            words("memory", [kind.name for kind in kinds]),
            counts("on chips", [kind.memories for kind in kinds]),
            words("the fullest", [kind.fullest for kind in kinds]),
            amounts("held at most", [kind.peak_bits for kind in kinds], "bit"),
            amounts("of", [kind.capacity_bits for kind in kinds], "bit"),
            shares("share", [kind.share for kind in kinds]),
            shares("share, mean of all", [kind.mean_share for kind in kinds]),
        ),
    )


def prices(report: Report) -> PageTable:
    """The table of all actions that were paid for, the dearest first; what all chips of a system's part do at one price is one row."""
    name, rows = action_names(report), dict[tuple[str, float, str, str], list[Action]]()
    for action, one in report.energy.by_action.items():
        rows.setdefault((name[action], one.pj, one.provenance, one.source), []).append(one)
    paid = {key: fsum(one.energy_j for one in of_row) for key, of_row in rows.items()}
    keys = sorted(rows, key=lambda key: -paid[key])
    return PageTable(
        "prices",
        "Actions and their prices, per frame",
        (
            words("action", [name for name, *_ in keys]),
            counts("count", [fsum(one.count for one in rows[key]) for key in keys]),
            PageColumn("price, pJ", [Cell(f"{pj:,.4g}", pj) for _, pj, *_ in keys]),
            amounts("energy", [paid[key] for key in keys], "J"),
            shares("share", [paid[key] / report.energy.total_j for key in keys]),
            words("known as", [provenance for *_, provenance, _ in keys]),
            words("source", [source for *_, source in keys]),
        ),
    )


def versions(manifest: Mapping[str, str]) -> PageTable:
    return PageTable("versions", "Versions", (words("package", list(manifest)), words("version", list(manifest.values()))))


def _summed(spent: Mapping[tuple[str, str], float], which: int) -> dict[str, float]:
    return by_key((key[which], seconds) for key, seconds in spent.items())


def _largest(by_layer: Mapping[str, float]) -> str:
    """Names of the few layers with the largest shares, and these, in per cent."""
    total = fsum(by_layer.values())
    shares = {layer: round(100 * seconds / total) for layer, seconds in sorted(by_layer.items(), key=lambda item: -item[1])}
    top = [f"{layer} {share} %" for layer, share in list(shares.items())[:NAMED] if share]
    return ", ".join([*top, *([f"{len(shares) - len(top)} more"] if len(shares) > len(top) else [])])
