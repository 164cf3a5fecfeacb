"""The words of one ``gmmkit segment`` or ``gmmkit image regions`` command, as values."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for; None leaves the choice to the library.

    With `regions`, connected regions are found instead of classes of pixels.
    """

    images: tuple[str, ...]
    classes: int | Literal["auto"] = 5
    regions: int | Literal["auto"] | None = None
    threshold: float | None = None
    strength: bool = False
    folder: Path = Path()
    features: str = "lab+texture"
    covariance: str = "full"
    smoothness: float | None = None
    out: str
    probabilities: bool = False
    save_model: Path | None = None
    model: Path | None = None
    shared_model: bool = False
    max_pixels: int | None = None
    page: int | Literal["all"] | None = None
    seed: int = 0
    threads: int | None = None
    full_overlay: bool = False
    force: bool = False
    strict: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is written of each image, by the names of `gmmkit.image.export.OUTPUT_KINDS`."""
        words = tuple(self.out.split(","))
        return (*words, "probabilities") if self.probabilities else words

    @property
    def noun(self) -> str:
        """What a label stands for."""
        return "class" if self.regions is None else "region"
