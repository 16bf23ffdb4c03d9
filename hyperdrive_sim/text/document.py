"""YAML documents that remember the place of every key and value, and their validation into pydantic models."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hyperdrive_sim.errors import NOWHERE, InvalidInput, Mistake, Place
from hyperdrive_sim.files import ordinary
from hyperdrive_sim.text.catalogue import Catalogue
from hyperdrive_sim.text.plain import NotPlain, plain
from hyperdrive_sim.text.wording import ABSENT, NOWHERE_ELSE, Elsewhere, KeyPath, counted, described, dotted, explain, lookup

M = TypeVar("M", bound=BaseModel)
E = TypeVar("E", bound=InvalidInput)

MAX_BYTES = 256 * 1024  # ruamel.yaml reads about 90 kB a second
MAX_EXTENDED = 20
"""Files that one can build on by way of others."""

NO_NAMES = Catalogue()


class Places(Mapping[KeyPath, Place]):
    """The places of keys and values, which *find* finds when one is asked for: where nothing is wrong, nobody does."""

    def __init__(self, find: Callable[[], Mapping[KeyPath, Place]]) -> None:
        self._find = find

    @cached_property
    def found(self) -> Mapping[KeyPath, Place]:
        return self._find()

    def __getitem__(self, path: KeyPath) -> Place:
        return self.found[path]

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def _places_in(text: str, file: str) -> Mapping[KeyPath, Place]:
    """The places of a text's keys and values."""
    from hyperdrive_sim.text.reading import Reading

    reading = Reading(file, text)
    reading.whole(text)
    return reading.places


def _places_left(above: Mapping[KeyPath, Place], below: Mapping[KeyPath, Place], data: Mapping[str, Any]) -> Mapping[KeyPath, Place]:
    """The places of what is left in *data* of a text above another."""
    return {known: where for known, where in {**below, **above}.items() if lookup(data, known) is not ABSENT}


@dataclass(frozen=True)
class Document:
    """A YAML mapping as plain data, with the place (file, line, column) of each key.

    `data` holds what JSON can express: dict, list, str, bool, None, finite float and 64-bit int; keys are text whatever they look like.
    `places` is by key path, () for the whole document; a value's place is that of its key, a list item's its own. `sources` are the files
    that it was read from, each with what it says itself; what was set stands there as if the first of them said it.
    """

    data: Mapping[str, Any]
    places: Mapping[KeyPath, Place]
    sources: tuple[tuple[Path, Mapping[str, Any]], ...] = ()

    @classmethod
    def read(cls, path: Path, shown: str | None = None, catalogue: Catalogue = NO_NAMES) -> Document:
        """Read a file and merge it into those it `extends`: mappings are merged, anything else is replaced. Messages call it *shown*.

        What it extends is a file, relative to it, or a short name of the *catalogue*. Raises InvalidInput for a file that cannot be read
        or is not YAML, and for one that extends itself.
        """
        return _read(path, str(path) if shown is None else shown, catalogue)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it was read from, each once."""
        return tuple(dict.fromkeys(path for path, _ in self.sources))

    def folder(self, key: KeyPath = ()) -> Path:
        """The folder of the file that says a key, which what it names is relative to; of the first file for a key that none says."""
        first = next(iter(self.files), Path())
        return next((path for path, data in self.sources if lookup(data, key) is not ABSENT), first).parent

    @classmethod
    def read_alone(cls, path: Path) -> Document:
        """Read a file in which `extends` is a key like any other. Raises InvalidInput."""
        return cls.parse(_text(path, str(path), None), str(path))

    @classmethod
    def parse(cls, text: str, file: str) -> Document:
        """Read a text alone, in which `extends` is a key like any other; messages call it *file*. Raises InvalidInput."""
        try:
            return cls(plain(text), Places(partial(_places_in, text, file)))
        except NotPlain:
            from hyperdrive_sim.text.reading import Reading

        reading = Reading(file, text)
        data = reading.whole(text)
        if not isinstance(data, dict):
            problem = "there is nothing in it" if data is None else f"must be a mapping of keys to values, not {described(data)}"
            raise InvalidInput(Mistake("", problem, "write keys, such as title: a test", reading.at(1, 1)))
        return cls(data, reading.places)

    def with_setting(self, setting: str) -> Document:
        """A copy with one `key=value` set, such as `chip.mesh=[5,10]`; `sweep.0.step=2` reaches into a list.

        Mappings that are missing on the way are made. Raises InvalidInput, placed in the setting, for one that cannot be read or applied.
        """
        from hyperdrive_sim.text.reading import Reading

        reading = Reading(f"--set {setting}", setting)
        key, equals, value = setting.partition("=")
        if not equals or not all(part.strip() for part in key.split(".")):
            raise InvalidInput(Mistake("", "must be of the form key=value", "for example chip.mesh=[5,10]", reading.at(1, 1)))
        path = _steps(self.data, key, reading.at(1, 1))
        value_there = reading.whole(" " * len(f"{key}=") + value, path)
        columns = [1 + match.start() for match in re.finditer(r"[^.]+", key)]
        on_the_way = {path[: n + 1]: reading.at(1, column) for n, column in enumerate(columns)}
        kept = {known: place for known, place in self.places.items() if known[: len(path)] != path}
        places = {**on_the_way, **kept, **reading.places, path: on_the_way[path]}
        sources = ((self.files[0], _replaced({}, path, value_there)), *self.sources) if self.sources else ()
        return replace(self, data=_replaced(self.data, path, value_there), places=places, sources=sources)

    def place(self, key: str | KeyPath) -> Place:
        """Place of a key (`chip.mesh`, or a path), or of the nearest enclosing key that exists."""
        name = key if isinstance(key, str) else dotted(key)
        while name not in self._by_name:
            name = name.rpartition(".")[0]
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Place]:
        return {dotted(path): place for path, place in self.places.items()}

    def mistake(self, key: str | KeyPath, problem: str, cure: str = "") -> Mistake:
        """A mistake in a key, at that key's place."""
        return Mistake(key if isinstance(key, str) else dotted(key), problem, cure, self.place(key))

    def located(self, error: E, at: KeyPath = ()) -> E:
        """A copy of *error* in which every mistake has a place; those that had none get it by their key, taken to stand under *at*."""
        keys = [".".join(filter(None, (dotted(at), one.key))) for one in error.mistakes]
        moved = [one if one.place else one._replace(key=key, place=self.place(key)) for one, key in zip(error.mistakes, keys, strict=True)]
        return type(error)(*moved)

    def validate(self, model: type[M], at: KeyPath = (), elsewhere: Elsewhere = NOWHERE_ELSE) -> M:
        """Validate the document, or the part of it under *at* (empty if absent), as a pydantic *model*.

        Raises InvalidInput with all mistakes, in the order of the text. Types are strict and unknown keys refused, whatever the model's
        configuration says; a YAML list serves for a tuple, an integer for a float. *elsewhere* are the keys of another part of the
        document. A field may say in words what it takes:
        `Field(json_schema_extra={"expects": "[rows, columns] or 'auto'"})`.
        """
        part = lookup(self.data, at)
        data = {} if part is ABSENT else part
        try:
            return model.model_validate_json(json.dumps(data), strict=True, extra="forbid")
        except ValidationError as error:
            findings = explain(error, data, model.model_json_schema(), elsewhere)
        mistakes = [Mistake(dotted(at + f.key), f.problem, f.cure, self.place(at + f.path)) for f in findings]
        raise InvalidInput(*sorted(mistakes, key=lambda mistake: mistake.place or NOWHERE))


def _read(path: Path, shown: str, catalogue: Catalogue, chain: tuple[str, ...] = (), asking: Document | None = None) -> Document:
    """Read a file with those it extends. *chain* are the files that led here by `extends`, *asking* is the last of them."""
    own = Document.parse(_text(path, shown, asking, catalogue), shown)
    own = replace(own, sources=((path, own.data),))
    if "extends" not in own.data:
        return own
    base = own.data["extends"]
    if not isinstance(base, str) or not base:
        raise InvalidInput(own.mistake("extends", f"must be the name of a file, not {described(base)}", "name one, relative to this file"))
    target, called = catalogue.located(path.parent / base, base, os.path.normpath(os.path.join(os.path.dirname(shown), base)))
    chain = (*chain, os.path.realpath(path))
    if os.path.realpath(target) in chain:
        raise InvalidInput(own.mistake("extends", f"'{base}' leads back to itself", "extend another, or none"))
    if len(chain) > MAX_EXTENDED:
        problem = f"leads through more than {MAX_EXTENDED} files that extend each other"
        raise InvalidInput(own.mistake("extends", problem, "put some of them together"))
    below = _read(target, called, catalogue, chain, own)
    data = _merged(below.data, {key: value for key, value in own.data.items() if key != "extends"})
    return Document(data, Places(partial(_places_left, own.places, below.places, data)), (*own.sources, *below.sources))


def _text(path: Path, shown: str, asking: Document | None, catalogue: Catalogue = NO_NAMES) -> str:
    try:
        raw = ordinary.read(path, MAX_BYTES)
    except OSError as error:
        cure = catalogue.cure(path, shown) if isinstance(error, FileNotFoundError | IsADirectoryError) else ""
        problem = f"cannot read '{shown}': {ordinary.why(error)}"
        raise InvalidInput(asking.mistake("extends", problem, cure) if asking else Mistake("", problem, cure)) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        from hyperdrive_sim.text.reading import end, lines

        before = raw[: error.start].decode("utf-8-sig", "replace")
        (line, column), read = end(before), lines(raw.decode("utf-8-sig", "backslashreplace"))
        problem = f"is not UTF-8 text (byte 0x{raw[error.start]:02x})"
        raise InvalidInput(Mistake("", problem, "save it as UTF-8", Place(shown, line, column, read[line - 1]))) from None


def _merged(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _merged(below[key], value) if key in below else value for key, value in above.items()}


def _steps(data: Any, key: str, place: Place) -> KeyPath:
    """A dotted key, which stands at *place*, as a path into the data, with integers where there are lists."""
    path: KeyPath = ()
    for part in map(str.strip, key.split(".")):
        items = range(len(data)) if isinstance(data, list) else range(0)
        if isinstance(data, list) and part not in map(str, items):
            problem = f"there is no item '{part}' in a list of {counted(len(data), 'item')}"
            raise InvalidInput(Mistake(dotted(path), problem, "items count from 0", place))
        if not (isinstance(data, dict | list) or data in (None, ABSENT)):
            raise InvalidInput(Mistake(dotted(path), f"is {described(data)} and has no key '{part}'", "", place))
        step = int(part) if isinstance(data, list) else part
        path, data = (*path, step), lookup(data, (step,))
    return path


def _replaced(data: Any, path: KeyPath, value: Any) -> Any:
    """A copy of the data with the value at the path."""
    if not path:
        return value
    head, *rest = path
    if isinstance(data, list):
        return [_replaced(item, tuple(rest), value) if number == head else item for number, item in enumerate(data)]
    mapping = data or {}
    return {**mapping, head: _replaced(mapping.get(head), tuple(rest), value)}
