"""A record comes back from its bytes exactly as it was, or is refused."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import make_record, stable

from gmmkit.errors import ParameterError, StoredRecordError
from gmmkit.io.container import pack_container
from gmmkit.speaker.storage.record import LARGEST_RECORD, Record

ROW = np.arange(8, dtype=np.int8)


def assert_same(one, other):
    assert (one.name, dict(one.facts)) == (other.name, dict(other.facts))
    assert one.arrays.keys() == other.arrays.keys()
    for mine, theirs in [
        (one.projection, other.projection),
        *((one.arrays[key], other.arrays[key]) for key in one.arrays),
    ]:
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
        assert mine.tobytes() == theirs.tobytes()


facts = st.dictionaries(
    st.sampled_from(["seconds", "recordings", "made", "rates"]),
    st.one_of(
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.booleans(),
        st.lists(st.integers(0, 9), max_size=3),
    ),
)


@stable
@given(
    facts,
    st.sampled_from(["f8", "f4", "f2", "i8", "u1", "?", ">f4"]),
    st.sampled_from([(), (0,), (3,), (2, 3), (1, 2, 2)]),
    st.sampled_from(["f2", "f4", "i1"]),
)
def test_a_record_comes_back_from_its_bytes_exactly(facts, kind, shape, projection):
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind)
    record = Record(
        "Zoë", {"x": values, "projection": values}, np.arange(5, dtype=projection), facts
    )
    assert_same(Record.decode(record.encode()), record)


def test_the_same_record_gives_the_same_bytes():
    assert make_record().encode() == make_record().encode()


def test_a_record_travels_to_another_process_and_stays_frozen():
    record = make_record()
    travelled = pickle.loads(pickle.dumps(record))
    assert_same(travelled, record)
    assert not travelled.arrays["weight"].flags.writeable


def test_later_changes_of_what_was_given_do_not_reach_the_record():
    weight = np.ones(2)
    record = Record("ana", {"weight": weight}, ROW)
    weight[0] = 7
    assert record.arrays["weight"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="read-only"):
        record.arrays["weight"][0] = 7


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("a\n", {}, ROW, {}), r"U\+000A"),
        (("ana", {"a/b": ROW}, ROW, {}), "'a/b'"),
        (("ana", {"": ROW}, ROW, {}), "''"),
        (("ana", {"x": np.array([np.nan])}, ROW, {}), "no numbers"),
        (("ana", {"x": np.array([1j])}, ROW, {}), "complex128"),
        (("ana", {"x": np.array([{}])}, ROW, {}), "object"),
        (("ana", {}, np.zeros((2, 2), np.int8), {}), r"shape \(2, 2\)"),
        (("ana", {}, np.zeros(0, np.int8), {}), r"shape \(0,\)"),
        (("ana", {}, np.zeros(513, np.float16), {}), r"shape \(513,\)"),
        (("ana", {}, np.zeros(4), {}), "float64"),
        (("ana", {}, ROW, {"x": np.inf}), "inf"),
        (("ana", {}, ROW, {"x": None}), "None"),
        (("ana", {}, ROW, {"x": {}}), "{}"),
        (("ana", {}, ROW, {"x": [[1]]}), r"\[1\]"),
        (("ana", {}, ROW, {"fingerprints": "abc"}), "'abc'"),
        (("ana", {}, ROW, {"fingerprints": ["\ud800"]}), "ud800"),
    ],
)
def test_what_cannot_be_kept_is_refused(arguments, found):
    with pytest.raises(ParameterError, match=found):
        Record(*arguments)


def test_a_record_beyond_the_cap_is_refused_before_it_is_stored():
    record = Record("ana", {"x": np.zeros(LARGEST_RECORD, np.int8)}, ROW)
    with pytest.raises(ParameterError, match="'ana' is too large: found 67,1"):
        record.encode()


def packed(changes=(), arrays=None):
    metadata = {"schema": 1, "name": "ana", "facts": {}} | dict(changes)
    return pack_container(metadata, {"projection": ROW} if arrays is None else arrays)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b"", "0 bytes"),
        (pickle.dumps({"name": "ana"}), "a pickle"),
        (make_record().encode()[:-1], "bytes of arrays"),
        (make_record().encode() + b"\0", "bytes of arrays"),
        (packed({"schema": 2}), "schema 2"),
        (packed({"schema": True}), "schema True"),
        (packed({"more": 1}), "another description"),
        (packed({"facts": []}), "another description"),
        (packed({"name": "a\nb"}), r"U\+000A"),
        (packed({"facts": {"x": None}}), "None"),
        (packed(arrays={}), r"shape \(0,\)"),
        (packed(arrays={"projection": ROW, "array/x": np.array([np.inf])}), "no numbers"),
    ],
)
def test_bytes_that_are_no_record_are_refused_by_name(payload, found):
    with pytest.raises(StoredRecordError, match=found) as caught:
        Record.decode(payload, "the record of 'ana' in people.db")
    assert caught.value.exit_code == 4
    assert str(caught.value).startswith("the record of 'ana' in people.db")
