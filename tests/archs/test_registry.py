"""Architectures are found as folders and as installed packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from hyperdrive_sim.archs import registry, xnorbin
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.spec import Spec

FOLDERS = ("chewbaccann", "hyperdrive", "nandnet_dram", "nandnet_sram", "xnorbin")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of somebody else's that is installed, and registers a chip under a name of its own and under one of ours."""
    package = tmp_path / "my_chips"
    package.mkdir()
    (package / "__init__.py").write_text("class Chip:\n    name = 'my_chip'\n\n\nchip = Chip()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [EntryPoint(name, "my_chips:chip", registry.GROUP) for name in ("my_chip", "xnorbin")]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])
    forget()
    yield package
    forget()
    sys.modules.pop("my_chips", None)


def forget() -> None:
    for known in (registry.names, registry.load, registry.installed):
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


def test_the_spec_of_another_chip_is_a_mistake_of_ours() -> None:
    network: Any = None
    with pytest.raises(TypeError, match=r"^a DatapathSpec is wanted, not a Spec$"):
        xnorbin.architecture.map(network, Spec())
