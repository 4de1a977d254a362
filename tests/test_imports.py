"""What each command imports: what a user waits for first."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from explorer import Library
from explorer.embedder import find_model, prepare

# The process ends within main(), but not before it has done what was registered for its end.
PROGRAM = """
import atexit, sys
atexit.register(lambda: print("imported:", *sys.modules, file=sys.stderr))
from explorer.cli import main
main()
"""
TORCH = {"torch", "transformers", "sentence_transformers"}
LAYOUT = {"umap", "numba", "llvmlite", "pynndescent", "sklearn", "scipy"}
REPORTS = {"openvino_telemetry"}
HEAVY = {*TORCH, *LAYOUT, *REPORTS, "openvino", "tokenizers", "faiss", "plotly", "pandas", "huggingface_hub", "tqdm"}
UNNEEDED = {"numpy", "importlib.metadata", "hashlib", "filelock", "platformdirs", "concurrent", "logging", "ssl"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The sample by the real model, which is prepared by then."""
    prepare(find_model())
    with Library.build(sample, tmp_path_factory.mktemp("imports") / "library") as library:
        return library.path


def imported(folder: Path, *arguments: object) -> set[str]:
    """Run a command; return what it imported, top-level packages and modules alike."""
    command = [sys.executable, "-P", "-c", PROGRAM, *map(str, arguments)]
    # What measures coverage imports modules of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=True)
    mark, *names = done.stderr.splitlines()[-1].split()
    assert mark == "imported:"
    return {*names, *(name.partition(".")[0] for name in names)}


@pytest.mark.model
@pytest.mark.parametrize(
    "arguments",
    [
        ["find-similar", "0000.00101"],
        ["find-similar", "0000.00101", "--json"],
        ["find-similar", "https://arxiv.org/abs/0000.00101v2", "-k", "30"],
        ["find-similar", "EmberDepth: Monocular Depth Estimation at Night with a Thermal Teacher"],
        ["find-similar", "--title", "thermal teacher"],
        ["show", "0000.00101"],
        ["info"],
    ],
    ids=" ".join,
)
def test_what_is_looked_up_needs_the_standard_library_and_click(library: Path, arguments: list[str]) -> None:
    assert not imported(library, *arguments, "-l", library) & {*HEAVY, *UNNEEDED}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["build", "--help"], ["completion", "bash"], ["--version"]], ids=" ".join
)
def test_help_needs_nothing(tmp_path: Path, arguments: list[str]) -> None:
    modules = imported(tmp_path, *arguments)
    assert not modules & {*HEAVY, *UNNEEDED, "sqlite3"}
    assert "click" in modules


@pytest.mark.model
def test_a_question_by_text_needs_neither_torch_nor_an_index(library: Path) -> None:
    modules = imported(library, "find-similar", "seeing in the dark", "-l", library)
    assert {"openvino", "tokenizers", "numpy"} <= modules
    assert not modules & (HEAVY - {"openvino", "tokenizers"})


@pytest.mark.model
def test_a_build_leaves_torch_alone_and_the_layout_to_its_own_process(tmp_path: Path, sample: Path) -> None:
    prepare(find_model())
    modules = imported(tmp_path, "build", sample, "-l", tmp_path / "library")
    assert {"openvino", "faiss"} <= modules
    assert not modules & {*TORCH, *(LAYOUT - {"scipy"}), *REPORTS, "plotly", "pandas", "tqdm"}


@pytest.mark.model
def test_a_map_needs_plotly_s_script_but_not_what_draws_figures(library: Path, tmp_path: Path) -> None:
    shutil.copytree(library, tmp_path / "library")
    modules = imported(tmp_path, "map", "-l", tmp_path / "library")
    assert not modules & {*TORCH, *LAYOUT, *REPORTS, "faiss", "openvino", "plotly.graph_objects", "pandas"}
