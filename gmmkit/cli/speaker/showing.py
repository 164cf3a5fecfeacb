"""``gmmkit speaker show``: what is kept of a person, and what a registry was made with."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.results import Report, columns, json_text
from gmmkit.cli.session import collected_warnings, put
from gmmkit.cli.speaker.recordings import frontends_of
from gmmkit.cli.speaker.registries import registry_to_read

if TYPE_CHECKING:
    from gmmkit.speaker.features.frontend import Frontend
    from gmmkit.speaker.recognizers import Recognizer
    from gmmkit.speaker.registry import Registry

_UNSHOWN = frozenset({"fingerprints"})


def show(path: Path, name: str | None, *, as_json: bool) -> None:
    """Print what is kept of someone, or of a whole registry.

    Raises
    ------
    GmmkitError
        If the registry cannot be read, or nobody has that name.
    """
    with collected_warnings():
        registry = registry_to_read(path)
        report = _person(registry, name) if name is not None else _registry(registry)
    if as_json:
        put(json_text("speaker.show", {"registry": str(path), **report}))
        return
    put(columns(_lines(report), indent=0))


def _person(registry: "Registry", name: str) -> Report:
    record = registry.record(name)
    arrays = record.arrays.values()
    return {
        "name": record.name,
        "seconds": record.facts.get("seconds"),
        "recordings": record.facts.get("n_recordings"),
        "fingerprints": list(record.fingerprints),
        "bytes": sum(array.nbytes for array in arrays) + record.projection.nbytes,
        **_made_with(registry),
    }


def _registry(registry: "Registry") -> Report:
    return {
        "people": len(registry.names()),
        "bytes": registry.path.stat().st_size,
        **_made_with(registry),
    }


def _made_with(registry: "Registry") -> Report:
    contract = registry.recognizer.contract()
    return {
        "model": contract["model"],
        "background": contract.get("background"),
        "identity": contract.get("identity"),
        "calibrated": _is_calibrated(registry.recognizer),
        "frontends": [_frontend(each) for each in frontends_of(registry.recognizer)],
    }


def _is_calibrated(recognizer: "Recognizer") -> bool:
    holder = getattr(recognizer, "background", recognizer)
    return holder.calibration is not None


def _frontend(frontend: "Frontend") -> str:
    rate = f"{frontend.sample_rate / 1000:g} kHz"
    band = f"{frontend.n_filters} {frontend.filters} filters"
    how = f"{frontend.compression} compression, normalized by {frontend.normalization}"
    return f"{rate}, {band}, {how}, {frontend.n_features} features"


def _lines(report: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return a label and a text for each line; fingerprints are for programs alone."""
    shown = {key: value for key, value in report.items() if key not in _UNSHOWN}
    return [
        (key if index == 0 else "", _text(key, each))
        for key, value in shown.items()
        if value is not None
        for index, each in enumerate(value if isinstance(value, list) else [value])
    ]


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key == "seconds":
        return f"{value:.1f} of speech"
    return f"{value:,}" if isinstance(value, int) else str(value)
