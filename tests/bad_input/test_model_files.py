"""Model files that must not be loaded: each is refused by name, and nothing in them is executed."""

import json
import os
import pickle
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gmmkit.core.covariance import Covariance
from gmmkit.core.mixture import Mixture
from gmmkit.errors import ModelFileError
from gmmkit.io.model import LARGEST_FILE, Model, load, save

MIXTURE = Mixture([0.25, 0.75], [[0.0, 1.0], [2.0, 3.0]], [np.eye(2), 2 * np.eye(2)])


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    path = tmp_path_factory.mktemp("valid") / "m.gmm"
    arrays = {"counts": np.arange(3, dtype=np.int64)}
    save(Model("classes", {"rate": 8000}, {"m": MIXTURE}, arrays, {"by": "me"}), path)
    return path.read_bytes()


@pytest.fixture
def refuse(tmp_path):
    """Load bytes as a model file and return the error, after checking what all refusals share."""

    def read(payload):
        path = tmp_path / "m.gmm"
        path.write_bytes(payload)
        start = time.process_time()
        with pytest.raises(ModelFileError) as caught:
            load(path)
        error = caught.value
        assert time.process_time() - start < 1
        assert error.exit_code == 4
        assert str(path) in str(error)
        assert error.found
        assert error.needed
        assert os.listdir(tmp_path) == ["m.gmm"]
        return error

    return read


def parts(payload):
    length = int.from_bytes(payload[:8], "little")
    return json.loads(payload[8 : 8 + length]), payload[8 + length :]


def assembled(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def with_metadata(payload, change):
    header, data = parts(payload)
    metadata = json.loads(header["__metadata__"]["gmmkit"])
    change(metadata)
    header["__metadata__"]["gmmkit"] = json.dumps(metadata)
    return assembled(header, data)


def with_values(payload, name, index, value):
    header, data = parts(payload)
    begin, end = header[name]["data_offsets"]
    array = np.frombuffer(data[begin:end], "<f8").copy()
    array[index] = value
    return assembled(header, data[:begin] + array.tobytes() + data[end:])


def with_entry(payload, name, **changes):
    header, data = parts(payload)
    header[name] |= changes
    return assembled(header, data)


def test_the_untouched_file_loads(valid, tmp_path):
    (tmp_path / "m.gmm").write_bytes(assembled(*parts(valid)))
    assert load(tmp_path / "m.gmm").kind == "classes"


def test_zero_bytes(refuse):
    assert refuse(b"").found == "0 bytes"


def test_one_byte_missing(refuse, valid):
    assert "bytes of arrays" in refuse(valid[:-1]).found


def test_one_byte_too_many(refuse, valid):
    assert "bytes of arrays" in refuse(valid + b"\0").found


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 10**6, 1])
def test_a_header_length_that_is_not_true(refuse, valid, length):
    refuse(length.to_bytes(8, "little") + valid[8:])


def test_a_key_that_stands_twice_in_the_header(refuse, valid):
    header, data = parts(valid)
    text = json.dumps(header).encode()
    twice = text[:-1] + b', "array/counts": ' + json.dumps(header["array/counts"]).encode() + b"}"
    assert "'array/counts' stands twice" in refuse(assembled(twice, data)).found


def test_a_key_that_stands_twice_in_the_metadata(refuse, valid):
    header, data = parts(valid)
    text = header["__metadata__"]["gmmkit"]
    header["__metadata__"]["gmmkit"] = text[:-1] + ', "kind": "other"}'
    assert "'kind' stands twice" in refuse(assembled(header, data)).found


class _Executed:
    """Its unpickling would leave a file behind."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_named_and_nothing_in_it_is_executed(refuse, tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    assert refuse(pickle.dumps(_Executed(), protocol)).found == "a pickle"


def test_an_npz_is_named(refuse, tmp_path):
    np.savez(tmp_path / "m.npz", a=np.ones(3))
    payload = (tmp_path / "m.npz").read_bytes()
    (tmp_path / "m.npz").unlink()
    assert refuse(payload).found == "a ZIP archive such as an npz"


def test_a_safetensors_file_of_another_program(refuse):
    from safetensors.numpy import save as save_tensors

    payload = save_tensors({"weights": np.ones(3)}, metadata={"format": "pt"})
    assert refuse(payload).found == "a safetensors file of another program"


def test_a_newer_schema_names_the_version_that_wrote_it(refuse, valid):
    error = refuse(with_metadata(valid, lambda m: m.update(schema=2, version="9.1")))
    assert error.found == "schema 2 written by gmmkit 9.1"
    assert "upgrade" in error.hint


@pytest.mark.parametrize("schema", [0, "1", None, True, 1.0, [1]])
def test_an_unknown_schema(refuse, valid, schema):
    refuse(with_metadata(valid, lambda m: m.update(schema=schema)))


@pytest.mark.parametrize(
    "key", ["schema", "version", "kind", "contract", "mixtures", "arrays", "notes"]
)
def test_a_missing_part_of_the_description(refuse, valid, key):
    refuse(with_metadata(valid, lambda m: m.pop(key)))


@pytest.mark.parametrize("key", ["kind", "contract", "mixtures", "arrays", "notes"])
@pytest.mark.parametrize("value", [None, 7, [1], {"a": {"b": []}}, {"": 1}])
def test_a_part_of_the_description_of_the_wrong_kind(refuse, valid, key, value):
    refuse(with_metadata(valid, lambda m: m.update({key: value})))


def test_a_part_of_the_description_that_is_unknown(refuse, valid):
    assert "extra" in refuse(with_metadata(valid, lambda m: m.update(extra=1))).found


@pytest.mark.parametrize("name", ["mixture/m/means", "mixture/m/covariance", "array/counts"])
def test_an_array_that_is_missing_is_named(refuse, valid, name):
    header, data = parts(valid)
    header[f"{name}-renamed"] = header.pop(name)
    assert name in refuse(assembled(header, data)).found


def test_an_array_that_nothing_describes_is_named(refuse, valid):
    header, data = parts(valid)
    header["extra"] = {"dtype": "U8", "shape": [2], "data_offsets": [len(data), len(data) + 2]}
    error = refuse(assembled(header, data + b"\0\0"))
    assert error.found == "extra"


@pytest.mark.parametrize("name", ["mixture/m/weights", "array/counts"])
def test_an_array_of_another_type(refuse, valid, name):
    other = "I64" if name.startswith("mixture") else "F64"
    refuse(with_entry(valid, name, dtype=other))


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "nonsense", 7, None])
def test_a_type_that_does_not_exist(refuse, valid, dtype):
    refuse(with_entry(valid, "mixture/m/weights", dtype=dtype))


@pytest.mark.parametrize("key", ["n_components", "n_features"])
@pytest.mark.parametrize("value", [0, 1, 3, -2, 2.0, True, "2", 10**30])
def test_sizes_that_do_not_fit_the_arrays(refuse, valid, key, value):
    refuse(with_metadata(valid, lambda m: m["mixtures"]["m"].update({key: value})))


@pytest.mark.parametrize("family", ["diag", "spherical", "tied", "no such", 7, None, ["full"]])
def test_a_family_that_does_not_fit_the_arrays(refuse, valid, family):
    refuse(with_metadata(valid, lambda m: m["mixtures"]["m"].update(family=family)))


@pytest.mark.parametrize("noise", [1, "x", {}, {"weight": 2.0, "log_density": 0.0}, [0.5]])
def test_noise_that_is_none(refuse, valid, noise):
    refuse(with_metadata(valid, lambda m: m["mixtures"]["m"].update(noise=noise)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("part", ["weights", "means", "covariance"])
def test_a_parameter_that_is_no_number(refuse, valid, part, value):
    error = refuse(with_values(valid, f"mixture/m/{part}", 1, value))
    assert "NaN or infinite" in error.found


@pytest.mark.parametrize("weight", [-0.25, 0.15, 2.0])
def test_weights_that_are_no_distribution(refuse, valid, weight):
    refuse(with_values(valid, "mixture/m/weights", 0, weight))


@pytest.mark.parametrize("diagonal", [0.0, -1.0, -0.0])
def test_a_covariance_that_is_not_positive_definite(refuse, valid, diagonal):
    refuse(with_values(valid, "mixture/m/covariance", 0, diagonal))


@pytest.mark.parametrize("family", ["diag", "spherical"])
def test_a_variance_that_is_not_positive(refuse, tmp_path_factory, family):
    path = tmp_path_factory.mktemp("source") / "m.gmm"
    values = np.ones((2, 2)) if family == "diag" else np.ones(2)
    save(Mixture([0.5, 0.5], np.eye(2), Covariance(family, values)), path)
    refuse(with_values(path.read_bytes(), "mixture/mixture/covariance", 1, 0.0))


@pytest.mark.parametrize(
    "shape", [[10**9, 10**9], [2**63, 2**63], [-1], [2.0], [True, True], "2", None, [0, 10**18]]
)
def test_a_shape_that_does_not_fit_its_bytes_is_refused_before_any_allocation(refuse, valid, shape):
    refuse(with_entry(valid, "array/counts", shape=shape))


def test_a_shape_too_large_for_any_memory_is_compared_with_the_bytes_that_are_there(refuse, valid):
    error = refuse(with_entry(valid, "array/counts", shape=[10**9, 10**9]))
    assert error.found == "array 'array/counts' of 24 bytes"
    assert error.needed == "8,000,000,000,000,000,000 for its shape"


def test_bytes_that_belong_to_no_array_are_refused_by_their_place(refuse):
    header = {"__metadata__": {"gmmkit": "{}"}}
    header["a"] = {"dtype": "U8", "shape": [2], "data_offsets": [3, 5]}
    error = refuse(assembled(header, bytes(5)))
    assert (error.found, error.needed) == ("array 'a' beginning at byte 3", "byte 0")


@pytest.mark.parametrize(
    "offsets", [[0, 8], [-8, 16], [8, 0], [0, 2**63], [0], "08", None, [0.0, 24.0]]
)
def test_places_that_overlap_or_leave_gaps(refuse, valid, offsets):
    refuse(with_entry(valid, "array/counts", data_offsets=offsets))


@pytest.mark.parametrize(
    "header", [b"{", b"{}", b'{"a": NaN}', b"{" + b'"a":{' * 50_000, b"{\xff}"]
)
def test_a_header_that_is_no_description(refuse, header):
    refuse(assembled(header, b""))


def test_an_array_that_is_not_finite(refuse, tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "m.gmm"
    save(Model("x", arrays={"a": np.ones(3)}), path)
    refuse(with_values(path.read_bytes(), "array/a", 0, np.nan))


def test_markup_in_the_notes_is_text_like_any_other(tmp_path):
    save(Model("x", notes={"by": "<script>alert(1)</script>"}), tmp_path / "m.gmm")
    assert load(tmp_path / "m.gmm").notes["by"] == "<script>alert(1)</script>"


def test_a_file_beyond_two_gigabytes_is_refused_without_reading_it(tmp_path):
    with open(tmp_path / "m.gmm", "wb") as stream:
        stream.truncate(LARGEST_FILE + 1)
    with pytest.raises(ModelFileError, match=r"m\.gmm .*found 2,000,000,001 bytes; needed at most"):
        load(tmp_path / "m.gmm")


@settings(
    max_examples=400, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_gives_a_model_or_a_typed_refusal(valid, tmp_path, data):
    payload = bytearray(valid)
    for _ in range(data.draw(st.integers(0, 3))):
        payload[data.draw(st.integers(0, len(valid) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(valid)) | st.just(len(valid)))
    (tmp_path / "m.gmm").write_bytes(bytes(payload[:end]) + data.draw(st.binary(max_size=4)))
    try:
        model = load(tmp_path / "m.gmm")
    except ModelFileError:
        return
    assert all(np.isfinite(mixture.covariances).all() for mixture in model.mixtures.values())


def test_every_single_bit_of_the_header_may_be_wrong(valid, tmp_path):
    length = int.from_bytes(valid[:8], "little")
    for position in range(8 + length):
        payload = bytearray(valid)
        payload[position] ^= 1 << (position % 8)
        (tmp_path / "m.gmm").write_bytes(payload)
        try:
            assert isinstance(load(tmp_path / "m.gmm"), Model)
        except ModelFileError:
            continue
