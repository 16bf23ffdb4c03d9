"""Outputs are written beside their place and swapped in whole; what a kill left is removed by whoever writes there next."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import ROOT

from hyperdrive_sim.outputs import staging
from hyperdrive_sim.outputs.staging import EARLIER, UNFINISHED, replacing, staged


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(place: Path, *files: str) -> None:
    with staged(place) as files_of:
        for name in files:
            files_of.write(name, name.encode())


@contextmanager
def mask(umask: int) -> Iterator[None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_directory_appears_whole_and_is_exchanged_for_another(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "out"
    fill(place, "a", "b")
    with staged(place) as files:
        files.write("c", b"c")
        assert names(place) == ["a", "b"], "the earlier one is there"
        assert names(files.new) == ["c"]
    assert names(place) == ["c"]
    assert names(place.parent) == ["out"]


@pytest.mark.parametrize("fails", [True, False])
def test_without_an_exchange_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    """As on other systems, and on file systems that cannot: the earlier one has another name for a moment."""
    monkeypatch.setattr(staging, "_exchanged", lambda *_: False)
    fill(tmp_path / "out", "a")
    rename, done = os.rename, []

    def second_fails(source: Path, target: Path) -> None:
        done.append(source)
        if fails and len(done) == 2:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", second_fails)
    if fails:
        with pytest.raises(OSError, match="No space left"):
            fill(tmp_path / "out", "b")
    else:
        fill(tmp_path / "out", "b")
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], ["a" if fails else "b"])


def test_a_kill_between_two_names(tmp_path: Path) -> None:
    """The directory that had just been put aside is there again after the next attempt, even one that fails."""
    fill(tmp_path / "out", "a")
    os.rename(tmp_path / "out", staging._earlier(tmp_path / "out"))
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "out"):
        raise KeyboardInterrupt
    assert names(tmp_path / "out") == ["a"]
    os.mkdir(staging._earlier(tmp_path / "out"))
    fill(tmp_path / "out", "b")
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], ["b"])


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_modes_are_those_of_the_umask_or_of_what_was_there(tmp_path: Path, umask: int) -> None:
    place, file = tmp_path / "out", tmp_path / "file"
    with mask(umask):
        fill(place, "a")
        with replacing(file) as opened:
            opened.write(b"1")
        assert (mode(place), mode(place / "a"), mode(file)) == (0o777 & ~umask, 0o666 & ~umask, 0o666 & ~umask)
        for path, wanted in ((place, 0o750), (place / "a", 0o640), (file, 0o604)):
            path.chmod(wanted)
        fill(place, "a", "b")
        with replacing(file) as opened:
            opened.write(b"2")
    assert [mode(path) for path in (place, place / "a", place / "b", file)] == [0o750, 0o640, 0o666 & ~umask, 0o604]


def test_what_ends_a_block_leaves_no_trace(tmp_path: Path) -> None:
    fill(tmp_path / "out", "a")
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "out") as files:
        files.write("b", b"")
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "deep" / "deeper" / "file"):
        raise KeyboardInterrupt
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], ["a"])


KILLED = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from hyperdrive_sim.outputs.staging import replacing, staged
place = Path(sys.argv[1])
with staged(place / "out") as files, replacing(place / "file") as file:
    files.write("a", b"a")
    file.write(b"a")
    if "wait" in sys.argv:
        print("here", flush=True)
        input()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_kill_left_is_removed_by_the_next_that_writes_there(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    time.sleep(2 * staging.GRACE_S)
    left = names(tmp_path)
    assert len(left) == 2
    assert all(name.startswith(UNFINISHED) for name in left)
    with replacing(tmp_path / "another") as file:
        file.write(b"")
    assert names(tmp_path) == ["another"]


def test_who_is_still_writing_is_not_disturbed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path, "wait"], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "here\n"
        fill(tmp_path / "out", "b")
        assert len(names(tmp_path)) == 3
        other.kill()
    time.sleep(2 * staging.GRACE_S)
    fill(tmp_path / "out", "c")
    assert names(tmp_path) == ["out"]


def test_what_only_looks_like_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / f"{UNFINISHED}999999999-0a0a0a0a").symlink_to("mine")
    for name in (f"{UNFINISHED}notes", f"{UNFINISHED}1-0a0a0a0a", EARLIER, f"x{UNFINISHED}999999999-0a0a0a0a"):
        (tmp_path / name).write_text("mine", "utf-8")
    before = names(tmp_path)
    fill(tmp_path / "out", "a")
    assert names(tmp_path) == sorted([*before, "out"])


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_a_pipe_of_that_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{UNFINISHED}999999999-0a0a0a0a")
    fill(tmp_path / "out", "a")


def test_threads_do_not_take_each_other_s_for_abandoned(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda n: fill(tmp_path / f"{n % 40}", "a"), range(240)))
    assert len(names(tmp_path)) == 40


def test_what_replaces_something_private_is_private_at_once(tmp_path: Path) -> None:
    fill(tmp_path / "out", "a")
    (tmp_path / "out").chmod(0o700)
    with staged(tmp_path / "out") as files:
        assert mode(files.new) == 0o700


def test_a_write_protected_directory_leaves_nothing_when_it_is_replaced(tmp_path: Path) -> None:
    fill(tmp_path / "out", "a")
    (tmp_path / "out").chmod(0o555)
    fill(tmp_path / "out", "b")
    assert (names(tmp_path), mode(tmp_path / "out")) == (["out"], 0o555)
    (tmp_path / "out").chmod(0o755)


def test_an_earlier_one_is_kept_until_the_new_one_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill between two names, and a directory that a user has made in its place."""
    monkeypatch.setattr(staging, "_exchanged", lambda *_: False)
    fill(tmp_path / "out", "a")
    os.rename(tmp_path / "out", staging._earlier(tmp_path / "out"))
    (tmp_path / "out").mkdir()
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "out"):
        raise KeyboardInterrupt
    assert names(staging._earlier(tmp_path / "out")) == ["a"]
    fill(tmp_path / "out", "b")
    assert names(tmp_path) == ["out"]


def test_an_error_names_what_was_called_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "open", lambda *_: FULL.open("wb"), raising=False)
    with pytest.raises(OSError) as caught:
        fill(tmp_path / "out", "a")
    assert caught.value.filename == str(tmp_path / "out" / "a")
    with pytest.raises(OSError) as caught, replacing(tmp_path / "file") as file:
        file.write(b"x" * 100_000)
    assert caught.value.filename == str(tmp_path / "file")
    assert names(tmp_path) == []
