"""YAML text read as plain data, with the place of every key and value."""

from __future__ import annotations

import math
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from hyperdrive_sim.errors import InvalidInput, Mistake, Place
from hyperdrive_sim.text.wording import KeyPath, dotted

MAX_NODES = 100_000  # after aliases are written out, so that a few lines cannot become a billion
MAX_DEPTH = 50
_STANDARD = "tag:yaml.org,2002:"

_CURES = {
    "mapping values are not allowed here": "put a text that contains ': ' in quotes",
    "cannot start any token": "put the text in quotes",
    "<block end>": "check the indentation",
    "<document start>": "check the indentation",
}


class Reading:
    """One pass over a YAML text, from ruamel's nodes to plain data; collects places, and mistakes that need not stop it.

    *source* is the text as a user wrote it, of which places keep their line.
    """

    def __init__(self, file: str, source: str) -> None:
        self.file, self.lines = file, lines(source)
        self.places: dict[KeyPath, Place] = {}
        self.mistakes: list[Mistake] = []
        self.nodes = 0
        self.yaml = YAML(typ="safe", pure=True)
        self.yaml.max_depth = MAX_DEPTH
        self.yaml.composer.warn_double_anchors = False

    def whole(self, text: str, path: KeyPath = ()) -> Any:
        """Data of the whole text, placed at *path* of the document; None for an empty text. Raises InvalidInput with all mistakes."""
        self.places[path] = self.at(1, 1)
        try:
            root = self.yaml.compose(text)
        except YAMLError as error:
            raise InvalidInput(self.broken(error, text)) from None
        except AssertionError:  # of ruamel.yaml, at the version of a directive that it does not know
            raise InvalidInput(Mistake("", "is no YAML that is known here", "leave out the line %YAML", self.at(1, 1))) from None
        data = None if root is None else self.value(root, path)
        InvalidInput.collected(self.mistakes)
        return data

    def value(self, node: Any, path: KeyPath) -> Any:
        """Data of one node. Raises InvalidInput beyond MAX_NODES or MAX_DEPTH: aliases may make a node large, or contain itself."""
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            problem = f"holds more than {MAX_NODES} values" if self.nodes > MAX_NODES else f"is nested more than {MAX_DEPTH} levels deep"
            raise InvalidInput(Mistake("", problem, "write fewer aliases", self.place(node)))
        if node.ctag.handle or not node.tag.startswith(_STANDARD):
            self.blame(path, f"the tag {node.ctag.handle or ''}{node.ctag.suffix} is not understood here", "leave it out", node)
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            self.places |= {(*path, number): self.place(item) for number, item in enumerate(node.value)}
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            here = (*path, key.value)
            if not (isinstance(key, ScalarNode) and key.value.isprintable()):
                self.blame(path, "a key must be text in one line", "", key)
            elif key.tag == f"{_STANDARD}merge":
                self.blame(path, "merge keys (<<) are not understood here", "write the keys out", key)
            elif key.value in data:
                self.blame(here, f"stands here a second time, after line {self.places[here].line}", "keep one of the two", key)
            else:
                self.places[here] = self.place(key)
                data[key.value] = self.value(value, here)
        return data

    def scalar(self, node: ScalarNode, path: KeyPath) -> str | int | float | bool | None:
        if str(node.tag).removeprefix(_STANDARD) not in ("null", "bool", "int", "float"):
            if re.search("[\0\ud800-\udfff]", node.value):
                self.blame(path, "contains a character that is none (NUL or half a surrogate pair)", "", node)
            return str(node.value)
        try:
            value: int | float | bool | None = self.yaml.constructor.construct_object(node)
        except ValueError:  # an integer of more digits than Python reads: refused below, like any other that is too large
            value = math.inf
        if isinstance(value, int | float) and not (abs(value) < 2**63 or (isinstance(value, float) and math.isfinite(value))):
            self.blame(path, f"must be a finite number of at most 64 bits, not {node.value[:60]}", "", node)
        return value

    def place(self, node: Any) -> Place:
        return self.at(node.start_mark.line + 1, node.start_mark.column + 1)

    def at(self, line: int, column: int) -> Place:
        """A position with its line; a mistake at the end of a text may stand behind the last."""
        return Place(self.file, line, column, self.lines[line - 1] if line <= len(self.lines) else "")

    def blame(self, path: KeyPath, problem: str, cure: str, node: Any) -> None:
        self.mistakes.append(Mistake(dotted(path), problem, cure, self.place(node)))

    def broken(self, error: YAMLError, text: str) -> Mistake:
        """The mistake in a text that is not YAML: ruamel.yaml's message, in one line."""
        if isinstance(error, ReaderError):
            problem = f"contains a control character (0x{error.character:02x})"
            return Mistake("", problem, "remove it", self.at(*end(text[: error.position])))
        if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
            return Mistake("", f"is not YAML: {str(error).splitlines()[0]}", "", self.at(1, 1))
        mark, context = error.problem_mark, error.context_mark
        place = self.at(mark.line + 1, mark.column + 1)
        if isinstance(error, MaxDepthExceededError):
            return Mistake("", f"is nested more than {MAX_DEPTH} levels deep", "", place)
        if r"'\t'" in error.problem:
            return Mistake("", "a tab stands where only spaces may", "indent with spaces", place)
        if "another document" in error.problem:
            return Mistake("", "a second document begins here", "keep one document in a file", place)
        problem = re.sub(r"\('(.*)',\)", r"'\1'", error.problem).replace("'<stream end>'", "the end").replace(r"'\x00'", "the end")
        since = f", {error.context} begun in line {context.line + 1}" if error.context and context and context.line < mark.line else ""
        cure = next((cure for pattern, cure in _CURES.items() if pattern in problem), "")
        return Mistake("", f"is not YAML: {problem}{since}", cure, place)


def lines(text: str) -> list[str]:
    """Lines of a text, split at each of YAML's three line ends."""
    return re.split(r"\r\n|\r|\n", text)


def end(text: str) -> tuple[int, int]:
    """Line and column of what follows *text*, the beginning of a file."""
    before = lines(text)
    return len(before), len(before[-1]) + 1
