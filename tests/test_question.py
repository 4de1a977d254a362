"""What the words of a question mean: papers, texts, files, weights; for, against, and not to be answered with."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hashed_words import HashedWords
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer import ExplorerError, Library
from explorer.errors import InvalidInput, UnknownPaper
from explorer.search.options import SearchOptions
from explorer.search.question import Question, resolve


class RememberedWords(HashedWords):
    """Hash every word once: texts are long here."""

    _direction = cache(HashedWords._direction)


RECORDS: list[dict[str, Any]] = [
    {"id": "2010.02893", "title": "Depth from a single image", "abstract": "depth image camera", "doi": "10.1000/Ab:2"},
    {"id": "0704.0001", "title": "Prompt photons", "abstract": "photons collider", "authors": ["Anne O'Hara", "Bo Xu"]},
    {"id": "astro-ph/0601001", "title": "Stars and dust", "abstract": "stars dust galaxy"},
    {"id": "notes.md", "title": "Notes about cats", "abstract": "cats pets", "categories": "cs.CV"},
    {"id": "@alice", "title": "Letters of a stranger", "abstract": "letters mail"},
    {"id": "p", "title": "Weights of bridges", "abstract": "weights bridges", "date": "2020-05-01"},
    {"id": "p:2", "title": "Bridges of steel", "abstract": "steel bridges", "date": "2019"},
    {"id": "W2741809807", "title": "A ratio of 3:1", "abstract": "ratio mixture"},
    {"id": "u", "title": "Addresses", "abstract": "address port", "url": "https://example.org/paper:2"},
    {"id": "zh", "title": "夜间深度估计", "abstract": "我们 研究 夜间 图像"},
    {"id": "ar", "title": "تقدير العمق ليلا", "abstract": "العمق من صورة واحدة"},
    {"id": "rocket", "title": "Rockets 🚀 to the moon", "abstract": "rockets moon 🚀🚀"},
    {"id": "file", "title": "readme.txt", "abstract": "a file that is a title"},
    {"id": "quote", "title": 'He said "depth" OR NEAR(a, b) * ^x -y', "abstract": "syntax quotes"},
    {"id": "same-1", "title": "The same title", "abstract": "one of two"},
    {"id": "same-2", "title": "The same title", "abstract": "quite another abstract of fish"},
    *(
        {"id": f"f{number}", "title": f"Filler number{number}", "abstract": f"filler word{number}"}
        for number in range(9)
    ),
]
ROWS = {record["id"]: row for row, record in enumerate(RECORDS)}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("question")
    (folder / "papers.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS), encoding="utf-8")
    with Library.build(folder / "papers.jsonl", folder / "library", model=RememberedWords()) as made:
        yield made


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files are looked for in a folder that has none but the test's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def meant(
    library: Library, *asked: str, unlike: Sequence[str] = (), exclude: Sequence[str] = (), files: bool = True
) -> Question:
    options = SearchOptions(unlike=unlike, exclude=exclude, files=files)
    return resolve(asked, options, library._folder.database)


def parts(library: Library, *asked: str, files: bool = True) -> list[tuple[str, str | int, float]]:
    """Return kind, id or text, and weight of each part."""
    found = meant(library, *asked, files=files).like
    return [(part.kind, part.text if part.row is None else RECORDS[part.row]["id"], part.weight) for part in found]


# --- words


@pytest.mark.parametrize(
    ("word", "kind", "paper", "weight"),
    [
        ("2010.02893", "id", "2010.02893", 1),
        (" arXiv:2010.02893v7 ", "id", "2010.02893", 1),
        ("https://arxiv.org/pdf/2010.02893v1.pdf", "id", "2010.02893", 1),
        ("2010.02893:2", "id", "2010.02893", 2),
        ("2010.02893v3:0.5", "id", "2010.02893", 0.5),
        ("arXiv:2010.02893:2", "id", "2010.02893", 2),
        ("https://arxiv.org/abs/2010.02893:10", "id", "2010.02893", 10),
        ("arXiv:0704.0001", "id", "0704.0001", 1),
        ("arXiv:0704.0001:3", "id", "0704.0001", 3),
        ("astro-ph/0601001", "id", "astro-ph/0601001", 1),
        ("astro-ph/0601001:2", "id", "astro-ph/0601001", 2),
        ("10.1000/ab:2", "id", "2010.02893", 1),
        ("https://doi.org/10.1000/AB:2", "id", "2010.02893", 1),
        ("doi:10.1000/ab:2:3", "id", "2010.02893", 3),
        ("p", "id", "p", 1),
        ("p:2", "id", "p:2", 1),
        ("p:3", "id", "p", 3),
        ("p:2:3", "id", "p:2", 3),
        ("https://example.org/paper:2", "id", "u", 1),
        ("http://example.org/paper:2:2", "id", "u", 2),
        ("DEPTH from a single image!", "title", "2010.02893", 1),
        ("Depth from a single image:2", "title", "2010.02893", 2),
        ("a ratio of 3:1", "title", "W2741809807", 1),
        ("a ratio of 3:1:4", "title", "W2741809807", 4),
        ("the same title", "title", "same-1", 1),
        ("夜间深度估计", "title", "zh", 1),
        ("تقدير العمق ليلا:2", "title", "ar", 2),
        ("rockets 🚀 to the moon", "title", "rocket", 1),
    ],
)
def test_a_word_means_a_paper(library: Library, word: str, kind: str, paper: str, weight: float) -> None:
    assert parts(library, word) == [(kind, paper, weight)]
    matches = library.find_similar(word, k=5)
    assert matches.query_kind == kind
    assert paper not in [match.paper.id for match in matches]
    assert [match.paper.id for match in matches] == [match.paper.id for match in library.similar(paper, 5)]


@pytest.mark.parametrize(
    ("word", "paper"),
    [("notes.md", "notes.md"), ("notes.md:2", "notes.md"), ("@alice", "@alice"), ("readme.txt", "file")],
)
def test_an_id_or_a_title_is_no_file_s_name(library: Library, word: str, paper: str) -> None:
    """An id comes before a title, and that before a file, whatever it looks like and wherever it stands."""
    alone = library.find_similar(word, k=3)
    assert [match.paper.id for match in alone] == [match.paper.id for match in library.similar(paper, 3)]
    for options in ({"like": [word]}, {"unlike": [word]}, {"exclude": [word]}):
        assert paper not in [match.paper.id for match in library.find_similar("p", k=30, **options)]  # type: ignore[arg-type]
    assert {row for _, row, _ in parts(library, "p", word)} == {"p", paper}


@pytest.mark.parametrize(
    ("word", "text", "weight"),
    [
        ("depth of bridges", "depth of bridges", 1),
        ("depth of bridges:2", "depth of bridges:2", 1),
        ("depth of bridges:0.25", "depth of bridges:0.25", 1),
        ("depth: 2", "depth: 2", 1),
        ("bridges:x", "bridges:x", 1),
        ("on 2010.02893:", "on 2010.02893:", 1),
        ("深度 估计", "深度 估计", 1),
        ("العمق والصورة:2", "العمق والصورة:2", 1),
        ("two\nlines  here", "two lines here", 1),
        ("nul\0led", "nulled", 1),
        ("a* OR NEAR(", "a* OR NEAR(", 1),
        ('title : ("x" AND *) ; DROP TABLE papers --', 'title : ("x" AND *) ; DROP TABLE papers --', 1),
        ("mail me@home", "mail me@home", 1),
        ("a list.bib of papers", "a list.bib of papers", 1),
    ],
)
def test_a_word_means_a_text(library: Library, word: str, text: str, weight: float) -> None:
    assert parts(library, word) == [("text", text, weight)]
    assert list(library.find_similar(word)) == list(library.search(text))


@pytest.mark.parametrize(
    ("word", "text", "weight"), [("depth:2", "depth", 2), ("العمق والصورة:0.25", "العمق والصورة", 0.25)]
)
def test_among_others_a_text_may_have_a_weight(library: Library, word: str, text: str, weight: float) -> None:
    assert ("text", text, weight) in parts(library, word, "p")


@pytest.mark.parametrize("text", ["an aspect of 16:9", "mixed as 1:0", "open from 9:30 to 17:00"])
def test_a_text_alone_keeps_its_end(library: Library, text: str) -> None:
    """What is asked alone needs no weight: its numbers are its own."""
    assert library.find_similar(text) == library.search(text)


@pytest.mark.parametrize(
    "word",
    [
        "2010.99999", "arXiv:2010.02894v2", "2010.02894:2", "0704.0002", "https://arxiv.org/abs/0704.0002",
        "astro-ph/0601009", "10.1000/other:2", "W2741809808", "http://localhost:8080", "2010.02893:-1",
    ],
)  # fmt: skip
def test_an_id_that_is_not_there_is_never_a_text(library: Library, word: str) -> None:
    for ask in (
        lambda: library.find_similar(word), lambda: library.find_similar("p", word),
        lambda: library.find_similar("p", like=[word]), lambda: library.find_similar("p", unlike=[word]),
        lambda: library.find_similar("p", exclude=[word]),
    ):  # fmt: skip
        with pytest.raises(UnknownPaper, match=r"no paper '.*' in this library; the nearest ids are \S+, \S+, \S+ "):
            ask()


@pytest.mark.parametrize("word", ["arXiv:0704.0002", "arXiv:0704.0002v1", "arxiv:9912.1234"])
def test_an_arxiv_id_of_four_digits_is_no_weight(library: Library, word: str) -> None:
    """The ids of 2007 to 2014 have four digits behind the point: "arXiv:704.0001" could be 704 times "arXiv"."""
    with pytest.raises(UnknownPaper, match="the nearest ids are"):
        library.find_similar(word)


@pytest.mark.parametrize("word", ["", " ", "\n\t", "?!", "...", "—", "🚀", "\0", "\u202e", "::", "?:2", "@", "''"])
def test_what_says_nothing_is_an_error(library: Library, word: str) -> None:
    for options in ({}, {"like": ["p"]}):
        with pytest.raises(InvalidInput):
            library.find_similar(word, **options)  # type: ignore[arg-type]
    for name in ("like", "unlike", "exclude"):
        with pytest.raises(InvalidInput):
            library.find_similar("p", **{name: [word]})  # type: ignore[arg-type]
    if word not in ("@", "?:2"):
        with pytest.raises(InvalidInput, match="the query is empty"):
            library.search(word)


@pytest.mark.parametrize("weight", ["0", "0.0", "0000.0000"])
def test_a_weight_of_zero_is_an_error(library: Library, weight: str) -> None:
    for ask in (
        lambda: library.find_similar(f"2010.02893:{weight}", "p"),
        lambda: library.find_similar("p", like=[f"stars:{weight}"]),
        lambda: library.find_similar("p", unlike=[f"2010.02893:{weight}"]),
    ):
        with pytest.raises(InvalidInput, match=f"a weight of {weight} counts for nothing"):
            ask()


def test_stop_words_alone(library: Library) -> None:
    """They say little, but something to a model; by words they say nothing."""
    for ranking in ("fused", "dense"):
        assert len(library.search("the of and", 40, rank=ranking)) == len(RECORDS)
    for text in ("the of and", "qwyzx", "x y z"):
        with pytest.raises(InvalidInput, match="no paper of this library has any word of"):
            library.search(text, rank="lexical")


def test_other_languages_are_words_too(library: Library) -> None:
    for text, paper in (("研究", "zh"), ("العمق صورة", "ar"), ("rockets 🚀🚀", "rocket")):
        for ranking in ("fused", "lexical"):
            assert library.search(text, 1, rank=ranking)[0].paper.id == paper


@pytest.mark.parametrize(
    "text", ["depth " * 100_000, "depth" * 100_000, "a " * 100_000 + "bridges", "(" * 99_999 + "depth"]
)
def test_a_very_long_text_is_answered(library: Library, text: str) -> None:
    for ranking in ("fused", "dense"):
        assert len(library.find_similar(text, k=3, rank=ranking)) == 3
    if text.startswith("depth "):
        assert library.find_similar(text, k=1, rank="lexical")[0].paper.id in ("2010.02893", "quote")
    assert len(library.find_similar("p", like=[text], unlike=[text + " x"], k=3)) == 3


def test_errors_do_not_repeat_a_long_question(library: Library) -> None:
    text = "(" * 99_999 + "depth"
    for ask in (
        lambda: library.find_title(text), lambda: library.find_title(text + "x"),
        lambda: library.find_similar("p", text + ":0"), lambda: library.similar(text),
        lambda: library.similar("p", exclude=[text]), lambda: library.similar("p", where=text),
        lambda: library.find_similar(text, unlike=[text]), lambda: library.find_similar("@" + text),
        lambda: library.similar("p", author=text + "x"), lambda: library.similar("p", category=text),
        lambda: library.similar("p", since=text), lambda: library.similar("p", year=text),
    ):  # fmt: skip
        with pytest.raises(ExplorerError) as error:
            ask()
        assert len(str(error.value)) < 2_000


# --- several


def test_each_is_meant_once_and_weights_add(library: Library) -> None:
    assert parts(library, "p", "p:2", "Weights of bridges:3", "depth", "depth:2") == [
        ("text", "depth", 3), ("id", "p", 4), ("id", "p:2", 1),
    ]  # fmt: skip
    question = meant(library, "p", unlike=["p:2", "some fish:3"], exclude=["zh", "notes about cats"])
    assert question.kind == "mixture"
    assert [(part.row, part.text, part.weight) for part in question.unlike] == [(None, "some fish", 3), (6, "p:2", 1)]
    assert question.excluded == {ROWS[paper] for paper in ("p", "p:2", "zh", "notes.md")}


@pytest.mark.parametrize(
    ("asked", "unlike", "named"),
    [
        (["2010.02893", "p"], ["arXiv:2010.02893v2"], "2010.02893"),
        (["2010.02893"], ["depth from a single image:3"], "2010.02893"),
        (["some text here"], ["some  text here"], "'some text here'"),
        (["@ids.txt"], ["p"], "p"),
        (["u"], ["zh", "@ids.txt", "u:2"], "u"),
    ],
)
def test_a_contradiction_is_an_error(
    library: Library, elsewhere: Path, asked: list[str], unlike: list[str], named: str
) -> None:
    (elsewhere / "ids.txt").write_text("p\n")
    with pytest.raises(InvalidInput, match=f"^{named} is in both what to be like and what to be unlike: leave one out"):
        library.find_similar(*asked, unlike=unlike)


def test_only_papers_can_be_excluded(library: Library) -> None:
    with pytest.raises(InvalidInput, match="'some text' is no paper of this library, so it cannot be excluded"):
        library.find_similar("p", exclude=["some text"])
    assert library.find_similar("p", exclude=["p"], k=30)[0].paper.id == library.similar("p")[0].paper.id
    assert len(library.find_similar("p", exclude=["zh", "ar:2", "Stars and dust"], k=30)) == len(RECORDS) - 4


def test_more_than_a_thousand_are_too_many(library: Library, elsewhere: Path) -> None:
    texts = [f"text number {number}" for number in range(1_001)]
    with pytest.raises(InvalidInput, match="more than 1000 papers and texts in one question"):
        meant(library, *texts)
    assert len(meant(library, *texts[:1_000], *texts[:10]).like) == 1_000


# --- files of text


@pytest.mark.parametrize("suffix", [".md", ".markdown", ".txt", ".text", ".tex", ".rst", ".MD"])
def test_a_file_of_text_is_a_document(library: Library, elsewhere: Path, suffix: str) -> None:
    text = "# Bridges\n\nWe build bridges of steel.\nBridges are long.\n"
    for content in (text.encode(), text.encode("utf-8-sig"), text.replace("\n", "\r\n").encode()):
        (elsewhere / f"draft{suffix}").write_bytes(content)
        (found,) = meant(library, f"draft{suffix}:2").like
        assert (found.kind, found.row, found.weight) == ("document", None, 2)
        assert " ".join(found.text.split()) == "# Bridges We build bridges of steel. Bridges are long."
    matches = library.find_similar(f"draft{suffix}", k=2)
    assert (matches.query_kind, matches.paper) == ("document", None)
    assert {match.paper.id for match in matches} == {"p", "p:2"}


def test_a_document_s_repeated_words_count_less_than_a_text_s(library: Library, elsewhere: Path) -> None:
    """Twenty times "fish" and once "steel": as many words of a query, but a document goes on about its subject."""
    text = "fish " * 20 + "steel"
    (elsewhere / "draft.md").write_text(text)

    def scores(asked: str) -> dict[str, float]:
        return {match.paper.id: match.score for match in library.find_similar(asked, k=30, rank="lexical")}

    document, words = scores("draft.md"), scores(text)
    assert words["same-2"] / words["p:2"] == pytest.approx(
        20 / (2 / 1) * document["same-2"] / document["p:2"] * 2 * 21 / 40
    )


def test_other_encodings_are_guessed(library: Library, elsewhere: Path) -> None:
    (elsewhere / "draft.txt").write_bytes("caf\xe9 \x93depth\x94 \x81".encode("latin-1"))
    (found,) = meant(library, "draft.txt").like
    assert found.text == "café “depth” \ufffd"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("missing.md", r"^missing\.md: there is no such file"),
        ("@missing.bib", r"^missing\.bib: there is no such file"),
        ("missing.bib:2", r"^missing\.bib: there is no such file"),
        ("@missing", "^missing: there is no such file"),
        ("@missing:2", "^missing: there is no such file"),
        ("folder/missing.tex", "there is no such file"),
        ("folder.md", r"^folder\.md: cannot be read: .*[Ii]s a directory"),
        ("@folder.md", "cannot be read"),
        ("@folder.md:2", "cannot be read"),
        ("empty.txt", r"empty\.txt has no words"),
        ("@empty.txt", r"empty\.txt has no words"),
        ("signs.txt", r"signs\.txt has no words"),
        ("large.txt", r"^large\.txt is larger than 16 MiB"),
        ("@large.txt", r"^large\.txt is larger than 16 MiB"),
        ("nul\0.md", "nul"),
        ("@nul\0", "nul"),
        ("@" + "x" * 5000, "x"),
        ("x" * 5000 + ".md", "x"),
    ],
)
def test_files_that_cannot_be_used(library: Library, elsewhere: Path, word: str, message: str) -> None:
    (elsewhere / "folder.md").mkdir()
    (elsewhere / "empty.txt").write_bytes(b"")
    (elsewhere / "signs.txt").write_text("--- ??? \n\n")
    with (elsewhere / "large.txt").open("wb") as file:
        file.write(b"depth bridges\n" * 1_500_000)  # 21 MB
    for ask in (
        lambda: library.find_similar(word), lambda: library.find_similar("p", like=[word]),
        lambda: library.find_similar("p", unlike=[word]), lambda: library.find_similar("p", exclude=[word]),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=message):
            ask()


def test_a_binary_file_is_no_traceback(library: Library, elsewhere: Path) -> None:
    (elsewhere / "image.txt").write_bytes(bytes(range(256)) * 400)
    (elsewhere / "zeros.txt").write_bytes(b"\0" * 1000)
    assert len(library.find_similar("image.txt", k=3)) == 3
    for word in ("zeros.txt", "@zeros.txt"):
        with pytest.raises(InvalidInput, match="has no words"):
            library.find_similar(word)
    with pytest.raises(InvalidInput, match="nothing says what the papers should be like"):
        library.find_similar("@image.txt")


# --- files of papers

BIBLIOGRAPHY = """
@article{one, title = {Depth from a Single Image}, year = {2020}}
@misc{two, title = {Something}, eprint = {0704.0001}, archivePrefix = {arXiv}}
@article{three, title = {Nobody has this paper}, doi = {10.5555/nobody}}
@article{four, title = {{S}tars and {D}ust}}
"""


@pytest.mark.parametrize(
    "content",
    [
        "2010.02893\np:2\nzh\n",
        "2010.02893\r\np:2\r\nzh",
        "\ufeff2010.02893\n\n\np:2\n  zh  \n",
        "arXiv:2010.02893v3\nBridges of steel\nhttps://arxiv.org/abs/2010.02893\n夜间深度估计\n",
    ],
    ids=["lines", "crlf", "bom", "forms"],
)
def test_a_list_of_ids_and_titles(library: Library, elsewhere: Path, content: str) -> None:
    (elsewhere / "ids.txt").write_text(content, encoding="utf-8", newline="")
    question = meant(library, "@ids.txt")
    assert sorted(part.row for part in question.like) == sorted(ROWS[paper] for paper in ("2010.02893", "p:2", "zh"))  # type: ignore[type-var]
    assert question.missing == ()
    first = "2010.02893:2" if "https" in content else "2010.02893"  # it is named twice
    assert list(library.find_similar("@ids.txt")) == list(library.find_similar(first, "p:2", "zh"))


def test_a_list_of_one_id_a_line_is_what_the_format_ids_writes(library: Library, elsewhere: Path) -> None:
    from explorer import writers

    matches = library.similar("2010.02893", 5)
    (elsewhere / "ids.txt").write_text("".join(writers.write("ids", matches)))
    expected = library.find_similar(*[match.paper.id for match in matches])
    assert list(library.find_similar("@ids.txt")) == list(expected)
    left = library.similar("2010.02893", 30, exclude=["@ids.txt"])
    assert not {match.paper.id for match in left} & {match.paper.id for match in matches}


def test_what_a_list_names_and_the_library_lacks(library: Library, elsewhere: Path) -> None:
    (elsewhere / "ids.txt").write_text("2010.02893\n9999.99999\nNobody wrote this\n")
    matches = library.find_similar("@ids.txt")
    assert matches.missing == ("9999.99999", "Nobody wrote this")
    assert matches.query_kind == "id"
    (elsewhere / "none.txt").write_text("9999.99999\n")
    with pytest.raises(InvalidInput, match=r"should be like: 9999\.99999 not in this library"):
        library.find_similar("@none.txt")
    assert library.find_similar("p", exclude=["@none.txt"]).missing == ("9999.99999",)


@pytest.mark.parametrize("word", ["@list.bib", "list.bib", "./list.bib", "@list.bib:2"])
def test_a_bibliography(library: Library, elsewhere: Path, word: str) -> None:
    (elsewhere / "list.bib").write_text(BIBLIOGRAPHY)
    question = meant(library, word)
    assert [part.row for part in question.like] == [0, 1, 2]
    assert {part.weight for part in question.like} == {2.0 if word.endswith(":2") else 1.0}
    (missing,) = question.missing
    assert missing.startswith("Nobody has this paper")
    matches = library.find_similar(word, k=30)
    expected = library.find_similar("2010.02893", "0704.0001", "astro-ph/0601001", k=30)
    assert list(matches) == list(expected)
    assert (matches.query_kind, matches.missing) == ("mixture", question.missing)
    left = library.find_similar("p", exclude=[word], k=30)
    assert {match.paper.id for match in left} == ROWS.keys() - {"p", "2010.02893", "0704.0001", "astro-ph/0601001"}


def test_a_bibliography_of_one_paper_names_the_others(library: Library, elsewhere: Path) -> None:
    (elsewhere / "list.bib").write_text("\n".join(BIBLIOGRAPHY.splitlines()[:2] + BIBLIOGRAPHY.splitlines()[3:4]))
    matches = library.find_similar("@list.bib")
    assert [match.paper.id for match in matches] == [match.paper.id for match in library.similar("2010.02893")]
    assert matches.query_kind == "id"
    assert len(matches.missing) == 1
    assert matches.paper == library.papers[0]  # "the one asked about, if it was one"


@pytest.mark.parametrize("name", ["papers.jsonl", "papers.jsonl.gz", "my papers.jsonl"])
def test_any_file_of_papers_is_a_list(library: Library, elsewhere: Path, name: str) -> None:
    content = "".join(json.dumps({**record, "abstract": ""}) + "\n" for record in RECORDS[:4]).encode()
    (elsewhere / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert [part.row for part in meant(library, f"@{name}").like] == [0, 1, 2, 3]


def test_files_are_read_only_where_that_is_allowed(library: Library, elsewhere: Path) -> None:
    (elsewhere / "draft.md").write_text("bridges of steel")
    (elsewhere / "ids.txt").write_text("p\n")
    assert parts(library, "draft.md", "@ids.txt", files=False) == [("text", "@ids.txt", 1), ("text", "draft.md", 1)]
    assert library.find_similar("draft.md", files=False).query_kind == "text"
    # What the one who asks names otherwise is still a file.
    assert "p" not in [match.paper.id for match in library.find_similar("draft.md", exclude=["@ids.txt"], files=False)]


# --- anything at all

SIGNS = st.sampled_from(
    [
        *"\"'*()^-+:;,.@%_[]{}\\/&|~=<>! \n\t\0\x1b",
        "OR",
        "AND",
        "NOT",
        "NEAR(",
        "title:",
        ":2",
        "--",
        "/*",
        "a",
        "depth",
        "é",
        "猫",
        "🚀",
        "ي",
        "\u202e",
        "\ud800",
        "9",
        "2010.02893",
        "p",
    ]
)
ANY = st.text(max_size=20) | st.lists(SIGNS, max_size=12).map("".join)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY, other=ANY)
def test_whatever_is_asked_is_answered_or_refused(library: Library, text: str, other: str) -> None:
    for ask in (
        lambda: library.find_similar(text, other),
        lambda: library.find_similar(text, rank="lexical"),
        lambda: library.search(text),
        lambda: library.similar(text),
        lambda: library.find_title(text),
        lambda: library.similar("p", unlike=[text], exclude=[other]),
        lambda: library.similar("p", author=text),
        lambda: library.similar("p", category=[text, other]),
        lambda: library.similar("p", where=text),
        lambda: library.similar("p", since=text),
        lambda: library.similar("p", year=text),
        lambda: library.similar("p", added_since=text),
    ):
        with suppress(ExplorerError):
            matches = ask()
            assert [match.rank for match in matches] == list(range(1, len(matches) + 1))


@pytest.mark.parametrize(
    ("part", "paper"),
    [
        ('said "depth"', "quote"),
        ("OR NEAR(a", "quote"),
        ("NEAR(a, b) * ^x", "quote"),
        ("depth from a sin", "2010.02893"),
        ("夜间深度", "zh"),
        ("العمق", "ar"),
        ("ratio of 3", "W2741809807"),
        ("🚀 to the moon", "rocket"),
        ("title", None),
        ("a* OR NEAR(", "quote"),
        ("a* OR NOT(", None),
        ("title : x", None),
        ("", None),
        ("?!", None),
        ("a " * 240, None),
        ("depth " * 80, None),
    ],
)
def test_a_title_by_part_has_no_syntax(library: Library, part: str, paper: str | None) -> None:
    if paper is not None:
        assert library.find_title(part).paper == library.papers[paper]
        return
    with pytest.raises((UnknownPaper, InvalidInput), match=r"no title holds|is in several titles"):
        library.find_title(part)


def test_an_author_s_name_has_no_syntax(library: Library) -> None:
    assert [match.paper.id for match in library.similar("p", author="O'Hara")] == ["0704.0001"]
    assert [match.paper.id for match in library.similar("p", author="o hara, anne")] == ["0704.0001"]
    for author in ("a* OR NEAR(", '"Xu" OR "Ha"', "Xu*", "author_key : x", "'; DROP TABLE papers; --"):
        if author == "Xu*":
            assert [match.paper.id for match in library.similar("p", author=author)] == ["0704.0001"]
            continue
        with pytest.raises(InvalidInput, match="no paper of 25 passes all filters: --author keeps 0"):
            library.similar("p", author=author)


@pytest.mark.parametrize(
    "condition",
    [
        "1=1; DROP TABLE papers", "1) OR (1=1", "1=1 UNION SELECT id FROM papers", "id IN (SELECT id FROM papers)",
        "load_extension('x')", "1=1 --", "1=1 /* x", "? = 1", "rowid = 1", "randomblob(1000000000)", "'", '"no column" = 1',
        "title MATCH 'x'", "words = 1", "", " ",
    ],
)  # fmt: skip
def test_a_condition_can_only_compare(library: Library, condition: str) -> None:
    if condition == "":
        assert library.similar("p", where=condition) == library.similar("p")
        return
    with pytest.raises(InvalidInput, match="--where"):
        library.similar("p", where=condition)
    assert len(library.papers) == len(list(library.papers)) == 25
