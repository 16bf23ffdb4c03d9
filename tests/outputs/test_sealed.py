"""Sealed directories: exactly the files that the manifest names, none of them a link, each as it was, each read once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import sealed
from hyperdrive_sim.outputs.manifest import Manifest

FILES = {"a": b"first", "b": b"second", "c": b""}


def laid(folder: Path, files: Mapping[str, bytes] = FILES) -> dict[str, str]:
    """Files with their manifest; returns the digests."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = dict.fromkeys(sealed.KEYS) | {"versions": {"hyperdrive_sim": "0.1.0"}, "files": digests}
    (folder / sealed.MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return digests


def refused(folder: Path, digests: Mapping[str, str], most: int = 100) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        sealed.contents(folder, digests, ("a", "b"), most)
    return [str(mistake).replace(f"{folder}/", "").removesuffix("; run the scenario again") for mistake in caught.value.mistakes]


def test_what_is_kept_is_read(tmp_path: Path) -> None:
    digests = laid(tmp_path)
    assert sealed.contents(tmp_path, digests, ("a", "c"), 100) == {"a": b"first", "c": b""}
    assert sealed.foreign(tmp_path) == ""


def test_all_that_is_wrong_is_said(tmp_path: Path) -> None:
    digests = laid(tmp_path)
    (tmp_path / "a").write_bytes(b"other")
    (tmp_path / "b").unlink()
    (tmp_path / "more").write_bytes(b"")
    assert refused(tmp_path, digests) == [
        "'a' was changed after it was written",
        "'b' is missing",
        "'more' is none of the files that were written there; take it away",
    ]
    assert sealed.foreign(tmp_path) == "a"


@pytest.mark.parametrize("kind", ["link", "directory", "pipe", "dangling"])
def test_only_ordinary_files_are_opened(tmp_path: Path, kind: str) -> None:
    """Not even a link to a file that has the right hash."""
    folder = tmp_path / "run"
    folder.mkdir()
    digests = laid(folder)
    (tmp_path / "elsewhere").write_bytes(FILES["a"])
    (folder / "a").unlink()
    match kind:
        case "link":
            (folder / "a").symlink_to("../elsewhere")
        case "directory":
            (folder / "a").mkdir()
        case "pipe":
            os.mkfifo(folder / "a")
        case "dangling":
            (folder / "a").symlink_to("nowhere")
    assert refused(folder, digests) == ["'a' is a link, a directory or a device where a file belongs"]
    assert sealed.foreign(folder) == "a"


@pytest.mark.parametrize("name", ["../elsewhere", "/etc/passwd", "..", "", "x\\y", "c:x"])
def test_a_manifest_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    digests = laid(folder)
    (tmp_path / "elsewhere").write_bytes(b"private")
    (said,) = refused(folder, digests | {name: hashlib.sha256(b"private").hexdigest()})
    assert said == f"'manifest.json' names '{name}', which is no name of a file in its directory"


def test_a_large_file_is_not_kept(tmp_path: Path) -> None:
    digests = laid(tmp_path, FILES | {"a": b"x" * 101, "c": b"x" * 1000})
    assert refused(tmp_path, digests) == ["'a' takes 101 bytes, more than there is memory for; raise --max-memory"]
    assert set(sealed.contents(tmp_path, digests, ("b",), 100)) == {"b"}, "what is not kept is only compared"


def test_every_manifest_has_these_keys() -> None:
    assert set(Manifest.model_fields) == sealed.KEYS


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": []}', '{"files": {"a": 1}}', '{"files": {"a": "x"}}', "[" * 9999, "\xff"])
def test_a_manifest_that_is_none_vouches_for_nothing(tmp_path: Path, text: str) -> None:
    laid(tmp_path)
    (tmp_path / sealed.MANIFEST).write_text(text, "latin-1")
    assert sealed.foreign(tmp_path) == sealed.MANIFEST


def test_an_empty_directory_is_nobody_s(tmp_path: Path) -> None:
    assert sealed.foreign(tmp_path) == ""
    (tmp_path / "z").write_bytes(b"")
    assert sealed.foreign(tmp_path) == "z"
