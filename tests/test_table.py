"""The table of matches, on terminals of every width and where there is none."""

from __future__ import annotations

import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.cli.table import Style, lines
from explorer.matches import Match
from explorer.papers import Paper
from explorer.reasons import Why

PLAIN, BOLD, LINKS, BOTH = Style(), Style(bold=True), Style(links=True), Style(True, True)
URL = "https://arxiv.org/abs/2010.02893"
LONG = Paper("2010.02893", "Seeing Distance in the Dark: Infrared Supervision for Depth", url=URL)
OTHER = Paper("my-1", "Depth")
WHY = Why("We see depth in the dark.", "Seeing needs thermal light.", 0.8123, ("depth", "dark"), 0.64, 0.072, 99.97)
# One of ours, or what is left of a text that was one: there must be none.
ESCAPE = r"\x1b\[1m|\x1b\[0m|\x1b\]8;;(?:https?://[!-~]+)?\x1b\\"
TEXTS = st.text(st.characters()) | st.lists(
    st.sampled_from(["depth", "a", " ", "  ", "\n", "\x1b[2J", "\x1b]8;;x\x07", "\x9b", "\u202e", "\u200d", "e\u0301", "猫", "（", "）", "、", "한", "\u1112\u1161\u11ab", "👩\u200d🔬", "\u3000", "x" * 30]),
    max_size=25,
).map("".join)  # fmt: skip


def match(paper: Paper, rank: int = 1, **others: object) -> Match:
    return Match(paper, 0.7371, rank, 0.712, **others)  # type: ignore[arg-type]


def table(*matches: Match, width: int | None = 60, style: Style = PLAIN, bold: set[str] | None = None) -> list[str]:
    return list(lines(matches, width, style, (bold or set()).__contains__))


def columns(line: str) -> int:
    """Count the columns of a line without escapes, independently of the table's own way."""
    zero = {"Mn", "Me", "Cf"}
    signs = [sign for sign in line if unicodedata.category(sign) not in zero and not 0x1160 <= ord(sign) <= 0x11FF]
    return len(signs) + sum(unicodedata.east_asian_width(sign) in ("W", "F") for sign in signs)


# --- where there is no terminal


def test_piped_it_is_a_line_a_match() -> None:
    found = table(match(LONG, duplicates=("x",), why=WHY), match(OTHER, 12), width=None, style=BOTH, bold={"depth"})
    assert found == [
        "  1  0.737  2010.02893  Seeing Distance in the Dark: Infrared Supervision for Depth",
        " 12  0.737  my-1        Depth",
    ]
    assert table(width=None) == table() == []


@given(texts=st.lists(st.tuples(TEXTS, TEXTS), max_size=3))
def test_piped_every_text_is_as_long_as_it_was(texts: list[tuple[str, str]]) -> None:
    matches = [match(Paper(*pair), rank) for rank, pair in enumerate(texts, 1)]
    longest = max((len(paper_id) for paper_id, _ in texts), default=0)
    for rank, ((paper_id, title), line) in enumerate(zip(texts, table(*matches, width=None), strict=True), 1):
        raw = f"  {rank}  0.737  {paper_id.ljust(longest)}  {title}"
        assert line == "".join(sign if sign.isprintable() else "\ufffd" for sign in raw)


# --- on a terminal


def test_titles_are_wrapped_and_hang() -> None:
    assert table(match(LONG), match(OTHER, 2), width=60) == [
        "  1  0.737  2010.02893  Seeing Distance in the Dark:",
        "                        Infrared Supervision for Depth",
        "  2  0.737  my-1        Depth",
    ]
    assert table(match(LONG), width=52)[0] == "  1  0.737  2010.02893  Seeing Distance in the Dark:"
    assert table(match(LONG), width=51)[0] == "  1  0.737  2010.02893  Seeing Distance in the"


def test_on_a_narrow_terminal_titles_stand_below() -> None:
    assert table(match(LONG), width=43) == [
        "  1  0.737  2010.02893",
        "     Seeing Distance in the Dark: Infrared",
        "     Supervision for Depth",
    ]
    assert table(match(OTHER), width=1) == ["  1  0.737  my-1", "     Depth"]


def test_an_id_that_is_too_long_has_a_line_of_its_own() -> None:
    assert table(match(Paper("x" * 31, "One")), match(OTHER)) == [
        f"  1  0.737  {'x' * 31}",
        "                  One",
        "  1  0.737  my-1  Depth",
    ]


def test_a_match_without_a_title() -> None:
    assert table(match(Paper("p", "", "Words"))) == ["  1  0.737  p"]


def test_wide_and_combining_characters_are_measured() -> None:
    papers = [
        Paper("猫", "単眼カメラの深度、「推定」"),
        Paper("ab", "e\u0301" * 20 + " b"),
        Paper("한", "\u1112\u1161\u11ab" * 10),
    ]
    found = table(*map(match, papers), width=38)
    assert found == [
        "  1  0.737  猫  単眼カメラの深度、「推",
        "                定」",
        "  1  0.737  ab  " + "e\u0301" * 20 + " b",
        "  1  0.737  한  " + "\u1112\u1161\u11ab" * 10,
    ]  # fmt: skip
    assert (
        table(match(papers[0]), width=36)[0] == "  1  0.737  猫  単眼カメラの深度、"
    )  # no opening bracket ends a line
    closing = table(match(Paper("p", "単眼カメラの深度推定、と")), width=35)
    assert closing == ["  1  0.737  p  単眼カメラの深度推", "               定、と"]  # and no comma begins one


def test_words_of_the_query_are_bold() -> None:
    title = "Depth: in-depth, DEPTHS of 3D_x"
    found = table(match(Paper("p", title)), style=BOLD, bold={"depth", "3d_x"})
    assert found == ["  1  0.737  p  \x1b[1mDepth\x1b[0m: in-\x1b[1mdepth\x1b[0m, DEPTHS of \x1b[1m3D_x\x1b[0m"]
    assert table(match(Paper("p", title)), style=LINKS, bold={"depth"}) == [f"  1  0.737  p  {title}"]
    asked: list[str] = []
    list(lines([match(Paper("p", title))], 60, BOLD, lambda word: bool(asked.append(word))))
    assert asked == ["depth", "in", "depth", "depths", "of", "3d_x"]


def test_a_bold_word_without_blanks_goes_on_in_the_next_line() -> None:
    word = "単眼カメラの深度推定と応用"
    first, second = table(match(Paper("p", word)), width=35, style=BOLD, bold={word})
    assert first == "  1  0.737  p  \x1b[1m単眼カメラの深度推定\x1b[0m"
    assert second == "               \x1b[1mと応用\x1b[0m"


def test_ids_are_links() -> None:
    (line,) = table(match(LONG), match(OTHER), width=100, style=LINKS)[:1]
    assert line == f"  1  0.737  \x1b]8;;{URL}\x1b\\2010.02893\x1b]8;;\x1b\\  {LONG.title}"
    assert table(match(OTHER), match(LONG), width=100, style=LINKS)[0] == "  1  0.737  my-1        Depth"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://e.org/\x1b\\x", "https://e.org/\x07", "https://e.org/" + "x" * 2000, "file:///etc/passwd", "https://e.org/a b"]
)  # fmt: skip
def test_no_other_address_is_a_link(url: str) -> None:
    assert table(match(Paper("p", "T", url=url)), style=LINKS) == ["  1  0.737  p  T"]


def test_addresses_are_encoded() -> None:
    (line,) = table(match(Paper("p", "T", url="https://e.org/猫;é")), style=LINKS)
    assert line == "  1  0.737  \x1b]8;;https://e.org/%E7%8C%AB;%C3%A9\x1b\\p\x1b]8;;\x1b\\  T"


def test_near_duplicates_and_reasons_stand_below() -> None:
    assert table(match(OTHER, duplicates=("2010.00001", "2010.00002"), why=WHY), width=58) == [
        "  1  0.737  my-1  Depth",
        "                  also as 2010.00001, 2010.00002",
        "                  asked   We see depth in the dark.",
        "                  found   Seeing needs thermal light.",
        "                          (0.812)",
        "                  shared  depth, dark",
        "                  score   0.712 = 0.640 dense + 0.072",
        "                          lexical",
        "                  more similar than 99.9 % of random pairs",
    ]


def test_reasons_on_a_narrow_terminal() -> None:
    why = Why("", "", 0.0, (), 0.784, -0.072, 100.0)
    assert table(match(OTHER, why=why), width=30) == [
        "  1  0.737  my-1",
        "     Depth",
        "     score 0.712 = 0.784 dense",
        "     - 0.072 lexical",
        "     more similar than 100.0 %",
        "     of random pairs",
    ]


@pytest.mark.parametrize(("percentile", "shown"), [(99.8, "99.8"), (99.99, "99.9"), (57.3, "57.3"), (0.0, "0.0")])
def test_a_percentile_is_never_rounded_up(percentile: float, shown: str) -> None:
    why = Why("a", "b", 0.5, (), 0.5, 0.5, percentile)
    assert table(match(OTHER, why=why), width=100)[-1].strip() == f"more similar than {shown} % of random pairs"


# --- what strangers write


def test_nothing_of_a_stranger_steers_the_terminal() -> None:
    hostile = Paper("\x1b]0;x\x07", "a\x1b[2J\u202eb\nc", url=URL)
    assert table(match(hostile, duplicates=("\x1b[2J",)), style=LINKS) == [
        f"  1  0.737  \x1b]8;;{URL}\x1b\\\ufffd]0;x\ufffd\x1b]8;;\x1b\\  a\ufffd[2J\ufffdb c",
        "                    also as \ufffd[2J",
    ]


@given(texts=st.tuples(TEXTS, TEXTS, TEXTS), width=st.none() | st.integers(1, 200))
def test_there_are_no_escapes_but_our_own(texts: tuple[str, str, str], width: int | None) -> None:
    paper_id, title, other = texts
    paper = Paper(paper_id, title, url="https://e.org/" + other)
    why = Why(other, title, 0.5, (other,), 0.5, 0.5, 50.0)
    for line in lines([match(paper, duplicates=(other,), why=why)], width, BOTH, lambda word: len(word) > 1):
        rest = re.sub(ESCAPE, "", line).replace("\u200c", "").replace("\u200d", "")
        assert rest.isprintable()


WORDS = st.text("abé\u0301", min_size=1, max_size=10) | st.text("猫推한", max_size=40) | st.just("、「")


@given(titles=st.lists(st.lists(WORDS).map(" ".join), min_size=1, max_size=3), width=st.integers(25, 120))
def test_no_line_is_wider_than_the_terminal_where_words_fit(titles: list[str], width: int) -> None:
    why = Why(titles[0], titles[0], 0.5, (titles[0],), 0.5, 0.5, 50.0)
    matches = [match(Paper("1234.56789", title), duplicates=("1234.56780",), why=why) for title in titles]
    shown = list(lines(matches, width, PLAIN))
    assert max(map(columns, shown)) <= width
    assert not any(line.endswith(" ") for line in shown)


@given(title=TEXTS, width=st.integers(1, 60))
def test_no_word_is_lost(title: str, width: int) -> None:
    shown = "".join(table(match(Paper("p", title)), width=width)).removeprefix("  1  0.737  p")
    expected = "".join(
        sign if sign.isprintable() or sign in "\u200c\u200d" else "\ufffd" for sign in "".join(title.split())
    )
    assert "".join(shown.split()) == expected


# --- what a stream can show


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "style"),
    [
        ({"TERM": "xterm-256color"}, BOLD),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, PLAIN),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, BOLD),
        ({"TERM": "dumb", "WT_SESSION": "x"}, PLAIN),
        ({}, PLAIN),
        ({"WT_SESSION": "x"}, BOTH),
        ({"TERM": "xterm-kitty"}, BOTH),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, LINKS),
        ({"TERM": "xterm", "KITTY_WINDOW_ID": "1"}, BOTH),
        ({"TERM": "xterm", "TERM_PROGRAM": "iTerm.app"}, BOTH),
        ({"TERM": "xterm", "TERM_PROGRAM": "Apple_Terminal"}, BOLD),
        ({"TERM": "xterm", "VTE_VERSION": "7006"}, BOTH),
        ({"TERM": "xterm", "VTE_VERSION": "5000"}, BOLD),
        ({"TERM": "xterm", "VTE_VERSION": "new"}, BOLD),
        ({"TERM": "xterm", "KONSOLE_VERSION": "220401"}, BOTH),
        ({"TERM": "xterm-kitty", "CI": "true"}, PLAIN),
        ({"TERM": "xterm-kitty", "CI": "false"}, BOTH),
        ({"TERM": "tmux-256color", "VTE_VERSION": "7006"}, BOLD),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, BOLD),
    ],
)
def test_what_a_terminal_can_show(environ: dict[str, str], style: Style) -> None:
    assert Style.of(Terminal(), environ) == style
    assert Style.of(io.StringIO(), environ) == Style.of(None, environ) == PLAIN
