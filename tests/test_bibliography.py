"""A bibliography's entries to the papers of a library: which route finds what, and what wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.bibliography import Matched, match
from explorer.papers import Paper, title_key
from explorer.readers import read
from explorer.store import PaperDatabase, PaperWriter

LIBRARY = [
    Paper("2010.02893", "Depth from One Image"),
    Paper("1905.06523", "A Preprint and Its Journal", doi="10.1000/Journal"),
    Paper("10.1000/182", "The DOI Handbook", doi="10.1000/182"),
    Paper("W42", "Known Elsewhere by Another Id", doi="10.48550/arXiv.2008.02217"),
    Paper("b-1", "Introduction", doi="10.1000/book1.1"),
    Paper("b-2", "Introduction", doi="10.1000/book2.1"),
    Paper("10.1000/id-only", "A DOI as an Id"),
    Paper("c-1", "Preface"),
    Paper("hep-th/9901001", "Branes"),
    Paper("c-2", "Electrodynamics"),
]
Find = Callable[..., Matched]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperDatabase]:
    """The library as the store keeps it."""
    file = tmp_path_factory.mktemp("bibliography") / "papers.sqlite"
    writer = PaperWriter(file)
    for paper in LIBRARY:
        assert writer.add(paper)
    writer.finish()
    database = PaperDatabase(file, len(LIBRARY))
    yield database
    database.close()


@pytest.fixture
def find(catalog: PaperDatabase) -> Find:
    """A function that looks for entries in the library."""
    return lambda *entries: match(entries, catalog)


@pytest.mark.parametrize(
    ("entry", "row"),
    [
        (Paper("2010.02893", "Another title"), 0),
        (Paper("key", "Another title", doi="10.48550/arXiv.2010.02893"), 0),
        (Paper("key", "Another title", doi="10.48550/ARXIV.2010.02893V2"), 0),
        (Paper("key", "Another title", url="https://arxiv.org/pdf/2010.02893v3"), 0),
        (Paper("10.48550/arXiv.2010.02893", "Another title"), 0),
        (Paper("HEP-TH/9901001", "Another title"), 8),
        (Paper("1905.06523", "x y"), 1),
        (Paper("key", "Another title", doi="10.1000/journal"), 1),
        (Paper("10.1000/JOURNAL", "Another title"), 1),
        (Paper("key", "Another title", url="https://doi.org/10.1000/journal"), 1),
        (Paper("1234.56789", "Another title", doi="10.1000/journal"), 1),
        (Paper("10.1000/182", "Another title"), 2),
        (Paper("key", "Another title", doi="10.1000/id-only"), 6),
        (Paper("2008.02217", "Another title"), 3),
        (Paper("key", "Another title", doi="10.48550/arXiv.2008.02217"), 3),
        (Paper("key", "Depth from one {IMAGE}"), 0),
        (Paper("key", "dépth, from one image!"), 0),
        (Paper("1234.56789", "Depth from One Image", doi="10.1000/unknown"), 0),
        (Paper("key", "Electrodynamics"), 9),
        (Paper("10.1000/unknown", "Electrodynamics", doi="10.1000/unknown"), 9),
        (Paper("key", "Introduction", doi="10.1000/book2.1"), 5),
    ],
)
def test_every_route_finds_its_paper(find: Find, entry: Paper, row: int) -> None:
    assert find(entry) == Matched((row,), ())


@pytest.mark.parametrize(
    "entry",
    [
        Paper("1234.56789", "Another title"),
        Paper("key", "Preface"),
        Paper("key", "Branes"),
        Paper("key", "?!"),
        Paper("key", ""),
        Paper("c-1", "Another title"),
        Paper("10.1000/book3.1", "Introduction", doi="10.1000/book3.1"),
        Paper("1234.56789", "Introduction"),
        Paper("key", "Introduction", doi="10.48550/arXiv.1234.56789"),
        Paper("key", "Depth from One"),
        Paper("key", "Another title", url="https://example.org/2010.02893"),
        Paper("key", "Another title", links=("https://arxiv.org/abs/2010.02893",)),
    ],
)
def test_what_finds_nothing(find: Find, entry: Paper) -> None:
    assert find(entry).rows == ()
    assert len(find(entry).missing) == 1


def test_a_title_of_several_papers_finds_all_where_nothing_contradicts(find: Find) -> None:
    assert find(Paper("key", "Introduction")).rows == (4, 5)


def test_the_arxiv_id_wins_over_the_doi_and_the_doi_over_the_title(find: Find) -> None:
    assert find(Paper("2010.02893", "The DOI Handbook", doi="10.1000/journal")).rows == (0,)
    assert find(Paper("key", "The DOI Handbook", doi="10.1000/journal")).rows == (1,)
    assert find(Paper("1234.56789", "The DOI Handbook", doi="10.1000/unknown")).rows == (2,)


def test_each_paper_once_in_the_order_of_the_entries(find: Find) -> None:
    entries = [
        Paper("key", "Electrodynamics"),
        Paper("a", "Not there"),
        Paper("b", "Introduction"),
        Paper("2010.02893", "Depth"),
        Paper("c", "Depth from one image"),
        Paper("d", "Introduction", doi="10.1000/book1.1"),
        Paper("a", "Not there"),
    ]
    assert find(*entries) == Matched((9, 4, 5, 0), ("Not there (a)", "Not there (a)"))
    assert find() == Matched((), ())


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (Paper("Smith2020", "Sm{\\o}rrebr{\\o}d"), "Smørrebrød (Smith2020)"),
        (Paper("1234.56789", ""), "1234.56789"),
        (Paper("key", "word " * 18 + "four"), "word " * 18 + "four (key)"),
        (Paper("key", "word " * 18 + "words"), "word " * 18 + "w... (key)"),
        (Paper("k" * 200, ""), "k" * 97 + "..."),
        (Paper("k" * 200, "x y"), "... (" + "k" * 92 + "..."),
    ],
)
def test_what_missing_entries_are_called(find: Find, entry: Paper, name: str) -> None:
    assert find(entry).missing == (name,)
    assert len(name) <= 100


def test_real_bibliographies_find_themselves(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "formats" / "bibtex"
    zotero, mendeley = (
        [record for record in read(folder / name) if isinstance(record, Paper)]
        for name in ("zotero_biblatex_arxiv.bib", "mendeley_313_abstracts.bib")
    )
    writer = PaperWriter(tmp_path / "papers.sqlite")
    rows = sum(outcome.is_new for outcome in map(writer.add, mendeley) if outcome)
    writer.finish()
    assert rows == 508
    catalog = PaperDatabase(tmp_path / "papers.sqlite", rows)
    found = match(mendeley, catalog)
    nothing = match(zotero, catalog)
    catalog.close()
    # Four titles of one short word have neither id nor DOI.
    assert sorted(found.rows) == sorted(set(found.rows))
    missing = [paper for paper in mendeley if f"{paper.title} ({paper.id})" in found.missing]
    assert len(missing) == len(found.missing)
    assert all(len(title_key(paper.title)) < 10 and not paper.doi for paper in missing)
    # Two papers have one DOI, which is that of the first.
    assert len(found.rows) == rows - len({paper.id for paper in missing}) - 1
    assert (nothing.rows, len(nothing.missing)) == ((), 12)


PAPERS = st.builds(
    Paper,
    id=st.sampled_from(["2010.02893", "key", "10.1000/182", "1234.56789", "10.48550/arXiv.2008.02217"]) | st.text(),
    title=st.sampled_from(["Introduction", "Depth from One Image", "Preface"]) | st.text(),
    doi=st.sampled_from(["", "10.1000/JOURNAL", "10.48550/arXiv.2010.02893"]) | st.text(),
    url=st.text(),
)


@given(st.lists(PAPERS, max_size=8))
def test_every_entry_is_found_or_missing(catalog: PaperDatabase, entries: list[Paper]) -> None:
    together = match(entries, catalog)
    alone = [match([entry], catalog) for entry in entries]
    assert together.rows == tuple(dict.fromkeys(row for one in alone for row in one.rows))
    assert together.missing == tuple(name for one in alone for name in one.missing)
    assert all(bool(one.rows) != bool(one.missing) for one in alone)
    assert all(0 < len(name) <= 100 or name == "" for name in together.missing)
    assert len(set(together.rows)) == len(together.rows)
