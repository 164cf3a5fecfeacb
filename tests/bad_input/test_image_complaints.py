"""What users of other tools run into, and where it is shown that gmmkit's users do not.

The first twelve rows are complaints of many people about OpenCV, scikit-image and ilastik; the
table says which test answers each, here or in the file of the part that it concerns.
"""

import ast
from pathlib import Path

import numpy as np
import pytest
from partitions import card, plain_model

import gmmkit
from gmmkit.image import regions, segment
from gmmkit.image.hierarchy.working import shrunk
from gmmkit.image.pixels import as_raster

TESTS = Path(__file__).parents[1]
HERE = "bad_input/test_image_complaints.py"
MARKING = "unit/test_image_marking.py"

ANSWERS = {
    "grabCut asserts where few pixels are probably foreground": [
        (MARKING, "test_one_probable_pixel_of_the_object_is_enough")
    ],
    "grabCut asserts on a mask without sure background": [
        (MARKING, "test_no_sure_background_is_needed")
    ],
    "a singular covariance or an empty model ends the program": [
        (MARKING, "test_two_colors_without_any_spread_are_no_trouble"),
        (MARKING, "test_one_color_gives_the_middle_of_the_rectangle_and_says_so"),
        (HERE, "test_bands_that_repeat_each_other_are_segmented"),
        (HERE, "test_a_band_without_any_spread_is_segmented"),
    ],
    "a plain mask fails with a message that does not help": [
        (
            "bad_input/test_image_marking.py",
            "test_a_plain_mask_of_zeros_and_255_is_told_what_the_values_are",
        )
    ],
    "prediction takes one sample of an exact shape": [
        (HERE, "test_all_pixels_are_labeled_by_one_call_as_one_by_one"),
        ("unit/test_image_classes.py", "test_a_model_keeps_its_numbers_on_another_picture"),
    ],
    "a saved model gives other likelihoods, and covariances cannot be fed back": [
        (HERE, "test_a_saved_mixture_gives_the_same_likelihoods_to_the_last_bit"),
        (HERE, "test_a_fitted_mixture_can_be_taken_apart_and_put_together_again"),
        (HERE, "test_a_fit_can_start_from_given_covariances"),
    ],
    "a subtractor keeps learning at a rate of zero and cannot be copied": [
        ("unit/test_image_background.py", "test_a_learning_rate_of_zero_learns_nothing"),
        ("unit/test_image_background.py", "test_a_copy_goes_its_own_way"),
        (
            "unit/test_image_background.py",
            "test_a_saved_model_goes_on_as_if_nothing_had_been",
        ),
    ],
    "the mixture engine moved away, and users of other languages lost it": [
        (HERE, "test_a_mixture_is_a_file_of_plain_numbers_that_any_program_can_use")
    ],
    "regions are not connected, and their numbers are reused or start anywhere": [
        (
            "property/test_image_regions.py",
            "test_every_cut_has_connected_regions_numbered_by_area_wherever_pixels_count",
        ),
        (
            "unit/test_image_parts.py",
            "test_parts_are_connected_contiguous_and_the_largest_first",
        ),
    ],
    "the smallest size of a region is not respected": [
        ("unit/test_image_parts.py", "test_no_part_is_smaller_than_asked_for")
    ],
    "large pictures exhaust the memory, and classes beyond four are skipped": [
        (HERE, "test_a_large_picture_is_never_held_as_floats"),
        (HERE, "test_every_class_that_is_asked_for_is_there"),
        ("unit/test_image_classes.py", "test_labels_by_tiles_are_those_of_the_whole_picture"),
    ],
    "exported masks look black, and there is no file for each class": [
        ("unit/test_image_export.py", "test_a_viewer_shows_the_colors_of_the_classes"),
        (
            "unit/test_cli_image_writing.py",
            "test_every_class_has_a_mask_however_many_there_are",
        ),
    ],
    "superpixels take no more than three channels": [
        ("unit/test_image_regions.py", "test_bands_have_regions")
    ],
    "segmentation hangs in several processes or threads at once": [
        (HERE, "test_many_pictures_at_once_have_the_regions_of_one_at_a_time")
    ],
}


@pytest.mark.parametrize("complaint", ANSWERS)
def test_every_complaint_is_answered_by_tests_that_exist(complaint):
    for path, name in ANSWERS[complaint]:
        functions = ast.parse((TESTS / path).read_text(encoding="utf-8")).body
        assert name in {each.name for each in functions if isinstance(each, ast.FunctionDef)}


def colored_pixels(k=3, n=400, seed=0):
    """Noisy colors (n, 3), uint8, around k of them."""
    random = np.random.default_rng(seed)
    centers = np.linspace(30, 225, k)[random.integers(k, size=n), None] * [1.0, 0.7, 0.4]
    return np.clip(centers + random.normal(scale=5, size=(n, 3)), 0, 255).astype(np.uint8)


def test_bands_that_repeat_each_other_are_segmented():
    band = card()[0][:, :, :1] / 255
    result = segment(np.concatenate([band, band, 2 * band, -band, band + 1], axis=2), 2)
    assert np.mean((result.labels == 1) == card()[1]) > 0.97


def test_a_band_without_any_spread_is_segmented():
    bands = np.dstack([card()[0] / 255, np.zeros((24, 36)), np.ones((24, 36))])
    result = segment(bands, 2)
    assert np.mean((result.labels == 1) == card()[1]) > 0.97


def test_all_pixels_are_labeled_by_one_call_as_one_by_one():
    pixels = colored_pixels()
    estimator = gmmkit.GaussianMixture(3, init_params="kmeans", random_state=0).fit(pixels)
    together = estimator.predict(pixels)
    one_by_one = [int(estimator.predict(pixel[None])[0]) for pixel in pixels[:25]]
    assert together.shape == (400,)
    assert together[:25].tolist() == one_by_one


@pytest.fixture(scope="module")
def mixture():
    return gmmkit.fit(colored_pixels(), 3, start="kmeans", seed=0).mixture


def test_a_saved_mixture_gives_the_same_likelihoods_to_the_last_bit(mixture, tmp_path):
    gmmkit.save(mixture, tmp_path / "colors.gmm")
    loaded, pixels = gmmkit.load(tmp_path / "colors.gmm"), colored_pixels(seed=5)
    np.testing.assert_array_equal(loaded.log_density(pixels), mixture.log_density(pixels))


def test_a_fitted_mixture_can_be_taken_apart_and_put_together_again(mixture):
    covariance = gmmkit.Covariance("full", mixture.covariances)
    again = gmmkit.Mixture(mixture.weights, mixture.means, covariance)
    pixels = colored_pixels(seed=6)
    np.testing.assert_allclose(again.log_density(pixels), mixture.log_density(pixels), rtol=1e-12)


def test_a_fit_can_start_from_given_covariances(mixture):
    result = gmmkit.fit(colored_pixels(), 3, start=mixture)
    assert result.converged
    np.testing.assert_allclose(result.mixture.means, mixture.means, atol=0.5)


def test_a_mixture_is_a_file_of_plain_numbers_that_any_program_can_use(mixture, tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    gmmkit.save(mixture, tmp_path / "colors.gmm")
    arrays = safetensors.load((tmp_path / "colors.gmm").read_bytes())
    kept = [array for array in arrays.values() if array.shape == mixture.means.shape]
    assert any(np.array_equal(array, mixture.means) for array in kept)


def test_a_large_picture_is_never_held_as_floats():
    import tracemalloc

    picture = np.zeros((2400, 2400, 3), np.uint8)
    as_floats = picture.size * 4
    tracemalloc.start()
    try:
        shrunk(as_raster(picture), 6)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < as_floats / 4


def test_every_class_that_is_asked_for_is_there():
    pixels = np.sort(colored_pixels(7, n=48 * 60), axis=0).reshape(48, 60, 3)
    result = segment(pixels, 7, features="rgb", smoothness=0)
    assert np.unique(result.labels).tolist() == list(range(7))


def test_many_pictures_at_once_have_the_regions_of_one_at_a_time():
    from concurrent.futures import ThreadPoolExecutor

    pictures = [card(seed=seed)[0] for seed in range(4)]

    def finest(picture):
        return regions(picture, model=plain_model(), n_threads=2).finest

    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(finest, pictures))
    for found, picture in zip(together, pictures, strict=True):
        np.testing.assert_array_equal(found, finest(picture))
