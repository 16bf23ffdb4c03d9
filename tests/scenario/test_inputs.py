"""Pictures and weights from files: every layout there is, and nothing changed on the way."""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from commands import BASE, invoke, write

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Activation, BatchNorm, Concat, Conv
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.scenario import pictures, weights
from hyperdrive_sim.scenario.constants import drawn as drawn_arrays
from hyperdrive_sim.scenario.inputs import opened
from hyperdrive_sim.scenario.scenario import Scenario

RNG = np.random.default_rng(7)
BYTES = RNG.integers(0, 256, (6, 8, 3), np.uint8)
REAL = RNG.normal(0, 1, (6, 8, 3)).astype(np.float16)
SHAPE = Shape(3, 6, 8)


def saved(folder: Path, array: Array) -> Path:
    np.save(folder / "a.npy", array)
    return folder / "a.npy"


def drawn(folder: Path, pixels: Array, name: str, mode: str | None = None) -> Path:
    picture = PIL.Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(folder / name)
    return folder / name


def read_image(path: Path, shape: Shape) -> Array:
    return pictures.read(path, shape).values(shape)


def read_weights(path: Path, network: Network) -> dict[str, Parameters]:
    return weights.read(path, network).parameters()


# --- pictures ---


def test_png_is_exact(tmp_path: Path) -> None:
    pixels = read_image(drawn(tmp_path, BYTES, "a.png"), SHAPE)
    assert pixels.dtype == np.float32
    assert np.array_equal(pixels, BYTES.astype(np.float32) / np.float32(255))
    assert np.array_equal(read_image(drawn(tmp_path, BYTES, "A.PNG"), SHAPE), pixels)


def test_jpeg_is_close(tmp_path: Path) -> None:
    smooth = np.broadcast_to(np.linspace(0, 255, 32)[:, None, None], (32, 32, 3)).astype(np.uint8)
    PIL.Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    pixels = read_image(tmp_path / "a.jpg", Shape(3, 32, 32))
    assert np.abs(pixels.astype(np.float32) - smooth / 255).max() < 0.05


def test_a_colour_picture_for_one_channel_and_a_grey_one_for_three(tmp_path: Path) -> None:
    grey = BYTES[:, :, 0]
    path = drawn(tmp_path, grey, "grey.png")
    one, three = read_image(path, Shape(1, 6, 8)), read_image(path, SHAPE)
    assert np.array_equal(one[:, :, 0], grey.astype(np.float32) / np.float32(255))
    assert all(np.array_equal(three[:, :, channel], one[:, :, 0]) for channel in range(3))
    luma = read_image(drawn(tmp_path, BYTES, "colour.png"), Shape(1, 6, 8))[:, :, 0]
    assert np.abs(luma - BYTES @ (0.299, 0.587, 0.114) / 255).max() < 0.005


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bit_pictures_keep_their_range(tmp_path: Path, channels: int) -> None:
    grey = np.linspace(0, 65535, 48).astype(np.uint16).reshape(6, 8)
    pixels = read_image(drawn(tmp_path, grey, "deep.png"), Shape(channels, 6, 8))
    assert pixels.shape == (6, 8, channels)
    assert np.array_equal(pixels[:, :, -1], grey.astype(np.float32) / np.float32(65535))


def levels(*rows: list[tuple[int, ...]]) -> Array:
    """Pixels as they should come out: bytes over 255."""
    return np.array(rows, np.float32) / np.float32(255)


QUARTERS = [[(255, 0, 0), (0, 128, 0)], [(10, 20, 30), (255, 255, 255)]]


def saved_as(path: Path, picture: PIL.Image.Image, **how: Any) -> Path:
    picture.save(path, **how)
    return path


def coloured(mode: str = "RGB") -> PIL.Image.Image:
    return PIL.Image.fromarray(np.array(QUARTERS, np.uint8)).convert(mode)


def test_transparency_is_left_out_and_no_colour_changes(tmp_path: Path) -> None:
    picture = coloured("RGBA")
    picture.putalpha(7)
    assert np.array_equal(read_image(saved_as(tmp_path / "a.png", picture), Shape(3, 2, 2)), levels(*QUARTERS))
    grey = PIL.Image.fromarray(np.array([[0, 100], [200, 255]], np.uint8)).convert("LA")
    grey.putalpha(0)
    found = read_image(saved_as(tmp_path / "b.png", grey), Shape(1, 2, 2))
    assert np.array_equal(found[:, :, 0], levels([(0,), (100,)], [(200,), (255,)])[:, :, 0])


@pytest.mark.parametrize("how", [{}, {"transparency": 1}, {"transparency": b"\x00\x80\xff\x10"}, {"bits": 2}])
def test_a_palette_is_looked_up(tmp_path: Path, how: dict[str, Any]) -> None:
    picture = PIL.Image.new("P", (2, 2))
    picture.putpalette([value for row in QUARTERS for colour in row for value in colour])
    picture.putdata([0, 1, 2, 3])
    assert np.array_equal(read_image(saved_as(tmp_path / "a.png", picture, **how), Shape(3, 2, 2)), levels(*QUARTERS))


def test_black_and_white(tmp_path: Path) -> None:
    picture = PIL.Image.fromarray(np.array([[True, False], [False, True]]))
    assert read_image(saved_as(tmp_path / "a.png", picture), Shape(1, 2, 2))[:, :, 0].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(("ink", "seen"), [((0, 0, 0, 0), 255), ((255, 255, 255, 0), 0), ((0, 0, 0, 255), 0)])
def test_no_ink_is_white(tmp_path: Path, ink: tuple[int, ...], seen: int) -> None:
    """A JPEG of four inks, as a printer's file has them: flat, so that the compression changes nothing."""
    path = saved_as(tmp_path / "a.jpg", PIL.Image.new("CMYK", (8, 8), ink), quality=100)
    found = read_image(path, Shape(3, 8, 8)).astype(np.float32) * 255
    assert np.abs(found - seen).max() <= 2


def test_inks_become_the_colours_that_they_leave(tmp_path: Path) -> None:
    path = saved_as(tmp_path / "a.jpg", PIL.Image.new("CMYK", (8, 8), (255, 0, 0, 0)), quality=100)
    red, green, blue = read_image(path, Shape(3, 8, 8)).astype(np.float32)[4, 4] * 255
    assert (red < 3, green > 252, blue > 252) == (True, True, True), "cyan lets all pass but red"


ORIENTATIONS = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[4, 1], [5, 2], [6, 3]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[3, 6], [2, 5], [1, 4]],
}
"""How a picture is to be seen whose file has 1 2 3 over 4 5 6, by EXIF's orientation."""


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_picture_is_taken_as_it_is_to_be_seen(tmp_path: Path, orientation: int, suffix: str) -> None:
    """Blocks of 16 x 16 of one level each, which JPEG leaves as they are."""
    stored = np.kron(np.array([[1, 2, 3], [4, 5, 6]]), np.ones((16, 16))).astype(np.uint8) * 40
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    path = saved_as(tmp_path / f"a{suffix}", PIL.Image.fromarray(stored), exif=exif, **({"quality": 100} if suffix == ".jpg" else {}))
    wanted = np.array(ORIENTATIONS[orientation])
    found = read_image(path, Shape(1, *(16 * size for size in wanted.shape))).astype(np.float32)
    assert np.abs(found[8::16, 8::16, 0] * 255 - 40 * wanted).max() < 2


def test_sixteen_bits_of_colour_are_taken_as_eight(tmp_path: Path) -> None:
    """Pillow unpacks the upper byte of each."""
    rows = np.array(QUARTERS, np.uint16) * 257
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    path = tmp_path / "a.png"
    path.write_bytes(png(2, 2, depth=16, colour=2, pixels=raw))
    assert np.array_equal(read_image(path, Shape(3, 2, 2)), levels(*QUARTERS))


def png(columns: int, rows: int, *, depth: int, colour: int, pixels: bytes) -> bytes:
    """A PNG file by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


# --- pictures that are none ---


def refused(path: Path, shape: Shape = SHAPE) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_image(path, shape)
    return str(caught.value).removeprefix("input.image: ").removesuffix("; take a PNG, JPEG or NPY file")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("GIF", "a GIF picture"), ("BMP", "a BMP picture"), ("TIFF", "a TIFF picture"), ("WEBP", "a WebP picture or a sound"), ("PPM", "")],
)
def test_other_formats_are_refused_whatever_they_are_called(tmp_path: Path, kind: str, name: str) -> None:
    coloured().save(tmp_path / "photo.png", format=kind)
    assert refused(tmp_path / "photo.png") == f"'photo.png' is no PNG, JPEG or NPY file{f' but {name}' if name else ''}"


def test_no_program_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow gives PostScript to Ghostscript."""
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setattr(os, "system", None)
    path = tmp_path / "photo.png"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 6\nshowpage\n", "utf-8")
    assert refused(path) == "'photo.png' is no PNG, JPEG or NPY file but PostScript"
    path.write_bytes(b"\xc5\xd0\xd3\xc6" + bytes(28) + path.read_bytes())
    assert refused(path) == "'photo.png' is no PNG, JPEG or NPY file"


def test_a_name_says_nothing_about_the_format(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", REAL)
    (tmp_path / "a.npy").rename(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png", SHAPE), REAL)


@pytest.mark.parametrize(
    ("columns", "rows", "problem"),
    [
        (13_000, 13_000, "'a.png' has 13000 x 13000 pixels, more than 67,108,864; take a smaller one"),
        (8193, 8192, "'a.png' has 8192 x 8193 pixels, more than 67,108,864; take a smaller one"),
        (100_000, 100_000, "'a.png' has more pixels than 134,217,728; take a smaller one"),
    ],
)
def test_a_large_picture_is_refused_before_it_is_unpacked(tmp_path: Path, columns: int, rows: int, problem: str) -> None:
    (tmp_path / "a.png").write_bytes(png(columns, rows, depth=8, colour=2, pixels=b""))
    assert refused(tmp_path / "a.png") == problem


def test_a_network_that_takes_more_may_have_more(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(9000, 9000, depth=8, colour=0, pixels=b""))
    assert pictures.read(tmp_path / "a.png", Shape(1, 9000, 9000)).bytes_for(Shape(1, 9000, 9000)) > 10**9
    assert "more than 80,991,000" in refused(tmp_path / "a.png", Shape(1, 8999, 9000))


# --- arrays ---


@pytest.mark.parametrize(
    ("array", "shape", "expected"),
    [
        (REAL, SHAPE, REAL),
        (REAL.transpose(2, 0, 1), SHAPE, REAL),
        (np.asfortranarray(REAL), SHAPE, REAL),
        (REAL.astype(np.float64), SHAPE, REAL),
        (REAL.astype(">f4"), SHAPE, REAL),
        (REAL[:, :, 0], Shape(1, 6, 8), REAL[:, :, :1]),
        (REAL[:, :, :1], Shape(1, 6, 8), REAL[:, :, :1]),
        (REAL[:, :, :1].transpose(2, 0, 1), Shape(1, 6, 8), REAL[:, :, :1]),
        (BYTES, SHAPE, BYTES.astype(np.float32) / np.float32(255)),
        (BYTES.astype(">u2") * 257, SHAPE, BYTES.astype(np.float32) / np.float32(255)),
        (BYTES.astype(np.int16), SHAPE, BYTES.astype(np.float32)),
        (BYTES > 100, SHAPE, (BYTES > 100).astype(np.float32)),
        (REAL[:3], Shape(3, 3, 8), REAL[:3]),
        (REAL.reshape(3, 3, 16), Shape(16, 3, 3), REAL.reshape(3, 3, 16)),
    ],
)
def test_arrays_are_taken_as_they_are_and_bytes_as_levels(tmp_path: Path, array: Array, shape: Shape, expected: Array) -> None:
    pixels = read_image(saved(tmp_path, array), shape)
    assert pixels.dtype == np.float32
    assert np.array_equal(pixels, expected)


def test_where_both_ends_could_be_the_channels_the_last_is(tmp_path: Path) -> None:
    array = RNG.normal(0, 1, (3, 5, 3)).astype(np.float16)
    assert np.array_equal(read_image(saved(tmp_path, array), Shape(3, 3, 5)), array)


# --- resizing ---


@pytest.mark.parametrize("size", [(6, 8), (3, 4), (12, 16), (7, 5), (1, 1)])
def test_a_flat_picture_stays_flat(tmp_path: Path, size: tuple[int, int]) -> None:
    flat = np.full((6, 8, 3), (0.25, 0.5, -2.0), np.float32)
    pixels = read_image(saved(tmp_path, flat), Shape(3, *size))
    assert pixels.shape == (*size, 3)
    assert np.allclose(pixels, np.broadcast_to((0.25, 0.5, -2.0), pixels.shape), atol=1e-3)


def test_halving_averages(tmp_path: Path) -> None:
    """By pencil: of four pixels 0 1 0 1 in a row the triangle over two gives (3*0+3*1+0)/7 and (1+3*0+3*1)/7."""
    row = np.tile(np.array([0, 1, 0, 1], np.float32)[None, :, None], (2, 1, 1))
    pixels = read_image(saved(tmp_path, row), Shape(1, 2, 2))
    assert np.allclose(pixels[:, :, 0], [[3 / 7, 4 / 7]] * 2, atol=1e-3)


def test_a_ramp_stays_a_ramp(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 40, dtype=np.float32)[None, :, None], (40, 40, 1))
    pixels = read_image(saved(tmp_path, ramp), Shape(1, 20, 20)).astype(np.float32)
    assert np.all(np.diff(pixels[0, :, 0]) > 0)
    assert np.abs(np.diff(pixels, axis=0)).max() == 0
    assert pixels.mean() == pytest.approx(0.5, abs=1e-3)


# --- weights ---

BINARY = ("tiny_xnor_pooled", "tiny_xnor_kernels", "tiny_groupnet", "binary_resnet20")


def documented(network: Network, known: Mapping[str, Parameters]) -> dict[str, Array]:
    """Constants by the names and in the layout of the documentation."""
    arrays: dict[str, Array] = {}
    for name, constants in known.items():
        if constants.weights is not None:
            whole = constants.weights.ndim == 4
            arrays[name] = constants.weights.transpose(0, 3, 1, 2) if whole else constants.weights
        arrays |= {f"{name}.{part}": value for part in ("scale", "bias") if (value := getattr(constants, part)) is not None}
    return arrays


def equal(ours: Parameters, theirs: Parameters) -> bool:
    pairs = ((ours.weights, theirs.weights), (ours.scale, theirs.scale), (ours.bias, theirs.bias))
    return all((a is None and b is None) or (a is not None and b is not None and _same(a, b)) for a, b in pairs)


def _same(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b)


@pytest.mark.parametrize("name", [*("tiny_resnet", "tiny_odd_channels", "tiny_bottleneck", "tiny_residual", "resnet18"), *BINARY])
def test_weights_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    network = zoo.build(name, (32 if name == "tiny_bottleneck" else 16 if name == "tiny_residual" else 3, 32, 32))
    known = random_parameters(network, seed=3)
    np.savez(tmp_path / "w.npz", **documented(network, known))
    read = read_weights(tmp_path / "w.npz", network)
    assert read.keys() == known.keys()
    assert all(equal(read[layer], known[layer]) for layer in known)


def test_the_names_of_the_arrays(tmp_path: Path) -> None:
    network = zoo.build("tiny_resnet", (3, 32, 32))
    assert sorted(documented(network, random_parameters(network, 1))) == sorted(
        [
            *("stem", "stem.scale", "stem.bias", "fc", "fc.bias"),
            *("layer1.0.conv1", "layer1.0.conv1.scale", "layer1.0.conv1.bias"),
            *("layer1.0.conv2", "layer1.0.conv2.scale", "layer1.0.add.bias"),
            *("layer2.0.down", "layer2.0.down.scale", "layer2.0.down.bias"),
            *("layer2.0.conv1", "layer2.0.conv1.scale", "layer2.0.conv1.bias"),
            *("layer2.0.conv2", "layer2.0.conv2.scale", "layer2.0.add.bias"),
        ]
    )


def test_what_is_absent_is_neutral(tmp_path: Path) -> None:
    network = zoo.build("tiny_conv", (3, 4, 4))
    weights = np.where(RNG.random((16, 3, 3, 3)) < 0.5, -1, 1)
    np.savez(tmp_path / "w.npz", conv=weights)
    (read,) = read_weights(tmp_path / "w.npz", network).values()
    assert _same(read.weights, weights.transpose(0, 2, 3, 1).astype(np.int8))
    assert _same(read.scale, np.ones(16, np.float16))
    assert _same(read.bias, np.zeros(16, np.float16))


def test_a_batch_norm_before_a_sign_keeps_every_digit(tmp_path: Path) -> None:
    """A threshold beside an integer must not become the integer; factors and offsets need not be numbers of FP16 either."""
    network = zoo.build("tiny_xnor_pointwise", (3, 4, 4))
    scale, bias = np.linspace(-1e-9, 1e9, 40), np.full(40, -1 - 2.0**-50)
    known = random_parameters(network, 1) | {"sign1": Parameters(None, scale, bias)}
    np.savez(tmp_path / "w.npz", **documented(network, known))
    read = read_weights(tmp_path / "w.npz", network)["sign1"]
    assert _same(read.scale, scale)
    assert _same(read.bias, bias)


@pytest.mark.parametrize(
    ("given", "factor", "offset"),
    [({}, 1.0, 0.0), ({"sign1.scale": np.full(40, -2)}, -2.0, 0.0), ({"sign1.bias": np.full(40, 3, np.float32)}, 1.0, 3.0)],
)
def test_an_absent_factor_of_a_sign_is_one_and_an_absent_offset_zero(
    tmp_path: Path, given: Mapping[str, Array], factor: float, offset: float
) -> None:
    network = zoo.build("tiny_xnor_pointwise", (3, 4, 4))
    weights = {"conv1": np.ones((40, 3, 1, 1)), "conv2": np.ones((9, 40, 1, 1))}
    np.savez(tmp_path / "w.npz", **weights, **given)
    read = read_weights(tmp_path / "w.npz", network)
    assert read.keys() == {"sign0", "conv1", "sign1", "conv2"}
    assert read["conv1"].scale is read["conv1"].bias is None
    assert _same(read["sign1"].scale, np.full(40, factor))
    assert _same(read["sign1"].bias, np.full(40, offset))


def test_batch_norms_and_slopes_beside_a_sign_have_constants_too(tmp_path: Path) -> None:
    layers = [BatchNorm(name="norm", inputs=("input",)), Activation(name="act", inputs=("norm",), function="prelu")]
    network = Network("n", Shape(2, 3, 3), [*layers, Activation(name="relu", inputs=("act",), function="relu")])
    np.savez(tmp_path / "w.npz", **{"norm.scale": [2, 3], "act.scale": np.array([0.25, 0.5], np.float32)})
    read = read_weights(tmp_path / "w.npz", network)
    assert read.keys() == {"norm", "act"}
    assert _same(read["norm"].scale, np.array([2.0, 3.0]))
    assert _same(read["norm"].bias, np.zeros(2))
    assert _same(read["act"].scale, np.array([0.25, 0.5]))
    known = random_parameters(network, 1)
    np.savez(tmp_path / "w.npz", **drawn_arrays(network, known))
    read = read_weights(tmp_path / "w.npz", network)
    assert all(equal(read[name], known[name]) for name in ("norm", "act"))


def test_a_grouped_convolution_has_weights_for_its_own_group_only(tmp_path: Path) -> None:
    """[out, in / groups, rows, columns], as training tools write them, of a kernel of 1 x 3."""
    conv = Conv(name="conv", inputs=("input",), out_channels=6, window=Window((1, 3)), groups=2, weights="real", scale=False)
    network, given = Network("n", Shape(4, 3, 3), [conv]), RNG.normal(0, 1, (6, 2, 1, 3)).astype(np.float32)
    np.savez(tmp_path / "w.npz", conv=given)
    read = read_weights(tmp_path / "w.npz", network)["conv"].weights
    assert read is not None
    assert np.array_equal(read, given.transpose(0, 2, 3, 1))
    np.savez(tmp_path / "w.npz", conv=np.ones((6, 4, 1, 3)))
    with pytest.raises(InvalidInput) as failure:
        read_weights(tmp_path / "w.npz", network)
    assert str(failure.value) == "weights: 'conv' in 'w.npz' has shape (6, 4, 1, 3); it must be (6, 2, 1, 3)"


def test_a_binary_convolution_has_no_factor_of_its_own(tmp_path: Path) -> None:
    network = zoo.build("tiny_xnor", (3, 4, 4))
    np.savez(tmp_path / "w.npz", **{"conv": np.ones((16, 3, 3, 3)), "conv.scale": np.ones(16)})
    with pytest.raises(InvalidInput, match=r"^weights: 'w\.npz' has an array 'conv\.scale', which no layer of 'tiny_xnor' takes"):
        read_weights(tmp_path / "w.npz", network)


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.float16, np.float64])
def test_signs_may_be_of_any_kind_of_number(tmp_path: Path, kind: type) -> None:
    network = zoo.build("tiny_pointwise", (3, 4, 4))
    weights = np.where(RNG.random((16, 3, 1, 1)) < 0.5, -1, 1).astype(kind)
    np.savez_compressed(tmp_path / "w.npz", conv=weights)
    assert np.array_equal(read_weights(tmp_path / "w.npz", network)["conv"].weights[:, 0, 0, :], weights[:, :, 0, 0])  # type: ignore[index]


# --- through a scenario ---


def test_a_scenario_without_files_draws_from_its_seed() -> None:
    one, other = (Scenario.parse(BASE, [f"seed={seed}"]) for seed in (1, 2))
    network = one.network()
    assert _same(opened(one, network).maps()["input"], random_inputs(network, 1)["input"])
    assert not np.array_equal(opened(one, network).maps()["input"], opened(other, network).maps()["input"])
    assert equal(opened(one, network).parameters()["conv"], random_parameters(network, 1)["conv"])
    assert not equal(opened(one, network).parameters()["conv"], opened(other, network).parameters()["conv"])


def test_a_scenario_finds_its_files_beside_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "data").mkdir(parents=True)
    drawn(tmp_path / "here" / "data", BYTES, "a.png")
    network = zoo.build("tiny_conv", (3, 12, 16))
    known = random_parameters(network, 9)
    np.savez(tmp_path / "here" / "data" / "w.npz", **documented(network, known))
    path = write(tmp_path / "here", "input: {image: data/a.png}\nweights: data/w.npz\n")
    monkeypatch.chdir(tmp_path)
    scenario = Scenario.read(path.relative_to(tmp_path))
    assert equal(opened(scenario, network).parameters()["conv"], known["conv"])
    assert _same(opened(scenario, network).maps()["input"], read_image(tmp_path / "here" / "data" / "a.png", network.shape("input")))
    for command in ("run", "check"):
        assert invoke(command, "here/s.yaml").exit_code == 0


def test_one_picture_is_not_several_inputs() -> None:
    """Without it both are drawn, each from its name; with it nobody could say which input it is."""
    conv = Conv(name="conv", inputs=("both",), out_channels=4, window=Window.square(1))
    layers = [Concat(name="both", inputs=("left", "right")), conv]
    network = Network("stereo", {"left": Shape(3, 6, 8), "right": Shape(3, 6, 8)}, layers)
    drawn_maps = opened(Scenario.parse(BASE, []), network).maps()
    assert {name: values.shape for name, values in drawn_maps.items()} == {"left": (6, 8, 3), "right": (6, 8, 3)}
    assert not np.array_equal(drawn_maps["left"], drawn_maps["right"])
    with pytest.raises(InvalidInput) as failure:
        opened(Scenario.parse(BASE + "input: {image: a.png}\n", []), network).maps()
    sentence = "input: is one picture, 'stereo' has the inputs left, right; leave it out: inputs are then drawn from the seed"
    assert str(failure.value).endswith(sentence)
