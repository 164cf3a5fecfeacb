"""One EM iteration of gmmkit beside that of every peer, and whether the likelihoods allow it.

Everyone fits the same rows from the same start for the same number of iterations. A speed counts
only if gmmkit's mean log density is not below the peer's by more than a thousandth of a nat.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

import engine_workloads as workloads
import numpy as np
from engine_armadillo import Armadillo
from engine_limits import product_seconds
from engine_ours import OURS, Ours
from engine_peer import Iterated, Peer, PeerError
from engine_peers import SCIKIT_LEARN, everyone
from engine_scorer import mean_log_density
from engine_workloads import Workload
from pairing import Rounds, take_turns
from reporting import Figure

LIKELIHOOD_MARGIN = 0.001
ARMADILLO, LIMIT = Armadillo.name, "sgemm"
NEEDED_OF_LIMIT = 0.8


@dataclass(frozen=True)
class Settings:
    """What all parts share.

    Attributes
    ----------
    peers : sequence of Peer
        Those that are there.
    options : argparse.Namespace
    """

    peers: Sequence[Peer]
    options: argparse.Namespace

    @property
    def quick(self) -> bool:
        """Whether sizes are tiny, and no speed has to keep a bound."""
        return bool(self.options.quick)

    @property
    def rounds(self) -> int:
        """How many times round."""
        return int(self.options.rounds)

    def named(self, *names: str) -> list[Peer]:
        """Return those peers that are there and have these names."""
        return [peer for peer in self.peers if peer.name in names]

    def bound(self, least: float | None) -> float | None:
        """Return a bound on speed, if sizes are such that it means anything."""
        return None if self.quick else least


@dataclass
class Found:
    """What parts have measured so far, told one after the other."""

    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    ratios: list[tuple[str, str, float, float | None]] = field(default_factory=list)


@dataclass
class Turn:
    """A contestant that remembers what its last fit led to, or what it failed with."""

    peer: Peer
    workload: Workload
    last: Iterated | None = None
    failure: str = ""

    def __call__(self) -> float:
        """Return the seconds of one iteration; NaN from the first failure on."""
        if self.failure:
            return nan
        try:
            self.last = self.peer.iterate(self.workload)
        except PeerError as problem:
            self.failure = str(problem)
            return nan
        return self.last.seconds


def gather(folder: Path) -> tuple[list[Peer], dict[str, str]]:
    """Return the peers that are there, and why the others are not."""
    candidates = [*everyone(), Armadillo(folder)]
    absent = {peer.name: peer.absent() for peer in candidates}
    there = [peer for peer in candidates if not absent[peer.name]]
    return there, {name: reason for name, reason in absent.items() if reason}


def compete(
    found: Found,
    settings: Settings,
    workload: Workload,
    peers: Sequence[Peer],
    needed: Mapping[str, float],
    *,
    beside_limit: bool = False,
) -> None:
    """Let gmmkit and the peers take turns on one workload."""
    turns = {peer.name: Turn(peer, workload) for peer in (Ours(), *peers)}
    contestants: dict[str, Any] = dict(turns)
    if beside_limit:
        contestants[LIMIT] = product_seconds(workload.operations, settings.quick)
    rounds = take_turns(contestants, settings.rounds)
    found.details[f"{workload.label}: {', '.join(contestants)}"] = rounds.seconds
    ours = turns.pop(OURS)
    if ours.last is None:
        raise PeerError(f"gmmkit did not fit {workload.label}")
    reached = mean_log_density(workload.rows, ours.last.parameters)
    found.figures.append(_own_figure(workload, rounds, ours.last, reached))
    if beside_limit:
        found.figures.append(_limit_figure(settings, workload, rounds))
    for turn in turns.values():
        least = settings.bound(needed.get(turn.peer.name))
        found.figures += _peer_figures(found, turn, rounds, reached, least)


def _own_figure(workload: Workload, rounds: Rounds, last: Iterated, reached: float) -> Figure:
    seconds = rounds.median(OURS)
    rate = workload.operations / seconds / 1e9
    remark = f"{last.remark}; {rate:.3g} GFLOP/s; {reached:.6f} nats/row"
    return Figure(f"{workload.label}: {OURS}", 1e3 * seconds, "ms/iteration", remark=remark)


def _limit_figure(settings: Settings, workload: Workload, rounds: Rounds) -> Figure:
    return Figure(
        f"{workload.label}: share of the rate of sgemm",
        rounds.ratio(LIMIT, OURS),
        "",
        settings.bound(NEEDED_OF_LIMIT),
        remark=f"rounds {rounds.extremes(LIMIT, OURS)}",
    )


def _peer_figures(
    found: Found, turn: Turn, rounds: Rounds, reached: float, least: float | None
) -> list[Figure]:
    """Return a peer's time, how many times ours that is, and the difference of likelihoods."""
    label, name = turn.workload.label, turn.peer.name
    if turn.last is None or turn.failure:
        return [Figure(f"{label}: {name}", nan, "failed", least, remark=turn.failure)]
    lead = reached - mean_log_density(turn.workload.rows, turn.last.parameters)
    counts = np.isfinite(reached) and not (turn.peer.has_same_start and lead < -LIKELIHOOD_MARGIN)
    ratio, spread = rounds.ratio(name, OURS), f"rounds {rounds.extremes(name, OURS)}"
    remark = spread if counts else f"{ratio:.3g} does not count: our likelihood is lower"
    found.ratios.append((label, name, ratio if counts else nan, least))
    return [
        Figure(
            f"{label}: {name}", 1e3 * rounds.median(name), "ms/iteration", remark=turn.last.remark
        ),
        Figure(f"{label}: {name} / {OURS}", ratio if counts else nan, "x", least, remark=remark),
        _likelihood_figure(turn, reached, lead),
    ]


def _likelihood_figure(turn: Turn, reached: float, lead: float) -> Figure:
    """Return the difference of likelihoods, held to a bound where both maximize the same thing."""
    name = f"{turn.workload.label}: our likelihood less that of {turn.peer.name}"
    why_not = ""
    if not turn.peer.has_same_start:
        why_not = "not from the same start: no bound"
    elif np.isnan(lead) and np.isfinite(reached):
        why_not = "its covariances are not positive definite"
    elif turn.workload.collapses and not turn.peer.has_same_ridge:
        why_not = "without our ridge, which is what keeps a class from a point: no bound"
    return Figure(name, lead, "nats/row", None if why_not else -LIKELIHOOD_MARGIN, remark=why_not)


def measure_photo(found: Found, settings: Settings) -> None:
    """One photo."""
    needed = {SCIKIT_LEARN: 80.0, ARMADILLO: 50.0}
    compete(found, settings, workloads.photo(settings.quick), settings.peers, needed)


def measure_saturated(found: Found, settings: Settings) -> None:
    """A photo with saturated areas, in double precision."""
    workload = workloads.saturated(settings.quick)
    compete(found, settings, workload, settings.peers, {SCIKIT_LEARN: 45.0})


def measure_texture(found: Found, settings: Settings) -> None:
    """A photo with many features."""
    workload = workloads.texture(settings.quick)
    compete(found, settings, workload, settings.peers, {SCIKIT_LEARN: 30.0})


def measure_transactions(found: Found, settings: Settings) -> None:
    """A wide table."""
    workload = workloads.transactions(settings.quick)
    compete(found, settings, workload, settings.peers, {SCIKIT_LEARN: 15.0})


def measure_speech(found: Found, settings: Settings) -> None:
    """A universal background model; who is slow or needs much memory gets a line of its own."""
    options, quick = settings.options, settings.quick
    run = partial(compete, found, settings)
    main = settings.named(SCIKIT_LEARN)
    run(workloads.speech(options.speech_rows, quick), main, {SCIKIT_LEARN: 9.0}, beside_limit=True)
    double = workloads.speech(options.speech_double_rows, quick).cast(np.float64)
    run(double, main, {SCIKIT_LEARN: 12.0})
    slow = settings.named(ARMADILLO)
    if slow:
        run(workloads.speech(options.speech_slow_rows, quick), slow, {ARMADILLO: 20.0})
    slowest = [peer for peer in settings.peers if peer not in (*main, *slow)]
    if slowest:
        run(workloads.speech(options.speech_slowest_rows, quick), slowest, {})
