"""Voices: recordings in, speakers and calibrated log-likelihood ratios out."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.io.audio import Recording, read_recording
    from gmmkit.speaker import metrics
    from gmmkit.speaker.answers import Candidate, Verification
    from gmmkit.speaker.background import BackgroundModel, Subsystem
    from gmmkit.speaker.background_file import read_background, save_background
    from gmmkit.speaker.calibration import Calibration, fit_logistic, posterior
    from gmmkit.speaker.comparison import Comparison, compare
    from gmmkit.speaker.enrollment import Enrollment, enroll
    from gmmkit.speaker.evaluation.operating_points import OperatingPoint
    from gmmkit.speaker.features.analysis import Analysis
    from gmmkit.speaker.features.frontend import Frontend
    from gmmkit.speaker.isotonic import fit_isotonic
    from gmmkit.speaker.presets import load_background
    from gmmkit.speaker.registry import Registry
    from gmmkit.speaker.training import Training, train_background

_HOMES = {
    "Analysis": "gmmkit.speaker.features.analysis",
    "BackgroundModel": "gmmkit.speaker.background",
    "Calibration": "gmmkit.speaker.calibration",
    "Candidate": "gmmkit.speaker.answers",
    "Comparison": "gmmkit.speaker.comparison",
    "Enrollment": "gmmkit.speaker.enrollment",
    "Frontend": "gmmkit.speaker.features.frontend",
    "OperatingPoint": "gmmkit.speaker.evaluation.operating_points",
    "Recording": "gmmkit.io.audio",
    "Registry": "gmmkit.speaker.registry",
    "Subsystem": "gmmkit.speaker.background",
    "Training": "gmmkit.speaker.training",
    "Verification": "gmmkit.speaker.answers",
    "compare": "gmmkit.speaker.comparison",
    "enroll": "gmmkit.speaker.enrollment",
    "fit_logistic": "gmmkit.speaker.calibration",
    "fit_isotonic": "gmmkit.speaker.isotonic",
    "load_background": "gmmkit.speaker.presets",
    "posterior": "gmmkit.speaker.calibration",
    "read_background": "gmmkit.speaker.background_file",
    "read_recording": "gmmkit.io.audio",
    "save_background": "gmmkit.speaker.background_file",
    "train_background": "gmmkit.speaker.training",
}

__all__ = [
    "Analysis",
    "BackgroundModel",
    "Calibration",
    "Candidate",
    "Comparison",
    "Enrollment",
    "Frontend",
    "OperatingPoint",
    "Recording",
    "Registry",
    "Subsystem",
    "Training",
    "Verification",
    "compare",
    "enroll",
    "fit_isotonic",
    "fit_logistic",
    "load_background",
    "metrics",
    "posterior",
    "read_background",
    "read_recording",
    "save_background",
    "train_background",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES, {"metrics": "gmmkit.speaker.metrics"})
