"""The house rules of gmmkit/README.md, held by reading the code rather than by reviewing it."""

import ast
import importlib
import pkgutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import gmmkit

PACKAGE = Path(gmmkit.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))

LAYERS = (
    {"errors", "lazy"},
    {"core"},
    {"algebra", "backends", "estimators", "io", "plot", "report"},
    {"image", "lesson", "speaker", "tabular", "navigation"},
    {"cli"},
    {"__main__"},
)
FLOOR_OF = {part: floor for floor, parts in enumerate(LAYERS) for part in parts}

HEAVY = (
    "polars",
    "dask",
    "distributed",
    "scipy",
    "sklearn",
    "skimage",
    "PIL",
    "numba",
    "librosa",
    "rich",
    "click",
    "tifffile",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def part_of(module: Path) -> str:
    """The package or module directly below gmmkit that a file belongs to."""
    return module.parts[0].removesuffix(".py")


def imported_parts(module: Path) -> Iterator[str]:
    """What a file imports from gmmkit, inside functions and for type checkers too."""
    for node in ast.walk(ast.parse((PACKAGE / module).read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively in line {node.lineno}"
            own = node.module == "gmmkit"
            names = [f"gmmkit.{a.name}" for a in node.names] if own else [node.module or ""]
        parts = (name.split(".") for name in names)
        yield from (part[1] for part in parts if part[0] == "gmmkit" and len(part) > 1)


def functions_of(module: Path) -> Iterator[Function]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(ast.parse((PACKAGE / module).read_text("utf-8"))):
        if isinstance(node, Function):
            yield node


def body_length(function: Function) -> int:
    """Lines of a body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    end = body[-1].end_lineno if body else None
    return end - body[0].lineno + 1 if end else 0


def public_definitions(module: Path) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Classes, functions and methods that others may use."""
    for node in ast.parse((PACKAGE / module).read_text("utf-8")).body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, Function) and not _is_private_or_stub(inner):
                    yield f"{node.name}.{inner.name}", inner


def _is_private_or_stub(method: Function) -> bool:
    """A protocol's method is described by its protocol; its body is an ellipsis."""
    last = method.body[-1]
    stub = isinstance(last, ast.Expr) and getattr(last.value, "value", None) is ...
    return method.name.startswith("_") or stub


def submodules() -> Iterator[ModuleType]:
    yield gmmkit
    for found in pkgutil.walk_packages(gmmkit.__path__, "gmmkit."):
        yield importlib.import_module(found.name)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_flow_one_way(module: Path) -> None:
    part = part_of(module)
    if part == "__init__":
        return  # names everything, loads nothing: held by the test of `import gmmkit`
    for imported in set(imported_parts(module)) - {part, "__version__"}:
        assert FLOOR_OF[imported] < FLOOR_OF[part], f"{module} imports gmmkit.{imported}"


@pytest.mark.parametrize(
    ("statement", "loaded_too"),
    [
        ("import gmmkit", ()),
        ("import gmmkit.core.mixture", ()),
        ("from gmmkit.cli.app import run; run(['--help'])", ("click",)),
        ("from gmmkit.cli.app import run; run(['segment', '--help'])", ("click",)),
    ],
)
def test_what_is_not_needed_is_not_loaded(statement: str, loaded_too: tuple[str, ...]) -> None:
    report = f"{statement}; import sys; print(sorted({{m.split('.')[0] for m in sys.modules}}))"
    run = subprocess.run(
        [sys.executable, "-c", report],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = ast.literal_eval(run.stdout.splitlines()[-1])
    assert set(HEAVY).intersection(loaded) == set(loaded_too)


def test_no_module_takes_the_name_of_something_public() -> None:
    modules = list(submodules())
    packages = {module.__name__ for module in modules if hasattr(module, "__path__")}
    packages |= {"gmmkit.algebra", "gmmkit.speaker.metrics"}
    for module in modules:
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            hidden = isinstance(value, ModuleType) and value.__name__ not in packages
            assert not hidden, f"{module.__name__}.{name} is the module, not what it should be"


def test_every_public_name_can_be_used_after_every_module_is_imported() -> None:
    assert len(list(submodules())) > 10
    given = {name: getattr(gmmkit, name) for name in gmmkit.__all__ if name != "__version__"}
    for name, value in given.items():
        assert callable(value) or isinstance(value, ModuleType), name


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_file_has_one_idea(module: Path) -> None:
    text = (PACKAGE / module).read_text("utf-8")
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text)), "a file begins with its idea"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_function_is_long(module: Path) -> None:
    longest = max(functions_of(module), key=body_length, default=None)
    assert longest is None or body_length(longest) <= 40, longest.name


def test_functions_are_short_as_a_rule() -> None:
    lengths = [body_length(function) for module in MODULES for function in functions_of(module)]
    assert statistics.median(lengths) < 10


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_everything_public_is_described(module: Path) -> None:
    bare = [name for name, node in public_definitions(module) if not ast.get_docstring(node)]
    assert not bare


def test_every_name_that_users_are_given_has_an_example() -> None:
    packages = [module for module in submodules() if hasattr(module, "__path__")]
    given = {
        f"{package.__name__}.{name}": getattr(package, name)
        for package in packages
        for name in getattr(package, "__all__", ())
    }
    described = {name: value.__doc__ for name, value in given.items() if callable(value)}
    assert "gmmkit.fit" in described
    assert "gmmkit.image.segment" in described
    assert [name for name, text in described.items() if ">>>" not in (text or "")] == []
