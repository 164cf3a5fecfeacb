"""Registries for tests of the speakers' package."""

import pytest
from voices import quick, write_five_people

from gmmkit.speaker.registry import Registry


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """The five of data/speech, in a file that no test may change."""
    return Registry.open(write_five_people(tmp_path_factory.mktemp("people") / "people.db"))


@pytest.fixture
def copy(tmp_path):
    """The five of data/speech, in a file of the test's own."""
    return Registry.open(write_five_people(tmp_path / "people.db"))


@pytest.fixture
def small(tmp_path):
    """A new registry of a background model that is quick and knows nothing."""
    return Registry.open(tmp_path / "small.db", background=quick())
