"""`sample:NAME` finds the photos, recordings and tables on this disk and nothing else."""

import subprocess
import sys

import pytest

from gmmkit.errors import InputError, ParameterError
from gmmkit.io.audio import read_recording
from gmmkit.io.image import read_image
from gmmkit.io.samples import sample_names, sample_path


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket", "retina"])
def test_a_photo_of_the_wheel_is_found_with_and_without_prefix(name):
    assert sample_path(name) == sample_path(f"sample:{name}")
    assert sample_path(name).is_file()


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_listed_can_be_read(name):
    assert read_image(f"sample:{name}").name == name


# kidney would be downloaded; the others are a silhouette, a cascade, an array and no file at all.
@pytest.mark.parametrize(
    "name", ["kidney", "horse", "lbpcascade_frontalface_opencv", "lfw_subset", "cofee", "../x", ""]
)
def test_a_name_that_is_not_there_lists_those_that_are(name):
    with pytest.raises(InputError, match=r"needed one of .*astronaut, .*coffee") as caught:
        read_image(f"sample:{name}")
    assert caught.value.exit_code == 3


def test_a_misspelled_name_suggests_the_near_one():
    with pytest.raises(InputError, match="Try: sample:coffee"):
        sample_path("cofee")


def test_finding_a_sample_imports_no_scikit_image():
    find = "import sys, gmmkit.io.samples as samples; samples.sample_path('coffee')"
    code = f"{find}; print('skimage' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", sample_names("recording"))
def test_every_recording_listed_can_be_read_without_a_warning(name):
    recording = read_recording(f"sample:{name}")
    assert recording.name.startswith(name)
    assert recording.notes == ()


def test_a_table_is_named_with_hyphens_whatever_its_file_is_called():
    assert sample_path("sample:fruit-basket", kind="table").name == "fruit_basket.csv"


def test_photos_recordings_and_tables_are_apart():
    kinds = [set(sample_names(kind)) for kind in ("photo", "recording", "table")]
    assert len(set.union(*kinds)) == sum(map(len, kinds))
    with pytest.raises(InputError, match="there is no sample photo 'ana-1'"):
        sample_path("ana-1")


def test_a_misspelled_recording_suggests_the_near_one():
    with pytest.raises(InputError, match="Try: sample:stranger"):
        sample_path("strange", kind="recording")


def test_a_kind_that_there_is_not():
    with pytest.raises(
        ParameterError, match="found 'film'; needed 'photo', 'recording' or 'table'"
    ):
        sample_names("film")
