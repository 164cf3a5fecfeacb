"""Maps of the data that a family's answer must follow: shifts, units, rotations, linear maps."""

import numpy as np
import pytest
from parsimonious import FOURTEEN
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import Covariance, Mixture, fit
from gmmkit.core.families import family as family_named
from gmmkit.core.families import family_names
from gmmkit.core.search.hunt import Search

N = 400
# The maps of the data that may not change a family's answer, as the literature has them.
ANY_LINEAR_MAP = ("VVV", "EEE", "VEE", "EVV")
SCALED_COLUMNS = ("VVI", "EEI", "VEI", "EVI")
ROTATED = ("VII", "EII", "EVE", "VVE", "EEV", "VEV")


def rows_of(seed=0, d=3):
    """Overlapping groups, so that a wrong digit moves labels."""
    return blobs(N, d, 3, seed=seed, separation=2.5)


def assert_equivariant(rows, moved, log_volume, *, covariance, precision="auto", **options):
    """The fit of moved rows is the moved fit: labels, and likelihood up to the Jacobian."""
    settings = {"covariance": covariance, "seed": 0, "precision": precision, **options}
    settings.setdefault("start", "kmeans")
    ours, theirs = fit(rows, 3, **settings), fit(moved, 3, **settings)
    gain = theirs.log_likelihood + len(rows) * log_volume - ours.log_likelihood
    assert abs(gain) < 1e-6 * len(rows)
    same = ours.mixture.labels(rows) == theirs.mixture.labels(moved)
    assert same.mean() >= 0.9999


@pytest.mark.parametrize("offset", [1e4, -1e8])
@pytest.mark.parametrize("family", FOURTEEN)
def test_an_offset_changes_no_label_and_no_likelihood(family, offset):
    rows = rows_of(seed=1)
    assert_equivariant(rows, rows + offset, 0.0, covariance=family)


@pytest.mark.parametrize("unit", [1e-5, 1e5])
@pytest.mark.parametrize("family", FOURTEEN)
def test_the_unit_of_the_data_changes_no_label_and_shifts_the_likelihood(family, unit):
    rows = rows_of(seed=2)
    assert_equivariant(rows, rows * unit, 3 * np.log(unit), covariance=family)


@pytest.mark.parametrize("family", [*ANY_LINEAR_MAP, *SCALED_COLUMNS])
def test_a_unit_of_its_own_for_every_column_changes_no_label(family):
    rows, units = rows_of(seed=3), np.array([1e-5, 7.0, 1e5])
    assert_equivariant(rows, rows * units, np.log(units).sum(), covariance=family)


@pytest.mark.parametrize("family", FOURTEEN)
def test_an_offset_in_small_units_changes_no_label(family):
    """Standing at 1e3 with a spread of 1e-5: eight digits of the data are the offset's."""
    rows = rows_of(seed=4)
    assert_equivariant(rows, rows * 1e-5 + 1e3, 3 * np.log(1e-5), covariance=family)


@pytest.mark.parametrize("family", FAMILIES)
def test_turning_columns_round_changes_no_label(family):
    rows = rows_of(seed=5)
    order = np.lexsort(rows.T[::-1])
    start = start_of(rows[order], family)
    turned = mapped(start, np.eye(3)[[2, 0, 1]])
    assert_maps_along(rows, start, turned, np.eye(3)[[2, 0, 1]])


@pytest.mark.parametrize("exponent", [-20, 3, 60])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_power_of_two_as_unit_changes_no_bit(family, exponent):
    rows, unit = rows_of(seed=6), 2.0**exponent
    ours, theirs = (fit(x, 3, covariance=family, seed=0) for x in (rows, rows * unit))
    assert (theirs.mixture.means / unit).tobytes() == ours.mixture.means.tobytes()
    values = theirs.mixture.covariance.values / unit**2
    assert values.tobytes() == ours.mixture.covariance.values.tobytes()
    assert theirs.n_iter == ours.n_iter


def start_of(rows, name):
    """A start in the coordinates of the rows, with rows enough for every component."""
    return fit(rows, 3, covariance=name, start="kmeans", seed=0, max_iter=0).mixture


def mapped(mixture, matrix, offset=0.0):
    """A mixture of the rows that a linear map and a shift make of a mixture's rows."""
    family = mixture.covariance.family
    dense = matrix @ mixture.covariances @ matrix.T
    covariance = Covariance(family, family.from_dense(dense))
    return Mixture(mixture.weights, mixture.means @ matrix.T + offset, covariance)


def assert_maps_along(rows, start, moved_start, matrix, offset=0.0, *, tolerance=1e-8):
    """Twelve iterations from a mapped start on mapped rows are the mapped iterations."""
    family = start.covariance.family.name
    moved = rows @ matrix.T + offset
    options = {"covariance": family, "tol": 0, "max_iter": 12}
    ours = fit(rows, 3, start=start, **options)
    theirs = fit(moved, 3, start=moved_start, **options)
    expected = mapped(ours.mixture, matrix, offset)
    log_volume = np.linalg.slogdet(matrix)[1]
    gain = theirs.log_likelihood + len(rows) * log_volume - ours.log_likelihood
    assert abs(gain) < 1e-6 * len(rows)
    spread = moved.std(axis=0)
    assert (abs(theirs.mixture.means - expected.means) / spread).max() < tolerance
    scale = np.outer(spread, spread)
    assert (abs(theirs.mixture.covariances - expected.covariances) / scale).max() < tolerance


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("family", ANY_LINEAR_MAP)
def test_any_linear_map_carries_a_fit_along(family, seed):
    mixing = np.random.default_rng(seed).normal(size=(3, 3))
    matrix = np.diag([1e-4, 1.0, 1e4]) @ mixing
    rows = rows_of(seed)
    start = start_of(rows, family)
    assert_maps_along(rows, start, mapped(start, matrix, 5.0), matrix, 5.0)


@pytest.mark.parametrize("family", FOURTEEN)
def test_a_shift_and_one_unit_carry_a_fit_along(family):
    start, matrix = start_of(rows_of(1), family), 250.0 * np.eye(3)
    assert_maps_along(rows_of(1), start, mapped(start, matrix, -1e4), matrix, -1e4)


@pytest.mark.parametrize("family", [*ANY_LINEAR_MAP, *ROTATED])
def test_a_rotation_carries_a_fit_along(family):
    matrix, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    start = start_of(rows_of(2), family)
    assert_maps_along(rows_of(2), start, mapped(start, matrix), matrix)


@pytest.mark.parametrize("family", [*ANY_LINEAR_MAP, *SCALED_COLUMNS])
def test_scaling_and_mirroring_columns_carries_a_fit_along(family):
    matrix = np.diag([0.01, -3.0, 400.0])
    start = start_of(rows_of(3), family)
    assert_maps_along(rows_of(3), start, mapped(start, matrix), matrix)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fit_of_float32_rows_survives_an_offset_that_float32_can_hold(family):
    rows = np.round(rows_of(7) * 256) / 256
    moved = (rows + 4096).astype(np.float32)
    assert (moved.astype(np.float64) == rows + 4096).all()
    assert_equivariant(rows, moved, 0.0, covariance=family)


def test_swapping_the_names_of_components_swaps_the_fit():
    rows, start = rows_of(8), make_mixture("full", 3, 3, seed=8)
    ours = fit(rows, 3, start=start, max_iter=5, tol=0).mixture
    theirs = fit(rows, 3, start=start.reordered([2, 0, 1]), max_iter=5, tol=0).mixture
    np.testing.assert_allclose(theirs.means, ours.means[[2, 0, 1]], rtol=1e-10)


def maps_of(name):
    """A map of each kind that a family has to follow: rotations, units of columns, or both."""
    random = np.random.default_rng(9)
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    if name in SCALED_COLUMNS:
        return np.diag([0.02, -1.0, 300.0])
    return np.diag([0.02, 1.0, 300.0]) @ rotation if name in ANY_LINEAR_MAP else 40.0 * rotation


@pytest.mark.parametrize("family", FOURTEEN)
def test_a_search_finds_the_same_optimum_in_other_coordinates(family):
    """Three groups far from each other: no other optimum comes near."""
    rows = blobs(150, 3, 3, seed=3, separation=12)
    matrix = maps_of(family)
    options = {"covariance": family, "seed": 0, "start": Search(rounds=4), "tol": 1e-7}
    ours, theirs = fit(rows, 3, **options), fit(rows @ matrix.T + 70.0, 3, **options)
    log_volume = np.linalg.slogdet(matrix)[1]
    assert theirs.log_likelihood + len(rows) * log_volume == pytest.approx(
        ours.log_likelihood, abs=1e-3
    )
    chosen, others = ours.mixture.labels(rows), theirs.mixture.labels(rows @ matrix.T + 70.0)
    assert len({*zip(chosen.tolist(), others.tolist(), strict=True)}) == 3


def test_every_family_states_the_maps_that_it_follows():
    stated = {name: family_named(name).symmetry.value for name in family_names() if len(name) == 3}
    maps = dict.fromkeys(ANY_LINEAR_MAP, "any linear map")
    maps |= dict.fromkeys(SCALED_COLUMNS, "scaling of columns")
    assert stated == maps | dict.fromkeys(ROTATED, "rotation and one scale")
