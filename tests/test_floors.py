"""Imports point down: the floors of the house, read from the source of every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib.util import resolve_name
from pathlib import Path

import networkx as nx
import pytest

import hyperdrive_sim

ROOT = "hyperdrive_sim"
HOUSE = Path(hyperdrive_sim.__file__).parent

FLOORS: dict[int, str] = {
    0: "errors rates box lazy wording reading document library",  # words
    1: "layers network zoo kernels golden synthetic decomposition",  # what
    2: "machine mesh placement schedule ambit",  # on what
    3: "trace span_columns engine memories replay energy accesses hazards",  # readers
    4: "archs architecture operating_points xnor_datapath nandnet",  # the chips
    5: "scenario published layer_table occupancy facts figures layer_columns notebook report study inputs verdict views",  # experiment
    6: "bars show comparing results manifest rundir plots timelines page cli __main__",  # faces
}
"""Modules and folders by floor; a folder's floor is that of all its modules. A new module is given its floor here."""

FLOOR = {name: floor for floor, names in FLOORS.items() for name in names.split()}

ALLOWED = {
    "simpy": {"engine"},
    "click": {"cli"},
    "rich_click": {"cli"},
    "matplotlib": {"plots"},
    "pandas": {"notebook"},
    "pyarrow": {"rundir"},
    "perfetto": {"timelines"},
    "vcd": {"timelines"},
    "plotly": {"page"},
    "jinja2": {"page"},
}
"""Packages that one module or folder alone imports."""

Imports = Mapping[str, set[str]]


def imported(source: str, module: str, *, package: bool = False) -> Iterator[str]:
    """Everything that a module's source imports, at its top or inside a function, by absolute name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parent = module if package else module.rpartition(".")[0]
                origin = resolve_name("." * node.level + origin, parent)
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("import_module", "__import__"):
            yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def module_name(path: Path) -> str:
    parts = [ROOT, *path.relative_to(HOUSE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(HOUSE.rglob("*.py"))}
IMPORTS: Imports = {name: set(imported(path.read_text(), name, package=path.stem == "__init__")) for name, path in SOURCES.items()}


def home(name: str, modules: Imports) -> str | None:
    """The module of the package that an imported name is, or stands in; None for names from elsewhere."""
    if name != ROOT and not name.startswith(f"{ROOT}."):
        return None
    while name not in modules:
        name = name.rpartition(".")[0]
    return name


def inside(modules: Imports) -> dict[str, set[str]]:
    """Which modules of the package each imports; itself left out (a folder's `__init__` names its own modules)."""
    return {name: {where for one in names if (where := home(one, modules))} - {name} for name, names in modules.items()}


def room(module: str) -> str:
    """The module or folder right under the package that a module belongs to; nothing for the package itself."""
    return [*module.split("."), ""][1]


def floor(module: str) -> int:
    return FLOOR[room(module)] if room(module) else 0


def upward(modules: Imports) -> list[str]:
    return [f"{name} imports {other}" for name, others in inside(modules).items() for other in sorted(others) if floor(other) > floor(name)]


def cycles(modules: Imports) -> list[list[str]]:
    graph = nx.DiGraph([(name, other) for name, others in inside(modules).items() for other in others])
    return [sorted(knot) for knot in nx.strongly_connected_components(graph) if len(knot) > 1]


def chip(module: str) -> str:
    """The architecture that a module belongs to; nothing if to none."""
    parts = module.split(".")
    return parts[2] if parts[:2] == [ROOT, "archs"] and len(parts) > 2 else ""


def trespassing(modules: Imports) -> list[str]:
    """Who imports a module of an architecture that is not its own."""
    return [
        f"{name} imports {other}"
        for name, others in inside(modules).items()
        for other in sorted(others)
        if chip(other) not in ("", chip(name))
    ]


def test_all_modules_are_seen() -> None:
    assert len(SOURCES) >= 45
    assert {f"{ROOT}.{name}" for name in ("engine", "replay", "cli", "kernels.fp16", "archs.hyperdrive.lower")} <= set(SOURCES)
    assert sum(len(others) for others in inside(IMPORTS).values()) >= 150
    assert inside(IMPORTS)[f"{ROOT}.engine"] == {f"{ROOT}.errors", f"{ROOT}.schedule", f"{ROOT}.trace"}


def test_every_module_has_a_floor_and_every_floor_its_modules() -> None:
    rooms = {room(name) for name in SOURCES} - {""}
    assert rooms - set(FLOOR) == set(), "give each of these a floor in FLOORS"
    assert set(FLOOR) - rooms == set(), "these are gone; take them out of FLOORS"
    assert len(FLOOR) == sum(len(names.split()) for names in FLOORS.values()), "a module stands on two floors"


def test_imports_point_down() -> None:
    assert upward(IMPORTS) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert cycles(IMPORTS) == []


def test_nobody_imports_another_architecture() -> None:
    assert {chip(name) for name in SOURCES} >= {"hyperdrive"}
    assert trespassing(IMPORTS) == []


def test_the_package_itself_imports_nothing_of_its_own() -> None:
    """Whoever imports one module pays for that one only."""
    assert inside(IMPORTS)[ROOT] == set()


@pytest.mark.parametrize("package", ALLOWED)
def test_some_packages_are_one_modules_business(package: str) -> None:
    users = {room(name) for name, names in IMPORTS.items() if any(one.split(".")[0] == package for one in names)}
    assert users <= ALLOWED[package]
    if package == "simpy":
        assert users == {"engine"}


# The reader itself


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
import os.path, simpy as clockwork
from simpy.events import Event
from hyperdrive_sim import box, errors as e
from . import placement
from .spec import Spec
from ...mesh import Mesh
if TYPE_CHECKING:
    from hyperdrive_sim.trace import Trace
def late():
    import matplotlib.pyplot
    importlib.import_module("click")
    importlib.import_module(anything)
"""
    assert set(imported(source, "hyperdrive_sim.archs.some.lower")) == {
        "os.path",
        "simpy",
        "simpy.events.Event",
        "hyperdrive_sim.box",
        "hyperdrive_sim.errors",
        "hyperdrive_sim.archs.some.placement",
        "hyperdrive_sim.archs.some.spec.Spec",
        "hyperdrive_sim.mesh.Mesh",
        "hyperdrive_sim.trace.Trace",
        "matplotlib.pyplot",
        "click",
    }
    assert set(imported("from . import spec", "hyperdrive_sim.archs.some", package=True)) == {"hyperdrive_sim.archs.some.spec"}


def house(**imports: str) -> Imports:
    """An invented package; `a__b` stands for the module b in the folder a."""
    named = {f"{ROOT}.{name.replace('__', '.')}": {f"{ROOT}.{other}" for other in others.split()} for name, others in imports.items()}
    return {ROOT: set(), f"{ROOT}.archs": set(), **named}


def test_an_import_upwards_is_found() -> None:
    modules = house(box="", schedule="box.Box", engine="schedule.Schedule box", placement="engine.simulate")
    assert upward(modules) == ["hyperdrive_sim.placement imports hyperdrive_sim.engine"]


def test_a_circle_on_one_floor_is_found() -> None:
    assert cycles(house(engine="trace.Trace", trace="replay", replay="engine.simulate", box="")) == [
        ["hyperdrive_sim.engine", "hyperdrive_sim.replay", "hyperdrive_sim.trace"]
    ]


def test_architectures_that_import_each_other_are_found() -> None:
    modules = house(
        archs__one__spec="", archs__two__spec="archs.one.spec.Spec", archs__one__lower="archs.one.spec", report="archs.two.spec"
    )
    assert trespassing(modules) == [
        "hyperdrive_sim.archs.two.spec imports hyperdrive_sim.archs.one.spec",
        "hyperdrive_sim.report imports hyperdrive_sim.archs.two.spec",
    ]
