"""Background models from recordings of many people: a mixture for each front end, and a cohort."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gmmkit.core.adapt import check_relevance, mean_offsets, mean_statistics
from gmmkit.core.checks import check_count, random_generator
from gmmkit.core.execution import threads
from gmmkit.core.fits.fitting import fit
from gmmkit.core.mixture import Mixture
from gmmkit.core.starts.splitting import grow
from gmmkit.errors import AudioError, AudioWarning, InputError, ParameterError
from gmmkit.io.audio import RecordingSource, as_recording
from gmmkit.speaker.background import CLEAN, NOISY, BackgroundModel, Subsystem
from gmmkit.speaker.degradation import babble, noise_with_babble, through_channel, with_noise
from gmmkit.speaker.enrollment import NOISY_RATIOS
from gmmkit.speaker.features.analysis import analyze_recording
from gmmkit.speaker.features.frontend import Frontend
from gmmkit.speaker.features.waveform import as_waveform

Float32Array = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]

FRONTENDS: Mapping[str, Frontend] = {
    "warped": Frontend(),
    "linear": Frontend(filters="linear"),
    "power": Frontend(compression="power-normalized"),
}
# The one that the preset "fast" listens through: alone it is the surest in noise.
FAST_FRONTEND = "power"
STARTS = ("kmeans", "splitting")
_RATE = 16_000
_BABBLE_SECONDS = 20
_MOST_TALKERS = 300
_MOST_FRAMES = 1_000_000
_FRAMES_TO_GROW_ON = 100_000
# Standard deviations may not fall below this share of the whole's: variances below a hundredth.
_RELATIVE_FLOOR = 0.1
_TRAINING_RATIOS = (5.0, 20.0)


@dataclass(frozen=True)
class Training:
    """How a background model is made.

    Parameters
    ----------
    frontends : mapping of str to Frontend
        By name; each gets a universal background model of its own, and their scores are averaged.
    n_components : int
        Of each mixture.
    n_cohort : int
        How many of the speakers stand for those whom nobody enrolls.
    start : str
        ``"kmeans"``, or ``"splitting"`` from one Gaussian.
    max_iter : int
        EM iterations over all frames.
    relevance : float
        Of the adaptation of means, in frames.
    degraded : bool
        Whether every recording is also heard in noise or through a channel, and every speaker gets
        a second model of speech in noise.
    seed : int

    Raises
    ------
    ParameterError
        If an option is out of range.

    Examples
    --------
    >>> Training(n_components=64).n_components
    64
    """

    frontends: Mapping[str, Frontend] = field(default_factory=lambda: dict(FRONTENDS))
    n_components: int = 128
    n_cohort: int = 80
    start: str = "kmeans"
    max_iter: int = 30
    relevance: float = 8.0
    degraded: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        check_count(self.n_components, "n_components")
        check_count(self.n_cohort, "n_cohort", least=2)
        check_count(self.max_iter, "max_iter")
        check_relevance(self.relevance, "means")
        random_generator(self.seed)
        if self.start not in STARTS or not self.frontends:
            raise ParameterError(
                "start is unknown" if self.frontends else "there is no front end",
                found=repr(self.start),
                needed=f"one of {STARTS}, and at least one front end",
            )


@dataclass(frozen=True, eq=False)
class _Voice:
    """One recording at the rate of the babble, and whose it is."""

    speaker: str
    samples: Float32Array
    number: int


def train_background(
    recordings: Sequence[tuple[str, RecordingSource]],
    training: Training | None = None,
    *,
    name: str = "own",
    notes: Mapping[str, str] | None = None,
    n_threads: int | None = None,
    on_progress: Progress | None = None,
) -> BackgroundModel:
    """Return a background model, not calibrated yet.

    Parameters
    ----------
    recordings : sequence of (speaker, recording)
        Minutes of speech of many people; a recording is a path, (samples, sample_rate) or a
        Recording. Held in memory at 16 kHz, 230 MB an hour.
    training : Training, optional
    name : str
    notes : mapping of str to str, optional
    n_threads : int, optional
        The same seed gives the same model whatever their number.
    on_progress : callable, optional
        Called with a stage, what is done and how much there is.

    Returns
    -------
    BackgroundModel

    Raises
    ------
    InputError
        If there are fewer than three speakers, or fewer frames than the mixture needs.
    AudioError
        If a recording cannot be read.

    Warns
    -----
    AudioWarning
        For recordings without speech, which are left out.

    Examples
    --------
    >>> names = [f"{who}-{i}" for who in ("ana", "ben", "carla") for i in (1, 2)]
    >>> people = [(name.split("-")[0], f"sample:{name}") for name in names]
    >>> small = Training({"warped": Frontend()}, n_components=4, max_iter=3)
    >>> train_background(people, small).subsystems[0].n_cohort
    3
    """
    plan = Training() if training is None else training
    tell = on_progress or (lambda stage, done, whole: None)
    voices = _read(recordings, n_threads, tell)
    talkers = [voice.samples for voice in voices[:_MOST_TALKERS]]
    loop = babble(talkers, _BABBLE_SECONDS * _RATE, np.random.default_rng([plan.seed, 1]))
    cohort = _chosen_speakers(voices, plan)
    subsystems = tuple(
        _subsystem(stage, frontend, voices, cohort, talkers, plan, n_threads, tell)
        for stage, frontend in plan.frontends.items()
    )
    kept = np.round(loop * (2**15 / 8)).clip(-(2**15), 2**15 - 1).astype(np.int16)
    return BackgroundModel(name, subsystems, plan.relevance, kept, None, dict(notes or {}))


def _read(
    recordings: Sequence[tuple[str, RecordingSource]], n_threads: int | None, tell: Progress
) -> list[_Voice]:
    def read(item: tuple[int, tuple[str, RecordingSource]]) -> _Voice | str:
        number, (speaker, source) = item
        recording = as_recording(source)
        heard = as_waveform(recording.samples, recording.sample_rate, target_rate=_RATE)
        try:
            analyze_recording(Frontend(), heard.samples, _RATE)
        except AudioError as problem:
            return f"{recording.name} is left out: {problem}"
        return _Voice(speaker, heard.samples, number)

    voices: list[_Voice] = []
    with threads(n_threads) as executor:
        for done, voice in enumerate(executor.map(read, enumerate(recordings)), start=1):
            if isinstance(voice, str):
                warnings.warn(AudioWarning(voice), stacklevel=3)
            else:
                voices.append(voice)
            tell("reading", done, len(recordings))
    n_speakers = len({voice.speaker for voice in voices})
    if n_speakers < 3:
        raise InputError(
            "too few people for a background model",
            found=f"{n_speakers} with speech",
            needed="at least 3, better 100",
            hint="one folder a speaker, with recordings in it",
        )
    return voices


def _chosen_speakers(voices: Sequence[_Voice], plan: Training) -> list[str]:
    speakers = list(dict.fromkeys(voice.speaker for voice in voices))
    random = np.random.default_rng([plan.seed, 2])
    chosen = random.choice(len(speakers), min(plan.n_cohort, len(speakers)), replace=False)
    return [speakers[int(index)] for index in sorted(chosen)]


def _subsystem(
    stage: str,
    frontend: Frontend,
    voices: Sequence[_Voice],
    cohort: Sequence[str],
    talkers: Sequence[Float32Array],
    plan: Training,
    n_threads: int | None,
    tell: Progress,
) -> Subsystem:
    limit = _MOST_FRAMES // (len(voices) * (2 if plan.degraded else 1))

    def frames_of(voice: _Voice) -> Float32Array:
        random = np.random.default_rng([plan.seed, 3, voice.number])
        copies = [voice.samples]
        if plan.degraded:
            copies.append(_degraded(voice.samples, talkers, random))
        heard = [_sampled(_frames(frontend, copy), limit, random) for copy in copies]
        return np.concatenate(heard)

    with threads(n_threads) as executor:
        frames = []
        for done, block in enumerate(executor.map(frames_of, voices), start=1):
            frames.append(block)
            tell(f"{stage}: hearing", done, len(voices))
    ubm = _universal_background_model(np.concatenate(frames), plan, n_threads, stage, tell)
    frames.clear()
    offsets = _cohort_offsets(frontend, ubm, voices, cohort, talkers, plan, n_threads)
    tell(f"{stage}: cohort", 1, 1)
    return Subsystem(frontend, ubm, offsets)


def _universal_background_model(
    frames: Float32Array, plan: Training, n_threads: int | None, stage: str, tell: Progress
) -> Mixture:
    floor = _RELATIVE_FLOOR * frames.std(axis=0, dtype=np.float64)
    start: str | Mixture = plan.start
    if plan.start == "splitting":
        every = -(-len(frames) // _FRAMES_TO_GROW_ON)
        start = grow(frames[::every], plan.n_components, covariance="diag", floor=floor)
    return fit(
        frames,
        plan.n_components,
        covariance="diag",
        start=start,
        floor=floor,
        max_iter=plan.max_iter,
        seed=plan.seed,
        n_threads=n_threads,
        on_iteration=lambda number, _: tell(f"{stage}: mixture", number, plan.max_iter),
    ).mixture


def _cohort_offsets(
    frontend: Frontend,
    ubm: Mixture,
    voices: Sequence[_Voice],
    cohort: Sequence[str],
    talkers: Sequence[Float32Array],
    plan: Training,
    n_threads: int | None,
) -> dict[str, npt.NDArray[np.float16]]:
    def offsets_of(speaker: str) -> dict[str, npt.NDArray[np.float16]]:
        own = [voice for voice in voices if voice.speaker == speaker]
        copies = {CLEAN: [voice.samples for voice in own]}
        if plan.degraded:
            copies[NOISY] = [copy for voice in own for copy in _noisy(voice, talkers, plan)]
        return {
            condition: _offsets([_frames(frontend, copy) for copy in heard], ubm, plan.relevance)
            for condition, heard in copies.items()
        }

    with threads(n_threads) as executor:
        each = list(executor.map(offsets_of, cohort))
    return {condition: np.stack([of[condition] for of in each]) for condition in each[0]}


def _offsets(
    frames: Sequence[Float32Array], ubm: Mixture, relevance: float
) -> npt.NDArray[np.float16]:
    statistics = mean_statistics(np.concatenate(frames), ubm)
    return mean_offsets(statistics, relevance=relevance).astype(np.float16)


def _frames(frontend: Frontend, samples: Float32Array) -> Float32Array:
    return analyze_recording(frontend, samples, _RATE).frames


def _sampled(frames: Float32Array, limit: int, random: np.random.Generator) -> Float32Array:
    if len(frames) <= limit:
        return frames
    return frames[np.sort(random.choice(len(frames), limit, replace=False))]


def _degraded(
    samples: Float32Array, talkers: Sequence[Float32Array], random: np.random.Generator
) -> Float32Array:
    """Return a copy in noise at 5 to 20 dB, every other one through a channel as well."""
    if random.random() < 0.5:
        samples = through_channel(samples, _RATE, random)
    noise = noise_with_babble(babble(talkers, len(samples), random), random)
    return with_noise(samples, noise, float(random.uniform(*_TRAINING_RATIOS)), _RATE)


def _noisy(voice: _Voice, talkers: Sequence[Float32Array], plan: Training) -> list[Float32Array]:
    """Return the copies in noise that an enrollment makes of a recording."""
    random = np.random.default_rng([plan.seed, 4, voice.number])
    n = len(voice.samples)
    return [
        with_noise(
            voice.samples, noise_with_babble(babble(talkers, n, random), random), ratio, _RATE
        )
        for ratio in NOISY_RATIOS
    ]
