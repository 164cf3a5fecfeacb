"""Labels of pixels, of classes or of regions, as pictures, tables and files of other programs."""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.image.export.archive import labels_npz, probabilities_npz
    from gmmkit.image.export.coco import CocoImage, coco_image, coco_json
    from gmmkit.image.export.kinds import OUTPUT_KINDS, OutputKind, parse_kinds
    from gmmkit.image.export.labeled import LabelMap, as_label_map
    from gmmkit.image.export.outlines import outlines_geojson
    from gmmkit.image.export.png import (
        colors_png,
        gray_png,
        label_png,
        mask_png,
        overlay_png,
        probability_png,
    )
    from gmmkit.image.export.tiff import label_tiff, probability_tiff, strips_tiff

_HOMES = {
    "CocoImage": "gmmkit.image.export.coco",
    "LabelMap": "gmmkit.image.export.labeled",
    "OUTPUT_KINDS": "gmmkit.image.export.kinds",
    "OutputKind": "gmmkit.image.export.kinds",
    "as_label_map": "gmmkit.image.export.labeled",
    "coco_image": "gmmkit.image.export.coco",
    "coco_json": "gmmkit.image.export.coco",
    "colors_png": "gmmkit.image.export.png",
    "gray_png": "gmmkit.image.export.png",
    "label_png": "gmmkit.image.export.png",
    "label_tiff": "gmmkit.image.export.tiff",
    "labels_npz": "gmmkit.image.export.archive",
    "mask_png": "gmmkit.image.export.png",
    "outlines_geojson": "gmmkit.image.export.outlines",
    "overlay_png": "gmmkit.image.export.png",
    "parse_kinds": "gmmkit.image.export.kinds",
    "probabilities_npz": "gmmkit.image.export.archive",
    "probability_png": "gmmkit.image.export.png",
    "probability_tiff": "gmmkit.image.export.tiff",
    "strips_tiff": "gmmkit.image.export.tiff",
}

__all__ = [
    "OUTPUT_KINDS",
    "CocoImage",
    "LabelMap",
    "OutputKind",
    "as_label_map",
    "coco_image",
    "coco_json",
    "colors_png",
    "gray_png",
    "label_png",
    "label_tiff",
    "labels_npz",
    "mask_png",
    "outlines_geojson",
    "overlay_png",
    "parse_kinds",
    "probabilities_npz",
    "probability_png",
    "probability_tiff",
    "strips_tiff",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
