"""Segmenting: what comes out, in which order, with which model, on which kinds of pictures."""

import weakref

import numpy as np
import pytest
from scipy import ndimage

import gmmkit
import gmmkit.core.fits.fitting
from gmmkit.errors import FeatureContractError, FitWarning, InputError, ParameterError
from gmmkit.image import compute_features, fit_shared, labeling, segment
from gmmkit.image.labeling import _agreeing
from gmmkit.image.tiles import cut
from gmmkit.io.model import Model

STRIPES = ((200, 60, 50), (40, 90, 190), (240, 240, 235))


def striped(widths=(30, 18, 12), height=40, noise=6, seed=0):
    """Vertical stripes of three colors, the first ones wider, with noise."""
    columns = np.repeat(np.array(STRIPES), widths, axis=0)
    picture = np.repeat(columns[None], height, axis=0).astype(float)
    picture += np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def picture():
    return striped()


@pytest.fixture(scope="module")
def result(picture):
    return segment(picture, k=3, features="lab")


@pytest.fixture(scope="module")
def partly(picture):
    mask = np.ones(picture.shape[:2], dtype=bool)
    mask[:10, :25] = False
    return mask, segment(picture, k=3, features="lab", mask=mask)


def test_stripes_are_found(result):
    expected = np.repeat([0, 1, 2], (30, 18, 12))
    assert (result.labels == expected).mean() > 0.97


def test_labels_are_int32_and_read_only(result):
    assert result.labels.dtype == np.int32
    assert not result.labels.flags.writeable


def test_classes_are_numbered_by_area_after_smoothing():
    textured = np.random.default_rng(5).integers(0, 255, (60, 70, 3)).astype(np.uint8)
    areas = np.bincount(segment(textured, k=5, smoothness=3.0).labels.ravel(), minlength=5)
    assert (np.diff(areas) <= 0).all()


def test_shares_are_those_of_the_labels(result):
    expected = np.bincount(result.labels.ravel()) / result.labels.size
    assert np.array_equal(result.shares, expected)


def test_components_are_in_the_order_of_the_classes(picture, result):
    lab = compute_features(picture, "lab")
    for number in range(3):
        mean = lab[result.labels == number].mean(axis=0)
        assert np.linalg.norm(result.mixture.means - mean, axis=1).argmin() == number


def test_mean_colors_are_those_of_the_picture(picture, result):
    for number in range(3):
        mean = picture[result.labels == number].mean(axis=0)
        assert result.mean_colors[number] == pytest.approx(mean, abs=0.51)


def test_probabilities_sum_to_one(result):
    assert np.allclose(result.probabilities.sum(axis=2), 1, atol=1e-6)


@pytest.mark.parametrize("smoothness", [0.0, 2.0])
def test_the_label_is_the_most_probable_class(smoothness):
    noisy = striped(noise=60)
    result = segment(noisy, k=3, smoothness=smoothness)
    assert np.array_equal(result.probabilities.argmax(axis=2), result.labels)


def test_without_smoothing_probabilities_are_the_responsibilities(picture):
    result = segment(picture, k=3, features="lab", smoothness=0)
    rows = compute_features(picture, "lab").reshape(-1, 3)
    expected = result.mixture.responsibilities(rows).reshape(40, 60, 3)
    assert np.allclose(result.probabilities, expected, atol=1e-5)


def test_smoothing_leaves_fewer_specks():
    noisy = striped(noise=70)
    rough, even = (segment(noisy, k=3, features="bands", smoothness=s).labels for s in (0, 2))
    assert ndimage.label(even == 0)[1] < ndimage.label(rough == 0)[1] / 4


def test_ties_to_rounding_go_to_the_label():
    probabilities = np.full((1, 2, 2), 0.5, dtype=np.float32)
    labels = np.array([[1, 0]], dtype=np.int32)
    agreeing = _agreeing(probabilities, labels)
    assert agreeing.argmax(axis=2).tolist() == [[1, 0]]
    assert np.allclose(agreeing, 0.5, atol=1e-7)


def test_excluded_pixels_are_minus_one(partly):
    mask, result = partly
    assert np.array_equal(result.labels == -1, ~mask)


def test_excluded_pixels_have_no_probability(partly):
    mask, result = partly
    assert (result.probabilities[~mask] == 0).all()


def test_shares_are_of_the_pixels_that_count(partly):
    _, result = partly
    assert result.shares == pytest.approx([950 / 2150, 720 / 2150, 480 / 2150], abs=0.02)


def test_alpha_zero_excludes_a_pixel(picture, partly):
    mask, expected = partly
    rgba = np.dstack([picture, np.where(mask, 255, 0)]).astype(np.uint8)
    assert np.array_equal(segment(rgba, k=3, features="lab").labels, expected.labels)


def test_everything_masked_is_refused(picture):
    with pytest.raises(InputError, match="no pixel of the image is left"):
        segment(picture, mask=np.zeros(picture.shape[:2], bool))


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_threads():
    large = striped((500, 350, 110), height=500, noise=40)
    one, two = (segment(large, 4, max_fit_pixels=9000, n_threads=n) for n in (1, 2))
    assert one.labels.tobytes() == two.labels.tobytes()
    assert one.probabilities.tobytes() == two.probabilities.tobytes()
    assert one.mixture.means.tobytes() == two.mixture.means.tobytes()


def test_features_that_do_not_fit_in_memory_give_the_same_labels(monkeypatch):
    large = striped((500, 350, 110), height=500, noise=40)
    expected = segment(large, 4, max_fit_pixels=9000).labels
    monkeypatch.setattr(labeling, "_LARGEST_STORE_BYTES", 0)
    assert (segment(large, 4, max_fit_pixels=9000).labels == expected).mean() > 0.9999


def test_labels_by_tiles_are_those_of_the_whole_picture(monkeypatch):
    noisy = np.random.default_rng(3).integers(0, 255, (90, 100, 3)).astype(np.uint8)
    whole = segment(noisy, 4, features="bands", smoothness=3.0)
    monkeypatch.setattr(labeling, "cut", lambda shape: cut(shape, side=11))
    by_tiles = segment(noisy, features="bands", smoothness=3.0, model=whole.model)
    assert np.array_equal(by_tiles.labels, whole.labels)


@pytest.mark.parametrize(
    "convert",
    [
        lambda picture: picture.astype(np.uint16) * 257,
        lambda picture: picture / 255,
        lambda picture: (picture / 255).astype(np.float32),
        lambda picture: (picture.astype(np.uint16) * 257).astype(">u2"),
        np.asfortranarray,
    ],
)
def test_labels_do_not_depend_on_the_type_of_the_pixels(picture, result, convert):
    assert np.array_equal(segment(convert(picture), k=3, features="lab").labels, result.labels)


def test_bands_are_segmented_and_the_other_features_are_noted():
    bands = np.concatenate([striped(), striped(seed=1)], axis=2)
    result = segment(bands, k=3, smoothness=1)
    assert result.features.text == "bands+texture"
    assert result.notes == ("6 bands: features bands+texture instead of lab+texture",)


def test_a_gray_picture_has_gray_mean_colors(picture):
    colors = segment(picture[..., 0], k=2).mean_colors
    assert (colors == colors[:, :1]).all()


def test_a_large_picture_is_fitted_on_a_sample_and_says_so(picture):
    result = segment(picture, k=3, features="lab", max_fit_pixels=1000)
    assert result.notes == ("fitted on 1,000 of 2,400 pixels, chosen by seed 0",)
    assert result.labels.min() == 0


def test_another_seed_takes_another_sample(picture):
    one, two = (segment(picture, 3, max_fit_pixels=500, seed=seed) for seed in (0, 1))
    assert not np.array_equal(one.mixture.means, two.mixture.means)


def test_fewer_colors_than_classes_is_a_warning_with_fewer_classes():
    two_colors = np.zeros((20, 20, 3), np.uint8)
    two_colors[:, 12:] = 255
    with pytest.warns(FitWarning, match="2 colors, fewer than 5 classes"):
        result = segment(two_colors, k=5)
    assert result.k == 2
    assert result.notes == ("2 of 5 classes: fewer different pixels",)


@pytest.mark.parametrize("shape", [(9, 11, 3), (1, 1, 3), (1, 1), (30, 2)])
def test_a_constant_picture_is_one_class_with_a_warning(shape):
    with pytest.warns(FitWarning, match="1 color, fewer than 2 classes"):
        result = segment(np.full(shape, 77, np.uint8), k=2)
    assert (result.labels == 0).all()
    assert (result.probabilities == 1).all()


@pytest.mark.parametrize("shape", [(1, 100_000), (100_000, 1)])
def test_a_picture_of_one_line_is_segmented(shape):
    values = np.where(np.arange(100_000) < 60_000, 30, 200) + np.arange(100_000) % 7
    labels = segment(values.astype(np.uint8).reshape(shape), k=2, features="gray").labels.ravel()
    assert labels[100] == 0
    assert labels[-100] == 1


def test_a_model_keeps_its_numbers_on_another_picture(result):
    other = striped(widths=(5, 15, 40), seed=9)
    labels = segment(other, model=result.model).labels
    assert [labels[20, 2], labels[20, 12], labels[20, 40]] == [0, 1, 2]


def test_an_absent_class_of_a_model_has_no_share(result):
    other = striped(widths=(40, 20, 0), seed=9)
    again = segment(other, model=result.model)
    assert again.k == 3
    assert again.shares == pytest.approx([2 / 3, 1 / 3, 0], abs=0.02)
    assert again.mean_colors[2].tolist() == [0, 0, 0]


def test_a_model_gives_back_the_labels_it_was_fitted_with(picture, result):
    assert np.array_equal(segment(picture, model=result.model).labels, result.labels)


def test_a_model_survives_its_file(picture, result, tmp_path):
    gmmkit.save(result.model, tmp_path / "stripes.gmm")
    again = segment(picture, model=tmp_path / "stripes.gmm")
    assert np.array_equal(again.labels, result.labels)
    assert again.fit is None


def test_other_features_than_the_model_s_are_refused_with_both(picture, result):
    with pytest.raises(FeatureContractError, match=r"features='lab'.*features='rgb'"):
        segment(picture, model=result.model, features="rgb")


def test_a_color_picture_does_not_fit_a_gray_model(picture):
    gray = segment(picture[..., 0], k=2).model
    with pytest.raises(FeatureContractError, match=r"channels='gray'.*channels='color'"):
        segment(picture, model=gray)


@pytest.mark.parametrize("features", ["lab", "lab+texture", "rgb+edges"])
def test_bands_do_not_fit_a_color_model_whatever_its_features(picture, features):
    model = segment(picture, k=2, features=features).model
    bands = np.concatenate([picture, picture], axis=2)
    with pytest.raises(FeatureContractError, match=r"'color', n_channels=3.*'bands', n_channels=6"):
        segment(bands, model=model)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_no_picture_of_bands_does_not_fit_their_model(picture, channels):
    model = segment(np.concatenate([picture, picture], axis=2), k=2).model
    expected = rf"n_channels=6; needed .*n_channels={channels}"
    with pytest.raises(FeatureContractError, match=expected):
        segment(picture[..., :channels], model=model)


def test_a_gray_picture_is_read_as_color_by_a_color_model(picture, result):
    gray = picture[..., 2]
    expected = segment(np.repeat(gray[..., None], 3, axis=2), model=result.model).labels
    assert np.array_equal(segment(gray, model=result.model).labels, expected)


def test_a_model_of_something_else_is_refused(picture, result):
    voices = Model("voices", {}, {"classes": result.mixture}, {}, {})
    with pytest.raises(FeatureContractError, match="kind 'voices'"):
        segment(picture, model=voices)


@pytest.mark.parametrize("columns", [2, 5])
def test_a_model_whose_mixture_has_other_columns_is_refused(picture, result, columns):
    mixture = gmmkit.Mixture([1.0], np.zeros((1, columns)), np.eye(columns)[None])
    broken = Model("image-classes", result.model.contract, {"classes": mixture}, {}, {})
    with pytest.raises(FeatureContractError, match="with 3 columns"):
        segment(picture, model=broken)


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "3"])
def test_a_number_of_classes_that_is_none_is_refused(picture, k):
    with pytest.raises(ParameterError, match="k is not usable"):
        segment(picture, k=k)


def test_a_shared_model_numbers_the_same_color_the_same():
    pictures = [striped(), striped(widths=(6, 40, 14), seed=1)]
    model = fit_shared(pictures, k=3, features="lab")
    one, two = (segment(picture, model=model).labels for picture in pictures)
    assert [one[20, 10], one[20, 40], one[20, 55]] == [two[20, 1], two[20, 25], two[20, 55]]


def test_pictures_count_equally_in_a_shared_model():
    small, large = np.full((10, 10), 20, np.uint8), np.full((100, 100), 220, np.uint8)
    model = fit_shared([small, large], k=2, features="gray", max_fit_pixels=200)
    assert model.mixtures["classes"].weights == pytest.approx([0.5, 0.5], abs=0.01)


def test_pictures_for_a_shared_model_are_not_kept():
    def pictures():
        for seed in range(3):
            picture = striped(seed=seed)
            seen.append(weakref.ref(picture))
            yield picture
            del picture
            assert sum(reference() is not None for reference in seen) <= 1

    seen = []
    fit_shared(pictures(), k=3)
    assert len(seen) == 3


def test_a_shared_model_is_fitted_to_no_more_pixels_than_asked_for(monkeypatch):
    sizes = []
    original = gmmkit.core.fits.fitting.fit

    def counting(rows, *arguments, **named):
        sizes.append(len(rows))
        return original(rows, *arguments, **named)

    monkeypatch.setattr("gmmkit.core.fits.fitting.fit", counting)
    fit_shared([striped(seed=seed) for seed in range(3)], k=3, max_fit_pixels=1000)
    assert sizes == [999]


def test_gray_pictures_join_color_ones_in_a_shared_model(picture):
    model = fit_shared([picture, picture[..., 0]], k=3)
    assert model.contract["channels"] == "color"


def test_color_pictures_do_not_join_gray_ones(picture):
    with pytest.raises(FeatureContractError, match="color with 3 channels"):
        fit_shared([picture[..., 0], picture], k=3)


def test_no_picture_is_refused():
    with pytest.raises(InputError, match="no picture to fit"):
        fit_shared([])
