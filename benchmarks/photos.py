"""The photos that benchmarks measure on, all made of scikit-image's samples."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

import gmmkit.image
from gmmkit.image.features import parse_features
from gmmkit.io.samples import sample_path

BERKELEY_SIZE = (481, 321)
LARGE_SIZE = (4000, 3000)
_NOISE = 3.0


def pixel_rows(name: str) -> npt.NDArray[np.float32]:
    """Return the features of every pixel of a sample photo, (N, 5) float32."""
    features = gmmkit.image.compute_features(f"sample:{name}", "lab+texture")
    return features.reshape(-1, features.shape[2])


def pixel_floor(name: str) -> npt.NDArray[np.float64]:
    """Return the floor that `gmmkit.image.segment` fits those rows with, (5,)."""
    with Image.open(sample_path(name)) as photo:
        pixels = np.asarray(photo)
    return parse_features("lab+texture", 3).floor(pixels.dtype, pixels.shape[:2])


def make_small(name: str, folder: Path) -> Path:
    """Write a sample photo, cropped to 3:2 and resized to 481 x 321, as JPEG."""
    photo = _opened(name)
    width, height = photo.size
    kept = min(height, round(width * BERKELEY_SIZE[1] / BERKELEY_SIZE[0]))
    cropped = photo.crop((0, 0, width, kept)).resize(BERKELEY_SIZE, Image.Resampling.LANCZOS)
    return _saved(cropped, folder / f"{name}-481x321.jpg")


def make_large(name: str, folder: Path) -> Path:
    """Write a sample photo, enlarged to 12 megapixels with a sensor's noise, as JPEG."""
    photo = np.asarray(_opened(name).resize(LARGE_SIZE, Image.Resampling.BICUBIC))
    random = np.random.default_rng(0)
    noise = random.normal(0.0, _NOISE, photo.shape).astype(np.float32)
    noisy = np.clip(photo + noise, 0, 255).astype(np.uint8)
    return _saved(Image.fromarray(noisy), folder / f"{name}-4000x3000.jpg")


def _opened(name: str) -> Image.Image:
    with Image.open(sample_path(name)) as photo:
        return photo.convert("RGB")


def _saved(photo: Image.Image, path: Path) -> Path:
    photo.save(path, quality=95)
    return path
