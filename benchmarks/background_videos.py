"""Three generated videos with what is true of each pixel: 0 background, 127 shadow, 255 object.

moving    objects of several sizes and contrasts cross a textured floor and cast shadows
flicker   the same before waving leaves, under a lamp that flickers, with a noisier camera
lighting  the same while the light changes slowly in strength, in color and across the picture
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, map_coordinates

Array = npt.NDArray[np.float64]
Frame = npt.NDArray[np.uint8]

KINDS = ("moving", "flicker", "lighting")
_NOISE = {"moving": 3.0, "flicker": 5.0, "lighting": 3.0}
_SHADOW_LIGHT = 0.65


@dataclass(frozen=True)
class Object:
    """Something that moves at a constant speed and comes back at the other side."""

    center: Array
    speed: Array
    radii: Array
    square: bool
    color: Array
    texture: Array


def generate_video(
    kind: str, seed: int, *, n_frames: int = 200, shape: tuple[int, int] = (240, 320)
) -> Iterator[tuple[Frame, Frame]]:
    """Yield frames (H, W, 3) and truths (H, W)."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    scene = _scene(random, shape)
    objects = [_object(random, shape, index) for index in range(7)]
    waves = _waves(random, shape)
    flicker = _flicker(random, n_frames)
    for number in range(n_frames):
        picture = _waved(scene, waves, number) if kind == "flicker" else scene.copy()
        truth = np.zeros(shape, np.uint8)
        for thing in objects:
            _cast_shadow(picture, truth, thing, number, shape)
        for thing in objects:
            _draw(picture, truth, thing, number, shape)
        if kind == "flicker":
            picture = picture * flicker[number]
        if kind == "lighting":
            picture = picture * _slow_light(number / n_frames, shape)
        noise = random.normal(0, _NOISE[kind], picture.shape)
        yield np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8), truth


def _scene(random: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return a floor: noise at three scales, in colors."""
    layers = [(40.0, 30.0), (6.0, 16.0), (1.0, 10.0)]
    base = np.full((*shape, 3), random.uniform(95, 135, 3))
    for width, height in layers:
        gray = _texture(random, shape, width)[..., None]
        color = np.stack([_texture(random, shape, width) for _ in range(3)], axis=2)
        base += height * (0.8 * gray + 0.4 * color)
    return np.clip(base, 15, 235)


def _texture(random: np.random.Generator, shape: tuple[int, int], width: float) -> Array:
    smooth = gaussian_filter(random.normal(size=shape), width, mode="wrap")
    return np.asarray(smooth / smooth.std())


def _object(random: np.random.Generator, shape: tuple[int, int], index: int) -> Object:
    scale = shape[0] / 240
    radius = scale * (5, 8, 11, 14, 18, 24, 32)[index % 7]
    angle = random.uniform(0, 2 * np.pi)
    speed = scale * random.uniform(1.2, 4.0) * np.array([np.sin(angle), np.cos(angle)])
    contrast = (25, 70, 40, 90, 30, 60, 45)[index % 7] * random.choice([-1.0, 1.0])
    color = 115 + contrast * random.uniform(0.7, 1.3, 3)
    return Object(
        random.uniform(0, 1, 2) * shape,
        speed,
        radius * random.uniform(0.8, 1.25, 2),
        bool(random.integers(2)),
        color,
        8 * _texture(random, (128, 128), 2.0),
    )


def _offsets(thing: Object, number: int, shape: tuple[int, int], shift: float) -> tuple[Array, ...]:
    """Return each pixel's place from the object's center, on a torus somewhat larger."""
    sides = np.array(shape) + 80
    center = (thing.center + number * thing.speed + shift * thing.radii[0]) % sides - 40
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return rows - center[0], columns - center[1]


def _inside(thing: Object, rows: Array, columns: Array) -> npt.NDArray[np.bool_]:
    y, x = rows / thing.radii[0], columns / thing.radii[1]
    return np.maximum(abs(y), abs(x)) < 1 if thing.square else y**2 + x**2 < 1


def _cast_shadow(
    picture: Array, truth: Frame, thing: Object, number: int, shape: tuple[int, int]
) -> None:
    shaded = _inside(thing, *_offsets(thing, number, shape, 0.6))
    fresh = shaded & (truth == 0)
    picture[fresh] *= _SHADOW_LIGHT
    truth[fresh] = 127


def _draw(picture: Array, truth: Frame, thing: Object, number: int, shape: tuple[int, int]) -> None:
    rows, columns = _offsets(thing, number, shape, 0.0)
    inside = _inside(thing, rows, columns)
    y, x = np.broadcast_arrays(rows, columns)
    grain = thing.texture[y[inside].astype(int) % 128, x[inside].astype(int) % 128]
    picture[inside] = np.clip(thing.color + grain[:, None], 0, 255)
    truth[inside] = 255


def _waves(random: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return how far and in which phase leaves wave: half of the picture stands still."""
    amount = 1.8 * (_texture(random, shape, 30.0) > 0) * abs(_texture(random, shape, 15.0))
    return np.stack([amount, 2 * np.pi * _texture(random, shape, 10.0)])


def _waved(scene: Array, waves: Array, number: int) -> Array:
    rows, columns = np.indices(scene.shape[:2], dtype=np.float64)
    moved = rows + waves[0] * np.sin(0.7 * number + waves[1])
    sideways = columns + waves[0] * np.cos(0.45 * number + 1.3 * waves[1])
    planes = [
        map_coordinates(scene[..., c], [moved, sideways], order=1, mode="nearest") for c in range(3)
    ]
    return np.stack(planes, axis=2)


def _flicker(random: np.random.Generator, n_frames: int) -> Array:
    """Return the light of a lamp on alternating current, beaten by the shutter, unsteady too."""
    wave = 1 + 0.06 * np.sin(2.1 * np.arange(n_frames) + random.uniform(0, 6))
    return np.asarray(wave + random.normal(0, 0.02, n_frames))


def _slow_light(time: float, shape: tuple[int, int]) -> Array:
    """Return a light that fades and comes back, turns warmer, and wanders to the other side."""
    strength = 0.9 - 0.35 * np.cos(2 * np.pi * time)
    color = np.array([1 + 0.12 * time, 1.0, 1 - 0.12 * time])
    across = np.linspace(-1, 1, shape[1])[None, :, None]
    return np.asarray(strength * color * (1 + 0.15 * np.sin(np.pi * (time - 0.5)) * across))
