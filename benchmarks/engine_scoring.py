"""Log densities and labels of rows under a given mixture, beside every peer that gives both."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import sleep

import engine_workloads as workloads
import numpy as np
from engine_contest import Found, Settings
from engine_ours import OURS, Ours, OursInDouble
from engine_peer import Peer, PeerError, Score, Scored
from engine_peers import SCIKIT_LEARN
from engine_scorer import Parameters, Scores, score
from engine_workloads import Workload
from pairing import Rounds, take_turns
from reporting import Figure

NEEDED = 10.0
LARGEST_ERROR = 1e-3
LEAST_EQUAL = 0.9999
_ITERATIONS = 5
# Seconds until threads of whoever was last, which spin for a while, have gone to sleep.
_SETTLING = 0.3
SCORES, LABELS = "score_samples", "predict"


@dataclass
class Turn:
    """A contestant that remembers what it said last, or what it failed with."""

    ask: Score
    last: Scored | None = None
    failure: str = ""

    def __call__(self) -> float:
        """Return the seconds of one call; NaN from the first failure on."""
        if self.failure:
            return float("nan")
        sleep(_SETTLING)
        try:
            self.last = self.ask()
        except PeerError as problem:
            self.failure = str(problem)
            return float("nan")
        return self.last.seconds


def measure_scoring(found: Found, settings: Settings) -> None:
    """All workloads, one after the other."""
    for workload in _workloads(settings):
        parameters = fitted(workload)
        exact = score(workload.rows, parameters)
        for place, task in enumerate((SCORES, LABELS)):
            turns = {
                peer.name: Turn(asked[place])
                for peer, asked in _scorers(settings, workload, parameters)
            }
            rounds = take_turns(turns, settings.rounds)
            found.details[f"{workload.label}, {task}"] = rounds.seconds
            found.figures += _figures(found, settings, workload, task, turns, rounds, exact)


def fitted(workload: Workload) -> Parameters:
    """Return where a few iterations lead."""
    ours = Ours()
    return ours.parameters(ours.fit(workload, _ITERATIONS))


def _workloads(settings: Settings) -> Iterator[Workload]:
    quick = settings.quick
    yield workloads.photo(quick)
    yield workloads.saturated(quick)
    yield workloads.texture(quick)
    yield workloads.speech(settings.options.scoring_speech_rows, quick)
    yield workloads.transactions(quick)


def _scorers(
    settings: Settings, workload: Workload, parameters: Parameters
) -> Iterator[tuple[Peer, tuple[Score, Score]]]:
    for peer in (Ours(), OursInDouble(), *settings.peers):
        asked = peer.scorers(workload, parameters)
        if asked is not None:
            yield peer, asked


def _figures(
    found: Found,
    settings: Settings,
    workload: Workload,
    task: str,
    turns: dict[str, Turn],
    rounds: Rounds,
    exact: Scores,
) -> Iterator[Figure]:
    label, right = f"{workload.label}, {task}", _CHECKS[task]
    ours = turns.pop(OURS)
    yield Figure(f"{label}: {OURS}", 1e3 * rounds.median(OURS), "ms")
    yield right(f"{label}: {OURS}", ours, exact, True)
    for name, turn in turns.items():
        least = settings.bound(NEEDED if name == SCIKIT_LEARN else None)
        if turn.failure:
            yield Figure(f"{label}: {name}", float("nan"), "failed", least, remark=turn.failure)
            continue
        ratio, spread = rounds.ratio(name, OURS), f"rounds {rounds.extremes(name, OURS)}"
        found.ratios.append((label, name, ratio, least))
        yield Figure(f"{label}: {name}", 1e3 * rounds.median(name), "ms")
        yield right(f"{label}: {name}", turn, exact, False)
        yield Figure(f"{label}: {name} / {OURS}", ratio, "x", least, remark=spread)


def _density_figure(label: str, turn: Turn, exact: Scores, is_ours: bool) -> Figure:
    said = turn.last.values if turn.last else np.full(1, np.nan)
    error = float(np.abs(said - exact.log_density).max())
    most = LARGEST_ERROR if is_ours else None
    return Figure(f"{label}, largest error", error, "nats", at_most=most)


def _label_figure(label: str, turn: Turn, exact: Scores, is_ours: bool) -> Figure:
    said = turn.last.values if turn.last else np.full(1, -1)
    equal = float((said == exact.labels).mean())
    return Figure(f"{label}, right labels", equal, "", LEAST_EQUAL if is_ours else None)


_CHECKS: dict[str, Callable[[str, Turn, Scores, bool], Figure]] = {
    SCORES: _density_figure,
    LABELS: _label_figure,
}
