"""Plain data as YAML for people: a line for each key of a mapping, lists in one line, nothing that reads back as something else."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

ONE_LINE = 2**20
"""Characters: wider than any line, so that none is broken."""


def yaml_text(data: Mapping[str, Any]) -> str:
    """YAML of plain data: mappings, lists, texts, numbers, truth values and None; the same again when it is read."""
    yaml, text = YAML(), io.StringIO()
    yaml.Representer, yaml.width = _Representer, ONE_LINE
    yaml.dump(_styled(data), text)
    return text.getvalue()


class _Representer(RoundTripRepresenter):
    """The representer of ruamel.yaml, but that None is written as null and not as nothing at all."""


_Representer.add_representer(type(None), lambda self, _: self.represent_scalar("tag:yaml.org,2002:null", "null"))


def _styled(value: Any) -> Any:
    """Nodes with a style: mappings a line for each key, lists in one line, texts quoted where they need it.

    That is where ruamel.yaml would leave the quotes out: in lists ('?0'), and around what is no letter (a line end of its own).
    """
    if isinstance(value, dict):
        return CommentedMap({key: _styled(item) for key, item in value.items()})
    if isinstance(value, list):
        items = CommentedSeq(DoubleQuotedScalarString(item) if isinstance(item, str) else _styled(item) for item in value)
        items.fa.set_flow_style()
        return items
    return DoubleQuotedScalarString(value) if isinstance(value, str) and not value.isprintable() else value
