"""Learning what regions are from drawings, and keeping what was learned in a file."""

from dataclasses import fields, replace

import numpy as np
import pytest
from partitions import card, plain_model

import gmmkit
from gmmkit.errors import FeatureContractError, GmmkitError, InputError
from gmmkit.image import learn_regions, regions
from gmmkit.image.hierarchy.model import region_model, shipped_model, unpacked
from gmmkit.image.hierarchy.network import Network, _gradient, fit_network, mean_network
from gmmkit.io.model_value import Model

QUICK = {"radii": (2.5, 5.0), "n_textons": 4, "n_units": 2, "n_rounds": 1}


def example(seed):
    picture, on_card = card(seed=seed)
    return picture, on_card[None].astype(np.int32)


@pytest.fixture(scope="module")
def learned():
    pictures, drawn = zip(*map(example, (0, 1)), strict=True)
    words = []
    model = learn_regions(pictures, drawn, **QUICK, on_progress=words.append)
    return model, words


def random_network(seed=0, n_units=3, n_columns=4):
    random = np.random.default_rng(seed)
    shapes = ((n_units, n_columns), n_units, n_units, n_columns, ())
    return Network(*(np.asarray(random.normal(size=shape)) for shape in shapes))


def random_rows(seed=1, n=40, n_columns=4):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, n_columns)), random.uniform(size=n), random.dirichlet(np.ones(n))


def test_log_odds_are_a_direct_sum_and_rectified_units():
    network, (rows, _, _) = random_network(), random_rows()
    for row, odds in zip(rows, network.odds(rows), strict=True):
        units = [
            max(0.0, w @ row + b) for w, b in zip(network.hidden, network.hidden_bias, strict=True)
        ]
        expected = network.bias + network.direct @ row + network.output @ units
        assert odds == pytest.approx(expected, rel=1e-12)


def loss_of(parameters, rows, targets, weights):
    """The weighted mean cross-entropy and the penalty on the hidden layer, by definition."""
    p = 1 / (1 + np.exp(-Network(*parameters).odds(rows)))
    entropy = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))
    penalty = sum((parameters[i] ** 2).sum() for i in (0, 2)) * 1e-4 / 2
    return np.mean(weights * entropy) + penalty


def test_the_gradient_is_the_slope_of_the_cross_entropy_and_its_penalty():
    network, data = random_network(), random_rows()
    parameters = [np.asarray(getattr(network, field.name)) for field in fields(Network)]
    for i, slopes in enumerate(_gradient(parameters, *data)):
        for place in np.ndindex(parameters[i].shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [each.copy() for each in parameters]
                moved[i][place] += step
                ends.append(loss_of(moved, *data))
            expected = (ends[0] - ends[1]) / 2e-6
            assert np.asarray(slopes)[place] == pytest.approx(expected, abs=1e-7)


def test_the_mean_of_networks_is_the_mean_of_their_log_odds():
    networks, (rows, _, _) = [random_network(seed) for seed in range(3)], random_rows()
    expected = np.mean([network.odds(rows) for network in networks], axis=0)
    np.testing.assert_allclose(mean_network(networks).odds(rows), expected, rtol=1e-9)


def test_a_network_for_raw_rows_says_the_same_of_them():
    network, (rows, _, _) = random_network(), random_rows()
    mean, scale = np.array([5.0, -3, 0, 1]), np.array([0.1, 2, 30, 1])
    raw = network.of_raw(mean, scale)
    np.testing.assert_allclose(raw.odds(rows * scale + mean), network.odds(rows), rtol=1e-9)


@pytest.mark.parametrize("n", [150, 20_000])
@pytest.mark.parametrize(
    "rule",
    [lambda x, y: x + y / 2 > 0.3, lambda x, y: x * y > 0],
    ids=["a direct sum", "what no direct sum can tell"],
)
def test_few_rows_are_learned_as_well_as_many(rule, n):
    rows = np.random.default_rng(2).uniform(-1, 1, (n, 2))
    targets = rule(*rows.T).astype(float)
    odds = fit_network(rows, targets, np.ones(n), 8, np.random.default_rng(0)).odds(rows)
    assert np.mean((odds > 0) == targets) > 0.85


def test_rows_of_more_weight_decide():
    rows, targets = np.zeros((2, 1)), np.array([0.0, 1.0])
    network = fit_network(rows, targets, np.array([1.0, 3.0]), 1, np.random.default_rng(0))
    np.testing.assert_allclose(1 / (1 + np.exp(-network.odds(rows))), 0.75, atol=0.03)


def test_what_was_learned_tells_the_card_from_its_ground(learned):
    picture, drawn = example(7)
    labels = regions(picture, model=learned[0]).cut(n_regions=2)
    assert np.mean((labels == 1) == drawn[0]) > 0.97


def test_a_border_is_weighed_for_and_not_against(learned):
    assert learned[0].cue_weights.sum() > 0


def test_the_default_threshold_leaves_the_two_regions_that_were_drawn(learned):
    picture, _ = example(0)
    assert regions(picture, model=learned[0]).n_regions() == 2


def test_every_step_is_told(learned):
    assert learned[1] == ["cues of borders", "finest regions", "merging, round 1 of 1", "threshold"]


def test_the_same_seed_learns_the_same(learned):
    pictures, drawn = zip(*map(example, (0, 1)), strict=True)
    again = learn_regions(pictures, drawn, **QUICK)
    np.testing.assert_array_equal(again.direct, learned[0].direct)
    assert again.threshold == learned[0].threshold


def test_people_may_disagree_and_be_many():
    picture, drawn = example(0)
    several = np.concatenate([drawn, 3 * drawn, np.zeros_like(drawn)])
    assert 0 < learn_regions([picture], [several], **QUICK).threshold < 1


@pytest.mark.parametrize(("n_pictures", "n_drawn"), [(0, 0), (1, 2), (2, 1)])
def test_pictures_and_drawings_that_do_not_match_are_refused_with_their_numbers(
    n_pictures, n_drawn
):
    picture, drawn = example(0)
    with pytest.raises(InputError, match=f"found {n_pictures} pictures and {n_drawn} sets"):
        learn_regions([picture] * n_pictures, [drawn] * n_drawn, **QUICK)


@pytest.mark.parametrize(
    "change",
    [
        lambda drawn: drawn[:, :, :-1],
        lambda drawn: drawn[0],
        lambda drawn: drawn[:0],
        lambda drawn: drawn.astype(float),
        lambda drawn: drawn - 1,
        lambda drawn: drawn.astype(str),
    ],
    ids=["other size", "no stack", "no drawing", "floats", "negative", "text"],
)
def test_drawings_that_are_no_label_maps_of_the_picture_are_refused(change):
    picture, drawn = example(0)
    with pytest.raises(InputError) as caught:
        learn_regions([picture], [change(drawn)], **QUICK)
    assert caught.value.needed


def test_drawings_without_any_border_are_refused():
    picture, drawn = example(0)
    with pytest.raises(InputError):
        learn_regions([picture], [0 * drawn], **QUICK)


def test_pictures_without_anything_to_merge_are_refused():
    _, drawn = example(0)
    with pytest.raises(InputError):
        learn_regions([np.full((24, 36, 3), 90, np.uint8)], [drawn], **QUICK)


@pytest.mark.parametrize(
    "wrong",
    [
        {"radii": ()},
        {"radii": (0.0,)},
        {"radii": (-1.0,)},
        {"radii": (float("nan"),)},
        {"n_textons": 0},
        {"n_mixtures": 0},
        {"n_mixtures": 1.5},
        {"n_units": -1},
        {"n_units": 2.5},
        {"n_rounds": 0},
        {"n_rounds": "3"},
        {"seed": -1},
        {"seed": "x"},
    ],
    ids=str,
)
def test_a_number_that_is_out_of_range_is_refused_before_any_work(wrong):
    picture, drawn = example(0)
    words = []
    with pytest.raises(GmmkitError) as caught:
        learn_regions([picture], [drawn], **{**QUICK, **wrong}, on_progress=words.append)
    assert (caught.value.exit_code, words) == (3, [])


@pytest.mark.parametrize("form", ["path", "string", "model", "value"])
def test_a_model_comes_back_from_its_file(learned, tmp_path, form):
    path = tmp_path / "own.gmm"
    gmmkit.save(learned[0].packed(), path)
    given = {"path": path, "string": str(path), "model": gmmkit.load(path)}.get(form, learned[0])
    picture, _ = example(3)
    one, other = regions(picture, model=given), regions(picture, model=learned[0])
    np.testing.assert_array_equal(one.cut(), other.cut())
    np.testing.assert_array_equal(one.heights, other.heights)


def test_nothing_of_a_model_is_lost_when_it_is_packed():
    model = plain_model()
    again = unpacked(model.packed())
    for field in fields(model):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(model, field.name))


def test_the_model_that_comes_with_gmmkit_is_taken_by_default():
    assert region_model() is shipped_model()
    assert region_model(plain_model()).threshold == 0.5


def test_a_mixture_is_no_model_of_regions(tmp_path):
    path = tmp_path / "mixture.gmm"
    gmmkit.save(gmmkit.fit(np.arange(20.0)[:, None], 1).mixture, path)
    with pytest.raises(FeatureContractError, match=r"mixture\.gmm .* found one mixture"):
        regions(card()[0], model=path)


def test_a_model_of_something_else_is_refused_with_both_kinds():
    other = replace(plain_model().packed(), kind="image-classes")
    with pytest.raises(FeatureContractError, match=r"'image-classes'.*'image-regions'") as caught:
        regions(card()[0], model=other)
    assert caught.value.exit_code == 4


def test_a_model_of_another_version_is_refused():
    with pytest.raises(FeatureContractError, match="version 2"):
        unpacked(changed(version=2))


def test_a_model_of_other_evidence_is_refused():
    names = list(plain_model().evidence)[::-1]
    with pytest.raises(FeatureContractError, match="evidence"):
        unpacked(changed(evidence=names))


def changed(arrays=(), without=(), **contract):
    """A packed model with some parts replaced or left out."""
    kept = plain_model().packed()
    parts = {**kept.arrays, **dict(arrays)}
    words = {**kept.contract, **contract}
    for name in without:
        parts.pop(name, None)
        words.pop(name, None)
    return Model(kept.kind, words, {}, parts)


@pytest.mark.parametrize(
    "kept",
    [
        changed(without=["output"]),
        changed(without=["radii"]),
        changed(without=["threshold"]),
        changed(radii="x"),
        changed(radii=[]),
        changed(radii=[-1.0, 5.0]),
        changed(threshold="x"),
        changed(threshold=7.0),
        changed(bias="x"),
        changed(n_textons=0),
        changed(n_mixtures=-1),
        changed({"hidden_bias": np.array(1.0)}),
        changed({"hidden": np.zeros((2, 3))}),
        changed({"cue_weights": np.zeros(5)}),
    ],
    ids=["output", "radii", "threshold", "radii x", "no radii", "radius -1", "threshold x",
         "threshold 7", "bias x", "no textons", "mixtures -1", "scalar", "hidden", "weights"],
)  # fmt: skip
def test_a_model_whose_parts_do_not_fit_is_refused_as_a_bad_model(kept):
    with pytest.raises(GmmkitError) as caught:
        unpacked(kept, "own.gmm")
    assert caught.value.exit_code == 4
    assert "own.gmm" in str(caught.value)


@pytest.mark.parametrize("model", [5, b"own.gmm", np.zeros(3), {"kind": "image-regions"}], ids=repr)
def test_what_is_no_model_at_all_is_refused(model):
    with pytest.raises(GmmkitError):
        regions(card()[0], model=model)
