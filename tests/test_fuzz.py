"""A hundredth of the fuzz campaign (scripts/fuzz.py), and that what it looks for would be found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from conftest import PROJECT
from fuzz import listed
from fuzzing import checking
from fuzzing.bombs import bombs, runs
from fuzzing.campaign import Campaign, Result
from fuzzing.mutations import LARGEST, made
from fuzzing.seeds import seeds, tokens

from explorer.papers import Paper
from explorer.readers import Rejected, registered

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
    pytest.mark.usefixtures("unmeasured"),
]
READERS = [reader.name for reader in registered()]


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_bears_whatever_it_gets(reader: str, tmp_path: Path) -> None:
    sizes = {"bomb_size": 60_000, "run_size": 1_500}
    if reader == "parquet":  # each input starts a process
        sizes = {"bomb_size": 0, "run_size": 0}
    result = Campaign((reader,), 1_000, folder=tmp_path, workers=1, patience=60, waiting=600, **sizes).run()[reader]
    # Seconds are judged where nothing else runs: when the whole campaign does.
    assert listed([failure for failure in result.failures if failure["kind"] != "slow"]) == []
    if reader != "parquet":
        assert result.figures.inputs > 1_200
        assert result.figures.papers > 1_000  # not all is refused
        assert result.figures.rejected + result.figures.errors > 100


def found(name: str, folder: Path, inputs: int = 6, **options: object) -> Result:
    """What is found of a bad reader."""
    campaign = Campaign(
        (name,), inputs, bomb_size=0, folder=folder, workers=1, plugin="bad_readers", paths=(str(Path(__file__).parent),),
        **({"run_size": 0, "patience": 0.3} | options),  # type: ignore[arg-type]
    )  # fmt: skip
    return campaign.run()[name]


@pytest.mark.parametrize(
    ("name", "kind", "detail"),
    [
        ("bad_raising", "raised", "target: ValueError: no such thing"),
        ("bad_eating", "memory", "28"),
        ("bad_devouring", "raised", "target: MemoryError"),
        ("bad_crashing", "crash", "ended with status -6"),
        ("bad_leaving", "crash", "ended with status 0"),
        ("bad_foreign", "neither paper nor rejected", "'no record'"),
        ("bad_unclean", "unclean", "title has '\\x00'"),
        ("bad_long_error", "long error", "3,000 characters"),
    ],
)
def test_what_no_reader_may_do_is_found(name: str, kind: str, detail: str, tmp_path: Path) -> None:
    result = found(name, tmp_path, patience=20.0)  # none of them hangs, however slow the machine is
    assert 1 <= len(result.failures) <= 6
    assert {failure["kind"] for failure in result.failures} == {kind}
    for failure in result.failures:
        assert failure["reader"] == name
        assert failure["detail"].startswith(detail)


def test_an_input_that_fails_is_made_smaller_and_kept(tmp_path: Path) -> None:
    result = found("bad_raising", tmp_path)
    assert (tmp_path / result.failures[0]["file"]).read_bytes() == b"A title"
    number = int(result.failures[0]["input"].split(":")[-1])
    assert b"A title" in made("bad_raising", 0, number)[0]


@pytest.mark.parametrize(
    ("name", "detail"), [("bad_hanging", "target: more than 0.3 s"), ("bad_waiting", "target: more than 1.5 s")]
)
def test_what_does_not_end_is_found(name: str, detail: str, tmp_path: Path) -> None:
    waiting = 1.5 if name == "bad_waiting" else 60.0
    result = found(name, tmp_path, inputs=1, waiting=waiting)
    assert [(failure["kind"], failure["detail"]) for failure in result.failures] == [("hang", detail)]


def test_what_does_not_even_listen_to_an_alarm_is_killed(tmp_path: Path) -> None:
    result = found("bad_stuck", tmp_path, inputs=1, stuck=1.0)
    assert [(failure["kind"], failure["detail"]) for failure in result.failures] == [("hang", "not moving for 1 s")]


def test_what_takes_longer_and_longer_is_found(tmp_path: Path) -> None:
    kinds = Counter(
        failure["kind"] for failure in found("bad_slow", tmp_path, 0, run_size=5_000, patience=9.0, runs=1).failures
    )
    assert kinds == {"superlinear": 1}


def test_a_good_reader_is_not_blamed(tmp_path: Path) -> None:
    result = found("bad_good", tmp_path, 50)
    assert result.failures == []
    assert result.figures.inputs == 50
    assert result.figures.papers >= 50


def test_the_same_numbers_make_the_same_inputs_and_others_make_others() -> None:
    inputs = [made("csv", 0, number) for number in range(200)]
    assert inputs == [made("csv", 0, number) for number in range(200)]
    assert len({data for data, _ in inputs}) > 190
    assert made("csv", 1, 0) != inputs[0]
    assert made("ris", 0, 0) != inputs[0]
    assert max(len(data) for data, _ in inputs) <= LARGEST
    assert 1 <= sum(bool(suffix) for _, suffix in inputs) <= 20


@pytest.mark.parametrize("reader", ["acl", "jsonl", "csv"])
def test_bombs_can_be_made(reader: str) -> None:
    made_bombs = [make() for make in bombs(reader, 50_000)]
    assert len({bomb.name for bomb in made_bombs}) == len(made_bombs) >= 35
    assert all(len(bomb.data) < 2_000_000 for bomb in made_bombs)
    assert b"<!ENTITY a11" in next((bomb.data for bomb in made_bombs if bomb.name == "billion laughs"), b"<!ENTITY a11")
    run = next(runs(reader, 1_000))()
    assert 3 < len(run.long) / len(run.short) <= 4
    assert len(tokens(reader)) > 60
    assert len(seeds(reader)) >= 2


GOOD = Paper(
    "2010.00001", "A title", "One.\n\nTwo.", ("Ada Müller",), "2020-10", ("cs.CV",), (), "https://a.org/b", "10.1/x", 2
)


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("title", "a\x1bb", "unclean"), ("abstract", "a\u202eb", "unclean"), ("id", "\ud800", "unclean"), ("title", " a", "unclean"),
        ("title", None, "wrong type"), ("authors", ["a"], "wrong type"), ("authors", (1,), "wrong type"), ("id", "", "wrong id"),
        ("id", "a" * 401, "wrong id"), ("date", "2020-1", "wrong date"), ("date", date(2020, 1, 1), "wrong type"),
        ("url", "javascript:x", "wrong address"), ("links", ("ftp://x",), "wrong address"), ("version", 0, "wrong version"),
        ("version", "2", "wrong version"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_with_a_paper_is_found(field: str, value: object, kind: str) -> None:
    assert checking.wrong_paper(GOOD) is None
    values = {name: getattr(GOOD, name) for name in Paper.__slots__} | {field: value}
    failure = checking.wrong_paper(Paper(**values))
    assert failure is not None
    assert failure.kind == kind


def test_what_is_wrong_with_a_rejected_record_is_found() -> None:
    assert checking.wrong_rejected(Rejected(0, "why", "file")) is None
    for rejected, kind in (
        (Rejected(-1, "why"), "wrong place"), (Rejected("1", "why"), "wrong place"), (Rejected(1, "why", ""), "wrong place"),  # type: ignore[arg-type]
        (Rejected(1, " "), "no reason"), (Rejected(1, ""), "no reason"),  # type: ignore[arg-type]
    ):  # fmt: skip
        failure = checking.wrong_rejected(rejected)
        assert failure is not None
        assert failure.kind == kind
    assert checking.wrong_paper(Paper("x", "")) == checking.Failure("no text", "x")


def test_the_script_writes_figures(tmp_path: Path) -> None:
    script = [
        sys.executable,
        str(PROJECT / "scripts" / "fuzz.py"),
        "--readers",
        "jsonl",
        "--inputs",
        "20",
        "--bombs",
        "0",
        "--runs",
        "0",
    ]
    done = subprocess.run(
        [*script, "--json", "f.json", "--folder", "found"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["readers"]["jsonl"]["inputs"] == 20
    assert figures["failures"] == []
    assert {"seed", "seconds", "machine", "versions"} < set(figures)
    assert done.stdout.splitlines()[1].split()[:2] == ["jsonl", "20"]
    shown = subprocess.run([*script, "--show", "jsonl:0:7"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert shown == made("jsonl", 0, 7)[0]
    failures = [
        {"reader": "a", "kind": "k", "detail": f"{number} x", "input": str(number), "file": ""} for number in range(3)
    ]
    assert listed(failures) == ["a: k: 0 x [0]  and 2 more"]
