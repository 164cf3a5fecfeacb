"""The picture: what the lidar reported, and the map with the path that was found in it."""

from typing import TYPE_CHECKING

import numpy as np
from floor_plan import HEIGHT, WIDTH, Array, Scans, places_on, walls

import gmmkit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from robot_map import Map

BLUE, ORANGE, BAND, GREEN, INK = "#0072b2", "#d55e00", "#f7d3bc", "#009e73", "#30363d"
UNSEEN, FLOOR, BLOCKED = (0.84, 0.86, 0.89), (1.0, 1.0, 1.0), (0.62, 0.79, 0.90)
# The share of a component that its ellipse holds.
LEVEL = 0.95
# Beams that end in a meter of their way, as logarithms: where the floor is white, and where blue.
LEAST, MOST = np.log(1e-4), np.log(10.0)
EDGE = 0.2
# The scans on the drive whose beams are drawn.
SHOWN = (10, 62, 128, 166)


def draw(world: "Map", driven: Scans, path: Array, radius: float, picture: str) -> None:
    """Save both panels as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 10.8), layout="constrained")
    above, below = figure.subplots(2, 1)
    _draw_scans(above, driven)
    _draw_floor(below, world)
    _draw_ellipses(below, world.hits)
    _draw_path(below, path, radius)
    for axes in (above, below):
        axes.set(xlim=(-EDGE, WIDTH + EDGE), ylim=(-EDGE, HEIGHT + EDGE), aspect="equal")
        axes.set_axis_off()
    figure.savefig(picture, dpi=90)
    print(f"wrote {picture}")


def _draw_scans(axes: "Axes", driven: Scans) -> None:
    """Every reported point, the drive, and all beams from a few places."""
    from matplotlib.collections import LineCollection

    for index in SHOWN:
        origins, hits = _ends(driven[index : index + 1])
        beams = np.stack([origins, hits], axis=1)
        axes.add_collection(LineCollection(beams, colors=ORANGE, linewidths=0.5, alpha=0.4))
    axes.plot(*driven.origins.T, color=INK, linewidth=0.9, marker="o", markersize=2.2)
    axes.plot(*_ends(driven[::2])[1].T, ".", color=BLUE, markersize=1.4)
    size = f"{WIDTH:.0f} m × {HEIGHT:.0f} m"
    title = f"What the lidar reports: where beams end, on a drive through {size}"
    axes.set_title(title, loc="left")


def _ends(taken: Scans) -> tuple[Array, Array]:
    """Where each beam begins, and where it ends."""
    origins, directions, ranges = taken.beams()
    return origins, origins + ranges[:, None] * directions


def _draw_floor(axes: "Axes", world: "Map") -> None:
    """Shade the floor: white where a beam passes, blue where it ends, gray where few came."""
    across, up = (np.linspace(-EDGE, most + EDGE, 30 * round(most)) for most in (WIDTH, HEIGHT))
    places = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    shade = np.clip((world.log_stops(places) - LEAST) / (MOST - LEAST), 0.0, 1.0)[:, None]
    colors = (1.0 - shade) * np.array(FLOOR) + shade * np.array(BLOCKED)
    colors[~world.seen(places)] = UNSEEN
    extent = (-EDGE, WIDTH + EDGE, -EDGE, HEIGHT + EDGE)
    axes.imshow(colors.reshape(len(up), len(across), 3), origin="lower", extent=extent)


def _draw_ellipses(axes: "Axes", hits: gmmkit.Mixture) -> None:
    """The obstacles as the map knows them, on the walls as they are."""
    from matplotlib.collections import EllipseCollection, LineCollection

    axes.add_collection(LineCollection(walls(), colors=INK, linewidths=0.6))
    ellipses = gmmkit.algebra.confidence_ellipsoids(hits, LEVEL)
    turns = np.degrees(np.arctan2(ellipses.directions[:, 0, 1], ellipses.directions[:, 0, 0]))
    where = {"offsets": ellipses.centers, "offset_transform": axes.transData, "units": "xy"}
    shape = (*(2.0 * ellipses.half_axes.T), turns)
    face = {"facecolors": BLUE + "40", "edgecolors": BLUE, "linewidths": 0.9, "zorder": 3}
    axes.add_collection(EllipseCollection(*shape, **where, **face))


def _draw_path(axes: "Axes", path: Array, radius: float) -> None:
    """The path, and all that the robot sweeps on it."""
    from matplotlib.collections import EllipseCollection

    def disks(places: Array, color: str) -> EllipseCollection:
        sides = np.full(len(places), 2.0 * radius)
        where = {"offsets": places, "offset_transform": axes.transData, "units": "xy"}
        return EllipseCollection(sides, sides, 0.0 * sides, facecolors=color, **where)

    axes.add_collection(disks(places_on(path, 0.02), BAND))
    axes.add_collection(disks(path[:1], GREEN))
    axes.add_collection(disks(path[-1:], ORANGE))
    axes.plot(*path.T, color=ORANGE, linewidth=1.6, marker="o", markersize=3.5)
    for place, name in ((path[0], "start"), (path[-1], "goal")):
        axes.annotate(name, place, (0, 14), textcoords="offset points", ha="center", color=INK)
    title = f"The map and a path: ellipses hold {LEVEL:.0%} of a component, gray is not seen"
    axes.set_title(title, loc="left")
