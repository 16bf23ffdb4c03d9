"""Architectures are found as folders and as installed packages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from commands import BASE, complaints, invoke

from hyperdrive_sim.archs import registry, xnorbin
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.spec import Spec

FOLDERS = ("chewbaccann", "hyperdrive", "nandnet_dram", "nandnet_sram", "xnorbin")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of somebody else's that is installed, and registers a chip under a name of its own and under one of ours."""
    package = tmp_path / "my_chips"
    package.mkdir()
    (package / "__init__.py").write_text(
        "class Chip:\n    name = 'my_chip'\n    Spec = grains = tolerance = candidates = map = None\n\n\nchip = Chip()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [EntryPoint(name, "my_chips:chip", registry.GROUP) for name in ("my_chip", "xnorbin")]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])
    forget()
    yield package
    forget()
    sys.modules.pop("my_chips", None)


def forget() -> None:
    for known in (registry.names, registry.load, registry.installed, registry.broken):
        known.cache_clear()


def test_folders_are_found_and_shared_ones_are_not() -> None:
    assert registry.folders() == FOLDERS
    assert (registry.folder("xnorbin") / "energy.yaml").exists()


def test_an_installed_package_is_found(elsewhere: Path) -> None:
    assert registry.names() == tuple(sorted((*FOLDERS, "my_chip")))
    assert registry.load("my_chip").name == "my_chip"
    assert registry.folder("my_chip") == elsewhere


def test_a_folder_goes_before_a_package_of_its_name(elsewhere: Path) -> None:
    assert registry.load("xnorbin") is xnorbin.architecture


def test_an_unknown_one() -> None:
    with pytest.raises(InvalidInput, match=r"^architecture: 'yodann' is unknown; known architectures: chewbaccann, hyperdrive, "):
        registry.load("yodann")


@pytest.mark.parametrize(
    ("code", "problem", "line"),
    [
        ("def f(:\n", "cannot be loaded: SyntaxError: invalid syntax", 1),
        ("\nimport nowhere_at_all\n", "cannot be loaded: ModuleNotFoundError: No module named 'nowhere_at_all'", 2),
        ("1 / 0\n", "cannot be loaded: ZeroDivisionError: division by zero", 1),
        ("raise SystemExit('\x1b[2J')\n", "cannot be loaded: SystemExit: \\x1b[2J", 1),
        ("class Z(BaseException):\n    pass\n\nraise Z('x')\n", "cannot be loaded: Z: x", 4),
        ("chip = 3\n", "offers no architecture, it has no `name`", 0),
    ],
)
def test_a_broken_one_is_nobody_else_s_mistake(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, code: str, problem: str, line: int
) -> None:
    (elsewhere / "__init__.py").write_text(code, "utf-8")
    cure = f"mend {elsewhere}/__init__.py:{line}, or take another chip" if line else "see hyperdrive_sim.archs.architecture"
    with pytest.raises(InvalidInput) as caught:
        registry.load("my_chip")
    assert str(caught.value).startswith(f"architecture: 'my_chip' {problem}")
    assert str(caught.value).endswith(cure)
    assert registry.usable() == FOLDERS
    assert list(registry.broken()) == ["my_chip"]
    assert "my_chip" in registry.names()
    result = invoke("schema")
    assert result.exit_code == 0
    assert result.stderr.endswith(f"warning: {caught.value}\n")
    conditions = [one["if"].get("properties", {}) for one in json.loads(result.stdout)["allOf"]]
    keys = {one["architecture"]["const"] for one in conditions if "architecture" in one}
    assert keys == set(FOLDERS)
    monkeypatch.chdir(elsewhere)
    assert complaints(elsewhere, base=BASE.replace("hyperdrive", "my_chip")) == [f"s.yaml:5:1: {caught.value}"]


def test_what_a_chip_prints_is_no_result(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (elsewhere / "__init__.py").read_text("utf-8")
    (elsewhere / "__init__.py").write_text(f"print('hello')\n{text}", "utf-8")
    assert registry.load("my_chip").name == "my_chip"
    assert capsys.readouterr() == ("", "hello\n")


def test_the_spec_of_another_chip_is_a_mistake_of_ours() -> None:
    network: Any = None
    with pytest.raises(TypeError, match=r"^a DatapathSpec is wanted, not a Spec$"):
        xnorbin.architecture.map(network, Spec())
