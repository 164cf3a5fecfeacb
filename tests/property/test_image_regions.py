"""Regions of any small picture: what holds of every cut, and what has no influence on them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from partitions import merged, part_numbers, plain_model, random_hierarchy

from gmmkit.image import connected_regions, regions

MODEL = plain_model()
few = settings(deadline=None, derandomize=True, max_examples=12)


@st.composite
def pictures(draw, *, masked=False):
    """A small picture of blocks and noise, gray or color, and which of its pixels count."""
    random = np.random.default_rng(draw(st.integers(0, 2**20)))
    height, width = draw(st.integers(1, 18)), draw(st.integers(1, 22))
    channels = draw(st.sampled_from([1, 3]))
    blocks = random.integers(0, 256, (height // 6 + 1, width // 6 + 1, channels))
    flat = np.kron(blocks, np.ones((6, 6, 1)))[:height, :width]
    noise = draw(st.sampled_from([0, 8, 60]))
    picture = np.clip(flat + random.normal(scale=noise, size=flat.shape), 0, 255).astype(np.uint8)
    mask = random.uniform(size=(height, width)) < draw(st.sampled_from([0.5, 0.9]))
    mask[random.integers(height), random.integers(width)] = True
    return (picture, mask) if masked else picture


@few
@given(given_picture=pictures(masked=True))
def test_every_cut_has_connected_regions_numbered_by_area_wherever_pixels_count(given_picture):
    picture, mask = given_picture
    hierarchy = regions(picture, mask=mask, model=MODEL)
    for n in range(hierarchy.n_coarsest, hierarchy.n_finest + 1):
        labels = hierarchy.cut(n_regions=n)
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels >= 0, mask)
        areas = np.bincount(labels[mask])
        assert len(areas) == n
        assert areas.min() > 0
        assert (np.diff(areas) <= 0).all()
        assert part_numbers(labels) == [1] * n


@few
@given(given_picture=pictures(masked=True))
def test_the_coarsest_cut_is_what_excluded_pixels_keep_apart(given_picture):
    picture, mask = given_picture
    labels = regions(picture, mask=mask, model=MODEL).cut(threshold=1)
    parts = connected_regions(np.where(mask, 0, -1), smallest=0)
    np.testing.assert_array_equal(labels, parts)


@few
@given(picture=pictures(), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_region_at_a_low_threshold_lies_in_one_at_a_high_one(picture, low, high):
    hierarchy = regions(picture, model=MODEL)
    fine, coarse = (hierarchy.cut(threshold) for threshold in sorted((low, high)))
    pairs = np.unique(np.stack([fine.ravel(), coarse.ravel()]), axis=1)
    assert pairs.shape[1] == int(fine.max()) + 1


@few
@given(picture=pictures(), threshold=st.floats(0, 1))
def test_a_cut_has_as_many_regions_as_it_says(picture, threshold):
    hierarchy = regions(picture, model=MODEL)
    assert int(hierarchy.cut(threshold).max()) + 1 == hierarchy.n_regions(threshold)


@few
@given(picture=pictures())
def test_heights_are_probabilities_that_never_fall(picture):
    heights = regions(picture, model=MODEL).heights
    assert ((heights >= 0) & (heights <= 1)).all()
    assert (np.diff(heights) >= 0).all()


@few
@given(seed=st.integers(0, 2**20), masked=st.booleans(), share=st.floats(0, 1))
def test_cutting_is_merging_step_by_step(seed, masked, share):
    hierarchy = random_hierarchy(seed, (5, 6), masked=masked)
    n_merges = round(share * len(hierarchy.merges))
    labels = hierarchy.cut(n_regions=hierarchy.n_finest - n_merges)
    np.testing.assert_array_equal(labels, merged(hierarchy, n_merges))


@few
@given(picture=pictures(), seed=st.integers(0, 99))
def test_the_same_seed_gives_the_same_bytes_on_one_and_two_threads(picture, seed):
    one, two = (regions(picture, model=MODEL, seed=seed, n_threads=n) for n in (1, 2))
    assert one.finest.tobytes() == two.finest.tobytes()
    assert one.merges.tobytes() == two.merges.tobytes()
    assert one.heights.tobytes() == two.heights.tobytes()


CONVERSIONS = {
    "Fortran order": np.asfortranarray,
    "not contiguous": lambda picture: np.repeat(picture, 2, axis=1)[:, ::2],
    "16 bits": lambda picture: picture.astype(np.uint16) * np.uint16(257),
    "big-endian": lambda picture: (picture.astype(np.uint16) * np.uint16(257)).astype(">u2"),
    "32-bit floats": lambda picture: (picture / 255).astype(np.float32),
    "64-bit floats": lambda picture: picture / 255,
}


@pytest.mark.parametrize("name", CONVERSIONS)
@settings(deadline=None, derandomize=True, max_examples=4)
@given(picture=pictures())
def test_the_type_and_the_layout_of_the_pixels_do_not_matter(name, picture):
    converted = CONVERSIONS[name](picture)
    before = converted.copy()
    converted.flags.writeable = False
    found, expected = regions(converted, model=MODEL), regions(picture, model=MODEL)
    np.testing.assert_array_equal(found.finest, expected.finest)
    np.testing.assert_allclose(found.heights, expected.heights, rtol=1e-9)
    np.testing.assert_array_equal(converted, before)


@few
@given(given_picture=pictures(masked=True), seed=st.integers(0, 99))
def test_what_lies_under_excluded_pixels_has_no_influence(given_picture, seed):
    picture, mask = given_picture
    others = np.random.default_rng(seed).integers(0, 256, picture.shape, dtype=np.uint8)
    changed = np.where(mask[:, :, None], picture, others)
    one, other = (regions(each, mask=mask, model=MODEL) for each in (picture, changed))
    np.testing.assert_array_equal(one.finest, other.finest)
    np.testing.assert_array_equal(one.heights, other.heights)
