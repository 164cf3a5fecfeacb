"""``gmmkit speaker train-ubm|score|calibrate|evaluate`` on lists of trials."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gmmkit.io.samples import sample_path
from gmmkit.speaker.background_file import read_background
from gmmkit.speaker.evaluation.bootstrap import speaker_bootstrap
from gmmkit.speaker.evaluation.trial_formats import parse_scores, parse_trials
from gmmkit.speaker.metrics import cllr, equal_error_rate, min_dcf
from gmmkit.speaker.registry import Registry

PEOPLE = ("ana", "ben")
TESTS = {"someone": "ana", "test-ben": "ben", "stranger": None}


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """A folder of recordings that are all called NAME.wav."""
    folder = tmp_path_factory.mktemp("audio")
    for name in ("ana-1", "ana-2", "ben-1", "ben-2", "carla-1", "dmitri-1", *TESTS):
        samples, rate = soundfile.read(sample_path(name, kind="recording"))
        soundfile.write(folder / f"{name}.wav", samples, rate)
    soundfile.write(folder / "hum.wav", np.zeros(8000), 16000)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "people.db"
    registry = Registry.open(path, background="fast")
    for name in PEOPLE:
        registry.enroll(name, [f"sample:{name}-{i}" for i in (1, 2, 3)])
    return path


@pytest.fixture
def people(made, tmp_path):
    return Path(shutil.copy(made, tmp_path / "people.db"))


@pytest.fixture
def trials():
    """A list of everyone in the registry against every test."""
    rows = [
        f"{name} {test}.wav {'target' if speaker == name else 'nontarget'}"
        for name in PEOPLE
        for test, speaker in TESTS.items()
    ]
    Path("trials.txt").write_text("\n".join(rows) + "\n")
    return Path("trials.txt")


@pytest.fixture
def noisy_lists():
    """Lists of 20 people with 3 tests each and of 10 strangers, with scores."""
    random = np.random.default_rng(0)
    speakers = [f"p{n:02d}" for n in range(20)]
    tests = [(f"{name}-{k}", name) for name in speakers for k in range(3)]
    tests += [(f"x{n}", None) for n in range(10)]
    rows = [(model, test, model == who) for test, who in tests for model in speakers]
    scores = random.normal(size=len(rows)) + np.array([2.5 * same for *_, same in rows])
    listed = [f"{m} {t} {'target' if same else 'nontarget'}" for m, t, same in rows]
    scored = [f"{m} {t} {s!r}" for (m, t, _), s in zip(rows, scores.tolist(), strict=True)]
    Path("trials.txt").write_text("\n".join(listed))
    Path("scores.txt").write_text("\n".join(scored))
    return scores, np.array([same for *_, same in rows])


def figure(report, name):
    return next(each for each in report["figures"] if each["name"] == name)


# Scoring


def test_scores_of_people_are_those_of_the_registry(run_cli, people, trials, audio):
    words = ("--trials", trials, "--audio", audio, "-o", "scores.txt")
    ended = run_cli("speaker", "score", people, *words)
    assert ended.code == 0
    assert "6 trials, 0 refused; calibrated log-likelihood ratios" in ended.out
    scores = parse_scores(Path("scores.txt").read_text())
    registry = Registry.open(people, read_only=True)
    expected = {test: registry.scores(f"sample:{test}") for test in TESTS}
    assert scores.pairs == parse_trials(trials.read_text()).pairs
    for (name, test), score in zip(scores.pairs, scores.scores, strict=True):
        assert score == pytest.approx(expected[test.removesuffix(".wav")][name], abs=1e-3)


def test_recordings_are_scored_by_the_pair_without_a_registry(run_cli, audio):
    Path("pairs.txt").write_text("1 ana-1.wav ana-2.wav\n0 ana-1.wav ben-1.wav\n")
    words = ("--trials", "pairs.txt", "--audio", audio, "-o", "scores.txt", "--background", "fast")
    assert run_cli("speaker", "score", *words).code == 0
    same, different = parse_scores(Path("scores.txt").read_text()).scores
    assert same > 3 > different


def test_a_recording_without_speech_is_refused_told_and_counted(run_cli, people, audio):
    Path("trials.txt").write_text("ana hum.wav target\nana someone.wav target\n")
    words = ("--trials", "trials.txt", "--audio", audio, "-o", "scores.txt", "--json")
    ended = run_cli("speaker", "score", people, *words)
    assert ended.code == 0
    assert json.loads(ended.out)["refused"] == 1
    assert "hum.wav is refused" in ended.err
    assert Path("scores.txt").read_text().startswith("ana hum.wav refused\n")


def test_the_header_says_whether_scores_are_calibrated(run_cli, people, trials, audio):
    words = ("--trials", trials, "--audio", audio, "--header", "-o")
    run_cli("speaker", "score", people, *words, "llr.tsv")
    run_cli("speaker", "score", people, *words, "raw.tsv", "--norm", "none")
    assert Path("llr.tsv").read_text().splitlines()[0] == "model\ttest\tllr"
    assert Path("raw.tsv").read_text().splitlines()[0] == "model\ttest\tscore"
    assert len(parse_scores(Path("llr.tsv").read_text())) == 6


def test_a_normalization_by_a_cohort_is_not_calibrated(run_cli, people, trials, audio, tmp_path):
    (tmp_path / "others").mkdir()
    for name in ("carla-1", "dmitri-1"):
        shutil.copy(audio / f"{name}.wav", tmp_path / "others")
    words = ("--trials", trials, "--audio", audio, "-o", "s.txt", "--norm", "t", "--cohort")
    ended = run_cli("speaker", "score", people, *words, "others", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["calibrated"] is False


def test_missing_recordings_are_named_before_any_work(run_cli, people, trials, tmp_path):
    words = ("--trials", trials, "--audio", tmp_path, "-o", "scores.txt")
    ended = run_cli("speaker", "score", people, *words)
    assert ended.code == 3
    assert "3 of 3: " in ended.err
    assert "--audio DIR" in ended.err
    assert not Path("scores.txt").exists()


def test_scores_are_not_overwritten_unless_forced(run_cli, people, trials, audio):
    Path("scores.txt").write_text("mine")
    words = ("--trials", trials, "--audio", audio, "-o", "scores.txt")
    assert run_cli("speaker", "score", people, *words).code == 3
    assert Path("scores.txt").read_text() == "mine"
    assert run_cli("speaker", "score", people, *words, "--force").code == 0


@pytest.mark.parametrize(
    "words", [("--norm", "t"), ("--cohort", "."), ("--norm", "none", "--cohort", ".")]
)
def test_a_cohort_and_a_normalization_by_one_go_together(run_cli, people, trials, words):
    ended = run_cli("speaker", "score", people, "--trials", trials, "-o", "s.txt", *words)
    assert ended.code == 2


# Calibrating


def test_a_calibration_is_kept_in_the_registry(run_cli, people, trials, audio):
    words = ("--trials", trials, "--audio", audio, "--json")
    before = Registry.open(people, read_only=True).scores("sample:someone")
    ended = run_cli("speaker", "calibrate", people, *words)
    report = json.loads(ended.out)
    after = Registry.open(people, read_only=True).scores("sample:someone")
    assert ended.code == 0
    assert after != before
    assert (report["targets"], report["nontargets"], report["folds"]) == (2, 4, 1)
    assert set(report["weights"]) == {"score", "normalized_score", "log_seconds"}


def test_few_trials_are_warned_of_and_figures_of_the_same_trials_are_called_so(
    run_cli, people, trials, audio
):
    ended = run_cli("speaker", "calibrate", people, "--trials", trials, "--audio", audio)
    assert "2 target trials say little" in ended.err
    assert "on the trials that it was fitted to" in ended.out


def test_a_registry_is_not_calibrated_on_trials_of_one_kind(run_cli, people, audio):
    Path("trials.txt").write_text("ana someone.wav target\n")
    before = people.read_bytes()
    ended = run_cli("speaker", "calibrate", people, "--trials", "trials.txt", "--audio", audio)
    assert ended.code == 3
    assert people.read_bytes() == before


# Evaluating


def test_figures_are_those_of_the_metrics(run_cli, noisy_lists):
    scores, same = noisy_lists
    words = ("scores.txt", "trials.txt", "--json", "--op", "sre08", "--bootstrap", 0)
    report = json.loads(run_cli("speaker", "evaluate", *words).out)
    kinds = scores[same], scores[~same]
    assert figure(report, "EER")["value"] == equal_error_rate(*kinds)
    assert figure(report, "minDCF")["value"] == min_dcf(*kinds, "sre08")
    assert figure(report, "minDCF")["operating_point"] == "sre08 (P=0.01, Cmiss=10, Cfa=1)"
    assert figure(report, "Cllr")["value"] == cllr(*kinds)
    assert figure(report, "EER")["interval"] is None


def test_intervals_are_of_speakers_drawn_anew(run_cli, noisy_lists):
    scores, same = noisy_lists
    words = ("scores.txt", "trials.txt", "--json", "--bootstrap", 50, "--seed", 3)
    report = json.loads(run_cli("speaker", "evaluate", *words).out)
    pairs = parse_trials(Path("trials.txt").read_text()).pairs
    speakers = [(model, test.split("-")[0]) for model, test in pairs]
    # Only who is who matters, and in which order they come is part of the draws.
    order = {name: n for n, name in enumerate(dict.fromkeys(m for m, _ in speakers))}
    order |= {f"x{n}": 20 + n for n in range(10)}
    numbers = np.array([[order[model], order[test]] for model, test in speakers]).T
    interval = speaker_bootstrap(equal_error_rate, scores, same, *numbers, n=400)
    low, high = figure(report, "EER")["interval"]
    assert low == pytest.approx(interval.low, abs=0.03)
    assert high == pytest.approx(interval.high, abs=0.03)


def test_every_test_against_every_model_gives_identification_rates(run_cli, noisy_lists):
    scores, same = noisy_lists
    matrix = scores.reshape(70, 20)
    right = np.argmax(matrix[:60], axis=1) == np.repeat(np.arange(20), 3)
    words = ("scores.txt", "trials.txt", "--json", "--bootstrap", 0)
    found = json.loads(run_cli("speaker", "evaluate", *words).out)["identification"]
    assert (found["models"], found["tests"], found["strangers"]) == (20, 60, 10)
    assert found["rank_1"] == pytest.approx(right.mean())
    assert sum(each["tests"] for each in found["confusions"]) == (~right).sum()
    assert found["detection_and_identification"]["0.05"] <= found["rank_1"]
    assert same.reshape(70, 20)[60:].sum() == 0


def test_refused_trials_are_counted_as_errors(run_cli):
    Path("trials.txt").write_text("a x target\na y target\na z nontarget\na w nontarget\n")
    Path("scores.txt").write_text("a x 2\na y refused\na z -2\na w -3\n")
    ended = run_cli("speaker", "evaluate", "scores.txt", "trials.txt", "--json")
    report = json.loads(ended.out)
    assert report["refused"] == {"targets": 1, "nontargets": 0}
    assert figure(report, "EER")["value"] > 0


@pytest.mark.parametrize(("name", "magic"), [("det.svg", b"<?xml"), ("det.png", b"\x89PNG")])
def test_the_trade_off_is_drawn(run_cli, noisy_lists, name, magic):
    words = ("scores.txt", "trials.txt", "--bootstrap", 0, "--det", name)
    ended = run_cli("speaker", "evaluate", *words)
    assert ended.code == 0
    assert f"wrote {name}" in ended.out
    assert Path(name).read_bytes().startswith(magic)


def test_the_same_scores_draw_the_same_file(run_cli, noisy_lists):
    for name in ("one/det.svg", "two/det.svg"):
        Path(name).parent.mkdir()
        words = ("scores.txt", "trials.txt", "--bootstrap", 0, "--det", name)
        run_cli("speaker", "evaluate", *words)
    assert Path("one/det.svg").read_bytes() == Path("two/det.svg").read_bytes()


def test_lists_in_the_wrong_order_are_told_apart(run_cli, noisy_lists):
    ended = run_cli("speaker", "evaluate", "trials.txt", "scores.txt")
    assert ended.code == 3
    assert "scores.txt: these are scores, not trials" in ended.err


def test_trials_that_do_not_tell_who_speaks_give_figures_without_intervals(run_cli):
    Path("trials.txt").write_text("a b target\nb c target\na c nontarget\n")
    Path("scores.txt").write_text("a b 1\nb c 2\na c 0\n")
    ended = run_cli("speaker", "evaluate", "scores.txt", "trials.txt", "--json")
    assert figure(json.loads(ended.out), "EER")["interval"] is None
    assert "do not tell who the speakers are" in ended.err


# Training

SMALL = ("--preset", "fast", "--components", 4, "--seed", 1)


def test_a_folder_of_speakers_trains_the_same_model_on_any_number_of_threads(
    run_cli, audio, tmp_path
):
    for name in ("ana", "ben", "carla"):
        (tmp_path / "corpus" / name).mkdir(parents=True)
        shutil.copy(audio / f"{name}-1.wav", tmp_path / "corpus" / name)
    for jobs in (1, 2):
        words = ("corpus", "-o", f"own{jobs}.gmm", "--jobs", jobs, "--json", *SMALL)
        report = json.loads(run_cli("speaker", "train-ubm", *words).out)
        assert (report["speakers"], report["recordings"], report["cohort"]) == (3, 3, 3)
    one, two = (read_background(f"own{jobs}.gmm").identity for jobs in (1, 2))
    assert one == two == report["identity"]


def test_a_list_with_speakers_trains_a_telephone_model(run_cli, audio):
    rows = [f"{name[:3]}\t{name}.wav" for name in ("ana-1", "ben-1", "carla-1")]
    Path("list.txt").write_text("# who and what\n" + "\n".join(rows) + "\n")
    words = ("list.txt", "--audio", audio, "-o", "own.gmm", "--preset", "telephone")
    ended = run_cli("speaker", "train-ubm", *words, "--components", 4, "--start", "splitting")
    assert ended.code == 0
    assert read_background("own.gmm").subsystems[0].frontend.sample_rate == 8000
    assert "not calibrated yet" in ended.err


def test_paths_alone_make_each_recording_a_speaker_and_say_so(run_cli, audio):
    Path("list.txt").write_text("ana-1.wav\nben-1.wav\ncarla-1.wav\n")
    words = ("list.txt", "--audio", audio, "-o", "own.gmm", "--json", *SMALL)
    ended = run_cli("speaker", "train-ubm", *words)
    assert json.loads(ended.out)["speakers"] == 3
    assert "taken for a speaker of its own" in ended.err


def test_a_model_of_ones_own_enrolls_people_and_decides_nothing_yet(run_cli, audio):
    Path("list.txt").write_text("ana-1.wav\nben-1.wav\ncarla-1.wav\n")
    run_cli("speaker", "train-ubm", "list.txt", "--audio", audio, "-o", "own.gmm", *SMALL)
    words = [audio / f"ana-{i}.wav" for i in (1, 2)]
    ended = run_cli("speaker", "enroll", "own.db", "ana", *words, "--background", "own.gmm")
    assert "background model own" in ended.err
    ended = run_cli("speaker", "identify", "own.db", audio / "someone.wav")
    assert "most like ana, and not decided" in ended.out


def test_a_model_in_a_file_called_as_a_shipped_one_is_not_taken_for_it(run_cli, audio):
    Path("list.txt").write_text("ana-1.wav\nben-1.wav\ncarla-1.wav\n")
    run_cli("speaker", "train-ubm", "list.txt", "--audio", audio, "-o", "fast.gmm", *SMALL)
    words = [audio / f"ana-{i}.wav" for i in (1, 2)]
    run_cli("speaker", "enroll", "own.db", "ana", *words, "--background", "fast.gmm")
    assert run_cli("speaker", "identify", "own.db", audio / "someone.wav").code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ana a.wav\nb.wav\n", "line 2"),
        ("\n", "empty"),
        ("ana a.wav\n", "1 of 1"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_in_words(run_cli, text, words):
    Path("list.txt").write_text(text)
    ended = run_cli("speaker", "train-ubm", "list.txt", "-o", "own.gmm")
    assert ended.code == 3
    assert words in ended.err
