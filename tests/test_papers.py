"""Papers: identifiers, texts made clean and readable, records made papers."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import string
import subprocess
import sys
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import FrozenInstanceError, asdict
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer.errors import InvalidInput
from explorer.papers import Paper, arxiv_identifier, clean, looks_like_identifier, names_key, readable, title_key
from explorer.papers.markup import strip_html

ANY_TEXT = st.text(st.characters(), max_size=80)  # lone surrogates included
LATEX = [*"\\{}$^_~%&#'\"`= \n", "\\c", "\\frac", "\\textbf{", "\\begin{", *"aAi1é"]
LATEX_TEXT = st.lists(st.sampled_from(LATEX), max_size=40).map("".join)
MARKUP = [*"<>&;=\"'/! \n#", "a", "br", "href", "amp", "lt", "&#", "x41", "http://e.org"]
MARKUP_TEXT = st.lists(st.sampled_from(MARKUP), max_size=40).map("".join)

# --- identifiers

PASTED = {
    "2010.02893": ("2010.02893", None),
    " 2010.02893 \n": ("2010.02893", None),
    "0704.0001": ("0704.0001", None),
    "0000.00101": ("0000.00101", None),
    "2010.02893v2": ("2010.02893", 2),
    "2010.02893V12": ("2010.02893", 12),
    "2010.02893.pdf": ("2010.02893", None),
    "2010.02893v1.pdf": ("2010.02893", 1),
    "(2010.02893)": ("2010.02893", None),
    "[2010.02893]": ("2010.02893", None),
    "`2010.02893`,": ("2010.02893", None),
    "2010.02893 [cs.CV]": ("2010.02893", None),
    "arXiv:2010.02893": ("2010.02893", None),
    "arxiv: 2010.02893v1": ("2010.02893", 1),
    "ARXIV : 2010.02893": ("2010.02893", None),
    "[arXiv:2010.02893]": ("2010.02893", None),
    "arXiv:2010.02893v1 [cs.CV] 6 Oct 2020": ("2010.02893", 1),
    "arXiv:2010.02893v1 [cs.CV]": ("2010.02893", 1),
    "astro-ph/0601001": ("astro-ph/0601001", None),
    "astro-ph/0601001v3": ("astro-ph/0601001", 3),
    "Hep-Th/9901001": ("hep-th/9901001", None),
    "math.GT/0309136": ("math/0309136", None),
    "MATH/0309136": ("math/0309136", None),
    "math-ph/0309136": ("math-ph/0309136", None),
    "cond-mat.mes-hall/0601001": ("cond-mat/0601001", None),
    "arXiv:math.GT/0309136v2 [math.GT]": ("math/0309136", 2),
    "10.48550/arXiv.2010.02893": ("2010.02893", None),
    "10.48550/ARXIV.2010.02893v2": ("2010.02893", 2),
    "doi:10.48550/arXiv.2010.02893": ("2010.02893", None),
    "10.48550/arXiv.astro-ph/0601001": ("astro-ph/0601001", None),
    "https://doi.org/10.48550/arXiv.2010.02893": ("2010.02893", None),
    "https://arxiv.org/abs/2010.02893": ("2010.02893", None),
    "https://arxiv.org/abs/2010.02893/": ("2010.02893", None),
    "https://arxiv.org/abs/2010.02893v2": ("2010.02893", 2),
    "<https://arxiv.org/abs/2010.02893>": ("2010.02893", None),
    "arxiv.org/abs/2010.02893": ("2010.02893", None),
    "http://arxiv.org/pdf/2010.02893.pdf": ("2010.02893", None),
    "https://arxiv.org/pdf/2010.02893v1": ("2010.02893", 1),
    "https://arxiv.org/html/2010.02893v1#S1": ("2010.02893", 1),
    "https://arxiv.org/abs/2010.02893?context=cs.LG": ("2010.02893", None),
    "https://arxiv.org/pdf/astro-ph/0601001": ("astro-ph/0601001", None),
    "https://arxiv.org/abs/math.GT/0309136v1": ("math/0309136", 1),
    "https://export.arxiv.org/abs/hep-th/9901001": ("hep-th/9901001", None),
    "https://ar5iv.labs.arxiv.org/html/2010.02893": ("2010.02893", None),
    "https://huggingface.co/papers/2010.02893": ("2010.02893", None),
    "https://localhost.example:8080/papers/2010.02893": ("2010.02893", None),
}
MEANT_BUT_NOT_ARXIV = [
    "2010.028",
    "2010.028933",
    "12010.02893",
    "2010:02893",
    "2010,02893",
    "2010.02893v0",
    "2010.02893-x",
    "२०१०.०२८९३",
    "arXiv:hello",
    "astro-ph/060100",
    "report/1234567",
    "W2741809807",
    "10.1103/PhysRevA.85.062712",
    "doi:10.1098/rspa.2010.0123",
    "10.1098/rspa.2010.0123",
    "https://doi.org/10.1098/rspa.2010.0123",
    "https://royalsocietypublishing.org/doi/10.1098/rstb.2010.01234",
    "https://example.org/12010.02893",
    "https://example.org/report/1234567",
    "https://example.org/",
]
TOPICS = [
    "",
    "   ",
    "ResNet-50",
    "COVID-19",
    "gpt-4",
    "cs.CV",
    "and/or",
    "1/2",
    "depth from one image",
    "1234.5678 apples",
    "2010.02893 2010.02894",
    "2010.02893 and more",
    "what does arXiv:2010.02893 say",
    "10 000 images",
]
HOSTILE = [
    "2010.02893" * 10_000,
    "a-" * 50_000,
    "a." * 50_000,
    "http://" + "a/" * 50_000,
    "1" * 100_000,
    "(" * 100_000,
    " " * 100_000,
]


@pytest.mark.parametrize(("written", "expected"), PASTED.items(), ids=PASTED)
def test_an_identifier_is_understood_as_it_was_pasted(written: str, expected: tuple[str, int | None]) -> None:
    assert arxiv_identifier(written) == expected
    assert looks_like_identifier(written)


@pytest.mark.parametrize("written", MEANT_BUT_NOT_ARXIV)
def test_what_means_one_paper_need_not_be_an_arxiv_id(written: str) -> None:
    assert arxiv_identifier(written) is None
    assert looks_like_identifier(written)


@pytest.mark.parametrize("written", TOPICS)
def test_a_topic_is_no_identifier(written: str) -> None:
    assert arxiv_identifier(written) is None
    assert not looks_like_identifier(written)


@pytest.mark.parametrize("written", HOSTILE, ids=lambda text: text[:8])
def test_endless_text_is_no_identifier(written: str) -> None:
    assert arxiv_identifier(written) is None
    assert not looks_like_identifier(written)


@given(st.from_regex(r"(\d{4}\.\d{4,5}|(astro-ph|math|hep-th|cs)/\d{7})", fullmatch=True, alphabet=string.printable))
def test_an_identifier_is_its_own_canonical_form(paper_id: str) -> None:
    assert arxiv_identifier(paper_id) == (paper_id, None)
    assert arxiv_identifier(f"https://arxiv.org/pdf/{paper_id}v7.pdf") == (paper_id, 7)


@given(ANY_TEXT)
def test_any_text_is_asked_without_harm(text: str) -> None:
    found = arxiv_identifier(text)
    assert found is None or (arxiv_identifier(found[0]) == (found[0], None) and looks_like_identifier(text))


# --- clean


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("", ""),
        (" \t\r\n\u00a0\u3000", ""),
        ("  one \t two\u00a0three  ", "one two three"),
        ("one\r\ntwo\rthree\nfour", "one two three four"),
        ("one\r\n\r\ntwo", "one\n\ntwo"),
        ("one\n \t \n\n\ntwo\n", "one\n\ntwo"),
        ("one\u2029\u2029two\u2028three", "one\n\ntwo three"),
        ("one\x0btwo\x0cthree\x85four", "one two three four"),
        ("nu\x00ll \x1b[1mbold\x07", "null [1mbold"),
        ("a\ud800b\udfffc", "a\ufffdb\ufffdc"),
        ("\u202egnp.exe\u202c \u2066x\u2069 \u200ey\u200f \u061cz", "gnp.exe x y z"),
        ("\ufeffinfor\u00adma\u200btion\u2060", "information"),
        ("e\u0301tat", "\u00e9tat"),
        ("👩\u200d🔬 क\u094d\u200dष", "👩\u200d🔬 क\u094d\u200dष"),
        ("$\\alpha$ a<b", "$\\alpha$ a<b"),
    ],
)
def test_clean(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


@given(ANY_TEXT)
def test_clean_text_is_clean_once_and_for_all(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned == cleaned.strip()
    cleaned.encode("utf-8")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not {unicodedata.category(character) for character in cleaned.replace("\n\n", "")} & {"Cc", "Cs", "Zl", "Zp"}


@given(
    st.lists(st.text(string.ascii_letters + "àéß中", min_size=1), max_size=12),
    st.sampled_from([" ", "\n", "\r\n", "\t \r\n"]),
)
def test_clean_keeps_the_words(words: list[str], blank: str) -> None:
    assert clean(blank.join(words)) == " ".join(words)


# --- strip_html


@pytest.mark.parametrize(
    ("markup", "text", "links"),
    [
        ("", "", ()),
        ("plain", "plain", ()),
        ("<i>in vivo</i>, <B>bold</B> and H<sub>2</sub>O", "in vivo, bold and H2O", ()),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour", ()),
        ("<p>one</p><p class='x'>two</p>", "\none\n\ntwo\n", ()),
        ('see <a href="https://e.org/x">this https URL</a>.', "see this https URL.", ("https://e.org/x",)),
        (
            '<a class="link-external link-https" href="https://e.org/x" rel="external nofollow">this https URL</a>',
            "this https URL",
            ("https://e.org/x",),
        ),
        ("<A HREF='http://e.org/?a=1&amp;b=2'>x</A>", "x", ("http://e.org/?a=1&b=2",)),
        ("<a href=http://e.org/?a=1>x</a>", "x", ("http://e.org/?a=1",)),
        ('<a href="  https://e.org\n">x</a>', "x", ("https://e.org",)),
        ('<a\nhref = "https://e.org"\n>x</a>', "x", ("https://e.org",)),
        ('<a title="a>b" href="https://e.org">x</a>', "x", ("https://e.org",)),
        (
            '<a href="https://b.org">b</a> <a href="https://a.org">a</a> <a href="https://b.org">b</a>',
            "b a b",
            ("https://b.org", "https://a.org"),
        ),
        ('<a href="javascript:alert(1)">click</a>', "click", ()),
        ('<a href=" JavaScript&#58;alert(1)">click</a>', "click", ()),
        ('<a href="data:text/html,x">click</a><a href="">y</a><a>z</a>', "clickyz", ()),
        ('<span data-href="https://e.org" href="https://f.org">x</span>', "x", ()),
        ("<i>never closed", "never closed", ()),
        ("closed only</b>", "closed only", ()),
        ('<a href="https://e.org/ cut', '<a href="https://e.org/ cut', ()),
        ("a<b and c>d", "a<b and c>d", ()),
        ("p <a or b> q", "p <a or b> q", ()),
        ("x < y > z <= 3 <-> 4 << 5", "x < y > z <= 3 <-> 4 << 5", ()),
        ("the bra <psi| and <Mg/Fe>", "the bra <psi| and <Mg/Fe>", ()),
        ("R&amp;D &lt;5 &quot;x&quot; &#39;y&#39; &#x41; caf&eacute;", "R&D <5 \"x\" 'y' A café", ()),
        ("&amp;lt;i&amp;gt; &amp;amp;amp; &amp;eacute;", "<i> & é", ()),
        ("AT&T, a && b, &unknown; &", "AT&T, a && b, &unknown; &", ()),
        ("&lt;b&gt;written about&lt;/b&gt;", "<b>written about</b>", ()),
        ("&#0;&#xD800;&#99999999999;", "\ufffd" * 3, ()),
        ("&#" + "9" * 5000 + ";x", "\ufffdx", ()),
        ("<" + "i" * 5 + ">x", "<iiiii>x", ()),
    ],
)
def test_strip_html(markup: str, text: str, links: tuple[str, ...]) -> None:
    assert strip_html(markup) == (text, links)


@given(st.text(st.characters(exclude_characters="<>&")))
def test_text_without_markup_is_left_alone(text: str) -> None:
    assert strip_html(text) == (text, ())


@given(MARKUP_TEXT | ANY_TEXT)
def test_no_markup_is_too_broken(markup: str) -> None:
    text, links = strip_html(markup)
    assert len(set(links)) == len(links)
    assert all(link.lower().startswith(("http://", "https://")) for link in links)
    assert "&" in markup or Counter(text) - Counter(markup) - Counter("\n" * len(markup)) == Counter()


# --- readable

READABLE = {
    "": "",
    "no LaTeX, 5% of x<y": "no LaTeX, 5% of x<y",
    r"3.7$^{\circ}$": "3.7°",
    r"90$^\circ$C": "90°C",
    r"89\%": "89%",
    r"A\&B, \#1, snake\_case, \{x\}, \$5": "A&B, #1, snake_case, {x}, $5",
    r"\textit{in vivo}": "in vivo",
    r"\textbf{\textit{nested} words}": "nested words",
    r"{\bf bold} move": "bold move",
    r"{\it in situ}": "in situ",
    r"a\textit{b}c": "abc",
    r"\emph {spaced}": "spaced",
    r"$\alpha$-decay": "alpha-decay",
    r"H$\alpha$": "Halpha",
    r"$\alpha\beta$": "alpha beta",
    r"$\sin\theta$": "sin theta",
    r"$n\log n$": "n log n",
    r"$5\,\mu$m": "5 μm",
    r"$O(n^2)$": "O(n^2)",
    r"$\mathbb{R}^n$": "R^n",
    r"$10^{-3}$": "10^-3",
    r"$x_{i}$ and $y$": "x_i and y",
    r"$a$$b$": "ab",
    "we write $$x = y$$for": "we write x = y for",
    r"\(f\)-mutual": "f-mutual",
    r"$\frac{a}{b}$": "a/b",
    r"$\frac{\mathrm{signal}}{\mathrm{noise}}$": "signal noise",
    r"2\times3": "2×3",
    r"$\leq$5, $\geq 6$, $\sim$10, $\pm$1": "≤5, ≥ 6, ∼10, ±1",
    r"24$^{\rm th}$": "24th",
    r"K$_2$-Rb, $^{138}$Ba$^+$": "K_2-Rb, 138Ba+",
    r"$\sqrt{2}$": "sqrt 2",
    r"\LaTeX{} and \LaTeX": "LaTeX and LaTeX",
    r"\cite{smith} \url{https://e.org}": "smith https://e.org",
    r"\href{https://e.org}{words}": "https://e.org words",
    r"\textcolor{red}{words}": "textcolor red words",
    r"word\footnote{Another one.}": "word footnote Another one.",
    r"\begin{itemize}one\item two\end{itemize}three": "one item two three",
    r"line\\break": "line break",
    r"sma\-rt, FIFO\@.": "smart, FIFO.",
    r"a\ b\,c\;d\:e": "a b c d e",
    r"$\|x\|$ \4he \ ": "|x| 4he",
    "Fig.~1, a~b": "Fig. 1, a b",
    "about ~50": "about ~50",
    "costs $5 alone": "costs $5 alone",
    r"cost \$5 and \$6": "cost $5 and $6",
    r"Schr\"odinger, Schr\"{o}dinger, Schr{\"o}dinger, Schr{\"{o}}dinger": "Schrödinger, " * 3 + "Schrödinger",
    r"G\"odel{}, \"Abc{d}": "Gödel, Äbcd",
    r"Poincar\'e, \'Etale, \^ile, \`a, se\~nor, \=o, \.z": "Poincaré, Étale, île, à, señor, ō, ż",
    r"na\"{\i}ve, na\"\i ve, Garc\'{\i}a, f\'\i sica": "naïve, naïve, García, física",
    r"Fran\c{c}ais, Fran\c cais, \v{C}ech, \v Cech": "Français, Français, Čech, Čech",
    r"Erd\H{o}s, Erd\H os-Szekeres": "Erdős, Erdős-Szekeres",
    r"\u{g}, \k{a}, \r{a}, \d{s}, \b{d}": "ğ, ą, å, ṣ, ḏ",
    r"the vector \v x": "the vector v x",
    r"\O rsted, S\o rensen, stra\ss e": "Ørsted, Sørensen, straße",
    r"\L{}\'od\'z, {\L}ukasiewicz, Pe\l czy\'nski": "Łódź, Łukasiewicz, Pełczyński",
    r"{\AA}ngstr\"om, 5 \AA": "Ångström, 5 Å",
    r"for some \l in it": "for some ł in it",
}


@pytest.mark.parametrize(("written", "expected"), READABLE.items(), ids=READABLE)
def test_readable(written: str, expected: str) -> None:
    assert readable(written) == expected


WORD = st.text(string.ascii_letters, min_size=2, max_size=9)
PATTERNS = [
    "{0}",
    "\\textbf{{{0}}}",
    "\\emph{{{0} {1}}}",
    "\\textit{{\\textbf{{{0}}} {1}}}",
    "{{\\it {0}}} {1}",
    "{{\\bf {0}}}",
    "{0}~{1}",
    "{0}\\\\{1}",
    "{0}\\%",
    "{0}\\&{1}",
    "\\cite{{{0}}}",
    "\\href{{{0}}}{{{1}}}",
    "\\textcolor{{{0}}}{{{1}}}",
    "\\frac{{{0}}}{{{1}}}",
    "\\frac{{\\mathrm{{{0}}}}}{{\\mathrm{{{1}}}}}",
    "{0}\\footnote{{{1}}}",
    "$\\alpha$ {0}",
    "$\\mathrm{{{0}}}_{{{1}}}$",
    "$x^2$-{0}",
    "{0}$^{{3}}$",
    "\\({0}\\)",
    "\\[{0}\\]",
    "$${0}$$ {1}",
    "({0}) ``{1}''",
    "\\begin{{itemize}}{0}\\end{{itemize}}{1}",
    "\\alpha\\beta {0}",
    "\\sqrt{{{0}}}",
    "{{{0}}}",
    "\\{{{0}\\}}",
    "${0} {1}",
]
ACCENTED = ["\\'e{0}", '\\"{{o}}{0}', "{{\\~n}}{0}", "\\c{{c}}{0}", "\\v{{s}}{0}", "\\'{{\\i}}{0}", "\\o {0}"]
PIECES = st.tuples(st.sampled_from(PATTERNS), WORD, WORD)


@given(st.lists(PIECES, max_size=8))
def test_readable_loses_no_word(pieces: list[tuple[str, str, str]]) -> None:
    text = " ".join(pattern.format(*words) for pattern, *words in pieces)
    expected = Counter(
        word for pattern, *words in pieces for place, word in enumerate(words) if f"{{{place}}}" in pattern
    )
    assert expected - Counter(re.findall(r"[^\W\d_]+", readable(text))) == Counter()


@given(WORD.map(str.lower))
def test_readable_leaves_an_accented_word_whole(rest: str) -> None:
    accented = ("é", "ö", "ñ", "ç", "š", "í")
    for pattern, letter in zip(ACCENTED, accented, strict=False):
        assert readable(pattern.format(rest)) == letter + rest
    assert readable(f"x\\o {rest}") == f"xø{rest}"


@given(LATEX_TEXT | ANY_TEXT)
def test_readable_takes_any_text(text: str) -> None:
    result = readable(text)
    assert "\\" not in result
    assert not (set(result) & set("{}") and not set("{}") & set(text))


def lone_words(text: str) -> Counter[str]:
    """Count the words that stand between blanks, outside of LaTeX, and are not what a command before them takes."""
    tokens = text.split()
    free = (
        token
        for before, token in zip(["", *tokens], tokens, strict=False)
        if not re.search(r"\\([A-Za-z]+|.)$", before)
    )
    words = (re.fullmatch(r"[(\[\"'`]*([A-Za-z][a-z]+)[.,;:!?)\]\"']*", token) for token in free)
    return Counter(match[1] for match in words if match)


def test_readable_loses_no_word_of_real_abstracts(shared_data: Path) -> None:
    with gzip.open(shared_data / "corpora" / "arxiv-100k.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in itertools.islice(lines, 2000)]
    assert len(records) == 2000
    texts = [f"{record['title']} \n\n {record['abstract']}" for record in records]
    assert sum(sum(lone_words(text).values()) for text in texts) > 200_000
    for text in texts:
        result = readable(text)
        assert lone_words(text) - Counter(re.findall(r"[^\W\d_]+", result)) == Counter(), text
        assert "\\" not in result, text


# --- title_key


@pytest.mark.parametrize(
    "spelling",
    [
        "Schrödinger's Cat: A 3.7° Étude",
        "SCHRÖDINGER'S CAT: A 3.7° ÉTUDE",
        "Schro\u0308dinger’s cat — a 3.7° e\u0301tude?",
        "Schr\\\"odinger's {C}at: A 3.7$^{\\circ}$ {\\'E}tude",
        "  schrodinger s\ncat a 3 7 etude ",
        "\\textit{Schr{\\\"{o}}dinger's} cat: a~3.7$^\\circ$ \\'etude.",
    ],
)
def test_spellings_of_one_title_have_one_key(spelling: str) -> None:
    assert title_key(spelling) == "schrodinger s cat a 3 7 etude"


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("", ""),
        ("?!—$$", ""),
        ("ﬁne ²", "fine 2"),
        ("Straße", "strasse"),
        ("snake_case", "snake case"),
        ("深度估计", "深度估计"),
        ("5 µm", "5 μm"),
        ("$5~\\mu$m", "5 μm"),
        ("A+B", "a b"),
    ],
)
def test_title_key(title: str, key: str) -> None:
    assert title_key(title) == key


def test_other_titles_have_other_keys() -> None:
    titles = ["Deep learning", "Deeper learning", "Learning deep", "Deep learning 2", "Deep-learning II"]
    assert len(set(map(title_key, titles))) == len(titles)


@given(ANY_TEXT)
def test_a_key_holds_only_words(text: str) -> None:
    key = title_key(text)
    assert re.fullmatch(r"([^\W_]+( [^\W_]+)*)?", key)
    assert title_key(key.upper()) == title_key(key.upper().lower())


@given(st.lists(ANY_TEXT | st.text("aB. -\n\t\0$\\é", max_size=6), max_size=5))
def test_names_have_the_keys_of_titles(names: list[str]) -> None:
    assert names_key(names) == "\n".join(map(title_key, names))


def test_a_name_of_two_lines_is_one_name() -> None:
    assert names_key(["Ann\n\nLee", "B. B. King"]) == "ann lee\nb b king"


# --- Paper.from_record


def paper(**record: object) -> Paper:
    return Paper.from_record({"id": "p1", "title": "A title", **record})


def test_a_whole_record() -> None:
    record = {
        "id": "arXiv:2010.02893v2",
        "title": " A\n title ",
        "abstract": "One.\r\n\r\nTwo.",
        "authors": ["Ada Lovelace", {"name": "Charles Babbage"}],
        "date": "2020-10-07T12:00:00Z",
        "categories": "cs.CV cs.LG",
        "listed_in": "cs.CV",
        "url": "https://example.org/p",
        "doi": "https://doi.org/10.1000/182",
        "links": ["https://example.org/code"],
        "citations": 7,
    }
    assert Paper.from_record(record) == Paper(
        id="2010.02893",
        title="A title",
        abstract="One.\n\nTwo.",
        authors=("Ada Lovelace", "Charles Babbage"),
        date="2020-10-07",
        categories=("cs.CV", "cs.LG"),
        listed_in=("cs.CV",),
        url="https://example.org/p",
        doi="10.1000/182",
        version=2,
        links=("https://example.org/code",),
    )


def test_a_paper_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        paper().title = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", "x"),
        (5, "5"),
        (2.5, "2.5"),
        (None, ""),
        (True, ""),
        (["x"], ""),
        ({"x": 1}, ""),
        (b"x", ""),
        ("a\x00\ud800", "a\ufffd"),
        (10**400, "1" + "0" * 400),
    ],
)
def test_a_text_of_any_type(value: object, expected: str) -> None:
    assert Paper.from_record({"id": "p1", "title": "t", "abstract": value}).abstract == expected


def test_a_title_is_one_paragraph() -> None:
    assert paper(title="One\n\nTwo").title == "One Two"


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"id": "2010.02893"},
        {"title": "", "abstract": None},
        {"title": " \x00", "abstract": "?!"},
        {"title": ["A title"]},
    ],
)
def test_without_words_there_is_no_paper(record: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=r"^neither title nor abstract$"):
        Paper.from_record(record)


def test_either_text_is_enough() -> None:
    assert Paper.from_record({"id": "p1", "title": "A title"}).text == "A title"
    assert Paper.from_record({"id": "p1", "abstract": "Words."}).text == "Words."


@pytest.mark.parametrize(
    ("written", "paper_id", "version"),
    [
        ("2010.02893v3", "2010.02893", 3),
        ("https://arxiv.org/abs/hep-th/9901001v2", "hep-th/9901001", 2),
        ("math.GT/0309136", "math/0309136", None),
        ("10.48550/arXiv.2010.02893", "2010.02893", None),
        (7, "7", None),
        ("W2741809807", "W2741809807", None),
        ("report.ab/1234567v2", "report.ab/1234567v2", None),
        ("10.1098/rspa.2010.0123", "10.1098/rspa.2010.0123", None),
        ("x" * 1000, "x" * 400, None),
    ],
)
def test_the_version_is_kept_apart_from_the_id(written: object, paper_id: str, version: int | None) -> None:
    made = paper(id=written)
    assert (made.id, made.version) == (paper_id, version)


def test_an_id_that_is_cut_ends_with_no_blank() -> None:
    paper = Paper.from_record({"title": "A", "id": "rac{ " * 100})
    assert paper.id == ("rac{ " * 80).rstrip()


def test_a_paper_without_id_gets_one_of_its_words() -> None:
    first = Paper.from_record({"title": "A Title", "abstract": "Words of \\textit{meaning}."})
    again = Paper.from_record({"id": None, "title": "a title", "abstract": "words  of meaning", "date": "2020"})
    other = Paper.from_record({"title": "A Title", "abstract": "Other words."})
    assert first.id == again.id == "x-" + sha256(b"a title\nwords of meaning").hexdigest()[:12]
    assert other.id != first.id
    assert Paper.from_record({"title": "A", "abstract": "B"}).id != Paper.from_record({"title": "A B"}).id


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, ()),
        ("", ()),
        (5, ()),
        ({"name": "A"}, ()),
        ([], ()),
        (["Ada L.", "", None, {"name": "Bo C."}, {"x": 1}, ["y"]], ("Ada L.", "Bo C.")),
        (("Ada L.", "Ada L."), ("Ada L.", "Ada L.")),
        ("Ada Lovelace", ("Ada Lovelace",)),
        ("A and B", ("A", "B")),
        ("Ada L. and Bo C. and Cy D.", ("Ada L.", "Bo C.", "Cy D.")),
        ("Ada L., Bo C.", ("Ada L.", "Bo C.")),
        ("Ada L., Bo C. and Cy D.", ("Ada L.", "Bo C.", "Cy D.")),
        ("Ada L., Bo C., and Cy D.", ("Ada L.", "Bo C.", "Cy D.")),
        ("Lovelace, Ada\n and Babbage, Charles", ("Lovelace, Ada", "Babbage, Charles")),
        ("Lovelace, Ada; Babbage, Charles;", ("Lovelace, Ada", "Babbage, Charles")),
        ("Alexandra Sandler", ("Alexandra Sandler",)),
    ],
)
def test_authors(value: object, names: tuple[str, ...]) -> None:
    assert paper(authors=value).authors == names


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2020-10-07", "2020-10-07"),
        ("2020-10-07T01:02:03Z", "2020-10-07"),
        ("2020-10", "2020-10"),
        ("2020", "2020"),
        (2020, "2020"),
        ("2020-13-01", "2020"),
        ("2020-00", "2020"),
        ("2020-10-32", "2020-10"),
        ("2021-02-29", "2021-02"),
        ("2020-02-29", "2020-02-29"),
        ("2020-1-7", "2020"),
        ("2020/10/07", "2020"),
        ("0000-01-01", ""),
        ("20201007", ""),
        ("2020-10-071", "2020-10"),
        ("2020-10-07T12:00:00Z and so on", "2020-10-07"),
        ("7 Oct 2020", ""),
        ("soon", ""),
        ("٢٠٢٠", ""),
        (None, ""),
        (1602028800, ""),
        ([2020], ""),
    ],
)
def test_dates(value: object, expected: str) -> None:
    assert paper(date=value).date == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("cs.CV", ("cs.CV",)),
        ("cs.CV cs.LG cs.CV", ("cs.CV", "cs.LG")),
        ("cs.CV, cs.LG;stat.ML", ("cs.CV", "cs.LG", "stat.ML")),
        (["cs.CV", None, 5, " cs.LG "], ("cs.CV", "5", "cs.LG")),
        (None, ()),
        (5, ()),
        ({"a": 1}, ()),
        ("", ()),
    ],
)
def test_categories(value: object, expected: tuple[str, ...]) -> None:
    assert paper(categories=value).categories == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://e.org/a?b=c#d", "https://e.org/a?b=c#d"),
        ("HTTP://e.org", "HTTP://e.org"),
        ("javascript:alert(1)", ""),
        (" javascript:alert(1)", ""),
        ("java\x00script:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//e.org", ""),
        ("ftp://e.org", ""),
        ("https://e.org/ x", ""),
        ('https://e.org/"onclick="x', ""),
        ("https://e.org/<script>", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_only_safe_addresses_are_kept(value: object, expected: str) -> None:
    assert paper(url=value).url == expected
    assert paper(links=[value, value]).links == ((expected,) if expected else ())


@pytest.mark.parametrize("links", [None, 5, True, {"https://e.org": 1}, "", []])
def test_links_of_another_type_are_none(links: object) -> None:
    assert paper(links=links).links == ()


@pytest.mark.parametrize(
    ("record", "url"),
    [
        ({"id": "2010.02893v2"}, "https://arxiv.org/abs/2010.02893"),
        ({"id": "math.GT/0309136"}, "https://arxiv.org/abs/math/0309136"),
        ({"id": "2010.02893", "url": "javascript:x"}, "https://arxiv.org/abs/2010.02893"),
        ({"id": "2010.02893", "url": "https://e.org"}, "https://e.org"),
        ({"doi": "10.1000/182"}, "https://doi.org/10.1000/182"),
        (
            {"doi": "10.1002/(SICI)17:15<1661::AID#1>3.0.CO;2-2"},
            "https://doi.org/10.1002/(SICI)17:15%3C1661::AID%231%3E3.0.CO;2-2",
        ),
        ({"id": "report/1234567"}, ""),
        ({}, ""),
    ],
)
def test_an_address_is_derived_where_it_is_known(record: dict[str, object], url: str) -> None:
    assert paper(**record).url == url


@pytest.mark.parametrize(
    "written",
    [
        "10.1000/182",
        "doi:10.1000/182",
        "DOI: 10.1000/182",
        "doi 10.1000/182",
        "https://doi.org/10.1000/182",
        "http://dx.doi.org/10.1000/182",
        " https://www.doi.org/10.1000/182 ",
    ],
)
def test_doi_forms(written: str) -> None:
    assert paper(doi=written).doi == "10.1000/182"


@pytest.mark.parametrize("written", [None, "", "n/a", "none", "https://e.org/x", "11.1000/182", 10.1, "10.1000/a b"])
def test_what_is_no_doi(written: object) -> None:
    assert (paper(doi=written).doi, paper(doi=written).url) == ("", "")


@pytest.mark.parametrize(
    ("title", "abstract", "text"),
    [
        ("Title", "Words.", "Title. Words."),
        ("Title", "", "Title"),
        ("", "Words.", "Words."),
        ("A $\\alpha$", "89\\%\n\nnext", "A alpha. 89% next"),
    ],
)
def test_the_text_that_is_embedded(title: str, abstract: str, text: str) -> None:
    assert Paper(id="p1", title=title, abstract=abstract).text == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["id", "title", "abstract", "authors", "date", "categories", "listed_in", "url", "doi", "links"]


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_any_record_makes_a_paper_or_says_why_not(record: dict[str, object]) -> None:
    with suppress(InvalidInput):
        made = Paper.from_record(record)
        assert made.id
        assert title_key(made.title) or title_key(made.abstract)
        json.dumps(asdict(made), ensure_ascii=False).encode("utf-8")


@given(
    st.fixed_dictionaries(
        {"title": ANY_TEXT.map("x{}".format)},
        optional={
            "id": st.sampled_from(["2010.02893v2", "math.GT/0309136", "W12", "10.1/x"])
            | st.text(string.ascii_letters, min_size=1),
            "abstract": ANY_TEXT,
            "authors": st.lists(ANY_TEXT),
            "date": st.dates().map(str) | st.sampled_from(["2020", "2020-10"]),
            "categories": st.lists(ANY_TEXT) | st.just("cs.CV cs.LG"),
            "listed_in": st.just("cs.CV"),
            "url": st.just("https://e.org/x"),
            "doi": st.just("doi:10.1000/182"),
            "links": st.lists(st.sampled_from(["https://e.org/y", "http://e.org", "x"])),
        },
    )
)
def test_a_paper_is_its_own_record(record: dict[str, object]) -> None:
    made = Paper.from_record(record)
    fields = asdict(made)
    fields["id"] += f"v{made.version}" if made.version else ""
    assert Paper.from_record(fields) == made
    assert Paper.from_record(json.loads(json.dumps(fields))) == made


# --- time

SEEDS = [
    "<a ",
    '<a href="',
    "<a b=c ",
    "<",
    "&",
    "&#",
    "{",
    "}",
    "\\",
    "\\ ",
    "$",
    " ",
    "\n",
    "~",
    "^",
    "\\frac{",
    "\\frac{a}{",
    "\\a{b}",
    "\\'{",
    "\\c ",
    "\\begin{",
    "a\\",
    "a-",
    "a.",
    "a/",
    "[",
    "1234.5678v",
    "\u0301\u0327",
    "[ :arrow_down: ](",
    "### ",
    "# ArXiv ",
]
HURRY = """
import json, sys
from explorer.papers import arxiv_identifier, clean, looks_like_identifier, readable, title_key
from explorer.papers.markup import strip_html
import io
from contextlib import suppress
from explorer.errors import InvalidInput
from explorer.readers import Source, registered
for seed in json.loads(sys.argv[1]):
    text = seed * (200_000 // len(seed)) + "x"
    for function in (arxiv_identifier, looks_like_identifier, clean, strip_html, readable, title_key):
        function(text)
    for reader in registered():
        reader.recognizes(text[:65_536])
        with suppress(InvalidInput):
            list(reader.read(Source(io.BytesIO(("### 1." + text).encode("utf-8", "replace")))))
"""


@pytest.mark.usefixtures("unmeasured")
def test_hostile_text_takes_no_time_in_the_square_of_its_length() -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(explorer.__file__).parents[1])}
    command = [sys.executable, "-P", "-c", HURRY, json.dumps(SEEDS)]
    subprocess.run(command, check=True, timeout=60, env=environment)  # in the square, one seed alone takes minutes
