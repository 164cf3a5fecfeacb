"""Every file in data/ is what its recipe makes."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gmmkit.io.image import read_image

_DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def recipe():
    if not _DATA.is_dir():
        pytest.skip("the project's data folder is not beside these tests")
    spec = importlib.util.spec_from_file_location("make_data", _DATA / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_recipe_makes_the_pixels_of_the_landscape(recipe):
    made = np.asarray(Image.open(io.BytesIO(recipe.files()["lakeside.png"])))
    np.testing.assert_array_equal(read_image(_DATA / "lakeside.png").pixels, made)


def test_every_image_in_the_folder_has_a_recipe(recipe):
    files = [path for path in _DATA.iterdir() if path.is_file()]
    assert {path.name for path in files if path.suffix not in {".py", ".md"}} == set(recipe.files())


def test_the_files_stay_small(recipe):
    assert sum(path.stat().st_size for path in _DATA.glob("*.png")) < 200_000
