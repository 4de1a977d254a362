"""Papers from arXiv's API: https://info.arxiv.org/help/api/user-manual.html.

The API fails for questions with many results, and for pages far into them. So the span of time is walked in windows,
each with some thousands of results at most; neighbors share a minute, as no end may fall between two.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from explorer.errors import InvalidInput, NotFetched
from explorer.fetching.feed import Page
from explorer.fetching.options import FetchOptions, FetchReport
from explorer.fetching.output import Output
from explorer.fetching.polite import EmptyPage, OnePage, Pace, PoliteSession
from explorer.papers import Paper
from explorer.progress import Progress

_ADDRESS = "https://export.arxiv.org/api/query"
_PAGE = 200  # results
_MOST = 3_000  # results of a window
_FEW = 1_000  # results; after a window with fewer, the next is longer
_FIRST_DAYS = 16
_SHORTEST = timedelta(minutes=2)
_LATE = timedelta(days=14)  # a paper that moderators held is dated when it was submitted, not when it appeared
_TIME = "%Y%m%d%H%M"


def fetch_arxiv(options: FetchOptions, *, address: str = "", pace: Pace | None = None) -> FetchReport:
    """Fetch papers from arXiv into the file `options.output`, or go on where an earlier fetch of the same stopped.

    At most one request in 3 s goes to `address`, by default $EXPLORER_ARXIV_URL, else arXiv's API. Raises InvalidInput
    for what cannot be asked for or written, NotFetched when arXiv does not answer; what was fetched by then is kept.
    """
    options = options.checked()
    now = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0) + timedelta(minutes=1)
    if options.begin >= options.end(now):
        raise InvalidInput(f"nothing can be from {options.since} on: that is in the future")
    address = _address(address or os.environ.get("EXPLORER_ARXIV_URL", "") or _ADDRESS)
    with Output(options.output, options.query) as output, ExitStack() as stack:
        _plan(output, options, now)
        client = _Client(address, pace or Pace())
        stack.callback(client.close)
        progress = stack.enter_context(Progress(("fetch",)))
        advance = stack.enter_context(progress.stage("fetch", options.limit))
        return _Walk(options, output, client, advance).walk()


def _address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or "{" in address:
        raise InvalidInput(f"the address of arXiv's API must begin with https://, not {address[:100]!r}")
    return address


def _plan(output: Output, options: FetchOptions, now: datetime) -> None:
    """Add to what is to be done what an earlier fetch could not know of, and what it did not get."""
    state, end = output.state, options.end(now)
    if not state.reached:
        state.todo = [[f"{options.begin:{_TIME}}", f"{end:{_TIME}}"]]
    else:
        reached = datetime.strptime(state.reached, _TIME)
        if end > reached and state.todo and state.todo[-1][1] == state.reached and (state.todo[1:] or not state.offset):
            state.todo[-1][1] = f"{end:{_TIME}}"
        elif end > reached:  # what was late then is looked for, too
            begin = max(options.begin, reached - _LATE)
            state.todo.append([f"{begin:{_TIME}}", f"{end:{_TIME}}"])
        state.todo += state.gaps
        state.gaps = []
    state.reached = max(state.reached, f"{end:{_TIME}}")


class _Client:
    """Ask for one page at a time with the arxiv package."""

    def __init__(self, address: str, pace: Pace) -> None:
        try:
            import arxiv
        except ImportError:
            raise NotFetched("fetching needs the arxiv package: pip install 'paper-explorer[fetch]'") from None
        from explorer import __version__

        self._arxiv = arxiv
        # The pauses and the tries are the session's: the package's own know neither Retry-After nor damaged pages.
        self._client = arxiv.Client(page_size=_PAGE, delay_seconds=0, num_retries=0)
        self._client.query_url_format = address + ("&{}" if "?" in address else "?{}")
        self.session = PoliteSession(f"paper-explorer/{__version__} (python arxiv package)", pace)
        self._client._session = self.session

    def page(self, query: str, offset: int, size: int, doubt: Callable[[Page], str]) -> tuple[list[Any], Page]:
        """Return the results from `offset` on, at most `size`, oldest first, and what the page says of itself.

        Raises NotFetched when there is no good answer, and EmptyPage when that is all that is wrong.
        """
        self.session.renew(doubt)
        self._client.page_size = size
        search = self._arxiv.Search(
            query=query,
            max_results=offset + size,
            sort_by=self._arxiv.SortCriterion.SubmittedDate,
            sort_order=self._arxiv.SortOrder.Ascending,
        )
        results: list[Any] = []
        try:
            for result in self._client.results(search, offset=offset):
                results.append(result)  # noqa: PERF402 -- what came before the end is kept
        except OnePage:
            pass
        except ValueError as error:  # a date that is none
            raise NotFetched(f"arXiv sends a page that the arxiv package cannot read: {error}") from error
        assert self.session.page is not None  # noqa: S101 -- else it had raised
        return results, self.session.page

    def close(self) -> None:
        """Close the connection."""
        self.session.close()


@dataclass(slots=True)
class _Walk:
    """Walk through the spans that are to be done; the output's state says at each moment which they are."""

    options: FetchOptions
    output: Output
    client: _Client
    advance: Callable[[int], object]
    new: int = 0
    repeated: int = 0
    rejected: dict[str, None] = field(default_factory=dict)
    span: timedelta = timedelta(days=_FIRST_DAYS)
    _again: list[str] = field(default_factory=list)

    def walk(self) -> FetchReport:
        """Fetch until nothing is left to do, or there are as many papers as were asked for."""
        state = self.output.state
        while state.todo and not self._is_enough():
            try:
                self._window()
            except EmptyPage:
                self._narrow()
        return FetchReport(
            output=self.output.path,
            papers=state.papers,
            new=self.new,
            repeated=self.repeated,
            rejected=tuple(self.rejected),
            gaps=tuple(
                " to ".join(f"{datetime.strptime(at, _TIME):%Y-%m-%d %H:%M}" for at in gap) for gap in state.gaps
            ),
            requests=self.client.session.count,
            complete=not state.todo and not state.gaps,
        )

    def _is_enough(self) -> bool:
        return self.options.limit is not None and self.output.state.papers >= self.options.limit

    def _window(self) -> None:
        """Fetch the first span that is to be done, or a part of it; the rest is to be done then."""
        state = self.output.state
        start, end = (datetime.strptime(at, _TIME) for at in state.todo[0])
        if not state.offset and end - start > self.span:
            end = start + self.span
            self._split(end)
        query = self.options.search_query(start, end)
        doubt = _Doubt(came=state.offset)
        while not self._is_enough():
            size = min(_PAGE, self.options.limit or _PAGE)
            results, page = self.client.page(query, state.offset, size, doubt.at(state.offset))
            if not state.offset and page.total > _MOST and end - start > _SHORTEST:
                self.span = (end - start) / 2
                self._split(start + self.span)
                return
            doubt.take(results, page)
            is_last = self._keep(results, page) and page.entries < size and state.offset >= doubt.total
            if is_last or not page.entries:
                if doubt.missing:  # some came twice, so that others did not
                    raise EmptyPage
                self._finish()
                if page.total < _FEW:
                    self.span = min(2 * self.span, timedelta(days=366))
                return

    def _keep(self, results: list[Any], page: Page) -> bool:
        """Append the papers that are new; tell whether all results were taken, as the limit allows."""
        papers: dict[str, Paper] = {}
        room = len(results) if self.options.limit is None else self.options.limit - self.output.state.papers
        taken = 0
        for result in results:
            if len(papers) == room:
                break
            taken += 1
            try:
                paper = _paper(result)
            except InvalidInput as error:
                self.rejected[f"{str(result.entry_id)[:100]}: {error}"] = None
                continue
            if paper.id in papers or paper.id in self.output.seen:
                self.repeated += 1
            else:
                papers[paper.id] = paper
        is_whole = taken == len(results)
        if is_whole and len(results) < page.entries:
            self.rejected[f"{page.entries - len(results)} entries of a page without an id or a date"] = None
        self.output.state.offset += page.entries if is_whole else taken
        self.output.append(papers.values())
        self.new += len(papers)
        self.advance(len(papers))
        return is_whole

    def _split(self, middle: datetime) -> None:
        """Part the first span that is to be done; its first part begins anew."""
        state = self.output.state
        start, end = state.todo[0]
        state.todo[:1] = [[start, f"{middle:{_TIME}}"], [f"{middle:{_TIME}}", end]]
        state.offset = 0
        self.output.append(())

    def _finish(self) -> None:
        state = self.output.state
        state.todo.pop(0)
        state.offset = 0
        self.output.append(())

    def _narrow(self) -> None:
        """Ask anew for a span that was not given whole, then for parts of it, and leave a day for the next fetch."""
        state = self.output.state
        start, end = (datetime.strptime(at, _TIME) for at in state.todo[0])
        if self._again != state.todo[0]:
            self._again = list(state.todo[0])
            state.offset = 0
            self.output.append(())
        elif end - start > timedelta(days=1):
            self._split((start + (end - start) / 2).replace(second=0, microsecond=0))
        else:
            state.gaps.append(state.todo[0])
            self._finish()


@dataclass(slots=True)
class _Doubt:
    """Judge the pages of one question. `came` results were taken before.

    At times the API sends empty pages, with or without the number of all results, or results of the page before.
    """

    came: int = 0
    total: int = 0
    _asked_again: int = -1
    _names: set[str] = field(default_factory=set)

    def take(self, results: list[Any], page: Page) -> None:
        """Count the results that came, each once."""
        self._names.update(result.entry_id for result in results)
        self.came += page.entries - len(results)

    @property
    def missing(self) -> bool:
        """Tell whether fewer different results came than there are."""
        return self.came + len(self._names) < self.total

    def at(self, offset: int) -> Callable[[Page], str]:
        """Return what judges the page that begins at `offset`."""

        def judged(page: Page) -> str:
            self.total = max(self.total, page.total)
            if page.entries:
                return ""
            if self.total > offset:
                return f"an empty page, though only {offset:,} of {self.total:,} papers came"
            if self._asked_again != offset:
                self._asked_again = offset
                return "a page without results"
            return ""

        return judged


def _paper(result: Any) -> Paper:
    """Make a paper of what the arxiv package gives. Raises InvalidInput when it has neither title nor abstract."""
    others = [name for name in result.categories if name != result.primary_category]
    return Paper.from_record({
        "id": result.entry_id,
        "title": result.title,
        "abstract": result.summary,
        "authors": [author.name for author in result.authors],
        "date": result.published.date().isoformat(),
        "categories": [result.primary_category, *others],
        "doi": (result.doi or "").split(" ")[0],
    })  # fmt: skip
