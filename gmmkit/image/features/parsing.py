"""Features as users name them, "lab+texture(2,4,8)" or a list, turned into values."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from gmmkit.errors import ParameterError
from gmmkit.image.features.catalog import FEATURES
from gmmkit.image.features.feature import Feature

FeaturesLike: TypeAlias = str | Feature | Sequence[str | Feature]

_PLUS_OUTSIDE_PARENTHESES = re.compile(r"\+(?![^()]*\))")
_TERM = re.compile(r"\s*([^()\s]+)\s*(?:\(([^()]*)\)\s*)?")


def named_features(features: FeaturesLike) -> tuple[Feature, ...]:
    """Return the features that a text, a Feature, or a sequence of both stands for.

    Parameters
    ----------
    features : str, Feature, or sequence of them
        Names of ``FEATURES`` joined by "+", each with numbers or words in parentheses if wanted:
        ``name(values; parameter=values; ...)``, where values are joined by commas and those of
        the first parameter need no name. What is not written has its default.

    Returns
    -------
    tuple of Feature

    Raises
    ------
    ParameterError
        If a name or a parameter is unknown, a value is not allowed, or nothing is named.

    Examples
    --------
    >>> [feature.text for feature in named_features("lab + gabor(.1, .2; orientations=6)")]
    ['lab', 'gabor(0.1,0.2; orientations=6)']
    >>> [feature.text for feature in named_features(["lab+position", "texture(2,4)"])]
    ['lab', 'position', 'texture']
    """
    given = [features] if isinstance(features, str | Feature) else features
    if not isinstance(given, Sequence):
        raise _unusable(given)
    found = tuple(feature for each in given for feature in _each(each))
    if not found:
        raise _unusable(given)
    return found


def feature_text(features: FeaturesLike) -> str:
    """Return the one text that means these features, whatever way they were written in.

    Examples
    --------
    >>> feature_text([" lab", "texture(4, 2)"])
    'lab+texture'
    """
    return "+".join(feature.text for feature in named_features(features))


def _each(given: object) -> Iterator[Feature]:
    if isinstance(given, Feature):
        yield given
    elif isinstance(given, str):
        yield from (_term(text) for text in _PLUS_OUTSIDE_PARENTHESES.split(given))
    else:
        raise _unusable(given)


def _term(text: str) -> Feature:
    """Return the feature that "name" or "name(...)" stands for."""
    match = _TERM.fullmatch(text)
    if match is None or match[1] not in FEATURES:
        raise _unusable(text)
    kind = FEATURES[match[1]]
    first = kind.parameters[0].name if kind.parameters else ""
    written: dict[str, list[str]] = {}
    for number, part in enumerate([] if match[2] is None else match[2].split(";")):
        name, equals, values = part.rpartition("=")
        name = name.strip() if equals or number else first
        if name in written or (number and not equals):
            raise _unreadable(text, part)
        written[name] = [value.strip() for value in values.split(",")]
    return kind.feature(written)


def _unusable(found: object) -> ParameterError:
    return ParameterError(
        "features are not usable",
        found=repr(found),
        needed=f"different features of {', '.join(FEATURES)}, joined by +",
        hint='write "lab+texture", or "lab+texture(2,4,8)" for scales of your own',
    )


def _unreadable(text: str, part: str) -> ParameterError:
    return ParameterError(
        f"the parameters of {text.strip()!r} cannot be read",
        found=repr(part.strip()),
        needed="parameter=values, each once, separated by semicolons",
        hint='write them as in "gabor(0.1,0.2; orientations=6)"',
    )
