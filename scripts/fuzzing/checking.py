"""Reading one input and judging what comes out."""

from __future__ import annotations

import io
import re
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time

from explorer import readers
from explorer.errors import ExplorerError, UnknownFormat
from explorer.papers import Paper
from explorer.readers import Reader, Rejected, Source

LONGEST_ERROR = 2_000  # characters
PATIENCE = 10.0  # seconds of work on one input
WAITING = 60.0  # seconds of waiting for something, on a machine that may be busy
_AT_ONCE = 0.5  # seconds that any input may take,
_EACH_BYTE = 5e-6  # and how many more for each of its bytes
_EACH_RECORD = 2e-4  # and for each of its records, which may have two bytes
_SMALL = 1_000_000  # bytes of an input that takes no more time for its size alone
_GROWTH = 3.0  # how many times the time per byte may grow when an input becomes longer
_DATE = re.compile(r"(?:[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)?")
_ADDRESS = re.compile(r"(?:https?://\S+)?", re.IGNORECASE)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


class Hang(BaseException):
    """Say that reading does not end; no reader can take it for an error of its own."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Say what went wrong with one input."""

    kind: str
    detail: str


@dataclass(slots=True)
class Figures:
    """Count what came out."""

    inputs: int = 0
    bytes: int = 0
    papers: int = 0
    rejected: int = 0
    errors: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_input: str = ""

    def add(self, other: Figures) -> None:
        """Add what others counted."""
        if other.slowest > self.slowest:
            self.slowest, self.slowest_input = other.slowest, other.slowest_input
        for name in ("inputs", "bytes", "papers", "rejected", "errors", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Checker:
    """Read inputs with one reader, and with whatever reader recognizes them."""

    reader: Reader
    folder: Path
    patience: float = PATIENCE
    waiting: float = WAITING
    figures: Figures = field(default_factory=Figures)

    def check(self, name: str, data: bytes, suffix: str = "", *, measured: bool = True) -> Failure | None:
        """Return what is wrong with how `data` is read, or None."""
        file = self.folder / f"input{suffix}"
        file.write_bytes(data)
        before = self._records()
        begun = process_time()
        failure = self._guarded(lambda: self._read(data), "target", len(data)) if not suffix else None
        failure = failure or self._guarded(lambda: readers.read(file), "recognized", len(data))
        taken = process_time() - begun
        self._count(name, len(data), taken)
        most = 2 * (_AT_ONCE + _EACH_BYTE * len(data)) + _EACH_RECORD * (self._records() - before)
        if failure is None and measured and taken > most:
            return Failure("slow", f"{taken:.1f} s for {len(data):,} bytes")
        return failure

    def check_growth(self, name: str, short: bytes, long: bytes) -> Failure | None:
        """Return what is wrong with how an input is read that can be made longer: time may not grow faster than it."""
        times = []
        for data in (short, long):
            failure = self.check(name, data, measured=False)
            if failure is not None:
                return failure
            times.append(self._seconds(data))
        if times[1] > _AT_ONCE and times[1] / len(long) > _GROWTH * max(times[0], 0.002) / len(short):
            times = [min(one, self._seconds(data)) for one, data in zip(times, (short, long), strict=True)]
            if times[1] > _AT_ONCE and times[1] / len(long) > _GROWTH * max(times[0], 0.002) / len(short):
                return Failure(
                    "superlinear", f"{times[0]:.2f} s for {len(short):,} bytes, {times[1]:.2f} s for {len(long):,}"
                )
        return None

    def _records(self) -> int:
        return self.figures.papers + self.figures.rejected

    def _seconds(self, data: bytes) -> float:
        begun = process_time()
        self._guarded(lambda: self._read(data), "target", len(data))
        return process_time() - begun

    def _read(self, data: bytes) -> Iterator[object]:
        # It is asked as it would be; what it says does not matter here.
        self.reader.recognizes(data[:65_536].decode("utf-8", "replace"))
        return self.reader.read(Source(io.BufferedReader(io.BytesIO(data)), "input"))  # type: ignore[arg-type]

    def _guarded(self, read: Callable[[], Iterable[object]], way: str, size: int) -> Failure | None:
        lost: list[str] = []
        more = _EACH_BYTE * max(0, size - _SMALL)
        try:
            with limited(self.patience + more, self.waiting + 3 * more), unraisable(lost):
                failure = self._judged(read())
        except ExplorerError as error:
            self.figures.errors += 1
            said = str(error)
            longest = (
                LONGEST_ERROR if not isinstance(error, UnknownFormat) else 2 * LONGEST_ERROR
            )  # it lists the formats
            failure = Failure("long error", f"{len(said):,} characters") if len(said) > longest else None
            failure = failure if said.strip() else Failure("empty error", type(error).__name__)
        except Hang as hang:
            return Failure("hang", f"{way}: {hang}")
        except Exception as error:  # it is what is looked for
            return Failure("raised", f"{way}: {_told(error)}")
        return failure or (Failure("unraisable", f"{way}: {lost[0]}") if lost else None)

    def _judged(self, records: Iterable[object]) -> Failure | None:
        for record in records:
            if type(record) is Paper:
                self.figures.papers += 1
                failure = wrong_paper(record)
            elif type(record) is Rejected:
                self.figures.rejected += 1
                failure = wrong_rejected(record)
            else:
                failure = Failure("neither paper nor rejected", repr(record)[:200])
            if failure is not None:
                return failure
        return None

    def _count(self, name: str, size: int, seconds: float) -> None:
        self.figures.add(Figures(1, size, 0, 0, 0, seconds, seconds, name))


def wrong_paper(paper: Paper) -> Failure | None:
    """Return what is wrong with a paper, or None."""
    texts = {
        "id": paper.id,
        "title": paper.title,
        "abstract": paper.abstract,
        "date": paper.date,
        "url": paper.url,
        "doi": paper.doi,
    }
    for name in ("authors", "categories", "listed_in", "links", "also"):
        values = getattr(paper, name)
        if type(values) is not tuple:
            return Failure("wrong type", f"{name}: {type(values).__name__}")
        texts |= {f"{name} {number}": value for number, value in enumerate(values)}
    for name, text in texts.items():
        if type(text) is not str:
            return Failure("wrong type", f"{name}: {type(text).__name__}")
        if (sign := unclean(text)) is not None:
            return Failure("unclean", f"{name} has {sign!r}: {text[:100]!r}")
        if text != text.strip():
            return Failure("unclean", f"{name} has blanks around it: {text[:50]!r}")
    return _wrong_field(paper)


def _wrong_field(paper: Paper) -> Failure | None:
    if not paper.id or len(paper.id) > 400:
        return Failure("wrong id", repr(paper.id)[:100])
    if not paper.title and not paper.abstract:
        return Failure("no text", paper.id[:100])
    if not _DATE.fullmatch(paper.date):
        return Failure("wrong date", repr(paper.date)[:100])
    if not all(_ADDRESS.fullmatch(address) for address in (paper.url, *paper.links)):
        return Failure("wrong address", repr((paper.url, *paper.links))[:200])
    if not (paper.version is None or (type(paper.version) is int and 0 < paper.version < 10_000)):
        return Failure("wrong version", repr(paper.version)[:100])
    return None


def wrong_rejected(rejected: Rejected) -> Failure | None:
    """Return what is wrong with a rejected record, or None."""
    if type(rejected.line) is not int or rejected.line < 0 or not rejected.unit:
        return Failure("wrong place", repr((rejected.line, rejected.unit))[:100])
    if type(rejected.reason) is not str or not rejected.reason.strip():
        return Failure("no reason", repr(rejected.reason)[:100])
    return None


def unclean(text: str) -> str | None:
    """Return a sign of `text` that none may have: controls but line ends, surrogates, changes of direction."""
    if text.isprintable() and text.isascii():
        return None
    for sign in text:
        if (sign != "\n" and unicodedata.category(sign) in {"Cc", "Cs"}) or _BIDI.match(sign):
            return sign
    return None


@contextmanager
def limited(patience: float, waiting: float) -> Iterator[None]:
    """Raise Hang in what takes too long: by its own time first, as the machine may be busy with others."""

    def ring(signum: int, _frame: object) -> None:
        raise Hang(f"more than {patience if signum == signal.SIGPROF else waiting:g} s")

    signal.signal(signal.SIGPROF, ring)
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_PROF, patience)
    signal.setitimer(signal.ITIMER_REAL, waiting)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def unraisable(lost: list[str]) -> Iterator[None]:
    """Collect errors that Python could only print."""
    before = sys.unraisablehook
    sys.unraisablehook = lambda what: lost.append(f"{type(what.exc_value).__name__}: {what.exc_value}")
    try:
        yield
    finally:
        sys.unraisablehook = before


def _told(error: BaseException) -> str:
    """Return an error and where it came from."""
    place, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if f"{Path('explorer')}" in Path(name).parts:
            place = f"{Path(name).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}: {str(error)[:200]} ({place or 'outside the package'})"
