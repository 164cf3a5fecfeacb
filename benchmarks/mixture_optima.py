"""Better optima than scikit-learn's ten starts and mclust's one, in less time, on 27 problems.

`gmmkit.fit(rows, k, seed=s)`, nothing else, against scikit-learn's GaussianMixture with n_init=10,
tol=1e-6 and max_iter=1000, in turns, three seeds each. One density that belongs to neither judges
both, and says which fits count (mixture_problems.py).

Needs ``tables/mclust`` below the directory that GMMKIT_REFERENCE_DATA names.
"""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter

import numpy as np
from mixture_problems import VARIABLE, Rows, Verdict, folder, judged, table
from reporting import Figure, parser, report
from sklearn.mixture import GaussianMixture

import gmmkit

# The best valid log likelihoods that anybody is known to have found.
BEST = {
    "faithful": {2: -1130.26, 3: -1114.44, 4: -1106.03, 5: -1098.98, 6: -1092.16},
    "iris": {2: -214.35, 3: -180.19, 4: -155.77, 5: -134.69, 6: -112.31},
    "diabetes": {2: -2354.65, 3: -2303.49, 4: -2287.45, 5: -2269.83, 6: -2258.82},
    "banknote": {2: -718.40, 3: -627.04, 4: -578.18, 5: -548.88, 6: -526.37},
    "thyroid": {2: -2457.52, 3: -2238.39, 4: -2193.74, 5: -2168.10, 6: -2142.55},
    "wreath": {8: -5749.18, 14: -5244.51},
}
# mclust 6.0.0, as printed where it stops, or run to convergence where that is known.
MCLUST = {
    "faithful": {2: -1130.2641, 3: -1127.1988},
    "iris": {2: -214.3548, 3: -180.1860},
    "diabetes": {3: -2303.4956},
    "banknote": {2: -730.0},
    "thyroid": {4: -2206.0},
    "wreath": {8: -5945.5},
}
SAME = 0.1
NEEDED_HITS = 24

# A fit that is done; the call that judges it.
Fit = Callable[[Rows, int, int], Callable[[], Verdict]]


@dataclass(frozen=True)
class Run:
    """One fit: how long it took, and what it is worth."""

    seconds: float
    verdict: Verdict


@dataclass(frozen=True)
class Outcome:
    """One problem: the runs of both sides, seed by seed."""

    name: str
    k: int
    ours: Sequence[Run]
    theirs: Sequence[Run]

    @property
    def best(self) -> float:
        """The listed best."""
        return BEST[self.name][self.k]

    @property
    def reached(self) -> float:
        """Our median; a fit that does not count is worth nothing."""
        return median(run.verdict.log_likelihood for run in self.ours)

    @property
    def peers(self) -> dict[str, float]:
        """The median of scikit-learn's fits that count, and mclust's value, where there is one."""
        found = [run.verdict.log_likelihood for run in self.theirs if run.verdict.valid]
        known = {"scikit-learn": median(found)} if found else {}
        mclust = MCLUST.get(self.name, {}).get(self.k)
        return known if mclust is None else known | {"mclust": mclust}

    @property
    def lead(self) -> float:
        """Our median less the better peer's; infinite where no peer has a fit that counts."""
        return self.reached - max(self.peers.values(), default=-np.inf)

    @property
    def hit(self) -> bool:
        """Whether our median is the listed best."""
        return self.reached >= self.best - SAME

    @property
    def time_ratio(self) -> float:
        """Our time in units of scikit-learn's, the median over seeds."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return median(our.seconds / their.seconds for our, their in pairs)


def fit_ours(rows: Rows, k: int, seed: int) -> Callable[[], Verdict]:
    """Fit as anybody would; return what tells the worth."""
    mixture = gmmkit.fit(rows, k, seed=seed).mixture
    return lambda: judged(rows, mixture.weights, mixture.means, mixture.covariances)


def fit_theirs(rows: Rows, k: int, seed: int) -> Callable[[], Verdict]:
    """Fit with scikit-learn; return what tells the worth."""
    model = GaussianMixture(k, n_init=10, tol=1e-6, max_iter=1000, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows)
    return lambda: judged(rows, model.weights_, model.means_, model.covariances_)


def timed(fit: Fit, rows: Rows, k: int, seed: int) -> Run:
    """Return one run; judging takes no part in its time."""
    begin = perf_counter()
    tell = fit(rows, k, seed)
    seconds = perf_counter() - begin
    return Run(seconds, tell())


def solve(name: str, k: int, seeds: Sequence[int]) -> Outcome:
    """Let both sides take turns at one problem, ours, theirs, ours, theirs ..."""
    rows = table(name)
    fit_ours(rows, k, seeds[0])
    ours, theirs = [], []
    for seed in seeds:
        ours.append(timed(fit_ours, rows, k, seed))
        theirs.append(timed(fit_theirs, rows, k, seed))
    return Outcome(name, k, ours, theirs)


def _remark(outcome: Outcome) -> str:
    peers = ", ".join(f"{name} {value:.2f}" for name, value in outcome.peers.items())
    collapsed = sum(not run.verdict.valid for run in outcome.theirs)
    note = f"; {collapsed} of {len(outcome.theirs)} of scikit-learn's collapsed"
    values = " ".join(f"{run.verdict.log_likelihood:.2f}" for run in outcome.ours)
    return f"ours {values}; {peers or 'no peer'}{note if collapsed else ''}"


def problem_figures(outcome: Outcome) -> Iterator[Figure]:
    """Yield the gap to the best, the lead over the peers, and the times of one problem."""
    name, ours, theirs = f"{outcome.name} {outcome.k}", outcome.ours, outcome.theirs
    gap, remark = outcome.best - outcome.reached, _remark(outcome)
    yield Figure(f"{name}: gap to the best", gap, "nats", remark=remark)
    yield Figure(f"{name}: lead over the peers", outcome.lead, "nats", at_least=-SAME)
    times = (median(run.seconds for run in runs) for runs in (ours, theirs))
    both = "{:.3f} s, scikit-learn {:.3f} s".format(*times)
    yield Figure(f"{name}: time", outcome.time_ratio, "of its", remark=both)


def _total(outcomes: Sequence[Outcome], side: str) -> float:
    return sum(median(run.seconds for run in getattr(outcome, side)) for outcome in outcomes)


def summary_figures(outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    """Yield what has to hold of all problems together."""
    n = len(outcomes)
    missed = [f"{o.name} {o.k}" for o in outcomes if not o.hit]
    needed = NEEDED_HITS - sum(map(len, BEST.values())) + n
    remark = f"of {n}; missed: {', '.join(missed) or 'none'}"
    yield Figure("the best that is listed", n - len(missed), "problems", needed, None, remark)
    lost = [f"{o.name} {o.k}" for o in outcomes if not o.lead >= -SAME]
    yield Figure("lost to a peer", len(lost), "problems", at_most=0, remark=", ".join(lost))
    won = sum(outcome.lead > SAME for outcome in outcomes)
    yield Figure("strictly better than both peers", won, "problems", remark=f"of {n}")
    slow = [f"{o.name} {o.k}" for o in outcomes if o.time_ratio > 1]
    remark = ", ".join(slow)
    yield Figure("slower than scikit-learn", len(slow), "problems", at_most=0, remark=remark)
    ours, theirs = _total(outcomes, "ours"), _total(outcomes, "theirs")
    remark = f"{ours:.2f} s, scikit-learn {theirs:.2f} s"
    yield Figure("time of all", ours / theirs, "of its", at_most=1, remark=remark)


def main() -> int:
    """Solve every problem and report."""
    command = parser(__doc__)
    command.add_argument("--tables", nargs="+", choices=BEST, default=list(BEST), metavar="NAME")
    command.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options = command.parse_args()
    if folder() is None and set(options.tables) != {"iris"}:
        print(f"set {VARIABLE} to the directory that has tables/mclust", file=sys.stderr)
        return 2
    outcomes = []
    for name in options.tables:
        for k in BEST[name]:
            outcomes.append(solve(name, k, options.seeds))
            print(f"  {name} {k}", file=sys.stderr)
    figures = [figure for outcome in outcomes for figure in problem_figures(outcome)]
    figures += summary_figures(outcomes)
    details = {"outcomes": [asdict(outcome) for outcome in outcomes]}
    return report("Optima of full covariances", figures, options, details)


if __name__ == "__main__":
    sys.exit(main())
