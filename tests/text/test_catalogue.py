"""Names of files: what exists, a directory that stands for a file in it, a short name; and what to do about any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from hyperdrive_sim.text.catalogue import Catalogue, from_here
from hyperdrive_sim.text.document import Document

SHORT, DIRECTORY = "take a short name", "take a file"


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Three files below a folder, a user's folder beside it to be in."""
    for name in ("big/mesh", "big/chip", "small/chip"):
        (tmp_path / "shelf" / f"{name}.yaml").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shelf" / f"{name}.yaml").write_text(f"title: {name}\n", "utf-8")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return Catalogue(tmp_path / "shelf", "inside.yaml", (SHORT, DIRECTORY))


def located(catalogue: Catalogue, name: str) -> tuple[Path, str]:
    return catalogue.located(Path(name), name, name)


def test_short_names(catalogue: Catalogue, tmp_path: Path) -> None:
    assert list(catalogue.names) == ["big/chip", "big/mesh", "small/chip"]
    mesh = tmp_path / "shelf" / "big" / "mesh.yaml"
    assert located(catalogue, "big/mesh") == located(catalogue, "big/mesh.yaml") == (mesh, str(mesh))
    assert catalogue.name(mesh) == catalogue.name(Path("../shelf/big/mesh.yaml")) == "big/mesh"
    assert catalogue.name(Path("mesh.yaml")) == catalogue.name(tmp_path / "shelf" / "big" / "readme.md") == ""


def test_nothing_else_below_the_folder_has_one(catalogue: Catalogue) -> None:
    for name in ("big/../big/mesh", "/big/mesh", "big", "mesh", "", "."):
        assert located(catalogue, name) == (Path(name), name)


def test_a_file_that_exists_goes_first(catalogue: Catalogue) -> None:
    Path("big").mkdir()
    Path("big/mesh").write_text("title: mine\n", "utf-8")
    assert located(catalogue, "big/mesh") == (Path("big/mesh"), "big/mesh")
    assert located(catalogue, "big/mesh.yaml")[0].is_absolute(), "that one does not exist here"


def test_a_directory_stands_for_the_file_in_it(catalogue: Catalogue) -> None:
    Path("run").mkdir()
    assert located(catalogue, "run") == (Path("run"), "run")
    Path("run/inside.yaml").write_text("title: again\n", "utf-8")
    assert located(catalogue, "run") == (Path("run/inside.yaml"), "run/inside.yaml")


def test_files_below_the_working_directory_are_called_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "a" / "b.yaml") == "a/b.yaml"
    assert from_here(Path("/elsewhere/b.yaml")) == "/elsewhere/b.yaml"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("big/mehs", "did you mean 'big/mesh'?"),
        ("Big/Mesh.yaml", "did you mean 'big/mesh'?"),
        ("mesh", "did you mean 'big/mesh'?"),
        ("scenarios/big/mesh.yaml", "did you mean 'big/mesh'?"),
        ("chip", "did you mean 'big/chip' or 'small/chip'?"),
        ("mine", "did you mean 'mine.yaml'?"),
        ("min.yaml", "did you mean 'mine.yaml'?"),
        ("big", SHORT),
        ("nothing", SHORT),
        ("small/nothing", SHORT),
        ("nothing.yaml", ""),
        (".", DIRECTORY),
    ],
)
def test_what_is_meant_by_a_name_of_nothing(catalogue: Catalogue, name: str, cure: str) -> None:
    Path("mine.yaml").write_text("title: mine\n", "utf-8")
    assert catalogue.cure(Path(name), name) == cure


def test_a_file_extends_one_by_its_short_name(catalogue: Catalogue, tmp_path: Path) -> None:
    Path("mine.yaml").write_text("extends: big/mesh\nframes: 2\n", "utf-8")
    found = Document.read(Path("mine.yaml"), catalogue=catalogue)
    mesh = tmp_path / "shelf" / "big" / "mesh.yaml"
    assert found.data == {"title": "big/mesh", "frames": 2}
    assert found.files == (Path("mine.yaml"), mesh)
    assert (found.folder(("title",)), found.folder(("frames",)), found.folder(("seed",))) == (mesh.parent, Path(), Path())
    assert found.with_setting("title=new").folder(("title",)) == Path(), "as if the first file said it"
    assert found.place("title").file == str(mesh)
