"""From the pixels of one or many pictures to a model: which rows, the fit, and its contract."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from warnings import warn

import numpy as np

from gmmkit.core.checks import check_count
from gmmkit.core.execution import threads
from gmmkit.core.mixture import Mixture
from gmmkit.errors import FeatureContractError, FitWarning, InputError, ParameterError
from gmmkit.image.features import (
    DEFAULT_FEATURES,
    FeatureSet,
    FeaturesLike,
    check_functions,
    feature_text,
    is_default,
    named_features,
    parse_features,
    reads_bands,
)
from gmmkit.image.labeling import FeatureMap
from gmmkit.image.pixels import (
    BoolArray,
    Float32Array,
    Float64Array,
    ImageLike,
    Raster,
    as_raster,
    distinct_colors,
)
from gmmkit.image.tiles import cut

if TYPE_CHECKING:
    from gmmkit.io.model import Model

MODEL_KIND = "image-classes"
MIXTURE_NAME = "classes"
DEFAULT_FIT_PIXELS = 1_000_000
# Nats a pixel: gains below this hardly move a label.
FIT_TOLERANCE = 1e-3

Seed: TypeAlias = int | Sequence[int] | None


def prepare(
    image: ImageLike, features: FeaturesLike, mask: Any = None, *, color: bool = False
) -> tuple[Raster, FeatureSet]:
    """Return a picture that can be used with the features, and these for its channels.

    With `color`, gray is repeated in three channels.
    """
    raster = _raster_of(image, features, mask, color=color)
    return raster, _suitable(features, raster)


def _raster_of(
    image: ImageLike, features: FeaturesLike, mask: Any = None, *, color: bool = False
) -> Raster:
    raster = as_raster(image, mask, as_bands=reads_bands(features))
    if not color or raster.n_channels != 1:
        return raster
    pixels = np.broadcast_to(np.asarray(raster.pixels), (*raster.shape, 3))
    return replace(raster, pixels=pixels, colors=True)


def _suitable(features: FeaturesLike, raster: Raster) -> FeatureSet:
    chosen = parse_features(features, raster.n_channels, colors=raster.colors)
    chosen.check(raster)
    return chosen


def sample_rows(
    rows: FeatureMap, largest: int, seed: Seed = None, n_threads: int | None = None
) -> Float32Array:
    """Return the features of all pixels that count, or of `largest` of them chosen by the seed.

    Examples
    --------
    >>> from gmmkit.image.labeling import feature_map
    >>> picture, features = prepare(np.zeros((4, 6), np.uint8), "lab")
    >>> sample_rows(feature_map(picture, features), 10, seed=0).shape
    (10, 1)
    """
    chosen = _chosen_pixels(rows.raster, largest, seed)
    tiles = cut(rows.raster.shape)
    with threads(1 if len(tiles) == 1 else n_threads) as executor:
        pieces = executor.map(lambda tile: rows.at(tile)[chosen[tile.window]], tiles)
        return np.concatenate(list(pieces))


def _chosen_pixels(raster: Raster, largest: int, seed: Seed) -> BoolArray:
    valid = np.ones(raster.shape, dtype=bool) if raster.mask is None else raster.mask
    if raster.n_valid <= largest:
        return valid
    random = np.random.default_rng(seed)
    numbers = random.choice(raster.n_valid, largest, replace=False, shuffle=False)
    among_valid = np.zeros(raster.n_valid, dtype=bool)
    among_valid[numbers] = True
    if raster.mask is None:
        return among_valid.reshape(raster.shape)
    chosen = np.zeros(raster.shape, dtype=bool)
    chosen[raster.mask] = among_valid
    return chosen


def supported_classes(raster: Raster, k: int) -> int:
    """Return k, or with a warning the number of different colors when that is less."""
    n_colors = distinct_colors(raster, limit=k)
    if n_colors < k:
        found = f"{n_colors} color" + ("s" if n_colors > 1 else "")
        warn(FitWarning(f"{raster.name} has {found}, fewer than {k} classes"), stacklevel=3)
    return n_colors


def class_model(
    mixture: Mixture, features: FeatureSet, notes: Mapping[str, str] | None = None
) -> "Model":
    """Return a mixture of pixel classes as a model that can be saved."""
    from gmmkit.io.model_value import Model

    return Model(
        kind=MODEL_KIND,
        contract=features.contract(),
        mixtures={MIXTURE_NAME: mixture},
        arrays={},
        notes=dict(notes or {}),
    )


def load_class_model(model: "Model | str | Path") -> "Model":
    """Return a model of pixel classes, read from its file when a path is given.

    Raises
    ------
    FeatureContractError
        If it is a model of something else.
    """
    from gmmkit.io.model import load

    loaded = load(model) if isinstance(model, str | Path) else model
    kind = loaded.kind if hasattr(loaded, "kind") else "mixture"
    if kind != MODEL_KIND:
        raise FeatureContractError(
            f"{_label(model)} does not describe classes of pixels",
            found=f"a model of kind {kind!r}",
            needed=f"kind {MODEL_KIND!r}",
            hint="use a model that was saved after segmenting a picture",
        )
    return cast("Model", loaded)


def _label(model: "Model | str | Path") -> str:
    return str(model) if isinstance(model, str | Path) else "the model"


def prepare_for_model(
    image: ImageLike, given: "Model | str | Path", features: FeaturesLike, mask: Any = None
) -> tuple["Model", Raster, FeatureSet]:
    """Return a model, a picture and the model's features, or raise FeatureContractError.

    The default features stand for those of the model; a gray picture is read as color when the
    model needs color.
    """
    model, label = load_class_model(given), _label(given)
    recorded = str(model.contract.get("features"))
    wanted = recorded if is_default(features) and _is_known(recorded) else features
    check_functions(recorded, named_features(wanted), label)
    raster, chosen = prepare_like(model, image, wanted, mask, label=label)
    mixture = model.mixtures.get(MIXTURE_NAME)
    if mixture is None or mixture.n_features != len(chosen.columns):
        raise FeatureContractError(
            f"{label} has no mixture that fits its own contract",
            found=f"mixtures {sorted(model.mixtures)}",
            needed=f"{MIXTURE_NAME!r} with {len(chosen.columns)} columns",
        )
    return model, raster, chosen


def prepare_like(
    model: "Model", image: ImageLike, features: FeaturesLike, mask: Any, *, label: str
) -> tuple[Raster, FeatureSet]:
    """Return a picture and its features as those that a model was made of.

    Raises
    ------
    FeatureContractError
        If the picture has other channels, or the features are others.
    """
    from gmmkit.io.model_value import check_contract

    color = model.contract.get("channels") == "color"
    raster = _raster_of(image, features, mask, color=color)
    _check_channels(model, raster, features, label)
    chosen = _suitable(features, raster)
    check_contract(model, chosen.contract(), label)
    return raster, chosen


def _check_channels(model: "Model", raster: Raster, features: FeaturesLike, label: str) -> None:
    """Refuse other channels than the model's, before its features are found not to have them."""
    n_channels = model.contract.get("n_channels")
    if n_channels == raster.n_channels:
        return
    kind = FeatureSet(named_features(features), raster.n_channels).kind
    raise FeatureContractError(
        f"{label} was made for other pictures than {raster.name}",
        found=f"a model for channels={model.contract.get('channels')!r}, n_channels={n_channels}",
        needed=f"one for channels={kind!r}, n_channels={raster.n_channels}",
        hint="use it on pictures of the kind that it was fitted to, or fit a new one",
    )


def _is_known(features: str) -> bool:
    try:
        return feature_text(features) == features
    except ParameterError:
        return False


def fit_shared(
    images: Iterable[ImageLike],
    k: int = 5,
    *,
    features: FeaturesLike = DEFAULT_FEATURES,
    covariance: str = "full",
    seed: int | None = 0,
    n_init: int = 1,
    max_fit_pixels: int = DEFAULT_FIT_PIXELS,
    n_threads: int | None = None,
) -> "Model":
    """Fit one mixture to many pictures, so that a class means the same in each of them.

    Every picture gives the same number of pixels, chosen by the seed (all of them, if it has
    fewer), so that a large photo counts no more than a small one. Pictures are read one after the
    other and not kept. The first says whether the model is of gray, color or bands; gray pictures
    among color ones are read as color.

    Parameters
    ----------
    images : iterable of array_like, Picture, str or Path
        As in `segment`; at least one.
    k : int
        Number of classes, numbered by mixture weight, largest first.
    features, covariance, seed, n_init, n_threads
        As in `segment`.
    max_fit_pixels : int
        How many pixels the mixture is fitted to, over all pictures.

    Returns
    -------
    Model
        For the `model` argument of `segment`, or for `gmmkit.save`.

    Raises
    ------
    InputError
        If there is no picture, or one that cannot be used.
    FeatureContractError
        If a picture has other channels than the first.

    Examples
    --------
    >>> dark, light = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 200, np.uint8)
    >>> model = fit_shared([dark, light], k=2)
    >>> model.mixtures["classes"].n_components
    2
    """
    from gmmkit.core.fits.fitting import fit

    pool = _Pool(check_count(max_fit_pixels, "max_fit_pixels"), seed, n_threads)
    wanted = check_count(k, "k")
    for image in images:
        pool = pool.joined_by(_shared_rows(image, features, pool.features))
    if pool.features is None:
        raise InputError("there is no picture to fit", found="none", needed="at least one")
    result = fit(
        np.concatenate(pool.blocks),
        wanted,
        covariance=covariance,
        seed=seed,
        n_init=n_init,
        start="kmeans",
        floor=pool.floor,
        tol=FIT_TOLERANCE,
        n_threads=n_threads,
    )
    order = np.argsort(-result.mixture.weights, kind="stable").tolist()
    notes = {"pictures": str(len(pool.blocks)), "seed": str(seed)}
    return class_model(result.mixture.reordered(order), pool.features, notes)


@dataclass(frozen=True)
class _Pool:
    """Rows of the pictures so far, in equal parts that get smaller as more pictures join."""

    largest: int
    seed: int | None
    n_threads: int | None
    blocks: tuple[Float32Array, ...] = ()
    floor: Float64Array | None = None
    features: FeatureSet | None = None

    def joined_by(self, rows: FeatureMap) -> "_Pool":
        number = len(self.blocks)
        share = max(1, self.largest // (number + 1))
        seed = None if self.seed is None else [self.seed, number]
        block = sample_rows(rows, share, seed, self.n_threads)
        # In random order, so that the beginning of a block is a sample too.
        np.random.default_rng(seed).shuffle(block)
        blocks = tuple(each[:share].copy() for each in (*self.blocks, block))
        floor = rows.features.floor(rows.raster.pixels.dtype, rows.raster.shape)
        floor = floor if self.floor is None else np.minimum(floor, self.floor)
        return replace(self, blocks=blocks, floor=floor, features=rows.features)


def _shared_rows(image: ImageLike, features: FeaturesLike, first: FeatureSet | None) -> FeatureMap:
    """Return the features of a picture among others, or raise FeatureContractError."""
    raster, chosen = prepare(image, features, color=first is not None and first.kind == "color")
    if first is not None and first != chosen:
        raise FeatureContractError(
            f"{raster.name} cannot share a model with the pictures before it",
            found=f"{chosen.kind} with {chosen.channels} channels",
            needed=f"{first.kind} with {first.channels}",
            hint="fit pictures of one kind together",
        )
    return FeatureMap(raster, chosen)
