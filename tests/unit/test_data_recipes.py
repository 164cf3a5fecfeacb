"""Every file in data/ is what its recipe makes."""

import importlib.util
import io
from collections import Counter
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


def test_the_recipe_makes_the_table_of_fruits(recipe):
    assert (_DATA / "fruit_basket.csv").read_bytes() == recipe.files()["fruit_basket.csv"]


def test_the_basket_holds_three_sorts_of_fruits_in_plausible_sizes(recipe):
    table = recipe.fruit_basket().splitlines()[1:]
    sizes = np.array([line.split(",")[1:] for line in table], dtype=float)
    assert Counter(line.split(",")[0] for line in table) == {"apple": 60, "orange": 50, "lemon": 40}
    assert (sizes.min(axis=0) > (60, 45, 0)).all()
    assert (sizes.max(axis=0) < (300, 95, 120)).all()


def test_the_deviates_behind_the_fruits_are_nearly_normal(recipe):
    deviates = recipe.bells(4000, seed=5) / 256
    assert abs(deviates.mean()) < 0.06  # four standard errors are 0.063
    assert abs(deviates.std() - 1) < 0.045
    assert abs((np.abs(deviates) < 1).mean() - 0.683) < 0.03


@pytest.mark.parametrize("name", ["card_transactions.csv", "purchases.csv"])
def test_the_recipe_makes_the_tables_of_payments_and_purchases(recipe, name):
    assert (_DATA / name).read_bytes() == recipe.files()[name]


def test_the_payments_hold_three_kinds_of_fraud_and_no_value_below_zero(recipe):
    lines = [line.split(",") for line in recipe.card_transactions().splitlines()[1:]]
    kinds = {"no": 2910, "testing": 30, "cash-out": 30, "clone": 30}
    assert Counter(line[-1] for line in lines) == kinds
    numbers = np.array([line[:-1] for line in lines], dtype=float)
    assert (numbers[:, 0] == np.arange(1, 3001)).all()
    assert (numbers >= 0).all()
    assert numbers[:, 1].max() < 24


def test_the_purchases_are_in_order_of_time_and_of_490_customers_in_two_years(recipe):
    lines = [line.split(",") for line in recipe.purchases().splitlines()[1:]]
    customers, dates, orders, amounts = zip(*lines, strict=True)
    assert len(set(customers)) == 490
    assert list(dates) == sorted(dates)
    assert {date[:4] for date in dates} == {"2024", "2025"}
    assert list(map(int, orders)) == list(range(10001, 10001 + len(orders)))
    assert min(map(float, amounts)) > 1


def test_powers_of_two_are_exact_at_whole_exponents_and_near_between(recipe):
    exponents = np.arange(0, 16 * 256, 7)
    exact = 2.0 ** (exponents / 256)
    assert (recipe.power(256 * np.arange(16)) == 2 ** np.arange(16)).all()
    assert (np.abs(recipe.power(exponents) - exact) <= 0.062 * exact + 1).all()


def test_every_file_in_the_folder_has_a_recipe(recipe):
    files = [path for path in _DATA.iterdir() if path.is_file()]
    assert {path.name for path in files if path.suffix not in {".py", ".md"}} == set(recipe.files())


def test_the_files_stay_small(recipe):
    assert sum(path.stat().st_size for path in _DATA.glob("*.*")) < 500_000
