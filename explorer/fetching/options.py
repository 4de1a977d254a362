"""What is to be fetched, checked before anything is asked for, and what was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from explorer.errors import InvalidInput
from explorer.fetching.categories import asked, category

_DATE = r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?"
_FIRST = date(1991, 1, 1)  # arXiv has nothing older


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """Say what is to be fetched, and where it goes.

    Papers of any of the `categories` ("cs.CV", or "cs" for all of it) that match `search` (arXiv's own query language,
    "ti:depth AND au:smith"), submitted from `since` to `until` (ISO dates, maybe only years or months; none: until
    now), oldest first. `limit` is the largest number of papers in the file `output`, which is JSON lines.
    """

    output: Path
    categories: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    search: str = ""
    limit: int | None = None

    def checked(self) -> FetchOptions:
        """Return the options with categories as arXiv spells them. Raises InvalidInput for what cannot be asked."""
        if not self.categories and not self.search.strip():
            raise InvalidInput("nothing to fetch: name a category (cs.CV) or a search")
        if self.limit is not None and self.limit < 1:
            raise InvalidInput(f"{self.limit} papers cannot be fetched: the largest number must be at least 1")
        if self.output.suffix.lower() in {".gz", ".xz", ".zst", ".zip"}:
            raise InvalidInput(f"{self.output}: papers are written unpacked; name the file {self.output.stem}")
        if self.until and self.begin >= self.end(datetime.max):
            raise InvalidInput(f"nothing can be from {self.since} on and until {self.until}: the dates are swapped")
        named = tuple(dict.fromkeys(map(category, self.categories)))
        return FetchOptions(self.output, named, self.since, self.until, " ".join(self.search.split()), self.limit)

    @property
    def begin(self) -> datetime:
        """Return the first minute of `since`, UTC without a zone. Raises InvalidInput when it is no date."""
        return datetime.combine(max(_day(self.since, "since")[0], _FIRST), datetime.min.time())

    def end(self, now: datetime) -> datetime:
        """Return the minute after the last of `until`, at most `now`. Raises InvalidInput when it is no date."""
        if not self.until:
            return now
        try:
            after = _day(self.until, "until")[1] + timedelta(days=1)
        except OverflowError:
            return now
        return min(now, datetime.combine(after, datetime.min.time()))

    @property
    def query(self) -> dict[str, object]:
        """Return what makes another fetch go on with the same file."""
        return {
            "source": "arxiv",
            "categories": sorted(self.categories),
            "search": self.search,
            "since": self.since,
            "until": self.until,
        }

    def search_query(self, start: datetime, end: datetime) -> str:
        """Return the question to arXiv for one window of time; both of its ends are part of it."""
        names = " OR ".join(map(asked, self.categories))
        parts = [f"({part})" for part in (names, self.search) if part]
        return " AND ".join([*parts, f"submittedDate:[{start:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}]"])


@dataclass(frozen=True, slots=True)
class FetchReport:
    """Tell what a fetch did.

    `papers` are in the file, of which `new` came now; `repeated` were sent again. `rejected` are reasons; `gaps` the
    spans of time of which arXiv promised more papers than it gave: the next fetch asks for them again. A fetch is
    `complete` when nothing is left to ask for.
    """

    output: Path
    papers: int
    new: int
    repeated: int
    rejected: tuple[str, ...]
    gaps: tuple[str, ...]
    requests: int
    complete: bool


def _day(written: str, name: str) -> tuple[date, date]:
    """Return the first and the last day of a date that may be a year or a month."""
    wanted = f"{name} must be a date such as 2020-10-07"
    if not re.fullmatch(_DATE, written.strip(), re.ASCII):
        raise InvalidInput(f"{wanted}, not {written[:100]!r}")
    year, month, day = (*map(int, written.strip().split("-")), 0, 0)[:3]
    try:
        first = date(year, month or 1, day or 1)
        if day:
            return first, first
        if year == date.max.year:
            return first, date.max
        following = date(year + (month in {0, 12}), month % 12 + 1, 1)
    except ValueError:
        raise InvalidInput(f"{wanted}: {written[:100]!r} is not in the calendar") from None
    return first, following - timedelta(days=1)
