"""Segmentations in files: BSDS's MATLAB files, NumPy archives, and images read as numbers."""

import numpy as np
import pytest
import scipy.io
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gmmkit.errors import ImageError
from gmmkit.image.export import label_png
from gmmkit.io.image import read_image
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


# What a file says of excluded pixels


def with_text(value):
    about = PngInfo()
    about.add_text("gmmkit-excluded", value)
    return about


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_largest_value_of_another_program_s_png_is_a_label(save, dtype):
    labels = np.array([[0, 1, np.iinfo(dtype).max]], dtype)
    path = save("a.png", lambda p: Image.fromarray(labels).save(p))
    assert read_annotations(path)[0].tolist() == labels.tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_largest_value_of_another_program_s_tiff_is_a_label(save, dtype):
    labels = np.array([[0, 1, np.iinfo(dtype).max]], dtype)
    path = save("a.tif", lambda p: tifffile.imwrite(p, labels))
    assert read_annotations(path)[0].tolist() == labels.tolist()


def test_a_png_may_name_any_value_as_excluded(save):
    labels = np.array([[0, 1, 255]], np.uint8)
    path = save("a.png", lambda p: Image.fromarray(labels).save(p, pnginfo=with_text("0")))
    assert read_annotations(path)[0].tolist() == [[-1, 1, 255]]


@pytest.mark.parametrize("text", ["", "none", "-1", "2.5", "٢", "9" * 5000])
def test_a_png_that_names_no_value_as_excluded_is_refused_with_what_it_says(save, text):
    labels = np.array([[0, 1, 255]], np.uint8)
    path = save("a.png", lambda p: Image.fromarray(labels).save(p, pnginfo=with_text(text)))
    with pytest.raises(ImageError, match=r"a\.png does not say .* found .*needed a whole number"):
        read_annotations(path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.int64, np.float32])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9", [[5, -1]]),
        ("9.0 ", [[5, -1]]),
        ("9.5", [[5, 9]]),
        ("-3.4028234663852886e+38", [[5, 9]]),
        ("1e300", [[5, 9]]),
        ("nan", [[5, 9]]),
        ("no data", [[5, 9]]),
    ],
)
def test_the_value_that_a_tiff_names_as_no_data_is_excluded(save, dtype, text, expected):
    tags = [(42113, "s", 0, text, True)]
    values = np.array([[5, 9]], dtype)
    path = save("a.tif", lambda p: tifffile.imwrite(p, values, extratags=tags))
    assert read_annotations(path)[0].tolist() == expected


# Labels as numbers in TIFFs, whatever they look like


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.uint32, np.int64, np.uint64])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_whole_numbers_that_are_no_pixels_are_labels(save, dtype, byteorder):
    labels = np.array([[0, 1, 127]], dtype)
    path = save("a.tif", lambda p: tifffile.imwrite(p, labels, byteorder=byteorder))
    assert read_annotations(path)[0].tolist() == labels.tolist()


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_labels_of_32_bits_are_read_up_to_the_largest_with_a_sign(save, compression):
    labels = np.array([[0, 70_000, 2**31 - 1]], np.int32)
    path = save("a.tif", lambda p: Image.fromarray(labels).save(p, compression=compression))
    assert read_annotations(path)[0].tolist() == labels.tolist()


@pytest.mark.parametrize("value", [2**31, 2**32 - 1])
def test_labels_beyond_that_are_refused(save, value):
    labels = np.array([[0, value]], np.uint32)
    path = save("a.tif", lambda p: tifffile.imwrite(p, labels))
    with pytest.raises(ImageError, match=f"found label {value}; needed at most 2147483647"):
        read_annotations(path)


def test_labels_that_pillow_decodes_are_refused_beyond_that_too(save):
    labels = np.array([[0, -(2**31)]], np.int32)
    path = save("a.tif", lambda p: Image.fromarray(labels).save(p, compression="tiff_lzw"))
    with tifffile.TiffFile(path) as tiff:
        place = tiff.pages.first.tags["SampleFormat"].valueoffset
    payload = bytearray(path.read_bytes())
    payload[place] = 1  # no longer with a sign
    path.write_bytes(payload)
    with pytest.raises(ImageError, match="found label 2147483648"):
        read_annotations(path)


def test_a_tiff_of_32_bits_is_still_no_picture(save):
    path = save("a.tif", lambda p: tifffile.imwrite(p, np.zeros((2, 3), np.uint32)))
    with pytest.raises(ImageError, match="no pixel type"):
        read_image(path)
    with pytest.raises(ImageError, match="no pixel type"):
        read_segmentation(path, kind="strength")


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_a_palette_in_a_tiff_is_read_as_its_indices(save, compression):
    image = Image.fromarray(np.array([[0, 7, 255]], np.uint8))
    image.putpalette(bytes([9, 9, 9] * 256))
    path = save("a.tif", lambda p: image.save(p, compression=compression))
    assert read_annotations(path)[0].tolist() == [[0, 7, 255]]


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_labels_in_a_tiff_that_lies_on_its_side_are_turned(save, compression):
    exif = Image.Exif()
    exif[274] = 6
    image = Image.fromarray(LABELS.astype(np.uint8))
    path = save("a.tif", lambda p: image.save(p, compression=compression, exif=exif))
    assert np.array_equal(read_annotations(path)[0], np.rot90(LABELS, -1))


def test_transparent_pixels_of_a_tiff_are_excluded(save):
    array = np.array([[[5, 255], [6, 0]]], np.uint8)
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
    options["planarconfig"] = "contig"
    path = save("a.tif", lambda p: tifffile.imwrite(p, array, **options))
    assert read_annotations(path)[0].tolist() == [[5, -1]]


def test_a_tiff_of_colors_is_no_label_image(save):
    colors = np.zeros((2, 3, 3), np.uint8)
    path = save("a.tif", lambda p: tifffile.imwrite(p, colors, photometric="rgb"))
    with pytest.raises(ImageError, match="no label image: found 3 channels"):
        read_annotations(path)


def test_strengths_that_are_no_numbers_are_refused(save):
    path = save("a.tif", lambda p: tifffile.imwrite(p, np.full((2, 3), np.nan, np.float32)))
    with pytest.raises(ImageError, match="6 of 6 values NaN"):
        read_segmentation(path)
