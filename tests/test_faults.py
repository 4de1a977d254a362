"""A hundredth of the campaigns against libraries, with fixed seeds; and that each of them can fail."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import faults
import pytest
from faulting import disk, kill, links, readers
from faulting.answers import VERIFY, Asker, make_library
from faulting.content import content_of
from faulting.damage import Damage, Finding, cuts, finding_of, flips, judged
from faulting.links import TRICKS, Place, Trick
from faulting.papers import write_papers
from faulting.permissions import permissions
from faulting.world import Campaign, Outcome, World, operations

from explorer.store import describe_file, read_manifest
from explorer.store.papers import COLUMNS, crc_of

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked at in /proc"),
    pytest.mark.xdist_group("faults"),
    pytest.mark.usefixtures("unmeasured"),
]


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    """A hundredth of each."""
    return Campaign(tmp_path / "campaign", share=0.01)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A library of some papers that is built anew of others."""
    world = World(tmp_path_factory.mktemp("world") / "replace", operations()["replace"], 40, seed=0)
    world.names = ["after"]
    return world


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library, for copying."""
    folder = tmp_path_factory.mktemp("whole")
    make_library(write_papers(folder / "papers.jsonl", range(24), 0), folder / "library")
    return folder / "library"


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    with Asker() as asker:
        yield asker


# --- the campaigns


def test_killed_builds_go_on(campaign: Campaign) -> None:
    two_shards = World(campaign.folder / "build", operations()["build"], 520, campaign.seed)
    two_shards.names = ["after"]
    last = two_shards.undisturbed.said["steps"]
    assert two_shards.begun(two_shards.after) == 2
    states = [kill.one_kill(campaign, f"step {step}", two_shards, 2, step=step)[0] for step in (last // 2, last)]
    assert campaign.failures == []
    assert states == ["before", "after"]


def test_what_grows_has_no_room(campaign: Campaign, world: World) -> None:
    assert world.undisturbed.end == "done"
    largest = max(file.stat().st_size for file in world.after.iterdir())
    ends = [disk.with_small_files(campaign, f"{size} bytes", world, size) for size in (4096, largest - 1)]
    assert campaign.failures == []
    assert ends == ["LibraryInaccessible", "LibraryInaccessible"]


def test_a_commit_has_no_room_at_some_step(campaign: Campaign) -> None:
    ends = disk.steps(campaign, papers=12, every=9)
    assert campaign.failures == []
    assert ends.keys() == {"done", "LibraryInaccessible"}
    assert ends["LibraryInaccessible"] > 10


def test_flipped_bits_are_found_or_harmless(campaign: Campaign) -> None:
    figures = flips(campaign, papers=24)
    assert campaign.failures == []
    assert figures["flips"] == 10
    assert figures["found when"]["reading"] > 0


def test_cut_files_are_found(campaign: Campaign) -> None:
    campaign.share = 0.025
    assert cuts(campaign, papers=24)["found when"] == {"opening": 5}
    assert campaign.failures == []


# The library is built anew in each of these, which takes seconds; what can stand in one folder is tried at once.
_AT_ONCE = (
    ("the next manifest is a link", "shards are links", "a file of no state is a link", "a file at work is a link",
     "the manifest is a link", "all files are links"),
    ("the next manifest is a hard link", "shards are pipes", "the library is a link"),
)  # fmt: skip
_APART = [name for name, trick in TRICKS.items() if trick.ends != "done" or trick.job is not None]


def test_nothing_is_written_outside(campaign: Campaign, world: World) -> None:
    tricks = {name: TRICKS[name] for name in _APART}
    for names in _AT_ONCE:
        tricks[", ".join(names)] = Trick(lambda place, names=names: [TRICKS[name].plant(place) for name in names])
    for number, (name, trick) in enumerate(tricks.items()):
        links.played(campaign, name, trick, Place(campaign.folder / str(number), world))
    assert campaign.failures == []


def test_what_may_not_be_done_is_said(campaign: Campaign, world: World) -> None:
    ends = permissions(campaign, world)
    assert campaign.failures == []
    assert "left out" in ends or ends["read only, read"] == "done"


def test_readers_read_one_state_each(campaign: Campaign) -> None:
    figures = readers.readers(campaign, papers=30, built=False)
    assert campaign.failures == []
    assert figures["copied"]["second writers refused"] > 0
    assert figures["copied"]["commits"] > 4


# --- they can fail


def forged(library: Path, path: Path) -> Path:
    """Return a copy in which a paper has another date, and every checksum is right."""
    shutil.copytree(library, path)
    manifest = read_manifest(path)
    file = path / manifest.files["papers"].name
    connection = sqlite3.connect(file)
    stored = list(connection.execute(f"SELECT {COLUMNS} FROM papers WHERE row = 3").fetchone())
    stored[COLUMNS.split(", ").index("date")] = "1999-12-31"
    connection.execute("UPDATE papers SET date = '1999-12-31', crc = ? WHERE row = 3", (crc_of(stored[:-1]),))
    connection.commit()
    connection.close()
    papers = {**manifest.files, "papers": describe_file(file)}
    (path / "manifest.json").write_text(replace(manifest, files=papers).to_json())
    return path


def test_a_wrong_answer_that_nothing_notices_is_a_failure(tmp_path: Path, whole: Path, asker: Asker) -> None:
    right = asker.ask(whole)
    assert finding_of(asker.ask(whole), right) == Finding("")
    wrong = asker.ask(forged(whole, tmp_path / "forged"))
    assert wrong[VERIFY] == ""
    finding = finding_of({**wrong, "info": right["info"]}, right)
    assert (finding.where, finding.wrong) == ("never", ("papers", "map"))
    assert finding.error.startswith("verifying finds nothing wrong")


@pytest.mark.parametrize(
    ("answers", "finding"),
    [
        ({"a": "ERROR LibraryDamaged: x", "b": "2", VERIFY: "file x"}, Finding("reading")),
        ({"a": "3", "b": "2", VERIFY: "file x"}, Finding("verifying", ("a",))),
        ({"a": "3", "b": "ERROR LibraryDamaged: x", VERIFY: "file x"}, Finding("reading", ("a",))),
        ({"a": "ERROR UnknownPaper: x", "b": "2", VERIFY: "file x"}, Finding("verifying", ("a",))),
        ({"a": "1", "b": "2", VERIFY: "file x"}, Finding("verifying")),
        ({"open": "ERROR ForeignLibrary: x", VERIFY: "ERROR ForeignLibrary: x"}, Finding("opening")),
    ],
)
def test_findings_are_told_apart(answers: dict[str, str], finding: Finding) -> None:
    assert finding_of(answers, {"a": "1", "b": "2", VERIFY: ""}) == finding


@pytest.mark.parametrize(
    "answers",
    [
        {"a": "ERROR LibraryDamaged: x", "b": "2", VERIFY: ""},  # and verifying says that all is well
        {"open": "ERROR LibraryDamaged: x", VERIFY: ""},
        {"open": "ERROR UnknownPaper: x", VERIFY: "file x"},
    ],
)
def test_what_is_not_told_rightly_is_a_failure(answers: dict[str, str]) -> None:
    assert finding_of(answers, {"a": "1", "b": "2", VERIFY: ""}).error


def test_a_crash_is_a_failure_and_the_next_question_is_answered(
    campaign: Campaign, tmp_path: Path, whole: Path, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(whole, tmp_path / "library")
    right = asker.ask(whole)
    damage = Damage(read_manifest(whole).files["layout"].name, offset=200)
    monkeypatch.setattr(Damage, "do", lambda self, library: asker._process and asker._process.kill())
    assert judged(campaign, damage, tmp_path / "library", right, asker).where == "a crash"
    assert len(campaign.failures) == 1
    monkeypatch.undo()
    assert judged(campaign, damage, tmp_path / "library", right, asker).where == "reading"
    assert len(campaign.failures) == 1
    assert content_of(tmp_path / "library") == content_of(whole)  # the damage was undone


def test_a_lost_state_is_a_failure(campaign: Campaign, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = {**world.contents, "before": {**(world.contents["before"] or {}), "vectors": "other"}}
    monkeypatch.setitem(vars(world), "contents", lost)
    assert kill.one_kill(campaign, "x", world, needed=-3, step=1)[0] == "neither"
    neither, again = campaign.failures
    assert neither.startswith("x: the library is in neither state:")
    assert again == "x: 4 shards were embedded again"


def test_a_helper_that_stays_is_a_failure(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"
    monkeypatch.setattr(kill, "_UNTIL_GONE", 0.3)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    helper = int(process.stdout.readline())
    try:
        kill._end_family(campaign, "x", process, moment=0.1)
    finally:
        os.kill(helper, signal.SIGKILL)
    assert campaign.failures == ["x: helper processes are still there after 0 s"]


def test_what_is_said_to_be_done_and_is_not_is_a_failure(campaign: Campaign, world: World) -> None:
    disk._judged(campaign, "x", world, world.fresh(), Outcome(0, 0.0, {}, ""))
    assert campaign.failures[0].startswith("x: it should be as after, but these differ: ['cosines',")


def test_a_write_outside_is_a_failure(campaign: Campaign, world: World) -> None:
    def move(place: Place) -> None:
        shutil.move(place.library, place.outside / "library")
        place.library.symlink_to(place.outside / "library")

    links.played(campaign, "x", Trick(move), Place(campaign.folder / "x", world))
    assert [failure[:40] for failure in campaign.failures] == ["links: x: something outside has changed:"]


def test_an_answer_from_no_state_is_a_failure(campaign: Campaign, tmp_path: Path, world: World) -> None:
    (tmp_path / "expected.json").write_text(json.dumps({"one": {}, "other": {}}))
    process = readers._reader(tmp_path, world.after, 0)
    assert process.wait(60) == 1
    readers._ended(campaign, [process], "x")
    assert "an answer from no state" in campaign.failures[0]


def test_failures_are_told_and_end_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {
        "flips": lambda campaign: {"flips": campaign.number(1000)},
        "cuts": lambda campaign: campaign.fail("x") or {},
    }
    monkeypatch.setattr(faults, "CAMPAIGNS", figures)
    assert faults.main(["flips", "--share", "0.1", "--seed", "7"]) == 0
    assert faults.main(["all", "--json", str(tmp_path / "figures.json")]) == 1
    assert "FAILED x" in capsys.readouterr().err
    outcome = json.loads((tmp_path / "figures.json").read_text())
    assert outcome["flips"]["flips"] == 1000
    assert outcome["cuts"]["failures"] == ["x"]
    assert outcome["machine"]["cores"] == os.cpu_count()
