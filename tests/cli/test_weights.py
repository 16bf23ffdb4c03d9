"""The command weights: what a file of weights has, and templates of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import BASE, SCENARIOS, complaints, invoke, sentences, write

XNOR = "schema_version: 1\ntitle: t\nnetwork: tiny_xnor_residual\ninput_shape: [16, 9, 11]\narchitecture: xnorbin\n"
RESIDUAL = BASE.replace("tiny_conv", "tiny_resnet")


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_table(tmp_path: Path) -> None:
    write(tmp_path)
    result = invoke("weights", "s.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "arrays of a file of weights for tiny_conv\n"
        "array                shape  type     what it is                                    absent\n"
        "conv        16 x 3 x 3 x 3  int8     weights of -1 or +1 [out, in, rows, columns]  needed\n"
        "conv.scale              16  float16  factor, per channel                                1\n"
        "conv.bias               16  float16  offset, per channel                                0\n"
        "type: what values become; the file may have them as any numbers\n"
        "absent: the value in place of an array that the file does not have, 1 for a factor and 0 for an\n"
        "offset; needed: it must be there\n"
    )


def test_the_document(tmp_path: Path) -> None:
    write(tmp_path)
    found = json.loads(invoke("weights", "s.yaml", "--json").stdout)
    assert found["network"] == "tiny_conv"
    conv, scale, bias = found["arrays"]
    assert conv == {
        **{"name": "conv", "layer": "conv", "part": "weights", "shape": [16, 3, 3, 3], "type": "int8", "absent": None},
        "holds": "weights of -1 or +1 [out, in, rows, columns]",
    }
    assert (scale["name"], scale["absent"], bias["name"], bias["absent"]) == ("conv.scale", 1.0, "conv.bias", 0.0)


@pytest.mark.parametrize("base", [BASE, RESIDUAL, XNOR])
def test_a_run_with_a_template_is_the_run_without(tmp_path: Path, base: str) -> None:
    """Byte for byte, but for the scenario's name and hash; and so are the values that the network computes."""
    write(tmp_path, "seed: 7\n", base=base)
    write(tmp_path, "seed: 7\nweights: w.npz\n", base=base, name="t.yaml")
    written = invoke("weights", "s.yaml", "--template", "w.npz")
    assert (written.exit_code, written.stdout) == (0, "")
    documents = [invoke("run", name, "--json").stdout for name in ("s.yaml", "t.yaml")]
    assert json.loads(documents[0])["scenario"]["hash"] != json.loads(documents[1])["scenario"]["hash"]
    assert len({_unnamed(document) for document in documents}) == 1
    for name in ("s", "t"):
        assert invoke("check", f"{name}.yaml", "-o", name).exit_code == 0
    assert Path("s/output.npy").read_bytes() == Path("t/output.npy").read_bytes()


def _unnamed(document: str) -> str:
    scenario = json.loads(document)["scenario"]
    return document.replace(scenario["hash"], "").replace(json.dumps(scenario["file"]), "")


def test_a_template_has_the_names_shapes_and_types_of_the_list(tmp_path: Path) -> None:
    write(tmp_path, base=XNOR)
    invoke("weights", "s.yaml", "--template", "w.npz")
    listed = json.loads(invoke("weights", "s.yaml", "--json").stdout)["arrays"]
    with np.load("w.npz") as arrays:
        assert list(arrays) == [one["name"] for one in listed]
        assert all((list(arrays[one["name"]].shape), str(arrays[one["name"]].dtype)) == (one["shape"], one["type"]) for one in listed)


def test_what_was_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    write(tmp_path / "below")
    result = invoke("weights", "below/s.yaml", "--template", "w.npz", "--json")
    size = Path("w.npz").stat().st_size
    assert result.stderr == f"wrote w.npz: 3 arrays, {size} B; `weights: ../w.npz` in below/s.yaml takes it\n"
    assert json.loads(result.stdout)["network"] == "tiny_conv"
    packaged = invoke("weights", "hyperdrive/tiny_2x2", "--template", "t.npz").stderr
    assert packaged.endswith(f"; `hyperdrive-sim run hyperdrive/tiny_2x2 --set weights={tmp_path / 't.npz'}` takes it\n")


def test_a_template_may_be_of_the_name_that_the_scenario_says_already(tmp_path: Path) -> None:
    write(tmp_path, "weights: w.npz\n")
    assert invoke("weights", "s.yaml", "--template", "w.npz").exit_code == 0
    assert invoke("run", "s.yaml").exit_code == 0


def test_nothing_of_the_users_is_overwritten(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "weights: w.npz\n", name="t.yaml")
    Path("w.npz").write_bytes(b"mine")
    there = "--template: 'w.npz' is there, and arrays do not say who wrote them; name another, or add --force"
    read = "--template: 'w.npz' is or holds 'w.npz', which is read for it; name another place"
    assert sentences(invoke("weights", "s.yaml", "--template", "w.npz")) == [there]
    assert sentences(invoke("weights", "t.yaml", "--template", "w.npz", "--force")) == [read]
    assert Path("w.npz").read_bytes() == b"mine"
    assert invoke("weights", "s.yaml", "--template", "w.npz", "--force").exit_code == 0
    assert invoke("run", "t.yaml").exit_code == 0


def test_a_model_brings_its_own_constants() -> None:
    result = invoke("weights", SCENARIOS / "trained" / "fashion_cnv" / "xnorbin.yaml", "--template", "w.npz")
    assert (result.exit_code, result.stdout, Path("w.npz").exists()) == (2, "", False)
    assert sentences(result)[0].endswith(
        "network: '../networks/fashion_cnv' has constants of its own, and a scenario of it takes no `weights`; "
        "change them in the model, or take a network of the zoo"
    )


def test_a_model_of_shapes_alone_takes_weights(tmp_path: Path) -> None:
    Path("t.csv").write_text("Layer,IFMAP H,IFMAP W,FH,FW,C,N,S,\nc1,8,8,3,3,3,16,1,\n", "utf-8")
    base = "schema_version: 1\ntitle: t\nnetwork: t.csv\narchitecture: xnorbin\n"
    write(tmp_path, "weights: w.npz\n", base=base)
    assert invoke("weights", "s.yaml", "--template", "w.npz").exit_code == 0
    assert invoke("run", "s.yaml").exit_code == 0


def test_weights_that_there_is_no_memory_for(tmp_path: Path) -> None:
    write(
        tmp_path, base=BASE.replace("hyperdrive", "nandnet_dram").replace("tiny_conv", "lenet").replace("[3, 12, 16]", "[1, 20000, 20000]")
    )
    result = invoke("weights", "s.yaml", "--template", "w.npz")
    assert (result.exit_code, result.stdout, Path("w.npz").exists()) == (2, "", False)
    (sentence,) = sentences(result)
    assert sentence.startswith("s.yaml:3:1: network: 'lenet' has weights that take 3,252 GiB to be drawn, and there are ")
    assert invoke("weights", "s.yaml").exit_code == 0


def test_all_arrays_that_do_not_fit_are_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, base=RESIDUAL)
    invoke("weights", "s.yaml", "--template", "w.npz")
    with np.load("w.npz") as whole:
        arrays: dict[str, Any] = dict(whole)
    del arrays["stem"], arrays["fc"]
    arrays |= {"stem.scale": np.ones(3), "zz.scale": np.ones(3), "aa": np.ones(3)}
    np.savez("w.npz", **arrays)
    assert complaints(tmp_path, "weights: w.npz", base=RESIDUAL) == [
        "s.yaml:6:1: weights: 'w.npz' has no array 'stem'; it needs one of shape (16, 3, 3, 3)",
        "s.yaml:6:1: weights: 'stem.scale' in 'w.npz' has shape (3,); it must be (16,)",
        "s.yaml:6:1: weights: 'w.npz' has no array 'fc'; it needs one of shape (10, 32)",
        "s.yaml:6:1: weights: 'w.npz' has an array 'aa', which no layer of 'tiny_resnet' takes; leave it out",
        "s.yaml:6:1: weights: 'w.npz' has an array 'zz.scale', which no layer of 'tiny_resnet' takes; leave it out",
    ]
    np.savez("w.npz", **{f"extra{number}": np.ones(1) for number in range(30)})
    said = complaints(tmp_path, "weights: w.npz", base=RESIDUAL)
    assert (len(said), said[-1]) == (21, "and 17 more mistakes")
