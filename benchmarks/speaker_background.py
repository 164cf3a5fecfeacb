"""Make the background models that come with gmmkit: train, calibrate, write.

    GMMKIT_REFERENCE_DATA=... python benchmarks/speaker_background.py \\
        --output gmmkit/speaker/backgrounds

Mixtures and cohort: the background speakers of librispeech-mini and speechocean762, each recording
also in seeded noise or through a random channel. Calibration: logistic regression on DEV,
DEV-short, DEV-noise and DEV-chan together, with registries of several sizes drawn from their
speakers, because a registry's size is what normalization depends on.
"""

import time
from pathlib import Path

import numpy as np
from reporting import parser
from speech_trials import DEVELOPMENT, Trials, background_recordings, run_protocol

from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.background_file import save_background
from gmmkit.speaker.calibration import Calibration, fit_logistic
from gmmkit.speaker.recognition import FEATURES, N_SCORES
from gmmkit.speaker.training import FAST_FRONTEND, FRONTENDS, Training, train_background

PRESETS = {"default": tuple(FRONTENDS), "fast": (FAST_FRONTEND,)}
REGISTRY_SIZES = (4, 8, 16, 30, 48)
REGISTRIES_A_SIZE = 3
NOTES = {
    "speech": "LibriSpeech train-clean-100 (CC BY 4.0; V. Panayotov et al. 2015), by way of "
    "Resemblyzer; speechocean762 (J. Zhang et al. 2021, free for any use)",
    "recipe": "benchmarks/speaker_background.py",
}


def calibration_of(
    protocols: list[Trials], speakers: np.ndarray, random: np.random.Generator
) -> Calibration:
    """Fit a calibration on the trials among some of the speakers, all protocols alike."""
    targets, others = [], []
    for trials in protocols:
        tests = np.isin(trials.truth, speakers) & trials.heard
        for size in (size for size in REGISTRY_SIZES if size <= len(speakers)):
            for _ in range(REGISTRIES_A_SIZE):
                chosen = random.permutation(speakers)[:size]
                features = trials.features(chosen)[tests]
                same = trials.truth[tests][:, None] == chosen
                targets.append(features[same])
                others.append(features[~same])
    return fit_logistic(
        np.concatenate(targets), np.concatenate(others), features=FEATURES, n_scores=N_SCORES
    )


def make(name: str, recordings: list, only_calibrate: BackgroundModel | None) -> BackgroundModel:
    """Train and calibrate one preset."""
    training = Training(frontends={key: FRONTENDS[key] for key in PRESETS[name]})
    begun = time.perf_counter()
    background = only_calibrate or train_background(recordings, training, name=name, notes=NOTES)
    print(f"{name}: trained in {time.perf_counter() - begun:.0f} s", flush=True)
    protocols = [run_protocol(protocol, background) for protocol in DEVELOPMENT]
    everyone = np.arange(len(protocols[0].speakers))
    calibration = calibration_of(protocols, everyone, np.random.default_rng(0))
    print(f"{name}: {calibration}, {time.perf_counter() - begun:.0f} s", flush=True)
    return background.calibrated(calibration)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--output", type=Path, required=True, metavar="DIRECTORY")
    options.add_argument("--preset", choices=tuple(PRESETS), action="append")
    arguments = options.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    recordings = background_recordings()
    for name in arguments.preset or PRESETS:
        background = make(name, recordings, None)
        save_background(background, arguments.output / f"{name}.gmm", force=True)


if __name__ == "__main__":
    main()
