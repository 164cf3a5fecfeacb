"""Learns the model of regions that comes with gmmkit, from the 200 training photos of BSDS500.

Needs ``images/bsds500-train`` below the directory that GMMKIT_REFERENCE_DATA names. How good it is
on photos that nothing was learned from is measured by image_regions.py, fold by fold.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from bsds import photos

import gmmkit
from gmmkit.image import learn_regions


def main() -> int:
    """Learn and write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("output", type=Path, help="the .gmm file to write")
    arguments.add_argument("--jobs", type=int, default=1, metavar="N", help="photos at a time")
    options = arguments.parse_args()
    every = photos()
    model = learn_regions(
        [photo.path for photo in every],
        [np.stack(photo.annotations) for photo in every],
        n_jobs=options.jobs,
        on_progress=lambda words: print(words, file=sys.stderr, flush=True),
    )
    gmmkit.save(model.packed(), options.output)
    print(f"threshold {model.threshold:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
