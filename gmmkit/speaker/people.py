"""Who is enrolled, as far as scoring needs to have them at hand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmkit.speaker.enrollment import Heard
from gmmkit.speaker.recognizers import Recognizer
from gmmkit.speaker.shortlist import COUNTED, EXACT_LIMIT, SHORTLIST, evenly_spread, nearest
from gmmkit.speaker.storage.store import Store


@dataclass(frozen=True, eq=False)
class People:
    """Who is enrolled in one version of a registry's file.

    Attributes
    ----------
    version : tuple of bytes and int
        Which registry it was, and how often it had been changed.
    names : tuple of str
    models : object
        Everyone's, ready to be scored; None in a large registry.
    projections : ndarray of shape (n, P), or None
        Rows for the shortlist of a large registry.
    """

    version: tuple[bytes | None, int]
    names: tuple[str, ...]
    models: Any
    projections: npt.NDArray[Any] | None

    @property
    def counted(self) -> npt.NDArray[np.intp]:
        """Positions of those whom others are compared with in a large registry."""
        return evenly_spread(len(self.names), COUNTED)

    def to_score(
        self, recognizer: Recognizer, heard: Heard, claimed: str | None, *, everyone: bool
    ) -> npt.NDArray[np.intp]:
        """Return positions in a large registry: shortlist, those to compare with, the claimed."""
        n = len(self.names)
        query = None if everyone else recognizer.query(heard)
        if query is None or self.projections is None:
            return np.arange(n)
        found = nearest(query, self.projections, SHORTLIST)
        own = [self.names.index(claimed)] if claimed in self.names else []
        return np.unique(np.concatenate([found, self.counted, own]).astype(np.intp))


def version_of(store: Store) -> tuple[bytes | None, int]:
    """Return what differs between two states of a registry, even if the file was replaced."""
    return store.origin, store.generation


def load_people(store: Store, recognizer: Recognizer) -> People:
    """Return everyone in a registry, with models if they are few enough to score them all.

    Records that are damaged are left out, with a warning.
    """
    with store.snapshot():
        version = version_of(store)
        if len(store) > EXACT_LIMIT:
            names, rows = store.projections(skip_damaged=True)
            return People(version, names, None, rows)
        records = list(store.records(skip_damaged=True))
    names = tuple(record.name for record in records)
    return People(version, names, recognizer.models(records), None)
