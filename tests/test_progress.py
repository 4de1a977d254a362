"""What a build shows on a terminal, and that it shows nothing elsewhere."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hashed_words import HashedWords

from explorer import Library
from explorer.progress import Progress

STAGES = ("reading", "embedding", "words", "neighbors", "topics", "layout", "writing")


class Terminal(io.StringIO):
    """Take what is written, and remember what the one line showed each time it was written anew."""

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> list[str]:
        return self.getvalue().split("\r")

    @property
    def screen(self) -> str:
        """What is left on the line, by the rules of a terminal: a carriage return goes back and erases nothing."""
        line: list[str] = []
        for written in self.shown:
            line[: len(written)] = written
        return "".join(line).rstrip()


class Clock:
    """Tell a time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("tqdm.std.time", clock)
    return clock


@contextmanager
def watched() -> Iterator[Terminal]:
    """Have standard error be a terminal; no fixture, since pytest sets standard error between those and a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "LINES"):  # the width of the terminal that the tests run in
            patch.delenv(name, raising=False)
        terminal = Terminal()
        patch.setattr(sys, "stderr", terminal)
        yield terminal


def test_the_stage_is_shown_with_its_rate_and_what_is_left(clock: Clock) -> None:
    with watched() as terminal, Progress(STAGES) as progress, progress.stage("embedding", 200) as done:
        assert terminal.shown[-1].startswith("2/7 embedding:   0%")
        assert "| 0/200 [00:00<?, ? papers/s]" in terminal.shown[-1]
        clock.now += 2
        done(50)
        assert terminal.shown[-1].startswith("2/7 embedding:  25%")
        assert "| 50/200 [00:02<00:05, 25.00 papers/s]" in terminal.shown[-1]
        clock.now += 6
        done(150)
        assert terminal.shown[-1].startswith("2/7 embedding: 100%")
        assert "| 200/200 [00:08<00:00, 25.00 papers/s]" in terminal.shown[-1]


def test_a_stage_of_unknown_length_counts(clock: Clock) -> None:
    with watched() as terminal, Progress(STAGES) as progress, progress.stage("reading") as done:
        for _ in range(3):
            clock.now += 0.5
            done(1)
        assert terminal.shown[-1].startswith("1/7 reading: ")
        assert "3 papers [00:01,  2.00 papers/s]" in terminal.shown[-1]


def test_each_stage_begins_at_nothing(clock: Clock) -> None:
    with watched() as terminal, Progress(STAGES) as progress:
        with progress.stage("embedding", 10) as done:
            clock.now += 1
            done(10)
        with progress.stage("neighbors", 20) as done:
            assert terminal.shown[-1].startswith("4/7 neighbors:   0%")
            assert "| 0/20 [00:00<?, ? papers/s]" in terminal.shown[-1]
            clock.now += 1
            done(5)
            assert "| 5/20 [00:01<00:03,  5.00 papers/s]" in terminal.shown[-1]


def test_all_is_in_one_line_which_vanishes(clock: Clock) -> None:
    with watched() as terminal:
        with Progress(STAGES) as progress:
            for number, name in enumerate(STAGES, 1):
                with progress.stage(name, 10) as done:
                    for _ in range(10):
                        clock.now += 1
                        done(1)
                    assert terminal.screen.startswith(f"{number}/7 {name}: 100%")
        assert "\n" not in terminal.getvalue()
        assert terminal.screen == ""


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_line_vanishes_after_a_failure_too(error: type[BaseException]) -> None:
    def fail() -> None:
        with Progress(STAGES) as progress, progress.stage("embedding", 10) as done:
            done(3)
            raise error

    with watched() as terminal:
        with pytest.raises(error):
            fail()
        assert "2/7 embedding" in terminal.getvalue()
        assert "\n" not in terminal.getvalue()
        assert terminal.screen == ""


def test_a_build_shows_its_stages_in_their_order(tmp_path: Path, sample: Path) -> None:
    with watched() as terminal:
        Library.build(sample, tmp_path / "library", model=HashedWords()).close()
    stages = [line.partition(":")[0].strip() for line in terminal.shown]
    assert list(dict.fromkeys(stage for stage in stages if "/7 " in stage)) == [
        f"{number}/7 {name}" for number, name in enumerate(STAGES, 1)
    ]
    assert "\n" not in terminal.getvalue()
    assert terminal.screen == ""


def test_a_build_is_silent_where_nobody_watches(
    tmp_path: Path, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Library.build(sample, tmp_path / "library", model=HashedWords()).close()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("stream", [io.StringIO(), None], ids=["no terminal", "no stream"])
def test_nothing_is_shown_where_there_is_no_terminal(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(STAGES) as progress, progress.stage("embedding", 200) as done:
        done(50)
    assert stream is None or stream.getvalue() == ""


UNSEEN = """
import sys
from explorer.progress import Progress

with Progress(("reading", "embedding")) as progress:
    for name in ("reading", "embedding"):
        with progress.stage(name, 3) as done:
            done(3)
print("tqdm" in sys.modules)
"""


def test_where_nobody_watches_tqdm_is_not_imported(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", UNSEEN]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
