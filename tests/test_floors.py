"""Imports point down: the floors of the house, read from the source of every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import resolve_name
from pathlib import Path

import networkx as nx
import pytest

import hyperdrive_sim

ROOT = "hyperdrive_sim"
HOUSE = Path(hyperdrive_sim.__file__).parent

ORDER = [
    "errors",
    "rates",
    "files",
    "text",
    "kernels",
    "network",
    "importing",
    "schedule",
    "engine",
    "archs",
    "systems",
    "scenario",
    "reports",
    "study",
    "outputs",
    "testing",
    "cli",
    "__main__",
]
"""Rooms from the ground up; a module imports from its own room and from those before it."""

ALLOWED: Mapping[str, str | tuple[str, ...]] = {
    "simpy": "engine",
    "onnx": "importing",
    "torch": ("importing.torch_module", "study.bench.jobs"),  # whose modules are imported; what our kernels are compared with
    "click": "cli",
    "rich_click": "cli.drawn",
    "rich": "cli",
    "pandas": "reports",
    "psutil": "study.memory",
    "matplotlib": "outputs.plots",
    "perfetto": "outputs.timelines",
    "vcd": "outputs.timelines",
    "plotly": "outputs.page",
    "jinja2": "outputs.page",
    "pytest": "testing",
}
"""Packages that one folder alone imports."""

Imports = Mapping[str, set[str]]


BACK_REFERENCES = {
    ROOT: "the public face: nothing is loaded before it is used",
    f"{ROOT}.reports.report": "the type of `report.plot`, which stands above and is found by name",
}
"""Modules that import something for whoever checks types, and not when they run."""


def imported(source: str, module: str, *, package: bool = False, running: bool = False) -> Iterator[str]:
    """Everything that a module's source imports, at its top or inside a function, by absolute name.

    With *running*, only what is imported when it runs: not what stands under `if TYPE_CHECKING`.
    """
    for node in _statements(ast.parse(source), running):
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


def _statements(tree: ast.AST, running: bool) -> Iterator[ast.AST]:
    """All nodes below, without those for type checkers alone if it is *running*."""
    for node in ast.iter_child_nodes(tree):
        if running and isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        yield node
        yield from _statements(node, running)


def module_name(path: Path) -> str:
    parts = [ROOT, *path.relative_to(HOUSE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(HOUSE.rglob("*.py"))}


def imports_of(name: str, *, running: bool) -> set[str]:
    path = SOURCES[name]
    return set(imported(path.read_text(), name, package=path.stem == "__init__", running=running))


IMPORTS: Imports = {name: imports_of(name, running=name in BACK_REFERENCES) for name in SOURCES}


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
    return ORDER.index(room(module)) if room(module) else -1


def upward(modules: Imports) -> list[str]:
    return [f"{name} imports {other}" for name, others in inside(modules).items() for other in sorted(others) if floor(other) > floor(name)]


def cycles(modules: Imports) -> list[list[str]]:
    graph = nx.DiGraph([(name, other) for name, others in inside(modules).items() for other in others])
    return [sorted(knot) for knot in nx.strongly_connected_components(graph) if len(knot) > 1]


def chip(module: str) -> str:
    """The architecture that a module belongs to; nothing if to none, as what chips share."""
    parts = module.split(".")
    inside_one = parts[:2] == [ROOT, "archs"] and len(parts) > 2 and (len(parts) > 3 or (HOUSE / "archs" / parts[2]).is_dir())
    return parts[2] if inside_one and not parts[2].startswith("_") else ""


def trespassing(modules: Imports) -> list[str]:
    """Who imports a module of an architecture that is not its own."""
    return [
        f"{name} imports {other}"
        for name, others in inside(modules).items()
        for other in sorted(others)
        if chip(other) not in ("", chip(name))
    ]


def test_all_modules_are_seen() -> None:
    assert len(SOURCES) >= 190
    assert {f"{ROOT}.{name}" for name in ("engine.replay", "cli.commands", "archs.hyperdrive.lower")} <= set(SOURCES)
    assert sum(len(others) for others in inside(IMPORTS).values()) >= 600
    below = {f"{ROOT}.{name}" for name in ("schedule.schedule", "engine.trace", "engine.turns", "engine.waiting")}
    assert inside(IMPORTS)[f"{ROOT}.engine.clockwork"] == below


def test_every_room_has_its_place_and_its_sentence() -> None:
    rooms = {room(name) for name in SOURCES} - {""}
    assert rooms == set(ORDER)
    for folder in (path for path in HOUSE.iterdir() if (path / "__init__.py").exists()):
        doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert doc, folder
        assert doc[0].isupper(), folder
        assert doc.endswith("."), folder


def test_the_house_can_be_taken_in_at_a_glance() -> None:
    assert len([path for path in HOUSE.iterdir() if path.name != "__pycache__"]) <= 22


def test_imports_point_down() -> None:
    assert upward(IMPORTS) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert cycles(IMPORTS) == []


def test_nobody_imports_another_architecture() -> None:
    assert {chip(name) for name in SOURCES} >= {"hyperdrive"}
    assert trespassing(IMPORTS) == []


def test_nobody_needs_the_contract_to_run() -> None:
    """It imports pytest, which a user need not have."""
    users = [name for name, others in inside(IMPORTS).items() if any(room(other) == "testing" for other in others)]
    assert users
    assert {room(name) for name in users} == {"testing"}


def test_the_package_itself_imports_nothing_of_its_own() -> None:
    """Whoever imports one module pays for that one only."""
    assert inside(IMPORTS)[ROOT] == set()
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=HOUSE.parent, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [ROOT]


LOADED = f"import sys, {ROOT}; print(*(name for name in sys.modules if name.partition('.')[0] == '{ROOT}'))"


def test_nobody_inside_imports_the_public_face() -> None:
    """Of the package itself, only the version is of use inside."""
    of_the_package = {one for name, names in IMPORTS.items() for one in names if home(one, IMPORTS) == ROOT}
    assert of_the_package == {f"{ROOT}.__version__"}


def test_what_only_type_checkers_see() -> None:
    """The face names what users see; besides, the one arrow that points up."""
    seen = {name: imports_of(name, running=False) - IMPORTS[name] for name in BACK_REFERENCES}
    assert len(seen[ROOT]) >= 25
    up = {one for one in seen[f"{ROOT}.reports.report"] if one.startswith(ROOT) and floor(one) > floor(f"{ROOT}.reports")}
    assert up == {f"{ROOT}.outputs.plots.Plots"}


@pytest.mark.parametrize("package", ALLOWED)
def test_some_packages_are_one_folders_business(package: str) -> None:
    users = [name for name, names in IMPORTS.items() if any(one.split(".")[0] == package for one in names)]
    assert users
    folders = ALLOWED[package]
    within = tuple(f"{ROOT}.{folder}" for folder in ([folders] if isinstance(folders, str) else folders))
    assert [name for name in users if not name.startswith(within)] == []


# The reader itself


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
import os.path, simpy as clockwork
from simpy.events import Event
from hyperdrive_sim import errors as e
from hyperdrive_sim.network import box
from . import placement
from .spec import Spec
from ...mesh import Mesh
if TYPE_CHECKING:
    from hyperdrive_sim.engine.trace import Trace
def late():
    import matplotlib.pyplot
    importlib.import_module("click")
    importlib.import_module(anything)
"""
    found = set(imported(source, "hyperdrive_sim.archs.some.lower"))
    assert found == {
        "os.path",
        "simpy",
        "simpy.events.Event",
        "hyperdrive_sim.network.box",
        "hyperdrive_sim.errors",
        "hyperdrive_sim.archs.some.placement",
        "hyperdrive_sim.archs.some.spec.Spec",
        "hyperdrive_sim.mesh.Mesh",
        "hyperdrive_sim.engine.trace.Trace",
        "matplotlib.pyplot",
        "click",
    }
    assert set(imported(source, "hyperdrive_sim.archs.some.lower", running=True)) == found - {"hyperdrive_sim.engine.trace.Trace"}
    assert set(imported("from . import spec", "hyperdrive_sim.archs.some", package=True)) == {"hyperdrive_sim.archs.some.spec"}


def house(**imports: str) -> Imports:
    """An invented package; `a__b` stands for the module b in the folder a."""
    named = {f"{ROOT}.{name.replace('__', '.')}": {f"{ROOT}.{other}" for other in others.split()} for name, others in imports.items()}
    return {ROOT: set(), f"{ROOT}.archs": set(), **named}


def test_an_import_upwards_is_found() -> None:
    modules = house(network__box="", schedule__tasks="network.box.Box", network__layers="schedule.tasks.Task network.box")
    assert upward(modules) == ["hyperdrive_sim.network.layers imports hyperdrive_sim.schedule.tasks"]


def test_a_circle_in_one_room_is_found() -> None:
    modules = house(engine__simulate="engine.trace.Trace", engine__trace="engine.replay", engine__replay="engine.simulate", rates="")
    assert cycles(modules) == [["hyperdrive_sim.engine.replay", "hyperdrive_sim.engine.simulate", "hyperdrive_sim.engine.trace"]]


def test_architectures_that_import_each_other_are_found() -> None:
    modules = house(
        archs__one__spec="", archs__two__spec="archs.one.spec.Spec", archs__one__lower="archs.one.spec", report="archs.two.spec"
    )
    assert trespassing(modules) == [
        "hyperdrive_sim.archs.two.spec imports hyperdrive_sim.archs.one.spec",
        "hyperdrive_sim.report imports hyperdrive_sim.archs.two.spec",
    ]
