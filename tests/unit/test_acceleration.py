"""Extrapolated statistics against their equation, and when a run follows them or turns back."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import FAMILIES, blobs, make_mixture

from gmmkit import Mixture
from gmmkit.core.acceleration import (
    Path,
    Stage,
    check_acceleration,
    extrapolated,
    go_on,
    path_for,
    step_length,
)
from gmmkit.core.em import e_step, m_step
from gmmkit.core.families import family
from gmmkit.core.units import Units
from gmmkit.errors import ParameterError

TOL = 1e-4


def stages(name="full", *, k=3, n=3, offset=0.0, noise=None):
    """Successive iterations of EM on overlapping clusters, as a path keeps them."""
    rows = offset + blobs(300, 2, 3, seed=5, separation=1.5)
    mixture = make_mixture(name, k, 2, seed=2, offset=offset, noise=noise)
    found = []
    for _ in range(n):
        statistics = e_step(rows, mixture, units=Units.plain(2))
        mixture = m_step(statistics, family(name), previous=mixture)
        found.append(Stage(statistics, mixture))
    return found


def maximizing(name="full", *, floored=0, tried=None, previous=None):
    """The M-step of a family, which notes what it was given."""

    def go(statistics):
        if tried is not None:
            tried.append(statistics)
        return m_step(statistics, family(name), previous=previous), floored

    return go


def followed(at, **options):
    """What comes of a path that has all stages but the last behind it."""
    options = {"gain": 1.0, "tol": TOL} | options
    path = options.pop("path", Path(tuple(at[:-1])))
    return go_on(path, at[-1], options.pop("maximizing", maximizing()), **options)


def moved(mixture, matrix, shift):
    """The mixture of rows x that are A x + b in the other's columns."""
    covariances = matrix @ mixture.covariances @ matrix.T
    return Mixture(mixture.weights, mixture.means @ matrix.T + shift, covariances)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("part", ["weight", "first", "second"])
def test_extrapolated_statistics_are_s_plus_2l_r_plus_l2_v(name, part):
    at = tuple(stage.statistics for stage in stages(name))
    first, second, third = (getattr(each, part) for each in at)
    step, bend = second - first, third - 2 * second + first
    expected = first + 2 * 3.5 * step + 3.5**2 * bend
    np.testing.assert_allclose(getattr(extrapolated(at, 3.5), part), expected, rtol=1e-10)


def test_extrapolated_statistics_keep_the_total_weight():
    at = tuple(stage.statistics for stage in stages(noise=0.1))
    assert extrapolated(at, 7.0).total == pytest.approx(at[0].total, rel=1e-12)


def test_a_step_of_length_one_ends_where_em_does():
    at = tuple(stage.statistics for stage in stages())
    np.testing.assert_array_equal(extrapolated(at, 1.0).second, at[2].second)


def test_statistics_about_different_origins_are_brought_to_the_last():
    at = tuple(stage.statistics for stage in stages())
    apart = (at[0].recentered(at[0].means), at[1].recentered(at[1].means), at[2])
    np.testing.assert_allclose(extrapolated(apart, 3.0).second, extrapolated(at, 3.0).second)


def test_steps_that_shrink_by_a_factor_are_summed_to_their_limit():
    def at(mean):
        return Mixture([1.0], [[mean]], [[[1.0]]])

    # 1 + .9 + .81 + ...: each step is .9 of the one before, so that ten of them lead to the end.
    assert step_length(at(0.0), at(1.0), at(1.9)) == pytest.approx(10.0)


def test_a_step_is_never_shorter_than_ems():
    means = (0.0, 1.0, -4.0)
    assert step_length(*(Mixture([1.0], [[mean]], [[[1.0]]]) for mean in means)) == 1.0


def test_a_run_that_stands_still_takes_steps_of_length_one():
    assert step_length(*[make_mixture()] * 3) == 1.0


def test_the_step_length_does_not_depend_on_linear_maps_of_the_data():
    at = [stage.mixture for stage in stages()]
    matrix, shift = np.array([[3.0, 1.0], [-0.2, 0.01]]), np.array([50.0, -7.0])
    mapped = [moved(mixture, matrix, shift) for mixture in at]
    assert step_length(*mapped) == pytest.approx(step_length(*at), rel=1e-8)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_step_length_does_not_depend_on_the_order_of_components(name):
    at = [stage.mixture for stage in stages(name)]
    turned = [mixture.reordered([2, 0, 1]) for mixture in at]
    assert step_length(*turned) == pytest.approx(step_length(*at), rel=1e-12)


def test_a_component_without_weight_has_no_say_in_the_step_length():
    at = [stage.mixture for stage in stages()]
    weights = np.array([0.4, 0.6, 0.0])
    dead = [Mixture(weights, each.means, each.covariance) for each in at]
    shifts = [np.array([[0.0], [0.0], [n]]) for n in range(3)]
    pairs = zip(at, shifts, strict=True)
    away = [Mixture(weights, each.means + shift, each.covariance) for each, shift in pairs]
    assert step_length(*away) == step_length(*dead)


def test_the_first_two_stages_are_only_kept():
    at = stages()
    path, mixture = go_on(Path((at[0],)), at[1], maximizing(), gain=1.0, tol=TOL)
    assert (path.stages, path.way_back, mixture) == ((at[0], at[1]), None, at[1].mixture)


def test_after_three_stages_the_run_stands_further_and_knows_the_way_back():
    at = stages()
    path, mixture = followed(at)
    assert path.way_back is at[2].mixture
    assert path.stages[0].mixture is mixture
    assert not np.allclose(mixture.means, at[2].mixture.means)


def test_the_noise_goes_along():
    at = stages(noise=0.2)
    step = 1.25
    again = maximizing(previous=at[2].mixture)
    path, _ = followed(at, path=Path(tuple(at[:2]), limit=step), maximizing=again)
    assert path.way_back is not None
    noise = [float(stage.statistics.noise_weight) for stage in at]
    expected = noise[0] + 2 * step * (noise[1] - noise[0])
    expected += step**2 * (noise[2] - 2 * noise[1] + noise[0])
    assert float(path.stages[0].statistics.noise_weight) == pytest.approx(expected)


def test_no_step_is_longer_than_the_limit():
    at, tried = stages(), []
    followed(at, path=Path(tuple(at[:2]), limit=1.5), maximizing=maximizing(tried=tried))
    expected = extrapolated(tuple(stage.statistics for stage in at), 1.5)
    np.testing.assert_array_equal(tried[0].first, expected.first)


def test_a_limit_that_was_reached_grows():
    at = stages()
    path, _ = followed(at, path=Path(tuple(at[:2]), limit=1.5))
    assert path.limit == 6.0


def test_turning_back_forgets_the_stages_and_shortens_steps():
    path, _ = followed(stages())
    back = path.turned_back()
    assert (back.stages, back.way_back, back.limit) == ((), None, max(2.0, path.limit / 4))


def test_steps_where_the_floor_acts_more_often_are_shortened_and_then_dropped():
    at, tried = stages(), []
    path, mixture = followed(at, maximizing=maximizing(floored=1, tried=tried))
    assert len(tried) > 1
    assert (path.stages, mixture) == ((at[1], at[2]), at[2].mixture)


def test_steps_that_lead_to_no_covariance_are_dropped():
    def nothing(statistics):
        raise ParameterError("singular")

    at = stages()
    assert followed(at, maximizing=nothing)[1] is at[2].mixture


def test_a_step_that_takes_nearly_all_weight_of_a_component_is_shortened():
    at, tried = stages(), []
    for number, stage in enumerate(at):
        weight = stage.statistics.weight.copy()
        weight[0] = (80.0, 50.0, 25.0)[number]
        at[number] = replace(stage, statistics=replace(stage.statistics, weight=weight))
    followed(at, maximizing=maximizing(tried=tried))
    assert all(statistics.weight[0] >= 2.5 for statistics in tried)


@pytest.mark.parametrize("name", ["tied", "VEE", "EVE"])
def test_a_scatter_that_no_rows_have_is_shortened_before_it_is_decomposed(name):
    at, tried = stages("tied" if name == "tied" else "full"), []
    for number, stage in enumerate(at):
        shrunk = replace(stage.statistics, second=stage.statistics.second * (1, 0.75, 0.52)[number])
        at[number] = Stage(shrunk, m_step(stage.statistics, family(name)))
    followed(at, maximizing=maximizing(name, tried=tried))
    scatters = [statistics.scatter().reshape(-1, 2, 2) for statistics in tried]
    assert all((np.linalg.eigvalsh(scatter) > 0).all() for scatter in scatters)


def test_no_step_is_tried_where_em_alone_would_gain_less_than_the_tolerance():
    at, tried = stages(n=12)[-3:], []
    length = step_length(*(stage.mixture for stage in at))
    rate = (1 - 1 / length) ** 2
    followed(at, gain=0.9 * TOL * (1 - rate) / rate, maximizing=maximizing(tried=tried))
    assert not tried


def test_a_step_is_tried_where_small_gains_would_add_up():
    at, tried = stages(n=12)[-3:], []
    length = step_length(*(stage.mixture for stage in at))
    rate = (1 - 1 / length) ** 2
    followed(at, gain=1.1 * TOL * (1 - rate) / rate, maximizing=maximizing(tried=tried))
    assert tried


def test_nothing_that_is_kept_can_be_changed():
    path, _ = followed(stages())
    with pytest.raises(ValueError, match="read-only"):
        path.stages[0].mixture.means[0] = 0.0


def test_there_is_no_path_for_em_alone_and_for_hard_assignment():
    assert path_for("none") is None
    assert path_for("squarem", hard=True) is None


def test_a_path_begins_without_stages():
    assert path_for("squarem").stages == ()


@pytest.mark.parametrize("wrong", ["anderson", None, 3])
def test_an_acceleration_that_there_is_not_is_refused(wrong):
    with pytest.raises(ParameterError, match="no such acceleration"):
        check_acceleration(wrong)
