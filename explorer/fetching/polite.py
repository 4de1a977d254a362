"""Asking a server politely: one request at a time, with pauses, again when it fails, and never for ever."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from explorer.errors import NotFetched
from explorer.fetching.feed import BadPage, Page, page_of

# Of arXiv's terms of use: https://info.arxiv.org/help/api/tou.html
_BETWEEN = 3.0  # seconds
_TRIES = 6
_TRIES_FOR_EMPTY = 5
_TRIES_TO_CONNECT = 3  # who has no network need not wait minutes to be told
_LONGEST_PAUSE = 120.0  # seconds, of our own
_LONGEST_WAIT = 900.0  # seconds, that a server may ask for
_TIMEOUT = (15.0, 90.0)  # seconds: to connect, between two pieces of an answer
_LONGEST_ANSWER = 300.0  # seconds
_LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
_AGAIN = "what was fetched is kept: give the same command again to go on"


@dataclass(frozen=True, slots=True)
class Pace:
    """Hold how time passes: `sleep` waits for seconds, `clock` tells seconds that only grow."""

    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold an answer in the form in which the arxiv package takes it."""

    content: bytes
    status_code: int = 200


class EmptyPage(NotFetched):
    """Say that a page stays empty that should hold results."""


class OnePage(Exception):
    """Say that a page has been read, and that no other was asked for."""


class _Failed(Exception):
    """Say why a request is worth another try, and how many seconds the server wants to be left alone."""

    def __init__(self, reason: str, *, wait: float = 0.0, tries: int = _TRIES, is_empty: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.tries = tries
        self.is_empty = is_empty


class PoliteSession:
    """Take the place of the arxiv package's session: `get` returns whole pages only, however often it must ask.

    `doubt` is asked of each whole page and returns why it cannot be right, or nothing. After each page, `renew` allows
    the next: the package would go on by itself.
    """

    def __init__(self, agent: str, pace: Pace) -> None:
        import requests

        self._requests = requests
        self._session = requests.Session()
        self._agent = agent
        self._pace = pace
        self._last: float | None = None
        self.count = 0
        self.page: Page | None = None
        self.doubt: Callable[[Page], str] = lambda _: ""

    def renew(self, doubt: Callable[[Page], str]) -> None:
        """Allow one more page, which `doubt` judges."""
        self.page = None
        self.doubt = doubt

    def get(self, url: str, **_: Any) -> Reply:
        """Return the page at `url`. Raises NotFetched when it cannot be had, OnePage when none was allowed."""
        if self.page is not None:
            raise OnePage
        tried = 0
        while True:
            tried += 1
            try:
                return self._try(url)
            except _Failed as failed:
                if tried >= failed.tries:
                    kind = EmptyPage if failed.is_empty else NotFetched
                    raise kind(f"arXiv gave no good answer in {tried} tries, at last {failed}; {_AGAIN}") from None
                pause = max(failed.wait, min(_LONGEST_PAUSE, _BETWEEN * 2 ** (tried - 1)))
                self._pace.sleep(pause)
                self._last = None  # that was pause enough

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _try(self, url: str) -> Reply:
        self._take_turn()
        self.count += 1
        status, headers, content = self._answer(url)
        if status in {429, 500, 502, 503, 504}:
            raise _Failed(f"status {status}", wait=_asked_for(headers))
        try:
            page = page_of(content)
        except BadPage as bad:
            if status != 200:
                raise NotFetched(f"arXiv refuses with status {status}; {_AGAIN}") from None
            raise _Failed(str(bad)) from None
        if page.error or status != 200:
            raise NotFetched(f"arXiv refuses with status {status}: {page.error[:300] or 'it does not say why'}")
        if doubted := self.doubt(page):
            raise _Failed(doubted, tries=_TRIES_FOR_EMPTY, is_empty=True)
        self.page = page
        return Reply(content)

    def _take_turn(self) -> None:
        if self._last is not None:
            left = self._last + _BETWEEN - self._pace.clock()
            if left > 0:
                self._pace.sleep(left)
        self._last = self._pace.clock()

    def _answer(self, url: str) -> tuple[int, dict[str, str], bytes]:
        failures = self._requests.exceptions
        try:
            with self._session.get(url, headers={"User-Agent": self._agent}, timeout=_TIMEOUT, stream=True) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return response.status_code, headers, self._body(response)
        except failures.ChunkedEncodingError as error:
            raise _Failed(f"an answer that was cut off ({_in_short(error)})") from None
        except failures.Timeout:
            raise _Failed("no answer in time") from None
        except failures.ConnectionError as error:
            raise _Failed(f"no connection: is there a network? ({_in_short(error)})", tries=_TRIES_TO_CONNECT) from None
        except failures.ContentDecodingError as error:
            raise _Failed(f"an answer that cannot be unpacked ({_in_short(error)})") from None
        except (failures.RequestException, ValueError) as error:
            raise NotFetched(f"{url[:100]} cannot be asked for: {_in_short(error)}") from None
        finally:
            self._last = self._pace.clock()

    def _body(self, response: Any) -> bytes:
        begun = self._pace.clock()
        pieces, size = [], 0
        for piece in response.iter_content(65_536):
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST_ANSWER:
                raise NotFetched(f"arXiv sends more than {_LARGEST_ANSWER:,} bytes as one page; nothing of it was kept")
            if self._pace.clock() - begun > _LONGEST_ANSWER:
                raise _Failed(f"an answer that was not there after {_LONGEST_ANSWER:.0f} s")
        return b"".join(pieces)


def _asked_for(headers: dict[str, str]) -> float:
    """Return the seconds that a server wants to be left alone for. Raises NotFetched when they are too many."""
    written = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", written):
        seconds = float(written)
    else:
        until, now = _moment(written), _moment(headers.get("date", "")) or datetime.now(UTC)
        seconds = max(0.0, (until - now).total_seconds()) if until else 0.0
    if seconds > _LONGEST_WAIT:
        raise NotFetched(f"arXiv asks to be left alone for {seconds / 60:.0f} minutes; {_AGAIN} then")
    return seconds


def _moment(written: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_short(error: BaseException) -> str:
    """Return the innermost reason of an error of the network, without the addresses around it."""
    while isinstance(reason := getattr(error, "reason", None) or next(iter(error.args), None), BaseException):
        error = reason
    return " ".join(str(error).split())[:200] or type(error).__name__
