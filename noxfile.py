"""Every check alone, as CI runs it: `nox -s lint`, `nox --list`. Plain `nox` runs all but the tests.

Sessions run by the Python that runs nox, in the environment that the README's command makes: `.venv/bin/nox`. The commands of the
checks stand here and nowhere else. What follows `--` is passed on: `nox -s tests -- -k replay`.
"""

from __future__ import annotations

import sys

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "dead", "docs", "bench"]


def module(session: nox.Session, *command: str) -> None:
    """Run a module of this Python's, with what follows `--`."""
    session.run(sys.executable, "-m", *command, *session.posargs, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Rules and layout, by ruff; `nox -s mend` applies them."""
    module(session, "ruff", "check", ".")
    module(session, "ruff", "format", "--check", ".")


@nox.session
def mend(session: nox.Session) -> None:
    """Change files as ruff would have them."""
    module(session, "ruff", "check", "--fix", ".")
    module(session, "ruff", "format", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Annotations of the package, by mypy --strict."""
    module(session, "mypy")


@nox.session
def dead(session: nox.Session) -> None:
    """Code that nothing uses, by vulture; what is used from elsewhere is named in .ci/used_elsewhere.py, with the reason."""
    module(session, "vulture")


@nox.session
def docs(session: nox.Session) -> None:
    """API pages from the docstrings, by pdoc, in build/api; a warning is an error."""
    session.run(sys.executable, ".ci/api_pages.py", "build/api", *session.posargs, external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Whether things can still be measured: a little of each section but `big` (too long) and `instructions` (counted by the tests)."""
    module(session, "hyperdrive_sim", "bench", "--quick", "runs", "scenarios", "tasks", "growth", "kernels")


@nox.session
def quick(session: nox.Session) -> None:
    """Tests without the slow ones: some ten minutes on two cores."""
    module(session, "pytest", "-n", "auto", "-m", "not slow")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, as the README's command runs them."""
    module(session, "pytest", "-n", "auto")
