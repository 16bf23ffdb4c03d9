"""What a process costs, seen from outside: its own memory, all its CPU time, and what it says when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from commands import ROOT

import hyperdrive_sim
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.study.bench import installation
from hyperdrive_sim.study.bench.installation import Installation, NotMeasured, Usage, finished

MIB = 2**20


def python(code: str) -> Usage:
    return finished([sys.executable, "-I", "-S", "-c", code], os.environ)


def test_memory_is_the_process_s_own() -> None:
    """Not that of whoever starts it, which is larger here."""
    ours = np.ones(200 * MIB, np.uint8)
    small, large = python("pass"), python(f"a = bytearray({100 * MIB}); a[::4096] = b'x' * {100 * 256}")
    assert small.peak_bytes < 40 * MIB < len(ours)
    assert 100 * MIB < large.peak_bytes < 140 * MIB


def test_time_and_what_is_printed() -> None:
    asleep = python("import time; time.sleep(0.3); print('gr\\u00fcn', end='')")
    assert asleep.printed == "grün"
    assert asleep.wall_s > 0.3 > asleep.cpu_s > 0
    busy = python("import time\nwhile time.process_time() < 0.3: pass")
    assert 0.3 <= busy.cpu_s < 1
    assert busy.cpu_s < busy.wall_s * 1.1


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("import sys; sys.exit('note: one\\nerror: frames: must be 1\\nmore')", "frames: must be 1"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import os; os.kill(os.getpid(), 9)", "ended by signal 9"),
    ],
)
def test_what_a_process_says_that_fails(code: str, sentence: str) -> None:
    with pytest.raises(NotMeasured) as caught:
        python(code)
    assert str(caught.value) == sentence


def test_a_program_that_there_is_not() -> None:
    with pytest.raises(NotMeasured, match="No such file or directory"):
        finished(["/no/such/program"], os.environ)


def test_this_installation_is_the_one_that_runs() -> None:
    ours = Installation.this()
    assert ours.versions() == {"hyperdrive_sim": hyperdrive_sim.__version__, "python": ".".join(map(str, sys.version_info[:3]))}
    assert ours.command("--version").printed.strip() == f"hyperdrive-sim, version {hyperdrive_sim.__version__}"
    where = ours.run("-c", "import hyperdrive_sim; print(hyperdrive_sim.__file__)").printed
    assert Path(where.strip()).parents[1] == ROOT


def test_another_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a checkout, whatever this Python would import, and in whatever directory we are."""
    other = tmp_path / "other"
    (other / "hyperdrive_sim").mkdir(parents=True)
    (other / "hyperdrive_sim" / "__init__.py").write_text("__version__ = '0.0.7'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert Installation.at("other").versions()["hyperdrive_sim"] == "0.0.7"
    assert Installation.this().versions()["hyperdrive_sim"] == hyperdrive_sim.__version__


def test_a_python_that_has_none(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(InvalidInput, match=r"--against: '.*/python' has no hyperdrive_sim; name a Python that it is installed in"):
        Installation.at(str(bare)).versions()


def test_a_process_ends_with_its_own() -> None:
    """Whoever is measured does not outlive us, and it cannot be asked to end: it was started in a session of its own."""
    code = (
        "import os, sys; from hyperdrive_sim.study.bench.installation import finished; from hyperdrive_sim.__main__ import *\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "finished([sys.executable, '-S', '-c', 'import time; print(1); time.sleep(60)'], os.environ)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) as running:
        below: list[psutil.Process] = []
        while len(below) < 2:  # the launcher and the one that it measures
            below = psutil.Process(running.pid).children(recursive=True)
        running.terminate()
        assert running.wait(timeout=30) == 143
        gone, alive = psutil.wait_procs(below, timeout=10)
    assert (len(gone), alive) == (2, [])


def test_a_system_that_does_not_say_what_a_process_has_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(installation.os, "wait4")
    with pytest.raises(NotMeasured, match=r"this system does not say what a process has cost \(os.wait4 is missing\)"):
        python("pass")
    with pytest.raises(NotMeasured, match=r"^this system does not say"):  # and not that some folder has no package
        Installation.this().versions()
