"""``gmmkit doctor``: what this installation consists of, and what is missing."""

import json
import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from gmmkit.cli.compiler_cache import is_temporary, writable_cache
from gmmkit.cli.session import collected_warnings, debug_option, one_line, put
from gmmkit.errors import GmmkitError, RegistryError

_SCHEMA = "gmmkit.doctor/1"
# Extras that only developers of gmmkit need are no loss to anyone else.
_EXTRAS_OF_DEVELOPERS = {"test", "dev", "all"}
_MADE_SAMPLES = ("tables", "recordings")

Report = dict[str, Any]


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--registry",
    type=click.Path(path_type=Path),
    metavar="PEOPLE.db",
    help="Also read all of a registry of speakers, and say what is wrong with it.",
)
@debug_option
def doctor_command(*, as_json: bool, registry: Path | None) -> int:
    """Show versions, threads, the compiler cache and what is missing.

    Paste the output into a problem report. The exit code is 0 whatever it finds, and 4 for a
    registry that is damaged.
    """
    report = examine()
    if registry is not None:
        report["registry"] = examine_registry(registry)
    put(json.dumps(report, indent=2) if as_json else describe(report))
    return RegistryError.exit_code if registry and report["registry"]["damage"] else 0


def examine() -> Report:
    """Gather everything that ``gmmkit doctor`` tells.

    Returns
    -------
    dict
        Plain values, ready for JSON.

    Examples
    --------
    >>> report = examine()
    >>> report["schema"], report["packages"]["numpy"] is None
    ('gmmkit.doctor/1', False)
    """
    from gmmkit import __version__

    packages, extras = _dependencies()
    return {
        "schema": _SCHEMA,
        "gmmkit_version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "location": str(Path(__file__).parent.parent),
        "packages": {name: _version(name) for name in packages},
        "extras": {extra: {name: _version(name) for name in extras[extra]} for extra in extras},
        "cpu_threads": _cpu_threads(),
        "blas": _blas(),
        "compiler_cache": _compiler_cache(),
        "samples": _samples("photo"),
        "sample_tables": _samples("table"),
        "sample_recordings": _samples("recording"),
        "backgrounds": _backgrounds(),
    }


def examine_registry(path: Path) -> Report:
    """Read everything in a registry of speakers, and gather what is wrong.

    Raises
    ------
    GmmkitError
        If it is missing, or not to be opened as a registry at all.
    """
    from gmmkit.cli.speaker.registries import store_of

    with collected_warnings(), store_of(path) as store:
        damage = [{"name": each.name, "problem": each.problem} for each in store.check()]
        return {"path": str(path), "people": len(store), "damage": damage}


def describe(report: Mapping[str, Any]) -> str:
    """Write the report of `examine` as lines of text.

    Examples
    --------
    >>> print(describe(examine()).splitlines()[0])  # doctest: +ELLIPSIS
    gmmkit            ... at ...
    """
    lines = [
        ("gmmkit", f"{report['gmmkit_version']} at {report['location']}"),
        ("Python", f"{report['python']} on {report['platform']}"),
        *((name, version or "MISSING") for name, version in report["packages"].items()),
        *((f"extra {name}", _extra_line(name, report)) for name in report["extras"]),
        ("CPU threads", str(report["cpu_threads"])),
        ("BLAS", "; ".join(map(_blas_line, report["blas"])) or "none that can be limited"),
        ("compiler cache", _cache_line(report["compiler_cache"])),
        ("sample photos", ", ".join(report["samples"]) or "none found in scikit-image"),
        *((f"sample {kind}", _sample_line(report[f"sample_{kind}"])) for kind in _MADE_SAMPLES),
        *((f"voices, {name}", problem) for name, problem in _background_lines(report)),
        *(("registry", line) for line in _registry_lines(report)),
    ]
    missing = [name for name, version in report["packages"].items() if version is None]
    advice = f"\nRepair with: pip install {' '.join(missing)}" if missing else ""
    return "\n".join(f"{label:<17} {text}" for label, text in lines) + advice


def _extra_line(extra: str, report: Mapping[str, Any]) -> str:
    missing = [name for name, version in report["extras"][extra].items() if version is None]
    if missing:
        return f'without {", ".join(missing)}; add with: pip install "gmmkit[{extra}]"'
    return ", ".join(f"{name} {version}" for name, version in report["extras"][extra].items())


def _blas_line(library: Mapping[str, Any]) -> str:
    return f"{library['name']} {library['version']}, {library['threads']} threads"


def _cache_line(cache: Mapping[str, Any]) -> str:
    if cache["directory"] is None:
        return "no directory is writable: kernels are compiled anew in every run"
    if cache["temporary"]:
        return "no lasting directory is writable: kernels are compiled anew in every run"
    warmth = "warm" if cache["warm"] else "cold: the next fit compiles first"
    return f"{cache['directory']} ({warmth})"


def _background_lines(report: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return ((name, problem or "ready") for name, problem in report["backgrounds"].items())


def _registry_lines(report: Mapping[str, Any]) -> list[str]:
    registry = report.get("registry")
    if registry is None:
        return []
    if not registry["damage"]:
        return [f"{registry['path']}: sound, {registry['people']:,} enrolled"]
    return [one_line(each["problem"]) for each in registry["damage"]]


def _sample_line(names: Sequence[str]) -> str:
    return ", ".join(names) or "none found; install gmmkit again"


def _samples(kind: str) -> list[str]:
    """Return the names of samples, none where they are not installed."""
    from gmmkit.io.samples import sample_names

    try:
        return list(sample_names(kind))
    except (GmmkitError, OSError):
        return []


def _backgrounds() -> dict[str, str | None]:
    """Return what is wrong with each background model that comes with gmmkit, None if nothing."""
    from gmmkit.speaker.presets import PRESETS

    return {name: _background_problem(name) for name in PRESETS}


def _background_problem(name: str) -> str | None:
    from gmmkit.speaker.presets import load_background

    try:
        load_background(name)
    except (GmmkitError, OSError) as error:
        return f"{error}; install gmmkit again"
    return None


def _dependencies() -> tuple[list[str], dict[str, list[str]]]:
    """Names of the packages that gmmkit's own metadata requires, and those of each extra."""
    from importlib import metadata

    try:
        requirements = metadata.requires("gmmkit") or []
    except metadata.PackageNotFoundError:
        # A source tree on the path without an installation says nothing about its packages.
        requirements = ["numpy", "scipy", "numba", "click", "rich"]
    required, extras = [], dict[str, list[str]]()
    for requirement in requirements:
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        name = _name_of(requirement)
        if extra is None:
            required.append(name)
        elif extra[1] not in _EXTRAS_OF_DEVELOPERS:
            extras.setdefault(extra[1], []).append(name)
    return required, extras


def _name_of(requirement: str) -> str:
    match = re.match(r"[\w.-]+", requirement)
    return match[0] if match else requirement


def _version(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _cpu_threads() -> int:
    """Threads that this process may run on; a container often has fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _blas() -> list[Report]:
    # Only a library that is loaded can be asked; these two load the ones that gmmkit uses.
    import numpy  # noqa: F401
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    pools: Iterable[Mapping[str, Any]] = threadpool_info()
    return [
        {
            "name": pool["internal_api"],
            "version": pool["version"],
            "threads": pool["num_threads"],
        }
        for pool in pools
        if pool["user_api"] == "blas"
    ]


def _compiler_cache() -> Report:
    directory = writable_cache()
    if directory is None:
        return {"directory": None, "temporary": False, "warm": False}
    kept = [*directory.glob("*.nbi"), *directory.glob("core_*/*.nbi")]
    return {
        "directory": str(directory),
        "temporary": is_temporary(directory),
        "warm": bool(kept),
    }
