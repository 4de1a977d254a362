"""The sample that ships: invented papers whose topics and likenesses are known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import explorer
from explorer.embedder import Embedder
from explorer.papers import Paper
from explorer.readers import read

FOLDER = Path(explorer.__file__).parent / "sample"
KNOWN = json.loads((FOLDER / "topics.json").read_text(encoding="utf-8"))
NEAR: list[list[str]] = KNOWN["near_pairs"]
FAR: list[list[str]] = KNOWN["far_pairs"]
TOPIC = {paper_id: topic for topic, members in KNOWN["topics"].items() for paper_id in members}
STOP_WORDS = frozenset(
    """a about after again all also although an and any are as at be because been before being between both but by can
    cannot could did do does during each either even every few for from further had has have having how however if in
    into is it its itself less many may more most much must neither no nor not of on once one only or other our out over
    own per same several should since so some still such than that the their them then there these they this those
    though through thus to too toward towards under until up upon us very via was we were what when where whether which
    while who whose why will with within without would yet""".split()  # noqa: SIM905 -- words, not code
)


@pytest.fixture(scope="module")
def papers() -> dict[str, Paper]:
    """The sample's papers by id."""
    records = list(read(FOLDER / "digest.md"))
    assert all(isinstance(record, Paper) for record in records)
    return {record.id: record for record in records if isinstance(record, Paper)}


def test_sixty_papers_in_ten_topics(papers: dict[str, Paper]) -> None:
    assert len(list(read(FOLDER / "digest.md"))) == len(papers) == 60
    assert [len(members) for members in KNOWN["topics"].values()] == [6] * 10
    assert sorted(TOPIC) == sorted(papers)


def test_every_paper_says_that_it_is_invented(papers: dict[str, Paper]) -> None:
    for paper in papers.values():
        assert re.fullmatch(r"0000\.\d{5}", paper.id)  # there is no month 00
        assert paper.listed_in == ("invented",)
        assert paper.date == "2020-01-01"
        assert paper.url == f"https://example.org/pdf/{paper.id}.pdf"
        assert all(link.startswith("https://example.org/") for link in paper.links)


def test_every_paper_is_whole(papers: dict[str, Paper]) -> None:
    assert len({paper.title for paper in papers.values()}) == 60
    for paper in papers.values():
        assert 20 < len(paper.title) < 150
        assert 40 < len(paper.abstract.split()) < 200
        assert not re.search(r"</?[a-z]+\b[^<>]*>|&#?\w+;", paper.title + paper.abstract)
        assert not re.search(r"[\\{}]", paper.text)
    assert any(paper.links for paper in papers.values())
    assert any("\\" in paper.abstract for paper in papers.values())


def test_the_pairs_are_what_they_are_called() -> None:
    near, far = ({frozenset(pair) for pair in pairs} for pairs in (NEAR, FAR))
    assert (len(near), len(far)) == (len(NEAR), len(FAR)) == (20, 20)
    assert all(TOPIC[left] == TOPIC[right] and left != right for left, right in NEAR)
    assert all(TOPIC[left] != TOPIC[right] for left, right in FAR)
    assert {TOPIC[left] for left, _ in NEAR} == set(KNOWN["topics"])


def phrases(paper: Paper, length: int) -> set[tuple[str, ...]]:
    """Return every run of `length` words that mean something."""
    written = re.findall(r"[a-z0-9]+", f"{paper.title} {paper.abstract}".lower())
    content = [word for word in written if word not in STOP_WORDS]
    return set(zip(*(content[start:] for start in range(length)), strict=False))


@pytest.mark.parametrize("pair", NEAR, ids="+".join)
def test_near_pairs_are_near_in_meaning_not_in_wording(papers: dict[str, Paper], pair: list[str]) -> None:
    left, right = (phrases(papers[paper_id], 4) for paper_id in pair)
    assert min(len(left), len(right)) > 20
    assert left & right == set()


@pytest.fixture(scope="module")
def cosines(papers: dict[str, Paper], real_embedder: Embedder) -> NDArray[np.float32]:
    """The cosine of each paper to each, in the order of `papers`; a paper's own is -1."""
    vectors = real_embedder.embed([paper.text for paper in papers.values()])
    similarity = np.array(vectors @ vectors.T)
    assert np.diag(similarity) == pytest.approx(1, abs=1e-5)
    np.fill_diagonal(similarity, -1)
    return similarity


@pytest.mark.model
def test_every_near_pair_is_nearer_than_every_far_pair(papers: dict[str, Paper], cosines: NDArray[np.float32]) -> None:
    row = {paper_id: position for position, paper_id in enumerate(papers)}
    near, far = ([float(cosines[row[left], row[right]]) for left, right in pairs] for pairs in (NEAR, FAR))
    assert min(near) > max(far)


@pytest.mark.model
def test_near_pairs_are_each_others_nearest(papers: dict[str, Paper], cosines: NDArray[np.float32]) -> None:
    ids = list(papers)
    nearest = {paper_id: ids[row] for paper_id, row in zip(ids, cosines.argmax(axis=1), strict=True)}
    mutual = [pair for pair in NEAR if nearest[pair[0]] == pair[1] and nearest[pair[1]] == pair[0]]
    assert len(mutual) >= 18  # 20 when measured
    assert sum(TOPIC[paper_id] == TOPIC[nearest[paper_id]] for paper_id in ids) >= 57  # 60 when measured
