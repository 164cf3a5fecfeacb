"""Whatever the labels: what is written and read back is the same, outlines hold every pixel."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import stable

from gmmkit.image.export import OUTPUT_KINDS, as_label_map, coco_image, coco_json
from gmmkit.image.export.coco import run_lengths
from gmmkit.image.export.kinds import OutputOptions
from gmmkit.image.export.outlines import outlines
from gmmkit.io.run_lengths import rle_counts, rle_decode, rle_encode, rle_text
from gmmkit.io.segmentations import read_annotations, read_segmentation

shapes = st.tuples(st.integers(1, 8), st.integers(1, 8))
maps = shapes.flatmap(lambda shape: arrays(np.int32, shape, elements=st.integers(-1, 3))).filter(
    lambda labels: labels.max() >= 0
)
masks = shapes.flatmap(lambda shape: arrays(np.bool_, shape))


def coco_text(counts):
    """The text by the format's own definition, one count and one digit at a time."""
    text = ""
    for place, count in enumerate(counts):
        rest = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            digit, rest = rest & 31, rest >> 5
            more = rest != (-1 if digit & 16 else 0)
            text += chr((digit | 32 if more else digit) + 48)
    return text


@stable
@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=20))
def test_run_lengths_are_written_by_the_definition_and_read_back(counts):
    text = rle_text(np.array(counts))
    assert text == coco_text(counts)
    assert rle_counts(text).tolist() == counts


@stable
@given(masks)
def test_a_mask_comes_back_from_its_run_lengths(mask):
    assert np.array_equal(rle_decode(rle_encode(mask), mask.shape), mask)


@stable
@given(maps)
def test_run_lengths_of_all_labels_are_those_of_their_masks(labels):
    found = {label: counts.tolist() for label, counts in run_lengths(labels)}
    present = np.unique(labels[labels >= 0]).tolist()
    assert found == {label: rle_encode(labels == label).tolist() for label in present}


@stable
@given(maps)
def test_boxes_and_areas_of_annotations_are_those_of_the_pixels(labels):
    for entry in json.loads(coco_json(coco_image(labels, "a.png")))["annotations"]:
        rows, columns = np.nonzero(labels == entry["label"])
        left, top, width, height = entry["bbox"]
        assert entry["area"] == len(rows)
        assert (left, left + width - 1) == (columns.min(), columns.max())
        assert (top, top + height - 1) == (rows.min(), rows.max())


@pytest.mark.parametrize("least", [-1, 0], ids=["some excluded", "none excluded"])
@pytest.mark.parametrize(
    ("kind", "largest"),
    [
        *itertools.product(["labels", "gray", "tiff"], [3, 254, 255, 256, 65_534]),
        *itertools.product(["tiff"], [65_535, 100_000]),
        *itertools.product(["npz"], [3, 255, 300]),
    ],
)
@settings(stable, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_labels_come_back_from_every_file_as_they_were(tmp_path, kind, largest, least, data):
    elements = st.integers(least, largest)
    labels = data.draw(shapes.flatmap(lambda shape: arrays(np.int32, shape, elements=elements)))
    # Both ends are always there.
    labels = np.pad(labels, ((1, 1), (0, 0)), constant_values=((least, largest), (0, 0)))
    ((suffix, payload),) = OUTPUT_KINDS[kind].payloads(as_label_map(labels), OutputOptions())
    path = tmp_path / f"a{suffix}"
    path.write_bytes(payload)
    for maps_read in (read_annotations(path), read_segmentation(path).maps):
        assert [each.tolist() for each in maps_read] == [labels.tolist()]


@stable
@given(maps)
def test_outlines_hold_exactly_the_pixels_of_their_label_and_never_touch_themselves(labels):
    height, width = labels.shape
    for label, polygons in outlines(labels).items():
        crossings = np.zeros((height, width), dtype=int)
        for ring in (ring for polygon in polygons for ring in polygon):
            assert ring[0] == ring[-1]
            assert len({tuple(corner) for corner in ring[:-1]}) == len(ring) - 1
            for (x, top), (other, bottom) in itertools.pairwise(ring):
                if x == other:
                    crossings[min(top, bottom) : max(top, bottom), x:] += 1
        assert np.array_equal(crossings % 2 == 1, labels == label)
