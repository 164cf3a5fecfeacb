"""The frames of a video: their order, the pages of a TIFF, and videos that are none."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from gmmkit.errors import FileAccessError, ImageError, ImageFormatError
from gmmkit.io.frames import FrameFile, frames_in, in_natural_order, natural_key, read_frame


def test_numbers_in_names_count_as_numbers():
    names = ["f10.png", "f9.png", "f1.png", "f010.png", "f2b10.png", "f2b9.png"]
    expected = ["f1.png", "f2b9.png", "f2b10.png", "f9.png", "f10.png", "f010.png"]
    assert sorted(names, key=natural_key) == expected


def test_names_of_any_kind_can_be_compared():
    names = ["1", "a", "", "1a", "a1", "²3", "１２"]
    assert len(sorted(names, key=natural_key)) == len(names)


def test_the_order_does_not_depend_on_the_order_given(tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(20)]
    assert in_natural_order(reversed(paths)) == paths


def test_the_pages_of_a_tiff_are_frames(tmp_path):
    pages = np.arange(11 * 12, dtype=np.uint16).reshape(11, 3, 4)
    tifffile.imwrite(tmp_path / "scan.tif", pages, photometric="minisblack")
    frames = frames_in(tmp_path / "scan.tif")
    assert [frame.stem for frame in (*frames[:2], frames[10])] == [
        "scan-00",
        "scan-01",
        "scan-10",
    ]
    assert np.array_equal([read_frame(frame).pixels for frame in frames], pages)


def test_frames_are_read_without_counting_the_pages_before_them(tmp_path, monkeypatch):
    pages = np.arange(5 * 12, dtype=np.uint8).reshape(5, 3, 4)
    tifffile.imwrite(tmp_path / "scan.tif", pages, photometric="minisblack")
    frames = frames_in(tmp_path / "scan.tif")
    monkeypatch.setattr("gmmkit.io.tiff_pages._offsets", None)
    assert np.array_equal([read_frame(frame).pixels for frame in frames], pages)


def test_the_place_of_a_page_may_be_left_out(tmp_path):
    pages = np.arange(5 * 12, dtype=np.uint8).reshape(5, 3, 4)
    tifffile.imwrite(tmp_path / "scan.tif", pages, photometric="minisblack")
    frame = FrameFile(tmp_path / "scan.tif", 3, "scan-3")
    assert frame == frames_in(tmp_path / "scan.tif")[3]
    assert np.array_equal(read_frame(frame).pixels, pages[3])


def test_pages_that_pillow_decodes_are_frames_too(tmp_path):
    pages = [Image.new("L", (4, 3), shade) for shade in (10, 20, 30)]
    options = {"save_all": True, "append_images": pages[1:], "compression": "tiff_lzw"}
    pages[0].save(tmp_path / "scan.tif", **options)
    frames = frames_in(tmp_path / "scan.tif")
    assert [read_frame(frame).pixels[0, 0] for frame in frames] == [10, 20, 30]


def test_pages_without_an_end_are_refused_at_once(tmp_path):
    pages = np.zeros((2, 3, 4), np.uint8)
    tifffile.imwrite(tmp_path / "scan.tif", pages, photometric="minisblack")
    with tifffile.TiffFile(tmp_path / "scan.tif") as tiff:
        first, second = tiff.pages
        link = second.offset + 2 + 12 * len(second.tags)
    payload = bytearray((tmp_path / "scan.tif").read_bytes())
    payload[link : link + 4] = first.offset.to_bytes(4, "little")
    (tmp_path / "scan.tif").write_bytes(payload)
    with pytest.raises(ImageError, match="a chain of pages that goes on after 2"):
        frames_in(tmp_path / "scan.tif")


def test_a_picture_is_one_frame(tmp_path):
    Image.new("L", (4, 3)).save(tmp_path / "one.png")
    (frame,) = frames_in(tmp_path / "one.png")
    assert (frame.page, frame.stem, str(frame)) == (None, "one", str(tmp_path / "one.png"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x20ftypisom", "MP4"),
        (b"\x00\x00\x00\x14ftypqt  ", "QuickTime"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "AVI"),
        (b"\x1aE\xdf\xa3\x01", "Matroska"),
        (b"GIF89a", "GIF"),
    ],
)
def test_a_video_is_refused_with_the_command_that_takes_it_apart(tmp_path, head, kind):
    (tmp_path / "street.mp4").write_bytes(head + bytes(64))
    with pytest.raises(ImageFormatError, match=f"{kind}.*ffmpeg -i street.mp4"):
        frames_in(tmp_path / "street.mp4")


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileAccessError, match="does not exist"):
        frames_in(tmp_path / "none.png")


def test_a_damaged_tiff_is_refused_when_it_is_read(tmp_path):
    (tmp_path / "scan.tif").write_bytes(b"II*\0\xff\xff\xff\x00")
    (frame,) = frames_in(tmp_path / "scan.tif")
    with pytest.raises(ImageError, match="scan"):
        read_frame(frame)
