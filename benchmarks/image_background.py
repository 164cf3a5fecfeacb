"""What moves before a fixed camera: gmmkit.image.BackgroundModel beside OpenCV's MOG2.

Three generated videos (background_videos.py) with what is true of each pixel. The score is F1 of
the pixels that are called object (255) against those that are, shadows counting as background, over
all frames after the warm-up. MOG2 runs at its defaults, at the threshold that suits each video best
(chosen with its truth in hand), and with a 5 × 5 median filter behind it; gmmkit at its defaults
and deciding pixel by pixel. No default was chosen on seeds below 100. Needs opencv-python.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

import numpy as np
import numpy.typing as npt
from background_videos import KINDS, generate_video
from PIL import Image, ImageDraw
from reporting import Figure, parser, report

from gmmkit.image import BackgroundModel

THRESHOLDS = (4.0, 8.0, 16.0, 30.0, 60.0, 100.0)
NEEDED_FRAMES_PER_SECOND = 30.0
SHEET_FRAMES = (0.45, 0.7, 0.95)

Mask = npt.NDArray[np.uint8]
Apply = Callable[[Mask], Mask]


@dataclass
class Counts:
    """Pixels that were found and are objects, were found, and are objects."""

    hits: int = 0
    found: int = 0
    true: int = 0
    masks: list[Mask] = field(default_factory=list)

    def add(self, mask: Mask, truth: Mask) -> None:
        """Count a frame."""
        found, true = mask == 255, truth == 255
        self.hits += int(np.count_nonzero(found & true))
        self.found += int(np.count_nonzero(found))
        self.true += int(np.count_nonzero(true))

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.hits / max(1, self.found + self.true)

    @property
    def remark(self) -> str:
        """Precision and recall as a text."""
        precision, recall = self.hits / max(1, self.found), self.hits / max(1, self.true)
        return f"precision {precision:.3f}, recall {recall:.3f}"


def mog2(threshold: float = 16.0, *, filtered: bool = False) -> Apply:
    """Return OpenCV's subtractor, new, with its other defaults."""
    import cv2

    subtractor = cv2.createBackgroundSubtractorMOG2(varThreshold=threshold)
    if not filtered:
        return subtractor.apply
    return lambda frame: cv2.medianBlur(subtractor.apply(frame), 5)


def contestants() -> dict[str, Apply]:
    """Return everyone, knowing nothing yet."""
    plain = {f"MOG2 {threshold:g}": mog2(threshold) for threshold in THRESHOLDS}
    filtered = {f"MOG2 {t:g} median": mog2(t, filtered=True) for t in THRESHOLDS}
    ours = {"gmmkit": BackgroundModel().apply, "pixels": BackgroundModel(smoothing=0).apply}
    return ours | plain | filtered


def run_video(kind: str, seed: int, options: argparse.Namespace, counts: dict[str, Counts]) -> Any:
    """Show one video to everyone; return some frames for the sheet."""
    everyone, kept = contestants(), []
    chosen = {int(share * options.frames) for share in SHEET_FRAMES}
    video = generate_video(kind, seed, n_frames=options.frames, shape=tuple(options.shape))
    for number, (frame, truth) in enumerate(video):
        masks = {name: apply(frame) for name, apply in everyone.items()}
        if number >= options.warm_up:
            for name, mask in masks.items():
                counts.setdefault(name, Counts()).add(mask, truth)
        if number in chosen:
            kept.append((frame, truth, masks["gmmkit"], masks["pixels"], masks["MOG2 16"]))
    return kept


def compare(kind: str, counts: dict[str, Counts]) -> list[Figure]:
    """Return the scores of a video; each of ours is held to the best of theirs of its sort."""

    def best(suffix: str) -> str:
        names = [f"MOG2 {threshold:g}{suffix}" for threshold in THRESHOLDS]
        return max(names, key=lambda name: counts[name].f1)

    plain, filtered = best(""), best(" median")
    lines = [
        ("gmmkit", "gmmkit", max(counts[plain].f1, counts[filtered].f1)),
        ("gmmkit, pixel by pixel", "pixels", counts[plain].f1),
        ("MOG2", "MOG2 16", None),
        ("MOG2, median 5 x 5", "MOG2 16 median", None),
        ("MOG2, best threshold", plain, None),
        ("MOG2, best threshold, median", filtered, None),
    ]
    return [
        Figure(
            f"{kind}: {title}",
            counts[name].f1,
            "F1",
            at_least=bound,
            remark=counts[name].remark + (f" ({name})" if "best" in title else ""),
        )
        for title, name, bound in lines
    ]


def measure_speed(seed: int) -> list[Figure]:
    """Return frames of 640 x 480 a second of one processor, in turns."""
    import cv2

    cv2.setNumThreads(1)
    frames = [frame for frame, _ in generate_video("moving", seed, n_frames=60, shape=(480, 640))]
    appliers = {"gmmkit": BackgroundModel().apply, "MOG2": mog2()}
    seconds: dict[str, list[float]] = {name: [] for name in appliers}
    for frame in frames:
        for name, apply in appliers.items():
            begin = thread_time()
            apply(frame)
            seconds[name].append(thread_time() - begin)
    speeds = {name: 1 / median(times[10:]) for name, times in seconds.items()}
    bounds = {"gmmkit": NEEDED_FRAMES_PER_SECOND}
    return [
        Figure(f"speed: {name}", speed, "frames/s", at_least=bounds.get(name), remark="640 x 480")
        for name, speed in speeds.items()
    ]


def draw_sheet(rows: Sequence[tuple[str, tuple[Mask, ...]]], path: Path) -> None:
    """Write frames, truths and masks side by side."""
    heads = ("frame", "truth", "gmmkit", "gmmkit, pixel by pixel", "MOG2")
    height, width = rows[0][1][0].shape[:2]
    sheet = Image.new("RGB", (len(heads) * (width + 6), 20 + len(rows) * (height + 6)), "white")
    draw = ImageDraw.Draw(sheet)
    for column, head in enumerate(heads):
        draw.text((column * (width + 6) + 4, 4), head, "black")
    for row, (kind, pictures) in enumerate(rows):
        for column, picture in enumerate(pictures):
            place = column * (width + 6), 20 + row * (height + 6)
            sheet.paste(Image.fromarray(picture).convert("RGB"), place)
        draw.text((4, 24 + row * (height + 6)), kind, "white")
    sheet.save(path)


def main() -> int:
    """Run the comparison and return the exit status."""
    options_of = parser(__doc__)
    options_of.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options_of.add_argument("--frames", type=int, default=200)
    options_of.add_argument("--shape", type=int, nargs=2, default=(240, 320))
    options_of.add_argument("--warm-up", type=int, default=30)
    options_of.add_argument("-o", "--output", type=Path, metavar="FILE", help="a picture sheet")
    options = options_of.parse_args()
    figures: list[Figure] = []
    rows: list[tuple[str, tuple[Mask, ...]]] = []
    for kind in KINDS:
        counts: dict[str, Counts] = {}
        for seed in options.seeds:
            kept = run_video(kind, seed, options, counts)
            rows += [(kind, pictures) for pictures in kept] if seed == options.seeds[0] else []
        figures += compare(kind, counts)
    figures += measure_speed(options.seeds[0])
    if options.output is not None:
        draw_sheet(rows, options.output)
    return report("Background of three generated videos", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())
