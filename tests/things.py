"""A table of long and wide things, and a model of it that was not fitted."""

from pathlib import Path

import numpy as np

from gmmkit import Mixture, save
from gmmkit.io.table_model import TableModel
from gmmkit.io.table_writing import write_table

CENTERS = {"long": (10.0, 1.0), "wide": (0.0, 5.0)}


def write_things(path: Path) -> Path:
    """Write 60 long things and 30 wide ones, with an id, a kind and a count."""
    random = np.random.default_rng(0)
    kinds = ["long"] * 60 + ["wide"] * 30
    rows = np.array([CENTERS[kind] for kind in kinds]) + 0.5 * random.normal(size=(90, 2))
    columns = {
        "id": np.array([f"{number:03d}" for number in range(90)], dtype=object),
        "length": rows[:, 0],
        "width": rows[:, 1],
        "kind": np.array(kinds, dtype=object),
        "count": np.array([1, 2] * 45),
    }
    write_table(columns, path)
    return path


def write_model_of_things(path: Path) -> Path:
    """Write the mixture that such things are drawn from."""
    mixture = Mixture([0.6, 0.4], list(CENTERS.values()), [0.25 * np.eye(2)] * 2)
    save(TableModel(mixture, ("length", "width"), {"rows": "90"}).to_model(), path)
    return path


def written(text: str, name: str = "odd.csv") -> str:
    """Write a text in this folder and return its name."""
    Path(name).write_text(text)
    return name
