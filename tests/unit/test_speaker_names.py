"""Which texts name a speaker, and which two are the same name."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import stable

from gmmkit.errors import ParameterError
from gmmkit.speaker.storage.names import LONGEST_NAME, Name, speaker_name


def found_in(text):
    with pytest.raises(ParameterError) as caught:
        speaker_name(text)
    error = caught.value
    assert error.exit_code == 3
    assert error.needed == "1 to 100 printable characters"
    assert error.hint
    assert str(error).isprintable()
    return error.found


@pytest.mark.parametrize(
    "text",
    ["ana", "Ana María", "Zoë", "张伟", "علی‌رضا", "O'Brien-Šmíd", "😀", "👩‍🔬", "x" * 100, "a  b"],
)
def test_a_printable_text_is_kept_as_it_is(text):
    assert speaker_name(text).display == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("text", ["../../x", "/abs", "a\\b", ".", "..", "CON", "nul.txt", "a:b"])
def test_what_looks_like_a_path_is_a_name_like_any_other(text):
    assert str(speaker_name(text)) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty text"),
        ("x" * 101, "101 characters"),
        ("x" * 300, "300 characters"),
        ("x" * 1_000_000, "1,000,000 characters"),
        (" ana", "a space at an end"),
        ("ana ", "a space at an end"),
        ("ana\n", "U+000A (a control character) as character 4"),
        ("a\0b", "U+0000 (a control character) as character 2"),
        ("\x1b[2J", "U+001B (a control character) as character 1"),
        ("a\u202eb", "U+202E (an invisible format character) as character 2"),
        ("a\u2066b", "U+2066 (an invisible format character) as character 2"),
        ("\ufeffana", "U+FEFF (an invisible format character) as character 1"),
        ("a\ud800", "U+D800 (half a character) as character 2"),
        ("a\ue000", "U+E000 (a private character) as character 2"),
        ("a\u2028b", "U+2028 (a line separator) as character 2"),
        ("a\u00a0b", "U+00A0 (an unusual space) as character 2"),
        ("\u200d", "nothing that can be seen"),
        ("\u3164", "nothing that can be seen"),
        (None, "NoneType"),
        (b"ana", "bytes"),
        (3, "int"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_what_was_found(text, found):
    assert found_in(text) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoe\u0308", "Zo\u00eb"),
        ("ANA", "ana"),
        ("Straße", "STRASSE"),
        ("ﬁona", "fiona"),
        ("Ａｎａ", "ana"),
        ("👩\u200d🔬", "👩🔬"),
        ("a\u034fb", "ab"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ],
)
def test_two_spellings_of_a_name_have_one_key(one, other):
    assert speaker_name(one).key == speaker_name(other).key


@pytest.mark.parametrize(("one", "other"), [("ana", "anna"), ("a b", "ab"), ("İpek", "ıpek")])
def test_two_names_have_two_keys(one, other):
    assert speaker_name(one).key != speaker_name(other).key


def test_a_name_of_decomposed_characters_is_measured_as_it_is_kept():
    assert len(speaker_name("e\u0301" * LONGEST_NAME).display) == LONGEST_NAME


def proper_name(text) -> Name:
    try:
        return speaker_name(text)
    except ParameterError:
        assume(False)


@stable
@given(st.text(max_size=12))
def test_a_name_that_is_kept_is_printable_and_names_itself(text):
    name = proper_name(text)
    assert name.display.replace("\u200c", "").replace("\u200d", "").isprintable()
    assert speaker_name(name.display) == name


@stable
@given(st.text(max_size=12))
def test_case_and_normal_form_do_not_make_another_speaker(text):
    name = proper_name(text)
    for form in ("NFC", "NFD"):
        twin = unicodedata.normalize(form, name.display)
        assert speaker_name(twin).key == name.key
        assert proper_name(twin.upper().lower()).key == proper_name(twin.lower()).key
