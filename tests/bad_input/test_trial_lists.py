"""Lists that are no lists of trials: refused with the line, what is there and what should be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import stable

from gmmkit.errors import GmmkitWarning, TrialListError
from gmmkit.speaker.evaluation.trial_formats import parse_scores, parse_trials


@pytest.mark.parametrize("text", ["", "\n\n", "  \t\r\n", "\ufeff"])
@pytest.mark.parametrize("parse", [parse_trials, parse_scores])
def test_an_empty_list_is_refused(parse, text):
    with pytest.raises(TrialListError, match="the list is empty"):
        parse(text)


@pytest.mark.parametrize("parse", [parse_trials, parse_scores])
def test_a_header_without_lines_is_refused(parse):
    with pytest.raises(TrialListError, match="these are no trials: found 0 pairs"):
        parse("model,test,label,score\n")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (
            "ana a target\n1 ana b\n",
            r"line 2 does not fit: found '1 ana b'; needed `model test tar",
        ),
        (
            "1 ana a\nana b target\n",
            r"line 2 does not fit: found 'ana b target'; needed `1\|0 model",
        ),
        ("1 ana a\n\n2 ana b\n", r"line 3 does not fit: found '2 ana b'"),
        ("ana a target\nben a\n", r"line 2 does not fit: found 'ben a'"),
        ("ana a target\nben a b target\n", "line 2 does not fit"),
        ("ana\ta\ttarget\nben a nontarget\n", "line 2 does not fit"),
        ("model,test,label\nana,a,2\n", "line 2 does not fit: found 'ana,a,2'; needed 3 columns"),
        ("model,test,label\n,a,1\n", "line 2 does not fit"),
        ('model,test,label\n"ana,a,1\n', "line 2 does not fit"),
        ("model,test,label\nana,a\n", "line 2 does not fit"),
        ("a b\n", "line 1 is no trial: found 'a b'"),
        ("\n\nx y z\n", "line 3 is no trial"),
        ("<html>\n", "line 1 is no trial"),
        ("ana a.wav 2.5\n", "these are scores, not trials"),
        ("model,test,score\nana,a,1\n", "line 1 is no trial"),
        ("ana a target\nana a nontarget\n", "found 1 pairs with target and nontarget: ana a"),
    ],
)
def test_a_line_that_is_no_trial_is_named(text, match):
    with pytest.raises(TrialListError, match=match):
        parse_trials(text)


@pytest.mark.parametrize("word", ["", "x", "nan", "NaN", "1_000", "1,5", "0x10", "1e", "--1", "١"])
def test_a_score_that_is_no_number_is_refused_with_its_line(word):
    with pytest.raises(TrialListError, match="line 2 does not fit"):
        parse_scores(f"ana a 1.0\nana b {word}\n")


def test_two_scores_for_one_trial_are_refused():
    with pytest.raises(TrialListError, match="found 1 pairs with two scores: ana a"):
        parse_scores("ana a 1.0\nana a 2.0\n")


def test_a_very_long_line_is_not_repeated_in_full():
    with pytest.raises(TrialListError) as caught:
        parse_trials("x" * 100_000)
    assert len(str(caught.value)) < 400


@pytest.mark.filterwarnings("ignore::gmmkit.errors.GmmkitWarning")
@stable
@given(
    st.lists(
        st.sampled_from(
            ["ana", "1", "0", "target", "2.5", "nan", *'\t,"\n\r ', "model,test,label"]
        ),
        max_size=24,
    )
)
def test_any_text_is_a_list_or_refused(pieces):
    for parse in (parse_trials, parse_scores):
        try:
            read = parse("".join(pieces))
        except TrialListError:
            continue
        assert len(read) > 0


def test_the_warning_of_repeats_is_one_of_ours():
    with pytest.warns(GmmkitWarning, match="1 scores are repeated; each repetition counts"):
        parse_scores("ana a 1.0\nana a 1.0\n")
