"""What can be written of labels, as data: a name, what its files are called, and what they hold."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gmmkit.errors import ParameterError

if TYPE_CHECKING:
    from gmmkit.image.export.labeled import LabelMap

DEFAULT_KINDS = ("labels", "overlay")
NOUNS = ("class", "region")
_ALIASES = {"palette": "labels"}


@dataclass(frozen=True)
class OutputOptions:
    """What the contents of files depend on beside the labels.

    Parameters
    ----------
    file_name : str
        The picture's own, for documents that name it.
    full_overlay : bool
        Do not shrink overlays to 4 megapixels.

    Examples
    --------
    >>> OutputOptions("photo.jpg").full_overlay
    False
    """

    file_name: str = "picture"
    full_overlay: bool = False


Encode = Callable[["LabelMap", OutputOptions], bytes]
EncodeOne = Callable[["LabelMap", int], bytes]


@dataclass(frozen=True)
class OutputKind:
    """A kind of output.

    Parameters
    ----------
    name : str
        What a user asks for.
    suffix : str
        What follows the picture's name; ``{noun}-{number}`` where there is a file for each label.
    meaning : str
        For help texts.
    encode : callable, optional
        Returns the whole file.
    encode_one : callable, optional
        Instead, returns the file of one label.
    soft : bool
        Whether it needs probabilities.
    collect, join : callable, optional
        For what many pictures share a file of: what one picture adds, and the file of them all.
    check : callable, optional
        Raises, before any work, if it cannot be written here.

    Examples
    --------
    >>> OUTPUT_KINDS["masks"].suffix
    '.{noun}-{number}.png'
    """

    name: str
    suffix: str
    meaning: str
    encode: Encode | None = None
    encode_one: EncodeOne | None = None
    soft: bool = False
    collect: Callable[["LabelMap", OutputOptions], Any] | None = None
    join: Callable[[Sequence[Any]], bytes] | None = None
    check: Callable[[], None] | None = None

    def payloads(
        self, label_map: "LabelMap", options: OutputOptions
    ) -> Iterator[tuple[str, bytes]]:
        """Return the suffix and the content of every file, one after the other.

        Examples
        --------
        >>> from gmmkit.image.export import as_label_map
        >>> kind, labels = OUTPUT_KINDS["masks"], as_label_map([[0, 2]])
        >>> [suffix for suffix, _ in kind.payloads(labels, OutputOptions())]
        ['.region-0.png', '.region-2.png']
        """
        if self.encode is not None:
            yield self.suffix, self.encode(label_map, options)
        if self.encode_one is not None:
            width = len(str(label_map.count - 1))
            for number in label_map.numbers:
                suffix = self.suffix.format(noun=label_map.noun, number=f"{number:0{width}}")
                yield suffix, self.encode_one(label_map, number)

    def pattern(self, noun: str) -> str:
        """Return a regular expression of the suffixes of its files.

        Examples
        --------
        >>> OUTPUT_KINDS["masks"].pattern("class")
        '\\\\.(?:class)\\\\-\\\\d+\\\\.png'
        """
        parts = re.split("({noun}|{number})", self.suffix)
        words = {"{noun}": f"(?:{noun})", "{number}": r"\d+"}
        return "".join(words.get(part, re.escape(part)) for part in parts)


def parse_kinds(words: str | Iterable[str]) -> tuple[OutputKind, ...]:
    """Return the kinds of output that words name, each once, in their order.

    Parameters
    ----------
    words : str or iterable of str
        Names of `OUTPUT_KINDS`, in a string with commas between them; "palette" is "labels".

    Returns
    -------
    tuple of OutputKind

    Raises
    ------
    ParameterError
        If a name is not known, or there is none.

    Examples
    --------
    >>> [kind.name for kind in parse_kinds("palette, coco,labels")]
    ['labels', 'coco']
    """
    listed = words.split(",") if isinstance(words, str) else list(words)
    names = [_ALIASES.get(word.strip().lower(), word.strip().lower()) for word in listed]
    unknown = [name for name in names if name not in OUTPUT_KINDS]
    if unknown or not names:
        raise ParameterError(
            "there is no such kind of output",
            found=", ".join(map(repr, unknown)) or "none",
            needed=f"some of {', '.join(OUTPUT_KINDS)}",
        )
    return tuple(OUTPUT_KINDS[name] for name in dict.fromkeys(names))


def is_output(name: str) -> bool:
    """Tell whether a file's name is one that this package gives to pictures it makes.

    Examples
    --------
    >>> is_output("a.labels.png"), is_output("a.class-03.png"), is_output("a.png")
    (True, True, False)
    """
    endings = "|".join(kind.pattern("|".join(NOUNS)) for kind in OUTPUT_KINDS.values())
    return re.search(f"({endings})$", name, re.IGNORECASE) is not None


def _labels(label_map: "LabelMap", _: OutputOptions) -> bytes:
    from gmmkit.image.export.png import label_png

    return label_png(label_map.labels, label_map.palette)


def _overlay(label_map: "LabelMap", options: OutputOptions) -> bytes:
    from gmmkit.image.export import overlay_png

    return overlay_png(label_map, full=options.full_overlay)


def _colors(label_map: "LabelMap", _: OutputOptions) -> bytes:
    from gmmkit.image.export.png import colors_png

    return colors_png(label_map)


def _gray(label_map: "LabelMap", _: OutputOptions) -> bytes:
    from gmmkit.image.export.png import gray_png

    return gray_png(label_map.labels)


def _tiff(label_map: "LabelMap", _: OutputOptions) -> bytes:
    from gmmkit.image.export.tiff import label_tiff

    return label_tiff(label_map)


def _npz(label_map: "LabelMap", _: OutputOptions) -> bytes:
    from gmmkit.image.export.archive import labels_npz

    return labels_npz(label_map)


def _coco_entry(label_map: "LabelMap", options: OutputOptions) -> Any:
    from gmmkit.image.export.coco import coco_image

    return coco_image(label_map, options.file_name)


def _coco_document(entries: Sequence[Any]) -> bytes:
    from gmmkit.image.export.coco import coco_json

    return coco_json(entries).encode()


def _coco(label_map: "LabelMap", options: OutputOptions) -> bytes:
    return _coco_document([_coco_entry(label_map, options)])


def _geojson(label_map: "LabelMap", _: OutputOptions) -> bytes:
    from gmmkit.image.export.outlines import outlines_geojson

    return outlines_geojson(label_map).encode()


def _mask(label_map: "LabelMap", number: int) -> bytes:
    from gmmkit.image.export.png import mask_png

    return mask_png(label_map.labels == number)


def _soft(label_map: "LabelMap", number: int, bits: int = 8) -> bytes:
    from gmmkit.image.export.png import probability_png

    return probability_png(label_map.probabilities[..., number], bits=bits)


def _soft_16(label_map: "LabelMap", number: int) -> bytes:
    return _soft(label_map, number, bits=16)


def _soft_tiff(label_map: "LabelMap", _: OutputOptions) -> bytes:
    from gmmkit.image.export.tiff import probability_tiff

    return probability_tiff(label_map.probabilities)


def _probabilities(label_map: "LabelMap", _: OutputOptions) -> bytes:
    from gmmkit.image.export.archive import probabilities_npz

    return probabilities_npz(label_map.probabilities)


def _table(label_map: "LabelMap", _: OutputOptions, suffix: str = ".csv") -> bytes:
    from gmmkit.image.properties import region_table
    from gmmkit.io.table_writing import table_bytes

    return table_bytes(region_table(label_map), suffix)


def _table_parquet(label_map: "LabelMap", options: OutputOptions) -> bytes:
    return _table(label_map, options, ".parquet")


def _table_json(label_map: "LabelMap", _: OutputOptions) -> bytes:
    import json

    from gmmkit.image.properties import region_table

    columns = {name: column.tolist() for name, column in region_table(label_map).items()}
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return (json.dumps(records, indent=1, ensure_ascii=False) + "\n").encode()


def _check_parquet() -> None:
    from gmmkit.io.table_writing import check_table_suffix

    check_table_suffix("the table.parquet")


OUTPUT_KINDS = {
    kind.name: kind
    for kind in (
        OutputKind("labels", ".labels.png", "colored PNG; a pixel's value is its label", _labels),
        OutputKind("overlay", ".overlay.png", "the photo with the labels drawn over it", _overlay),
        OutputKind("colors", ".colors.png", "each label in the mean color of its pixels", _colors),
        OutputKind("gray", ".gray.png", "plain gray PNG of the labels, 8 or 16 bits", _gray),
        OutputKind("tiff", ".labels.tif", "TIFF of the labels, 8, 16 or 32 bits", _tiff),
        OutputKind("npz", ".labels.npz", "NumPy archive: labels, palette, names", _npz),
        OutputKind(
            "coco",
            ".coco.json",
            "COCO annotations; one file for all the photos of a run",
            _coco,
            collect=_coco_entry,
            join=_coco_document,
        ),
        OutputKind("geojson", ".geojson", "outlines as polygons (QuPath, GIS)", _geojson),
        OutputKind(
            "masks", ".{noun}-{number}.png", "a black and white PNG a label", encode_one=_mask
        ),
        OutputKind(
            "soft",
            ".{noun}-{number}.soft.png",
            "a gray PNG a class: how probable it is",
            encode_one=_soft,
            soft=True,
        ),
        OutputKind(
            "soft-16",
            ".{noun}-{number}.soft-16.png",
            "the same with 16 bits",
            encode_one=_soft_16,
            soft=True,
        ),
        OutputKind(
            "soft-tiff",
            ".probabilities.tif",
            "the same as one float32 TIFF, a page a class",
            _soft_tiff,
            soft=True,
        ),
        OutputKind(
            "probabilities",
            ".probabilities.npz",
            "the same as a NumPy archive",
            _probabilities,
            soft=True,
        ),
        OutputKind("table", ".table.csv", "size, place, shape and color of each label", _table),
        OutputKind(
            "table-parquet",
            ".table.parquet",
            "the same as Parquet",
            _table_parquet,
            check=_check_parquet,
        ),
        OutputKind("table-json", ".table.json", "the same as JSON", _table_json),
    )
}
