"""Settings of a chip, as reports have them: which nobody has published, which figures have selected, and which were changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hyperdrive_sim.reports.records import FittedSetting, Setting
from hyperdrive_sim.schedule.spec import Spec, origins


class ChipSettings(NamedTuple):
    """Settings by name: those that are assumed, those that are fitted and not changed, and those that are changed."""

    assumed: Mapping[str, Setting]
    fitted: Mapping[str, FittedSetting]
    changed: Mapping[str, Setting]


NO_SETTINGS = ChipSettings({}, {}, {})


def settings(spec: Spec) -> ChipSettings:
    """What there is to say of a spec."""
    values, known = spec.model_dump(), origins(type(spec))
    changed = {name: value for name, value in values.items() if value != type(spec).model_fields[name].default}
    return ChipSettings(
        {name: values[name] for name, origin in known.items() if origin.provenance == "assumed"},
        {
            name: FittedSetting(values[name], origin.rests_on)
            for name, origin in known.items()
            if origin.stated == "fitted" and name not in changed
        },
        changed,
    )
