"""Segmentations in files: BSDS's MATLAB files, NumPy archives, and images read as numbers."""

import numpy as np
import pytest
import scipy.io
import tifffile
from PIL import Image

from gmmkit.image.export import label_png
from gmmkit.io.segmentations import read_annotations, read_segmentation

LABELS = np.array([[3, 3, 7], [3, 1, 7]], np.uint16)
UCM2 = np.linspace(0, 1, 35).reshape(5, 7)


@pytest.fixture
def save(tmp_path):
    """Write a file by a function that takes a path and return that."""

    def write(name, writer):
        writer(tmp_path / name)
        return tmp_path / name

    return write


def cells(*values):
    """A MATLAB cell array."""
    made = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        made[0, place] = value
    return made


def annotated(*maps):
    """What BSDS calls groundTruth: a cell of structures."""
    return cells(*({"Segmentation": each, "Boundaries": each > 3} for each in maps))


@pytest.mark.parametrize("compressed", [True, False])
def test_bsds_ground_truth_gives_a_map_for_each_annotator(save, compressed):
    truth = {"groundTruth": annotated(LABELS, LABELS + 1)}
    path = save("a.mat", lambda p: scipy.io.savemat(p, truth, do_compression=compressed))
    assert [each.tolist() for each in read_annotations(path)] == [
        LABELS.tolist(),
        (LABELS + 1).tolist(),
    ]


def test_bsds_segs_give_their_maps_in_order_and_matlab_s_doubles_are_whole_numbers(save):
    segs = {"segs": cells(LABELS.astype(float), np.ones((2, 3)))}
    maps = read_segmentation(save("a.mat", lambda p: scipy.io.savemat(p, segs))).maps
    assert [each.dtype.kind for each in maps] == ["i", "i"]
    assert maps[0].tolist() == LABELS.tolist()


def test_bsds_ucm2_gives_strengths(save):
    found = read_segmentation(save("a.mat", lambda p: scipy.io.savemat(p, {"ucm2": UCM2})))
    assert found.maps == ()
    assert np.array_equal(found.strengths, UCM2)


def test_matlab_stacks_maps_along_the_last_axis(save):
    stack = np.stack([LABELS, LABELS + 1], axis=-1)
    maps = read_annotations(save("a.mat", lambda p: scipy.io.savemat(p, {"segmentations": stack})))
    assert [each.tolist() for each in maps] == [LABELS.tolist(), (LABELS + 1).tolist()]


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_every_kind_of_number_in_a_matlab_file_is_read_as_scipy_reads_it(save, dtype):
    values = np.arange(12).reshape(3, 4).astype(dtype)
    path = save("a.mat", lambda p: scipy.io.savemat(p, {"labels": values, "other": "text"}))
    (labels,) = read_annotations(path)
    assert np.array_equal(labels, scipy.io.loadmat(path)["labels"])


def test_an_archive_may_hold_several_maps_or_one(save):
    several = save("a.npz", lambda p: np.savez_compressed(p, segmentations=[LABELS, LABELS]))
    one = save("b.npz", lambda p: np.savez(p, labels=LABELS, palette=np.zeros(3)))
    assert [len(read_annotations(path)) for path in (several, one)] == [2, 1]


def test_an_archive_may_hold_strengths(save):
    path = save("a.npz", lambda p: np.savez(p, ucm2=UCM2))
    assert np.array_equal(read_segmentation(path).strengths, UCM2)


def test_a_palette_is_read_as_its_indices(save):
    path = save("a.png", lambda p: p.write_bytes(label_png(LABELS.astype(np.int32))))
    with Image.open(path) as image:
        assert image.mode == "P"
    assert read_annotations(path)[0].tolist() == LABELS.tolist()


def test_the_transparent_index_of_a_palette_is_excluded(save):
    labels = np.array([[0, 1, -1]], np.int32)
    path = save("a.png", lambda p: p.write_bytes(label_png(labels)))
    assert read_annotations(path)[0].tolist() == [[0, 1, -1]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_gray_images_are_labels(save, name, dtype):
    labels = LABELS.astype(dtype) * (1 if dtype == np.uint8 else 5000)
    write = tifffile.imwrite if name == "a.tif" else lambda p, a: Image.fromarray(a).save(p)
    path = save(name, lambda p: write(p, labels))
    assert read_annotations(path)[0].tolist() == labels.tolist()


def test_a_picture_of_one_bit_has_two_labels(save):
    path = save("a.png", lambda p: Image.fromarray(LABELS > 3).convert("1").save(p))
    assert np.array_equal(read_annotations(path)[0], LABELS > 3)


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_gray_images_are_strengths_when_asked_for(save, dtype, top):
    path = save("a.png", lambda p: Image.fromarray(LABELS.astype(dtype)).save(p))
    found = read_segmentation(path, kind="strength")
    assert np.array_equal(found.strengths, LABELS / top)


def test_floats_in_a_tiff_are_strengths(save):
    path = save("a.tif", lambda p: tifffile.imwrite(p, UCM2.astype(np.float32)))
    assert read_segmentation(path).strengths.shape == (5, 7)


def test_the_content_tells_the_format_and_not_the_name(save):
    path = save("a.mat", lambda p: np.savez(p.with_suffix(".npz"), labels=LABELS))
    path.with_suffix(".npz").rename(path)
    assert read_annotations(path)[0].tolist() == LABELS.tolist()
