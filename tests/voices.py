"""Background models small enough for tests, and the five people of data/speech in a registry."""

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
from strategies import make_mixture, voice

from gmmkit.speaker.background import BackgroundModel, Subsystem
from gmmkit.speaker.calibration import Calibration
from gmmkit.speaker.features.frontend import Frontend
from gmmkit.speaker.recognition import FEATURES, N_SCORES
from gmmkit.speaker.registry import Registry

PEOPLE = ("ana", "ben", "carla", "dmitri", "emeka")
# Who speaks in each of the recordings that nobody is enrolled from.
TESTS = {"someone": "ana"} | {f"test-{name}": name for name in PEOPLE[1:]}
CALIBRATION = Calibration(-2.0, (1.0, 2.0, 0.1), FEATURES, N_SCORES)
# One of these hears a second of speech in a millisecond.
FRONTENDS = (
    Frontend(n_filters=12, n_cepstra=4, deltas=0, normalization="mean-variance"),
    Frontend(n_filters=10, n_cepstra=3, deltas=0, filters="linear", normalization="mean-variance"),
)


SOMEONE, STRANGER = "sample:someone", "sample:stranger"


def quick(**options):
    """A background model of clean speech alone, and right by the equations."""
    return small_background(conditions=("clean",), **options)


def sound(seconds=4.0, *, seed=0, rate=16_000):
    """Some seconds that pass for speech, and their rate."""
    return voice(seconds, seed=seed, rate=rate), rate


def long_sound(seed):
    """Enough speech not to be warned of."""
    return sound(13.0, seed=seed)


def recordings_of(name):
    """The recordings that someone is enrolled from."""
    return [f"sample:{name}-{number}" for number in (1, 2, 3)]


def enroll_people(path, names=PEOPLE):
    """A registry of some of the five people, with the quick one of the shipped models."""
    registry = Registry.open(path, background="fast")
    for name in names:
        registry.enroll(name, recordings_of(name))
    return registry


@lru_cache(maxsize=1)
def _five_people():
    with tempfile.TemporaryDirectory() as folder:
        return enroll_people(Path(folder) / "people.db").path.read_bytes()


def write_five_people(path):
    """Write the registry of all five, which is made once for all tests."""
    path.write_bytes(_five_people())
    return path


def small_subsystem(
    frontend, *, k=4, n_cohort=6, conditions=("clean", "noisy"), spread=0.7, seed=0
):
    """A subsystem with a random mixture and cohort of the width of its front end."""
    random = np.random.default_rng(seed)
    shape = (n_cohort, k, frontend.n_features)
    ubm = make_mixture("diag", k, frontend.n_features, seed=seed, spread=spread, condition=3.0)
    cohort = {name: random.normal(scale=0.4, size=shape) for name in conditions}
    return Subsystem(frontend, ubm, {name: of.astype(np.float16) for name, of in cohort.items()})


def small_background(n_frontends=1, *, calibration=CALIBRATION, name="small", **options):
    """A background model that nothing was learned for: quick, and right by the equations."""
    subsystems = tuple(
        small_subsystem(frontend, seed=seed, **options)
        for seed, frontend in enumerate(FRONTENDS[:n_frontends])
    )
    babble = np.random.default_rng(9).normal(scale=3000, size=16_000).astype(np.int16)
    return BackgroundModel(name, subsystems, 8.0, babble, calibration, {"made": "in a test"})
