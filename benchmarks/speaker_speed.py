"""How fast speakers are recognized, step by step and as a whole process.

thousand  a 10 s recording among 1,000 people, after the front end, for each preset
crowd     the same among 100,000 by the shortlist, with a small background model, and how often
          the shortlist holds the exact answer
frontend  recordings of 10 s through the front end of `fast`, on one processor
training  a mixture of 512 components of one hour of speech, as background models are trained
process   `gmmkit speaker identify` from the start of Python to its end

Needs GMMKIT_REFERENCE_DATA (not for `process`), and Linux.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from pairing import stopwatch
from reporting import Figure, parser, report
from segment_process import run_process, wall_seconds
from speaker_crowd import Crowd
from speaker_shortlist import crowd_with_known, recall_of_real, recall_of_synthetic
from speech_trials import DEVELOPMENT, RATE, background_recordings

from gmmkit.core.execution import single_threaded_blas
from gmmkit.core.fits.fitting import fit
from gmmkit.io.audio import Recording, as_recording
from gmmkit.io.samples import sample_path
from gmmkit.speaker.background import BackgroundModel
from gmmkit.speaker.degradation import babble, noise_with_babble, with_noise
from gmmkit.speaker.enrollment import Heard
from gmmkit.speaker.features.analysis import analyze_recording
from gmmkit.speaker.features.frontend import Frontend
from gmmkit.speaker.presets import PRESETS, load_background
from gmmkit.speaker.recognizers import AdaptedRecognizer
from gmmkit.speaker.registry import Registry
from gmmkit.speaker.training import Training, train_background

TEST_SECONDS = 10
THOUSAND_MS = {"fast": 60.0, "default": 400.0}
CROWD_SECONDS = 2.0
REAL_TIME_FACTOR = 300.0
TRAINING_SECONDS = 60.0
PROCESS_SECONDS, FIRST_PROCESS_SECONDS = 3.0, 15.0

# Sixty features: 20 cepstra, their slopes, and the slopes of those.
SMALL_FRONTEND = Frontend(n_cepstra=20)
SMALL = Training(
    frontends={"small": SMALL_FRONTEND}, n_components=32, n_cohort=80, degraded=False
)  # fmt: skip
HOUR_FRAMES = 360_000
HOUR_COMPONENTS = 512

Figures = tuple[list[Figure], dict[str, Any]]
Samples = npt.NDArray[np.float32]


class ClockedRecognizer(AdaptedRecognizer):
    """Takes the time that the front end needs, so that it can be taken off."""

    def __init__(self, background: BackgroundModel) -> None:
        super().__init__(background)
        self.seconds = 0.0

    def hear(self, recording: Recording) -> Heard:
        """Return a recording's frames for every subsystem."""
        begin = perf_counter()
        heard = super().hear(recording)
        self.seconds += perf_counter() - begin
        return heard


def identification_times(
    path: Path, background: BackgroundModel, recording: Recording, runs: int
) -> list[float]:
    """Return the seconds of identifications without the front end; the first one loads people."""
    recognizer = ClockedRecognizer(background)
    registry = Registry(path, recognizer, read_only=True)
    times = []
    for _ in range(1 + runs):
        recognizer.seconds = 0.0
        seconds = stopwatch(lambda: registry.identify(recording))
        times.append(seconds - recognizer.seconds)
    return times


def ten_seconds() -> Recording:
    """Return the beginning of the longest background recording."""
    _, (samples, rate) = max(background_recordings(), key=lambda item: len(item[1][0]))
    return as_recording((samples[: TEST_SECONDS * rate], rate))


def measure_thousand(options: argparse.Namespace, folder: Path) -> Figures:
    """Everybody is scored: this many people are the most before a shortlist is made."""
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    recording, n_people = ten_seconds(), options.thousand
    for preset in options.presets:
        background, path = load_background(preset), folder / f"{preset}.db"
        Crowd.of(background).write(path, n_people)
        first, *times = identification_times(path, background, recording, options.runs)
        label, remark = f"{preset}, {n_people:,} people", f"{background.n_subsystems} front end(s)"
        most = THOUSAND_MS[preset]
        figures.append(Figure(label, 1e3 * median(times), "ms", at_most=most, remark=remark))
        figures.append(Figure(f"{label}: first, which loads them", first, "s"))
        details[label] = times
        path.unlink()
    return figures, details


def small_background() -> BackgroundModel:
    """Train the stated smaller model on every other background recording."""
    return train_background(background_recordings()[::2], SMALL, name="small")


def measure_crowd(options: argparse.Namespace, folder: Path) -> Figures:
    """A registry's file of synthetic people, and recordings of some of them."""
    crowd, path, n_people = crowd_with_known(small_background()), folder / "crowd.db", options.crowd
    writing = stopwatch(lambda: crowd.write(path, n_people))
    print(f"{n_people:,} people written in {writing:.0f} s", file=sys.stderr, flush=True)
    first, *times = identification_times(path, crowd.background, ten_seconds(), options.runs)
    label, n_features = f"{n_people:,} people", SMALL_FRONTEND.n_features
    remark = f"{SMALL.n_components} components, {n_features} features, clean models only"
    figures = [
        Figure(label, median(times), "s", at_most=CROWD_SECONDS, remark=remark),
        Figure(f"{label}: first, which loads rows", first, "s"),
        Figure(f"{label}: file", path.stat().st_size / 1e6, "MB"),
        recall_of_synthetic(crowd, path, n_people, options.recordings),
    ]
    found = [recall_of_real(crowd, path, n_people, name) for name in options.real]
    return figures + found, {label: times}


@contextmanager
def one_processor() -> Iterator[None]:
    """Hold this process to one processor, BLAS as well."""
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable)})
    try:
        with single_threaded_blas():
            yield
    finally:
        os.sched_setaffinity(0, usable)


def measure_frontend(options: argparse.Namespace, folder: Path) -> Figures:
    """Recordings of the length that is identified, one after the other."""
    frontend = load_background("fast").subsystems[0].frontend
    length = TEST_SECONDS * RATE
    long_enough = [x[:length] for _, (x, _) in background_recordings() if len(x) >= length]
    chosen = long_enough[: options.frontend_recordings]

    def analyze_all() -> None:
        for samples in chosen:
            analyze_recording(frontend, samples, RATE)

    with one_processor():
        times = [stopwatch(analyze_all) for _ in range(1 + options.runs)][1:]
    factors = [TEST_SECONDS * len(chosen) / seconds for seconds in times]
    remark = f"{len(chosen)} recordings of {TEST_SECONDS} s"
    figure = Figure(
        "front end of fast", median(factors), "x real time", REAL_TIME_FACTOR, remark=remark
    )
    return [figure], {"front end": factors}


def hour_of_speech() -> npt.NDArray[np.float32]:
    """Return one hour of frames of speech: the background's, and of its copies in noise."""
    recordings = [samples for _, (samples, _) in background_recordings()]
    random = np.random.default_rng(0)
    frames: list[npt.NDArray[np.float32]] = []
    for samples in [*recordings, *(_in_noise(x, recordings, random) for x in recordings)]:
        frames.append(analyze_recording(SMALL_FRONTEND, samples, RATE).frames)
        if sum(map(len, frames)) >= HOUR_FRAMES:
            break
    return np.concatenate(frames)[:HOUR_FRAMES]


def _in_noise(samples: Samples, talkers: list[Samples], random: np.random.Generator) -> Samples:
    noise = noise_with_babble(babble(talkers, len(samples), random), random)
    return with_noise(samples, noise, 15.0, RATE)


def measure_training(options: argparse.Namespace, folder: Path) -> Figures:
    """The mixture alone: a start by k-means and as many iterations as in training."""
    frames, plan = hour_of_speech(), Training()
    floor = 0.1 * frames.std(axis=0, dtype=np.float64)
    times = [
        stopwatch(
            lambda: fit(
                frames,
                HOUR_COMPONENTS,
                covariance="diag",
                start=plan.start,
                floor=floor,
                max_iter=plan.max_iter,
                seed=plan.seed,
            )
        )
        for _ in range(options.trainings)
    ]
    n_frames, n_features = frames.shape
    label = f"mixture of {HOUR_COMPONENTS}, {n_frames:,} frames of {n_features}"
    figure = Figure(label, median(times), "s", at_most=TRAINING_SECONDS)
    return [figure], {label: times}


def measure_process(options: argparse.Namespace, folder: Path) -> Figures:
    """Two people as in the README; the run before the first that counts fills all caches."""
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    for preset in options.presets:
        command = identify_command(folder / f"process-{preset}.db", preset)
        times = [wall_seconds(command) for _ in range(1 + options.runs)][1:]
        label = f"gmmkit speaker identify, {preset}"
        figures.append(Figure(f"{label}: warm", median(times), "s", at_most=PROCESS_SECONDS))
        with tempfile.TemporaryDirectory(dir=folder) as empty:
            caches = dict.fromkeys(("NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX"), empty)
            first = run_process(command, caches).seconds
        remark = "no compiled kernels, no compiled Python"
        figures.append(
            Figure(f"{label}: first ever", first, "s", None, FIRST_PROCESS_SECONDS, remark)
        )
        details[label] = times
    return figures, details


def identify_command(path: Path, preset: str) -> list[str]:
    """Enroll two people, and return the command that identifies a third recording."""
    registry = Registry.open(path, background=preset)
    for name in ("ana", "ben"):
        registry.enroll(name, [f"sample:{name}-{number}" for number in (1, 2, 3)])
    recording = sample_path("someone", kind="recording")
    command = [sys.executable, "-m", "gmmkit", "speaker", "identify"]
    return [*command, str(path), str(recording)]


PARTS: Mapping[str, Callable[[argparse.Namespace, Path], Figures]] = {
    "thousand": measure_thousand,
    "crowd": measure_crowd,
    "frontend": measure_frontend,
    "training": measure_training,
    "process": measure_process,
}


def options_of() -> argparse.Namespace:
    """Return the options of the command line."""
    command = parser(__doc__)
    command.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    command.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS))
    command.add_argument("--runs", type=int, default=5, help="of which the median is taken")
    command.add_argument("--trainings", type=int, default=1, help="mixtures of one hour")
    command.add_argument("--thousand", type=int, default=1_000, help="people scored one by one")
    command.add_argument("--crowd", type=int, default=100_000, help="people with a shortlist")
    command.add_argument("--recordings", type=int, default=1_000, help="of the crowd")
    command.add_argument(
        "--real", nargs="*", default=["DEV"], choices=DEVELOPMENT, metavar="PROTOCOL",
        help="whose tests are looked for among the crowd as well",
    )  # fmt: skip
    command.add_argument("--frontend-recordings", type=int, default=20)
    return command.parse_args()


def main() -> int:
    """Run the parts that were asked for and report."""
    options = options_of()
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in options.parts:
            print(part, file=sys.stderr, flush=True)
            found, seconds = PARTS[part](options, Path(folder))
            figures += found
            details |= seconds
    return report("Speaker recognition, speed", figures, options, details)


if __name__ == "__main__":
    sys.exit(main())
