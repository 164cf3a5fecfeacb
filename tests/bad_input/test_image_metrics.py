"""Segmentations that must not be compared: each is refused with what was found and what is needed.

Row 26 of what can go wrong with images is here: an annotation of another size.
"""

import contextlib
import zlib

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gmmkit.errors import (
    FileAccessError,
    GmmkitError,
    ImageError,
    ImageFormatError,
    ImageSizeError,
    InputError,
    InputTypeError,
    ParameterError,
)
from gmmkit.image.metrics import (
    boundary_displacement_error,
    boundary_f,
    count_displacement,
    count_regions,
    covering,
    evaluate,
    global_consistency_error,
    probabilistic_rand_index,
    sweep_of,
    variation_of_information,
)
from gmmkit.io.segmentations import read_annotations, read_segmentation

MEASURES = (
    boundary_displacement_error,
    boundary_f,
    covering,
    global_consistency_error,
    probabilistic_rand_index,
    variation_of_information,
)
FLAG = np.array([[0, 0, 1], [0, 0, 1]])


# Arrays


@pytest.mark.parametrize("measure", MEASURES)
def test_an_annotation_of_another_size_is_refused_with_both_shapes(measure):
    with pytest.raises(InputError, match=r"\(3, 2\) against \(2, 3\)"):
        measure(FLAG, [FLAG, FLAG.T])


def test_strengths_of_another_size_are_refused_with_both_shapes():
    with pytest.raises(InputError, match=r"\(2, 3\) against \(7, 9\)"):
        evaluate([(np.zeros((7, 9)), FLAG)])


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((2, 3, 4), int),
        np.zeros((2, 0), int),
        np.zeros(3, int),
        np.full((2, 3), -1),
        np.zeros((2, 3)),
        np.zeros((2, 3), complex),
        np.array([["a", "b"]]),
        np.array([[None]], object),
        np.ma.masked_array(FLAG, FLAG > 0),
        [[0, 1], [2]],
    ],
    ids=[
        "3-D",
        "empty",
        "1-D",
        "all excluded",
        "floats",
        "complex",
        "text",
        "objects",
        "masked",
        "ragged",
    ],
)
def test_what_is_no_label_map_is_refused(measure, labels):
    with pytest.raises(InputError):
        measure(labels, FLAG)
    with pytest.raises(InputError):
        measure(FLAG, [FLAG, labels])


def test_floats_are_refused_with_a_hint_at_strengths():
    with pytest.raises(InputTypeError, match="boundary strengths"):
        covering(np.zeros((2, 3)), FLAG)


@pytest.mark.parametrize("annotations", [[], (), np.zeros((0, 2, 3), int), np.zeros(()), "truth"])
def test_without_annotations_there_is_nothing_to_compare(annotations):
    with pytest.raises(InputError):
        covering(FLAG, annotations)


def test_maps_without_a_common_pixel_are_refused():
    left, right = np.where(FLAG > 0, 0, -1), np.where(FLAG > 0, -1, 0)
    with pytest.raises(InputError, match="annotation 0 has no pixel in common"):
        covering(left, right)


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan, np.inf])
def test_strengths_outside_zero_to_one_are_refused(value):
    strengths = np.zeros((2, 3))
    strengths[1, 1] = value
    with pytest.raises(InputError, match="out of range"):
        sweep_of(strengths)


@pytest.mark.parametrize(
    "thresholds", [0, -1, 2.5, True, [], [0.5, 0.4], [0.1, np.nan], [-0.1], "all", [[0.1]]]
)
def test_thresholds_that_do_not_rise_are_refused(thresholds):
    with pytest.raises(ParameterError):
        sweep_of(np.zeros((2, 3)), thresholds)


@pytest.mark.parametrize("tolerance", [-0.1, 1.5, np.nan, True])
def test_a_tolerance_that_is_no_share_is_refused(tolerance):
    with pytest.raises(ParameterError, match="tolerance"):
        boundary_f(FLAG, FLAG, tolerance=tolerance)


@pytest.mark.parametrize("kinds", [[], "regions", ["region"], ["regions", "colors"]])
def test_kinds_that_are_not_known_are_refused(kinds):
    with pytest.raises(ParameterError, match="kinds"):
        evaluate([(FLAG, FLAG)], kinds=kinds)


@pytest.mark.parametrize("result", [None, "labels.png", 3, [], object()])
def test_what_is_no_segmentation_is_refused(result):
    with pytest.raises(InputError):
        sweep_of(result)


def test_pictures_cut_at_other_thresholds_do_not_add_up():
    with pytest.raises(InputError, match="2 against 1"):
        evaluate({"a": (FLAG, FLAG), "b": ([FLAG, FLAG], FLAG)})
    with pytest.raises(InputError, match="1 and 2"):
        count_regions(FLAG, FLAG) + count_regions([FLAG, FLAG], FLAG)


def test_counts_of_different_kinds_do_not_add_up():
    with pytest.raises(TypeError, match=r"RegionCounts.*DisplacementCounts"):
        count_regions(FLAG, FLAG) + count_displacement(FLAG, FLAG)


def test_a_measure_that_was_not_taken_is_refused():
    found = evaluate([(FLAG, FLAG)], kinds=["regions"])
    for ask in (lambda: found.ods("boundary_f"), lambda: found.average_precision):
        with pytest.raises(ParameterError, match="was not measured"):
            ask()


def test_a_threshold_that_was_not_evaluated_is_refused_with_the_nearest():
    found = evaluate([(np.zeros((2, 3)), FLAG)], 9, kinds=["regions"])
    with pytest.raises(ParameterError, match=r"nearest is 0\.3"):
        found.at_threshold(0.34)


def test_no_picture_is_refused():
    with pytest.raises(InputError, match="no picture"):
        evaluate([])


def test_what_is_compared_is_never_changed():
    one, other = FLAG.copy(), FLAG.astype(np.uint8)
    one.flags.writeable = False
    for measure in MEASURES:
        measure(one, other)
    assert other.tolist() == FLAG.tolist()


# Files


@pytest.fixture
def refuse(tmp_path):
    """Read bytes as a file of segmentations and return the error, which names the file."""

    def read(payload, kind, name="truth.mat", **options):
        path = tmp_path / name
        path.write_bytes(payload)
        with pytest.raises(kind) as caught:
            read_segmentation(path, **options)
        assert name in str(caught.value)
        assert isinstance(caught.value, GmmkitError)
        return caught.value

    return read


def as_bytes(tmp_path, variables, *, compressed=True):
    path = tmp_path / "made.mat"
    scipy.io.savemat(path, variables, do_compression=compressed)
    return path.read_bytes()


def archive(tmp_path, **arrays):
    np.savez_compressed(tmp_path / "made.npz", **arrays)
    return (tmp_path / "made.npz").read_bytes()


def test_a_matlab_file_without_segmentations_is_refused_with_what_it_has(refuse, tmp_path):
    error = refuse(as_bytes(tmp_path, {"depth": FLAG}), ImageError)
    assert error.found == "depth"
    assert "groundTruth" in error.needed


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("left", [50, 130, -1])
def test_a_truncated_matlab_file_is_refused(refuse, tmp_path, left, compressed):
    payload = as_bytes(tmp_path, {"ucm2": np.zeros((9, 9))}, compressed=compressed)
    refuse(payload[:left], ImageError)


def test_a_matlab_file_of_version_7_3_is_refused_with_what_to_do(refuse):
    error = refuse(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512), ImageFormatError)
    assert "-v7" in error.hint


def test_a_matlab_variable_that_inflates_without_end_is_refused(refuse, tmp_path, monkeypatch):
    monkeypatch.setattr("gmmkit.io.matlab.LARGEST_CONTENT", 1 << 20)
    header = as_bytes(tmp_path, {"ucm2": FLAG})[:128]
    bomb = zlib.compress(bytes(1 << 22))
    element = (15).to_bytes(4, "little") + len(bomb).to_bytes(4, "little") + bomb
    assert "1,048,576 bytes" in refuse(header + element, ImageError).found


@pytest.mark.parametrize("value", [np.zeros((0, 0)), "text", np.zeros((3, 3), complex)])
def test_a_matlab_variable_of_another_kind_is_refused(refuse, tmp_path, value):
    refuse(as_bytes(tmp_path, {"ucm2": value}), ImageError)
    refuse(as_bytes(tmp_path, {"segs": value}), ImageError)


@pytest.mark.parametrize("compressed", [True, False])
@settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_and_never_ends_the_process(tmp_path, compressed, data):
    cells = np.empty((1, 1), object)
    cells[0, 0] = {"Segmentation": FLAG.astype(np.uint16), "Boundaries": FLAG > 0}
    payload = bytearray(as_bytes(tmp_path, {"groundTruth": cells}, compressed=compressed))
    for _ in range(2):
        place = data.draw(st.integers(100, len(payload) - 1))
        payload[place] = data.draw(st.integers(0, 255))
    (tmp_path / "a.mat").write_bytes(payload)
    with contextlib.suppress(GmmkitError):
        read_annotations(tmp_path / "a.mat")


def test_an_annotation_without_a_label_map_is_refused(refuse, tmp_path):
    cells = np.empty((1, 1), object)
    cells[0, 0] = {"Boundaries": FLAG}
    error = refuse(as_bytes(tmp_path, {"groundTruth": cells}), ImageError)
    assert "Boundaries" in error.found


def test_labels_that_are_no_whole_numbers_are_refused(refuse, tmp_path):
    cells = np.empty((1, 1), object)
    cells[0, 0] = FLAG + 0.5
    refuse(as_bytes(tmp_path, {"segs": cells}), ImageError)


def test_an_archive_without_segmentations_is_refused_with_what_it_has(refuse, tmp_path):
    error = refuse(archive(tmp_path, depth=FLAG), ImageError, name="a.npz")
    assert error.found == "depth"


def test_an_archive_of_objects_is_refused_and_nothing_is_executed(refuse, tmp_path):
    payload = archive(tmp_path, labels=np.array([[print]], object))
    refuse(payload, ImageError, name="a.npz")


def test_a_truncated_archive_is_refused(refuse, tmp_path):
    refuse(archive(tmp_path, labels=FLAG)[:-30], ImageError, name="a.npz")


def test_an_array_that_declares_more_than_it_holds_is_refused_before_it_is_made(refuse, tmp_path):
    import io
    import zipfile

    array, made = io.BytesIO(), io.BytesIO()
    header = {"descr": "<i8", "fortran_order": False, "shape": (10**6, 10**6)}
    np.lib.format.write_array_header_1_0(array, header)
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr("labels.npy", array.getvalue() + bytes(64))
    assert "(1000000, 1000000)" in refuse(made.getvalue(), ImageError, name="a.npz").found


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4, 5)])
def test_an_array_of_other_axes_is_refused(refuse, tmp_path, shape):
    refuse(archive(tmp_path, labels=np.zeros(shape, int)), ImageError, name="a.npz")


def test_colors_are_no_labels(refuse, tmp_path):
    Image.new("RGB", (4, 3)).save(tmp_path / "made.png")
    payload = (tmp_path / "made.png").read_bytes()
    assert "palette" in refuse(payload, ImageError, name="a.png").needed


def test_half_a_png_is_refused(refuse, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "made.png")
    payload = (tmp_path / "made.png").read_bytes()
    refuse(payload[: len(payload) // 2], ImageError, name="a.png")


def test_more_pixels_than_the_cap_are_refused(refuse, tmp_path):
    Image.new("L", (40, 30)).save(tmp_path / "made.png")
    payload = (tmp_path / "made.png").read_bytes()
    refuse(payload, ImageSizeError, name="a.png", max_pixels=1000)


@pytest.mark.parametrize(
    "payload", [b"", b"a text", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"GIF89a"]
)
def test_other_files_are_refused(refuse, payload):
    refuse(payload, ImageError)


def test_a_folder_is_refused_at_once(tmp_path):
    with pytest.raises(FileAccessError, match="folder"):
        read_annotations(tmp_path)


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="kind"):
        read_segmentation(tmp_path / "a.png", kind="colors")
