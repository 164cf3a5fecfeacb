"""Selection: criteria by their definitions, the table, and what is chosen among which."""

import math
import warnings

import numpy as np
import pytest
from gaps import with_gaps
from strategies import blobs, log_joint_oracle, posterior_oracle

from gmmkit import fit, select
from gmmkit.core.families import parsimonious_names
from gmmkit.core.fits.criteria import criterion_named, criterion_names, icl
from gmmkit.core.fits.selection import Candidate
from gmmkit.core.gaps.incomplete import log_density
from gmmkit.errors import DataWarning, FitWarning, GmmkitWarning, InputError, ParameterError

QUICK = {"start": "kmeans", "seed": 0}


def candidate(**changes):
    """A candidate with made-up numbers."""
    numbers = {"bic": 5.0, "aic": 4.0, "icl": 6.0, "held_out": -2.0, "valid": True}
    return Candidate("full", 1, -3.0, 2, **numbers | changes)


@pytest.mark.parametrize("noise", [None, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
def test_icl_is_bic_and_twice_the_loss_of_assigning_every_row(weighted, noise):
    rows = blobs(80, 2, 3, seed=1, separation=2)
    weights = np.random.default_rng(1).uniform(0.5, 2, 80) if weighted else None
    result = fit(rows, 3, sample_weight=weights, noise=noise, **QUICK)
    joint = log_joint_oracle(rows, result.mixture)
    if noise:
        added = math.log(result.mixture.noise.weight) + result.mixture.noise.log_density
        joint = np.column_stack([joint, np.full(80, added)])
    counted = np.ones(80) if weights is None else weights
    completed = counted @ joint.max(axis=1)
    size = result.mixture.n_parameters * math.log(counted.sum())
    assert icl(result, rows, weights) == pytest.approx(size - 2 * completed, rel=1e-9)


def test_icl_of_a_trimmed_fit_is_of_the_rows_that_are_kept():
    rows = blobs(60, 2, 2, seed=2, separation=1)
    result = fit(rows, 2, trim=0.2, **QUICK)
    responsibilities, _ = posterior_oracle(rows[result.kept], result.mixture)
    loss = np.log(responsibilities.max(axis=1)).sum()
    assert icl(result, rows) == pytest.approx(result.bic() - 2 * loss, rel=1e-9)


@pytest.mark.parametrize("d", [1, 3])
def test_bic_and_aic_of_one_gaussian_are_closed_forms(d):
    n, rows = 70, blobs(70, d, 2, seed=3)
    covariance = np.cov(rows.T, ddof=0).reshape(d, d)
    log_likelihood = -0.5 * n * (np.linalg.slogdet(2 * np.pi * covariance)[1] + d)
    parameters = d + d * (d + 1) // 2
    only = select(rows, 1, "full", **QUICK).chosen
    assert only.n_parameters == parameters
    assert only.bic == pytest.approx(parameters * math.log(n) - 2 * log_likelihood)
    assert only.aic == pytest.approx(2 * parameters - 2 * log_likelihood)
    assert only.icl == pytest.approx(only.bic)
    assert math.isnan(only.held_out)


def test_held_out_is_the_mean_log_density_of_rows_under_fits_to_the_others():
    rows, weights = blobs(43, 2, 2, seed=4), np.random.default_rng(4).uniform(0.5, 2, 43)
    options = {"start": "kmeans", "seed": 7}
    table = select(rows, 2, "diag", "held_out", sample_weight=weights, n_folds=4, **options).table
    order, summed, seen = np.random.default_rng(7).permutation(43), 0.0, []
    for fold in range(4):
        out = [int(row) for place, row in enumerate(order) if place % 4 == fold]
        others = sorted(set(range(43)) - set(out))
        other = fit(
            rows[others], 2, covariance="diag", sample_weight=weights[others], **options
        ).mixture
        summed += sum(weights[row] * other.log_density(rows[[row]])[0] for row in out)
        seen += out
    assert sorted(seen) == list(range(43))
    assert table[0].held_out == pytest.approx(summed / weights.sum(), rel=1e-9)


def test_more_folds_than_rows_leave_out_one_at_a_time():
    rows = np.arange(6.0)[:, None] ** 1.5
    table = select(rows, 1, "V", "held_out", n_folds=50, **QUICK).table
    expected = [
        fit(np.delete(rows, n, axis=0), 1, covariance="V", **QUICK).mixture.log_density(rows[[n]])
        for n in range(6)
    ]
    assert table[0].held_out == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(
    ("criterion", "better"),
    [
        ("bic", {"bic": 4.9}),
        ("aic", {"aic": 3.9}),
        ("icl", {"icl": 5.9}),
        ("held_out", {"held_out": -1.9}),
    ],
)
def test_each_criterion_orders_by_its_own_number(criterion, better):
    order = criterion_named(criterion).order
    assert order(candidate(**better)) > order(candidate())
    others = {name: -100.0 for name in ("bic", "aic", "icl") if name not in better}
    worse_elsewhere = dict.fromkeys(others, 100.0)
    assert order(candidate(**better, **worse_elsewhere)) > order(candidate())


@pytest.mark.parametrize("criterion", criterion_names())
def test_a_collapsed_candidate_is_below_every_valid_one(criterion):
    great = {"bic": -1e9, "aic": -1e9, "icl": -1e9, "held_out": 1e9}
    order = criterion_named(criterion).order
    assert order(candidate(valid=False, **great)) < order(candidate())


@pytest.mark.parametrize("criterion", ["BIC", "", None, "likelihood"])
def test_an_unknown_criterion_is_refused_with_those_there_are(criterion):
    with pytest.raises(ParameterError, match="bic, aic, icl, held_out"):
        select(blobs(30), 1, "full", criterion)


def test_every_family_is_tried_with_every_number_of_components():
    selection = select(blobs(60, 2, 2, seed=5), [3, 1], ["diag", "EEE"], **QUICK)
    tried = [(row.covariance, row.n_components) for row in selection.table]
    assert tried == [("diag", 1), ("diag", 3), ("tied", 1), ("tied", 3)]


def test_the_best_fit_is_that_of_the_candidate_that_was_chosen():
    rows = blobs(90, 2, 3, seed=6)
    selection = select(rows, range(1, 5), ("full", "spherical"), **QUICK)
    assert selection.chosen in selection.table
    assert selection.best.bic() == selection.chosen.bic
    assert selection.best.mixture.covariance.family.name == selection.chosen.covariance
    assert selection.chosen.bic == min(row.bic for row in selection.table if row.valid)
    assert selection.ranked()[0] is selection.chosen
    assert sorted(map(id, selection.ranked())) == sorted(map(id, selection.table))


def test_a_collapsed_fit_is_never_chosen_over_a_valid_one():
    rows = np.concatenate([blobs(40, 2, 1, seed=7), np.full((7, 2), 30.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        selection = select(rows, [1, 2], "full", **QUICK)
    collapsed = [row for row in selection.table if not row.valid]
    assert min(row.bic for row in collapsed) < selection.chosen.bic - 10
    assert selection.chosen.valid
    assert [row.valid for row in selection.ranked()] == [True, False]


def test_where_all_collapse_the_best_of_them_is_returned_with_a_warning():
    rows = np.concatenate([blobs(40, 2, 1, seed=7), np.full((7, 2), 30.0)])
    with pytest.warns(FitWarning, match="every fit has a collapsed component"):
        selection = select(rows, 2, "full", **QUICK)
    assert not selection.chosen.valid
    assert selection.best.bic() == selection.chosen.bic


def test_a_warning_of_the_data_is_given_once_and_stays_one_of_the_data():
    rows = np.column_stack([blobs(40), np.full(40, 2.0)])
    with pytest.warns(GmmkitWarning) as caught:
        select(rows, [1, 2], "full", **QUICK)
    constant = [w for w in caught if "constant" in str(w.message)]
    assert [w.category for w in constant] == [DataWarning]


def test_the_same_seed_selects_the_same_in_any_number_of_processes():
    rows = blobs(50, 2, 2, seed=8)
    one, other = (
        select(rows, [1, 2], "diag", "held_out", n_folds=2, n_jobs=n, **QUICK) for n in (None, 2)
    )
    assert one.table == other.table
    assert one.best.mixture.means.tobytes() == other.best.mixture.means.tobytes()


def test_callers_are_told_of_every_candidate_in_order():
    told = []
    selection = select(
        blobs(50),
        [1, 2],
        ["diag", "tied"],
        **QUICK,
        on_candidate=lambda done, of, row: told.append((done, of, row)),
    )
    assert told == [(n, 4, row) for n, row in enumerate(selection.table, 1)]


def test_one_column_is_tried_with_equal_and_varying_variances():
    rows = np.arange(30.0)[:, None]
    assert {row.covariance for row in select(rows, 1, **QUICK).table} == {"E", "V"}
    assert {row.covariance for row in select(rows, 1, "all", **QUICK).table} == {"E", "V"}


def test_several_columns_are_tried_with_four_families_or_all_fourteen():
    rows = blobs(60)
    assert [row.covariance for row in select(rows, 1, **QUICK).table] == [
        "full",
        "tied",
        "diag",
        "spherical",
    ]
    tried = [row.covariance for row in select(rows, 1, "all", **QUICK).table]
    assert tried == list(parsimonious_names())


def test_missing_cells_are_selected_on_by_what_was_observed():
    rows = with_gaps(blobs(60, 2, 2, seed=9), 0.1)
    options = {"missing": "marginalize", **QUICK}
    chosen = select(rows, 2, "diag", **options).chosen
    result = fit(rows, 2, covariance="diag", **options)
    assert chosen.log_likelihood == pytest.approx(log_density(rows, result.mixture).sum())


def test_numbers_of_components_beyond_the_rows_are_passed_over():
    rows = np.arange(3.0)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        tried = [row.n_components for row in select(rows, [1, 2, 9], "E", **QUICK).table]
    assert tried == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"n_components": [9]}, InputError, "no number of components"),
        ({"n_components": []}, InputError, "no number"),
        ({"n_components": [0, 1]}, ParameterError, "n_components"),
        ({"n_components": 1, "covariances": []}, ParameterError, "no family"),
        ({"n_components": 1, "covariances": "round"}, ParameterError, "no such covariance"),
        ({"n_components": 1, "covariances": "V"}, ParameterError, "one column"),
        ({"n_components": 1, "n_folds": 1}, ParameterError, "n_folds"),
    ],
)
def test_what_cannot_be_selected_is_refused_by_name(arguments, kind, words):
    with pytest.raises(kind, match=words):
        select(blobs(5, 2), **arguments)
