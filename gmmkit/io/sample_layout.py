"""Where uncompressed samples lie in a file and how they are written, and what no header may ask."""

from dataclasses import dataclass

from gmmkit.errors import AudioError

MOST_CHANNELS = 64
_LOWEST_RATE, _HIGHEST_RATE = 1_000, 768_000
_BYTES_PER_SAMPLE = {
    "PCM_U8": 1,
    "ULAW": 1,
    "ALAW": 1,
    "PCM_16": 2,
    "PCM_24": 3,
    "PCM_32": 4,
    "FLOAT": 4,
    "DOUBLE": 8,
}


@dataclass(frozen=True)
class SampleLayout:
    """Uncompressed samples in a file, channels interleaved.

    Parameters
    ----------
    coding : str
        libsndfile's name: PCM_U8, PCM_16, PCM_24, PCM_32, FLOAT, DOUBLE, ULAW or ALAW.
    endian : str
        LITTLE or BIG.
    sample_rate : int
        In Hz.
    n_channels : int
        From 1 to 64.
    offset : int
        Where the first sample begins, in bytes.
    n_bytes : int
        How many bytes of samples the file really holds.
    promised_bytes : int
        How many its header speaks of.

    Examples
    --------
    >>> layout = SampleLayout("PCM_16", "LITTLE", 16_000, 2, 44, 4001, 8000)
    >>> layout.n_frames, layout.promised_frames, layout.stray_bytes
    (1000, 2000, 1)
    """

    coding: str
    endian: str
    sample_rate: int
    n_channels: int
    offset: int
    n_bytes: int
    promised_bytes: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.n_channels * _BYTES_PER_SAMPLE[self.coding]

    @property
    def n_frames(self) -> int:
        """Whole samples of every channel that the file holds."""
        return self.n_bytes // self.frame_bytes

    @property
    def promised_frames(self) -> int:
        """Samples of every channel that the header speaks of."""
        return self.promised_bytes // self.frame_bytes

    @property
    def stray_bytes(self) -> int:
        """Bytes after the last whole sample."""
        return self.n_bytes % self.frame_bytes


def check_sound(sample_rate: int, n_channels: int, label: str) -> None:
    """Refuse sample rates and channel counts that no recording of a voice has.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    n_channels : int
        As the header declares them.
    label : str
        The file's name for the error.

    Raises
    ------
    AudioError
        If the rate is outside 1 kHz to 768 kHz, or there are not 1 to 64 channels.

    Examples
    --------
    >>> check_sound(16_000, 1, "voice.wav")
    """
    if not 1 <= n_channels <= MOST_CHANNELS:
        raise AudioError(
            f"{label} has a number of channels that cannot be read",
            found=f"{n_channels:,} channels",
            needed=f"1 to {MOST_CHANNELS}",
        )
    if not _LOWEST_RATE <= sample_rate <= _HIGHEST_RATE:
        raise AudioError(
            f"{label} has a sample rate that cannot be read",
            found=f"{sample_rate:,} Hz",
            needed=f"{_LOWEST_RATE:,} to {_HIGHEST_RATE:,} Hz",
        )


def header_error(label: str, found: str, needed: str, hint: str = "") -> AudioError:
    """Return the error of a header that contradicts itself or ends too early.

    Parameters
    ----------
    label : str
        The file's name.
    found, needed : str
        What the header says, and what it would have to say.
    hint : str
        What to try; copying or recording again without one.

    Returns
    -------
    AudioError

    Examples
    --------
    >>> print(header_error("voice.wav", "12 bytes", "44", "copy it again"))
    voice.wav has a damaged header: found 12 bytes; needed 44. Try: copy it again.
    """
    return AudioError(
        f"{label} has a damaged header",
        found=found,
        needed=needed,
        hint=hint or "copy or record it again",
    )
