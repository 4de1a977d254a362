"""What a build needs: told before it begins, bounded, and refused where it is not there."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hashed_words import HashedWords
from hypothesis import given
from hypothesis import strategies as st
from pretended import arrays

from explorer import Library, readers
from explorer.builder import calibration, derived, forecast, limits, plan, room
from explorer.builder.calibration import Sample, gflops, sampled
from explorer.builder.forecast import Speeds, Workload, disk_of, memory_of, must_save, refusals, seconds_of
from explorer.builder.intake import Inputs
from explorer.builder.limits import Limits, available_memory, free_disk, parse_size, shown_size
from explorer.builder.options import InputOptions
from explorer.builder.unitvectors import MappedVectors, UnitVectors
from explorer.cli import cli
from explorer.cli.planning import shown_time
from explorer.embedder import ModelFiles
from explorer.errors import InvalidInput, NotEnoughRoom
from explorer.index import NearestRows
from explorer.layout import LayoutProcess

Run = Callable[..., Result]
GB = 1 << 30
PROJECT = Path(__file__).parents[1]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in an empty folder; the model is the one of hashed words, and there are 8 GB of everything."""
    monkeypatch.setattr(plan, "find_model", lambda name=None, **_: ModelFiles(name or "words", tmp_path))
    monkeypatch.setattr(calibration, "load", lambda files: HashedWords())
    there(monkeypatch, memory=8 * GB, disk=8 * GB)
    monkeypatch.delenv("EXPLORER_LIBRARY", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **options: CliRunner().invoke(cli, [str(word) for word in arguments], **options)


def there(monkeypatch: pytest.MonkeyPatch, *, memory: int | None, disk: int | None) -> None:
    """Let there be so much, whatever this machine has."""
    for module in (calibration, room):
        monkeypatch.setattr(
            module, "limits_of", lambda folder, bound=None: Limits(folder, disk=disk, memory=memory, bound=bound)
        )


@pytest.fixture
def many(tmp_path: Path, sample: Path) -> Path:
    """The sample's papers over and over: 3,000 records as JSON lines."""
    papers = [paper for paper in readers.read(sample) if not isinstance(paper, readers.Rejected)]
    with (tmp_path / "many.jsonl").open("w", encoding="utf-8") as file:
        for number in range(3_000):
            paper = papers[number % len(papers)]
            record = {"id": f"s{number}", "title": f"{paper.title} {number}", "abstract": paper.abstract}
            file.write(json.dumps(record) + "\n")
    return tmp_path / "many.jsonl"


@pytest.fixture
def some(many: Path) -> Path:
    """400 of them, for the vectors that there are."""
    lines = many.read_text(encoding="utf-8").splitlines(keepends=True)
    (many.parent / "some.jsonl").write_text("".join(lines[:400]), encoding="utf-8")
    return many.parent / "some.jsonl"


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """400 float16 vectors of 20 dimensions, in 30 clusters."""
    dice = np.random.default_rng(0)
    made = dice.normal(size=(30, 20))[dice.integers(0, 30, 400)] + 0.5 * dice.normal(size=(400, 20))
    np.save(tmp_path / "vectors.npy", made.astype(np.float16))
    return tmp_path / "vectors.npy"


# --- sizes and times


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4G", 4 * GB), ("1.5g", 3 * GB // 2), (".5G", GB // 2), ("2.G", 2 * GB), ("800M", 800 << 20), ("1K", 1024),
        ("2T", 2048 * GB), ("4GB", 4 * GB), ("4 GiB", 4 * GB), ("1000000", 1_000_000), ("12B", 12), (" 7 ", 7), (4096, 4096),
    ],
)  # fmt: skip
def test_sizes(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "G", "4X", "4GG", "-1G", "0", "0.1", "1e9", "4,5G", "4iB", "1" * 21, "inf", "nan", "٤G", -5, 0]
)
def test_what_is_no_size(text: str | int) -> None:
    with pytest.raises(
        InvalidInput, match=r"is no size of memory: write bytes or, as in 4G or 1.5G, one of K, M, G, T"
    ):
        parse_size(text)


@given(st.text())
def test_any_text_is_a_size_or_none(text: str) -> None:
    try:
        assert parse_size(text) > 0
    except InvalidInput:
        return


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "1 MB"), (1 << 20, "1 MB"), (300 << 20, "300 MB"), (GB, "1.0 GB"), (5.16 * GB, "5.2 GB"), (3 << 40, "3.0 TB")],
)
def test_shown_sizes(size: float, text: str) -> None:
    assert shown_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "under a second"), (0.99, "under a second"), (1, "1 s"), (99.4, "99 s"), (100, "2 min"), (3_000, "50 min"),
        (7_200, "2 h"), (86_400 * 10, "10 days"),
    ],
)  # fmt: skip
def test_shown_times(seconds: float, text: str) -> None:
    assert shown_time(seconds) == text


# --- what there is


def system(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="ascii")
    return root


FREE = {"proc/meminfo": "MemTotal:  900 kB\nMemFree: 10 kB\nMemAvailable:   700 kB\nHugePages_Total:       0\n"}


def test_memory_is_what_the_system_says(tmp_path: Path) -> None:
    assert available_memory(system(tmp_path, FREE)) == 700 * 1024


def test_a_group_of_version_2_leaves_its_limit_less_what_it_uses(tmp_path: Path) -> None:
    inner = {
        "proc/self/cgroup": "0::/user/build\n",
        "sys/fs/cgroup/user/build/memory.max": "max\n",
        "sys/fs/cgroup/user/build/memory.current": "5000\n",
        "sys/fs/cgroup/user/memory.max": "600000\n",
        "sys/fs/cgroup/user/memory.current": "250000\n",
        "sys/fs/cgroup/user/memory.stat": "anon 100000\ninactive_file 50000\n",
    }
    assert available_memory(system(tmp_path, FREE | inner)) == 600_000 - (250_000 - 50_000)


def test_a_group_of_version_1(tmp_path: Path) -> None:
    inner = {
        "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/abc\nnonsense\n",
        "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "400000\n",
        "sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes": "100000\n",
        "sys/fs/cgroup/memory/docker/abc/memory.stat": "total_inactive_file 20000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    }
    assert available_memory(system(tmp_path, FREE | inner)) == 320_000


def test_in_a_container_the_group_is_the_root(tmp_path: Path) -> None:
    inner = {"proc/self/cgroup": "0::/../../elsewhere\n", "sys/fs/cgroup/memory.max": "300000\n"}
    assert available_memory(system(tmp_path, FREE | inner)) == 300_000


def test_a_group_that_uses_more_than_it_may_leaves_nothing(tmp_path: Path) -> None:
    inner = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "300000\n",
        "sys/fs/cgroup/memory.current": "310000\n",
    }
    assert available_memory(system(tmp_path, inner)) == 0


def test_where_the_system_says_nothing_memory_is_what_is_built_in_or_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__, raising=False)
    assert available_memory(tmp_path) == 4_096_000
    monkeypatch.delattr(os, "sysconf")
    assert available_memory(tmp_path) is None


def test_disk_is_that_of_the_nearest_folder_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_disk(tmp_path / "not" / "yet") > 0  # type: ignore[operator]

    def refuse(place: Path) -> object:
        raise OSError

    monkeypatch.setattr(limits.shutil, "disk_usage", refuse)
    assert free_disk(tmp_path) is None


def test_what_this_process_has_counts_as_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "available_memory", lambda: 1000)
    monkeypatch.setattr(limits, "resident_memory", lambda: 500)
    assert limits.limits_of(tmp_path, 7).memory == 1500
    assert limits.limits_of(tmp_path, 7).usable == 7
    monkeypatch.setattr(limits, "available_memory", lambda: None)
    assert limits.limits_of(tmp_path).memory is None
    assert limits.limits_of(tmp_path).usable is None


# --- what is needed


def test_time_by_hand() -> None:
    work = Workload(1_000_000, 768, 2, letters=2 * forecast.LETTERS, clusters=True)
    twice = Speeds(reading=1e-4, gflops=forecast.GFLOPS, cores=2 * forecast.CORES)
    found = seconds_of(work, twice)
    assert found["reading"] == pytest.approx(100)
    assert found["words"] == pytest.approx(2 * (0.1 + 9.2e-5 * 10**6.18))
    assert found["neighbors"] == pytest.approx(1.0 + 1.75e-4 * 10**6.24)  # twice the dimensions, twice the cores
    assert found["topics"] == pytest.approx(0.8 + 7e-4 * 10**4.62)
    assert found["layout"] + found["topics"] == pytest.approx(0.8 + 1.1e-4 * 10**6)
    assert seconds_of(work, twice, is_frugal=True)["layout"] == pytest.approx(0.8 + 1.1e-4 * 10**6)
    slow = seconds_of(replace(work, embeds=True), replace(twice, embedding=0.005, gflops=forecast.GFLOPS / 2))
    assert slow["embedding"] == pytest.approx(5_000)
    assert [slow[name] / found[name] for name in ("words", "neighbors", "topics", "layout")] == [2, 2, 2, 2]
    assert [slow[name] for name in ("reading", "writing")] == [found[name] for name in ("reading", "writing")]


def test_all_with_all_takes_the_square() -> None:
    work = Workload(100_000, 400)
    assert seconds_of(work, Speeds(0.0, gflops=forecast.GFLOPS / 2, cores=1))["neighbors"] == pytest.approx(
        4 * ((0.4 + 2.1e-4 * 100_000) * 400 / 384 + 2 * 1e10 * 400 / 231e9)
    )


def test_disk_by_hand() -> None:
    finished, building = disk_of(Workload(1_000_000, 384, 2, letters=1_000, clusters=True))
    assert finished == (2 << 20) + 1_000_000 * (768 + 620 + 80 + 680 + 1_560) + 223_200_000  # 0.55 * 384 + 12 for codes
    assert building == finished + 1_000_000 * 2 * 620
    assert disk_of(Workload(1_000, 384, 4, embeds=True))[1] - disk_of(Workload(1_000, 384, 4))[0] == 1_000 * 1536
    assert disk_of(Workload(1_000, 100), is_frugal=True)[1] - disk_of(Workload(1_000, 100))[1] == 400_000


def test_memory_by_hand() -> None:
    few, more = (memory_of(Workload(1_000, dimensions)) for dimensions in (100, 200))
    assert {name: more[name] - few[name] for name in more} == {
        name: 400_000 if name in {"neighbors", "layout"} else 0 for name in few
    }
    assert few["topics"] == 320_000_000 + 1_000 * (30_000 + 2_600)
    assert memory_of(Workload(1_000_000, 100))["topics"] == 320_000_000 + 300_000_000 + 1_000_000 * 2_600
    model = memory_of(Workload(1_000, 100, model=7))
    assert {name: model[name] - few[name] for name in few} == {name: 0 if name == "reading" else 7 for name in few}
    saved = memory_of(Workload(1_000, 100), is_frugal=True)
    assert {name: few[name] - saved[name] for name in few if saved[name] != few[name]} == {
        "neighbors": int(forecast._MAPPED * 400_000), "topics": 1_000 * forecast._BESIDE,
    }  # fmt: skip


def test_what_was_measured_is_what_is_forecast() -> None:
    measured = json.loads((PROJECT / "artifacts" / "benchmarks" / "scale.json").read_text(encoding="utf-8"))
    for one in measured["sizes"]:
        work = Workload(one["papers"], 384, 2, clusters=one["index"]["type"] == "clusters")
        stages = one["stages_s"]
        found = seconds_of(work, Speeds(reading=stages["reading"] / one["papers"]))
        for name in ("reading", "words", "neighbors", "topics"):
            assert stages[name] / 2 < found[name] < 2 * stages[name], (one["papers"], name)
        picture = stages["topics"] + stages["layout"]
        assert picture / 2 < found["topics"] + found["layout"] < 2 * picture
        assert one["disk_mb"] / 1.15 < disk_of(work)[0] / 1e6 < one["disk_mb"] * 1.15
        assert one["peak_mb"] / 2 < max(memory_of(work).values()) / (1 << 20) < 1.5 * one["peak_mb"]


@given(
    st.integers(1, 10**9), st.integers(1, 10**6), st.integers(1, 5_000), st.sampled_from([2, 4]),
    st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_more_papers_need_more(
    rows: int, more: int, dimensions: int, number: int, embeds: bool, clusters: bool, frugal: bool
) -> None:
    few = Workload(rows, dimensions, number, embeds=embeds, clusters=clusters)
    many, speeds = replace(few, rows=rows + more), Speeds(1e-5, 1e-3, 50.0, 4)
    for needed in (
        lambda work: memory_of(work, is_frugal=frugal),
        lambda work: seconds_of(work, speeds, is_frugal=frugal),
    ):
        less, rest = needed(few), needed(many)
        assert all(less[name] <= rest[name] for name in less)
        assert sum(less.values()) < sum(rest.values())
        assert min(less.values()) >= 0
    assert disk_of(few, is_frugal=frugal) < disk_of(many, is_frugal=frugal)
    assert disk_of(few)[0] <= disk_of(few)[1]
    assert all(saved <= memory_of(few)[name] for name, saved in memory_of(few, is_frugal=True).items())


def test_memory_is_saved_only_where_that_is_needed(tmp_path: Path) -> None:
    work = Workload(1_000_000, clusters=True)
    most, least = (max(memory_of(work, is_frugal=frugal).values()) for frugal in (False, True))
    assert least < most
    for memory, bound in ((most, None), (None, most), (most, most), (10 * most, most)):
        there = Limits(tmp_path, memory=memory, bound=bound)
        assert not must_save(work, there)
        assert refusals(work, there) == []
    for memory, bound in ((most - 1, None), (None, most - 1), (least, most), (most, least)):
        there = Limits(tmp_path, memory=memory, bound=bound)
        assert must_save(work, there)
        assert refusals(work, there) == []
    assert refusals(work, Limits(tmp_path)) == []  # nobody knows
    (told,) = refusals(work, Limits(tmp_path, memory=least - 1))
    assert re.fullmatch(
        r"1,000,000 papers need about \d\.\d GB of memory, and \d\.\d GB are available: end other programs, "
        "take a bigger machine or fewer papers",
        told,
    )
    (told,) = refusals(work, Limits(tmp_path, memory=10 * GB, bound=least - 1))
    assert re.search(r"and --memory allows \d\.\d GB: allow more, or build of fewer papers$", told)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    work = Workload(1_000_000, 384, 2)
    needed = disk_of(work)[1]
    assert refusals(work, Limits(tmp_path, disk=int(1.06 * needed))) == []
    (told,) = refusals(work, Limits(tmp_path, disk=needed))
    assert told == (
        f"1,000,000 papers need about {shown_size(1.05 * needed)} on the disk while the library is built, and "
        f"{shown_size(needed)} are free for {tmp_path}: free some, or name a folder elsewhere with --library"
    )


# --- how many there are


def read(file: Path, seconds: float) -> Sample:
    with Inputs([file], InputOptions(), in_hand=1) as inputs:
        return sampled(inputs, seconds)


@pytest.mark.parametrize("packed", [False, True])
def test_papers_are_estimated_by_the_bytes_that_were_read(packed: bool, many: Path) -> None:
    if packed:
        content, many = many.read_bytes(), many.with_suffix(".jsonl.gz")
        many.write_bytes(gzip.compress(content))
    found = read(many, 0.0)
    assert 0 < found.share < 0.6
    assert found.papers < 2_000
    assert abs(found.rows - 3_000) <= 300
    assert len(found.texts) == min(found.papers, 2_048)


def test_papers_are_counted_where_all_were_read(many: Path, tmp_path: Path) -> None:
    with many.open("a", encoding="utf-8") as file:
        file.write('{"id": "x", "title": ""}\n{"id": "s1", "title": "Known"}\n')
    found = read(many, 1e9)
    assert (found.rows, found.papers, found.share) == (3_000, 3_000, 1.0)
    lines = [json.loads(line) for line in many.read_text(encoding="utf-8").splitlines()[:3_000]]
    assert found.letters == sum(len(one["title"]) + len(one["abstract"]) for one in lines)


def test_bytes_of_folders_are_those_of_their_files(many: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.jsonl").write_bytes(many.read_bytes().replace(b'"id": "s', b'"id": "' + name.encode()))
    with Inputs([folder], InputOptions(), in_hand=1) as inputs:
        inputs.check()
        assert inputs.size == 3 * many.stat().st_size
        assert sum(1 for _ in inputs.records()) == 9_000
        assert inputs.place == inputs.size
        assert abs(sampled(inputs, 0.0).rows - 9_000) <= 900


def test_matrices_are_multiplied() -> None:
    assert gflops(0.0) > 0


# --- the command


def test_plan_of_the_sample(run: Run, sample: Path) -> None:
    found = run("build", sample, "--plan", "-l", "library")
    assert found.exit_code == 0
    assert found.stderr == ""
    lines = found.stdout.splitlines()
    assert lines[0] == "60 papers, 48 dimensions"
    assert lines[2].split() == ["stage", "time", "memory"]
    assert [line.split()[0] for line in lines[3:10]] == list(forecast.STAGES)
    assert re.fullmatch(r"in all      \d+ s +\d+ MB", lines[10])
    assert lines[12] == "memory: 8.0 GB available"
    assert lines[13] == "disk:   2 MB, while building 2 MB; 8.0 GB free for library"
    assert lines[15:] == ["It fits."]
    assert not Path("library").exists()


def test_plan_as_json(run: Run, sample: Path) -> None:
    found = run("build", sample, "--plan", "--json", "--memory", "2G")
    (line,) = found.stdout.splitlines()
    plan = json.loads(line)
    assert found.exit_code == 0
    assert {key: plan[key] for key in ("rows", "rows_exact", "share_read", "dimensions", "fits", "refusals")} == {
        "rows": 60, "rows_exact": True, "share_read": 1.0, "dimensions": 48, "fits": True, "refusals": [],
    }  # fmt: skip
    assert [stage["name"] for stage in plan["stages"]] == list(forecast.STAGES)
    assert plan["seconds"] == pytest.approx(0.3 + sum(stage["seconds"] for stage in plan["stages"]), abs=0.2)
    assert plan["memory"] == {
        "needed": max(stage["memory"] for stage in plan["stages"]), "available": 8 * GB, "bound": 2 * GB,
    }  # fmt: skip
    assert plan["disk"]["free"] == 8 * GB
    assert plan["saves_memory"] is False


def test_rows_of_ready_vectors_are_exact(run: Run, many: Path, vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "READING", 0.0)
    found = json.loads(run("build", many, "--vectors", vectors, "--plan", "--json").stdout)
    assert (found["rows"], found["rows_exact"], found["dimensions"]) == (400, True, 20)
    assert found["share_read"] < 0.6
    without = json.loads(run("build", many, "--plan", "--json").stdout)
    assert without["rows_exact"] is False
    assert without["rows"] == pytest.approx(3_000, abs=300)
    told = run("build", many, "--plan").stdout.splitlines()[0]
    assert re.fullmatch(
        r"about [23],\d\d\d papers \(estimated: \d\d\.\d% of the inputs was read\), 48 dimensions", told
    )


def test_what_does_not_fit_has_status_1(run: Run, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run("build", sample, "--plan", "--memory", "100M")
    assert found.exit_code == 1
    assert "memory: 100 MB allowed by --memory" in found.stdout
    assert re.search(r"\n\n60 papers need about \d+ MB of memory, and --memory allows 100 MB: allow more", found.stdout)
    there(monkeypatch, memory=None, disk=1 << 20)
    found = run("build", sample, "--plan")
    assert found.exit_code == 1
    assert "memory: how much is available is unknown" in found.stdout
    assert "60 papers need about 2 MB on the disk" in found.stdout


def test_what_is_saved_is_told(run: Run, sample: Path) -> None:
    np.lib.format.open_memmap("zeros.npy", "w+", np.float16, (1_000_000, 200)).flush()
    work = Workload(1_000_000, 200, 2, clusters=True)
    least, most = (max(memory_of(work, is_frugal=frugal).values()) for frugal in (True, False))
    for bound, is_saved in ((least, True), (most - 1, True), (most, False)):
        told = run("build", sample, "--vectors", "zeros.npy", "--plan", "--memory", bound).stdout
        assert told.startswith("1,000,000 papers, 200 dimensions\n")
        assert ("        saved where that can be, which takes longer\n" in told) is is_saved
        assert told.endswith("It fits.\n")


def test_what_cannot_be_planned(run: Run, tmp_path: Path) -> None:
    found = run("build", "-", "--plan", input="{}")
    assert found.exit_code == 1
    assert found.stderr == (
        "explorer: standard input can be read only once, so what a build of it needs cannot be told before: "
        "write it to a file, and name that\n"
    )
    os.mkfifo(tmp_path / "pipe")
    assert "pipe can be read only once" in run("build", "pipe", "--plan").stderr
    (tmp_path / "none.jsonl").write_text('{"id": "x", "title": ""}\n', encoding="utf-8")
    assert "no papers in what was read" in run("build", "none.jsonl", "--plan").stderr
    assert "there is no such file" in run("build", "nowhere", "--plan").stderr
    (tmp_path / "broken.npy").write_bytes(b"nothing")
    (tmp_path / "one.jsonl").write_text('{"id": "a", "title": "A"}\n', encoding="utf-8")
    assert "is not a NumPy .npy file" in run("build", "one.jsonl", "--vectors", "broken.npy", "--plan").stderr


def test_wrong_options_are_usage_errors(run: Run, sample: Path) -> None:
    found = run("build", sample, "--memory", "4Q")
    assert found.exit_code == 2
    assert "Invalid value for '--memory': '4Q' is no size of memory: write bytes or" in found.stderr
    found = run("build", sample, "--plan", "--dry-run")
    assert found.exit_code == 2
    assert "choose one of them" in found.stderr


# --- builds


def test_a_build_that_needs_more_than_it_may_is_refused_at_once(some: Path, vectors: Path, tmp_path: Path) -> None:
    for given_vectors in (vectors, None):
        with pytest.raises(NotEnoughRoom, match=r"400 papers need about .* and --memory allows 100 MB: allow more"):
            Library.build(some, tmp_path / "library", vectors=given_vectors, model=HashedWords(), memory="100M")
        assert not (tmp_path / "library" / "manifest.json").exists()
    with pytest.raises(InvalidInput, match="'4Q' is no size of memory"):
        Library.build(some, tmp_path / "library", memory="4Q")


def test_a_big_build_is_refused_where_the_disk_or_the_memory_will_not_do(
    some: Path, vectors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there(monkeypatch, memory=1 << 20, disk=1 << 20)
    Library.build(some, tmp_path / "small", vectors=vectors).close()
    monkeypatch.setattr(room, "_BIG", 400)
    with pytest.raises(
        NotEnoughRoom, match=r"of memory, and 1 MB are available: .*; 400 papers need about .* on the disk"
    ):
        Library.build(some, tmp_path / "library", vectors=vectors)
    there(monkeypatch, memory=None, disk=1 << 20)
    words = HashedWords()
    with pytest.raises(NotEnoughRoom, match=r"[1-9] MB are free for .*library: free some, or name a folder elsewhere"):
        Library.build(some, tmp_path / "library", model=words)
    assert words.texts == 0


@pytest.mark.parametrize("index", ["exact", "clusters"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_where_memory_is_saved_the_library_is_the_same(
    index: str, dtype: type, some: Path, vectors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(vectors, 3 * np.load(vectors).astype(dtype))
    made: list[MappedVectors] = []

    class Watched(MappedVectors):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.times = 0
            made.append(self)

        def let_go(self) -> None:
            super().let_go()
            self.times += 1

    monkeypatch.setattr(derived, "MappedVectors", Watched)
    Library.build(some, tmp_path / "usual", vectors=vectors, index=index).close()
    assert made == []
    monkeypatch.setattr(room, "must_save", lambda work, limits: True)
    with Library.build(some, tmp_path / "saved", vectors=vectors, index=index, memory="1.5G") as library:
        assert library.built is not None
        assert not library.built.unchanged
    assert len(made) == 1
    assert made[0].times > 0
    assert arrays(tmp_path / "saved") == arrays(tmp_path / "usual")
    with Library.build(some, tmp_path / "saved", vectors=vectors, index=index) as library:  # the bound is no parameter
        assert library.built is not None
        assert library.built.unchanged


def test_topics_are_made_beside_the_layout_unless_memory_is_saved(
    some: Path, vectors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    make, optimize = derived.make_topics, LayoutProcess.optimize

    def topics(*given: Any) -> Any:
        order.append("topics begin")
        found = make(*given)
        order.append("topics end")
        return found

    def laid_out(*given: Any) -> Any:
        order.append("layout")
        return optimize(*given)

    monkeypatch.setattr(derived, "make_topics", topics)
    monkeypatch.setattr(LayoutProcess, "optimize", laid_out)
    monkeypatch.setattr(room, "must_save", lambda work, limits: True)
    Library.build(some, tmp_path / "saved", vectors=vectors, memory="1.5G").close()
    assert order == ["topics begin", "topics end", "layout"]


# --- vectors that are not kept in memory


class Kept:
    """A state that has vectors."""

    def __init__(self, path: Path, entry: Any) -> None:
        self.files = {"vectors": entry}
        self._path = path

    def file(self, role: str) -> Path:
        return self._path


@pytest.mark.parametrize("dtype", ["<f2", "<f4"])
def test_slices_of_unit_vectors_are_those_of_all(dtype: str, tmp_path: Path) -> None:
    from explorer.store import load_array, write_array

    values = np.random.default_rng(0).normal(size=(9_001, 37)).astype(dtype)
    state = Kept(tmp_path / "vectors.npy", write_array(tmp_path / "vectors.npy", values, dtype))
    found, whole = UnitVectors(state), NearestRows(load_array(tmp_path / "vectors.npy")).vectors  # type: ignore[arg-type]
    assert (found.shape, len(found)) == ((9_001, 37), 9_001)
    for some in (slice(None), slice(0), slice(5, 9), slice(4_090, 4_100), slice(8_990, 20_000), slice(9, 5)):
        assert found[some].tobytes() == whole[some].tobytes()
        assert found[some].shape == whole[some].shape
    mapped = MappedVectors(found, tmp_path)
    assert mapped.vectors.tobytes() == whole.tobytes()
    mapped.let_go()
    assert mapped.vectors.tobytes() == whole.tobytes()
    assert [file.name for file in tmp_path.iterdir()] == ["vectors.npy"]
