"""Names of speakers: text to show, and the key under which two spellings are one speaker.

A name is data and never becomes a path, so that ``../x`` and ``CON`` are names like any other.
"""

import re
import unicodedata
from dataclasses import dataclass

from gmmkit.errors import ParameterError

LONGEST_NAME = 100

# Joiners belong to Persian and Indic spelling and to many emoji; unlike other format characters
# they cannot reorder what stands around them.
_JOINERS = "\u200c\u200d"
# Characters that show nothing by themselves: no two names may differ in them alone.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


@dataclass(frozen=True)
class Name:
    """A speaker's name.

    Parameters
    ----------
    display : str
        The name as it is shown, in Unicode's normalization form NFC.
    key : str
        What it is compared by: compatibility characters, case and what is invisible set aside.

    Examples
    --------
    >>> speaker_name("ANA").key
    'ana'
    """

    display: str
    key: str

    def __str__(self) -> str:
        return self.display


def speaker_name(text: object) -> Name:
    """Return a text as a speaker's name, or say why it is none.

    Parameters
    ----------
    text : str
        1 to 100 printable characters, counted in normalization form NFC, without a space at
        either end.

    Returns
    -------
    Name
        With the caseless compatibility key of the Unicode Standard, 3.13, D146.

    Raises
    ------
    ParameterError
        Naming the character or the length that makes it unusable.

    Examples
    --------
    >>> speaker_name("Zoe\\u0308") == speaker_name("Zo\\u00eb")
    True
    >>> speaker_name("ana\\n")
    Traceback (most recent call last):
    ...
    gmmkit.errors.ParameterError: this cannot name a speaker: found U+000A (a control character) \
as character 4; needed 1 to 100 printable characters. Try: leave it out.
    """
    if not isinstance(text, str):
        raise _name_error(type(text).__name__, "give the name as a str")
    # Composing shortens a name, but not without bound: no need to look at a whole book.
    if len(text) > 4 * LONGEST_NAME:
        raise _name_error(f"{len(text):,} characters", "use a shorter name")
    display = unicodedata.normalize("NFC", text)
    _check_length(display)
    _check_characters(display)
    if display != display.strip():
        raise _name_error("a space at an end", "leave it out")
    key = _key(display)
    if not key:
        raise _name_error("nothing that can be seen", "use letters")
    return Name(display, key)


def _key(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFD", text).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", folded))


def _check_length(display: str) -> None:
    if not display:
        raise _name_error("an empty text", "use at least one letter")
    if len(display) > LONGEST_NAME:
        raise _name_error(f"{len(display)} characters", "use a shorter name")


def _check_characters(display: str) -> None:
    if display.isprintable():
        return
    for position, character in enumerate(display, start=1):
        if not character.isprintable() and character not in _JOINERS:
            kind = _KINDS.get(unicodedata.category(character), "not printable")
            found = f"U+{ord(character):04X} ({kind}) as character {position}"
            raise _name_error(found, "leave it out")


_KINDS = {
    "Cc": "a control character",
    "Cf": "an invisible format character",
    "Cs": "half a character",
    "Co": "a private character",
    "Cn": "no assigned character",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
    "Zs": "an unusual space",
}


def _name_error(found: str, hint: str) -> ParameterError:
    return ParameterError(
        "this cannot name a speaker",
        found=found,
        needed=f"1 to {LONGEST_NAME} printable characters",
        hint=hint,
    )
