"""BM25: by hand, against the formula written down anew, and against bm25s."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import lexical, readers
from explorer.lexical import (
    K1,
    REPEATED,
    B,
    CountedTerms,
    LexicalIndex,
    TermCounts,
    Weighing,
    count_terms,
    moments,
    saturated,
    terms,
    words,
)
from explorer.papers import Paper

THREE = [
    "Graph neural networks for graph matching",  # graph network neural match: five terms, graph twice
    "Networks of neurons",  # network neuron
    "Matching the color of images and the color of the images of a color",  # match color image color image color
]


def index_of(texts: Sequence[str]) -> LexicalIndex:
    counts = count_terms(texts)
    return LexicalIndex(CountedTerms(counts), counts.weighing)


def scores_of(texts: Sequence[str], query: str, *, whole_document: bool = False) -> list[float]:
    index = index_of(texts)
    return index.scores(index.query(query, whole_document=whole_document)).values.tolist()


def oracle(texts: Sequence[str], query: str, *, whole_document: bool = False) -> list[float]:
    """Return BM25 as the formula in the module's docstring has it, a paper at a time and a term at a time."""
    papers = [Counter(terms(text)) for text in texts]
    average = max(sum(paper.total() for paper in papers) / len(papers), 1)
    scores = []
    for paper in papers:
        score = 0.0
        for term, asked in Counter(terms(query)).items():
            tf, df = paper[term], sum(term in other for other in papers)
            idf = math.log(1 + (len(papers) - df + 0.5) / (df + 0.5))
            amount = asked * (REPEATED + 1) / (asked + REPEATED) if whole_document else asked
            score += amount * idf * tf / (tf + K1 * (1 - B + B * paper.total() / average))
        scores.append(score)
    return scores


def per_term_weights(texts: Sequence[str], term: str) -> list[float]:
    return oracle(texts, term)


# --- by hand


def test_three_texts_by_hand() -> None:
    """Lengths are 5, 2 and 6 terms, 13/3 in the mean; k1 = 1 and b = 0.7."""
    assert (K1, B, REPEATED) == (1.0, 0.7, 1.0)
    # "graph" is in one paper of three: ln(1 + (3 - 1 + 0.5) / (1 + 0.5)) = ln(8/3) = 0.980829;
    # there twice, in five terms: 2 / (2 + 0.3 + 0.7 * 5 / (13/3)) = 2 / 3.107692 = 0.643564; times that: 0.631227
    assert scores_of(THREE, "graph") == pytest.approx([math.log(8 / 3) * 2 / (2.3 + 3.5 * 3 / 13), 0, 0], rel=1e-14)
    assert scores_of(THREE, "graph") == pytest.approx([0.631227, 0, 0], abs=1e-6)
    # "networks" is in two: ln(1 + 1.5 / 2.5) = ln(1.6) = 0.470004;
    # once in five terms: 1 / (1.3 + 0.807692) = 0.474453; once in two: 1 / (1.3 + 0.323077) = 0.616114
    expected = [math.log(1.6) / (1.3 + 3.5 * 3 / 13), math.log(1.6) / (1.3 + 1.4 * 3 / 13), 0]
    assert scores_of(THREE, "networks") == pytest.approx(expected, rel=1e-14)
    assert scores_of(THREE, "networks") == pytest.approx([0.222994, 0.289576, 0], abs=1e-6)
    # "color": three times in six terms: ln(8/3) * 3 / (3.3 + 0.7 * 6 * 3 / 13) = 0.980829 * 3 / 4.269231 = 0.689231
    assert scores_of(THREE, "colors") == pytest.approx([0, 0, 0.689231], abs=1e-6)
    # both at once are their sums, and twice asked for counts twice
    assert scores_of(THREE, "graph networks") == pytest.approx([0.854221, 0.289576, 0], abs=1e-6)
    assert scores_of(THREE, "graph networks networks") == pytest.approx([1.077216, 0.579152, 0], abs=1e-6)
    # but not in a whole document: amounts 1 -> 1 and 2 -> 2 * 2 / (2 + 1) = 4/3
    in_document = scores_of(THREE, "graph networks networks", whole_document=True)
    assert in_document == pytest.approx([0.631227 + 4 / 3 * 0.222994, 4 / 3 * 0.289576, 0], abs=1e-6)


def test_counts_by_hand() -> None:
    counts = count_terms(THREE)
    assert counts.lengths.tolist() == [5, 2, 6]
    assert counts.weighing == Weighing(3, 13 / 3)
    assert np.diff(counts.starts).tolist() == [4, 2, 3]  # graph network neural match; network neuron; match color image
    assert sorted(counts.frequencies.tolist()) == [1, 1, 1, 1, 1, 2, 2]
    assert [sorted(counts.counts[slice(*counts.starts[row : row + 2])].tolist()) for row in range(3)] == [
        [1, 1, 1, 2], [1, 1], [1, 2, 3],
    ]  # fmt: skip
    assert counts.rows.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2]
    table, postings = counts.table(), counts.postings()
    assert table[:, 0].tolist() == sorted(table[:, 0].tolist())
    assert table[-1, 1] == len(postings) == 9
    for position, (start, end) in enumerate(zip([0, *table[:-1, 1]], table[:, 1], strict=True)):
        assert end - start == table[position, 2]
        assert postings[start:end, 0].tolist() == sorted(set(postings[start:end, 0].tolist()))
    types = (counts.keys, counts.starts, counts.terms, counts.counts, counts.lengths)
    assert [each.dtype for each in types] == [np.int64, np.int64, np.int32, np.int32, np.int32]


def test_the_amounts_of_a_document_grow_ever_less() -> None:
    """2 a / (a + 1)."""
    np.testing.assert_allclose(saturated(np.array([1.0, 2.0, 3.0, 9.0, 1e9])), [1, 4 / 3, 3 / 2, 9 / 5, 2])


def test_mean_and_deviation_by_hand() -> None:
    """Of "graph networks": weights 0.631227, 0, 0 of the one term, 0.222994, 0.289576, 0 of the other."""
    index = index_of(THREE)
    scores = index.scores(index.query("graph networks"))
    assert scores.mean == pytest.approx((0.631227 + 0.222994 + 0.289576) / 3, abs=1e-6)
    graph = 0.631227**2 / 3 - (0.631227 / 3) ** 2  # 0.088544
    network = (0.222994**2 + 0.289576**2) / 3 - ((0.222994 + 0.289576) / 3) ** 2  # 0.015335
    assert scores.deviation == pytest.approx(math.sqrt(graph + network), abs=1e-6)
    twice = index.scores(index.query("graph networks networks"))
    assert twice.deviation == pytest.approx(math.sqrt(graph + 4 * network), abs=1e-6)


# --- words and terms


def test_words_are_lower_case_and_of_two_signs_or_more() -> None:
    assert words("A B-spline's x_1, 3D; Ω-limit ΔE 42 ≤ ÉTALE naïve") == [
        "spline", "x_1", "3d", "limit", "δe", "42", "étale", "naïve",
    ]  # fmt: skip
    assert words("深層学習 для сетей") == ["深層学習", "для", "сетей"]
    assert words("") == words(" . ?! a b c") == []


def test_terms_have_no_endings_and_no_stop_words() -> None:
    assert terms("The networks are learning of the learned THE Network") == ["network", "learn", "learn", "network"]
    assert terms("it was to be or not to be") == []
    assert set(terms("optimal optimization optimizing")) == {"optim"}


@pytest.mark.parametrize("query", ["", "the of and", "a b c", "unheard-of", "❄ ∑ 🎉"])
def test_what_has_no_known_terms_scores_nothing(query: str) -> None:
    index = index_of(THREE)
    asked = index.query(query)
    assert (asked.positions.tolist(), asked.amounts.tolist()) == ([], [])
    scores = index.scores(asked)
    assert (scores.values.tolist(), scores.mean, scores.deviation) == ([0, 0, 0], 0, 0)


def test_unknown_words_and_stop_words_change_nothing() -> None:
    assert scores_of(THREE, "the zebra's graph and Zürich") == scores_of(THREE, "graph")


def test_unicode() -> None:
    texts = ["Schrödinger Gleichung ΔE", "深層学習 の 深層学習", "Schrodinger gleichung", "İstanbul STRASSE straße"]
    assert [score > 0 for score in scores_of(texts, "SCHRÖDINGER")] == [True, False, False, False]
    assert [score > 0 for score in scores_of(texts, "δe")] == [True, False, False, False]
    assert [score > 0 for score in scores_of(texts, "深層学習")] == [False, True, False, False]
    for query in (*texts, "\ud800 broken \udfff\ud800xy", "\0 null\0byte", "e\u0301tale"):
        assert scores_of([*texts, "broken \udfff null"], query) == pytest.approx(
            oracle([*texts, "broken \udfff null"], query), rel=1e-12
        )


def test_a_query_of_a_hundred_thousand_words() -> None:
    texts = [f"common word{row} word{row + 1}" for row in range(300)]
    query = " ".join(f"word{number % 5000} common" for number in range(50_000))
    scores = scores_of(texts, query)
    # Of the 5,000 words, each asked for ten times, 301 are in the library; "common" is asked for 50,000 times.
    lengths = 1 + K1  # all papers are of the average length, every term stands once
    idf = [math.log(1 + (300 - df + 0.5) / (df + 0.5)) for df in (300, 2, 1)]
    middle = (50_000 * idf[0] + 20 * idf[1]) / lengths
    ends = (50_000 * idf[0] + 10 * idf[1] + 10 * idf[2]) / lengths
    assert scores == pytest.approx([ends, *[middle] * 298, ends], rel=1e-12)


def test_a_text_of_one_word_a_million_times() -> None:
    counts = count_terms(["word " * 1_000_000, "word other"])
    assert counts.lengths.tolist() == [1_000_000, 2]
    assert scores_of(["word " * 1_000_000, "word other"], "word") == pytest.approx(
        oracle(["word " * 1_000_000, "word other"], "word"), rel=1e-12
    )


def test_rarity() -> None:
    assert index_of(THREE).rarity(["graphs", "network", "matching", "the", "zebra", "", "x", "graph network"]) == [
        1, 2, 2, 0, 0, 0, 0, 0,
    ]  # fmt: skip


# --- texts without words


def test_papers_without_words_count_and_score_nothing() -> None:
    texts = ["", "graph theory", "the of", "graph"]
    counts = count_terms(texts)
    assert counts.lengths.tolist() == [0, 2, 0, 1]
    assert counts.weighing == Weighing(4, 1.0)  # 3/4 in the mean, but never less than one
    assert counts.starts.tolist() == [0, 0, 2, 2, 3]
    assert scores_of(texts, "graph") == pytest.approx(oracle(texts, "graph"), rel=1e-14)
    assert scores_of(texts, "graph")[::2] == [0, 0]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_no_paper_has_a_word(count: int) -> None:
    counts = count_terms(["the", "", "?"][number % 3] for number in range(count))
    assert counts.keys.tolist() == counts.terms.tolist() == counts.counts.tolist() == []
    assert counts.starts.tolist() == [0] * (count + 1)
    assert counts.lengths.tolist() == [0] * count
    assert counts.weighing == Weighing(count, 1.0)
    assert (counts.table().shape, counts.postings().shape) == ((0, 3), (0, 2))
    index = LexicalIndex(CountedTerms(counts), counts.weighing)
    scores = index.scores(index.query("graph", whole_document=True))
    assert (scores.values.tolist(), scores.mean, scores.deviation) == ([0] * count, 0, 0)
    assert index.rarity(["graph"]) == [0]


# --- counted a block at a time


def require_equal(one: TermCounts, other: TermCounts) -> None:
    for name in ("keys", "starts", "terms", "counts", "lengths", "frequencies"):
        values, expected = getattr(one, name), getattr(other, name)
        assert values.dtype == expected.dtype, name
        np.testing.assert_array_equal(values, expected, err_msg=name)


@pytest.mark.parametrize("together", [1, 2, 3, 4, 6, 7, 12, 13])
def test_how_many_papers_are_counted_at_a_time_does_not_matter(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last block is full, has a paper more, or one less."""
    texts = [*THREE, "", "the", "graph " * 9, "neurons, graphs, new words", "", *THREE[::-1], "last"]
    assert len(texts) == 12
    whole = count_terms(texts)
    monkeypatch.setattr(lexical, "_TOGETHER", together)
    require_equal(count_terms(iter(texts)), whole)
    empty = count_terms(["", "", ""])
    assert empty.starts.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("texts", [THREE, ["", "one", ""], ["", ""]])
def test_many_postings_are_put_in_order_as_few_are(texts: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    counts = count_terms(texts)
    few = counts.postings()
    monkeypatch.setattr(lexical, "_MANY", 0)
    assert counts.postings().dtype == few.dtype == np.int32
    np.testing.assert_array_equal(counts.postings(), few)


WORDS = st.sampled_from(["graph", "graphs", "node", "edge", "Edges", "the", "of", "x", "naïve", "深層", "42", "color"])
TEXTS = st.lists(WORDS, max_size=25).map(" ".join)


@given(texts=st.lists(TEXTS, min_size=1, max_size=12), together=st.integers(1, 13))
def test_counts_are_those_of_a_dictionary(texts: list[str], together: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "_TOGETHER", together)
        counts = count_terms(texts)
    for row, text in enumerate(texts):
        own = slice(*counts.starts[row : row + 2])
        stored = dict(zip(counts.keys[counts.terms[own]].tolist(), counts.counts[own].tolist(), strict=True))
        assert stored == {lexical._key(term): count for term, count in Counter(terms(text)).items()}
        assert counts.terms[own].tolist() == sorted(counts.terms[own].tolist())
        assert counts.lengths[row] == len(terms(text))


# --- properties


@given(texts=st.lists(TEXTS, min_size=1, max_size=12), query=TEXTS, whole_document=st.booleans())
def test_scores_are_those_of_the_formula(texts: list[str], query: str, whole_document: bool) -> None:
    expected = oracle(texts, query, whole_document=whole_document)
    assert scores_of(texts, query, whole_document=whole_document) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@given(texts=st.lists(TEXTS, min_size=1, max_size=12), query=TEXTS, whole_document=st.booleans())
def test_mean_is_exact_and_the_deviation_is_that_of_independent_terms(
    texts: list[str], query: str, whole_document: bool
) -> None:
    index = index_of(texts)
    scores = index.scores(index.query(query, whole_document=whole_document))
    assert scores.mean == pytest.approx(float(np.mean(scores.values)), rel=1e-9, abs=1e-15)
    variance = 0.0
    for term, asked in Counter(terms(query)).items():
        # The term as a text of its own: stemmed already, and stemming leaves these as they are.
        amount = 2 * asked / (asked + 1) if whole_document else asked
        variance += amount**2 * float(np.var(per_term_weights(texts, term)))
    assert scores.deviation == pytest.approx(math.sqrt(variance), rel=1e-6, abs=1e-9)


@given(
    entries=st.lists(st.tuples(st.integers(0, 3), st.floats(0, 10)), max_size=30),
    more=st.integers(0, 5),
)
def test_moments_are_numpy_s(entries: list[tuple[int, float]], more: int) -> None:
    """All papers that are not among the entries of a term have weight 0."""
    by_term = [[weight for term, weight in entries if term == number] for number in range(4)]
    papers = max(1, *map(len, by_term)) + more
    weights, numbers = np.array([weight for _, weight in entries]), np.array([term for term, _ in entries], dtype=int)
    means, variances = moments(weights, numbers, 4, papers)
    padded = np.array([found + [0.0] * (papers - len(found)) for found in by_term])
    np.testing.assert_allclose(means, padded.mean(axis=1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(variances, padded.var(axis=1), rtol=1e-9, atol=1e-12)
    for number, found in enumerate(by_term):  # alone and at once, the same bits
        alone = moments(np.array(found), np.zeros(len(found), dtype=int), 1, papers)
        assert (alone[0][0], alone[1][0]) == (means[number], variances[number])


def test_a_term_of_the_same_weight_everywhere_has_no_variance_below_zero() -> None:
    weights = np.full(7, 0.1)
    _, variance = moments(weights, np.zeros(7, dtype=int), 1, 7)
    assert 0 <= variance[0] < 1e-15
    index = index_of(["word"] * 7)
    assert 0 <= index.scores(index.query("word")).deviation < 1e-7


def test_the_order_of_a_query_s_words_does_not_matter() -> None:
    index = index_of(THREE)
    one, other = (index.scores(index.query(text)) for text in ("color graph network", "network color graph"))
    assert one.values.tobytes() == other.values.tobytes()
    assert (one.mean, one.deviation) == (other.mean, other.deviation)


def test_weights_are_of_the_collection_that_was_weighed() -> None:
    """Papers that came later are weighed by what was: N = 10 and an average of 3 here."""
    counts = count_terms(THREE)
    index = LexicalIndex(CountedTerms(counts), Weighing(10, 3.0))
    expected = math.log(1 + (10 - 1 + 0.5) / 1.5) * 2 / (2 + 0.3 + 0.7 * 5 / 3)
    assert index.scores(index.query("graph")).values.tolist() == pytest.approx([expected, 0, 0], rel=1e-14)


# --- against bm25s, on real abstracts


@pytest.fixture(scope="module")
def sample_papers() -> list[Paper]:
    file = Path(readers.__file__).parents[1] / "sample" / "digest.md"
    return [record for record in readers.read(file) if isinstance(record, Paper)]


def test_scores_are_those_of_bm25s(sample_papers: list[Paper]) -> None:
    bm25s = pytest.importorskip("bm25s")
    texts = [paper.words for paper in sample_papers]
    assert len(texts) == 60
    other = bm25s.BM25(method="lucene", k1=K1, b=B, dtype="float64")
    other.index([terms(text) for text in texts], show_progress=False)
    index = index_of(texts)
    asked = [text for paper in sample_papers for text in (paper.title, paper.abstract)]
    compared = 0
    for text in asked:
        asked_for = Counter(terms(text))
        summed = sum(count * other.get_scores([term]) for term, count in asked_for.items())
        found = index.scores(index.query(text)).values
        np.testing.assert_allclose(found, summed, rtol=1e-5, atol=1e-6)
        if max(asked_for.values()) == 1:
            np.testing.assert_allclose(found, other.get_scores(list(asked_for)), rtol=1e-5, atol=1e-6)
            compared += 1
    assert compared > 30


def test_scores_of_real_abstracts_are_those_of_the_formula(sample_papers: list[Paper]) -> None:
    texts = [paper.words for paper in sample_papers[:40]]
    for text in (texts[0], texts[17], sample_papers[50].words):
        for whole_document in (False, True):
            expected = oracle(texts, text, whole_document=whole_document)
            assert scores_of(texts, text, whole_document=whole_document) == pytest.approx(expected, rel=1e-12)
