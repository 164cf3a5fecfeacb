"""The words of one ``gmmkit segment`` command, as values."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for; None leaves the choice to the library."""

    images: tuple[str, ...]
    classes: int
    folder: Path
    features: str
    covariance: str
    smoothness: float | None
    probabilities: bool
    save_model: Path | None
    model: Path | None
    shared_model: bool
    max_pixels: int | None
    page: int | None
    seed: int
    threads: int | None
    full_overlay: bool
    force: bool
    strict: bool
