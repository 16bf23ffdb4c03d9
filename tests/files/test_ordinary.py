"""Files are read once, within bounds, and only if they are ordinary ones."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hyperdrive_sim.files import ordinary


def said(path: Path, most: int = 100) -> str:
    with pytest.raises(OSError) as caught:
        ordinary.read(path, most)
    return ordinary.why(caught.value)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    (tmp_path / "link").symlink_to("a")
    assert ordinary.read(tmp_path / "a", 100) == ordinary.read(tmp_path / "link", 100) == b"x" * 100


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    no_file = "it is no ordinary file but a device, a pipe or a socket"
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert said(tmp_path / "socket") == no_file
    assert said(tmp_path / "pipe") == said(Path("/dev/zero")) == said(Path("/dev/null")) == no_file
    assert said(tmp_path) == "it is a directory"
    assert said(tmp_path / "gone") == "there is no such file"
    assert said(Path("a\0b")) == "embedded null byte"


def test_a_larger_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10 * 2**30)
    assert said(tmp_path / "sparse", 256 * 1024) == "it is larger than 256 KiB"
    assert said(tmp_path / "sparse", 3 * 2**29) == "it is larger than 1.5 GiB"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux has files whose size is not told")
def test_a_file_that_does_not_tell_its_size() -> None:
    assert said(Path("/proc/self/environ"), 10) == "it is larger than 10 bytes"


def test_reasons_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert said(tmp_path / "a" / "b") == "a part of its path is no directory"
    assert said(tmp_path / ("x" * 300)) == "file name too long"
