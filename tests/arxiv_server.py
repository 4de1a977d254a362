"""A server on this machine that answers as arXiv's API does, faults included."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

FEED = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/abc</id>
  <title>arXiv Query: search_query={query}</title>
  <updated>2020-12-01T00:00:00Z</updated>
  <link href="https://arxiv.org/api/query" type="application/atom+xml"/>
  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
{entries}</feed>
"""
ENTRY = """  <entry>
    <id>http://arxiv.org/abs/{id}</id>
    <title>{title}</title>
    <updated>{at:%Y-%m-%dT%H:%M:%SZ}</updated>
    <link href="https://arxiv.org/abs/{id}" rel="alternate" type="text/html"/>
    <link href="https://arxiv.org/pdf/{id}" rel="related" type="application/pdf" title="pdf"/>
    <summary>{abstract}</summary>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cs.CV" scheme="http://arxiv.org/schemas/atom"/>
    <published>{at:%Y-%m-%dT%H:%M:%SZ}</published>
    <arxiv:primary_category term="cs.CV"/>
    <author>
      <name>Ada Müller</name>
      <arxiv:affiliation>Anywhere</arxiv:affiliation>
    </author>
    <author>
      <name>Bo O'Brien</name>
    </author>
{doi}  </entry>
"""
ERROR = """  <entry>
    <id>https://arxiv.org/api/errors#incorrect_query</id>
    <title>Error</title>
    <summary>{message}</summary>
    <updated>2020-12-01T00:00:00Z</updated>
    <link href="https://arxiv.org/api/errors" rel="alternate" type="text/html"/>
    <author>
      <name>arXiv api core</name>
    </author>
  </entry>
"""


@dataclass(frozen=True)
class Submitted:
    """What the server knows of one paper."""

    id: str
    at: datetime
    title: str = "A title & its <tail>"
    abstract: str = "  An abstract.\n  It has lines. "
    doi: str = ""

    def entry(self) -> str:
        doi = f"    <arxiv:doi>{escape(self.doi)}</arxiv:doi>\n" if self.doi else ""
        return ENTRY.format(id=self.id, title=escape(self.title), abstract=escape(self.abstract), at=self.at, doi=doi)


def series(
    count: int, first: datetime = datetime(2020, 10, 7, 0, 30, 30), each: timedelta = timedelta(hours=1)
) -> list[Submitted]:
    """`count` papers, one after another."""
    return [Submitted(f"2010.{number:05}v1", first + number * each) for number in range(count)]


@dataclass
class Asked:
    """One request."""

    query: str
    start: int
    size: int
    agent: str
    path: str
    order: tuple[str, str]

    @property
    def window(self) -> tuple[str, str]:
        found = re.search(r"submittedDate:\[(\d{12}) TO (\d{12})\]", self.query)
        assert found, self.query
        return found[1], found[2]


Fault = Callable[["Handler", "Server", Asked], bool | None]


@dataclass
class Server:
    """Papers, what goes wrong with which request (counted from 1), and what was asked."""

    papers: list[Submitted]
    faults: dict[int, Fault] = field(default_factory=dict)
    always: Fault | None = None
    largest: int = 2_000
    asked: list[Asked] = field(default_factory=list)
    address: str = ""
    at_once: int = 0
    most_at_once: int = 0

    def found(self, asked: Asked) -> list[Submitted]:
        first, last = (datetime.strptime(at, "%Y%m%d%H%M") for at in asked.window)
        return sorted((paper for paper in self.papers if first <= paper.at <= last), key=lambda paper: paper.at)

    def page(self, asked: Asked, *, total: int | None = None, shift: int = 0, size: int | None = None) -> bytes:
        found = self.found(asked)
        start = max(0, asked.start - shift)
        count = min(asked.size if size is None else size, self.largest)
        entries = "".join(paper.entry() for paper in found[start : start + count])
        return self.feed(asked, entries, len(found) if total is None else total)

    def feed(self, asked: Asked, entries: str, total: int) -> bytes:
        return FEED.format(
            query=escape(asked.query), size=asked.size, total=total, start=asked.start, entries=entries
        ).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it would hold answers back for 40 ms

    def do_GET(self) -> None:
        server: Server = self.server.state  # type: ignore[attr-defined]
        parameters = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        asked = Asked(
            parameters["search_query"],
            int(parameters["start"]),
            int(parameters["max_results"]),
            self.headers["User-Agent"],
            urlsplit(self.path).path,
            (parameters["sortBy"], parameters["sortOrder"]),
        )
        server.asked.append(asked)
        server.at_once += 1
        server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            fault = server.faults.get(len(server.asked), server.always)
            if fault is None or fault(self, server, asked):
                self.send(server.page(asked))
        finally:
            server.at_once -= 1

    def send(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/atom+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Wed, 07 Oct 2020 10:00:00 GMT"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def status(code: int, content: bytes = b"later", **headers: str) -> Fault:
    """Answer with another status."""
    return lambda handler, server, asked: handler.send(content, code, **headers)


def sent(content: bytes) -> Fault:
    """Answer with these bytes."""
    return lambda handler, server, asked: handler.send(content)


def cut(handler: Handler, server: Server, asked: Asked) -> None:
    """Promise a page, send half of it, and hang up."""
    page = server.page(asked)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(page)))
    handler.end_headers()
    handler.wfile.write(page[: len(page) // 2])
    handler.close_connection = True


def cut_unnoticed(handler: Handler, server: Server, asked: Asked) -> None:
    """Send half a page as if it were one."""
    page = server.page(asked)
    handler.send(page[: page.rindex(b"<entry>")])


def hang_up(handler: Handler, server: Server, asked: Asked) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def empty(handler: Handler, server: Server, asked: Asked) -> None:
    """Send no entry, but the right number of results."""
    handler.send(server.page(asked, size=0))


def nothing(handler: Handler, server: Server, asked: Asked) -> None:
    """Say that there are no results."""
    handler.send(server.page(asked, size=0, total=0))


def short(handler: Handler, server: Server, asked: Asked) -> None:
    """Send fewer entries than were asked for."""
    handler.send(server.page(asked, size=3))


def shifted(handler: Handler, server: Server, asked: Asked) -> None:
    """Send some entries of the page before again."""
    handler.send(server.page(asked, shift=5))


def total(count: int) -> Fault:
    """Tell a wrong number of results."""
    return lambda handler, server, asked: handler.send(server.page(asked, total=count))


def error(message: str, code: int = 200) -> Fault:
    """The API's own error."""
    return lambda handler, server, asked: handler.send(
        server.feed(asked, ERROR.format(message=escape(message)), 1), code
    )


def slow(seconds: float) -> Fault:
    """Answer late."""

    def wait(handler: Handler, server: Server, asked: Asked) -> bool:
        time.sleep(seconds)
        return True

    return wait


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Answer requests at `server.address` until the end."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.state = server  # type: ignore[attr-defined]
    http.handle_error = lambda *_: None  # type: ignore[method-assign] -- who hung up is gone
    server.address = f"http://127.0.0.1:{http.server_port}/api/query"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
