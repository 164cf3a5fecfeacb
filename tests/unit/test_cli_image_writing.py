"""Plans of outputs: named and checked before any work, encoded in full before any is written."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gmmkit.cli.image.writing import OutputWriter, plan_outputs
from gmmkit.cli.inputs import Source
from gmmkit.errors import (
    GmmkitError,
    InputError,
    MissingDependencyError,
    OutputExistsError,
    OutputWarning,
    ParameterError,
)
from gmmkit.image import segment
from gmmkit.image.export import OUTPUT_KINDS, parse_kinds
from gmmkit.image.export.kinds import is_output

PICTURE = np.zeros((6, 8, 3), np.uint8)
PICTURE[:, 5:] = 200, 30, 90
LABELS = (PICTURE[..., 0] > 0).astype(np.int32)


def sources(*names: str) -> list[Source]:
    return [Source(name, Path(name)) for name in names]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def written(folder: Path, kinds: str, *, noun: str = "region", **options: object) -> set[str]:
    """The names of what one picture leads to."""
    (source,) = sources("a.jpg")
    plan = plan_outputs([source], folder, kinds, noun=noun, **options)
    writer = OutputWriter(plan)
    files = writer.write(source, LABELS, PICTURE)
    files |= writer.finish()
    assert set(files.values()) <= set(folder.iterdir())
    return names_in(folder)


# Planning


def test_without_a_wish_there_are_labels_and_an_overlay(tmp_path: Path) -> None:
    plan = plan_outputs(sources("in/a.jpg"), tmp_path)
    assert plan.paths() == [tmp_path / "a.labels.png", tmp_path / "a.overlay.png"]


def test_planning_makes_nothing(tmp_path: Path) -> None:
    plan_outputs(sources("a.jpg"), tmp_path / "new", list(OUTPUT_KINDS))
    assert names_in(tmp_path) == set()


def test_an_unknown_kind_is_refused_with_all_that_there_are() -> None:
    with pytest.raises(ParameterError, match="found 'jpeg'; needed some of labels, overlay"):
        parse_kinds("labels,jpeg")


@pytest.mark.parametrize("words", ["", ",", []])
def test_no_kind_is_refused(words: str) -> None:
    with pytest.raises(ParameterError, match="no such kind"):
        parse_kinds(words)


def test_kinds_are_taken_once_and_in_order() -> None:
    assert [kind.name for kind in parse_kinds("Coco, masks,coco,palette")] == [
        "coco",
        "masks",
        "labels",
    ]


@pytest.mark.parametrize("kind", ["soft", "soft-16", "soft-tiff", "probabilities"])
def test_probabilities_of_regions_are_refused_before_any_work(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ParameterError, match=f"regions cannot be written as {kind}"):
        plan_outputs(sources("a.jpg"), tmp_path, kind, noun="region")


def test_a_parquet_table_without_polars_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(MissingDependencyError):
        plan_outputs(sources("a.jpg"), tmp_path, "table-parquet")


@pytest.mark.parametrize("name", ["a.labels.png", "a.class-0.png", "a.class-017.png"])
def test_an_output_that_is_there_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(OutputExistsError, match=f"{name}.*--force"):
        plan_outputs(sources("a.jpg"), tmp_path, "labels,masks")


@pytest.mark.parametrize("name", ["b.class-0.png", "a.class-x.png", "a.region-0.png", "a.png"])
def test_files_that_are_no_outputs_of_the_run_are_in_nobody_s_way(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).touch()
    plan_outputs(sources("a.jpg"), tmp_path, "labels,masks")


def test_a_mask_never_takes_the_place_of_an_input(tmp_path: Path) -> None:
    (tmp_path / "a.class-1.png").touch()
    both = sources(str(tmp_path / "a.jpg"), str(tmp_path / "a.class-1.png"))
    with pytest.raises(OutputExistsError, match="one of the inputs"):
        plan_outputs(both, tmp_path, "masks", force=True)


def test_further_files_of_the_run_are_checked_as_well(tmp_path: Path) -> None:
    (tmp_path / "own.gmm").touch()
    with pytest.raises(OutputExistsError, match=r"own\.gmm"):
        plan_outputs(sources("a.jpg"), tmp_path, others=[tmp_path / "own.gmm"])


def test_two_pictures_that_would_share_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="would write the same files"):
        plan_outputs(sources("x/a.png", "y/a.png"), tmp_path)


# Writing


def test_regions_are_written_as_every_kind_that_needs_no_probabilities(tmp_path: Path) -> None:
    kinds = ",".join(name for name, kind in OUTPUT_KINDS.items() if not kind.soft)
    assert written(tmp_path, kinds) == {
        "a.labels.png",
        "a.overlay.png",
        "a.colors.png",
        "a.gray.png",
        "a.labels.tif",
        "a.labels.npz",
        "a.coco.json",
        "a.geojson",
        "a.region-0.png",
        "a.region-1.png",
        "a.table.csv",
        "a.table.parquet",
        "a.table.json",
    }


def test_classes_are_written_with_their_probabilities(tmp_path: Path) -> None:
    (source,) = sources("a.jpg")
    plan = plan_outputs([source], tmp_path, "soft,soft-16,soft-tiff,probabilities")
    files = OutputWriter(plan).write(source, segment(PICTURE, k=2, features="rgb"))
    assert set(files) == {
        "class-0.soft",
        "class-1.soft",
        "class-0.soft-16",
        "class-1.soft-16",
        "soft-tiff",
        "probabilities",
    }
    assert {path.name for path in files.values()} == names_in(tmp_path)


def test_every_class_has_a_mask_however_many_there_are(tmp_path: Path) -> None:
    (source,) = sources("a.jpg")
    labels = np.arange(48).reshape(6, 8) % 12
    plan = plan_outputs([source], tmp_path, "masks")
    files = OutputWriter(plan).write(source, labels, PICTURE)
    assert sorted(files) == [f"class-{number:02}" for number in range(12)]
    masks = [np.asarray(Image.open(files[name])) for name in sorted(files)]
    assert all(np.array_equal(mask, (labels == n) * 255) for n, mask in enumerate(masks))


def test_an_absent_class_has_a_black_mask_and_an_absent_region_none(tmp_path: Path) -> None:
    (source,) = sources("a.jpg")
    for noun in ("class", "region"):
        plan = plan_outputs([source], tmp_path, "masks", noun=noun)
        OutputWriter(plan).write(source, LABELS * 2, PICTURE)
    assert names_in(tmp_path) == {
        *(f"a.class-{number}.png" for number in range(3)),
        *(f"a.region-{number}.png" for number in (0, 2)),
    }


def test_what_cannot_be_encoded_leaves_no_file(tmp_path: Path) -> None:
    (source,) = sources("a.jpg")
    plan = plan_outputs([source], tmp_path / "out", "tiff,labels", noun="region")
    with pytest.raises(GmmkitError, match="too many labels for a PNG"):
        OutputWriter(plan).write(source, [[0, 70_000]])
    assert names_in(tmp_path) == set()


def test_what_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (source,) = sources("a.jpg")
    plan = plan_outputs([source], tmp_path, "tiff", noun="region")
    (tmp_path / "a.labels.tif").write_text("mine")
    with pytest.raises(OutputExistsError):
        OutputWriter(plan).write(source, LABELS)
    assert (tmp_path / "a.labels.tif").read_text() == "mine"


def test_pictures_of_a_run_share_one_coco_file(tmp_path: Path) -> None:
    several = sources("a.jpg", "b.jpg", "c.jpg")
    writer = OutputWriter(plan_outputs(several, tmp_path, "coco", noun="region"))
    for source in several[:2]:
        assert writer.write(source, LABELS) == {}
    assert writer.finish() == {"coco": tmp_path / "all.coco.json"}
    document = json.loads((tmp_path / "all.coco.json").read_text("utf-8"))
    # The third was never written, as one that cannot be read.
    assert [image["file_name"] for image in document["images"]] == ["a.jpg", "b.jpg"]


def test_the_shared_file_is_found_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "all.coco.json").touch()
    with pytest.raises(OutputExistsError, match=r"all\.coco\.json"):
        plan_outputs(sources("a.jpg", "b.jpg"), tmp_path, "coco")


def test_a_run_without_a_result_writes_no_shared_file(tmp_path: Path) -> None:
    writer = OutputWriter(plan_outputs(sources("a.jpg", "b.jpg"), tmp_path, "coco"))
    assert writer.finish() == {}
    assert names_in(tmp_path) == set()


def test_masks_that_an_earlier_run_left_are_named(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"a.region-{number}.png").touch()
    with pytest.warns(OutputWarning, match=r"a\.region-2\.png, .*-4\.png and 2 more: left there"):
        written(tmp_path, "masks", force=True)


def test_masks_that_were_all_replaced_are_not_spoken_of(tmp_path: Path) -> None:
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            written(tmp_path, "masks", force=True)


def test_colors_of_the_pixels_can_be_asked_for(tmp_path: Path) -> None:
    written(tmp_path, "labels", colors="mean")
    shown = Image.open(tmp_path / "a.labels.png").convert("RGB")
    assert shown.getpixel((7, 0)) == (200, 30, 90)


def test_a_table_has_a_row_for_each_label(tmp_path: Path) -> None:
    written(tmp_path, "table,table-json")
    header, *rows = (tmp_path / "a.table.csv").read_text().splitlines()
    records = json.loads((tmp_path / "a.table.json").read_text())
    assert header.split(",") == list(records[0])
    assert [row.split(",")[:3] for row in rows] == [
        ["0", "region 0", "30"],
        ["1", "region 1", "18"],
    ]


@pytest.mark.parametrize("kinds", list(OUTPUT_KINDS))
def test_the_same_labels_give_the_same_bytes(tmp_path: Path, kinds: str) -> None:
    (source,), result = sources("a.jpg"), segment(PICTURE, k=2, features="rgb", mask=LABELS < 2)
    contents = []
    for folder in ("one", "other"):
        plan = plan_outputs([source], tmp_path / folder, kinds)
        files = OutputWriter(plan).write(source, result)
        contents.append([path.read_bytes() for path in files.values()])
    assert contents[0] == contents[1]


def test_pictures_that_were_made_are_known_by_their_names(tmp_path: Path) -> None:
    kinds = ",".join(name for name, kind in OUTPUT_KINDS.items() if not kind.soft)
    assert all(is_output(name) for name in written(tmp_path, kinds))


@pytest.mark.parametrize("name", ["photo.png", "class-0.png", "my.labels.pdf", "a.region-.png"])
def test_other_files_are_not_taken_for_outputs(name: str) -> None:
    assert not is_output(name)
