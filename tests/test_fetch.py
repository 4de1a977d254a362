"""Fetching from arXiv's API, against a server on this machine: nothing here needs the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import arxiv_server
import pytest
from arxiv_server import Server, Submitted, series, serving
from click.testing import CliRunner

from explorer import readers
from explorer.cli import cli
from explorer.errors import InvalidInput, NotFetched
from explorer.fetching import FetchOptions, FetchReport, Pace, fetch_arxiv, polite
from explorer.fetching import arxiv as walking
from explorer.fetching.categories import category
from explorer.fetching.feed import BadPage, page_of
from explorer.papers import Paper


@dataclass
class Time:
    """Time that passes only when somebody sleeps."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds

    @property
    def pace(self) -> Pace:
        return Pace(self.sleep, lambda: self.now)


@dataclass
class World:
    """A server, a clock and a folder."""

    server: Server
    folder: Path
    time: Time = field(default_factory=Time)
    options: FetchOptions = field(init=False)

    def __post_init__(self) -> None:
        self.options = FetchOptions(self.folder / "papers.jsonl", ("cs.CV",), "2020-10-07", "2020-10-16")

    def fetch(self, **changed: object) -> FetchReport:
        return fetch_arxiv(replace(self.options, **changed), address=self.server.address, pace=self.time.pace)  # type: ignore[arg-type]

    @property
    def ids(self) -> list[str]:
        return [json.loads(line)["id"] for line in self.options.output.read_text(encoding="utf-8").splitlines()]

    @property
    def state(self) -> Path:
        return self.folder / ".papers.jsonl.fetch.json"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A server with 230 papers, one an hour, from 7 October 2020, and pages of 50."""
    monkeypatch.setattr(walking, "_PAGE", 50)
    with serving(Server(series(230))) as server:
        yield World(server, tmp_path)


ALL = [paper.id for paper in series(230)]


def test_all_papers_of_a_span_come_in_the_order_of_their_dates(world: World) -> None:
    report = world.fetch()
    assert world.ids == ALL
    assert report == FetchReport(world.options.output, 230, 230, 0, (), (), 5, True)
    assert [(asked.start, asked.size) for asked in world.server.asked] == [(0, 50), (50, 50), (100, 50), (150, 50), (200, 50)]  # fmt: skip
    assert {asked.query for asked in world.server.asked} == {
        "(cat:cs.CV) AND submittedDate:[202010070000 TO 202010170000]"
    }
    assert {asked.order for asked in world.server.asked} == {("submittedDate", "ascending")}


def test_the_server_is_left_alone_for_three_seconds_and_knows_who_asks(world: World) -> None:
    world.fetch()
    assert world.time.slept == [3.0] * 4
    assert world.server.most_at_once == 1
    assert {asked.agent.partition("/")[0] for asked in world.server.asked} == {"paper-explorer"}


def test_what_is_written_is_what_the_explorer_reads(world: World) -> None:
    world.server.papers = [
        Submitted("2010.02893v2", datetime(2020, 10, 7, 5), "Depth & <sight>", doi="10.1109/CVPR.2020.1"),
        Submitted("cs/0301001v1", datetime(2020, 10, 8, 5)),
    ]
    world.fetch()
    first, second = readers.read(world.options.output)
    assert first == Paper(
        id="2010.02893",
        title="Depth & <sight>",
        abstract="An abstract. It has lines.",
        authors=("Ada Müller", "Bo O'Brien"),
        date="2020-10-07",
        categories=("cs.CV", "cs.LG"),
        url="https://arxiv.org/abs/2010.02893",
        doi="10.1109/CVPR.2020.1",
        version=2,
    )
    assert isinstance(second, Paper)
    assert second.id == "cs/0301001"
    line = json.loads(world.options.output.read_text(encoding="utf-8").splitlines()[0])
    assert list(line) == ["id", "title", "abstract", "authors", "date", "categories", "url", "doi", "version"]
    assert line["version"] == 2


def test_the_same_command_again_asks_for_nothing_and_changes_nothing(world: World) -> None:
    world.fetch()
    before = world.options.output.read_bytes()
    report = world.fetch()
    assert (report.papers, report.new, report.requests, report.complete) == (230, 0, 0, True)
    assert world.options.output.read_bytes() == before


FAULTS = {
    "unavailable": (arxiv_server.status(503), [3.0]),
    "unavailable, asks for 20 s": (arxiv_server.status(503, Retry_After="20"), [20.0]),
    "too many": (arxiv_server.status(429), [3.0]),
    "too many, asks for 7 s": (arxiv_server.status(429, Retry_After="7"), [7.0]),
    "too many, asks for less than we wait": (arxiv_server.status(429, Retry_After="1"), [3.0]),
    "names a moment": (arxiv_server.status(503, Retry_After="Wed, 07 Oct 2020 10:00:45 GMT"), [45.0]),
    "names a moment that has passed": (arxiv_server.status(503, Retry_After="Wed, 07 Oct 2020 09:00:00 GMT"), [3.0]),
    "names nonsense": (arxiv_server.status(503, Retry_After="soon"), [3.0]),
    "internal error": (arxiv_server.status(500), [3.0]),
    "cut off": (arxiv_server.cut, [3.0]),
    "cut off between entries, unnoticed by HTTP": (arxiv_server.cut_unnoticed, [3.0]),
    "hangs up": (arxiv_server.hang_up, [3.0]),
    "no XML": (arxiv_server.sent(b"<html><body>Maintenance<br></body></html>"), [3.0]),
    "nothing at all": (arxiv_server.sent(b""), [3.0]),
    "another XML": (arxiv_server.sent(b"<rss/>"), [3.0]),
    "a bomb": (
        arxiv_server.sent(b'<!DOCTYPE feed [<!ENTITY a "aaaa">]><feed xmlns="http://www.w3.org/2005/Atom">&a;</feed>'),
        [3.0],
    ),
    "no number of results": (arxiv_server.sent(b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>'), [3.0]),
    "an empty page": (arxiv_server.empty, [3.0]),
    "an empty page that says there is nothing": (arxiv_server.nothing, [3.0]),
}


@pytest.mark.parametrize("at", [1, 3], ids=["first page", "in the middle"])
@pytest.mark.parametrize(("fault", "slept"), FAULTS.values(), ids=FAULTS)
def test_a_page_that_fails_is_asked_for_again(
    world: World, fault: arxiv_server.Fault, slept: list[float], at: int
) -> None:
    world.server.faults[at] = fault
    report = world.fetch()
    assert world.ids == ALL
    assert (report.new, report.repeated, report.requests) == (230, 0, 6)
    # The pause after a failure takes the place of the one between requests.
    assert world.time.slept == [3.0] * (at - 1) + slept + [3.0] * (5 - at)


def test_pauses_double_up_to_two_minutes_and_end(world: World) -> None:
    world.server.always = arxiv_server.status(503)
    with pytest.raises(NotFetched, match=r"no good answer in 6 tries, at last status 503; .* the same command again"):
        world.fetch()
    assert world.time.slept == [3.0, 6.0, 12.0, 24.0, 48.0]
    world.server.always = None
    assert world.fetch().papers == 230


def test_who_asks_for_hours_is_left_alone(world: World) -> None:
    world.server.faults[2] = arxiv_server.status(503, Retry_After="7200")
    with pytest.raises(NotFetched, match="left alone for 120 minutes"):
        world.fetch()
    assert world.ids == ALL[:50]
    assert world.fetch().new == 180
    assert world.ids == ALL


def test_a_slow_answer_is_waited_for_but_not_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polite, "_TIMEOUT", (1.0, 0.2))
    world.server.faults |= {1: arxiv_server.slow(0.05), 3: arxiv_server.slow(0.6)}
    assert world.fetch().requests == 6
    assert world.ids == ALL


def test_an_answer_that_drips_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(handler: arxiv_server.Handler, server: Server, asked: arxiv_server.Asked) -> bool:
        world.time.now += 400  # while it is sent
        return True

    started = world.time.pace.clock
    world.server.faults[1] = drip
    assert started() == 1_000
    with serving(Server([])):
        session = polite.PoliteSession("test", world.time.pace)

    class Slow:
        def iter_content(self, size: int) -> Iterator[bytes]:
            for _ in range(10):
                world.time.now += 100
                yield b"<"

    with pytest.raises(polite._Failed, match="not there after 300 s"):
        session._body(Slow())
    monkeypatch.setattr(polite, "_LARGEST_ANSWER", 3)
    with pytest.raises(NotFetched, match="more than 3 bytes"):
        session._body(type("Large", (), {"iter_content": lambda self, size: iter([b"<<", b"<<"])})())


def test_papers_that_come_twice_are_written_once(world: World) -> None:
    world.server.faults[3] = arxiv_server.shifted
    report = world.fetch()
    # The five that the repeated ones pushed out came when the span was asked for anew.
    assert world.ids == ALL[:145] + ALL[150:] + ALL[145:150]
    assert (report.repeated, report.requests, report.gaps) == (5 + 225, 10, ())


def test_short_pages_lose_nothing(world: World) -> None:
    world.server.faults |= {2: arxiv_server.short, 4: arxiv_server.short}
    assert world.fetch().repeated == 0
    assert world.ids == ALL


@pytest.mark.parametrize("count", [0, 40, 50, 229, 231])
def test_a_wrong_number_of_results_loses_nothing(world: World, count: int) -> None:
    world.server.faults |= {number: arxiv_server.total(count) for number in range(1, 6)}
    report = world.fetch()
    assert world.ids == ALL
    assert report.complete


def test_a_number_that_stays_too_large_leaves_gaps_that_the_next_fetch_asks_for(world: World) -> None:
    world.server.papers = series(30)
    world.server.always = arxiv_server.total(35)
    report = world.fetch(until="2020-10-08")
    assert world.ids == ALL[:30]
    assert report.gaps == ("2020-10-07 00:00 to 2020-10-08 00:00", "2020-10-08 00:00 to 2020-10-09 00:00")
    assert not report.complete
    world.server.always = None
    world.server.papers = series(35)
    report = world.fetch(until="2020-10-08")
    assert (report.new, report.gaps, report.complete) == (5, (), True)
    assert world.ids == ALL[:35]


def test_no_question_has_more_results_than_the_api_bears(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "_MOST", 60)
    world.fetch()
    assert world.ids == ALL
    assert max(asked.start for asked in world.server.asked) <= 60
    for asked in world.server.asked:
        if asked.start:
            assert len(world.server.found(asked)) <= 60


def test_long_spans_are_walked_in_windows_that_grow_where_there_is_little(world: World) -> None:
    world.server.papers = series(20, datetime(2020, 1, 1, 12), timedelta(days=15))
    world.fetch(since="2020", until="2020-10")
    windows = list(dict.fromkeys(asked.window for asked in world.server.asked))
    assert [first for first, _ in windows] == [
        "202001010000",
        "202001170000",
        "202002180000",
        "202004220000",
        "202008280000",
    ]
    assert [last for _, last in windows] == [*[first for first, _ in windows[1:]], "202011010000"]
    assert world.ids == [paper.id for paper in world.server.papers]


def test_a_paper_of_the_minute_between_two_windows_is_not_lost(world: World) -> None:
    world.server.papers = [Submitted("2010.00001v1", datetime(2020, 1, 17, 0, 0)), Submitted("2010.00002v1", datetime(2020, 1, 16, 23, 59, 59))]  # fmt: skip
    report = world.fetch(since="2020", until="2020")
    assert sorted(world.ids) == ["2010.00001v1", "2010.00002v1"]
    assert report.repeated == 1


def test_the_largest_number_and_more_of_it_later(world: World) -> None:
    assert world.fetch(limit=70) == FetchReport(world.options.output, 70, 70, 0, (), (), 2, False)
    assert world.ids == ALL[:70]
    assert world.fetch(limit=70).requests == 0
    assert world.fetch(limit=20).papers == 70
    assert world.fetch(limit=120).new == 50
    assert world.ids == ALL[:120]
    assert world.fetch().complete
    assert world.ids == ALL


def test_a_small_number_asks_for_a_small_page(world: World) -> None:
    world.fetch(limit=7)
    assert [asked.size for asked in world.server.asked] == [7]


def test_a_fetch_without_an_end_goes_on_where_it_ended_and_looks_for_what_was_late(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Now(datetime):
        moment = datetime(2020, 10, 10, 12, tzinfo=UTC)

        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return cls.moment

    monkeypatch.setattr(walking, "datetime", Now)
    hidden, world.server.papers = world.server.papers[40], world.server.papers[:40] + world.server.papers[41:80]
    assert world.fetch(until="").papers == 79
    assert world.server.asked[-1].window[1] == "202010101201"
    Now.moment = datetime(2020, 10, 12, 12, tzinfo=UTC)
    world.server.papers = series(120)
    report = world.fetch(until="")
    assert (report.papers, report.new) == (120, 41)
    assert hidden.id in world.ids
    assert len(set(world.ids)) == 120


def test_an_interrupted_fetch_without_an_end_goes_on_until_now(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Now(datetime):
        moment = datetime(2020, 11, 10, 12, tzinfo=UTC)

        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return cls.moment

    monkeypatch.setattr(walking, "datetime", Now)
    world.server.faults[2] = arxiv_server.status(404)
    for _ in range(3):
        with pytest.raises(NotFetched):
            world.fetch(until="")
        world.server.faults = {number: arxiv_server.status(404) for number in range(3, 9)}
        Now.moment += timedelta(days=1)
    assert json.loads(world.state.read_text())["todo"] == [
        ["202010070000", "202010230000"],
        ["202010230000", "202011101201"],
    ]
    world.server.faults = {}
    assert world.fetch(until="").complete
    assert world.ids == ALL
    assert json.loads(world.state.read_text())["reached"] == "202011131201"


CRASHES = 14


class _Killed(BaseException):
    """Stand for a process that ends."""


@pytest.mark.parametrize("at", range(CRASHES))
def test_a_run_that_is_cut_off_at_any_moment_loses_and_repeats_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Each flush and each replacement is a moment; the line that was being written is torn."""
    left = at
    real_fsync, real_replace = os.fsync, Path.replace

    def moment() -> None:
        nonlocal left
        if left == 0:
            raise _Killed
        left -= 1

    def fsync(descriptor: int) -> None:
        moment()
        real_fsync(descriptor)

    def replaced(path: Path, target: Path) -> Path:
        moment()
        return real_replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        patched.setattr(Path, "replace", replaced)
        with pytest.raises(_Killed):
            world.fetch()
    if world.options.output.exists():
        with world.options.output.open("ab") as file:
            file.write(b'{"id": "2010.00099v1", "title": "torn')
    report = world.fetch()
    assert world.ids == ALL
    assert report.papers == 230
    assert report.complete


def test_a_killed_process_is_gone_on_from(world: World) -> None:
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom explorer.fetching import *\nfrom explorer.fetching import arxiv\n"
        "arxiv._PAGE = 50\nslept = []\n"
        "def sleep(seconds):\n    slept.append(seconds)\n    if len(slept) == 3: os.kill(os.getpid(), 9)\n"
        f"options = FetchOptions(Path({str(world.options.output)!r}), ('cs.CV',), '2020-10-07', '2020-10-16')\n"
        "fetch_arxiv(options, pace=Pace(sleep))\n"
    )
    environment = os.environ | {"EXPLORER_ARXIV_URL": world.server.address}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert done.returncode == -9
    assert world.ids == ALL[:150]
    assert world.fetch().new == 80
    assert world.ids == ALL


def test_a_file_of_somebody_else_is_left_alone(world: World) -> None:
    world.options.output.write_text('{"title": "mine"}\n')
    with pytest.raises(InvalidInput, match="exists, and no fetch made it"):
        world.fetch()
    assert world.options.output.read_text() == '{"title": "mine"}\n'


def test_a_file_of_another_question_is_left_alone(world: World) -> None:
    world.fetch()
    before = world.options.output.read_bytes()
    with pytest.raises(
        InvalidInput, match=r"holds what another fetch asked for \(source arxiv, categories \['cs.CV'\]"
    ):
        world.fetch(categories=("cs.LG",))
    assert world.options.output.read_bytes() == before


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"format": 1, "nonsense": 2}', "[" * 100_000])
def test_a_damaged_state_is_named(world: World, damage: str) -> None:
    world.fetch()
    world.state.write_text(damage)
    with pytest.raises(InvalidInput, match=r"papers.jsonl.fetch.json is damaged: remove it"):
        world.fetch()


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1}, {"size": "1"}, {"papers": None}, {"offset": 1.5}, {"query": 7}, {"todo": [["1", "2"]]},
        {"todo": 5}, {"gaps": [[1, 2]]}, {"reached": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_a_state_that_people_edited_is_named(world: World, change: dict[str, object]) -> None:
    world.fetch()
    world.state.write_text(json.dumps(json.loads(world.state.read_text()) | change))
    with pytest.raises(InvalidInput, match=r"is damaged: remove it"):
        world.fetch()


def test_a_state_of_another_version_is_named(world: World) -> None:
    world.fetch()
    world.state.write_text(json.dumps(json.loads(world.state.read_text()) | {"format": 2}))
    with pytest.raises(InvalidInput, match="written by another version"):
        world.fetch()


def test_a_file_that_was_changed_is_named_and_one_that_was_removed_is_fetched_again(world: World) -> None:
    world.fetch()
    content = world.options.output.read_bytes()
    for changed in (content[:-10], content.replace(b'{"id"', b'{"no"', 1), content.replace(b"\n", b" ", 1)):
        world.options.output.write_bytes(changed)
        with pytest.raises(InvalidInput, match="was changed since it was fetched"):
            world.fetch()
    world.options.output.unlink()
    assert world.fetch().new == 230
    assert world.options.output.read_bytes() == content


def test_one_process_at_a_time_writes_a_file(world: World) -> None:
    def meanwhile(handler: arxiv_server.Handler, server: Server, asked: arxiv_server.Asked) -> bool:
        with pytest.raises(InvalidInput, match="is being written by another process"):
            world.fetch()
        return True

    world.server.faults[2] = meanwhile
    assert world.fetch().papers == 230
    assert world.ids == ALL


def test_a_folder_that_cannot_be_written_is_named(world: World) -> None:
    (world.folder / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be written"):
        world.fetch(output=world.folder / "file" / "papers.jsonl")


def test_folders_are_made(world: World) -> None:
    world.fetch(output=world.folder / "a" / "b" / "papers.jsonl")
    assert (world.folder / "a" / "b" / "papers.jsonl").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"categories": ("cs.CW",)}, r"arXiv has no category 'cs.CW': did you mean .*cs\.C"),
        ({"categories": ("vision",)}, "arXiv has no category 'vision'"),
        ({"categories": ("cs.CV) OR (cat:cs",)}, "arXiv has no category"),
        ({"categories": ()}, "nothing to fetch: name a category"),
        ({"since": "yesterday"}, "since must be a date such as 2020-10-07, not 'yesterday'"),
        ({"since": "2020-02-30"}, "since must be .* not in the calendar"),
        ({"since": "2020-13"}, "since must be .* not in the calendar"),
        ({"since": ""}, "since must be a date"),
        ({"until": "2020-10-7"}, "until must be a date"),
        ({"until": "2020-10-06"}, "the dates are swapped"),
        ({"since": "9999", "until": ""}, "that is in the future"),
        ({"since": "9999-12-31", "until": "9999-12-31"}, "that is in the future"),
        ({"limit": 0}, "at least 1"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_said_before_anything_is(
    world: World, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        world.fetch(**changed)
    assert world.server.asked == []
    assert not world.options.output.exists()


def test_a_packed_output_and_a_wrong_address_are_refused(world: World) -> None:
    with pytest.raises(InvalidInput, match=r"written unpacked; name the file papers\.jsonl"):
        world.fetch(output=world.folder / "papers.jsonl.gz")
    for address in ("export.arxiv.org", "file:///etc/passwd", "http://"):
        with pytest.raises(InvalidInput, match="must begin with https://"):
            fetch_arxiv(world.options, address=address)


@pytest.mark.parametrize("code", [200, 400])
def test_the_api_s_own_error_is_shown(world: World, code: int) -> None:
    world.server.always = arxiv_server.error("incorrect query: <fields>", code)
    with pytest.raises(NotFetched, match=f"arXiv refuses with status {code}: incorrect query: <fields>"):
        world.fetch(search="ti:(")
    assert len(world.server.asked) == 1  # to ask again would not help


def test_a_refusal_is_shown(world: World) -> None:
    world.server.always = arxiv_server.status(403, b"<html>forbidden")
    with pytest.raises(NotFetched, match="refuses with status 403"):
        world.fetch()
    assert len(world.server.asked) == 1


def test_without_a_network_one_is_told_after_three_tries(tmp_path: Path) -> None:
    with serving(Server([])) as server:
        address = server.address
    time = Time()
    options = FetchOptions(tmp_path / "papers.jsonl", ("cs.CV",), "2020-10-07")
    with pytest.raises(NotFetched, match=r"3 tries, at last no connection: is there a network\? \(.*refused.*\)"):
        fetch_arxiv(options, address=address, pace=time.pace)
    assert time.slept == [3.0, 6.0]
    with pytest.raises(NotFetched, match="is there a network"):
        fetch_arxiv(options, address="http://nowhere.invalid/", pace=time.pace)


def test_without_the_package_one_is_told_how_to_get_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arxiv", None)
    with pytest.raises(NotFetched, match=r"pip install 'paper-explorer\[fetch\]'"):
        world.fetch()


def test_entries_that_are_no_papers_are_counted(world: World) -> None:
    world.server.papers = [Submitted("2010.00001v1", datetime(2020, 10, 7, 5), "", ""), Submitted("2010.00002v1", datetime(2020, 10, 7, 6))]  # fmt: skip
    report = world.fetch()
    assert report.rejected == ("http://arxiv.org/abs/2010.00001v1: neither title nor abstract",)
    assert (report.papers, report.complete) == (1, True)

    def without_dates(handler: arxiv_server.Handler, server: Server, asked: arxiv_server.Asked) -> None:
        handler.send(server.page(asked).replace(b"published>", b"printed>", 2))

    world.options = replace(world.options, output=world.folder / "others.jsonl")
    world.server.papers, world.server.always = series(10), without_dates
    assert world.fetch().rejected == ("1 entries of a page without an id or a date",)


def test_categories_are_spelled_as_arxiv_does() -> None:
    assert [category(name) for name in ("cs.cv", " CS.CV ", "hep-th", "COND-MAT.mes-hall", "cs", "cmp-lg")] == [
        "cs.CV", "cs.CV", "hep-th", "cond-mat.mes-hall", "cs", "cmp-lg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("categories", "search", "query"),
    [
        (("cs.CV", "eess.IV"), "", "(cat:cs.CV OR cat:eess.IV) AND "),
        (("cs",), "", "(cat:cs.*) AND "),
        (("astro-ph",), "", "(cat:astro-ph OR cat:astro-ph.*) AND "),
        (("hep-th",), "ti:string  AND au:x", "(cat:hep-th) AND (ti:string AND au:x) AND "),
        ((), "ti:depth OR ti:sight", "(ti:depth OR ti:sight) AND "),
    ],
)
def test_questions(categories: tuple[str, ...], search: str, query: str) -> None:
    options = FetchOptions(Path("x"), categories, "2020", "2021", search).checked()
    asked = options.search_query(datetime(2020, 1, 1), datetime(2020, 2, 1, 12, 5))
    assert asked == query + "submittedDate:[202001010000 TO 202002011205]"


@pytest.mark.parametrize(
    ("since", "until", "begin", "end"),
    [
        ("2020", "2020", "2020-01-01", "2021-01-01"),
        ("2020-02", "2020-02", "2020-02-01", "2020-03-01"),
        ("2020-12", "2020-12", "2020-12-01", "2021-01-01"),
        ("2020-10-07", "2020-10-07", "2020-10-07", "2020-10-08"),
        ("1000", "1991-01-01", "1991-01-01", "1991-01-02"),
        ("2020-10-07", "9998", "2020-10-07", "2022-01-01"),
        ("2020-10-07", "9999-12-31", "2020-10-07", "2022-01-01"),
        ("2020-10-07", "", "2020-10-07", "2022-01-01"),
    ],
)
def test_dates(since: str, until: str, begin: str, end: str) -> None:
    options = FetchOptions(Path("x"), ("cs.CV",), since, until).checked()
    assert f"{options.begin:%Y-%m-%d %H%M}" == f"{begin} 0000"
    assert f"{options.end(datetime(2022, 1, 1)):%Y-%m-%d %H%M}" == f"{end} 0000"


def test_what_a_page_says_of_itself(shared_data: Path) -> None:
    folder = shared_data / "formats" / "arxiv_api_atom"
    page = page_of((folder / "search_page_100.xml").read_bytes())
    assert (page.entries, page.total, page.error) == (100, 214881, "")
    with pytest.raises(BadPage, match="cut off or damaged"):
        page_of((folder / "single.xml").read_bytes()[:-10])


def test_a_page_with_a_number_that_is_none() -> None:
    feed = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/"><o:totalResults>{}</o:totalResults></feed>'
    assert page_of(feed.format(" 12 ").encode()).total == 12
    for written in ("", "many", "-1", "٣"):
        with pytest.raises(BadPage, match="results"):
            page_of(feed.format(written).encode())


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """The command line, in an empty folder, whose time is the world's."""
    monkeypatch.setenv("EXPLORER_ARXIV_URL", world.server.address)
    monkeypatch.setattr(walking, "Pace", lambda: world.time.pace)
    monkeypatch.chdir(world.folder)
    return lambda *arguments: CliRunner().invoke(cli, [*arguments], catch_exceptions=False)


def test_the_command(run: Callable[..., object], world: World) -> None:
    arguments = (
        "fetch",
        "arxiv",
        "--category",
        "cs.CV",
        "--category",
        "cs.lg",
        "--since",
        "2020-10-07",
        "--until",
        "2020-10-16",
    )
    done = run(*arguments, "--max", "60", "-o", "some.jsonl")
    assert (done.stdout, done.exit_code) == ("60 papers in some.jsonl (60 new)\n", 0)
    done = run(*arguments, "--json")
    assert json.loads(done.stdout) == {
        "output": "arxiv-cs.CV-cs.lg.jsonl", "papers": 230, "new": 230, "repeated": 0, "rejected": [], "gaps": [],
        "requests": 5, "complete": True,
    }  # fmt: skip
    assert run(*arguments).stdout == "230 papers in arxiv-cs.CV-cs.lg.jsonl (0 new)\n"
    assert run("fetch", "arxiv", "--since", "2020", "--until", "2020", "--search", "ti:x").stdout.startswith(
        "230 papers in arxiv-search.jsonl"
    )


def test_the_command_says_what_it_did_not_get(run: Callable[..., object], world: World) -> None:
    world.server.papers = [
        Submitted(f"2010.0000{number}v1", datetime(2020, 10, 7, number), "", "") for number in range(7)
    ]
    world.server.always = arxiv_server.total(9)
    done = run("fetch", "arxiv", "--category", "cs.CV", "--since", "2020-10-07", "--until", "2020-10-07")
    lines = done.stderr.splitlines()
    assert lines[0] == "rejected: http://arxiv.org/abs/2010.00000v1: neither title nor abstract"
    assert lines[5:] == [
        "rejected: and 2 more",
        "arXiv did not give all papers of 2020-10-07 00:00 to 2020-10-08 00:00: the same command asks for them again",
    ]
    assert done.stdout == "0 papers in arxiv-cs.CV.jsonl (0 new)\n"


def test_the_command_s_errors_are_one_line(run: Callable[..., object], world: World) -> None:
    done = run("fetch", "arxiv", "--category", "cs.XX", "--since", "2020")
    assert done.exit_code == 1
    assert done.stderr.startswith("explorer: arXiv has no category 'cs.XX'")
    assert run("fetch", "arxiv", "--category", "cs.CV").exit_code == 2  # since when?


def test_importing_it_loads_neither_the_package_nor_the_network() -> None:
    program = "import sys, explorer.fetching, explorer.cli.fetch; print(*sys.modules)"
    # What measures coverage imports modules of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert not {"arxiv", "requests", "urllib3", "socket", "ssl", "lxml", "http.client"} & set(loaded)
