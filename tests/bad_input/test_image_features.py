"""Features that cannot be: every refusal says what was found and what would do."""

import numpy as np
import pytest

from gmmkit.errors import FeatureContractError, GmmkitError, InputError, ParameterError
from gmmkit.image import compute_features, fit_shared, own_feature, segment
from gmmkit.image.features import named_features, parse_features
from gmmkit.io.model_value import Model

PICTURE = np.random.default_rng(0).random((60, 70))


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("texture(0)", "1 to 8 different numbers from 0.5 to 50"),
        ("texture(nan)", "1 to 8 different numbers"),
        ("texture(inf)", "1 to 8 different numbers"),
        ("texture(2,2.0)", "1 to 8 different numbers"),
        ("texture()", "1 to 8 different numbers"),
        ("texture(1,2,3,4,5,6,7,8,9)", "1 to 8 different numbers"),
        ("texture(two)", "1 to 8 different numbers"),
        ("gabor(orientations=2.5)", "one whole number from 1 to 16"),
        ("gabor(orientations=2,3)", "one whole number from 1 to 16"),
        ("gabor(pool=sum)", "one of none, mean, max"),
        ("statistics(measures=mode)", "one or more of mean, deviation, skewness, range, entropy"),
        ("gabor(0.9)", "1 to 8 different numbers from 0.02 to 0.5"),
        ("gabor(wavelengths=3)", "one of frequencies, orientations, pool"),
        ("position(3)", "'position' alone"),
        ("gabor(0.1; 6)", "parameter=values, each once"),
        ("gabor(orientations=2; orientations=3)", "parameter=values, each once"),
        ("gabor(0.1; frequencies=0.2)", "parameter=values, each once"),
        ("lab(1", "lab, luv, rgb"),
        ("lab)", "lab, luv, rgb"),
        ("lab((1))", "lab, luv, rgb"),
        ("lab texture", "lab, luv, rgb"),
        ("lab++texture", "lab, luv, rgb"),
        ("edges@1", "lab, luv, rgb"),
        ("<script>", "lab, luv, rgb"),
    ],
)
def test_text_that_names_no_feature_is_refused_with_what_would(text, needed):
    with pytest.raises(ParameterError) as refusal:
        named_features(text)
    assert needed in refusal.value.needed


@pytest.mark.parametrize("features", [None, 5, [], (), ["lab", None], {"lab"}, [["lab"]], b"lab"])
def test_what_is_neither_text_nor_feature_is_refused(features):
    with pytest.raises(ParameterError, match="features are not usable"):
        compute_features(PICTURE, features)


@pytest.mark.parametrize("call", [segment, lambda image, **k: fit_shared([image], **k)])
def test_every_way_in_refuses_the_same(call):
    with pytest.raises(ParameterError, match="features are not usable"):
        call(PICTURE, features=["lab", "colour"])


@pytest.mark.parametrize("text", ["lab+lab", "texture(2)+texture(2,4)", "statistics+lm+mr8(2)+mr8"])
def test_a_column_that_is_there_twice_is_named(text):
    with pytest.raises(ParameterError, match="a column twice: found '"):
        parse_features(text, 3)


@pytest.mark.parametrize("text", ["lab", "hsv(2)", "texture+rgb"])
def test_bands_have_no_colors(text):
    with pytest.raises(InputError, match="5 channels"):
        compute_features(np.zeros((4, 4, 5)), text)


@pytest.mark.parametrize("text", ["lm", "gabor", "lbp", "tensor", "edges", "statistics"])
def test_floats_beyond_one_are_no_lightness_of_a_color(text):
    with pytest.raises(InputError, match="values from 0 to 255"):
        compute_features(np.linspace(0, 255, 30).reshape(5, 6), text)


@pytest.mark.parametrize("name", ["", "Edges", "lab", "a b", "x@2", "e+f", "e(1)", None, 3])
def test_a_name_that_could_be_read_otherwise_is_refused(name):
    with pytest.raises(ParameterError, match="name of a feature"):
        own_feature(name, np.abs, halo=0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"function": "sobel"}, "needs a function"),
        ({"halo": -1}, "halo"),
        ({"halo": 1.5}, "halo"),
        ({"halo": True}, "halo"),
        ({"halo": 501}, "at most 500 pixels"),
        ({"reads": "window"}, "'lightness' or 'pixels'"),
        ({"step": 0}, "step"),
        ({"step": float("nan")}, "step"),
        ({"step": "1"}, "step"),
        ({"version": 0}, "version"),
        ({"version": "2"}, "version"),
        ({"columns": ("a", "a")}, "columns"),
        ({"columns": (1,)}, "columns"),
        ({"columns": ("",)}, "columns"),
        ({"columns": "ab"}, "columns"),
    ],
)
def test_arguments_of_a_function_are_checked_when_it_is_made(change, problem):
    with pytest.raises(ParameterError, match=problem):
        own_feature(**{"name": "mine", "function": np.abs, "halo": 0, **change})


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda lightness: lightness[1:], "shape"),
        (lambda lightness: np.stack([lightness] * 2, axis=2), "shape"),
        (lambda lightness: 3.0, "shape"),
        (lambda lightness: lightness.astype(str), "dtype"),
        (lambda lightness: lightness + 1j, "dtype"),
        (lambda lightness: None, "dtype object"),
        (lambda lightness: np.where(lightness > 50, np.nan, 0), "NaN or infinite"),
        (lambda lightness: np.full(lightness.shape, np.inf), "NaN or infinite"),
        (lambda lightness: np.full(lightness.shape, 1e300), "NaN or infinite"),
    ],
)
def test_what_a_function_returns_is_checked_with_its_name(function, problem):
    with pytest.raises(ParameterError, match=problem) as refusal:
        compute_features(PICTURE, own_feature("mine", function, halo=0))
    assert "'mine'" in refusal.value.problem


@pytest.mark.parametrize(
    "function",
    [
        lambda lightness: lightness / lightness.max() + lightness.mean(),
        lambda lightness: np.roll(lightness, 6, axis=1),
    ],
)
def test_a_function_that_looks_beyond_its_halo_is_found_out(function):
    with pytest.raises(ParameterError, match="beyond its halo"):
        compute_features(PICTURE, own_feature("far", function, halo=2))


def test_an_error_inside_a_function_is_shown_as_it_is():
    with pytest.raises(ZeroDivisionError):
        compute_features(PICTURE, own_feature("broken", lambda lightness: 1 / 0, halo=0))


@pytest.mark.parametrize("recorded", ["lab+", "lab(", "nonsense", "x@99999", "texture(1e999)", ""])
def test_a_model_with_a_strange_contract_is_refused_in_words(recorded):
    from gmmkit.core.mixture import Mixture

    mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    model = Model("image-classes", {"features": recorded}, {"classes": mixture})
    with pytest.raises(FeatureContractError) as refusal:
        segment(PICTURE, model=model)
    assert isinstance(refusal.value, GmmkitError)
