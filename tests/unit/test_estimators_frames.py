"""Data frames in and out of the estimators: names are kept, checked and given back."""

import warnings

import numpy as np
import pytest
from strategies import blobs

from gmmkit.errors import InputError
from gmmkit.estimators import (
    GaussianMixture,
    GaussianMixtureClassifier,
    GaussianMixtureRegressor,
    MixtureOutlierDetector,
)

ROWS = blobs(90, 3, 2, seed=5)
NAMES = ["weight", "diameter", "hue"]
ESTIMATORS = [
    GaussianMixture(2, random_state=0),
    GaussianMixtureClassifier(random_state=0),
    GaussianMixtureRegressor(random_state=0),
    MixtureOutlierDetector(random_state=0),
]
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)


@pytest.fixture(params=["pandas", "polars"])
def frame(request):
    """A function that makes a data frame of rows, of either library."""
    library = pytest.importorskip(request.param)
    if request.param == "pandas":
        return lambda rows, names: library.DataFrame(rows, columns=names)
    return lambda rows, names: library.DataFrame(np.asarray(rows), schema=names)


def fitted(estimator, rows):
    """A fresh estimator fitted to rows, with two classes that are also numbers."""
    from sklearn.base import clone

    return clone(estimator).fit(rows, (ROWS[:, 0] > 0).astype(int))


@each_estimator
def test_a_frame_is_fitted_like_its_numbers(estimator, frame):
    named, plain = fitted(estimator, frame(ROWS, NAMES)), fitted(estimator, ROWS)
    assert named.feature_names_in_.tolist() == NAMES
    assert (named.predict(frame(ROWS, NAMES)) == plain.predict(ROWS)).all()


@each_estimator
def test_columns_in_another_order_are_refused(estimator, frame):
    model = fitted(estimator, frame(ROWS, NAMES))
    with pytest.raises(InputError, match="order"):
        model.predict(frame(ROWS[:, ::-1], NAMES[::-1]))


@each_estimator
def test_a_column_of_another_name_is_refused(estimator, frame):
    model = fitted(estimator, frame(ROWS, NAMES))
    with pytest.raises(InputError, match="unseen"):
        model.predict(frame(ROWS, [*NAMES[:2], "color"]))


@each_estimator
def test_rows_without_names_after_a_frame_are_warned_of(estimator, frame):
    model = fitted(estimator, frame(ROWS, NAMES))
    with pytest.warns(UserWarning, match="feature names"):
        model.predict(ROWS)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_probabilities_come_in_the_container_that_was_asked_for(container):
    library = pytest.importorskip(container)
    model = GaussianMixture(2, random_state=0).set_output(transform=container)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = model.fit_transform(ROWS)
    assert isinstance(table, library.DataFrame)
    assert list(table.columns) == ["gaussianmixture0", "gaussianmixture1"]
    np.testing.assert_array_equal(table.to_numpy(), model.predict_proba(ROWS))


def test_a_frame_with_text_is_refused(frame):
    with pytest.raises(InputError):
        GaussianMixture().fit(frame([["a", "b"], ["c", "d"], ["e", "f"]], ["x", "y"]))
