"""Whatever is missing or labeled: EM never loses, and order, copies and units leave no trace."""

import numpy as np
from gaps import partial_sums, with_gaps
from hypothesis import given
from hypothesis import strategies as st
from strategies import assert_sums_agree, blobs, families, make_mixture, stable

from gmmkit.core.em import m_step
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.families import family
from gmmkit.core.gaps.incomplete import log_density, partial_e_step
from gmmkit.core.gaps.partial import KnownSource, make_partial_pass
from gmmkit.core.maximization import Regularization
from gmmkit.core.units import Units


class Case:
    """Rows with gaps and labels, weights, and a mixture to look at them with."""

    def __init__(self, name, seed, d, share, labeled):
        random = np.random.default_rng(seed)
        self.mixture = make_mixture(name, 3, d, seed=seed, spread=1.0)
        rows = with_gaps(blobs(40, d, 2, seed=seed, separation=1.0), share, seed=seed)
        some = ~np.isnan(rows).all(axis=1)
        some[0] = True
        rows[0] = 0.0
        self.rows = rows[some]
        self.weights = random.integers(1, 4, len(self.rows))
        self.labels = random.integers(-1, 3, len(self.rows)) if labeled else None

    def __repr__(self):
        labeled = "labeled" if self.labels is not None else "unlabeled"
        return f"<{labeled} rows {self.rows.tolist()} under {self.mixture!r}>"

    def found(self, order=slice(None), *, weights=True):
        """The statistics of the rows in another order."""
        labels = None if self.labels is None else self.labels[order]
        counted = self.weights[order] if weights else None
        return partial_e_step(self.rows[order], self.mixture, counted, labels=labels)


@st.composite
def cases(draw):
    return Case(
        draw(families()),
        draw(st.integers(0, 2**20)),
        draw(st.integers(1, 4)),
        draw(st.sampled_from([0.0, 0.2, 0.7])),
        draw(st.booleans()),
    )


def assert_same(left, right):
    """Two sets of statistics agree up to rounding."""
    left, right = left.recentered(np.zeros(1)), right.recentered(np.zeros(1))
    np.testing.assert_allclose(left.log_likelihood, right.log_likelihood, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(left.weight, right.weight, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(left.first, right.first, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(left.second, right.second, rtol=1e-9, atol=1e-9)


@stable
@given(cases(), st.sampled_from([Route.FLOAT64, Route.CENTERED]))
def test_statistics_are_the_sums_of_a_loop(case, route):
    source = KnownSource.of(case.rows, case.weights, labels=case.labels, n_components=3)
    units = Units.plain(source.n_features)
    found = SerialExecutor().total(
        make_partial_pass(case.mixture, units, route, source.n_rows, 1), source
    )
    origin = case.mixture.means if route is Route.CENTERED else None
    expected = partial_sums(
        case.rows, case.mixture, case.weights, labels=case.labels, origin=origin
    )
    assert_sums_agree(found, expected, rtol=1e-7, atol=1e-7)


@stable
@given(cases())
def test_observed_likelihood_never_falls(case):
    kind, mixture = case.mixture.covariance.family, case.mixture
    d = mixture.n_features
    floor = Regularization(1e-9 * np.eye(d), np.zeros(d))
    units, values = Units.plain(d), []
    for _ in range(15):
        found = partial_e_step(case.rows, mixture, case.weights, labels=case.labels, units=units)
        values.append(found.log_likelihood / found.total)
        mixture = m_step(found, kind, regularization=floor, previous=mixture)
    assert np.diff(values).min() > -1e-8


@stable
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(case, random):
    order = list(range(len(case.rows)))
    random.shuffle(order)
    assert_same(case.found(), case.found(np.array(order)))


@stable
@given(cases())
def test_weights_are_copies_of_rows(case):
    copies = np.repeat(np.arange(len(case.rows)), case.weights)
    assert_same(case.found(), case.found(copies, weights=False))


@stable
@given(cases(), st.integers(1, 39))
def test_shards_add_up_to_the_whole(case, cut):
    places = np.arange(len(case.rows))
    left, right = places[:cut], places[cut:]
    parts = [case.found(part) for part in (left, right) if len(part)]
    assert_same(case.found(), sum(parts[1:], start=parts[0]))


@stable
@given(cases())
def test_the_log_likelihood_is_the_sum_of_log_densities(case):
    densities = log_density(case.rows, case.mixture, labels=case.labels)
    np.testing.assert_allclose(
        case.found().log_likelihood, case.weights @ densities, rtol=1e-9, atol=1e-9
    )


@stable
@given(cases(), st.sampled_from([1e-5, 1.0, 1e5]), st.sampled_from([0.0, 1e3]))
def test_units_and_offsets_shift_the_likelihood_of_observed_cells_alone(case, scale, offset):
    """Every observed cell costs log(scale); a power of two keeps every digit."""
    scale = 2.0 ** np.round(np.log2(scale))
    units = Units(np.full(1, -offset / scale), np.full(1, 1 / scale), np.zeros(1, bool))
    d = case.mixture.n_features
    wide = Units(*(np.repeat(v, d) for v in (units.origin, units.scale, units.constant)))
    moved = wide.standardize(case.mixture)
    found = log_density(case.rows * scale + offset, moved, labels=case.labels)
    observed = (~np.isnan(case.rows)).sum(axis=1)
    expected = log_density(case.rows, case.mixture, labels=case.labels) - observed * np.log(scale)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@stable
@given(cases())
def test_every_family_keeps_its_kind_of_moments(case):
    kind = case.mixture.covariance.family
    assert case.found().moments is family(kind).moments
