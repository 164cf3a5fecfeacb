"""The front end: everything that decides what a row of features means, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeAlias
from warnings import warn

import numpy as np
import numpy.typing as npt

from gmmkit.errors import AudioWarning, FeatureContractError, ParameterError
from gmmkit.speaker.features.analysis import Analysis, analyze_recording
from gmmkit.speaker.features.filters import FilterBank
from gmmkit.speaker.features.options import check_frontend

ContractValue: TypeAlias = str | int | float | bool

FRONTEND_VERSION = 1
_DEFAULT_SLIDING_WINDOW = 3.0


@dataclass(frozen=True, kw_only=True)
class Frontend:
    """Mel-frequency cepstral coefficients and friends, of the frames that are speech.

    In this order: two channels are averaged; the samples are resampled; their mean is taken off;
    preemphasis; frames, none padded; window; power spectrum; filters; logarithm; cosine transform
    (Davis and Mermelstein 1980); deltas, over all frames; frames that are not speech are dropped;
    what is left is normalized.

    Parameters
    ----------
    sample_rate : int
        What recordings are resampled to, in Hz.
    frame_length, hop_length : float
        In seconds; rounded to whole samples.
    remove_offset : bool
        Whether the mean of the recording is taken off first.
    preemphasis : float
        0 to 1; y[t] = x[t] - preemphasis * x[t - 1].
    preemphasize_over : str
        What t runs over: ``"recording"``, or each ``"frame"`` by itself as in HTK.
    window : str
        ``"hamming"``, ``"hann"`` or ``"rectangular"``, symmetric.
    n_fft : int, optional
        The default is the next power of two of the frame.
    filters : str
        ``"mel"``; ``"mel-slaney"``, of equal areas; ``"mel-htk"``, triangles over mel instead of
        Hz; or ``"linear"``, for LFCC.
    n_filters : int
    low_frequency, high_frequency : float
        Where the first filter begins and the last one ends, in Hz.
    compression : str
        ``"log"``, of the energy plus 1e-12; ``"root"``, the cube root; or ``"power-normalized"``,
        which takes steady noise off first.
    n_cepstra : int
        Coefficients kept, from c0, of the orthonormal DCT-II; 0 keeps the filters as they are.
    lifter : float
        Weights c_n by 1 + lifter / 2 * sin(pi n / lifter); 0 does not.
    deltas : int
        0; 1, slopes as well; or 2, slopes of the slopes as well.
    delta_width : int
        Frames to both sides that a slope is fitted to.
    activity : str
        What counts as speech: ``"energy"``, ``"two-gaussian"`` or ``"none"``, which keeps all.
    activity_range : float
        How far below the 99th percentile of the frames' level speech may be, in dB.
    normalization : str
        ``"none"``, ``"mean"``, ``"mean-variance"``, ``"sliding"`` (both of them over a window) or
        ``"warping"`` of each column to a normal distribution.
    normalization_window : float, optional
        In seconds; the default is the whole recording, and 3 s for ``"sliding"``.
    normalize_over : str
        ``"speech"``, so that silence has no influence, or ``"all"`` frames.

    Raises
    ------
    ParameterError
        If an option is out of its range or does not fit another one.

    Examples
    --------
    >>> frontend = Frontend(n_cepstra=20, deltas=1, activity="none")
    >>> samples = np.random.default_rng(0).normal(size=16000) * np.linspace(0.01, 0.1, 16000)
    >>> frontend(samples, sample_rate=16000).shape
    (98, 40)
    """

    sample_rate: int = 16_000
    frame_length: float = 0.025
    hop_length: float = 0.010
    remove_offset: bool = True
    preemphasis: float = 0.97
    preemphasize_over: str = "recording"
    window: str = "hamming"
    n_fft: int | None = None
    filters: str = "mel"
    n_filters: int = 40
    low_frequency: float = 20.0
    high_frequency: float = 7600.0
    compression: str = "log"
    n_cepstra: int = 30
    lifter: float = 0.0
    deltas: int = 2
    delta_width: int = 2
    activity: str = "energy"
    activity_range: float = 30.0
    normalization: str = "warping"
    normalization_window: float | None = None
    normalize_over: str = "speech"

    def __post_init__(self) -> None:
        check_frontend(self)
        # One spelling of one length, so that equal front ends compare equal.
        if self.n_fft == self._automatic_fft_length:
            object.__setattr__(self, "n_fft", None)

    @classmethod
    def wideband(cls, **changes: ContractValue | None) -> "Frontend":
        """Return the front end for microphones: 16 kHz, 20 to 7600 Hz.

        Parameters
        ----------
        **changes
            Options of `Frontend` to have otherwise.

        Examples
        --------
        >>> Frontend.wideband() == Frontend()
        True
        """
        return cls(**changes)  # type: ignore[arg-type]

    @classmethod
    def telephone(cls, **changes: ContractValue | None) -> "Frontend":
        """Return the front end for telephones: 8 kHz, 300 to 3400 Hz, 24 filters, 20 cepstra.

        A telephone line passes 300 to 3400 Hz (ITU-T G.712). What a recording holds outside that
        band says which line it came over rather than who spoke.

        Parameters
        ----------
        **changes
            Options of `Frontend` to have otherwise.

        Examples
        --------
        >>> Frontend.telephone(deltas=1).n_features
        40
        """
        line: dict[str, ContractValue | None] = {
            "sample_rate": 8_000,
            "low_frequency": 300.0,
            "high_frequency": 3_400.0,
            "n_filters": 24,
            "n_cepstra": 20,
        }
        return cls(**(line | changes))  # type: ignore[arg-type]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each column: "c0" and so on, then "delta c0" and "delta-delta c0"."""
        statics = [f"c{i}" for i in range(self.n_cepstra)]
        statics = statics or [f"filter {i}" for i in range(1, self.n_filters + 1)]
        prefixes = ("", "delta ", "delta-delta ")[: self.deltas + 1]
        return tuple(prefix + name for prefix in prefixes for name in statics)

    @property
    def n_features(self) -> int:
        """How many columns a frame has."""
        return (self.n_cepstra or self.n_filters) * (self.deltas + 1)

    def __call__(self, samples: npt.ArrayLike, sample_rate: float) -> npt.NDArray[np.float32]:
        """Return one row a frame of speech.

        Parameters
        ----------
        samples, sample_rate
            As in `analyze`.

        Returns
        -------
        ndarray of shape (n_speech, n_features)
            float32.
        """
        return self._analyze(samples, sample_rate).frames

    def analyze(self, samples: npt.ArrayLike, sample_rate: float) -> Analysis:
        """Return the rows of a recording, and which frames they are.

        Parameters
        ----------
        samples : array_like of shape (n,) or (n, channels)
            Integers of 8, 16 or 32 bits, or floating point with full scale at -1 to 1; one or two
            channels.
        sample_rate : int
            Of `samples`, in Hz.

        Returns
        -------
        Analysis

        Raises
        ------
        AudioError
            If the samples are no recording, not finite, or too few for one frame, or the rate is
            out of range.
        NoSpeechError
            If no frame is above -100 dB of full scale.

        Warns
        -----
        AudioWarning
            If the recording has not the bandwidth that the filters cover, or its level is as
            steady as that of a tone.

        Examples
        --------
        >>> noise = np.random.default_rng(0).normal(size=8000) * np.linspace(0.01, 0.1, 8000)
        >>> analysis = Frontend().analyze(np.concatenate([np.zeros(16000), noise]), 16000)
        >>> analysis.seconds, round(analysis.seconds_of_speech, 2), analysis.frames.shape
        (1.5, 0.5, (50, 90))
        """
        return self._analyze(samples, sample_rate)

    def _analyze(self, samples: npt.ArrayLike, sample_rate: float) -> Analysis:
        analysis = analyze_recording(self, samples, sample_rate)
        for doubt in analysis.doubts:
            warn(AudioWarning(doubt), stacklevel=3)
        return analysis

    def contract(self) -> dict[str, ContractValue]:
        """Return every option by name, and the version of what they mean.

        The automatic length of the transform stands as the length that it is, no window as 0.

        Examples
        --------
        >>> contract = Frontend().contract()
        >>> contract["n_fft"], contract["frontend_version"]
        (512, 1)
        """
        contract = {each.name: getattr(self, each.name) for each in fields(self)}
        contract["n_fft"] = self.fft_length
        contract["normalization_window"] = self.normalization_window or 0.0
        return contract | {"frontend_version": FRONTEND_VERSION}

    @classmethod
    def from_contract(cls, contract: Mapping[str, object]) -> "Frontend":
        """Return the front end that a contract describes.

        Parameters
        ----------
        contract : mapping
            As `contract` returns it, no key more or less.

        Raises
        ------
        FeatureContractError
            If it is of another version, or names options that are unknown, missing or unusable.

        Examples
        --------
        >>> Frontend.from_contract(Frontend.telephone().contract()) == Frontend.telephone()
        True
        """
        _check_contract(contract)
        values = {name: value for name, value in contract.items() if name != "frontend_version"}
        values["normalization_window"] = values["normalization_window"] or None
        try:
            return cls(**values)  # type: ignore[arg-type]
        except ParameterError as problem:
            raise FeatureContractError(
                f"the front end of a model is not usable: {problem.problem}",
                found=problem.found,
                needed=problem.needed,
            ) from problem

    @property
    def frame_samples(self) -> int:
        """The length of a frame in samples."""
        return round(self.frame_length * self.sample_rate)

    @property
    def hop_samples(self) -> int:
        """From the start of a frame to that of the next, in samples."""
        return round(self.hop_length * self.sample_rate)

    @property
    def fft_length(self) -> int:
        """The length of the transform."""
        return self.n_fft or self._automatic_fft_length

    @property
    def _automatic_fft_length(self) -> int:
        return 1 << (self.frame_samples - 1).bit_length()

    @property
    def filter_bank(self) -> FilterBank:
        """The filters over the bins of the transform."""
        return FilterBank(
            kind=self.filters,
            n_filters=self.n_filters,
            low=self.low_frequency,
            high=self.high_frequency,
            n_fft=self.fft_length,
            sample_rate=self.sample_rate,
        )

    @property
    def window_frames(self) -> int | None:
        """How many frames normalization looks at, an odd number; None for all."""
        seconds = self.normalization_window
        if seconds is None and self.normalization == "sliding":
            seconds = _DEFAULT_SLIDING_WINDOW
        return None if seconds is None else 2 * round(seconds / self.hop_length / 2) + 1


def _check_contract(contract: Mapping[str, object]) -> None:
    version = contract.get("frontend_version")
    if version != FRONTEND_VERSION:
        raise FeatureContractError(
            "the front end of a model is of another version",
            found=f"frontend_version={version!r}",
            needed=repr(FRONTEND_VERSION),
            hint="train the model again with this version of gmmkit",
        )
    known = {each.name for each in fields(Frontend)} | {"frontend_version"}
    if contract.keys() != known:
        missing, unknown = sorted(known - contract.keys()), sorted(contract.keys() - known)
        raise FeatureContractError(
            "the front end of a model has other options than this one",
            found=f"unknown {unknown}, missing {missing}",
            needed="every option of Frontend and no other",
        )
