"""The report of a fit: how it ended, how much the start decided, and what to do about it."""

import numpy as np
import pytest
from strategies import blobs, make_mixture

from gmmkit import Mixture, fit
from gmmkit.core.fits.optima import Optimum
from gmmkit.errors import DataWarning, InputError
from gmmkit.report import describe_fit, describe_starts

ROWS = blobs(120, 2, 2, seed=1)


def line(*centers):
    k = len(centers)
    return Mixture(np.full(k, 1 / k), np.array(centers, float)[:, None], np.ones((k, 1, 1)))


def optima(*entries):
    """Optima of a log likelihood, a number of starts and whether they are valid."""
    return [
        Optimum(value, valid, starts, line(-3.0 - i, 3.0))
        for i, (value, starts, valid) in enumerate(entries)
    ]


def test_the_facts_of_a_fit_are_reported():
    result = fit(ROWS, 2, seed=0)
    report = describe_fit(result, rows=ROWS)
    assert report.log_likelihood == result.log_likelihood
    assert (report.bic, report.n_parameters) == (result.bic(), 11)
    assert (report.rows, report.n_iter) == (120, result.n_iter)
    assert report.converged
    assert report.valid
    assert not report.advice
    text = str(report)
    assert f"log likelihood {result.log_likelihood:,.2f}, 11 parameters" in text
    assert f"converged after {result.n_iter} iterations on 120 rows" in text


def test_a_fit_that_ran_out_of_iterations_says_which_argument_to_raise():
    report = describe_fit(fit(ROWS, 2, seed=0, max_iter=1))
    (advice,) = report.advice
    assert advice.code == "not_converged"
    assert "raise max_iter" in str(advice)
    assert "NOT converged after 1 iteration on" in str(report)


def test_a_floor_that_acts_is_reported_with_what_to_do():
    rows = np.column_stack([np.repeat([0.0, 9.0], 20), np.arange(40.0) % 20])
    with pytest.warns(DataWarning):
        result = fit(np.column_stack([rows, np.zeros(40)]), 2, seed=0)
    codes = {advice.code for advice in describe_fit(result).advice}
    assert "floored" in codes


def test_a_degenerate_fit_is_said_not_to_be_comparable():
    rows = np.concatenate([np.random.default_rng(0).normal(size=(60, 2)), [[90.0, 0.0], [91, 5]]])
    result = fit(rows, 2, seed=0, start=Mixture([0.9, 0.1], [[0, 0], [90, 2]], [np.eye(2)] * 2))
    report = describe_fit(result)
    assert not report.valid
    assert "do not compare its likelihood" in str(report)
    assert "few_rows" in {advice.code for advice in report.advice}


def test_the_share_of_starts_at_the_best_counts_starts():
    report = describe_starts(optima((-5.0, 6, True), (-9.0, 3, True), (-20.0, 1, True)))
    assert (report.n_starts, report.share_at_best) == (10, 0.6)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([(-5.0, 1, True)], "Only one start was run"),
        ([(-5.0, 7, True)], "All 7 starts ended at one optimum"),
        ([(-5.0, 6, True), (-9.0, 4, True)], "the next is 4.0 nats below: the start matters l"),
        ([(-5.0, 3, True), (-9.0, 7, True)], "3 of 10 starts (30.0 %) ended at the best"),
        ([(-5.0, 3, True), (-9.0, 7, True)], "the start matters (keep several)"),
        ([(-5.0, 1, True), (-9.0, 9, True)], "found once only, so better ones may exist"),
        ([(-5.0, 6, True), (-1.0, 4, False)], "and the others collapsed"),
    ],
)
def test_sensitivity_to_the_start_is_one_sentence(entries, words):
    sentence = describe_starts(optima(*entries)).sentence
    assert words in sentence


def test_optima_that_group_rows_alike_matter_little():
    rows = [[-3.0], [-3.2], [3.0], [3.1]]
    report = describe_starts(optima((-5.0, 3, True), (-9.0, 7, True)), rows)
    assert report.agreement.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert "adjusted Rand index of 1.00: the start matters little, the groups" in report.sentence


def test_only_the_best_optima_are_compared():
    report = describe_starts(optima(*[(-float(i), 1, True) for i in range(14)]), [[-3.0], [3.0]])
    assert report.agreement.shape == (10, 10)


def test_no_optima_cannot_be_reported():
    with pytest.raises(InputError, match="there are no optima to report"):
        describe_starts([])


def test_a_report_of_several_optima_holds_their_table():
    result = fit(ROWS, 2, seed=0)
    found = (
        Optimum(result.log_likelihood, True, 4, result.mixture),
        Optimum(result.log_likelihood - 7, True, 2, make_mixture("full", 2, 2)),
    )
    object.__setattr__(result, "optima", found)
    lines = str(describe_fit(result, rows=ROWS)).splitlines()
    place = next(i for i, words in enumerate(lines) if "ARI to the best" in words)
    assert [row.split()[1:3] for row in lines[place + 1 : place + 3]] == [
        ["4", "yes"],
        ["2", "yes"],
    ]


def test_an_optimum_found_once_is_a_doubt():
    result = fit(ROWS, 2, seed=0, start="kmeans")
    found = (
        Optimum(result.log_likelihood, True, 1, result.mixture),
        Optimum(result.log_likelihood - 7, True, 2, make_mixture("full", 2, 2)),
    )
    object.__setattr__(result, "optima", found)
    assert [advice.code for advice in describe_fit(result).advice] == ["rare_optimum"]


def test_the_finalists_of_a_search_are_not_taken_for_starts():
    result = fit(ROWS, 2, seed=0, start="search")
    sentence = describe_fit(result, rows=ROWS).starts.sentence
    assert result.searched
    assert "the search" in sentence.lower()
    assert "n_init=20 tells how often" in sentence
