"""`scenario.resolved.yaml`: the experiment in one file that depends on nothing outside its directory.

The picture and the weights are copied and named relative to it, so that nothing says where they came from and the directory can be moved.
A sweep is left out: what was run is its base case, or one of its points.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from hyperdrive_sim.outputs.atomic import Staging
from hyperdrive_sim.scenario.scenario import Scenario

NAME, INPUT, WEIGHTS = "scenario.resolved.yaml", "scenario.input", "scenario.weights.npz"
HEAD = "# As it was run: with what it extends, what was set on the command line, and every default of the chip.\n"
ONE_LINE = 2**20


def write(scenario: Scenario, staging: Staging) -> None:
    files = _files(scenario)
    for name, path in files.items():
        with path.open("rb") as source, staging.file(name) as copy:
            shutil.copyfileobj(source, copy)
    staging.write(NAME, (HEAD + _yaml(_resolved(scenario, list(files)))).encode())


def _files(scenario: Scenario) -> dict[str, Path]:
    """What the scenario computes with, by the names that this has in the directory."""
    picture, weights = scenario.settings.input, scenario.settings.weights
    files = {INPUT + Path(picture.image).suffix: scenario.folder / picture.image} if picture else {}
    return files | ({WEIGHTS: scenario.folder / weights} if weights else {})


def _resolved(scenario: Scenario, files: list[str]) -> dict[str, Any]:
    settings = scenario.settings.model_dump(mode="json", exclude_none=True, exclude={"sweep"})
    settings["chip"] = scenario.spec.model_dump(mode="json")
    for name in files:
        settings |= {"weights": name} if name == WEIGHTS else {"input": {"image": name}}
    return settings


def _yaml(data: Mapping[str, Any]) -> str:
    yaml, text = YAML(), io.StringIO()
    yaml.Representer, yaml.width = _Representer, ONE_LINE
    yaml.dump(_styled(data), text)
    return text.getvalue()


class _Representer(RoundTripRepresenter):
    """That of ruamel.yaml, but for what is absent, which it would write as nothing at all."""


_Representer.add_representer(type(None), lambda self, _: self.represent_scalar("tag:yaml.org,2002:null", "null"))


def _styled(value: Any) -> Any:
    """Mappings a line for each key, lists in one line. Texts are quoted where ruamel.yaml would leave that out although they need it: in
    lists ('?0'), and around what is no letter (a line end of its own).
    """
    if isinstance(value, dict):
        return CommentedMap({key: _styled(item) for key, item in value.items()})
    if isinstance(value, list):
        items = CommentedSeq(DoubleQuotedScalarString(item) if isinstance(item, str) else _styled(item) for item in value)
        items.fa.set_flow_style()
        return items
    return DoubleQuotedScalarString(value) if isinstance(value, str) and not value.isprintable() else value
