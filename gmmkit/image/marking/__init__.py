"""Objects cut out by hand: strokes and rectangles say where, two mixtures and a cut say how far."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.image.marking.cutout import Cutout, cut_out
    from gmmkit.image.marking.strokes import marks_of_picture, read_marks

_HOMES = {
    "Cutout": "gmmkit.image.marking.cutout",
    "cut_out": "gmmkit.image.marking.cutout",
    "marks_of_picture": "gmmkit.image.marking.strokes",
    "read_marks": "gmmkit.image.marking.strokes",
}

__all__ = ["Cutout", "cut_out", "marks_of_picture", "read_marks"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
