"""All published figures in one table: by hand for two of them, and every row in form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import BASE, invoke
from simulated import report

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.scenario import published
from hyperdrive_sim.study.runs import run
from hyperdrive_sim.study.validation import Validated, markdown, validate

KEYS = ("architecture", "scenario", "quantity", "unit", "published", "as_published", "as_system", "provenance", "rests_on", "source")


@pytest.fixture(scope="module")
def rows() -> tuple[Validated, ...]:
    return validate()


@pytest.mark.slow
def test_every_row_of_every_chip_is_there(rows: tuple[Validated, ...]) -> None:
    sections = [(name, section) for name in registry.names() for section in published.table(registry.folder(name)).sections.values()]
    expected = [(name, section.scenario, row.quantity) for name, section in sections for row in section.rows]
    assert [(row.architecture, row.scenario, row.figure.quantity) for row in rows] == expected
    assert all(row.ok for row in rows)
    assert {row.architecture for row in rows} == set(registry.names())


@pytest.mark.slow
def test_rows_are_complete_and_say_what_they_are(rows: tuple[Validated, ...]) -> None:
    for row in rows:
        said = row.to_dict()
        assert set(KEYS) <= set(said)
        assert ("efficiency" in said["quantity"]) == (said["unit"] == "Op/s/W"), said["quantity"]
        assert (said["as_published"] is None) == bool(said["reason"])
        weak = [word for word in ("recalled", "assumed") if f"({word})" in said["source"] or f"{word};" in said["source"]]
        assert not weak or said["provenance"] in ("recalled", "assumed"), f"{said['quantity']} says {said['source']}"


def test_what_prices_derive_from_comes_back() -> None:
    """95, 223 and 23.3 TOp/s/W prove nothing: the price of a cycle is made from them."""
    rows = [row for row in validate(["xnorbin", "chewbaccann"]) if row.figure.unit == "Op/s/W"]
    assert {row.figure.published: row.figure.comes_back for row in rows} == {95e12: True, 223e12: True, 23.3e12: True}
    assert all("core efficiency" in row.figure.quantity for row in rows)


def test_a_system_s_figure_stands_there_twice() -> None:
    """60.54 mJ of core at its peak, 1568 Op per cycle of 320 pJ: 296.7 GOp; weights, borders and a picture of 8 bits make 7.493 mJ."""
    found = report("hyperdrive/resnet34_2048x1024")
    (row,) = (row for row in found.published if row.quantity == "system efficiency")
    core = found.network.ops / 1568 * 320e-12
    io = (found.io_bits["weights"] + found.energy.by_action["border_io.bit"].count + 3 * 2048 * 1024 * 8) * 21e-12
    assert row.as_published == pytest.approx(found.network.ops / (core + io))
    assert row.as_system == found.efficiency.system_ops_per_j
    assert row.error == pytest.approx(0.014, abs=0.001)


def test_the_command() -> None:
    result = invoke("validate", "xnorbin", "--quantity", "efficiency", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert list(document) == ["rows"]
    assert [row["published"] for row in document["rows"]] == [23.3e12, 95e12]
    shown = invoke("validate", "xnorbin", "--quantity", "efficiency")
    assert "95 TOp/s/W  95.03 TOp/s/W  91.76 TOp/s/W  +0.03 %  published, comes back" in shown.stdout
    assert invoke("validate", "xnorbim").exit_code == 2
    misspelt = invoke("validate", "xnorbin", "--quantity", "efficency")
    assert (misspelt.exit_code, misspelt.stdout) == (2, "")
    assert "no published figure has 'efficency' in its name; known are operations per cycle at most, " in " ".join(misspelt.stderr.split())
    assert len(json.loads(invoke("validate", "xnorbin", "xnorbin", "--quantity", "efficiency", "--json").stdout)["rows"]) == 2


def test_markdown() -> None:
    lines = markdown([row for row in validate(["xnorbin"]) if row.figure.quantity == "core efficiency"]).splitlines()
    assert lines == [
        "| scenario | quantity | published | counted so | system pays | off by | known as |",
        "|---|---|---|---|---|---|---|",
        "| xnorbin/full_array | core efficiency | 95 TOp/s/W | 95.03 TOp/s/W | 91.76 TOp/s/W | +0.03 % | published, comes back |",
        "",
        "- xnorbin/full_array: core efficiency: the system pays besides units without a product 389.3 nJ, DMA and crossbar in those cycles"
        " 281.1 nJ, maps and partial sums beside three words a full cycle -435.2 nJ, parameters through their buffer 381.8 nJ",
        "- xnorbin/full_array: core efficiency: window fill and parameters come on top in a whole layer, and a first sum is not read",
    ]


def test_a_chip_from_elsewhere_brings_its_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie beside its published.yaml; one that is nowhere is refused by name."""
    row = "{quantity: chips, published: 1, simulated: [system/chips], provenance: published, source: a datasheet}"
    (tmp_path / "published.yaml").write_text(f"sections:\n  mine:\n    scenario: mine.yaml\n    rows: [{row}]\n")
    monkeypatch.setattr(registry, "folder", lambda name: tmp_path)
    with pytest.raises(InvalidInput, match=r"mine\.yaml': there is no such file"):
        validate(["xnorbin"])
    text = BASE.replace("hyperdrive", "xnorbin").replace("tiny_conv", "tiny_xnor")
    (tmp_path / "mine.yaml").write_text(f"{text}reproduces: mine\n")
    (found,) = validate(["xnorbin"])
    assert (found.scenario, found.figure.as_system, found.ok) == ("mine.yaml", 1.0, True)
    assert [one.quantity for one in run(tmp_path / "mine.yaml").published] == ["chips"]
