"""The related papers that a library stores: against brute force, and against what a search finds."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hashed_words import HashedWords
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer import Library, Matches
from explorer.duplicates import first_of_equal
from explorer.index import NearestRows, unit
from explorer.index import nearest as index
from explorer.lexical import CountedTerms, LexicalIndex, count_terms
from explorer.ranking import LEXICAL_WEIGHT, SHORTLIST, Scale, fused
from explorer.search import related
from explorer.search.corpus import scale_of
from explorer.search.related import RelatedPapers, sample_rows
from explorer.store import SAMPLE

KEPT = 30


class Papers(NamedTuple):
    """Vectors and texts; the same text has the same number in `same`."""

    vectors: NDArray[np.float32]
    texts: list[str]

    @property
    def same(self) -> NDArray[np.int64]:
        return first_of_equal(np.array([self.texts.index(text) for text in self.texts]))


def made(n: int, *, seed: int = 0, width: int = 16) -> Papers:
    dice = np.random.default_rng(seed)
    texts = [" ".join(f"w{number}" for number in dice.zipf(1.5, dice.integers(1, 40)) % 300) for _ in range(n)]
    return Papers(unit(dice.normal(size=(n, width))), texts)


def with_copies(papers: Papers, rows: Sequence[int], *, vectors: bool = True, texts: bool = True) -> Papers:
    """Make some papers copies of the first of them."""
    new_vectors, new_texts = papers.vectors.copy(), list(papers.texts)
    for row in rows:
        if vectors:
            new_vectors[row] = new_vectors[rows[0]]
        if texts:
            new_texts[row] = new_texts[rows[0]]
    return Papers(new_vectors, new_texts)


Lists = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]


def stored(papers: Papers, keep: int = KEPT) -> Lists:
    """Return what a build stores."""
    nearest, counts = NearestRows(papers.vectors), count_terms(papers.texts)
    sample = unit(papers.vectors[sample_rows(len(papers.texts))])
    maker = RelatedPapers(nearest, counts, sample, papers.same)
    parts = [maker.of(block, keep) for block in nearest.graph(keep, SHORTLIST)]
    rows, scores, cosines = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    assert (rows.dtype, scores.dtype, cosines.dtype) == (np.int32, np.float32, np.float32)
    return rows, scores, cosines


def expected(papers: Papers, row: int, keep: int = KEPT) -> list[tuple[int, float, float]]:
    """Compare one paper with all others: the 200 of largest cosine, ordered by fused scores, the same text first."""
    vectors, counts = unit(papers.vectors), count_terms(papers.texts)
    words = LexicalIndex(CountedTerms(counts), counts.weighing)
    lexical = words.scores(words.query(papers.texts[row], whole_document=True))
    products = (vectors.astype(np.float64) * vectors[row].astype(np.float64)).sum(axis=1)
    cosines = np.clip(products, -1, 1).astype(np.float32)
    others = [other for other in range(len(vectors)) if other != row]
    shortlist = sorted(others, key=lambda other: (-cosines[other], other))[:200]
    sample = vectors[sorted(np.random.default_rng(0).choice(len(vectors), min(len(vectors), 1000), replace=False))]
    scales = scale_of(sample, vectors[row]), Scale(lexical.mean, lexical.deviation)
    parts = fused(cosines[shortlist], lexical.values[shortlist], scales)
    scores = dict(zip(shortlist, (parts[0] + parts[1]).tolist(), strict=True))
    lead = max([0.0, *scores.values()]) + 0.001
    scores |= {other: lead for other in shortlist if papers.texts[other] == papers.texts[row]}
    best = sorted(shortlist, key=lambda other: (-scores[other], other))[:keep]
    return [(other, scores[other], float(cosines[other])) for other in best]


def require_expected(papers: Papers, rows: Sequence[int] | None = None, keep: int = KEPT) -> None:
    found = stored(papers, keep)
    n = len(papers.texts)
    assert [values.shape for values in found] == [(n, min(keep, n - 1))] * 3
    for row in range(n) if rows is None else rows:
        answers = expected(papers, row, keep)
        assert found[0][row].tolist() == [other for other, _, _ in answers], row
        np.testing.assert_allclose(found[1][row], [score for _, score, _ in answers], rtol=1e-6, atol=1e-6)
        assert found[2][row].tolist() == [cosine for _, _, cosine in answers]


# --- against brute force


@pytest.mark.parametrize("n", [1, 2, 5, 60, 400])
def test_related_papers_are_those_of_brute_force(n: int) -> None:
    require_expected(made(n))


@pytest.mark.parametrize("n", [31, 32, 39, 40, 199, 200, 201, 202, 210])
def test_at_the_borders_of_lists_and_shortlists(n: int) -> None:
    require_expected(made(n, seed=n), range(0, n, 7))


@pytest.mark.parametrize("keep", [1, 29, 150, 200])
def test_other_lengths(keep: int) -> None:
    require_expected(made(260), range(0, 260, 13), keep)


@pytest.mark.parametrize(
    "copies",
    [
        lambda papers: with_copies(papers, range(3, 60, 2)),  # 29: fewer than are kept
        lambda papers: with_copies(papers, range(3, 63, 2)),  # 30, and 29 others of each
        lambda papers: with_copies(papers, range(3, 65, 2)),
        lambda papers: with_copies(papers, range(3, 81, 2)),  # 39 and 38 others: as many as are compared exactly
        lambda papers: with_copies(papers, range(3, 83, 2)),
        lambda papers: with_copies(papers, range(10, 160)),  # more than are compared exactly
        lambda papers: with_copies(papers, range(5, 215)),  # more than a shortlist
        lambda papers: with_copies(papers, range(5, 390)),
        lambda papers: with_copies(papers, range(400)),  # all of them
        lambda papers: with_copies(papers, range(0, 400, 2), texts=False),  # vectors only
        lambda papers: with_copies(papers, range(5, 215), vectors=False),  # texts only
        lambda papers: with_copies(with_copies(papers, range(0, 400, 3)), range(1, 400, 3)),
        lambda papers: with_copies(with_copies(papers, range(400), vectors=False), range(0, 400, 2), texts=False),
    ],
    ids=[
        "29", "30", "31", "39", "40", "150", "210", "385", "all", "half the vectors", "half the texts", "two groups",
        "one text, half the vectors",
    ],
)  # fmt: skip
def test_copies_come_first_and_ties_by_row(copies: Callable[[Papers], Papers]) -> None:
    papers = copies(made(400, seed=3))
    require_expected(papers, [*range(0, 90, 7), 150, 213, 214, 215, 389, 390, 399])


def test_the_very_same_text_comes_first_by_row() -> None:
    papers = with_copies(made(300), (7, 100, 8, 250))
    found = stored(papers)
    assert [found[0][row][:3].tolist() for row in (7, 8, 100, 250)] == [
        [8, 100, 250], [7, 100, 250], [7, 8, 250], [7, 8, 100],
    ]  # fmt: skip
    assert found[1][7][0] == found[1][7][2] > found[1][7][3]
    assert found[2][7][:3].tolist() == [1, 1, 1]


def test_the_same_text_leads_by_a_thousandth_whatever_its_score() -> None:
    """Paper 50 points away from paper 4, and its words are everybody's."""
    papers = with_copies(made(60), (4, 50), vectors=False)
    papers.vectors[50] = -papers.vectors[4]
    papers = Papers(papers.vectors, ["word" if text == papers.texts[4] else f"word {text}" for text in papers.texts])
    rows, scores, cosines = stored(papers)
    assert (rows[4][0], cosines[4][0]) == (50, -1)
    assert scores[4][0] - scores[4][1:].max() == pytest.approx(0.001, abs=1e-6)
    require_expected(papers)


@pytest.mark.parametrize("texts", [[""] * 60, ["the of"] * 30 + ["word"] * 30, ["same words here"] * 60], ids=str)
def test_without_words_that_tell_papers_apart_cosines_decide(texts: list[str]) -> None:
    require_expected(Papers(made(60).vectors, texts))


def test_few_terms_in_many_papers() -> None:
    """Many papers are of the same words and yet of other texts: their lexical scores are equal."""
    dice = random.Random(0)
    papers = made(400)
    texts = [" ".join(dice.choices(["graph", "node", "edge"], k=dice.randint(1, 3))) for _ in range(400)]
    require_expected(Papers(with_copies(papers, range(0, 400, 2), texts=False).vectors, texts), range(0, 400, 9))


@pytest.mark.parametrize("spread", [1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4])
def test_vectors_that_are_all_nearly_the_same(spread: float) -> None:
    """Some models' are: cosines then differ in their last digits, and deviations are as small."""
    papers = made(400, seed=5)
    crowded = unit(papers.vectors[0] + spread * papers.vectors)
    require_expected(Papers(crowded, papers.texts), range(0, 400, 9))


def test_several_blocks_give_the_same_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    papers = with_copies(made(400), range(20, 140))
    whole = stored(papers)
    monkeypatch.setattr(index, "_QUERIES", 37)
    for one, other in zip(stored(papers), whole, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=40)
@given(
    n=st.integers(1, 50),
    seed=st.integers(0, 10**6),
    copies=st.lists(st.tuples(st.integers(0, 49), st.integers(0, 49), st.booleans(), st.booleans()), max_size=30),
    keep=st.integers(1, 50),
)
def test_any_few_papers(n: int, seed: int, copies: list[tuple[int, int, bool, bool]], keep: int) -> None:
    papers = made(n, seed=seed, width=3)
    for source, target, vectors, texts in copies:
        papers = with_copies(papers, (source % n, target % n), vectors=vectors, texts=texts)
    require_expected(papers, range(0, n, 5), keep)


# --- by hand


def test_three_papers_by_hand() -> None:
    """Vectors at 0, 60 and 90 degrees; paper 0 shares its only word with paper 2."""
    vectors = np.array([[1, 0], [0.5, 3**0.5 / 2], [0, 1]], dtype=np.float32)
    rows, scores, cosines = stored(Papers(vectors, ["graph", "node", "graph graph"]))
    # Cosines of paper 0 with all three: 1, 0.5, 0: mean 0.5, deviation 0.408248; z of paper 1 is 0, of paper 2 -1.224745.
    # "graph": in 2 of 3, idf = ln(1.6) = 0.470004; papers have 1, 1, 2 terms, 4/3 in the mean; weights:
    # paper 0: 0.470004 / (1.3 + 0.7 * 3/4) = 0.257536; paper 1: 0; paper 2: 0.940007 / (2.3 + 0.7 * 3/2) = 0.280599.
    # Mean 0.179378, deviation 0.127189; z of paper 1 is -1.410332, of paper 2 0.795836.
    weights = np.array([0.257536, 0, 0.280599])
    assert (weights.mean(), weights.std()) == pytest.approx((0.179378, 0.127189), abs=1e-6)
    assert rows[0].tolist() == [1, 2]
    first, second = 0.65 * 0 + 0.35 * -1.410332, 0.65 * -1.224745 + 0.35 * 0.795836
    assert scores[0].tolist() == pytest.approx([first, second], abs=1e-5)
    assert cosines[0].tolist() == pytest.approx([0.5, 0], abs=1e-7)
    assert LEXICAL_WEIGHT == 0.35


# --- compiled


def counted(papers: Papers) -> related.Entries:
    return related.Entries.of(count_terms(papers.texts))


@pytest.fixture(scope="module")
def compiled() -> Callable[..., NDArray[np.float64]]:
    return related._compiled()


@pytest.mark.parametrize(
    ("first", "rows", "columns"), [(0, 300, 200), (17, 1, 200), (290, 10, 1), (5, 3, 0), (0, 0, 9)]
)
def test_compiled_code_gives_the_same_bits(
    compiled: Callable[..., NDArray[np.float64]], first: int, rows: int, columns: int
) -> None:
    papers = with_copies(made(300, seed=9), range(40, 60))
    papers.texts[7] = papers.texts[299] = ""
    counts = counted(papers)
    candidates = np.random.default_rng(1).integers(0, 300, (rows, columns)).astype(np.int32)
    own = np.arange(first, first + rows)
    plain, fast = related._pair_scores(counts, own, candidates), compiled(counts, own, candidates)
    assert plain.dtype == fast.dtype == np.float64
    assert plain.shape == fast.shape == (rows, columns)
    assert plain.tobytes() == fast.tobytes()
    assert not columns or not rows or plain.any()


def test_compiled_code_without_any_terms(compiled: Callable[..., NDArray[np.float64]]) -> None:
    counts = counted(Papers(made(5).vectors, [""] * 5))
    candidates = np.array([[1, 2], [0, 4]], dtype=np.int32)
    for scores in (related._pair_scores(counts, np.arange(2), candidates), compiled(counts, np.arange(2), candidates)):
        assert scores.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("processors", [1, 2, 3, 16, None])
def test_any_number_of_processors_gives_the_same_bits(processors: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    counts = counted(made(50))
    candidates = np.random.default_rng(1).integers(0, 50, (7, 20)).astype(np.int32)
    own = np.arange(3, 10)
    assert (
        related._compiled()(counts, own, candidates).tobytes()
        == related._pair_scores(counts, own, candidates).tobytes()
    )


def test_a_library_is_the_same_compiled_or_not(
    compiled: Callable[..., NDArray[np.float64]], monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = with_copies(made(400), range(20, 90))
    plain = stored(papers)
    monkeypatch.setattr(related, "_COMPILED_FROM", 1)
    monkeypatch.setattr(related, "_compiled", lambda: compiled)
    for one, other in zip(stored(papers), plain, strict=True):
        assert one.tobytes() == other.tobytes()


# --- the sample


@pytest.mark.parametrize("papers", [1, 2, SAMPLE - 1, SAMPLE, SAMPLE + 1, 5000])
def test_the_sample_is_of_different_rows_in_order_and_always_the_same(papers: int) -> None:
    rows = sample_rows(papers).tolist()
    assert rows == sorted(set(rows))
    assert len(rows) == min(papers, SAMPLE)
    assert 0 <= rows[0] <= rows[-1] < papers
    assert rows == sample_rows(papers).tolist()
    if papers <= SAMPLE:
        assert rows == list(range(papers))


# --- stored and searched


def records(n: int, seed: int) -> list[dict[str, object]]:
    """Papers of a few topics; some are others again, word by word, or but for a word."""
    dice = random.Random(seed)
    words = [
        f"{syllable}{ending}"
        for syllable in ("gra", "no", "de", "con", "ker", "mor")
        for ending in ("mi", "pol", "tuk", "var")
    ]
    made = []
    for row in range(n):
        topic = words[row % 4 * 6 : row % 4 * 6 + 8]
        made.append({
            "id": f"2001.{row:05}",
            "title": " ".join(dice.choices(topic, k=4)),
            "abstract": " ".join(dice.choices(topic, k=10) + dice.choices(words, k=dice.randint(3, 30))),
        })  # fmt: skip
    for row in range(20, n, 9):
        made[row] |= {name: made[row - 3][name] for name in ("title", "abstract")}
    for row in range(25, n, 14):
        made[row] |= {"title": made[row - 4]["title"], "abstract": f"{made[row - 4]['abstract']} word"}
    return made


def require_alike(one: Matches, other: Matches) -> None:
    """Require the same answers, scores and similarities to six digits."""
    assert [match.paper.id for match in one] == [match.paper.id for match in other]
    assert [match.duplicates for match in one] == [match.duplicates for match in other]
    for name in ("score", "similarity"):
        values = [[getattr(match, name) for match in matches] for matches in (one, other)]
        np.testing.assert_allclose(values[0], values[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("n", "seed"), [(45, 0), (150, 1), (250, 2)])
def test_a_stored_answer_is_the_one_that_a_search_finds(
    n: int, seed: int, tmp_path: Path, write_papers: Callable[..., Path]
) -> None:
    file = write_papers(records(n, seed))
    with Library.build(file, tmp_path / "library", model=HashedWords()) as library:
        for row in range(0, n, 3):
            paper_id = f"2001.{row:05}"
            for options in ({"fold": False}, {}):
                searched = library.similar(paper_id, k=100, **options)
                wanted = 30 if options else len(list(_stored_folded(library, row)))
                looked_up = library.similar(paper_id, k=wanted, **options)
                require_alike(looked_up[:wanted], searched[:wanted])


def _stored_folded(library: Library, row: int) -> list[int]:
    """Return the stored answers of which none is another's near-duplicate."""
    twins = library._folder.twins()
    groups: dict[int, int] = {}
    for other, _, _ in library._folder.related(row):
        groups.setdefault(twins.get(other, (other, 0))[0], other)
    return list(groups.values())


def test_what_is_looked_up_is_not_searched(
    tmp_path: Path, write_papers: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above compares two ways and not one with itself."""
    with Library.build(write_papers(records(150, 1)), tmp_path / "library", model=HashedWords()) as library:
        searches = []
        original = NearestRows.cosines
        monkeypatch.setattr(NearestRows, "cosines", lambda *given: searches.append(1) or original(*given))
        library.similar("2001.00003", k=30, fold=False)
        library.similar("2001.00003", k=len(_stored_folded(library, 3)))
        assert searches == []
        library.similar("2001.00003", k=100, fold=False)
        assert searches == [1]


@pytest.mark.parametrize("n", [2, 3, 31])
def test_a_small_library_stores_all_answers(n: int, tmp_path: Path, write_papers: Callable[..., Path]) -> None:
    with Library.build(write_papers(records(n, 4)), tmp_path / "library", model=HashedWords()) as library:
        for row in range(n):
            answers = library.similar(f"2001.{row:05}", k=100, fold=False)
            assert len(answers) == n - 1
            papers = Papers(library._corpus.nearest.vectors, [paper.words for paper in library.papers])
            expected_answers = expected(papers, row)
            assert [match.paper.id for match in answers] == [f"2001.{other:05}" for other, _, _ in expected_answers]
            np.testing.assert_allclose(
                [match.score for match in answers], [each[1] for each in expected_answers], atol=1e-6
            )


def test_the_sample_s_stored_answers_are_those_of_brute_force(sample_library: Library) -> None:
    papers = Papers(sample_library._corpus.nearest.vectors, [paper.words for paper in sample_library.papers])
    for row, paper in enumerate(sample_library.papers):
        answers = sample_library.similar(paper.id, k=30, fold=False)
        found = [(sample_library.papers[each].id, score, cosine) for each, score, cosine in expected(papers, row)]
        assert [match.paper.id for match in answers] == [paper_id for paper_id, _, _ in found]
        np.testing.assert_allclose([match.score for match in answers], [score for _, score, _ in found], atol=1e-6)
        assert [match.similarity for match in answers] == [cosine for _, _, cosine in found]
