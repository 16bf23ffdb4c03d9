"""The project's own habits: each check stands in one place, and files about the project say what is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import hyperdrive_sim

ROOT = Path(__file__).parents[1]
SOURCES = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "hyperdrive_sim").rglob("*.py")))


def yaml(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((ROOT / name).read_text("utf-8"))


def used_elsewhere() -> list[str]:
    tree = ast.parse((ROOT / ".ci" / "used_elsewhere.py").read_text("utf-8"))
    return [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]


def sessions() -> dict[str, str | None]:
    """Sessions of noxfile.py with their docstrings."""
    tree = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {one.name: ast.get_docstring(one) for one in functions if [ast.unparse(by) for by in one.decorator_list] == ["nox.session"]}


def test_what_is_used_elsewhere_is_still_there() -> None:
    names = used_elsewhere()
    assert len(names) > 20
    assert [name for name in names if not re.search(rf"\b{name}\b", SOURCES)] == [], "take them out of .ci/used_elsewhere.py"
    assert sorted(names) == sorted(set(names)), "named twice"


def test_every_session_says_what_it_is_for() -> None:
    found = sessions()
    assert {"lint", "types", "dead", "docs", "bench", "quick", "tests"} <= set(found)
    assert [name for name, doc in found.items() if not doc] == []


def test_ci_runs_the_sessions_and_the_readme_s_commands() -> None:
    """Each check's command stands in one place: the script names none of them."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "/nox" in script
    assert [tool for tool in ("ruff", "mypy", "vulture", "pdoc", "pytest") if re.search(rf"^[^#]*\b{tool}\b", script, re.MULTILINE)] == []


def test_hooks_run_sessions_and_fetch_nothing() -> None:
    (repository,) = yaml(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system", hook
        assert hook["entry"].removeprefix(".venv/bin/python -m nox --session ") in sessions()


def test_the_citation_is_of_this_version() -> None:
    found = yaml("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(found), "what the format demands"
    assert (found["cff-version"], found["version"], found["license"]) == ("1.2.0", hyperdrive_sim.__version__, "Apache-2.0")
    assert found["authors"] == [{"name": "The hyperdrive_sim developers"}]


def test_the_changelog_begins_with_what_is_not_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE)[0] == "[Unreleased]"
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
