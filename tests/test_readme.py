"""The README's commands and code run, and print what it says; its tables are those that were measured."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from explorer import lexical, ranking

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"\b\d+\.\d{3}\b")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Return the console blocks as (command, what it prints)."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a clone has and the README uses; the environment is the one that runs the tests."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("scripts", "explorer", "pyproject.toml"):
        (folder / name).symlink_to(PROJECT / name)
    return folder


def shell(command: str, folder: Path) -> str:
    if command.startswith("bash scripts/demo.sh"):
        # What demo.sh runs once the environment stands; making one is tried in a fresh clone.
        assert '/.venv/bin/explorer" demo "$@"' in (PROJECT / "scripts" / "demo.sh").read_text(encoding="utf-8")
        command = "explorer demo"
    explorer = f'explorer() {{ {shlex.quote(sys.executable)} -P -m explorer "$@"; }}\n'
    result = subprocess.run(
        ["bash", "-c", explorer + command],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.model
def test_commands_print_what_the_readme_says(folder: Path) -> None:
    assert len(commands()) >= 6
    for command, expected in commands():
        printed = shell(command, folder)
        # Similarities may differ in the last digit between machines; ids, titles and order may not.
        assert NUMBER.sub("N", printed) == NUMBER.sub("N", expected), command
        for one, other in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
            assert float(one) == pytest.approx(float(other), abs=0.005)


@pytest.mark.model
def test_python_code_runs(folder: Path) -> None:
    (code,) = blocks("python")
    program = code + "\nassert [match.paper.id for match in matches][:2] == ['0000.00104', '0000.00106']\n"
    program += "assert sum(len(trace.x) for trace in figure.data) == 60\n"
    result = subprocess.run(
        [sys.executable, "-P", "-W", "error::ResourceWarning", "-c", program], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def loaded(name: str) -> Any:
    """Return a module of the folder `scripts`."""
    spec = importlib.util.spec_from_file_location(name, PROJECT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_a_stranger_gets_there_in_thirty_lines() -> None:
    first = "\n".join(README.splitlines()[:30])
    assert "bash scripts/demo.sh" in first
    assert first.count("  0.") == 5
    assert "](artifacts/map.png)" in first
    assert (PROJECT / "artifacts" / "map.png").read_bytes().startswith(b"\x89PNG")


def test_the_tables_are_those_that_were_measured() -> None:
    benchmark = loaded("benchmark")
    measured = json.loads((PROJECT / "artifacts" / "benchmarks" / "main-job.json").read_text(encoding="utf-8"))
    assert not measured["quick"]
    assert len(benchmark.tables(measured)) == 4
    for table in benchmark.tables(measured):
        assert table in README
    for case, papers in (("find-similar-id", "55 papers"), ("find-similar-id-many", "100,000")):
        assert f"{measured['results'][case]['times_import_numpy']['explorer']:.2f} ({papers})" in README


def test_the_table_of_rankings_is_what_was_measured() -> None:
    script = loaded("ranking")
    measured = json.loads(script.RESULTS.read_text(encoding="utf-8"))
    assert script.table(measured["collections"]) in README
    chosen = measured["choice"]["best of all"]["setting"]
    assert chosen == [lexical.K1, lexical.B, ranking.LEXICAL_WEIGHT, ranking.SMOOTHING]
    # What is left out does not choose: each collection alone could be missing, and the setting would be the same.
    assert [one["setting"] for one in measured["choice"]["left out"].values()] == [chosen] * 4


def test_the_tables_of_the_map_are_what_was_measured() -> None:
    layouts = json.loads((PROJECT / "artifacts" / "benchmarks" / "layouts.json").read_text(encoding="utf-8"))
    assert loaded("layouts").table(layouts["layouts"]) in README
    mapping = json.loads((PROJECT / "artifacts" / "benchmarks" / "map.json").read_text(encoding="utf-8"))
    assert not mapping["quick"]
    assert loaded("mapping").table(mapping["sizes"]) in README


def test_the_tables_of_growth_are_what_was_measured() -> None:
    growing = loaded("growing")
    measured = json.loads(growing.RESULTS.read_text(encoding="utf-8"))
    assert not measured["quick"]
    assert len(growing.tables(measured)) == 3
    for table in growing.tables(measured):
        assert table in README


def test_the_tables_of_scale_are_what_was_measured() -> None:
    scaling = loaded("scaling")
    measured = json.loads(scaling.RESULTS.read_text(encoding="utf-8"))
    assert not measured["quick"]
    assert [one["papers"] for one in measured["sizes"]] == list(scaling.SIZES)
    for table in scaling.tables(measured):
        assert table in README


def test_the_table_of_engines_is_what_was_measured() -> None:
    engines = loaded("engines")
    measured = json.loads(engines.RESULTS.read_text(encoding="utf-8"))
    assert not measured["quick"]
    (table,) = engines.tables(measured)
    assert table in README


def test_files_it_links_to_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (PROJECT / target).exists(), target
