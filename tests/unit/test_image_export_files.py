"""TIFF, NumPy archives, COCO and GeoJSON: what other programs read is what was meant."""

import itertools
import json
import weakref
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from gmmkit.errors import FileAccessError, InputError, ParameterError
from gmmkit.image import segment
from gmmkit.image.export import (
    as_label_map,
    coco_image,
    coco_json,
    label_tiff,
    labels_npz,
    outlines_geojson,
    probability_tiff,
    strips_tiff,
)
from gmmkit.image.export.palette import class_colors
from gmmkit.io.coco import read_coco
from gmmkit.io.run_lengths import rle_counts, rle_decode, rle_encode, rle_text

LABELS = np.array([[0, 0, 1, -1], [2, 0, 1, 1]], np.int32)


def page(payload):
    with tifffile.TiffFile(BytesIO(payload)) as tiff:
        (only,) = tiff.pages
        return only.asarray(), {tag.name: tag.value for tag in only.tags.values()}


# TIFF


@pytest.mark.parametrize(
    ("largest", "dtype"),
    [(254, np.uint8), (255, np.uint16), (65_534, np.uint16), (65_535, np.uint32)],
)
def test_a_tiff_has_the_fewest_bits_that_leave_a_value_for_excluded_pixels(largest, dtype):
    labels, _ = page(label_tiff([[-1, 0, largest]]))
    assert labels.dtype == dtype
    assert labels[0].tolist() == [np.iinfo(dtype).max, 0, largest]


def test_a_tiff_names_the_value_of_excluded_pixels():
    _, tags = page(label_tiff(LABELS))
    assert tags["GDAL_NODATA"] == "255"


def test_a_viewer_shows_a_tiff_in_the_colors_of_the_classes():
    shown = Image.open(BytesIO(label_tiff(LABELS))).convert("RGB")
    assert [shown.getpixel((x, 0)) for x in (0, 2)] == [tuple(c) for c in class_colors(2).tolist()]


def test_a_tiff_tells_no_time_so_that_the_same_labels_give_the_same_bytes(monkeypatch):
    before = label_tiff(LABELS)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert label_tiff(LABELS) == before


def test_strips_of_any_height_make_the_same_tiff_as_the_whole():
    labels = np.random.default_rng(0).integers(-1, 300, (3000, 500)).astype(np.int32)
    cuts = [0, 1, 3, 700, 1400, 1401, 2999, 3000]
    strips = (labels[start:stop] for start, stop in itertools.pairwise(cuts))
    payload = strips_tiff(strips, labels.shape, largest=299)
    whole, tags = page(payload)
    assert np.array_equal(whole, labels.astype(np.uint16))
    assert tags["RowsPerStrip"] == 1048
    assert payload == label_tiff(labels)


def test_strips_are_let_go_as_they_come():
    alive = []

    def strips():
        for number in range(50):
            strip = np.full((10, 2000), number, np.int32)
            alive.append(weakref.ref(strip))
            yield strip
            del strip
            assert sum(reference() is not None for reference in alive) <= 2

    strips_tiff(strips(), (500, 2000), largest=50)


@pytest.mark.parametrize(
    ("strips", "about"),
    [
        ([np.zeros((2, 3), int)], "found 2 rows; needed 4"),
        ([np.zeros((5, 3), int)], "found 5 rows; needed 4"),
        ([], "found 0 rows; needed 4"),
        ([np.zeros((4, 2), int)], r"needed whole numbers, shape \(rows, 3\)"),
        ([np.zeros((4, 3))], "needed whole numbers"),
        ([np.full((4, 3), 3)], "found 3 to 3; needed -1 to 2"),
        ([np.full((4, 3), -2)], "found -2 to -2"),
    ],
)
def test_strips_that_do_not_make_up_the_map_are_refused(strips, about):
    with pytest.raises(InputError, match=about):
        strips_tiff(strips, (4, 3), largest=2)


def test_probabilities_are_a_page_a_class_without_loss():
    probabilities = np.random.default_rng(0).random((700, 900, 3)).astype(np.float32)
    stack = tifffile.imread(BytesIO(probability_tiff(probabilities)))
    assert stack.dtype == np.float32
    assert np.array_equal(stack, np.moveaxis(probabilities, 2, 0))


# NumPy archives


def test_an_archive_has_labels_palette_and_names_without_pickle():
    names = ["sea", "sand", "Düne"]
    archive = np.load(BytesIO(labels_npz(as_label_map(LABELS, names=names))), allow_pickle=False)
    assert np.array_equal(archive["labels"], LABELS)
    assert np.array_equal(archive["palette"], class_colors(3))
    assert archive["names"].tolist() == names


# Run lengths


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        # As other implementations of the format give them too.
        ([6, 1, 40, 4, 5, 4, 5, 4, 21], "61X13mN000`0"),
        ([245, 5, 35, 5, 35, 5, 35, 5, 35, 5, 1190], "e75S10000000ST1"),
        ([5, 2, 2, 2, 5], "52203"),
        # 16 needs a second digit, or its sign would be lost: 0b10000 | more, then 0.
        ([16], "`0"),
        # The fourth is 1 - 20 = -19: low digit 0b01101 and more, then -1, all sign.
        ([0, 20, 3, 1], "0d03]O"),
        ([0], "0"),
    ],
)
def test_run_lengths_are_written_as_coco_writes_them(counts, text):
    assert rle_text(np.array(counts)) == text
    assert rle_counts(text).tolist() == counts


def test_run_lengths_go_down_the_columns_and_begin_with_excluded_pixels():
    assert rle_encode(np.array([[True, True], [False, True]])).tolist() == [0, 1, 1, 2]
    assert rle_encode(np.zeros((2, 3), bool)).tolist() == [6]


@pytest.mark.parametrize("text", ["", "0p", "0é", "a b", "o", "`" * 13 + "0"])
def test_text_that_is_no_run_length_text_is_refused(text):
    with pytest.raises(InputError, match="no compressed run-length text"):
        rle_counts(text)


@pytest.mark.parametrize(
    ("counts", "about"),
    [
        ([1, 2], "found 3 pixels; needed 2 × 3 = 6"),
        ([7, -1], "no run lengths"),
        ([2.0, 4.0], "no run lengths"),
        ([[6]], "no run lengths"),
        ([2**62, 2**62, 2**62, 2**62, 6], "no run lengths"),
    ],
)
def test_run_lengths_that_are_none_or_do_not_fit_are_refused(counts, about):
    with pytest.raises(InputError, match=about):
        rle_decode(counts, (2, 3))


# COCO


def test_classes_become_categories_with_one_annotation_each():
    label_map = as_label_map(LABELS, noun="class", names=["sea", "sand", "sky"])
    document = json.loads(coco_json(coco_image(label_map, "beach.jpg")))
    assert document["images"] == [{"id": 1, "file_name": "beach.jpg", "height": 2, "width": 4}]
    assert [entry["name"] for entry in document["categories"]] == ["sea", "sand", "sky"]
    assert [entry["category_id"] for entry in document["annotations"]] == [1, 2, 3]


def test_an_annotation_has_what_coco_asks_for():
    document = json.loads(coco_json(coco_image(LABELS, "a.jpg", compressed=False)))
    assert document["annotations"][1] == {
        "id": 2,
        "image_id": 1,
        "category_id": 1,
        "label": 1,
        "segmentation": {"size": [2, 4], "counts": [4, 2, 1, 1]},
        "area": 3,
        "bbox": [2, 0, 2, 2],
        "iscrowd": 0,
    }


def test_a_class_that_is_absent_is_a_category_without_annotation():
    document = json.loads(coco_json(coco_image(as_label_map([[0, 2]], noun="class"), "a.jpg")))
    assert len(document["categories"]) == 3
    assert [entry["label"] for entry in document["annotations"]] == [0, 2]


def test_several_images_share_a_document_and_its_numbers():
    one, other = coco_image(LABELS, "a.jpg"), coco_image(LABELS[:1], "b.jpg")
    document = json.loads(coco_json([one, other]))
    assert [entry["id"] for entry in document["annotations"]] == [1, 2, 3, 4, 5]
    assert [entry["image_id"] for entry in document["annotations"]] == [1, 1, 1, 2, 2]


def test_categories_that_contradict_each_other_are_refused():
    one = coco_image(as_label_map([[0]], noun="class", names=["sea"]), "a.jpg")
    other = coco_image(as_label_map([[0]], noun="class", names=["sky"]), "b.jpg")
    with pytest.raises(ParameterError, match="found sky; needed sea"):
        coco_json([one, other])


@pytest.mark.parametrize("compressed", [True, False])
def test_what_is_read_back_is_what_was_written(tmp_path: Path, compressed):
    labels = np.random.default_rng(0).integers(-1, 40, (31, 47)).astype(np.int32)
    path = tmp_path / "coco.json"
    entries = [
        coco_image(part, f"{n}.png", compressed=compressed)
        for n, part in enumerate((labels, labels[:, ::-1]))
    ]
    path.write_text(coco_json(entries), "utf-8")
    coco = read_coco(path)
    assert coco.file_names == ("0.png", "1.png")
    assert np.array_equal(coco.labels("1.png"), labels[:, ::-1])


def test_annotations_of_other_programs_are_numbered_by_their_place(tmp_path: Path):
    document = json.loads(coco_json(coco_image(LABELS, "a.png")))
    for entry in document["annotations"]:
        del entry["label"]
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(document))
    assert np.array_equal(read_coco(path).labels("a.png"), LABELS)
    assert [name for name, _ in read_coco(path).masks("a.png")] == ["region"] * 3


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("", "no COCO document"),
        ("[]", "found a JSON list"),
        ('{"images": []}', "found no list 'annotations'"),
        ("[" * 100_000, "no COCO document"),
        ("\ufeff{}", "no COCO document"),
        (
            '{"images": [{"id": 1}], "annotations": [], "categories": []}',
            r"images\[0\] without a usable 'file_name'",
        ),
        ('{"images": [7], "annotations": [], "categories": []}', r"images\[0\]"),
    ],
)
def test_a_file_that_is_no_coco_document_is_refused(tmp_path: Path, text, about):
    path = tmp_path / "coco.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=about):
        read_coco(path)


def test_a_missing_coco_document_is_refused(tmp_path: Path):
    with pytest.raises(FileAccessError):
        read_coco(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("segmentation", "about"),
    [
        ([[0, 0, 1, 0, 1, 1]], "annotation 1 of .*polygon"),
        (None, "annotation 1 of .*polygon"),
        ({"size": [4, 2], "counts": "8"}, r"found \[4, 2\]; needed \[2, 4\]"),
        ({"size": [2, 4], "counts": "7"}, "found 7 pixels"),
        ({"size": [2, 4], "counts": 8}, "counts are none"),
        ({"size": [2, 4], "counts": [True]}, "counts are none"),
        ({"size": [2, 4], "counts": [2**70]}, "no run lengths"),
    ],
)
def test_an_annotation_that_does_not_fit_its_image_is_refused(tmp_path: Path, segmentation, about):
    document = json.loads(coco_json(coco_image(LABELS, "a.png")))
    document["annotations"][0]["segmentation"] = segmentation
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=about):
        read_coco(path).labels("a.png")


def test_an_image_larger_than_the_cap_is_refused_before_it_is_made(tmp_path: Path):
    document = json.loads(coco_json(coco_image(LABELS, "a.png")))
    document["images"][0] |= {"height": 100_000, "width": 100_000}
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="too large"):
        read_coco(path).labels("a.png")


@pytest.mark.parametrize("label", [-1, 2**40, "one", 1.5, True])
def test_a_label_that_is_none_is_refused(tmp_path: Path, label):
    document = json.loads(coco_json(coco_image(LABELS, "a.png")))
    document["annotations"][0]["label"] = label
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="no usable label"):
        read_coco(path).labels("a.png")


def test_an_image_that_is_not_in_the_document_is_refused(tmp_path: Path):
    path = tmp_path / "coco.json"
    path.write_text(coco_json(coco_image(LABELS, "a.png")))
    with pytest.raises(ParameterError, match=r"no image 'b\.png'"):
        read_coco(path).labels("b.png")


# GeoJSON


def test_outlines_have_holes_and_corners_alone():
    labels = np.zeros((5, 6), np.int32)
    labels[1:3, 2:4] = 1
    first, second = json.loads(outlines_geojson(labels))["features"]
    ((outer, hole),) = first["geometry"]["coordinates"]
    assert outer == [[0, 0], [6, 0], [6, 5], [0, 5], [0, 0]]
    assert sorted(hole[1:]) == [[2, 1], [2, 3], [4, 1], [4, 3]]
    assert second["properties"]["area"] == 4


def test_pixels_that_touch_with_a_corner_are_different_polygons():
    feature, _ = json.loads(outlines_geojson([[0, 1], [1, 0]]))["features"]
    assert [len(polygon) for polygon in feature["geometry"]["coordinates"]] == [1, 1]


def test_outlines_carry_names_and_colors_as_qupath_reads_them():
    label_map = as_label_map([[0]], noun="class", names=["tumor"])
    (feature,) = json.loads(outlines_geojson(label_map))["features"]
    assert feature["properties"]["objectType"] == "annotation"
    assert feature["properties"]["classification"] == {
        "name": "tumor",
        "color": class_colors(1)[0].tolist(),
    }


def test_excluded_pixels_have_no_outline():
    features = json.loads(outlines_geojson(LABELS))["features"]
    assert [feature["properties"]["label"] for feature in features] == [0, 1, 2]


def test_a_segmentation_is_written_as_its_classes():
    picture = np.zeros((10, 12, 3), np.uint8)
    picture[:, 8:] = 250
    entry = coco_image(segment(picture, k=2, features="rgb"), "a.png")
    assert entry.categories == ("class 0", "class 1")
    assert [annotation["area"] for annotation in entry.annotations] == [80, 40]
