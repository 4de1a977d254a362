"""What holds for the project as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import explorer
from explorer import errors

PACKAGE = Path(explorer.__file__).parent
PROJECT = Path(__file__).parents[1]
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_importing_the_package_loads_nothing_but_itself(tmp_path: Path) -> None:
    program = "import sys; before = set(sys.modules); import explorer; print(*set(sys.modules) - before)"
    shown = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert {name.partition(".")[0] for name in shown.stdout.split()} <= {"explorer", *sys.stdlib_module_names}
    assert {name for name in shown.stdout.split() if name.startswith("explorer")} == {"explorer"}


def test_what_is_public_is_what_is_documented() -> None:
    assert explorer.__all__ == [
        "Embedder", "ExplorerError", "Library", "Match", "Matches", "ModelIdentity", "Paper", "SearchOptions", "__version__",
    ]  # fmt: skip
    for name in explorer.__all__:
        assert getattr(explorer, name) is not None
        assert name in dir(explorer)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = explorer.nonsense


def test_every_error_is_in_the_tree_and_the_tree_is_true() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    defined = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert {kind.__name__ for kind in defined} == {"ExplorerError", *drawn}
    depth = {name: len(indent) // 4 for indent, name in re.findall(r"^    ([│ ├└─]*)(\w+)", errors.__doc__ or "", re.M)}
    for kind in defined[1:]:
        assert depth[kind.__name__] == len(kind.__mro__) - len(errors.ExplorerError.__mro__)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_readable(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert source.count("\n") <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 45, node.name
            parameters = [argument.arg for argument in node.args.args + node.args.kwonlyargs if argument.arg != "self"]
            assert len(parameters) <= (7 if parameters[:1] == ["cls"] or module.parent.name == "cli" else 6), node.name


def test_no_code_of_the_page_is_a_python_string() -> None:
    for module in MODULES:
        assert not re.search(r"addEventListener|document\.|<div|<script", module.read_text(encoding="utf-8")), module


def test_nothing_is_loaded_that_could_run_code() -> None:
    unsafe = re.compile(r"^\s*(?:import|from) (?:pickle|joblib|dill|cloudpickle)\b|allow_pickle\s*=\s*True|trust_remote_code\s*=\s*True", re.M)  # fmt: skip
    for module in MODULES:
        assert not unsafe.search(module.read_text(encoding="utf-8")), module


def test_versions_agree() -> None:
    assert f"\n## {explorer.__version__}" in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
