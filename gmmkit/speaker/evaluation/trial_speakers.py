"""Who is who in a list of trials: whatever target trials join is one speaker."""

import numpy as np
import numpy.typing as npt

from gmmkit.speaker.evaluation.trials import TrialList

Numbers = npt.NDArray[np.intp]


def speakers_of(trials: TrialList) -> tuple[Numbers, Numbers] | None:
    """Return numbers of the speakers of each trial's model and test, as far as trials tell.

    A recording in no target trial counts as a speaker of its own.

    Parameters
    ----------
    trials : TrialList

    Returns
    -------
    tuple of ndarray of shape (n_trials,), or None
        None if a nontarget trial is of one speaker by the target trials.

    Examples
    --------
    >>> trials = TrialList([("ana", "a"), ("ana", "b"), ("ben", "a")], [True, True, False])
    >>> [side.tolist() for side in speakers_of(trials)]
    [[0, 0, 1], [0, 0, 0]]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names, codes = np.unique(np.array(trials.pairs, dtype=object).ravel(), return_inverse=True)
    model, test = codes.reshape(-1, 2).T
    joined = np.flatnonzero(trials.is_target)
    ones = np.ones(len(joined))
    shape = (len(names), len(names))
    graph = coo_array((ones, (model[joined], test[joined])), shape=shape)
    _, labels = connected_components(graph.tocsr(), directed=False)
    numbered = _by_first_appearance(labels[model], labels[test])
    contradicts = (numbered[0] == numbered[1]) & ~trials.is_target
    return None if contradicts.any() else numbered


def _by_first_appearance(*sides: npt.NDArray[np.integer]) -> tuple[Numbers, Numbers]:
    both = np.concatenate(sides)
    _, first, inverse = np.unique(both, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))[inverse].astype(np.intp)
    half = len(both) // 2
    return order[:half], order[half:]
