"""Enroll people, tell who speaks in other recordings, and draw all the evidence in one picture.

Usage: python who_is_speaking.py                        (the voices that come with gmmkit)
       python who_is_speaking.py PEOPLE RECORDING ...   (PEOPLE: a folder with one folder a person)
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gmmkit.speaker import Candidate, Registry, compare, load_background

BACKGROUND = "default"
NAMES = ("ana", "ben", "carla", "dmitri", "emeka")
SAMPLE_PEOPLE = {name: [f"sample:{name}-{number}" for number in (1, 2, 3)] for name in NAMES}
SAMPLE_TESTS = (
    *("sample:someone", "sample:test-ben", "sample:test-carla"),
    *("sample:test-dmitri", "sample:test-emeka", "sample:stranger"),
)
PICTURE = "who_is_speaking.png"


def main(folder: str | None = None, *recordings: str) -> None:
    """Enroll everyone in a registry that ends with the script, and ask it everything."""
    people = people_in(Path(folder)) if folder else SAMPLE_PEOPLE
    tests = recordings if folder else SAMPLE_TESTS
    with tempfile.TemporaryDirectory() as place:
        registry = Registry.open(Path(place) / "people.db", background=BACKGROUND)
        enroll(registry, people)
        rankings = [identify(registry, test) for test in tests]
        if not folder:
            verify_and_compare(registry)
        draw(registry.names(), tests, rankings)


def people_in(folder: Path) -> dict[str, list[str]]:
    """Return the files of each person's folder, by the folder's name."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    return {each.name: sorted(str(file) for file in each.iterdir()) for each in folders}


def enroll(registry: Registry, people: dict[str, list[str]]) -> None:
    """Enroll each person from all of their recordings."""
    for name, recordings in people.items():
        registry.enroll(name, recordings)
        seconds = registry.record(name).facts["seconds"]
        print(f"enrolled {name:<10} {seconds:5.1f} s of speech in {len(recordings)} recordings")


def identify(registry: Registry, recording: str) -> list[Candidate]:
    """Print who is speaking, as far as the registry can tell, and return everyone's evidence."""
    ranking = registry.identify(recording, top=None)
    best = ranking[0]
    answer = best.name if best.accepted else "unknown"
    why = f"LLR {best.llr:+.1f} for {best.name}, {best.seconds:.1f} s of speech"
    print(f"{short(recording):<12} is {answer:<10} {why}")
    return ranking


def verify_and_compare(registry: Registry) -> None:
    """Check two claims of one recording, and two pairs of recordings without a registry."""
    for claimed in ("ana", "ben"):
        claim = registry.verify(claimed, "sample:someone")
        print(f"someone as {claimed}: {'accepted' if claim.accepted else 'rejected'}")
    background = load_background(BACKGROUND)
    for other in ("sample:someone", "sample:stranger"):
        result = compare("sample:ana-1", other, background=background)
        voices = "the same voice" if result.same else "different voices"
        print(f"ana-1 and {short(other)}: {voices}, LLR {result.llr:+.1f}")


def draw(names: Sequence[str], tests: Sequence[str], rankings: list[list[Candidate]]) -> None:
    """Save the evidence of every recording for every person; a frame is around each answer."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    evidence = [{candidate.name: candidate for candidate in ranking} for ranking in rankings]
    table = np.array([[of[name].llr for name in names] for of in evidence], dtype=float)
    figure = Figure(figsize=(1.8 + 0.8 * len(names), 1.2 + 0.45 * len(tests)), layout="constrained")
    axes = figure.subplots()
    # Evidence of 15 nats decides any argument; what is beyond it should not pale the rest.
    image = axes.imshow(table, cmap="RdBu", vmin=-15, vmax=15, aspect="auto")
    for (row, column), llr in np.ndenumerate(table):
        ink = "white" if abs(llr) > 10 else "black"
        axes.text(column, row, f"{llr:+.1f}", ha="center", va="center", color=ink)
        if evidence[row][names[column]].accepted:
            corner = (column - 0.47, row - 0.45)
            axes.add_patch(Rectangle(corner, 0.94, 0.9, fill=False, linewidth=2.5))
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(tests)), [short(test) for test in tests])
    axes.set_xlabel("enrolled")
    figure.colorbar(image, extend="both", label="log-likelihood ratio (nats)")
    figure.savefig(PICTURE, dpi=100)
    print(f"wrote {PICTURE}")


def short(recording: str) -> str:
    """Return what a recording is called in tables."""
    return Path(recording.removeprefix("sample:")).stem


if __name__ == "__main__":
    main(*sys.argv[1:])
