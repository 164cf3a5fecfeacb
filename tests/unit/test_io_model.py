"""Model files: what is saved comes back bit for bit, and the same model gives the same bytes."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from gmmkit.core.covariance import Covariance
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.errors import (
    FeatureContractError,
    FileAccessError,
    OutputExistsError,
    OutputWriteError,
    ParameterError,
)
from gmmkit.io import model as model_files
from gmmkit.io.container import pack_container, unpack_container
from gmmkit.io.model import Model, check_contract, load, save

_RNG = np.random.default_rng(3)
_ROOTS = _RNG.standard_normal((3, 4, 4))
_FULL = _ROOTS @ _ROOTS.transpose(0, 2, 1) + np.eye(4)
VALUES = {
    "full": _FULL,
    "tied": _FULL[0],
    "diag": _RNG.random((3, 4)) + 0.1,
    "spherical": _RNG.random(3) + 0.1,
}


def mixture(family="full", noise=None):
    weights = np.array([0.2, 0.3, 0.5]) * (1 - (noise.weight if noise else 0))
    means = np.random.default_rng(4).standard_normal((3, 4)) * 1e3
    return Mixture(weights, means, Covariance(family, VALUES[family]), noise)


@pytest.mark.parametrize("family", sorted(VALUES))
def test_a_mixture_of_every_family_comes_back_bit_for_bit(tmp_path, family):
    before = mixture(family)
    save(before, tmp_path / "m.gmm")
    after = load(tmp_path / "m.gmm")
    assert isinstance(after, Mixture)
    assert after.covariance.family.name == family
    for name in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_the_family_stores_its_own_parameters_only(tmp_path):
    save(mixture("full"), tmp_path / "full.gmm")
    save(mixture("spherical"), tmp_path / "spherical.gmm")
    # Three lower triangles of ten numbers against three numbers.
    sizes = [(tmp_path / f"{name}.gmm").stat().st_size for name in ("full", "spherical")]
    assert sizes[0] - sizes[1] == pytest.approx((30 - 3) * 8, abs=16)


def test_noise_comes_back(tmp_path):
    save(mixture(noise=Noise(0.125, -17.3)), tmp_path / "m.gmm")
    assert load(tmp_path / "m.gmm").noise == Noise(0.125, -17.3)


def test_a_model_comes_back_with_everything_in_it(tmp_path):
    contract = {"rate": 16000, "hop": 0.01, "name": "mfcc", "deltas": True, "bands": [1, 2.5, "x"]}
    arrays = {"counts": np.arange(6, dtype=np.int32).reshape(2, 3), "flags": np.array([True])}
    before = Model("voices", contract, {"ubm": mixture()}, arrays, {"author": "Zoë\n<b>"})
    save(before, tmp_path / "m.gmm")
    after = load(tmp_path / "m.gmm")
    assert (after.kind, after.contract, after.notes) == ("voices", before.contract, before.notes)
    np.testing.assert_array_equal(after.mixtures["ubm"].means, before.mixtures["ubm"].means)
    np.testing.assert_array_equal(after.arrays["counts"], arrays["counts"])
    assert after.arrays["counts"].dtype == np.int32
    assert after.arrays["flags"].tolist() == [True]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(24.0).reshape(4, 6)[::2, ::3],
        np.arange(3, dtype=">f8"),
    ],
    ids=["transposed", "strided", "big-endian"],
)
def test_arrays_in_any_memory_order_come_back_unscrambled(tmp_path, array):
    save(Model("x", arrays={"a": array}), tmp_path / "m.gmm")
    np.testing.assert_array_equal(load(tmp_path / "m.gmm").arrays["a"], array)


def test_a_container_packs_arrays_in_any_memory_order_unscrambled():
    array = np.arange(12.0).reshape(3, 4).T
    _, arrays = unpack_container(pack_container({}, {"a": array}), "m.gmm")
    np.testing.assert_array_equal(arrays["a"], array)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1, 1, 1)])
def test_arrays_of_odd_shapes_keep_them(tmp_path, shape):
    save(Model("x", arrays={"a": np.ones(shape)}), tmp_path / "m.gmm")
    assert load(tmp_path / "m.gmm").arrays["a"].shape == shape


def test_the_same_model_gives_the_same_bytes_in_every_process(tmp_path):
    code = """
import sys, numpy as np
from gmmkit.io.container import pack_container, unpack_container
from gmmkit.io.model import Model, save
contract = {name: 1 for name in sys.argv[2]}
save(Model("x", contract, arrays={name: np.ones(3) for name in sys.argv[2]}), sys.argv[1])
"""
    for index, letters in enumerate(["abcdefgh", "hgfedcba"]):
        command = [sys.executable, "-c", code, str(tmp_path / f"{index}.gmm"), letters]
        subprocess.run(command, check=True)
    assert (tmp_path / "0.gmm").read_bytes() == (tmp_path / "1.gmm").read_bytes()


def test_loading_imports_neither_scipy_nor_scikit_learn(tmp_path):
    save(mixture(), tmp_path / "m.gmm")
    code = f"import sys, gmmkit; gmmkit.load({str(tmp_path / 'm.gmm')!r})"
    check = "print([m for m in ('scipy', 'sklearn', 'numba', 'PIL') if m in sys.modules])"
    command = [sys.executable, "-c", f"{code}; {check}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    (tmp_path / "m.gmm").write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=r"m\.gmm"):
        save(mixture(), tmp_path / "m.gmm")
    assert (tmp_path / "m.gmm").read_bytes() == b"old"
    save(mixture(), tmp_path / "m.gmm", force=True)
    assert load(tmp_path / "m.gmm").n_components == 3


def test_bytes_that_do_not_read_back_are_never_written(tmp_path, monkeypatch):
    other = model_files.encode_model(Model("x", arrays={"a": np.ones(1)}))
    monkeypatch.setattr(model_files, "encode_model", lambda model: other)
    with pytest.raises(OutputWriteError, match=r"read back differently; needed"):
        save(Model("x", arrays={"a": np.ones(())}), tmp_path / "m.gmm")
    assert not list(tmp_path.iterdir())


def test_what_is_no_model_cannot_be_saved(tmp_path):
    with pytest.raises(ParameterError, match="found dict; needed a Mixture or a Model"):
        save({}, tmp_path / "m.gmm")


def test_a_missing_model_file_names_the_near_one(tmp_path):
    save(mixture(), tmp_path / "coffee.gmm")
    with pytest.raises(FileAccessError, match=r"Try: coffee\.gmm"):
        load(tmp_path / "cofee.gmm")


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "x" * 101, 7])
@pytest.mark.parametrize("field", ["contract", "mixtures", "arrays", "notes"])
def test_a_name_that_cannot_be_kept_is_refused(name, field):
    value = {"contract": 1, "mixtures": mixture(), "arrays": [1.0], "notes": "x"}[field]
    with pytest.raises(ParameterError, match="cannot name"):
        Model("x", **{field: {name: value}})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, {"a": 1}, [[1]], 1j])
def test_a_contract_value_that_cannot_be_compared_is_refused(value):
    with pytest.raises(ParameterError, match="'rate' cannot be kept in a file"):
        Model("x", {"rate": value})


@pytest.mark.parametrize("array", [["text"], [None], [1j], [np.nan], np.ones(2, "longdouble")])
def test_an_array_that_cannot_be_kept_is_refused(array):
    with pytest.raises(ParameterError, match="array 'a'"):
        Model("x", arrays={"a": array})


def test_a_model_cannot_be_changed():
    model = Model("x", {"rate": 1}, arrays={"a": [1.0]})
    with pytest.raises(TypeError):
        model.contract["rate"] = 2
    with pytest.raises(ValueError, match="read-only"):
        model.arrays["a"][0] = 2


def test_a_model_survives_the_way_to_another_process():
    model = pickle.loads(pickle.dumps(Model("x", {"rate": 1}, {"m": mixture()}, {"a": [1.0]})))
    assert (model.kind, dict(model.contract), model.arrays["a"].tolist()) == ("x", {"rate": 1}, [1])
    np.testing.assert_array_equal(model.mixtures["m"].means, mixture().means)


def test_the_arrays_given_are_copied():
    given = np.ones(2)
    model = Model("x", arrays={"a": given})
    given[0] = 5
    assert model.arrays["a"].tolist() == [1.0, 1.0]


def test_the_kind_of_a_bare_mixture_is_reserved():
    with pytest.raises(ParameterError, match="one bare mixture"):
        Model("mixture", {"rate": 1}, {"mixture": mixture()})


def test_a_contract_that_agrees_passes_whatever_the_sequence_type():
    model = Model("x", {"rate": 16000, "names": ["a", "b"]})
    assert check_contract(model, {"names": ("a", "b"), "rate": 16000.0}, "m.gmm") is None


@pytest.mark.parametrize(
    ("expected", "found", "needed"),
    [
        ({"rate": 16000, "n": 13}, "rate=8000", "rate=16000"),
        ({"rate": 8000}, "n=13", "no n"),
        ({"rate": 8000, "n": 13, "hop": 0.01}, "no hop", "hop=0.01"),
    ],
)
def test_another_contract_is_refused_with_both_sides(expected, found, needed):
    with pytest.raises(FeatureContractError, match=r"^m\.gmm was made for other") as caught:
        check_contract(Model("x", {"rate": 8000, "n": 13}), expected, "m.gmm")
    assert caught.value.exit_code == 4
    assert caught.value.found == f"a model for {found}"
    assert caught.value.needed == f"one for {needed}"
