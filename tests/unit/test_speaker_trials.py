"""Trial lists and score lists: every form that is read, and what happens when they are joined."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import stable

from gmmkit.errors import DataWarning, ParameterError, TrialListError
from gmmkit.speaker.evaluation.detection import Refusals
from gmmkit.speaker.evaluation.trial_formats import (
    format_scores,
    format_trials,
    parse_scores,
    parse_trials,
)
from gmmkit.speaker.evaluation.trials import ScoreList, TrialList, join_scores, score_matrix

PAIRS = (("ana", "a.wav"), ("ben", "a.wav"))


@pytest.mark.parametrize(
    "text",
    [
        "ana a.wav target\nben a.wav nontarget\n",
        "ana a.wav target\nben a.wav impostor",
        "ana a.wav TARGET\r\nben a.wav non-target\r\n\r\n",
        "ana\ta.wav\ttarget\nben\ta.wav\tnontarget\n",
        "ana,a.wav,target\nben,a.wav,nontarget\n",
        "  ana   a.wav \t target\n\nben a.wav nontarget \n",
        "1 ana a.wav\n0 ben a.wav\n",
        "\ufeff1 ana a.wav\n0 ben a.wav\n",
        "model,test,label\nana,a.wav,target\nben,a.wav,nontarget\n",
        'model,test,label\n"ana",a.wav,1\nben,"a.wav",0\n',
        "label\ttest\tmodel\n1\ta.wav\tana\n0\ta.wav\tben\n",
        "modelid segmentid side targettype\nana a.wav 1 target\nben a.wav 1 nontarget\n",
    ],
)
def test_every_form_reads_as_the_same_trials(text):
    trials = parse_trials(text)
    assert trials.pairs == PAIRS
    assert trials.is_target.tolist() == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "ana a.wav 2.5\nben a.wav -1e-3\n",
        "ana\ta.wav\t+2.5\nben\ta.wav\t-.001\n",
        "ana,a.wav,2.50\nben,a.wav,-0.001",
        "test,score,model\na.wav,2.5,ana\na.wav,-0.001,ben\n",
        "enroll\tprobe\tllr\nana\ta.wav\t2.5\nben\ta.wav\t-0.001\n",
    ],
)
def test_every_form_reads_as_the_same_scores(text):
    scores = parse_scores(text)
    assert scores.pairs == PAIRS
    assert scores.scores.tolist() == [2.5, -0.001]


def test_a_refused_score_is_no_number():
    scores = parse_scores("ana a.wav refused\nben a.wav -inf\n")
    assert math.isnan(scores.scores[0])
    assert scores.scores[1] == -math.inf
    assert scores.n_refused == 1


def test_a_table_takes_names_with_blanks():
    assert parse_trials("model\ttest\tlabel\nAna B\tmy file.wav\t1\n").pairs == (
        ("Ana B", "my file.wav"),
    )


def test_a_name_may_hold_what_unicode_ends_lines_with():
    name = "a\u2028b\x0b\x85"
    assert parse_trials(f"{name} \u00a0x target\n").pairs == ((name, "\u00a0x"),)


def test_kaldis_form_is_preferred_where_a_model_is_called_one():
    assert parse_trials("1 a.wav target\n2 a.wav nontarget\n").pairs[0] == ("1", "a.wav")


names = st.text(
    st.characters(codec="utf-8", exclude_characters=" \t\r\n\0\ufeff"), min_size=1, max_size=6
)


@stable
@given(
    st.dictionaries(st.tuples(names, names), st.booleans(), min_size=1, max_size=8),
    st.sampled_from(["kaldi", "tsv"]),
)
def test_trials_that_are_written_read_as_they_were(labels, style):
    trials = TrialList(labels, list(labels.values()))
    again = parse_trials(format_trials(trials, style))
    assert again.pairs == trials.pairs
    assert again.is_target.tolist() == trials.is_target.tolist()


@stable
@given(st.dictionaries(st.tuples(names, names), st.floats(), min_size=1, max_size=8), st.booleans())
def test_scores_that_are_written_read_as_they_were_to_the_last_bit(values, header):
    scores = ScoreList(values, list(values.values()))
    again = parse_scores(format_scores(scores, header=header))
    assert again.pairs == scores.pairs
    np.testing.assert_array_equal(again.scores, scores.scores)


def test_voxcelebs_form_can_be_written():
    trials = TrialList(PAIRS, [True, False])
    assert format_trials(trials, "voxceleb") == "1 ana a.wav\n0 ben a.wav\n"


@pytest.mark.parametrize(
    ("write", "match"),
    [
        (lambda trials: format_trials(trials), "a name has a blank in it.*with a header and tabs"),
        (lambda trials: format_trials(trials, "voxceleb"), "a name has a blank in it"),
        (lambda trials: format_scores(ScoreList(trials.pairs, [1.0])), "a name has a blank in it"),
    ],
)
def test_a_name_with_a_blank_is_not_written_where_it_could_not_be_read(write, match):
    with pytest.raises(TrialListError, match=match):
        write(TrialList([("Ana B", "x")], [True]))


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "", " a"])
def test_a_name_that_no_table_holds_is_not_written(name):
    with pytest.raises(TrialListError, match="cannot stand in a table"):
        format_trials(TrialList([(name, "x")], [True]), "tsv")


def test_an_unknown_style_is_refused():
    with pytest.raises(ParameterError, match="'kaldi', 'voxceleb' or 'tsv'"):
        format_trials(TrialList(PAIRS, [True, False]), "csv")


def test_repeated_trials_are_counted_and_kept():
    with pytest.warns(DataWarning, match="1 trials are repeated"):
        trials = parse_trials("ana a target\nana a target\n")
    assert (len(trials), trials.n_repeated) == (2, 1)


def test_scores_are_joined_by_name_whatever_their_order():
    trials = TrialList(PAIRS, [True, False])
    scored = join_scores(trials, ScoreList(PAIRS[::-1], [-1.0, 2.0]))
    assert scored.scores.tolist() == [2.0, -1.0]
    assert scored.target_scores.tolist() == [2.0]
    assert scored.nontarget_scores.tolist() == [-1.0]


def test_refused_trials_are_counted_by_kind():
    trials = TrialList([("m", str(i)) for i in range(5)], [True, True, True, False, False])
    scores = ScoreList(trials.pairs, [math.nan, 1.0, math.nan, math.nan, 0.0])
    scored = join_scores(trials, scores)
    assert scored.refusals == Refusals(targets=2, nontargets=1)
    assert scored.target_scores.tolist() == [1.0]
    assert scored.filled().tolist() == [-math.inf, 1.0, -math.inf, math.inf, 0.0]
    assert scored.filled(0.0, 0.0).tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]


def test_trials_without_a_score_are_counted_and_named():
    trials = TrialList([("m", str(i)) for i in range(6)], [True] + [False] * 5)
    scores = ScoreList([("m", "0"), ("m", "4")], [1.0, 2.0])
    with pytest.raises(TrialListError, match=r"found 4 of 6: m 1, m 2, m 3, \.\.\.;"):
        join_scores(trials, scores)


def test_scores_without_a_trial_are_counted_and_named_unless_allowed():
    trials = TrialList([("m", "0")], [True])
    scores = ScoreList([("m", "0"), ("m", "1")], [1.0, 2.0])
    with pytest.raises(TrialListError, match="belong to no trial: found 1 of 2: m 1;"):
        join_scores(trials, scores)
    assert join_scores(trials, scores, allow_extra=True).scores.tolist() == [1.0]


def test_trials_of_all_with_all_form_a_matrix():
    trials = TrialList(
        [("b", "t1"), ("a", "t1"), ("a", "t0"), ("b", "t0")], [True, False, False, False]
    )
    matrix = score_matrix(join_scores(trials, ScoreList(trials.pairs, [1.0, 2.0, math.nan, 4.0])))
    assert matrix.models == ("a", "b")
    assert matrix.tests == ("t0", "t1")
    assert matrix.scores.tolist() == [[-math.inf, 4.0], [2.0, 1.0]]
    assert matrix.true_model.tolist() == [-1, 1]


def test_a_pair_without_a_trial_leaves_no_matrix():
    trials = TrialList([("a", "t0"), ("b", "t1")], [True, True])
    scored = join_scores(trials, ScoreList(trials.pairs, [1.0, 2.0]))
    with pytest.raises(TrialListError, match="found 2 of 4 pairs without a trial: b t0, a t1"):
        score_matrix(scored)


def test_a_test_with_two_right_models_is_refused():
    trials = TrialList([("a", "t0"), ("b", "t0")], [True, True])
    scored = join_scores(trials, ScoreList(trials.pairs, [1.0, 2.0]))
    with pytest.raises(
        TrialListError, match="more than one right model: found 1 of 1, the first 't0'"
    ):
        score_matrix(scored)


def test_values_cannot_be_changed():
    trials = TrialList(PAIRS, [True, False])
    with pytest.raises(ValueError, match="read-only"):
        trials.is_target[0] = False
