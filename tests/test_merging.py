"""One paper from several records of it, and papers that only seem to be one."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.papers import Paper, are_one, clean, derived_id, identity, merged, title_key
from explorer.query import find_id
from explorer.store import Outcome, PaperDatabase, PaperWriter

PREPRINT = Paper(
    "2010.02893", "Depth from One Image", "We estimate depth.", ("Ada Lovelace",), "2020-10-07", ("cs.CV",),
    url="https://arxiv.org/abs/2010.02893", version=1,
)  # fmt: skip
PUBLISHED = Paper(
    "10.1000/Depth", "Depth From One Image.", "We estimate the depth.", date="2021-03", doi="10.1000/Depth",
    url="https://doi.org/10.1000/Depth", also=("W99",),
)  # fmt: skip


def written(path: Path, papers: Iterable[Paper]) -> tuple[list[Outcome | None], PaperDatabase]:
    """Write papers one after the other; return what became of each, and the rows."""
    with closing(PaperWriter(path)) as writer:
        outcomes = [writer.add(paper) for paper in papers]
        writer.finish()
    return outcomes, PaperDatabase(path, writer.count)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("arXiv:2010.02893v3", "2010.02893"), ("10.48550/arXiv.2010.02893", "https://arxiv.org/pdf/2010.02893v1.pdf"),
        ("https://doi.org/10.1000/ABC", "doi:10.1000/abc"), ("math.GT/0309136", "math/0309136v2"), (" W12 ", "W12"),
    ],
)  # fmt: skip
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert identity(one) == identity(other)


def test_both_records_are_kept_and_the_first_is_believed() -> None:
    assert merged(PREPRINT, PUBLISHED) == replace(PREPRINT, doi="10.1000/Depth", also=("W99",))


def test_the_newest_version_of_a_text_wins_and_the_date_is_that_of_the_first() -> None:
    second = replace(PREPRINT, title="Depth from a Single Image", abstract="Better.", date="2020-12-01", version=2)
    assert merged(PREPRINT, second) == replace(second, date="2020-10-07")
    assert merged(second, PREPRINT) == second
    assert merged(PREPRINT, replace(second, abstract="")) == replace(
        second, date="2020-10-07", abstract="We estimate depth."
    )


def test_what_is_said_to_be_newer_is_believed() -> None:
    corrected = Paper("2010.02893", "Depth from Two Images", date="2020-10-08")
    assert merged(PREPRINT, corrected, newer=True) == replace(
        PREPRINT, title="Depth from Two Images", date="2020-10-08"
    )
    assert merged(PREPRINT, corrected, newer=False) == PREPRINT


def test_ids_that_become_other_names_find_the_paper(tmp_path: Path) -> None:
    outcomes, database = written(tmp_path / "p", [PREPRINT, replace(PUBLISHED, also=("2010.02893", "W99"))])
    assert outcomes == [Outcome(0, is_new=True), Outcome(0, is_changed=True)]
    (paper,) = database.papers([0])
    assert paper.doi == "10.1000/Depth"
    assert [database.row_named(name) for name in ("W99", "10.1000/DEPTH", "doi:10.1000/depth")] == [0, 0, 0]
    assert database.row_named("W98") is None


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_three_sources_are_one_paper_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    pubmed = Paper(
        "10.1000/depth", "Depth from one image", authors=("Grace Hopper",), doi="10.1000/depth", also=("pmid:77",)
    )
    sources = [replace(PREPRINT, doi="10.1000/Depth"), PUBLISHED, pubmed]
    _, database = written(tmp_path / "p", [sources[place] for place in order])
    (paper,) = database.range(0, 1)
    names = ("pmid:77", "W99", "10.1000/DEPTH", "https://doi.org/10.1000/depth", "arXiv:2010.02893v4")
    assert {find_id(name, database) for name in names} == {0}
    assert paper.abstract
    assert paper.authors
    with pytest.raises(Exception, match="row 1"):
        database.papers([1])


def test_a_volume_s_doi_makes_no_two_papers_one(tmp_path: Path) -> None:
    other = Paper("10.1000/depth", "Galaxies of the Local Group", doi="10.1000/depth", also=("W5",))
    assert not are_one(PUBLISHED, other)
    outcomes, database = written(tmp_path / "p", [PUBLISHED, other, other])
    assert outcomes == [Outcome(0, is_new=True), Outcome(1, is_new=True), Outcome(1)]
    assert database.papers([1])[0].id == derived_id(other)
    assert database.row_named("10.1000/depth") == 0


def test_lists_that_number_their_papers_do_not_collide(tmp_path: Path) -> None:
    papers = [
        Paper("1", "Depth from one image"),
        Paper("1", "Galaxies of the Local Group"),
        Paper("1", "Depth from one image"),
    ]
    outcomes, database = written(tmp_path / "p", papers)
    assert outcomes == [Outcome(0, is_new=True), Outcome(1, is_new=True), Outcome(0)]
    assert [paper.title for paper in database.range(0, 2)] == ["Depth from one image", "Galaxies of the Local Group"]
    # An id that is not a number is believed, whatever the title says.
    assert are_one(Paper("smith2020", "Depth"), Paper("smith2020", "Galaxies"))


def test_what_goes_on_from_another_database_is_looked_up_there(tmp_path: Path) -> None:
    written(tmp_path / "p", [PREPRINT, PUBLISHED])[1].close()
    with closing(PaperWriter(tmp_path / "q", batch=1, source=tmp_path / "p")) as writer:
        later = replace(PREPRINT, title="Depth from a Single Image", version=3)
        assert writer.add(later) == Outcome(0, is_changed=True, text_changed=True)
        assert writer.add(Paper("n", "Something else", also=("W100",))) == Outcome(2, is_new=True)
        assert writer.add(Paper("m", "Unknown"), known_only=True) is None
        writer.finish()
    database = PaperDatabase(tmp_path / "q", 3)
    database.require_whole()
    assert database.rows_with_title_part("single image", 5) == [0]
    assert database.rows_with_title_part("something", 5) == [2]
    assert database.rows_of_batch(1) == [2]
    assert database.row_named("w100") is None
    assert database.row_named("W100") == 2
    assert database.ids() == ["2010.02893", "10.1000/Depth", "n"]


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_clean_text_and_its_key_are_what_they_were_letter_by_letter(text: str) -> None:
    """What is faster for most texts gives the same for all."""
    once = clean(text)
    assert clean(once) == once
    assert "  " not in once
    assert clean(f"\x00{text}") == once  # a sign that takes the slow way, and vanishes
    assert title_key(once) == title_key(text.replace("\u00ad", "")) or not text.isprintable()
