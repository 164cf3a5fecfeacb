"""Map a floor from lidar scans with two mixtures, and find a path that keeps clear of obstacles.

Usage: python robot_map.py
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from drawing import draw
from floor_plan import DEVIATION, HEIGHT, WIDTH, Array, Scans, clearance, places_on, scans
from scipy.special import ndtr
from skimage.graph import route_through_array
from sklearn.metrics import roc_auc_score

import gmmkit

START, GOAL = np.array([1.0, 1.1]), np.array([15.2, 8.2])
RADIUS = 0.2
N_HITS, N_FREE = 200, 60
# One point of free space in so many meters of a beam, none so near to where it ends.
SPACING, MARGIN = 0.5, 0.15
# A place counts as seen where so many meters of beam crossed each square meter.
SEEN = 40.0
# How many hits may be expected in the robot's way on one straight piece of its path.
LIMIT = 0.1
CELL = 0.1
PICTURE = "robot_map.png"

_TURNS = np.arange(32) * (2.0 * np.pi / 32)
_NORMALS = np.column_stack([np.cos(_TURNS), np.sin(_TURNS)])


@dataclass(frozen=True)
class Map:
    """Where beams ended and where they passed: two mixtures, and how much they were made of."""

    hits: gmmkit.Mixture
    n_hits: int
    free: gmmkit.Mixture
    beam_meters: float

    def seen(self, places: Array) -> npt.NDArray[np.bool_]:
        """Return around which places enough beams passed to tell anything, (N,)."""
        return self.beam_meters * np.exp(self.free.log_density(places)) >= SEEN

    def log_stops(self, places: Array) -> Array:
        """Return the logarithm of how often a beam ends in each meter of its way there, (N,)."""
        log_ratio = self.hits.log_density(places) - self.free.log_density(places)
        return log_ratio + np.log(self.n_hits / self.beam_meters)

    def hits_in_the_way(self, pieces: Array) -> Array:
        """Return at most how many hits are expected where the robot drives straight, (S,).

        What a disk sweeps on a straight piece, ends (S, 2, 2), is convex. So a line parts it from
        the mean of each component that it keeps away from, and of that component no more is in the
        way than lies beyond the line, Φ(-gap) with the gap in standard deviations. Of the lines in
        32 directions, the one that says most counts.
        """
        gap = np.full((len(pieces), self.hits.n_components), -np.inf)
        for normal in _NORMALS:
            nearest = (pieces @ normal).min(axis=1)[:, None] - RADIUS
            deviation = np.sqrt(normal @ self.hits.covariances @ normal)
            np.maximum(gap, (nearest - self.hits.means @ normal) / deviation, out=gap)
        return self.n_hits * (ndtr(-gap) @ self.hits.weights)


def main() -> None:
    """Drive, map from every other scan, check the map with the others, plan, and draw."""
    driven = scans(n_beams=120, seed=0)
    world = map_of(driven[::2])
    tell_map(world, driven[1::2])
    path = straightened(world, route(world, START, GOAL))
    tell_path(world, path)
    draw(world, driven, path, RADIUS, PICTURE)


def map_of(taken: Scans) -> Map:
    """Fit one mixture to where beams ended, and one to points on their way there."""
    hits, free = hits_and_free(taken, seed=1)
    ended, passed = fitted(hits, N_HITS), fitted(free, N_FREE)
    return Map(ended, len(hits), passed, SPACING * len(free))


def fitted(points: Array, n_components: int) -> gmmkit.Mixture:
    """Fit many components: quick seeds will do, and none gets thinner than the lidar is exact."""
    found = gmmkit.fit(points, n_components, start="k-means++", floor=DEVIATION, tol=1e-3, seed=0)
    return found.mixture


def hits_and_free(taken: Scans, seed: int) -> tuple[Array, Array]:
    """Return where beams ended, and on the way there a point at random in every half meter."""
    origins, directions, ranges = taken.beams()
    steps = np.arange(0.0, ranges.max(), SPACING)
    at = steps + SPACING * np.random.default_rng(seed).random((len(ranges), 1))
    free = origins[:, None] + at[..., None] * directions[:, None]
    return origins + ranges[:, None] * directions, free[at < ranges[:, None] - MARGIN]


def tell_map(world: Map, others: Scans) -> None:
    """Print what the map is made of, and how well it tells hits from free points of other scans."""
    hits, free = hits_and_free(others, seed=2)
    scores = world.log_stops(np.concatenate([hits, free]))
    area = roc_auc_score(np.repeat([1, 0], [len(hits), len(free)]), scores)
    numbers = world.hits.n_parameters + world.free.n_parameters
    print(f"obstacles: {world.hits.n_components} components from {world.n_hits} hits")
    meters = f"{world.beam_meters:.0f} m of beam"
    print(f"free space: {world.free.n_components} components from {meters}")
    print(f"the whole map: {numbers} numbers")
    print(f"hits against free points of the other scans: AUC {area:.4f}")


def route(world: Map, start: Array, goal: Array) -> Array:
    """Return the centers of cells on the cheapest way over safe cells, (P, 2), ends included."""
    across, up = (np.arange(CELL / 2, most, CELL) for most in (WIDTH, HEIGHT))
    grid = np.stack(np.meshgrid(across, up))
    places = grid.reshape(2, -1).T
    hits = world.hits_in_the_way(np.stack([places, places], axis=1))
    safe = (hits <= LIMIT / 2) & world.seen(places)
    # A cell at the limit costs as much as two that are clear; a negative cost is no way at all.
    costs = np.where(safe, 1.0 + 2.0 * hits / LIMIT, -1.0).reshape(grid.shape[1:])
    first, last = (tuple((end // CELL).astype(int)[::-1]) for end in (start, goal))
    try:
        cells, _ = route_through_array(costs, first, last)
    except ValueError:
        raise SystemExit("no path is known to be free: see more, or allow more hits") from None
    return np.array([start, *(grid[:, row, column] for row, column in cells[1:-1]), goal])


def straightened(world: Map, path: Array) -> Array:
    """Return the corners that stay where each straight piece leads as far as is safe, (C, 2)."""
    kept = [0]
    while kept[-1] < len(path) - 1:
        here = kept[-1]
        farther = np.arange(len(path) - 1, here, -1)
        pieces = np.stack(np.broadcast_arrays(path[here], path[farther]), axis=1)
        known = [bool(world.seen(places_on(piece, CELL)).all()) for piece in pieces]
        safe = (world.hits_in_the_way(pieces) <= LIMIT) & known
        if not safe.any():
            raise SystemExit("a single step is not safe: try smaller cells")
        kept.append(int(farther[safe.argmax()]))
    return path[kept]


def tell_path(world: Map, path: Array) -> None:
    """Print the path's length, its bound, and how near it truly comes to anything."""
    pieces = np.stack([path[:-1], path[1:]], axis=1)
    length = np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1).sum()
    hits = world.hits_in_the_way(pieces).sum()
    left = clearance(places_on(path, 0.01)).min() - RADIUS
    print(f"path: {length:.1f} m in {len(pieces)} straight pieces")
    print(f"expected in its way: at most {hits:.2f} of {world.n_hits} hits")
    print(f"between the robot and the true walls: at least {left:.2f} m")


if __name__ == "__main__":
    main()
