"""Features by name and by value: how they are written, what models know, functions of users."""

import copy
import pickle

import numpy as np
import pytest
from scipy import ndimage

import gmmkit
from gmmkit.errors import FeatureContractError
from gmmkit.image import compute_features, fit_shared, own_feature, segment
from gmmkit.image.features import FEATURES, feature_text, named_features, parse_features


@pytest.fixture
def photo():
    noise = np.random.default_rng(1).random((30, 40, 3))
    return (255 * ndimage.gaussian_filter(noise, (2, 2, 0))).astype(np.uint8)


def slope(lightness):
    return ndimage.sobel(lightness)


def test_parameters_that_are_the_defaults_are_not_written():
    assert feature_text("gabor(0.08,0.16,0.32; orientations=4; pool=none)") == "gabor"


def test_the_first_parameter_needs_no_name():
    assert feature_text("texture(scales=2,8)") == feature_text("texture(2,8)") == "texture(2,8)"


def test_spaces_and_order_do_not_matter():
    assert feature_text(" lab + gabor( .2,.1 ;orientations = 6 ) ") == (
        "lab+gabor(0.1,0.2; orientations=6)"
    )


def test_every_digit_of_a_number_is_kept():
    assert feature_text("texture(2.000000001)") == "texture(2.000000001)"


def test_a_plus_inside_parentheses_belongs_to_the_number():
    assert feature_text("texture(1e+1)+lab") == "texture(10)+lab"


def test_a_list_is_the_same_as_names_joined_by_plus(photo):
    names = compute_features(photo, "lab+texture(3)+position")
    listed = compute_features(photo, ["lab", *named_features("texture(3)"), "position"])
    assert np.array_equal(names, listed)


def test_one_feature_may_be_taken_at_several_parameters():
    columns = parse_features("gray+gray(4)+texture(2)+texture(9)", 3).columns
    assert columns == ("luminance", "luminance 4", "texture 2", "texture 9")


def test_the_contract_holds_the_parameters():
    contract = parse_features("gray+texture(4, 3)", 3).contract()
    assert contract["features"] == "gray+texture(3,4)"
    assert contract["columns"] == ["luminance", "texture 3", "texture 4"]


def test_the_default_gives_way_for_bands_however_it_is_written():
    assert parse_features(["lab", "texture(2,4)"], 6).text == "bands+texture"


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_a_feature_set_can_be_sent_to_another_process(photo, name):
    features = parse_features(name, 3)
    there = pickle.loads(pickle.dumps(features))
    assert there == features
    assert there.columns == features.columns


def test_a_function_of_ones_own_can_be_sent_to_another_process():
    feature = own_feature("slope", slope, columns=("s",), halo=1, version=3)
    there = copy.deepcopy(feature)
    assert (there, there.columns(1)) == (feature, ("s",))


def test_a_function_of_ones_own_is_a_column_beside_others(photo):
    feature = own_feature("slope", slope, halo=1)
    lightness = compute_features(photo, "lab(0)")[..., 0].astype(np.float64)
    found = compute_features(photo, ["lab", feature])
    assert found.shape == (30, 40, 4)
    assert found[..., 3] == pytest.approx(slope(lightness), abs=1e-3)


def test_a_function_may_read_the_channels_and_give_several_columns(photo):
    feature = own_feature(
        "chroma",
        lambda pixels: pixels[..., :2] - pixels[..., 1:],
        columns=("red - green", "green - blue"),
        halo=0,
        reads="pixels",
    )
    expected = np.diff(photo / 255, axis=2) * -1
    assert compute_features(photo, [feature]) == pytest.approx(expected, abs=1e-6)


def test_a_function_never_sees_what_is_excluded():
    seen = []

    def spy(lightness):
        seen.append(lightness)
        return lightness

    picture, mask = np.full((9, 9), 0.5), np.ones((9, 9), bool)
    picture[4, 4], mask[4, 4] = 1, False
    compute_features(picture, own_feature("spy", spy, halo=2), mask=mask)
    assert all(np.ptp(lightness) < 1e-3 for lightness in seen)


def test_a_function_that_writes_to_its_input_spoils_nothing(photo):
    def zeroed(lightness):
        lightness[:] = 0
        return lightness

    features = compute_features(photo, [own_feature("zero", zeroed, halo=0), "texture"])
    assert np.array_equal(features[..., 1:], compute_features(photo, "texture"))


def test_a_function_is_computed_by_tiles_as_on_the_whole_picture():
    random = np.random.default_rng(0).random((400, 420))
    feature = own_feature("slope", slope, halo=1)
    labels = segment(random, k=2, features=[feature, "gray"], smoothness=0, seed=0)
    assert labels.probabilities.shape == (400, 420, 2)


def test_segment_and_fit_shared_take_lists(photo):
    features = ["lab", own_feature("slope", slope, halo=1)]
    model = fit_shared([photo, photo[::-1]], k=2, features=features)
    assert model.contract["features"] == "lab+slope@1"
    segmentation = segment(photo, features=features, model=model)
    assert segmentation.labels.max() == 1
    assert segmentation.model.contract["features"] == "lab+slope@1"


def test_a_model_with_a_function_is_refused_without_it(photo, tmp_path):
    segmentation = segment(photo, k=2, features=["lab", own_feature("slope", slope, halo=1)])
    gmmkit.save(segmentation.model, tmp_path / "own.gmm")
    with pytest.raises(FeatureContractError, match=r"'slope', version 1, as in lab\+slope@1"):
        segment(photo, model=tmp_path / "own.gmm")


def test_a_model_with_a_function_is_refused_with_another_version_of_it(photo):
    old, new = (own_feature("slope", slope, halo=1, version=number) for number in (1, 2))
    model = segment(photo, k=2, features=["lab", old]).model
    with pytest.raises(FeatureContractError, match=r"found features lab\+slope@2"):
        segment(photo, features=["lab", new], model=model)


def test_a_model_remembers_its_parameters_for_pictures_to_come(photo):
    model = segment(photo, k=2, features="lab+texture(3)").model
    assert segment(photo, model=model).features.text == "lab+texture(3)"


def test_a_model_with_other_parameters_is_refused(photo):
    model = segment(photo, k=2, features="lab+texture(3)").model
    with pytest.raises(FeatureContractError, match="texture"):
        segment(photo, features="lab+texture(4)", model=model)


def test_what_is_written_otherwise_is_no_note(photo):
    assert segment(photo, k=2, features=" lab + texture(2,4)").notes == ()
