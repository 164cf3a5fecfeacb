"""What must hold for every feature there is: tiles, masks, flat pictures, kinds of pixels."""

from contextlib import suppress
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from gmmkit.errors import ParameterError
from gmmkit.image import compute_features
from gmmkit.image.features import FEATURES, feature_text, named_features, parse_features
from gmmkit.image.features.parameters import Parameter
from gmmkit.image.pixels import as_raster
from gmmkit.image.tiles import Tile

VARIANTS = (
    "lab(0)",
    "texture(2,8)",
    "statistics(2,3; measures=skewness,range,entropy)",
    "tensor(2,4)",
    "gabor(0.2; orientations=3; pool=mean)",
    "lbp(1.5,3; histogram=3)",
    "lm(1; orientations=2; smoothing=2)",
    "mr8(1; orientations=2; smoothing=2)",
)
EVERY = (*FEATURES, *VARIANTS)


def _photo():
    random = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(random.random((112, 124, 3)), (3, 3, 0))
    spread = (smooth - smooth.min()) / np.ptp(smooth)
    return (spread * 235 + random.integers(0, 20, spread.shape)).astype(np.uint8)


def _gaps():
    """A mask with scattered gaps and a large one."""
    mask = np.random.default_rng(2).random((112, 124)) > 0.1
    mask[:50, 70:] = False
    return mask


PHOTO, GAPS = _photo(), _gaps()


@cache
def features_of_the_photo(name, masked=False):
    return compute_features(PHOTO, name, mask=GAPS if masked else None)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("start", [(0, 0), (48, 60)])
def test_a_tile_has_what_the_whole_picture_has(name, masked, start):
    tile = Tile(slice(start[0], start[0] + 20), slice(start[1], start[1] + 17))
    whole = features_of_the_photo(name, masked)
    raster = as_raster(PHOTO, GAPS if masked else None)
    part = parse_features(name, 3).compute(raster, tile)
    assert np.allclose(part, whole[tile.window], atol=1e-4)


@pytest.mark.parametrize("name", [name for name in EVERY if named_features(name)[0].halo])
def test_what_lies_beyond_the_halo_is_not_looked_at_and_what_lies_well_within_is(name):
    features = parse_features(name, 3)
    row, column, halo = 56, 62, features.halo
    before = features_of_the_photo(name)[row, column]
    offsets = np.abs(np.mgrid[:112, :124] - np.array([row, column])[:, None, None]).max(axis=0)
    far, near = (
        np.where((offsets > reach)[..., None], 255 - PHOTO, PHOTO) for reach in (halo, halo // 4)
    )
    assert np.allclose(compute_features(far, name)[row, column], before, atol=1e-4)
    assert not np.allclose(compute_features(near, name)[row, column], before, atol=1e-3)


@pytest.mark.parametrize("name", EVERY)
def test_what_lies_under_excluded_pixels_changes_nothing(name):
    other = np.where(GAPS[..., None], PHOTO, 255 - PHOTO)
    found = compute_features(other, name, mask=GAPS)
    assert np.array_equal(found[GAPS], features_of_the_photo(name, True)[GAPS])


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"position"}))
@pytest.mark.parametrize("channels", [1, 3])
def test_a_flat_picture_has_the_same_finite_features_everywhere(name, channels):
    flat = np.full((40, 30, channels), (13, 200, 77)[:channels], np.uint8)
    features = compute_features(flat, name)
    assert np.allclose(features, features[0, 0], atol=1e-3)


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"position"}))
def test_an_excluded_area_does_not_show_as_an_edge(name):
    """Of a flat picture, the features beside a gap are those of one without it."""
    flat, mask = np.full((50, 40), 90, np.uint8), np.ones((50, 40), bool)
    mask[15:35, 5:30] = False
    with_gap, without = (compute_features(flat, name, mask=each) for each in (mask, None))
    assert np.allclose(with_gap[mask], without[mask], atol=1e-3)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_every_column_has_its_own_name_and_a_floor(name, channels):
    if channels == 5 and any(f.reads == "color" for f in named_features(name)):
        name = "bands"
    features = parse_features(name, channels)
    assert len(set(features.columns)) == len(features.columns)
    for kind in (np.uint8, np.uint16, np.float32):
        floor = features.floor(np.dtype(kind), (90, 60))
        assert floor.shape == (len(features.columns),)
        assert (floor > 0).all()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 2)])
def test_pictures_smaller_than_a_filter_have_features(name, shape):
    features = compute_features(np.random.default_rng(0).random(shape), name)
    assert features.shape == (*shape, len(parse_features(name, 1).columns))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize("name", EVERY)
def test_sixteen_bits_and_floats_have_the_features_of_eight(name):
    crop = PHOTO[:30, :40]
    expected = compute_features(crop, name)
    for other in (crop.astype(np.uint16) * 257, crop / 255, np.asfortranarray(crop)):
        assert np.allclose(compute_features(other, name), expected, atol=1e-3)


def written_values(parameter: Parameter):
    if parameter.words:
        texts = st.sampled_from(parameter.words)
    else:
        low, high = (int(np.ceil(parameter.low)), int(parameter.high))
        whole = st.integers(low, max(low, high)).filter(lambda n: n <= parameter.high).map(str)
        real = st.floats(parameter.low, parameter.high).map(repr)
        texts = whole if parameter.whole else (real if high < low else whole | real)
    numbers = st.lists(texts, min_size=1, max_size=parameter.most, unique_by=lambda t: t)
    return numbers.filter(lambda ts: parameter.words or len({float(t) for t in ts}) == len(ts))


@st.composite
def terms(draw):
    kind = draw(st.sampled_from(list(FEATURES.values())))
    given = [p for p in kind.parameters if draw(st.booleans())]
    parts = [f"{p.name} = {' , '.join(draw(written_values(p)))}" for p in given]
    return f"{kind.name}( {' ; '.join(parts)} )" if parts else kind.name


@given(terms())
@settings(max_examples=60)
def test_what_a_feature_is_written_as_means_the_same_feature(text):
    canonical = feature_text(text)
    assert feature_text(canonical) == canonical
    assert " " not in canonical.replace("; ", "")
    (one,), (two,) = named_features(text), named_features(canonical)
    assert (one.halo, one.columns(3)) == (two.halo, two.columns(3))


@given(st.text("lab+gor(); =,.0123456789-e", max_size=25))
@settings(max_examples=100)
def test_any_text_is_features_or_is_refused_in_words(text):
    with suppress(ParameterError):
        assert feature_text(named_features(text)) == feature_text(text)


def test_a_halo_that_is_too_small_would_be_noticed():
    texture = parse_features("texture", 3)
    short = replace(texture, members=(replace(texture.members[0], halo=3),))
    raster, tile = as_raster(PHOTO), Tile(slice(60, 80), slice(50, 67))
    assert not np.allclose(short.compute(raster, tile), texture.compute(raster, tile), atol=1e-2)
