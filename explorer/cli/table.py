"""The table of matches for people: one line a match where a program may read it, wrapped and linked on a terminal.

Nothing in a paper steers the terminal: the only escapes are those that are written here, around words and ids.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from explorer.writers.text import web_address

if TYPE_CHECKING:
    from explorer.matches import Match
    from explorer.reasons import Why

_INDENT = 5  # columns, where texts begin on a terminal too narrow for them to stand beside the ids
_NARROWEST = 20  # columns for titles
_LABELS = 8  # columns, for the words in front of reasons
_WIDEST_ID = 30  # columns; a longer id has a line of its own
_LONGEST_ADDRESS = 2000  # characters; what is longer, terminals do not take: VTE's limit is 2083
_WORD = re.compile(r"\w+")
_NO_WORDS: frozenset[str] = frozenset()
_JOINERS = "\u200c\u200d"  # they print nothing, but scripts need them

# Terminals that are known to show links: https://github.com/Alhadis/OSC8-Adoption
_PROGRAMS = frozenset({"ghostty", "Hyper", "iTerm.app", "mintty", "rio", "Tabby", "vscode", "WezTerm"})
_TERMS = ("alacritty", "contour", "foot", "wezterm", "xterm-ghostty", "xterm-kitty")
_VARIABLES = ("DOMTERM", "KITTY_WINDOW_ID", "WT_SESSION")
_VERSIONS = {"VTE_VERSION": 5001, "KONSOLE_VERSION": 201200}  # the first that show links, and do not crash on them


@dataclass(frozen=True, slots=True)
class Style:
    """Hold what a stream can show: words in bold, links."""

    bold: bool = False
    links: bool = False

    @classmethod
    def of(cls, stream: TextIO | None, environ: Mapping[str, str]) -> Style:
        """Return what `stream` can show, as far as the environment tells; what is no terminal shows nothing."""
        term = environ.get("TERM") or ("unknown" if environ.get("WT_SESSION") else "dumb")  # Windows has no TERM
        if stream is None or not stream.isatty() or term == "dumb" or _is_set(environ, "CI"):
            return cls()
        # What runs inside of tmux or screen sees the variables of the terminal around them.
        inside = term.startswith(("screen", "tmux")) or bool(environ.get("TMUX") or environ.get("STY"))
        return cls(bold=not environ.get("NO_COLOR"), links=not inside and _shows_links(term, environ))


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() not in ("", "0", "false")


def _shows_links(term: str, environ: Mapping[str, str]) -> bool:
    if environ.get("TERM_PROGRAM") in _PROGRAMS or term.startswith(_TERMS) or any(map(environ.get, _VARIABLES)):
        return True
    versions = ((environ.get(name, ""), least) for name, least in _VERSIONS.items())
    return any(re.fullmatch("[0-9]{1,9}", version) and int(version) >= least for version, least in versions)


@dataclass(frozen=True, slots=True)
class _Page:
    """Hold what all entries have in common: the widths of the terminal and of the ids, and what is shown how."""

    width: int
    id_width: int
    style: Style
    bold: Callable[[str], bool]


def lines(
    matches: Sequence[Match], width: int | None, style: Style, bold: Callable[[str], bool] = _NO_WORDS.__contains__
) -> Iterator[str]:
    """Yield the lines of the table of `matches`, to be printed as they are.

    With `width` None, what prints is no terminal: a line a match, with rank, similarity, id and title. Else titles are
    wrapped to `width` columns, ids link to the papers' addresses, and below a title stand the near-duplicates that the
    match stands for and, where the match says why it is one, that. `bold` is asked of each word of a title, in lower
    case; without style, and with the width that is wanted, the same can be written to a file.
    """
    if width is None:
        longest = max((len(match.paper.id) for match in matches), default=0)
        for match in matches:
            paper = match.paper
            yield _plain(f"{match.rank:>3}  {match.similarity:.3f}  {paper.id:<{longest}}  {paper.title}")
        return
    widths = (_columns(_shown(match.paper.id)) for match in matches)
    page = _Page(width, max((columns for columns in widths if columns <= _WIDEST_ID), default=0), style, bold)
    for match in matches:
        yield from _entry(match, page)


def _entry(match: Match, page: _Page) -> Iterator[str]:
    head, name = f"{match.rank:>3}  {match.similarity:.3f}  ", _shown(match.paper.id)
    indent = len(head) + page.id_width + 2
    beside = page.width - indent >= _NARROWEST
    if not beside:
        indent = _INDENT
    room = max(page.width - indent, 1)
    below = list(_title(_shown(match.paper.title), room, page))
    head += _linked(name, match.paper.url, page.style)
    if beside and _columns(name) <= page.id_width:
        yield f"{head}{' ' * (page.id_width - _columns(name))}  {below.pop(0)}" if below else head
    else:
        yield head
    if match.duplicates:
        below += _unlabeled(f"also as {', '.join(match.duplicates)}", room)
    if match.why is not None:
        below += _reasons(match.why, match.score, room)
    for text in below:
        yield " " * indent + text


def _linked(name: str, url: str, style: Style) -> str:
    """Return `name` as a link: https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda."""
    address = web_address(url) if style.links else ""
    if not address or len(address) > _LONGEST_ADDRESS:
        return name
    return f"\x1b]8;;{address}\x1b\\{name}\x1b]8;;\x1b\\"


def _title(title: str, room: int, page: _Page) -> Iterator[str]:
    """Yield the lines of a title, with words in bold; in scripts without blanks one may go on in the next line."""
    words = [word.span() for word in _WORD.finditer(title) if page.style.bold and page.bold(word[0].lower())]
    words.reverse()  # the next one is taken from the end
    for start, end in _wrapped(title, room):
        line, written = "", start
        while words and words[-1][0] < end:
            first, last = max(words[-1][0], start), min(words[-1][1], end)
            line += f"{title[written:first]}\x1b[1m{title[first:last]}\x1b[0m"
            written = last
            if words[-1][1] > end:
                break
            words.pop()
        yield line + title[written:end]


def _reasons(why: Why, score: float, room: int) -> Iterator[str]:
    if why.sentences is not None and why.asked and why.found:
        yield from _labeled("asked", why.asked, room)
        yield from _labeled("found", f"{why.found} ({why.sentences:.3f})", room)
    if why.terms:
        yield from _labeled("shared", ", ".join(why.terms), room)
    sign = "-" if why.lexical < 0 else "+"
    parts = f"{why.dense:.3f} dense {sign} {abs(why.lexical):.3f} lexical"
    is_sum = math.isclose(score, why.dense + why.lexical, rel_tol=1e-5, abs_tol=1e-5)
    yield from _labeled("score", f"{score:.3f}{' = ' if is_sum else '; for what it is most like: '}{parts}", room)
    if why.percentile is None:
        return
    # Never rounded up: "100.0 %" is said of what is more similar than all pairs.
    percentile = math.floor(round(why.percentile * 10, 6)) / 10
    yield from _unlabeled(f"more similar than {percentile:.1f} % of random pairs", room)


def _labeled(label: str, text: str, room: int) -> Iterator[str]:
    """Yield the lines of a text, behind its label where there is room for a column of labels."""
    if room - _LABELS < _NARROWEST:
        yield from _unlabeled(f"{label} {text}", room)
        return
    for line in _unlabeled(text, room - _LABELS):
        yield f"{label:<{_LABELS}}{line}"
        label = ""


def _unlabeled(text: str, room: int) -> Iterator[str]:
    text = _shown(text)
    for start, end in _wrapped(text, room):
        yield text[start:end]


def _wrapped(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Yield where the lines of `text` start and end that are at most `room` columns wide, where its words are."""
    start = used = 0
    for first, last in _units(text):
        columns = _columns(text[first:last].rstrip(" "))
        if first > start and used + columns > room:
            yield start, first - (text[first - 1] == " ")
            start, used = first, 0
        used += columns + (text[last - 1] == " ")
    if text:
        yield start, len(text)


def _units(text: str) -> Iterator[tuple[int, int]]:
    """Yield the parts of `text` that stay on one line: words with the blank behind them, and single wide characters."""
    start = 0
    for position in range(1, len(text)):
        if _parts(text[position - 1], text[position]):
            yield start, position
            start = position
    if text:
        yield start, len(text)


def _parts(before: str, after: str) -> bool:
    """Tell whether a line may end between two characters: no closing mark begins a line, and no opening one ends it."""
    if " " in (before, after):
        return before == " "
    if before.isascii() and after.isascii():
        return False
    closes = unicodedata.category(after) in ("Pe", "Pf", "Po") or _columns(after) == 0
    opens = unicodedata.category(before) in ("Ps", "Pi") or before in _JOINERS
    return 2 in (_columns(before), _columns(after)) and not closes and not opens


def _columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(sign: str) -> int:
    # Vowels and finals of Korean syllables written in parts stand in their first consonant's columns.
    if unicodedata.category(sign) in ("Mn", "Me", "Cf") or "\u1160" <= sign <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _plain(text: str) -> str:
    """Return `text` without what could steer a terminal."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _shown(text: str) -> str:
    """Return `text` on one line, with single blanks, without what could steer a terminal."""
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return "".join(sign if sign in _JOINERS else _plain(sign) for sign in text)
