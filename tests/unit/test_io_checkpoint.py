"""Checkpoints: a fit that was interrupted anywhere ends in the bits of one that was not."""

import os

import numpy as np
import pytest
from strategies import blobs, make_mixture

import gmmkit
from gmmkit.core.covariance import Covariance
from gmmkit.core.em import Iteration, run_em
from gmmkit.core.engine.routes import Route
from gmmkit.core.execution import SerialExecutor
from gmmkit.core.families import family as family_named
from gmmkit.core.fits.data import read_data
from gmmkit.core.fits.journal import Progress, Standing
from gmmkit.core.fits.preparation import prepare
from gmmkit.errors import FileAccessError, ModelFileError, ParameterError
from gmmkit.io import checkpoint as module
from gmmkit.io.checkpoint import KIND, Checkpoint
from gmmkit.io.model_value import Model
from gmmkit.io.structure import pack_value

ROWS = blobs(300, 2)
ASKED = {"seed": 0, "start": ROWS[:3], "tol": 1e-9, "max_iter": 12}


class Stopped(Exception):
    """What stands for an interruption."""


def stopping_at(iteration):
    def on_iteration(number, info):
        if number == iteration:
            raise Stopped

    return on_iteration


def bits(fitted):
    mixture = fitted.mixture
    parts = mixture.weights, mixture.means, mixture.covariance.values
    return [part.tobytes() for part in parts], fitted.log_likelihood, fitted.trace


def make_progress(family="full"):
    trace = tuple(Iteration(-1.0 / n, name, n, 0.1) for n, name in enumerate(["float32"] * 3, 1))
    trace += (Iteration(-0.1, "float64", 0),)
    mixture = make_mixture(family, noise=0.1)
    return Progress(
        "identity",
        (Standing(mixture, Route.FLOAT64, 2, trace), Standing(mixture, Route.CENTERED, 0, trace)),
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.gmm"


@pytest.mark.parametrize("stop", [1, 2, 7, 12])
def test_a_fit_that_was_interrupted_goes_on_to_the_same_bits(path, stop):
    whole = gmmkit.fit(ROWS, 3, **ASKED)
    with pytest.raises(Stopped):
        gmmkit.fit(
            ROWS, 3, **ASKED, checkpoint=Checkpoint(path, every=0), on_iteration=stopping_at(stop)
        )
    numbers = []
    again = gmmkit.fit(
        ROWS,
        3,
        **ASKED,
        checkpoint=Checkpoint(path),
        on_iteration=lambda number, info: numbers.append(number),
    )
    assert bits(again) == bits(whole)
    assert numbers == list(range(stop, 13))


def test_several_runs_are_gone_on_with_from_the_one_that_was_interrupted(path):
    asked = {"seed": 0, "start": "random", "n_init": 3, "tol": 1e-9, "max_iter": 5}
    whole = gmmkit.fit(ROWS, 3, **asked)
    calls = []

    def stop_later(number, info):
        calls.append(number)
        if len(calls) == 8:
            raise Stopped

    with pytest.raises(Stopped):
        gmmkit.fit(ROWS, 3, **asked, checkpoint=Checkpoint(path, every=0), on_iteration=stop_later)
    assert len(Checkpoint(path).load().runs) == 2
    again = gmmkit.fit(ROWS, 3, **asked, checkpoint=Checkpoint(path))
    assert bits(again) == bits(whole)


def test_more_iterations_can_be_asked_for_than_when_a_fit_was_begun(path):
    gmmkit.fit(ROWS, 3, **ASKED | {"max_iter": 4}, checkpoint=Checkpoint(path))
    again = gmmkit.fit(ROWS, 3, **ASKED, checkpoint=Checkpoint(path))
    assert bits(again) == bits(gmmkit.fit(ROWS, 3, **ASKED))


@pytest.mark.parametrize("family", ["full", "tied", "diag", "spherical", "EVI", "VEV"])
def test_a_fit_of_any_family_is_gone_on_with(path, family):
    asked = ASKED | {"covariance": family, "max_iter": 6}
    whole = gmmkit.fit(ROWS, 3, **asked)
    keeper = Checkpoint(path, every=0)
    with pytest.raises(Stopped):
        gmmkit.fit(ROWS, 3, **asked, checkpoint=keeper, on_iteration=stopping_at(4))
    assert bits(gmmkit.fit(ROWS, 3, **asked, checkpoint=keeper)) == bits(whole)


@pytest.mark.parametrize("family", ["full", "tied"])
def test_a_fit_of_turned_rows_is_gone_on_with(path, family):
    asked = ASKED | {"covariance": family, "max_iter": 6, "precision": "whitened"}
    whole = gmmkit.fit(ROWS, 3, **asked)
    assert whole.trace[-1].route == "whitened"
    keeper = Checkpoint(path, every=0)
    with pytest.raises(Stopped):
        gmmkit.fit(ROWS, 3, **asked, checkpoint=keeper, on_iteration=stopping_at(4))
    assert bits(gmmkit.fit(ROWS, 3, **asked, checkpoint=keeper)) == bits(whole)


@pytest.mark.parametrize("family", ["full", "tied", "diag", "spherical"])
def test_what_is_kept_comes_back_to_the_bit(path, family):
    progress = make_progress(family)
    Checkpoint(path).save(progress, at_once=True)
    found = Checkpoint(path).load()
    assert found.identity == progress.identity
    for run, kept in zip(found.runs, progress.runs, strict=True):
        assert (run.least_route, run.small_gains) == (kept.least_route, kept.small_gains)
        assert run.trace == kept.trace
        types = [[type(value) for value in vars(each.trace[0]).values()] for each in (run, kept)]
        assert types[0] == types[1]
        assert run.mixture.noise == kept.mixture.noise
        for one, other in (
            (run.mixture.weights, kept.mixture.weights),
            (run.mixture.means, kept.mixture.means),
            (run.mixture.covariance.values, kept.mixture.covariance.values),
        ):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("acceleration", ["none", "squarem"])
@pytest.mark.parametrize("family", ["full", "tied", "diag"])
def test_a_run_goes_on_from_a_file_after_any_iteration(path, family, acceleration):
    rows = blobs(200, 2, separation=2.0)
    data = read_data(rows, n_components=3)
    random, serial = np.random.default_rng(0), SerialExecutor()
    asked = {"n_components": 3, "reg_covar": None, "floor": None}
    problem = prepare(data, family_named(family), serial, random, **asked)
    start = problem.units.standardize(make_mixture(family, spread=1.0))
    settings = {"tol": 1e-7, "max_iter": 12, "acceleration": acceleration}
    place = problem.source, start, problem.units, serial, problem.regularization
    courses = []
    whole = run_em(*place, **settings, on_course=courses.append)
    for course in courses:
        Checkpoint(path).save(Progress("a", (Standing.of(course),)), at_once=True)
        (kept,) = Checkpoint(path).load().runs
        again = run_em(*place, **settings, so_far=kept.course(problem.units, 1))
        assert again.trace == whole.trace
        assert again.mixture.means.tobytes() == whole.mixture.means.tobytes()


def test_matrices_that_are_symmetric_but_for_rounding_keep_their_bits(path):
    values = np.array([[[1.0, 0.3], [np.nextafter(0.3, 1), 1.0]]])
    mixture = gmmkit.Mixture([1.0], [[0.0, 0.0]], Covariance("full", values))
    standing = Standing(mixture, Route.FLOAT64, 0, (Iteration(-1.0, "float64", 0),))
    Checkpoint(path).save(Progress("a", (standing,)), at_once=True)
    (run,) = Checkpoint(path).load().runs
    assert run.mixture.covariance.values.tobytes() == values.tobytes()


def test_a_checkpoint_is_written_no_more_often_than_it_is_told_to(path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    keeper, written = Checkpoint(path, every=5), []
    monkeypatch.setattr(module, "save", lambda model, target, force: written.append(now[0]))
    for now[0], at_once in [(0, False), (1, False), (4, False), (5, False), (6, True), (9, False)]:
        keeper.save(Progress("a"), at_once=at_once)
    assert written == [0, 5, 6]


def test_the_end_of_a_fit_is_kept_at_once(path):
    fitted = gmmkit.fit(ROWS, 3, **ASKED, checkpoint=Checkpoint(path, every=1e6))
    (run,) = Checkpoint(path).load().runs
    assert run.trace == fitted.trace


def test_there_is_no_progress_where_there_is_no_file(path):
    assert Checkpoint(path).load() is None


def test_a_checkpoint_is_a_path_and_says_which(path):
    keeper = Checkpoint(str(path), every=2.5)
    assert os.fspath(keeper) == str(path)
    assert repr(keeper) == f"Checkpoint({str(path)!r}, every=2.5)"


# What is refused


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no gmmkit model file"),
        (b"hello", "is no gmmkit model file"),
        (b"\x80\x04pickle", "a pickle"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused_and_left_alone(path, content, reason):
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=reason):
        gmmkit.fit(ROWS, 3, **ASKED, checkpoint=Checkpoint(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "model", [make_mixture(), Model("image-classes", mixtures={"a": make_mixture()})]
)
def test_a_model_that_is_no_checkpoint_is_refused_and_left_alone(path, model):
    gmmkit.save(model, path)
    before = path.read_bytes()
    with pytest.raises(ModelFileError, match=r"fit\.gmm is no checkpoint: found a model file of"):
        gmmkit.fit(ROWS, 3, **ASKED, checkpoint=Checkpoint(path))
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_fit_is_refused_and_left_alone(path):
    gmmkit.fit(ROWS, 3, **ASKED, checkpoint=Checkpoint(path))
    before = path.read_bytes()
    for rows, asked in ((ROWS + 1e-9, ASKED), (ROWS, ASKED | {"tol": 1e-3})):
        with pytest.raises(ParameterError, match="the checkpoint is that of another fit"):
            gmmkit.fit(rows, 3, **asked, checkpoint=Checkpoint(path))
    assert path.read_bytes() == before


def changed(model, **parts):
    given = {"contract": dict(model.contract), "arrays": dict(model.arrays)}
    given["mixtures"] = dict(model.mixtures)
    for part, change in parts.items():
        change(given[part])
    return Model(model.kind, **given)


RUN = "progress runs 0"


@pytest.mark.parametrize(
    "parts",
    [
        {"contract": lambda c: c.pop("progress identity")},
        {"contract": lambda c: c.update({"progress identity": 3})},
        {"contract": lambda c: c.update(more=3)},
        {"contract": lambda c: c.update({"progress runs count": 1})},
        {"contract": lambda c: c.update({"progress runs count": 3})},
        {"contract": lambda c: c.update({"progress runs count": -1})},
        {"contract": lambda c: c.update({"progress runs count": "2"})},
        {"contract": lambda c: c.update({f"{RUN} least_route": "FLOAT16"})},
        {"contract": lambda c: c.update({f"{RUN} least_route": 3})},
        {"contract": lambda c: c.update({f"{RUN} small_gains": -1})},
        {"contract": lambda c: c.update({f"{RUN} small_gains": True})},
        {"contract": lambda c: c.update({f"{RUN} trace route": ["float64"]})},
        {"contract": lambda c: c.update({f"{RUN} trace route": "float64"})},
        {"contract": lambda c: c.update({f"{RUN} trace count": 0})},
        {"mixtures": lambda m: m.pop(f"{RUN} mixture")},
        {"mixtures": lambda m: m.update(more=make_mixture())},
        {"arrays": lambda a: a.pop(f"{RUN} trace floored")},
        {"arrays": lambda a: a.update({f"{RUN} trace floored": np.array([1])})},
        {"arrays": lambda a: a.update({f"{RUN} trace floored": np.array(1)})},
        {"arrays": lambda a: a.update({f"{RUN} trace floored": np.ones(4)})},
        {"arrays": lambda a: a.update({f"{RUN} mixture covariance": np.eye(2)})},
        {"arrays": lambda a: a.update({f"{RUN} mixture covariance": np.ones((3, 2, 2))})},
    ],
)
def test_a_damaged_checkpoint_is_refused(path, parts):
    gmmkit.save(changed(pack_value(make_progress(), KIND), **parts), path)
    with pytest.raises(
        ModelFileError, match=r"fit\.gmm is a damaged checkpoint, or .*: found .*Try: "
    ):
        Checkpoint(path).load()


def test_a_folder_in_the_place_of_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(FileAccessError, match="a folder"):
        Checkpoint(tmp_path).load()


@pytest.mark.parametrize("every", [-1, "soon", None, float("nan"), float("inf"), True])
def test_seconds_that_are_none_are_refused(path, every):
    with pytest.raises(ParameterError, match="every is not usable"):
        Checkpoint(path, every=every)


@pytest.mark.parametrize("path", [None, "", 3])
def test_a_name_that_is_none_is_refused(path):
    with pytest.raises(ParameterError, match="file"):
        Checkpoint(path)
