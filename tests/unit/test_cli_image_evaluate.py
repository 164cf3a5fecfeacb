"""``gmmkit image evaluate``: files matched by name, a table, JSON, and exit codes."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from gmmkit.image.export import OUTPUT_KINDS, as_label_map
from gmmkit.image.export.kinds import OutputOptions
from gmmkit.image.metrics import covering, evaluate

HALVES = np.repeat([[0] * 12 + [1] * 12], 16, axis=0)
THIRDS = np.repeat([[0] * 8 + [1] * 8 + [2] * 8], 16, axis=0)
STRENGTHS = np.zeros((16, 24))
STRENGTHS[:, 11] = 0.8
STRENGTHS[:, 5] = 0.3


def save_png(path, labels):
    Image.fromarray(labels.astype(np.uint8)).save(path)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Results and truth of two pictures, and a result that is of neither."""
    monkeypatch.chdir(tmp_path)
    for name in ("out", "truth"):
        (tmp_path / name).mkdir()
    for picture, result in (("a", HALVES), ("b", THIRDS), ("c", THIRDS)):
        save_png(tmp_path / f"out/{picture}.labels.png", result)
    for picture in ("a", "b"):
        np.savez(tmp_path / f"truth/{picture}.npz", segmentations=[HALVES, THIRDS])
    (tmp_path / "truth/a.jpg").write_bytes(b"a photo beside its annotations")
    return tmp_path


def value(out, title):
    """The last number in the line that begins with a title."""
    line = next(line for line in out.splitlines() if line.strip().startswith(title))
    return float(line.split()[-1])


def test_folders_are_matched_by_name_and_scored_together(run_cli, folders):
    ended = run_cli("image", "evaluate", "out", "truth", "--threads", 1)
    assert ended.code == 0
    expected = (covering(HALVES, [HALVES, THIRDS]) + covering(THIRDS, [HALVES, THIRDS])) / 2
    assert value(ended.out, "covering") == pytest.approx(expected, abs=5e-5)
    assert "2 pictures, 4 annotations, 1 label map each" in ended.out


def test_files_that_are_alone_are_told(run_cli, folders):
    ended = run_cli("image", "evaluate", "out", "truth", "--measures", "regions", "--threads", 1)
    assert "1 file without an annotation left out: c.labels.png" in ended.err


def test_two_files_belong_together_whatever_their_names(run_cli, folders):
    ended = run_cli("image", "evaluate", "out/c.labels.png", "truth/b.npz")
    assert ended.code == 0
    assert value(ended.out, "boundary F") > 0.5


def test_better_is_said_for_each_measure(run_cli, folders):
    out = run_cli("image", "evaluate", "out/a.labels.png", "truth/a.npz").out
    better = {line.split("  ")[1]: line.split()[-2] for line in out.splitlines()[2:8]}
    assert better["covering"] == "higher"
    assert better["variation of information (VoI), bits"] == "lower"
    assert len(better) == 6


@pytest.mark.parametrize("kind", ["labels", "gray", "tiff", "npz"])
def test_excluded_pixels_of_files_of_gmmkit_s_own_do_not_count(run_cli, folders, kind):
    labels = THIRDS.astype(np.int32)
    labels[:5, 3:] = -1
    ((suffix, payload),) = OUTPUT_KINDS[kind].payloads(as_label_map(labels), OutputOptions())
    (folders / f"own{suffix}").write_bytes(payload)
    out = run_cli("image", "evaluate", f"own{suffix}", "truth/a.npz", "--measures", "regions").out
    expected = covering(labels, [HALVES, THIRDS])
    assert value(out, "covering") == pytest.approx(expected, abs=5e-5)
    assert covering(np.where(labels < 0, 255, labels), [HALVES, THIRDS]) < expected - 1e-3


def test_strengths_are_cut_at_every_threshold(run_cli, folders):
    np.savez("ucm.npz", ucm=STRENGTHS)
    ended = run_cli("image", "evaluate", "ucm.npz", "truth/a.npz", "--thresholds", 9, "--json")
    report = json.loads(ended.out)
    found = evaluate([(STRENGTHS, [HALVES, THIRDS])], 9)
    assert report["results_are"] == "strength"
    for each in report["measures"]:
        assert each["best"] == pytest.approx(found.ods(each["name"]).value)
        assert each["own_best"] == pytest.approx(found.ois(each["name"]))
    assert report["average_precision"] == pytest.approx(found.average_precision)


def test_one_threshold_for_all_measures_may_be_chosen(run_cli, folders):
    np.savez("ucm.npz", ucm=STRENGTHS)
    words = ("--thresholds", 9, "--at", 0.9, "--measures", "regions")
    out = run_cli("image", "evaluate", "ucm.npz", "truth/a.npz", *words).out
    assert "at 0.9" in out
    expected = covering(np.zeros_like(HALVES), [HALVES, THIRDS])
    assert value(out, "covering") == pytest.approx(expected, abs=5e-5)


def test_gray_images_are_strengths_when_asked_for(run_cli, folders):
    save_png("ucm.png", STRENGTHS * 255)
    ended = run_cli("image", "evaluate", "ucm.png", "truth/a.npz", "--kind", "strength", "--json")
    assert json.loads(ended.out)["thresholds"][:2] == [0.01, 0.02]


def test_the_table_has_a_row_for_each_picture(run_cli, folders):
    words = ("-o", "table.csv", "--measures", "regions", "--threads", 1)
    run_cli("image", "evaluate", "out", "truth", *words)
    with open("table.csv", newline="") as file:
        rows = {row["picture"]: row for row in csv.DictReader(file)}
    assert float(rows["a"]["covering"]) == pytest.approx(covering(HALVES, [HALVES, THIRDS]))
    assert set(rows) == {"a", "b"}


def test_an_existing_table_is_not_replaced_unasked(run_cli, folders):
    (folders / "table.csv").write_text("mine")
    words = ("image", "evaluate", "out", "truth", "-o", "table.csv", "--measures", "regions")
    assert run_cli(*words).code == 3
    assert (folders / "table.csv").read_text() == "mine"


def test_a_curve_is_drawn(run_cli, folders):
    pytest.importorskip("matplotlib")
    np.savez("ucm.npz", ucm=STRENGTHS)
    words = ("--thresholds", 4, "--curve", "curve.svg")
    assert run_cli("image", "evaluate", "ucm.npz", "truth/a.npz", *words).code == 0
    assert (folders / "curve.svg").read_bytes().startswith(b"<?xml")


def test_a_picture_of_another_size_is_told_and_the_others_are_done(run_cli, folders):
    save_png(folders / "out/a.labels.png", HALVES.T)
    ended = run_cli("image", "evaluate", "out", "truth", "--measures", "regions", "--threads", 1)
    assert ended.code == 3
    assert "(16, 24) against (24, 16)" in ended.err
    assert "1 picture, 2 annotations" in ended.out


def test_pictures_that_fail_are_in_the_json_too(run_cli, folders):
    (folders / "truth/a.npz").write_bytes(b"PK\x03\x04")
    words = ("--json", "--measures", "regions", "--threads", 1)
    report = json.loads(run_cli("image", "evaluate", "out", "truth", *words).out)
    done, failed = report["pictures"]
    assert (done["picture"], failed["picture"]) == ("b", "a")
    assert failed["error"]["exit_code"] == 3


def test_nothing_to_match_is_refused_with_names_of_both_sides(run_cli, folders):
    save_png(folders / "d.png", HALVES)
    ended = run_cli("image", "evaluate", "d.png", "truth")
    assert ended.code == 3
    assert "d against a, b" in ended.err


def test_two_results_of_one_picture_are_refused_and_a_pattern_chooses(run_cli, folders):
    save_png(folders / "out/a.png", HALVES)
    ended = run_cli("image", "evaluate", "out", "truth")
    assert ended.code == 3
    assert "pattern" in ended.err
    words = ("--measures", "regions", "--threads", 1)
    assert run_cli("image", "evaluate", "out/*.labels.png", "truth", *words).code == 0


def test_a_folder_without_segmentations_is_refused(run_cli, folders):
    (folders / "empty").mkdir()
    ended = run_cli("image", "evaluate", "empty", "truth")
    assert ended.code == 3
    assert "means no file" in ended.err


@pytest.mark.parametrize(
    "words", [["--curve", "c.png", "--measures", "regions"], ["--kind", "x"], ["--at", "0"]]
)
def test_a_slip_is_wrong_usage(run_cli, folders, words):
    assert run_cli("image", "evaluate", "out", "truth", *words).code == 2


def test_a_threshold_that_none_is_evaluated_at_is_refused_before_any_work(run_cli, folders):
    ended = run_cli("image", "evaluate", "no such folder", "truth", "--at", 0.333)
    assert ended.code == 3
    assert "the nearest is 0.33" in ended.err


def test_the_number_of_a_label_map_is_its_threshold(run_cli, folders):
    np.savez("maps.npz", segmentations=[THIRDS, HALVES])
    words = ("--at", 2, "--measures", "regions")
    out = run_cli("image", "evaluate", "maps.npz", "truth/a.npz", *words).out
    assert "2 label maps each" in out
    assert value(out, "covering") == pytest.approx(covering(HALVES, [HALVES, THIRDS]), abs=5e-5)
