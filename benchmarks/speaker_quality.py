"""How well speakers are told apart: all protocols, with intervals, and what they have to reach.

detection    error rates, closed-set identification, costs and bits, everyone enrolled, as
             `Registry.scores` answers
calibration  the same with calibrations fitted without the speakers of a trial, and where wrong
             claims come from somebody whom nobody enrolled
open-set     half of the speakers enrolled and half strangers, at the shipped threshold
plain        (with --plain) one plain mixture a speaker, without a background model

Needs GMMKIT_REFERENCE_DATA, as speaker_background.py does.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
from reporting import parser, report
from speaker_background import PRESETS, calibration_of
from speaker_cache import kept_answers, scored_trials
from speaker_measures import (
    ERROR_METRICS,
    EVIDENCE_METRICS,
    IDENTIFIED,
    Answers,
    Bound,
    Measured,
    detection,
    refused,
)
from speaker_open_set import MISNAMED, NAMED, Split, halves, mean_rate, rates, split_of
from speaker_plain import plain_answers
from speaker_validation import CrossValidation, ratios, unknown_caller_features
from speech_trials import DEVELOPMENT, PROTOCOLS, Trials

from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.presets import load_background
from gmmkit.speaker.training import FRONTENDS

PARTS = ("detection", "calibration", "open-set")
N_SPLITS = 5
DIR_SHARES = (0.01, 0.05)
PLAIN_PROTOCOLS = ("DEV", "DEV-noise")

Bounds = Mapping[str, Mapping[str, Bound]]

_DETECTION: Mapping[str, Bounds] = {
    "default": {
        "DEV": {"EER": {"at_most": 3.0}, IDENTIFIED: {"at_least": 94.0}},
        "DEV-short": {"EER": {"at_most": 5.5}},
        "DEV-noise": {"EER": {"at_most": 6.4}},
        "DEV-chan": {"EER": {"at_most": 7.3}},
    },
    "fast": {
        "DEV": {"EER": {"at_most": 4.2}, IDENTIFIED: {"at_least": 89.0}},
        "DEV-noise": {"EER": {"at_most": 7.6}},
    },
}
_UNHEARD = ", speakers left out"
_CALIBRATION: Bounds = {
    protocol: {f"Cllr - minCllr{_UNHEARD}": {"at_most": most}}
    for protocol, most in {
        "DEV": 0.05, "DEV-short": 0.05, "DEV-noise": 0.08, "DEV-chan": 0.08,
    }.items()
}  # fmt: skip
_OPEN_SET: Mapping[str, Bounds] = {
    "default": {"DEV": {NAMED: {"at_least": 75.0}, MISNAMED: {"at_most": 5.0}}},
}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A background model to be measured, and its trials."""

    name: str
    background: BackgroundModel
    protocols: Sequence[str]
    folder: Path | None
    draws: int

    def trials(self, protocol: str) -> Trials:
        """Return the trials of a protocol, scored when they are first asked for."""
        return _scored(self, protocol)

    @property
    def development(self) -> list[Trials]:
        """The trials that calibrate."""
        return [self.trials(protocol) for protocol in DEVELOPMENT]

    @cached_property
    def calibration(self) -> Calibration:
        """The shipped calibration; of a changed model, the one that the recipe would ship."""
        if self.background.calibration is not None:
            return self.background.calibration
        everyone = np.arange(len(self.development[0].speakers))
        return calibration_of(self.development, everyone, np.random.default_rng(0))


@cache
def _scored(candidate: Candidate, protocol: str) -> Trials:
    print(f"{candidate.name} {protocol}", file=sys.stderr, flush=True)
    return scored_trials(protocol, candidate.background, candidate.folder)


def measure_detection(candidate: Candidate) -> list[Measured]:
    """All speakers enrolled, shipped calibration."""
    bounds = _DETECTION.get(candidate.name, {})
    names = ("EER", IDENTIFIED, *list(ERROR_METRICS)[1:], *EVIDENCE_METRICS)
    found = []
    for protocol in candidate.protocols:
        trials = candidate.trials(protocol)
        answers = Answers(ratios(candidate.calibration, trials.features()), trials.truth)
        found.append(refused(candidate.name, protocol, answers))
        found += detection(
            candidate.name, protocol, answers, names,
            draws=candidate.draws, bounds=bounds.get(protocol),
        )  # fmt: skip
    return found


def measure_calibration(candidate: Candidate, n_folds: int) -> list[Measured]:
    """Speakers left out of the calibration; LS, another domain, with the shipped one."""
    validation = CrossValidation.of(candidate.development, n_folds)
    found = []
    for protocol in candidate.protocols:
        trials = candidate.trials(protocol)
        ours = trials.speakers == candidate.development[0].speakers
        suffix = _UNHEARD if ours else ", DEV's calibration"
        for features, where in (
            (trials.features(), ""),
            (unknown_caller_features(trials), ", unknown callers"),
        ):
            if ours:
                found_ratios = validation.ratios(features, trials.truth)
            else:
                found_ratios = ratios(candidate.calibration, features)
            found += detection(
                candidate.name, protocol, Answers(found_ratios, trials.truth),
                ("EER", *EVIDENCE_METRICS), draws=candidate.draws,
                bounds=_CALIBRATION.get(protocol), suffix=suffix + where,
            )  # fmt: skip
    return found


def measure_open_set(candidate: Candidate) -> list[Measured]:
    """Half enrolled, half strangers, with the shipped calibration and one of the strangers'."""
    found = []
    for protocol in candidate.protocols:
        trials = candidate.trials(protocol)
        chosen = halves(len(trials.speakers), N_SPLITS)
        shipped = [split_of(trials, enrolled, candidate.calibration) for enrolled in chosen]
        found += _open_set(candidate, protocol, shipped, "")
        if trials.speakers == candidate.development[0].speakers:
            apart = [
                split_of(trials, enrolled, _of_strangers(candidate, enrolled))
                for enrolled in chosen
            ]
            found += _open_set(candidate, protocol, apart, ", calibrated on the strangers")
    return found


def _of_strangers(candidate: Candidate, enrolled: np.ndarray) -> Calibration:
    """Return a calibration that never heard anyone enrolled."""
    everyone = np.arange(len(candidate.development[0].speakers))
    strangers = np.setdiff1d(everyone, enrolled)
    return calibration_of(candidate.development, strangers, np.random.default_rng(0))


def _open_set(
    candidate: Candidate, protocol: str, splits: list[Split], suffix: str
) -> list[Measured]:
    bounds = _OPEN_SET.get(candidate.name, {}).get(protocol, {})
    n_enrolled = splits[0].ratios.shape[1]
    remark = f"{n_enrolled} enrolled, mean of {len(splits)} splits"
    return [
        Measured(
            candidate.name, protocol, name + suffix,
            *mean_rate(splits, rate, candidate.draws), True, bounds.get(name), remark,
        )
        for name, rate in rates(DIR_SHARES).items()
    ]  # fmt: skip


def measure_plain(options: argparse.Namespace) -> list[Measured]:
    """Plain mixtures, whose scores nobody calibrated."""
    names = ("EER", IDENTIFIED, *list(ERROR_METRICS)[1:], "minCllr")
    found = []
    for protocol in PLAIN_PROTOCOLS:
        print(f"plain {protocol}", file=sys.stderr, flush=True)
        answers = kept_answers(protocol, "plain", options.cache, partial(plain_answers, protocol))
        found.append(refused("plain", protocol, answers))
        found += detection("plain", protocol, answers, names, draws=options.draws)
    return found


def candidates(options: argparse.Namespace) -> list[Candidate]:
    """Return the shipped models, and those with something changed that were asked for."""
    found = []
    for preset in options.preset or PRESETS:
        shipped = load_background(preset)
        found.append(_candidate(preset, shipped, options))
        for words in options.subsystems:
            found.append(_candidate(f"{preset} {words}", _only(shipped, words), options))
        for relevance in options.relevance:
            changed = replace(shipped, relevance=relevance, calibration=None)
            found.append(_candidate(f"{preset} r={relevance:g}", changed, options))
    return found


def _candidate(name: str, background: BackgroundModel, options: argparse.Namespace) -> Candidate:
    return Candidate(name, background, options.protocol or PROTOCOLS, options.cache, options.draws)


def _only(background: BackgroundModel, words: str) -> BackgroundModel:
    """Return a background model of some of its front ends, not calibrated."""
    wanted = [FRONTENDS[word] for word in words.split(",")]
    kept = tuple(each for each in background.subsystems if each.frontend in wanted)
    if len(kept) != len(wanted):
        raise SystemExit(f"{background.name} does not listen through all of {words}")
    return replace(background, subsystems=kept, calibration=None)


def measure(options: argparse.Namespace) -> list[Measured]:
    """Measure all candidates; changed ones are detected only."""
    found = []
    for candidate in candidates(options):
        parts: Mapping[str, Callable[[], list[Measured]]] = {
            "detection": partial(measure_detection, candidate),
            "calibration": partial(measure_calibration, candidate, options.folds),
            "open-set": partial(measure_open_set, candidate),
        }
        is_shipped = candidate.name in PRESETS
        for part in parts if is_shipped else ("detection",):
            if part in options.parts:
                found += parts[part]()
    return found + (measure_plain(options) if options.plain else [])


def print_summary(measured: Sequence[Measured]) -> None:
    """Print one line a model and protocol."""
    names = ("refused", "EER", IDENTIFIED, *list(ERROR_METRICS)[1:], "minCllr", "Cllr")
    table: dict[tuple[str, str], dict[str, Measured]] = {}
    for each in measured:
        if each.name in names:
            table.setdefault((each.model, each.protocol), {})[each.name] = each
    print("\n| model | protocol |", " | ".join(names), "|")
    for (model, protocol), line in table.items():
        cells = [_cell(line[name]) if name in line else "" for name in names]
        print(f"| {model} | {protocol} |", " | ".join(cells), "|")


def _cell(each: Measured) -> str:
    sure = f" ({each.short_interval()})" if each.interval else ""
    return f"{each.scale * each.value:.3g}{sure}"


def options_of() -> argparse.Namespace:
    """Return the options of the command line."""
    command = parser(__doc__)
    command.add_argument("--preset", choices=tuple(PRESETS), action="append")
    command.add_argument("--protocol", choices=PROTOCOLS, action="append")
    command.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    command.add_argument("--plain", action="store_true", help="measure plain mixtures as well")
    command.add_argument(
        "--subsystems", action="append", default=[], metavar="NAME,NAME...",
        help="measure some of the front ends alone",
    )  # fmt: skip
    command.add_argument(
        "--relevance", type=float, action="append", default=[], metavar="FRAMES",
        help="measure with another relevance of adaptation; the cohort keeps the shipped one",
    )  # fmt: skip
    command.add_argument("--folds", type=int, default=6, help="of speakers, to calibrate without")
    command.add_argument("--draws", type=int, default=500, help="of speakers, for intervals")
    command.add_argument("--cache", type=Path, metavar="DIRECTORY", help="keep scores there")
    return command.parse_args()


def main() -> int:
    """Measure what was asked for, and report."""
    options = options_of()
    measured = measure(options)
    print_summary(measured)
    intervals = {
        each.label: [each.scale * each.interval.low, each.scale * each.interval.high]
        for each in measured
        if each.interval is not None
    }
    figures = [each.figure() for each in measured]
    return report("Speaker recognition, quality", figures, options, {"intervals": intervals})


if __name__ == "__main__":
    sys.exit(main())
