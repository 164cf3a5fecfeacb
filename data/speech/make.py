"""Make every recording in this folder again: `python data/speech/make.py [FOLDER]`.

It needs espeak-ng 1.51 on the PATH, and NumPy, SciPy, soxr and soundfile. No real voice is in here.
"""

import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

SAMPLE_RATE = 16_000
_PEAK, _SIGNAL_TO_NOISE_IN_DB, _MARGIN_IN_SECONDS = 0.5, 35.0, 0.35


@dataclass(frozen=True)
class Voice:
    """What espeak-ng is told: a language with a variant, pitch from 0 to 99, words per minute."""

    name: str
    pitch: int
    speed: int


VOICES = {
    "ana": Voice("en-us+f2", 52, 152),
    "ben": Voice("en-gb+m3", 34, 144),
    "carla": Voice("en-gb-scotland+f4", 66, 146),
    "dmitri": Voice("en-us+m7", 22, 138),
    "emeka": Voice("en-029+m5", 48, 144),
    "a stranger": Voice("en-gb-x-rp+Alicia", 45, 142),
}

# By speaker and file; every sentence is our own, and none is said twice.
SENTENCES = {
    "ana": {
        "ana-1.wav": "The kettle is on, so sit down here and tell me all about the long road home.",
        "ana-2.wav": "Seven geese crossed the yard this morning, and nobody had opened the gate.",
        "ana-3.wav": "I keep my maps in the blue drawer, just under the box of old broken watches.",
        "someone.wav": "Could you bring a pound of green apples and the newspaper on the way back?",
    },
    "ben": {
        "ben-1.wav": "Please leave the parcel with my neighbor if nobody answers the door.",
        "ben-2.wav": "We painted the old boat bright green in April, and by late June it was gray.",
        "ben-3.wav": "Good bread wants a hot oven, a little salt and a very great deal of time.",
        "test-ben.flac": "There is a young fox behind the shed, and it does not mind us at all.",
    },
    "carla": {
        "carla-1.flac": "The ferry was late again, which gave us a whole hour to watch the harbor.",
        "carla-2.flac": "Put three spoons of honey into the bowl, then stir until it is smooth.",
        "carla-3.flac": "My brother mends clocks for a living, but he never once arrived on time.",
        "test-carla.flac": "Both windows face the hill, and so the kitchen is bright until noon.",
    },
    "dmitri": {
        "dmitri-1.flac": "Snow covered the tracks, so we followed the wires back to the station.",
        "dmitri-2.flac": "A quiet engine and a full tank are really all that I ask of a truck.",
        "dmitri-3.flac": "He reads the weather in the birds, and is right more than half the time.",
        "test-dmitri.flac": "Four men carried the piano upstairs, and then one of them played it.",
    },
    "emeka": {
        "emeka-1.flac": "Our teacher wrote the whole problem on the board and just walked out.",
        "emeka-2.flac": "Turn left after the market, where the woman with the oranges stands.",
        "emeka-3.flac": "It rained for two whole days, and the river took the little bridge away.",
        "test-emeka.flac": "Every Friday we closed the shop early and swam far out to the rocks.",
    },
    "a stranger": {
        "stranger.wav": "I only came here to return the ladder that your father lent me in May.",
    },
}


def speak(voice: Voice, sentence: str, turn: int) -> Samples:
    """Return a sentence at 16 kHz; nobody speaks twice at quite the same pitch and pace."""
    import soundfile
    import soxr

    words = [
        *("espeak-ng", "--stdout", "-v", voice.name),
        *("-p", str(voice.pitch + (-2, 0, 2, 1)[turn])),
        *("-s", str(voice.speed + (0, 4, -4, 2)[turn])),
        sentence,
    ]
    spoken = subprocess.run(words, capture_output=True, check=True).stdout
    samples, sample_rate = soundfile.read(io.BytesIO(spoken))
    return soxr.resample(samples, sample_rate, SAMPLE_RATE, quality="HQ")


def in_a_room(speech: Samples, seed: int) -> Samples:
    """Return speech with a peak of a half, and faint low noise under it and around it."""
    from scipy.signal import lfilter

    quiet = np.zeros(int(_MARGIN_IN_SECONDS * SAMPLE_RATE))
    samples = np.concatenate([quiet, speech * (_PEAK / np.abs(speech).max()), quiet])
    noise = lfilter([1.0], [1.0, -0.8], np.random.default_rng(seed).standard_normal(len(samples)))
    wanted = samples.std() * 10 ** (-_SIGNAL_TO_NOISE_IN_DB / 20)
    return samples + noise * (wanted / noise.std())


def encoded(samples: Samples, kind: str) -> bytes:
    """Return the bytes of a 16-bit file, WAV or FLAC."""
    import soundfile

    stream = io.BytesIO()
    whole = np.rint(samples * 32767).astype(np.int16)
    soundfile.write(stream, whole, SAMPLE_RATE, format=kind, subtype="PCM_16")
    return stream.getvalue()


def files() -> dict[str, bytes]:
    """Return the bytes of every file, by name."""
    made: dict[str, bytes] = {}
    for person, sentences in SENTENCES.items():
        for turn, (name, sentence) in enumerate(sentences.items()):
            samples = in_a_room(speak(VOICES[person], sentence, turn), seed=len(made))
            made[name] = encoded(samples, Path(name).suffix[1:].upper())
    return made


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, payload in files().items():
        (folder / name).write_bytes(payload)
