"""Sets of images with labels: what is read of arrays, idx files and folders, and what is refused."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.scenario.image_sets import ImageSet, read
from hyperdrive_sim.scenario.preparation import Preparation

RNG = np.random.default_rng(3)
GREY = RNG.integers(0, 256, (7, 6, 8), np.uint8)
COLOUR = RNG.integers(0, 256, (7, 6, 8, 3), np.uint8)
ONE, THREE = Shape(1, 6, 8), Shape(3, 6, 8)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2])
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array: Array) -> bytes:
    """A file in MNIST's format: two zeros, the type, the number of axes, their sizes, the values, all big-endian."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[array.dtype.str[1:]], array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def saved(path: Path, data: bytes | Array) -> Path:
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        np.save(path, data)
    return path


def levels(found: ImageSet, shape: Shape) -> Array:
    """All images, unprepared."""
    return np.stack([found.images.of(number, shape, Preparation()) for number in range(len(found.images))])


def refused(*given: object, shape: Shape = ONE, limit: int | None = None) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(*given, shape, limit)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("limit", [None, 3, 100])
@pytest.mark.parametrize(("array", "shape"), [(GREY, ONE), (GREY[..., None], ONE), (GREY[:, None], ONE), (COLOUR, THREE)])
def test_arrays(tmp_path: Path, array: Array, shape: Shape, limit: int | None) -> None:
    expected = (array.reshape(7, 6, 8, -1) / 255).astype(np.float32)[:limit]
    for given in (array, saved(tmp_path / "x.npy", array), saved(tmp_path / "f.npy", np.asfortranarray(array))):
        found = read(given, LABELS, shape, limit)
        assert np.allclose(levels(found, shape), expected, rtol=1e-6)
        assert found.labels is not None
        assert found.labels.tolist() == LABELS[:limit].tolist()


def test_channels_first() -> None:
    assert np.array_equal(levels(read(COLOUR.transpose(0, 3, 1, 2), None, THREE), THREE), levels(read(COLOUR, None, THREE), THREE))


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("packed", [False, True])
def test_idx(tmp_path: Path, kind: str, packed: bool) -> None:
    array = (GREY // 2).astype(kind)
    data = gzip.compress(idx(array)) if packed else idx(array)
    found = read(saved(tmp_path / "x", data), saved(tmp_path / "y", idx(LABELS.astype(np.uint8))), ONE, 5)
    expected = array[:5, :, :, None].astype(np.float32) / (255 if kind == "u1" else 1)
    assert np.allclose(levels(found, ONE), expected, rtol=1e-6)
    assert found.labels is not None
    assert found.labels.tolist() == LABELS[:5].tolist()


def test_only_what_is_wanted_is_unpacked(tmp_path: Path) -> None:
    """A megabyte that would unpack to a gigabyte, of which two pictures are taken."""
    count = 2**30 // 48
    data = struct.pack(">BBBB3I", 0, 0, 8, 3, count, 6, 8) + bytes(2**20)
    path = saved(tmp_path / "x.gz", gzip.compress(data))
    assert len(read(path, None, ONE, 2).images) == 2
    assert refused(path, None) == "images: 'x.gz' ends too early; take an .npy file, one in MNIST's idx format, or a folder of pictures"


def folder(path: Path) -> Path:
    for number, name in enumerate(("bird", "cat")):
        (path / name).mkdir(parents=True)
        for picture in range(3 - number):
            PIL.Image.fromarray(GREY[3 * number + picture]).save(path / name / f"{picture}.png")
    (path / ".hidden").mkdir()
    (path / "cat" / ".DS_Store").write_bytes(b"x")
    return path


def test_the_folders_of_a_folder_are_classes(tmp_path: Path) -> None:
    found = read(folder(tmp_path / "x"), None, ONE)
    assert found.names == ("bird", "cat")
    assert found.labels is not None
    assert found.labels.tolist() == [0, 0, 0, 1, 1]
    assert np.allclose(levels(found, ONE), (GREY[[0, 1, 2, 3, 4], :, :, None] / 255).astype(np.float32))


def test_a_limit_takes_of_every_class(tmp_path: Path) -> None:
    found = read(folder(tmp_path / "x"), None, ONE, 4)
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1, 0, 1]


def test_folders_that_are_called_for_numbers_are_these(tmp_path: Path) -> None:
    for name in ("2", "10", "007"):
        (tmp_path / name).mkdir()
        PIL.Image.fromarray(GREY[0]).save(tmp_path / name / "0.png")
    found = read(tmp_path, None, ONE)
    assert found.labels is not None
    assert (sorted(found.labels.tolist()), found.names) == ([2, 7, 10], ())
    (tmp_path / "bird").mkdir()
    assert read(tmp_path, None, ONE).names == ("007", "10", "2", "bird")


def test_a_folder_without_folders_is_in_the_order_of_names(tmp_path: Path) -> None:
    for number in range(3):
        PIL.Image.fromarray(GREY[number]).save(tmp_path / f"{9 - number}.png")
    assert read(tmp_path, None, ONE).labels is None
    found = read(tmp_path, np.array([7, 8, 9]), ONE)
    assert np.allclose(levels(found, ONE), (GREY[[2, 1, 0], :, :, None] / 255).astype(np.float32))


def test_pictures_of_another_size_are_resized() -> None:
    flat = np.full((2, 12, 16), 51, np.uint8)
    assert np.allclose(levels(read(flat, None, ONE), ONE), 0.2)


def test_what_is_refused(tmp_path: Path) -> None:
    wanted = "they must be numbers [N, H, W], [N, H, W, C] or [N, C, H, W]"
    assert refused(LABELS, None) == f"images: are int64 of shape (7,); {wanted}"
    assert refused(np.zeros((2, 0, 3)), None) == f"images: are float64 of shape (2, 0, 3); {wanted}"
    assert refused(COLOUR, None).startswith("images: are of shape (7, 6, 8, 3); the network takes 1 channels")
    assert refused(GREY[:0], None).startswith("images: there are none")
    assert refused(GREY, LABELS[:3]) == "labels: there are 3 for 7 pictures; take those that belong together"
    assert refused(GREY, np.arange(600), limit=3) == "labels: there are 600 for 7 pictures; take those that belong together"
    assert refused(GREY, np.full(7, 2**64 - 1, np.uint64)).startswith(
        "labels: number 0 is 18446744073709551615; classes are counted from 0"
    )
    assert refused(GREY, LABELS - 2) == "labels: number 1 is -1; classes are counted from 0"
    assert refused(GREY, LABELS / 2) == "labels: are float64 of shape (7,); they must be whole numbers, one per picture"
    assert refused(folder(tmp_path / "x"), LABELS) == f"labels: those of '{tmp_path / 'x'}' are its folders; leave them out"
    assert "there is no such file; the path is relative to the working directory" in refused(tmp_path / "no.npy", None)
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty", None).startswith("images: there are none")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is no array that numpy.save writes, and not in MNIST's idx format"),
        (b"\0\0\x0a\1\0\0\0\1x", "is no array that numpy.save writes, and not in MNIST's idx format"),
        (b"\0\0\x08\xff" + bytes(2000), "ends too early"),
        (b"\0\0\x08\3\0\0", "ends too early"),
        (idx(GREY)[:-1], "ends too early"),
        (idx(GREY) + b"x", "has more values than uint8 of shape (7, 6, 8) needs"),
        (gzip.compress(idx(GREY))[:-20], "is broken"),
        (gzip.compress(idx(GREY))[:-8] + bytes(8), "is broken"),
        (b"\0\0\x08\0", "holds a single number"),
        (
            struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**31, 2**31),
            "takes 9,223,372,036,854,775,808 GiB unpacked, more than 2 GiB; take smaller ones",
        ),
        (struct.pack(">BBBB3I", 0, 0, 8, 3, 2**20, 64, 64), "takes 4 GiB unpacked, more than 2 GiB; take 524288 of them by a limit"),
    ],
)
def test_broken_files(tmp_path: Path, data: bytes, problem: str) -> None:
    assert refused(saved(tmp_path / "x", data), None).startswith(f"images: 'x' {problem}")


def test_numbers_that_no_map_can_hold() -> None:
    found = read(np.full((3, 6, 8), 1e6), None, ONE)
    with pytest.raises(InvalidInput, match="number 1 must hold finite numbers of float16; at most 65504"):
        found.images.of(1, ONE, Preparation())
    with pytest.raises(InvalidInput, match="number 2 must hold"):
        found.images.part(range(1, 3)).of(1, ONE, Preparation())
