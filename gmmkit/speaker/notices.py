"""What people are warned of: little speech, no speech, and sound that is known already."""

import warnings
from collections.abc import Iterable

from gmmkit.errors import AudioWarning, RegistryWarning
from gmmkit.speaker.storage.names import speaker_name
from gmmkit.speaker.storage.record import Record
from gmmkit.speaker.storage.store import Store

SHORT_TEST_SECONDS = 3.0
SHORT_ENROLLMENT_SECONDS = 10.0


def warn_of_doubts(doubts: Iterable[str], *, stacklevel: int) -> None:
    """Warn of recordings that may be no speech."""
    for doubt in doubts:
        warnings.warn(AudioWarning(doubt), stacklevel=stacklevel)


def warn_of_test(name: str, seconds: float, doubts: Iterable[str], *, stacklevel: int) -> None:
    """Warn of a test that holds little speech, or may be none."""
    warn_of_doubts((f"{name}: {doubt}" for doubt in doubts), stacklevel=stacklevel + 1)
    if seconds < SHORT_TEST_SECONDS:
        warnings.warn(
            AudioWarning(
                f"{name} holds {seconds:.1f} s of speech; from {SHORT_TEST_SECONDS:g} s on answers "
                "are much surer"
            ),
            stacklevel=stacklevel,
        )


def warn_of_short_enrollment(seconds: float, *, stacklevel: int) -> None:
    """Warn if there is too little speech for a good model."""
    if seconds < SHORT_ENROLLMENT_SECONDS:
        warnings.warn(
            AudioWarning(
                f"enrolled from {seconds:.1f} s of speech; {SHORT_ENROLLMENT_SECONDS:g} s or more "
                "make a better model"
            ),
            stacklevel=stacklevel,
        )


def warn_of_known_sound(store: Store, record: Record) -> None:
    """Warn if recordings of someone are enrolled under another name too."""
    known = store.fingerprints(among=record.fingerprints)
    others = sorted({name for name in known.values() if speaker_name(name).key != record.key})
    if others:
        listed = ", ".join(map(repr, others))
        warnings.warn(
            RegistryWarning(f"a recording of {record.name!r} is enrolled as {listed} too"),
            stacklevel=3,
        )
