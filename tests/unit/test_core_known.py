"""What is known of rows: gaps and labels are read in words, and rows are grouped by them."""

import numpy as np
import pytest

from gmmkit.core.gaps.known import Known, check_incomplete_rows, check_labels, grouped
from gmmkit.errors import InputError

GAP = np.nan


def groups(rows, labels=None, n_components=2):
    """What is known, and the rows of which it is."""
    array = np.asarray(rows, dtype=np.float64)
    named = check_labels(labels, len(array), n_components)
    found = grouped(array, named, n_components)
    return {group.known: group.indices.tolist() for group in found}


def test_none_nan_and_masked_cells_are_gaps():
    masked = np.ma.array([[1.0, 2.0]], mask=[[False, True]])
    for rows in ([[1.0, None]], [[1.0, GAP]], masked, np.array([[1, None]], dtype=object)):
        np.testing.assert_array_equal(check_incomplete_rows(rows), [[1.0, GAP]])


def test_masked_whole_numbers_are_gaps():
    rows = np.ma.array([[1, 2], [3, 0]], mask=[[False, False], [False, True]])
    np.testing.assert_array_equal(check_incomplete_rows(rows), [[1.0, 2.0], [3.0, GAP]])


def test_gaps_do_not_change_the_precision_of_rows():
    rows = np.array([[1.0, GAP]], dtype=np.float32)
    assert check_incomplete_rows(rows).dtype == np.float32


def test_rows_with_gaps_are_not_changed_in_place():
    rows = np.array([[1.0, GAP], [2.0, 3.0]])
    before = rows.copy()
    check_incomplete_rows(rows)[:] = 9.0
    np.testing.assert_array_equal(rows, before)


def test_an_infinite_cell_is_no_gap():
    with pytest.raises(InputError, match="infinity"):
        check_incomplete_rows([[1.0, GAP], [np.inf, 2.0]])


@pytest.mark.parametrize("rows", [[[1.0], [1.0, 2.0]], [["a", None]], [1.0, GAP], np.empty((0, 2))])
def test_what_is_no_table_of_numbers_is_refused_as_ever(rows):
    with pytest.raises(InputError):
        check_incomplete_rows(rows)


def test_rows_of_another_width_than_the_model_are_refused():
    with pytest.raises(InputError, match="width"):
        check_incomplete_rows([[1.0, GAP]], n_features=3)


def test_rows_are_grouped_by_the_cells_that_were_observed():
    found = groups([[1, GAP], [1, 2], [GAP, 2], [3, GAP]])
    assert found == {
        Known((True, False), (True, True)): [0, 3],
        Known((True, True), (True, True)): [1],
        Known((False, True), (True, True)): [2],
    }


def test_rows_of_one_pattern_are_grouped_by_label():
    found = groups([[1.0], [2.0], [3.0]], [1, -1, 1])
    assert found == {
        Known((True,), (True, True)): [1],
        Known((True,), (False, True), labeled=True): [0, 2],
    }


def test_labels_of_one_pattern_are_not_taken_for_those_of_another():
    assert sorted(groups([[1, GAP], [1, 2]], [1, -1]).values()) == [[0], [1]]
    assert sorted(groups([[1, GAP], [1, 2]], [-1, 1]).values()) == [[0], [1]]
    patterns = [[1, GAP], [1, 2], [GAP, 2], [GAP, GAP]]
    assert len(groups(np.repeat(patterns, 3, axis=0), [-1, 0, 1] * 4)) == 12


def test_more_than_eight_columns_are_told_apart():
    rows = np.zeros((2, 9))
    rows[0, 8] = GAP
    assert len(groups(rows)) == 2


def test_allowed_components_group_as_labels_do():
    truths = np.array([[True, False], [True, True], [False, True]])
    assert groups([[1.0]] * 3, truths) == groups([[1.0]] * 3, [0, -1, 1])


def test_groups_come_in_an_order_of_their_own():
    random = np.random.default_rng(0)
    rows = np.where(random.random((40, 3)) < 0.4, GAP, 1.0)
    shuffled = rows[random.permutation(40)]
    assert list(groups(rows)) == list(groups(shuffled))


def test_a_missing_label_is_written_as_nan_or_as_minus_one():
    assert check_labels([GAP, 1.0], 2, 2).index.tolist() == [-1, 1]


def test_the_label_of_the_only_component_still_says_that_a_row_is_not_noise():
    (known,) = groups([[1.0]], [0], n_components=1)
    assert known.labeled
    assert not known.ordinary


@pytest.mark.parametrize(
    "labels",
    [[0, 2], [0, -2], [0, 0.5], [0], [[0, 1]], ["a", "b"], [True, False], [[0, 1], [1, 0]]],
)
def test_labels_that_name_no_component_are_refused(labels):
    with pytest.raises(InputError, match="label"):
        check_labels(labels, 2, 2)


def test_a_row_that_is_allowed_no_component_is_refused_by_number():
    with pytest.raises(InputError, match="row 1"):
        check_labels(np.array([[True, True], [False, False], [True, True]]), 3, 2)


def test_truths_of_the_wrong_shape_are_refused():
    with pytest.raises(InputError, match="shape"):
        check_labels(np.ones((2, 3), bool), 2, 2)
