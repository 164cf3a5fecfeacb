"""One EM iteration on photos by each of gmmkit's ways to compute, under three regularizations.

default  each side's own: gmmkit has a floor relative to the data, scikit-learn adds to variances
ridge    both add the same to every variance
image    gmmkit has the floor that `gmmkit.image.segment` gives it, scikit-learn its default

What gmmkit is forced to has to keep no bound, only what it chooses by itself.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import nan
from statistics import median
from time import perf_counter

import numpy as np
from engine_contest import LIKELIHOOD_MARGIN, Found, Settings, Turn
from engine_ours import Ours
from engine_peers import SCIKIT_LEARN, ScikitLearn
from engine_scorer import mean_log_density
from engine_workloads import RIDGE, Workload, colors
from pairing import Rounds, take_turns
from photos import pixel_floor
from reporting import Figure

NEEDED = {"coffee": 45.0, "astronaut": 25.0}
KINDS = ("default", "ridge", "image")
ROUTES = ("auto", "float32", "float64", "centered")


def measure_routes(found: Found, settings: Settings) -> None:
    """Both photos under every regularization."""
    for photo in NEEDED:
        plain = colors(photo, settings.quick)
        for kind in KINDS:
            workload = replace(
                plain,
                name=f"{photo}, {kind}",
                ridge=RIDGE if kind == "ridge" else None,
                floor=pixel_floor(photo) if kind == "image" else None,
            )
            turns = {SCIKIT_LEARN: Turn(ScikitLearn(), workload)} | {
                route: Turn(Ours(precision=route), workload) for route in ROUTES
            }
            rounds = take_turns(turns, settings.rounds)
            found.details[f"{workload.label}, routes"] = rounds.seconds
            found.figures += _speed_figures(workload, rounds, settings.bound(NEEDED[photo]))
            found.figures.append(_likelihood_figure(workload, turns, is_same=kind != "image"))


def _speed_figures(workload: Workload, rounds: Rounds, needed: float | None) -> Iterator[Figure]:
    label = workload.label
    theirs = 1e3 * rounds.median(SCIKIT_LEARN)
    yield Figure(f"{label}: {SCIKIT_LEARN}", theirs, "ms/iteration")
    for route in ROUTES:
        least = needed if route == "auto" else None
        name, remark = f"gmmkit {route}", routes_of(workload, route)
        spread = f"rounds {rounds.extremes(SCIKIT_LEARN, route)}"
        ratio = rounds.ratio(SCIKIT_LEARN, route)
        yield Figure(f"{label}: {name}", 1e3 * rounds.median(route), "ms/iteration", remark=remark)
        yield Figure(f"{label}: {SCIKIT_LEARN} / {name}", ratio, "x", least, remark=spread)


def _likelihood_figure(workload: Workload, turns: dict[str, Turn], *, is_same: bool) -> Figure:
    """Return how far ours lies above; a segment's floor is far higher than a ridge: no bound."""
    ours, theirs = (
        mean_log_density(workload.rows, turn.last.parameters) if turn.last else nan
        for turn in (turns["auto"], turns[SCIKIT_LEARN])
    )
    name = f"{workload.label}: our likelihood less that of {SCIKIT_LEARN}"
    least = -LIKELIHOOD_MARGIN if is_same else None
    return Figure(name, ours - theirs, "nats/row", least, remark=f"ours {ours:.6f}")


def routes_of(workload: Workload, precision: str) -> str:
    """Return which arithmetic iterations use, and how long one of each takes."""
    clock: list[float] = []
    peer = Ours(precision=precision, on_iteration=lambda *_: clock.append(perf_counter()))
    trace = peer.fit(workload, workload.many).trace
    # The first iteration ends with the first tick, and nobody saw it begin.
    spans: dict[str, list[float]] = {}
    for iteration, span in zip(trace[1:], np.diff(clock), strict=True):
        spans.setdefault(iteration.route, []).append(1e3 * span)
    counts = Counter(iteration.route for iteration in trace)
    times = {route: f"{median(spans[route]):.3g} ms" if route in spans else "?" for route in counts}
    return ", ".join(f"{counts[route]} x {route} ({times[route]})" for route in counts)
