"""What commands write of labels: planned before any work, encoded in full, then written.

A command plans with `plan_outputs`, writes each picture with an `OutputWriter`, and finishes it.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gmmkit.cli.inputs import Source
from gmmkit.cli.outputs import check_outputs, make_folder, numbered_files, output_stems
from gmmkit.errors import OutputWarning, ParameterError
from gmmkit.image.export.kinds import DEFAULT_KINDS, OutputKind, OutputOptions, parse_kinds

if TYPE_CHECKING:
    from gmmkit.image.export.labeled import Labeled
    from gmmkit.image.pixels import ImageLike

# What stands for the name of a picture in files that several share.
_ALL = "all"
_MOST_NAMED = 3


@dataclass(frozen=True)
class OutputPlan:
    """Every file that a run will write, as far as it can be known beforehand.

    Parameters
    ----------
    kinds : tuple of OutputKind
        What is written.
    noun : str
        What a label stands for, "class" or "region".
    folder : Path
        Where the files go.
    stems : mapping of Source to Path
        For each picture, what the names of its files begin with.
    earlier : tuple of Path
        Files of an earlier run, to be replaced, that are named like ones with a label's number.
    force : bool
        Whether files may be replaced.
    colors : str
        "distinct" or "mean".
    full_overlay : bool
        Do not shrink overlays.

    Examples
    --------
    >>> plan = plan_outputs([Source("a.jpg", Path("a.jpg"))], Path(), "labels,masks")
    >>> plan.joint, [path.name for path in plan.paths()]
    ((), ['a.labels.png'])
    """

    kinds: tuple[OutputKind, ...]
    noun: str
    folder: Path
    stems: Mapping[Source, Path]
    earlier: tuple[Path, ...] = ()
    force: bool = False
    colors: str = "distinct"
    full_overlay: bool = False

    @property
    def joint(self) -> tuple[OutputKind, ...]:
        """The kinds of which several pictures share one file."""
        shared = [kind for kind in self.kinds if kind.join is not None]
        return tuple(shared) if len(self.stems) > 1 else ()

    def paths(self) -> list[Path]:
        """Return the files whose names are known beforehand."""
        single = [kind for kind in self.kinds if kind.encode and kind not in self.joint]
        of_pictures = [
            _beside(stem, kind.suffix) for stem in self.stems.values() for kind in single
        ]
        return of_pictures + [self.folder / f"{_ALL}{kind.suffix}" for kind in self.joint]


def plan_outputs(
    sources: Sequence[Source],
    folder: Path,
    kinds: str | Sequence[str] = DEFAULT_KINDS,
    *,
    noun: str = "class",
    others: Sequence[Path] = (),
    force: bool = False,
    colors: str = "distinct",
    full_overlay: bool = False,
) -> OutputPlan:
    """Name all outputs of a run, and refuse what cannot be written, before any work.

    Parameters
    ----------
    sources : sequence of Source
        The pictures.
    folder : Path
        Where the files go; made later if missing.
    kinds : str or sequence of str
        Names of `gmmkit.image.export.OUTPUT_KINDS`, as from ``--out``.
    noun : str
        What a label stands for: "class", or "region", which has no probabilities.
    others : sequence of Path
        Further files that the run writes.
    force : bool
        Whether files that are there may be replaced; never one that is read.
    colors : str
        "distinct" or "mean": the colors of palettes and tints.
    full_overlay : bool
        Do not shrink overlays above 4 megapixels.

    Returns
    -------
    OutputPlan

    Raises
    ------
    ParameterError
        A kind is not known, or needs probabilities that regions do not have.
    InputError
        Two pictures would write the same files.
    OutputExistsError, OutputWriteError
        Something is in the way, or the folder cannot be used.

    Examples
    --------
    >>> plan = plan_outputs([Source("a.jpg", Path("a.jpg"))], Path())
    >>> [path.name for path in plan.paths()]
    ['a.labels.png', 'a.overlay.png']
    """
    chosen = parse_kinds(kinds)
    for kind in chosen:
        _check_kind(kind, noun)
    stems = output_stems(sources, folder)
    patterns = [kind.pattern(noun) for kind in chosen if kind.encode_one]
    plan = OutputPlan(
        chosen,
        noun,
        folder,
        dict(zip(sources, stems, strict=True)),
        tuple(numbered_files(folder, stems, patterns)),
        force,
        colors,
        full_overlay,
    )
    check_outputs([*plan.paths(), *plan.earlier, *others], sources, folder, force=force)
    return plan


def _check_kind(kind: OutputKind, noun: str) -> None:
    if kind.check is not None:
        kind.check()
    if kind.soft and noun == "region":
        raise ParameterError(
            f"regions cannot be written as {kind.name}",
            found="regions, which have no probabilities",
            needed="classes, or another kind of output",
        )


@dataclass(frozen=True, eq=False)
class OutputWriter:
    """Writes the files of a plan, one picture after the other.

    Parameters
    ----------
    plan : OutputPlan
        What to write.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plan = plan_outputs([Source("a.jpg", Path("a.jpg"))], Path(folder), "tiff,coco",
    ...                         noun="region")
    ...     source, = plan.stems
    ...     files = OutputWriter(plan).write(source, [[0, 1]])
    ...     sorted(path.name for path in files.values())
    ['a.coco.json', 'a.labels.tif']
    """

    plan: OutputPlan
    _collected: dict[str, list[Any]] = field(default_factory=dict, repr=False)
    _written: set[Path] = field(default_factory=set, repr=False)

    def write(
        self, source: Source, labels: "Labeled", image: "ImageLike | None" = None
    ) -> dict[str, Path]:
        """Encode all files of a picture, then write them: what cannot be encoded leaves none.

        Parameters
        ----------
        source : Source
            The picture, one of the plan's.
        labels : Segmentation, LabelMap or array_like of shape (H, W)
            What came out.
        image : array_like or Picture, optional
            Its pixels; a Segmentation brings its own.

        Returns
        -------
        dict of str to Path
            What was written: by kind, or by "class-0" and so on where a label has its own file.

        Raises
        ------
        GmmkitError
            Something cannot be encoded or written.

        Examples
        --------
        >>> OutputWriter.write.__name__
        'write'
        """
        from gmmkit.image.export.labeled import as_label_map

        plan = self.plan
        label_map = as_label_map(labels, image, noun=plan.noun, colors=plan.colors)
        options = OutputOptions(source.name, plan.full_overlay)
        payloads = {
            (kind, suffix): payload
            for kind in plan.kinds
            if kind not in plan.joint
            for suffix, payload in kind.payloads(label_map, options)
        }
        entries = [(kind, kind.collect(label_map, options)) for kind in plan.joint if kind.collect]
        make_folder(plan.folder)
        stem = plan.stems[source]
        for (_, suffix), payload in payloads.items():
            self._keep(_beside(stem, suffix), payload)
        for kind, entry in entries:
            self._collected.setdefault(kind.name, []).append(entry)
        return {_key(kind, suffix): _beside(stem, suffix) for kind, suffix in payloads}

    def finish(self) -> dict[str, Path]:
        """Write the files that all pictures share, after the last one.

        Returns
        -------
        dict of str to Path
            By kind.

        Raises
        ------
        OutputExistsError, OutputWriteError
            They cannot be written.

        Warns
        -----
        OutputWarning
            Files of an earlier run are left that are named like this one's.

        Examples
        --------
        >>> OutputWriter(plan_outputs([], Path())).finish()
        {}
        """
        files = {}
        for kind in self.plan.joint:
            if kind.join is not None and kind.name in self._collected:
                files[kind.name] = self.plan.folder / f"{_ALL}{kind.suffix}"
                self._keep(files[kind.name], kind.join(self._collected[kind.name]))
        self._warn_of_left()
        return files

    def _keep(self, path: Path, payload: bytes) -> None:
        from gmmkit.io.files import write_atomically

        write_atomically(path, payload, force=self.plan.force)
        self._written.add(path)

    def _warn_of_left(self) -> None:
        left = [path.name for path in self.plan.earlier if path not in self._written]
        if left:
            more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
            message = f"{', '.join(left[:_MOST_NAMED])}{more}: left there by an earlier run"
            warnings.warn(OutputWarning(message), stacklevel=3)


def _beside(stem: Path, suffix: str) -> Path:
    return stem.with_name(f"{stem.name}{suffix}")


def _key(kind: OutputKind, suffix: str) -> str:
    """Name a file in a report: by its kind, or by what its label is called."""
    return kind.name if kind.encode else suffix.removeprefix(".").rpartition(".")[0]
