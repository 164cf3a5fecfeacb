"""Where another library's own tests differ on our classes: listed, with the reason, and strict."""

import functools
from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class Difference:
    """Why a test of theirs fails, and how; `only` restricts it to some of its parameters."""

    reason: str
    error: type[BaseException]
    match: str
    only: dict = field(default_factory=dict)


def failing(test, difference):
    """A test that passes when `test` fails as the difference says."""

    @functools.wraps(test)
    def differs(**arguments):
        if any(arguments[name] is not value for name, value in difference.only.items()):
            test(**arguments)
            return
        with pytest.raises(difference.error, match=difference.match):
            test(**arguments)

    return differs
