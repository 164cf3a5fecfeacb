"""A made-up floor of an office, and what a lidar reports from it on a drive through its rooms."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

WIDTH, HEIGHT = 16.0, 9.0
REACH = 8.0
DEVIATION = 0.02
LOST = 0.02

# Corners joined by walls, in meters; a gap between two lines is a door.
_WALLS = (
    *([(0, 0), (16, 0), (16, 9), (0, 9), (0, 0)],),
    *([(0, 5.4), (2.2, 5.4)], [(3.3, 5.4), (7.0, 5.4)], [(8.1, 5.4), (12.6, 5.4)]),
    *([(13.7, 5.4), (16, 5.4)], [(5.2, 9), (5.2, 5.4)], [(10.4, 9), (10.4, 5.4)]),
    *([(9.4, 0), (9.4, 3.8), (11.0, 3.8)], [(12.1, 3.8), (16, 3.8)]),
)
# Lower left and upper right corner of what stands in the rooms.
_BOXES = (
    *((0.0, 7.6, 0.6, 9.0), (1.9, 7.0, 3.5, 7.8), (4.7, 6.0, 5.2, 7.4), (7.3, 7.2, 8.3, 8.6)),
    *((11.7, 6.9, 13.3, 7.6), (14.0, 7.9, 14.5, 9.0), (11.2, 1.2, 12.2, 2.6), (15.4, 1.4, 16, 3.0)),
    *((13.4, 0.0, 14.6, 0.6), (4.2, 0.0, 5.4, 0.5), (0.0, 2.6, 0.5, 3.8)),
)
_COLUMNS = ((2.7, 2.1), (5.1, 2.1), (7.5, 2.1), (2.7, 4.0), (5.1, 4.0), (7.5, 4.0))
_COLUMN_RADIUS = 0.22

_DRIVE = (
    *((1.3, 1.0), (3.9, 1.1), (6.3, 1.0), (8.5, 1.0), (8.5, 3.0), (6.3, 3.0), (3.9, 3.1)),
    *((1.3, 3.1), (1.3, 4.7), (2.75, 4.8), (2.75, 6.2), (1.2, 6.4), (1.2, 8.3), (4.2, 8.3)),
    *((4.1, 6.3), (2.75, 6.2), (2.75, 4.8), (7.2, 4.75), (11.5, 4.6), (11.55, 3.2), (10.3, 2.8)),
    *((10.3, 0.6), (12.9, 1.0), (14.8, 1.5), (14.7, 3.1), (12.9, 3.0), (11.55, 3.2)),
    *((11.55, 4.6), (13.15, 4.6), (13.15, 6.2), (11.0, 6.4), (11.0, 8.3), (13.5, 8.3)),
    *((13.9, 7.2), (15.2, 6.4), (15.3, 8.2)),
)
_STRIDE = 0.4


@dataclass(frozen=True)
class Scans:
    """What the lidar reported: origins (P, 2), directions (P, B, 2), and ranges (P, B) in meters.

    A beam that did not come back has the range NaN.
    """

    origins: Array
    directions: Array
    ranges: Array

    def __getitem__(self, which: slice) -> "Scans":
        return Scans(self.origins[which], self.directions[which], self.ranges[which])

    def beams(self) -> tuple[Array, Array, Array]:
        """Return origin, direction and range of each beam that came back."""
        back = np.isfinite(self.ranges)
        origins = np.broadcast_to(self.origins[:, None], self.directions.shape)
        return origins[back], self.directions[back], self.ranges[back]


def walls() -> Array:
    """Return the ends of all straight surfaces, (S, 2, 2)."""
    turns = np.linspace(0.0, 2.0 * np.pi, 25)
    circle = _COLUMN_RADIUS * np.column_stack([np.cos(turns), np.sin(turns)])
    boxes = [[(a, b), (c, b), (c, d), (a, d), (a, b)] for a, b, c, d in _BOXES]
    lines = (*_WALLS, *boxes, *(center + circle for center in np.array(_COLUMNS)))
    corners = [np.asarray(line, dtype=np.float64) for line in lines]
    return np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in corners])


def drive() -> Array:
    """Return the places on the drive where a scan is taken, (P, 2)."""
    return places_on(np.array(_DRIVE), _STRIDE)


def places_on(corners: Array, stride: float) -> Array:
    """Return places on a path with corners, (N, 2): its ends, and no more than a stride apart."""
    passed = np.concatenate([[0.0], np.linalg.norm(np.diff(corners, axis=0), axis=1).cumsum()])
    at = np.linspace(0.0, passed[-1], 1 + int(np.ceil(passed[-1] / stride)))
    return np.column_stack([np.interp(at, passed, axis) for axis in corners.T])


def scans(n_beams: int, seed: int) -> Scans:
    """Return scans all around from every place of the drive, with noise on every range."""
    random, places = np.random.default_rng(seed), drive()
    turns = np.arange(n_beams) / n_beams + random.random((len(places), 1))
    directions = np.stack([np.cos(2.0 * np.pi * turns), np.sin(2.0 * np.pi * turns)], axis=-1)
    surfaces = walls()
    exact = np.array([_ranges(*beam, surfaces) for beam in zip(places, directions, strict=True)])
    measured = exact + DEVIATION * random.standard_normal(exact.shape)
    lost = (exact > REACH) | (random.random(exact.shape) < LOST)
    return Scans(places, directions, np.where(lost, np.nan, measured))


def clearance(places: Array) -> Array:
    """Return how far each place is from the nearest surface, (N,)."""
    starts, ends = walls().transpose(1, 0, 2)
    along = ends - starts
    share = ((places[:, None] - starts) * along).sum(axis=2) / (along**2).sum(axis=1)
    nearest = starts + np.clip(share, 0.0, 1.0)[..., None] * along
    return np.linalg.norm(places[:, None] - nearest, axis=2).min(axis=1)


def _ranges(origin: Array, directions: Array, surfaces: Array) -> Array:
    """How far the first surface is in each direction."""
    away, along = surfaces[:, 0] - origin, surfaces[:, 1] - surfaces[:, 0]
    across = _cross(directions[:, None], along)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = _cross(away, along) / across
        share = _cross(away, directions[:, None]) / across
    met = (distance > 0.0) & (share >= 0.0) & (share <= 1.0)
    return np.where(met, distance, np.inf).min(axis=1)


def _cross(one: Array, other: Array) -> Array:
    return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
