"""A model as plain data: nodes, constants and inputs by name, whatever file they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from numpy.typing import NDArray

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.text.wording import with_article

Constant = NDArray[Any]

LONGEST_NAME = 60


class Node(NamedTuple):
    """An operator: its name or, if it has none, that of its first output; type, domain ("" is ONNX's own), and what it takes and makes.

    Attributes are numbers, texts, arrays or lists of them; those that hold graphs are there as None.
    """

    name: str
    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def refuse(self, problem: str, cure: str = "") -> NoReturn:
        """Raise InvalidInput for this node, which the message names with its type."""
        raise InvalidInput.at("network", f"'{shortened(self.name)}' ({self.op}) {problem}", cure)

    def __str__(self) -> str:
        return f"'{shortened(self.name)}' ({with_article(self.op)})"


class Model(NamedTuple):
    """A file's graph: nodes in the file's order, constants, shapes of its inputs (None: left open), names of its outputs.

    *files* are those beside the model that hold values.
    """

    name: str
    nodes: tuple[Node, ...]
    constants: Mapping[str, Constant]
    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]
    files: tuple[Path, ...] = ()


def shortened(name: str) -> str:
    """A name that fits into a line."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 3] + "..."


def module_of(name: str) -> str:
    """The module that a constant is a parameter of, by a name such as layer1.0.conv1.weight; "" for any other name."""
    if _PARAMETER.fullmatch(name) is None:
        return ""
    return name.rpartition(".")[0].partition(".parametrizations.")[0]


_PARAMETER = re.compile(r"\w+(\.\w+)*\.[A-Za-z_]\w*")
