"""Short rows that find whom a recording may be of, and registries that are asked by them."""

import numpy as np
import pytest
from voices import TESTS, small_background, write_five_people

from gmmkit import Mixture
from gmmkit.core.adapt import mean_statistics
from gmmkit.speaker import people as people_module
from gmmkit.speaker import registry as registry_module
from gmmkit.speaker.enrollment import Enrollment, Heard
from gmmkit.speaker.recognition import identification_threshold
from gmmkit.speaker.registry import Registry
from gmmkit.speaker.scoring import linear_scores
from gmmkit.speaker.shortlist import (
    ROW_BYTES,
    approximate_scores,
    evenly_spread,
    nearest,
    projection_of,
    query_of,
)

N_PEOPLE = 16


def said_by(person, background, n):
    """Frames of someone whose means lie otherwise than the background model's."""
    ubm = background.subsystems[0].ubm
    offsets = np.random.default_rng([7, person]).normal(scale=0.5, size=ubm.means.shape)
    own = Mixture(ubm.weights, ubm.means + offsets, ubm.covariance)
    return own.sample(n, seed=np.random.default_rng([n, person])).astype(np.float32)


def heard_of(person, background):
    return Heard((said_by(person, background, 1000),), 3.0, "test", (), ())


def enrolled_as(person, background):
    """As if `enroll` had heard that person; the noisy model is a little off."""
    ubm, frames = background.subsystems[0].ubm, said_by(person, background, 1500)
    heard = {"clean": frames, "noisy": frames + np.float32(0.1)}
    statistics = {c: mean_statistics(heard[c], ubm) for c in background.conditions}
    return Enrollment((statistics,), 4.0, ())


def mean_offsets_of(enrolled):
    """The mean of the models of all conditions, in the first subsystem."""
    offsets = enrolled.offsets(8.0)[0]
    return np.mean(list(offsets.values()), axis=0)


def first_order_ratio(heard, enrolled, ubm):
    """Linear score minus half of the squared offsets over variances, weighted as components are."""
    offsets = mean_offsets_of(enrolled)
    variances = np.diagonal(ubm.covariances, axis1=1, axis2=2)
    length = (ubm.weights[:, None] * offsets**2 / variances).sum()
    return linear_scores(mean_statistics(heard.frames[0], ubm), ubm, [offsets])[0] - length / 2


@pytest.fixture(scope="module")
def crowd():
    """A background model of 400 numbers a speaker, and people in it."""
    background = small_background(k=100, spread=2.0, n_cohort=80)
    return background, [enrolled_as(person, background) for person in range(N_PEOPLE)]


def rows_of(background, enrolled):
    return np.array([projection_of(each, background) for each in enrolled])


def query_by(person, background):
    return query_of(heard_of(person, background), background)


@pytest.mark.parametrize("k", [4, 300, 1500])
def test_a_row_takes_a_kilobyte_however_large_the_background_model(k):
    background = small_background(k=k, conditions=("clean",))
    row = projection_of(enrolled_as(1, background), background)
    assert row.nbytes == ROW_BYTES == 1024


@pytest.mark.parametrize("person", [2, 30])
def test_rows_order_people_as_first_order_ratios_do(crowd, person):
    """But for what two bits a coordinate cannot hold: an eighth of the variance."""
    background, enrolled = crowd
    found = approximate_scores(query_by(person, background), rows_of(background, enrolled))
    heard, ubm = heard_of(person, background), background.subsystems[0].ubm
    exact = [first_order_ratio(heard, each, ubm) for each in enrolled]
    assert np.corrcoef(found, exact)[0, 1] > 0.95
    assert np.polyfit(exact, found, 1)[0] == pytest.approx(0.88, abs=0.12)


def test_of_a_large_model_some_coordinates_stand_for_all():
    """4,200 numbers a speaker, of which a row has 4,064."""
    background = small_background(k=1050, spread=4.0, n_cohort=80, conditions=("clean",))
    enrolled = [enrolled_as(person, background) for person in range(6)]
    found = approximate_scores(query_by(3, background), rows_of(background, enrolled))
    ubm = background.subsystems[0].ubm
    exact = [first_order_ratio(heard_of(3, background), each, ubm) for each in enrolled]
    assert np.corrcoef(found, exact)[0, 1] > 0.8


def test_whoever_speaks_is_nearest(crowd):
    background, enrolled = crowd
    rows, speakers = rows_of(background, enrolled), range(0, N_PEOPLE, 4)
    found = [nearest(query_by(person, background), rows, 1)[0] for person in speakers]
    assert found == list(speakers)


def test_rows_are_the_same_every_time(crowd):
    background, enrolled = crowd
    np.testing.assert_array_equal(rows_of(background, enrolled), rows_of(background, enrolled))


def test_many_rows_score_as_each_of_them_alone(crowd):
    """Beyond a block of rows, where blocks go to threads."""
    background, enrolled = crowd
    rows, query = rows_of(background, enrolled), query_by(1, background)
    few = approximate_scores(query, rows)
    many = approximate_scores(query, np.tile(rows, (100, 1)))
    np.testing.assert_allclose(many, np.tile(few, 100), rtol=1e-6)


@pytest.mark.parametrize("count", [1, 5, 15])
def test_the_nearest_are_those_with_the_highest_scores_in_the_order_of_the_rows(crowd, count):
    background, enrolled = crowd
    rows, query = rows_of(background, enrolled), query_by(40, background)
    scores = approximate_scores(query, rows)
    expected = sorted(sorted(range(N_PEOPLE), key=lambda i: -scores[i])[:count])
    assert nearest(query, rows, count).tolist() == expected


@pytest.mark.parametrize("count", [16, 17, 100])
def test_as_many_as_there_are_or_more_are_all_near(crowd, count):
    background, enrolled = crowd
    query = query_by(40, background)
    assert nearest(query, rows_of(background, enrolled), count).tolist() == list(range(N_PEOPLE))


@pytest.mark.parametrize(("n", "count"), [(10, 3), (1000, 300), (5, 5), (3, 10), (1, 1)])
def test_positions_spread_evenly_over_all_of_them(n, count):
    spread = evenly_spread(n, count)
    assert len(spread) == min(n, count)
    assert spread[0] == 0
    assert spread[-1] < n
    assert np.ptp(np.diff([*spread, n])) <= 1


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_five_people(tmp_path_factory.mktemp("large") / "people.db")


@pytest.fixture
def large(path, monkeypatch):
    """A registry whose five people are too many to be scored one and all."""
    monkeypatch.setattr(people_module, "EXACT_LIMIT", 4)
    monkeypatch.setattr(people_module, "SHORTLIST", 2)
    monkeypatch.setattr(people_module, "COUNTED", 2)
    return Registry.open(path, read_only=True)


@pytest.mark.parametrize(("recording", "name"), TESTS.items())
def test_a_large_registry_names_whom_scoring_everyone_would(large, recording, name):
    first = large.identify(f"sample:{recording}")[0]
    assert (first.name, first.accepted) == (name, True)


def test_a_stranger_to_a_large_registry_gets_no_name(large):
    assert not any(each.accepted for each in large.identify("sample:stranger"))


@pytest.mark.parametrize("recording", ["someone", "test-carla"])
def test_in_a_large_registry_every_way_to_ask_gives_the_same_ratio(large, recording):
    source = f"sample:{recording}"
    scores = large.scores(source)
    identified = {each.name: each.llr for each in large.identify(source, top=None)}
    assert len(scores) == 5
    assert {name: scores[name] for name in identified} == pytest.approx(identified, abs=1e-4)
    verified = {name: large.verify(name, source).llr for name in scores}
    assert verified == pytest.approx(scores, abs=1e-4)


def test_everyone_in_a_large_registry_is_scored_in_parts_as_at_once(large, monkeypatch):
    at_once = large.scores("sample:someone")
    monkeypatch.setattr(registry_module, "EXACT_LIMIT", 2)
    assert large.scores("sample:someone") == pytest.approx(at_once, abs=1e-6)


def test_a_large_registry_scores_only_the_shortlist_and_those_it_compares_with(large):
    """The first and third person are compared with; two more are found, or one, or none."""
    for recording in ("someone", "test-dmitri"):
        found = {each.name for each in large.identify(f"sample:{recording}", top=None)}
        assert {"ana", "carla"} <= found
        assert len(found) <= 4


def test_a_large_registry_counts_everyone_in_its_threshold(large, monkeypatch):
    """Five, though fewer are scored: a stranger may be like any of them."""
    asked = []

    def noting(n_enrolled):
        asked.append(n_enrolled)
        return identification_threshold(n_enrolled)

    monkeypatch.setattr(registry_module, "identification_threshold", noting)
    large.identify("sample:someone")
    assert asked == [5]


def test_at_the_limit_everyone_is_scored(large, monkeypatch):
    monkeypatch.setattr(people_module, "EXACT_LIMIT", 5)
    assert len(large.identify("sample:someone", top=None)) == 5
