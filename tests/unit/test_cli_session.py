"""How errors, warnings and interruptions reach a person."""

import sys
import warnings
from collections.abc import Iterator
from typing import NoReturn

import click
import pytest

from gmmkit.cli.session import Session, collected_warnings, guarded, lowest_code, one_line
from gmmkit.errors import (
    DegenerateFitError,
    FitWarning,
    GmmkitError,
    ImageError,
    ImageWarning,
    ModelFileError,
)


@pytest.fixture(autouse=True)
def _restored_excepthook() -> Iterator[None]:
    before = sys.excepthook
    yield
    sys.excepthook = before


def ending_with(error: BaseException) -> int:
    def command(_session: Session) -> NoReturn:
        raise error

    return guarded(command)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (click.UsageError("no such option"), 2),
        (ImageError("damaged"), 3),
        (MemoryError(), 3),
        (ModelFileError("foreign"), 4),
        (DegenerateFitError("collapsed"), 5),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
    ],
)
def test_each_way_to_end_has_its_exit_code(error: BaseException, code: int) -> None:
    assert ending_with(error) == code


def test_an_error_takes_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    ending_with(GmmkitError("it\nbroke", found="a\x1b[31mb", hint="mend it"))
    printed = capsys.readouterr()
    assert printed.err == "gmmkit: error: it broke: found a\\x1b[31mb. Try: mend it.\n"
    assert printed.out == ""


def test_too_little_memory_is_told_with_what_needs_less(capsys: pytest.CaptureFixture[str]) -> None:
    ending_with(MemoryError("Unable to allocate 8 GiB"))
    told = capsys.readouterr().err
    assert told.startswith("gmmkit: error: there is not enough memory (Unable to allocate 8 GiB).")
    assert "fewer components" in told


def test_warnings_can_be_told_in_other_words(capsys: pytest.CaptureFixture[str]) -> None:
    with collected_warnings(str.upper) as told:
        warnings.warn("floored", FitWarning, stacklevel=1)
    assert [(type(warning), str(warning)) for warning in told] == [(FitWarning, "FLOORED")]
    assert capsys.readouterr().err == "gmmkit: warning: FLOORED\n"


def test_a_traceback_is_shown_only_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    def command(session: Session) -> NoReturn:
        session.debug = True
        raise GmmkitError("it broke")

    guarded(command)
    assert "Traceback" in capsys.readouterr().err


def test_a_bug_is_left_to_python_and_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        ending_with(ZeroDivisionError("oops"))
    sys.excepthook(caught.type, caught.value, caught.tb)
    told = "gmmkit: error: this is a bug in gmmkit: ZeroDivisionError: oops; --debug shows "
    assert capsys.readouterr().err == told + "the traceback\n"


def test_warnings_are_told_once_each_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    with collected_warnings() as told:
        for message in ("one", "two", "one"):
            warnings.warn(message, FitWarning, stacklevel=1)
    assert [str(warning) for warning in told] == ["one", "two"]
    assert capsys.readouterr().err == "gmmkit: warning: one\ngmmkit: warning: two\n"


def test_warnings_are_told_when_the_block_fails(capsys: pytest.CaptureFixture[str]) -> None:
    @collected_warnings()
    def fail() -> NoReturn:
        warnings.warn("first frame only", ImageWarning, stacklevel=1)
        raise ImageError("damaged")

    with pytest.raises(ImageError):
        fail()
    assert capsys.readouterr().err == "gmmkit: warning: first frame only\n"


def test_a_collected_warning_is_there_before_the_block_ends() -> None:
    with collected_warnings() as told:
        warnings.warn("floored", FitWarning, stacklevel=1)
        assert len(told) == 1


@pytest.mark.parametrize(
    ("codes", "code"), [([], 0), ([0, 0], 0), ([0, 4, 3], 3), ([5, 0], 5), ([3, 1], 1)]
)
def test_a_run_over_many_files_ends_with_the_lowest_failing_code(
    codes: list[int], code: int
) -> None:
    assert lowest_code(codes) == code


def test_text_on_one_line_keeps_letters_of_every_script() -> None:
    assert one_line("größe\t日本\u202e") == "größe 日本\\u202e"
