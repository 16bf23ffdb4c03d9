"""Memory that a process may still take: the least of what the machine, `ulimit` and the groups around it leave."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
from commands import python

from hyperdrive_sim.study import memory


def group(folder: Path, limit: str, used: int, stat: str, names: tuple[str, str] = ("memory.max", "memory.current")) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip((*names, "memory.stat"), (limit, str(used), stat), strict=True):
        (folder / name).write_text(f"{text}\n", "utf-8")


def told(root: Path, text: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(text, "utf-8")


def test_every_group_around_the_process_counts_and_pages_that_can_be_dropped_are_free(tmp_path: Path) -> None:
    """1000 - 400 + 50 in the pod, 900 - 300 + 20 in its container; the group around both has no limit, the topmost no files."""
    told(tmp_path, "0::/all/pod/one\n")
    top = tmp_path / "sys/fs/cgroup"
    group(top / "all", "max", 700, "inactive_file 9")
    group(top / "all/pod", "1000", 400, "anon 300\ninactive_file 50")
    group(top / "all/pod/one", "900", 300, "inactive_file 20\nactive_file 7")
    assert list(memory.left_by_groups(tmp_path)) == [620, 650]


def test_a_container_that_sees_only_itself(tmp_path: Path) -> None:
    """It is told its path on the machine, but its own folder is the topmost one."""
    told(tmp_path, "0::/../docker/one\n")
    group(tmp_path / "sys/fs/cgroup", "512", 100, "inactive_file 12")
    assert list(memory.left_by_groups(tmp_path)) == [424]


def test_groups_of_the_first_version(tmp_path: Path) -> None:
    told(tmp_path, "5:cpu,cpuacct:/one\n4:memory:/one\n0::/\n")
    first = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    group(tmp_path / "sys/fs/cgroup/memory/one", "800", 500, "inactive_file 1\ntotal_inactive_file 100", first)
    group(tmp_path / "sys/fs/cgroup/cpu,cpuacct/one", "5", 5, "", first)
    assert list(memory.left_by_groups(tmp_path)) == [400]


@pytest.mark.parametrize("text", [None, "", "0::/nowhere\n"])
def test_no_groups_no_limit(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        told(tmp_path, text)
    assert list(memory.left_by_groups(tmp_path)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v is not obeyed everywhere")
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_ulimit(limit: str) -> None:
    code = f"""
import resource, psutil
from hyperdrive_sim.study import memory
resource.setrlimit(resource.{limit}, (2**30, 2**30))
mine = psutil.Process().memory_info()
print(memory.free_bytes() <= 2**30 - mine.{"vms" if limit == "RLIMIT_AS" else "data"}, memory.free_bytes() > 2**28)
"""
    assert python(code).split() == ["True", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such file elsewhere")
def test_files_say_what_psutil_does(tmp_path: Path) -> None:
    """The latter is asked where there are none."""
    ours, theirs = memory.taken(), psutil.Process().memory_info()
    assert ours == pytest.approx((theirs.rss, theirs.vms, theirs.data), rel=0.05)
    assert memory.taken(tmp_path) == pytest.approx(ours, rel=0.05)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:       1000 kB\nMemAvailable:    300 kB\nHugePages_Total:       0\n", "utf-8")
    assert memory.available(tmp_path) == 300 * 1024
    (tmp_path / "proc/meminfo").write_text("MemTotal:       1000 kB\n", "utf-8")
    assert memory.available(tmp_path) == pytest.approx(memory.available(), rel=0.2)


def test_what_a_user_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that the process takes, not of what it takes more."""
    free = memory.free_bytes()
    monkeypatch.setattr(memory, "taken_bytes", lambda: 1000)
    for most, left in ((3000, 2000), (500, 0), (2**60, free)):
        with memory.at_most(most):
            assert memory.free_bytes() == pytest.approx(left, rel=0.2)
    with memory.at_most(None):
        assert memory.free_bytes() == pytest.approx(free, rel=0.2)


def test_what_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_left_by_ulimit", lambda: iter([7000]))
    monkeypatch.setattr(memory, "left_by_groups", lambda: iter([8000, 6000]))
    assert memory.free_bytes() == 6000
    monkeypatch.setattr(memory, "left_by_groups", lambda: iter([-3]))
    assert memory.free_bytes() == 0, "a group may have more than its limit, for a moment"
    assert 2**20 < memory.taken_bytes() < 2**40
