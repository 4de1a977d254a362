"""Answers against brute force: every ranking, filters, mixtures, diversity, near-duplicates."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hashed_words import HashedWords
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import Library, Matches, Paper
from explorer.errors import InvalidInput
from explorer.lexical import K1, REPEATED, B
from explorer.ranking import LEAST, LEXICAL_WEIGHT, PUSH, SHORTLIST, SMOOTHED_OVER, SMOOTHING

RANKINGS = ("fused", "dense", "lexical")
STOP_WORDS = ("the", "of", "and", "is")
PAPERS = 240  # more than are ordered anew when a paper is asked with
TOPICS = 8
SAME, NEAR, TWINS = 30, 60, (30, 31, 60, 61)  # row 31 is row 30 again; row 61 has the title of row 60


# --- papers of invented words, which have no endings to lose


def invented(count: int) -> list[str]:
    dice = random.Random(1)
    words = ("".join(map(dice.choice, ("bdfgkl", "aou", "bdgkmp", "aou", "kmp"))) for _ in range(10 * count))
    return list(dict.fromkeys(words))[:count]


def invented_records() -> list[dict[str, Any]]:
    dice, words = random.Random(2), invented(160)
    common, topics = words[:40], [words[40 + 15 * topic : 55 + 15 * topic] for topic in range(TOPICS)]
    records: list[dict[str, Any]] = []
    for row in range(PAPERS):
        topic = topics[row % TOPICS]
        title = dice.choices(topic, k=3) + dice.choices(common, k=2)
        abstract = dice.choices(topic, k=dice.randint(4, 14)) + dice.choices(common, k=dice.randint(4, 25))
        abstract += dice.choices(STOP_WORDS, k=5)
        dice.shuffle(abstract)
        records.append({
            "id": f"2001.{row:05}", "title": " ".join(title), "abstract": " ".join(abstract),
            "date": f"{dice.randint(2015, 2022)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
            "categories": dice.choice(("cs.CV", "cs.LG cs.CV", "math.ST", "stat.ML cs.LG", "cs.CL")),
            "authors": dice.sample(("Ada Lovelace", "Kurt Godel", "Emmy Noether", "Alan Turing", "Jean Serre"), 2),
        })  # fmt: skip
    records[SAME + 1] |= {name: records[SAME][name] for name in ("title", "abstract")}
    records[NEAR + 1] |= {"title": records[NEAR]["title"], "abstract": records[NEAR]["abstract"] + " bakak"}
    return records


RECORDS = invented_records()
DATES = {record["id"]: record["date"] for record in RECORDS}


def written(folder: Path, records: Sequence[dict[str, Any]]) -> Path:
    file = folder / "papers.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("search")
    with Library.build(written(folder, RECORDS), folder / "library", model=HashedWords()) as made:
        yield made


# --- the same answers by brute force


class Like(NamedTuple):
    """One thing to be like: a row, or a text."""

    row: int | None
    text: str


@dataclass(frozen=True)
class Listed:
    rows: list[int]
    scores: dict[int, float]


class Oracle:
    """Score papers as the documentation says, one after the other."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self.titles, self.abstracts = ([record[name] for record in records] for name in ("title", "abstract"))
        self.count = len(records)
        texts = [f"{title}. {abstract}" for title, abstract in zip(self.titles, self.abstracts, strict=True)]
        self.texts = texts
        vectors = HashedWords().embed(texts).astype(np.float64)
        self.vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        self.terms = [Counter(self.split(f"{title} {text}")) for title, text in zip(self.titles, texts, strict=True)]
        self.found_in = Counter(term for counted in self.terms for term in counted)
        self.average = sum(counted.total() for counted in self.terms) / self.count
        cosines = self.vectors @ self.vectors.T
        np.fill_diagonal(cosines, -2)
        self.nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :SMOOTHED_OVER]

    @staticmethod
    def split(text: str) -> list[str]:
        return [word for word in text.lower().replace(".", " ").split() if word not in STOP_WORDS]

    def cosines(self, like: Like) -> np.ndarray:
        vector = self.vectors[like.row] if like.row is not None else HashedWords().embed([like.text])[0].astype("f8")
        return self.vectors @ (vector / np.linalg.norm(vector))

    def weight(self, term: str, row: int) -> float:
        idf = math.log(1 + (self.count - self.found_in[term] + 0.5) / (self.found_in[term] + 0.5))
        tf, length = self.terms[row][term], self.terms[row].total()
        return idf * tf / (tf + K1 * (1 - B + B * length / self.average))

    def lexical(self, like: Like) -> tuple[np.ndarray, float, float]:
        if like.row is None:
            amounts: dict[str, float] = dict(Counter(self.split(like.text)))
        else:
            amounts = {term: tf * (REPEATED + 1) / (tf + REPEATED) for term, tf in self.terms[like.row].items()}
        scores, mean, variance = np.zeros(self.count), 0.0, 0.0
        for term, amount in amounts.items():
            if term in self.found_in:
                weights = np.array([self.weight(term, row) for row in range(self.count)])
                scores += amount * weights
                mean += amount * weights.mean()
                variance += amount**2 * weights.var()
        return scores, mean, math.sqrt(variance)

    def fused(self, like: Like) -> np.ndarray:
        cosines, (lexical, mean, deviation) = self.cosines(like), self.lexical(like)
        z = (lexical - mean) / deviation if deviation else np.zeros(self.count)
        scores = (1 - LEXICAL_WEIGHT) * (cosines - cosines.mean()) / cosines.std() + LEXICAL_WEIGHT * z
        if like.row is None:
            scores = (1 - SMOOTHING) * scores + SMOOTHING * scores[self.nearest].mean(axis=1)
        return np.asarray(scores)

    def listed(self, ranking: str, like: Like, allowed: set[int]) -> Listed:
        """Return all rows that are allowed, in order, with their scores."""
        rows = sorted(allowed - {like.row})  # type: ignore[arg-type]
        by_cosine = self.cosines(like)
        if ranking == "dense":
            return self._ordered(rows, by_cosine)
        if ranking == "lexical":
            scores = self.lexical(like)[0]
            return self._ordered([row for row in rows if scores[row] > 0], scores)
        scores = self.fused(like)
        first = rows
        if like.row is not None:
            first = sorted(rows, key=lambda row: (-by_cosine[row], row))[:SHORTLIST]
        text = like.text if like.row is None else self.texts[like.row]
        highest = max([0.0, *scores[first]])
        for row in first:
            if self.texts[row] == text:
                scores[row] = highest + 1e-3
        listed = self._ordered(first, scores)
        later = sorted(set(rows) - set(first), key=lambda row: (-by_cosine[row], row))
        for row in later:
            fall = by_cosine[first].min() - by_cosine[row]
            listed.scores[row] = (
                listed.scores[listed.rows[len(first) - 1]] - fall * (1 - LEXICAL_WEIGHT) / by_cosine.std()
            )
        listed.rows.extend(later)
        return listed

    @staticmethod
    def _ordered(rows: Sequence[int], scores: np.ndarray) -> Listed:
        ordered = sorted(rows, key=lambda row: (-scores[row], row))
        return Listed(ordered, {row: float(scores[row]) for row in ordered})


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(RECORDS)


def rows_of(matches: Matches) -> list[int]:
    return [int(match.paper.id.partition(".")[2]) for match in matches]


def name(row: int) -> str:
    return f"2001.{row:05}"


def check(matches: Matches, expected: Listed, k: int) -> None:
    """Compare answers with the expected: equal papers or, where rounding decides, papers of equal score."""
    found = rows_of(matches)
    assert len(found) == len(set(found)) == min(k, len(expected.rows))
    assert set(found) <= set(expected.rows)
    wanted = [expected.scores[row] for row in expected.rows[: len(found)]]
    np.testing.assert_allclose([expected.scores[row] for row in found], wanted, atol=2e-5)
    np.testing.assert_allclose([match.score for match in matches], wanted, atol=2e-5)
    assert [match.rank for match in matches] == list(range(1, len(found) + 1))


TEXTS = [
    f"{RECORDS[3]['title']} and {RECORDS[12]['title']}",
    RECORDS[7]["abstract"],
    RECORDS[100]["title"].split()[0],
    f"{RECORDS[5]['title']} {RECORDS[5]['title']} {RECORDS[5]['title']} qwyz",
    f"{RECORDS[SAME]['title']}. {RECORDS[SAME]['abstract']}",
    "qwyz wyxq",
]
LIKES = [*(Like(row, "") for row in (0, 17, SAME, SAME + 1, NEAR, 239)), *(Like(None, text) for text in TEXTS)]


def ask(library: Library, like: Like, k: int, **options: Any) -> Matches:
    if like.row is None:
        return library.search(like.text, k, **options)
    return library.similar(name(like.row), k, **options)


# --- one paper or text


def test_the_words_are_what_they_seem_to_be(oracle: Oracle) -> None:
    """No stemming and no stop word stands between the library and the oracle."""
    from explorer.lexical import terms

    for text in oracle.texts[:50]:
        assert terms(text) == oracle.split(text)


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize("like", LIKES, ids=lambda like: f"row{like.row}" if like.row is not None else like.text[:11])
def test_rankings_are_those_of_brute_force(library: Library, oracle: Oracle, ranking: str, like: Like) -> None:
    expected = oracle.listed(ranking, like, set(range(PAPERS)))
    if ranking == "lexical" and not expected.rows:
        with pytest.raises(InvalidInput, match="no paper of this library has any word of"):
            ask(library, like, 5, rank=ranking)
        return
    for k in (1, 10, 31, 150, PAPERS + 5):
        check(ask(library, like, k, rank=ranking, fold=False), expected, k)


@pytest.mark.parametrize("like", LIKES, ids=lambda like: f"row{like.row}" if like.row is not None else like.text[:11])
def test_similarity_is_the_cosine_whatever_the_ranking(library: Library, oracle: Oracle, like: Like) -> None:
    cosines = oracle.cosines(like)
    for ranking in RANKINGS[: 2 if like.text == TEXTS[-1] else 3]:
        matches = ask(library, like, PAPERS, rank=ranking)
        np.testing.assert_allclose([match.similarity for match in matches], cosines[rows_of(matches)], atol=1e-6)


def test_what_is_stored_is_what_is_searched(library: Library) -> None:
    """Answers that are looked up, searched for, and searched for with a filter that keeps everything."""
    for row in (*range(0, PAPERS, 7), *TWINS):
        stored, searched = library.similar(name(row), 20), library.similar(name(row), 100)
        kept = library.similar(name(row), 20, since="1990")
        assert rows_of(stored) == rows_of(searched[:20]) == rows_of(kept)
        for others in (searched[:20], kept):
            assert [match.similarity for match in stored] == [match.similarity for match in others]
            assert [match.duplicates for match in stored] == [match.duplicates for match in others]
            np.testing.assert_allclose(
                [match.score for match in stored], [match.score for match in others], rtol=1e-6, atol=1e-6
            )


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize("options", [{}, {"since": "1990"}, {"where": "1 = 1"}, {"diverse": 0.4}, {"fold": False}])
def test_few_answers_are_the_first_of_many(library: Library, ranking: str, options: dict[str, Any]) -> None:
    for like in (Like(17, ""), Like(SAME, ""), Like(None, TEXTS[0]), Like(None, TEXTS[4])):
        many = ask(library, like, 100, rank=ranking, **options)
        for k in (1, 2, 10, 30, 99):
            few = ask(library, like, k, rank=ranking, **options)
            assert rows_of(few) == rows_of(many)[:k]
            np.testing.assert_allclose(
                [match.score for match in few], [match.score for match in many[:k]], rtol=1e-6, atol=1e-6
            )


def test_answers_do_not_depend_on_what_was_asked_before(library: Library) -> None:
    """Vectors are scanned from disk at first, and kept in memory from the third question on."""
    with Library.open(library.path, model=HashedWords()) as fresh:
        asked = [fresh.search(TEXTS[0], 50) for _ in range(4)]
    assert asked[0] == asked[1] == asked[2] == asked[3] == library.search(TEXTS[0], 50)


def test_a_word_that_only_the_neighbors_have_finds_a_paper(library: Library, oracle: Oracle) -> None:
    """Smoothing: among papers without the word, those near papers with it come first."""
    word = max(oracle.found_in, key=lambda term: (oracle.found_in[term] <= 12, oracle.found_in[term]))
    matches = library.search(word, PAPERS)
    without = [row for row in rows_of(matches) if not oracle.terms[row][word]]
    near = [sum(word in oracle.terms[other] for other in oracle.nearest[row]) for row in without]
    assert np.mean(near[:20]) > np.mean(near[-100:])


# --- filters

Passes = Callable[[Paper], bool]
FILTERS: list[tuple[str, str, Passes]] = [
    ("since", "2016", lambda paper: paper.date >= "2016"),
    ("since", "2018-06", lambda paper: paper.date >= "2018-06"),
    ("since", "2019-02-10", lambda paper: paper.date >= "2019-02-10"),
    ("until", "2021", lambda paper: paper.date < "2022"),
    ("until", "2020-03", lambda paper: paper.date < "2020-04"),
    ("until", "2019-08-15", lambda paper: paper.date <= "2019-08-15"),
    ("year", "2019", lambda paper: paper.date[:4] == "2019"),
    ("year", "2016-2020", lambda paper: "2016" <= paper.date[:4] <= "2020"),
    ("category", "cs.CV", lambda paper: "cs.CV" in paper.categories),
    ("category", "cs", lambda paper: any(category.startswith("cs.") for category in paper.categories)),
    ("category", "math.ST", lambda paper: "math.ST" in paper.categories),
    ("author", "Lovelace", lambda paper: "Ada Lovelace" in paper.authors),
    ("author", "K. Gödel", lambda paper: "Kurt Godel" in paper.authors),
    ("where", "year % 2 = 1 OR id < '2001.00100'", lambda paper: int(paper.date[:4]) % 2 == 1 or paper.id < name(100)),
    ("where", "title LIKE '%ak %'", lambda paper: "ak " in paper.title),
    ("where", "abstract = ''", lambda paper: not paper.abstract),
]


@cache
def rows_passing(passes: Passes) -> frozenset[int]:
    papers = [Paper.from_record(record) for record in RECORDS]
    return frozenset(row for row, paper in enumerate(papers) if passes(paper))


@settings(max_examples=60)
@given(
    filters=st.lists(st.sampled_from(FILTERS), max_size=3, unique_by=lambda each: each[0]),
    like=st.sampled_from(LIKES[:-1]),
    ranking=st.sampled_from(RANKINGS),
    k=st.integers(1, 60) | st.just(PAPERS),
)
def test_filters_leave_the_order(
    library: Library, oracle: Oracle, filters: list[tuple[str, str, Passes]], like: Like, ranking: str, k: int
) -> None:
    """Filtered answers are those of brute force among the papers that pass: k of them, if there are k."""
    options = {option: value for option, value, _ in filters}
    allowed = set(range(PAPERS)).intersection(*(rows_passing(passes) for *_, passes in filters))
    if not allowed:
        kept = ".*".join(f"--{option} keeps {len(rows_passing(passes))}" for option, _, passes in sorted(filters))
        with pytest.raises(InvalidInput, match="no paper of 240 passes all filters: ") as error:
            ask(library, like, k, rank=ranking, **options)
        assert all(part in str(error.value) for part in kept.split(".*"))
        return
    matches = ask(library, like, k, rank=ranking, fold=False, **options)
    check(matches, oracle.listed(ranking, like, allowed), k)
    if ranking == "fused" and like.row is not None:
        return  # its 200 nearest that pass are ordered anew: others than without a filter
    everything = rows_of(ask(library, like, PAPERS, rank=ranking, fold=False))
    assert rows_of(matches) == [row for row in everything if row in allowed][:k]


def test_a_filter_reaches_papers_behind_the_shortlist(library: Library, oracle: Oracle) -> None:
    cosines = oracle.cosines(Like(0, ""))
    farthest = np.argsort(cosines)[:12].tolist()
    where = " OR ".join(f"id = '{name(row)}'" for row in farthest)
    for ranking in ("fused", "dense"):
        assert sorted(rows_of(library.similar(name(0), where=where, rank=ranking, k=12))) == sorted(farthest)


def test_a_filter_that_keeps_the_paper_alone_leaves_no_answer(library: Library) -> None:
    assert list(library.similar(name(0), where=f"id = '{name(0)}'")) == []
    assert rows_of(library.search(TEXTS[0], where=f"id = '{name(9)}'")) == [9]


# --- near-duplicates


def test_near_duplicates_are_one_answer(library: Library) -> None:
    for like in (Like(0, ""), Like(None, TEXTS[0]), Like(None, RECORDS[NEAR]["title"])):
        for ranking in ("fused", "dense"):
            folded = ask(library, like, PAPERS, rank=ranking)
            each = ask(library, like, PAPERS, rank=ranking, fold=False)
            assert len(each) - len(folded) == 2
            duplicates = {int(match.paper.id[5:]): match.duplicates for match in folded if match.duplicates}
            firsts = {pair: min(pair, key=rows_of(each).index) for pair in ((SAME, SAME + 1), (NEAR, NEAR + 1))}
            assert duplicates == {first: (name(sum(pair) - first),) for pair, first in firsts.items()}
            assert all(match.duplicates == () for match in each)
            assert rows_of(folded) == [row for row in rows_of(each) if row in firsts.values() or row not in TWINS]


def test_the_same_paper_twice_comes_first(library: Library) -> None:
    """By content: whichever of the two is asked with, and for its text, for which both are one answer."""
    for row in (SAME, SAME + 1):
        other = 2 * SAME + 1 - row
        for k in (1, 10, 60):
            for options in ({}, {"fold": False}, {"since": "1990"}):
                first = library.similar(name(row), k, **options)[0]
                assert rows_of([first]) == [other]  # type: ignore[arg-type]
                assert first.similarity == pytest.approx(1, abs=1e-6)
                assert first.duplicates == ()
        text = library.search(library.papers[row].text, 3)
        assert (rows_of(text)[0], text[0].duplicates) == (SAME, (name(SAME + 1),))
        assert rows_of(library.search(library.papers[row].text, 3, fold=False))[:2] == [SAME, SAME + 1]


def test_the_text_of_every_paper_finds_it_first(library: Library) -> None:
    for row in range(PAPERS):
        if row not in TWINS:
            assert rows_of(library.search(library.papers[row].text, 1)) == [row]


def test_a_filter_can_leave_the_other_of_two_near_duplicates(library: Library) -> None:
    for row in (SAME, SAME + 1):
        matches = library.search(TEXTS[4], where=f"id <> '{name(row)}'")
        assert (rows_of(matches)[0], matches[0].duplicates) == (2 * SAME + 1 - row, ())


def test_few_answers_with_the_very_text_are_the_first_of_many(tmp_path: Path) -> None:
    """The paper with the text that is asked with is the first for any k, where others score higher too."""
    records = [{"id": "p", "title": "lobuk"}]
    records += [{"id": f"q{number}", "title": "lobuk " * number} for number in range(5, 35)]
    records += [{"id": f"r{number}", "title": " ".join(invented(60)[number : number + 5])} for number in range(30)]
    vectors = HashedWords().embed([record["title"] for record in records])
    vectors[1:31] = vectors[0] + np.random.default_rng(0).normal(size=(30, 48)) / 100
    np.save(tmp_path / "vectors.npy", vectors)
    papers, options = written(tmp_path, records), {"vectors": tmp_path / "vectors.npy", "model": HashedWords()}
    with Library.build(papers, tmp_path / "library", **options) as library:  # type: ignore[arg-type]
        many = library.search("lobuk", 61, fold=False)
        assert many[0].paper.id == "p"
        for k in (1, 2, 5, 20):
            few = library.search("lobuk", k, fold=False)
            assert [match.paper.id for match in few] == [match.paper.id for match in many[:k]]


# --- adding papers


def test_an_unrelated_paper_reorders_no_dense_answers(library: Library, tmp_path: Path) -> None:
    records = [
        *RECORDS,
        {"id": "2001.00999", "title": "entirely unlike anything", "abstract": "xylophone zebra quartz"},
    ]
    with Library.build(written(tmp_path, records), tmp_path / "library", model=HashedWords()) as more:
        for like in LIKES:
            before = ask(library, like, PAPERS, rank="dense", fold=False)
            after = ask(more, like, PAPERS + 1, rank="dense", fold=False)
            kept = [match for match in after if match.paper.id != "2001.00999"]
            assert rows_of(before) == rows_of(kept)  # type: ignore[arg-type]
            assert [match.similarity for match in before] == [match.similarity for match in kept]


# --- mixtures


def mixture_checked(
    oracle: Oracle,
    matches: Matches,
    ranking: str,
    wanted: dict[Like, float],
    unwanted: dict[Like, float],
    allowed: set[int],
) -> None:
    """Follow the answers one by one: each is of the largest gain, by sums over plain dictionaries."""
    may = allowed - {like.row for like in [*wanted, *unwanted]}  # type: ignore[arg-type]

    def worths(like: Like) -> dict[int, float]:
        listed = oracle.listed(ranking, like, may)
        rows = listed.rows[:SHORTLIST]
        if not rows:
            return {}
        highest, lowest = listed.scores[rows[0]], listed.scores[rows[-1]]
        spread = highest - lowest
        return {row: (listed.scores[row] - lowest) / spread if spread > 0 else 1.0 for row in rows}

    positive = {like: worths(like) for like in wanted}
    strongest = max([1.0, *unwanted.values()])
    negative = [(worths(like), weight / strongest) for like, weight in unwanted.items()]
    pool = set().union(*positive.values())
    left: dict[Like, dict[int, float]] = {}
    for like, worth in positive.items():
        left[like] = {}
        for row in pool:
            against = max([0.0, *(other.get(row, 0.0) * weight for other, weight in negative)])
            own = worth.get(row, 0.0)
            left[like][row] = max(own - PUSH * against, LEAST * own)
    counts = {like: weight / sum(wanted.values()) for like, weight in wanted.items()}
    found = rows_of(matches)
    for match, row in zip(matches, found[: len(pool)], strict=False):
        gains = {other: sum(counts[like] * left[like][other] for like in wanted) for other in pool}
        assert gains[row] == pytest.approx(max(gains.values()), abs=1e-5)
        assert match.score == pytest.approx(gains[row], abs=1e-5)
        pool.remove(row)
        for like in wanted:
            counts[like] *= 1 - left[like][row] / 2
    cosines = np.max([oracle.cosines(like) for like in wanted], axis=0)
    np.testing.assert_allclose([match.similarity for match in matches], cosines[found], atol=1e-6)
    if pool or len(found) == len(matches) <= SHORTLIST or ranking == "lexical":
        return
    later = [match for match in matches if match.score < 0]
    np.testing.assert_allclose([match.score for match in later], [match.similarity - 1 for match in later], atol=1e-6)


MIXTURES: list[tuple[dict[Like, float], dict[Like, float]]] = [
    ({Like(0, ""): 1, Like(3, ""): 1}, {}),
    ({Like(0, ""): 3, Like(3, ""): 1, Like(None, TEXTS[0]): 2}, {}),
    ({Like(0, ""): 1}, {Like(8, ""): 1}),
    ({Like(0, ""): 1, Like(None, TEXTS[2]): 1}, {Like(16, ""): 1, Like(3, ""): 0.5}),
    ({Like(SAME, ""): 1, Like(None, TEXTS[4]): 1}, {Like(NEAR, ""): 2, Like(None, TEXTS[1]): 1}),
]


def words_of(parts: dict[Like, float]) -> list[str]:
    return [f"{like.text or name(like.row)}:{weight}" for like, weight in parts.items()]  # type: ignore[arg-type]


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize(("wanted", "unwanted"), MIXTURES, ids=range(len(MIXTURES)))
def test_mixtures_are_those_of_brute_force(
    library: Library, oracle: Oracle, ranking: str, wanted: dict[Like, float], unwanted: dict[Like, float]
) -> None:
    options: dict[str, Any] = {"rank": ranking, "fold": False, "unlike": words_of(unwanted)}
    matches = library.find_similar(*words_of(wanted), k=PAPERS, **options)
    assert matches.query_kind == "mixture"
    mixture_checked(oracle, matches, ranking, wanted, unwanted, set(range(PAPERS)))
    passing = set(rows_passing(FILTERS[1][2]))
    filtered = library.find_similar(*words_of(wanted), k=40, since="2018-06", **options)
    mixture_checked(oracle, filtered, ranking, wanted, unwanted, passing)
    asked = {like.row for like in [*wanted, *unwanted] if like.row is not None}
    if ranking != "lexical":
        assert len(matches) == PAPERS - len(asked)
        assert set(rows_of(matches)) == set(range(PAPERS)) - asked
    for k in (1, 10, 205):
        assert rows_of(library.find_similar(*words_of(wanted), k=k, **options)) == rows_of(matches)[:k]


def test_a_mixture_covers_all_that_is_asked_for(library: Library, oracle: Oracle) -> None:
    """Two, and four, papers of different topics: the first ten answers are of all of them."""
    for asked, least in (((0, 3), 3), ((9, 14, 20, 15), 1)):
        for ranking in RANKINGS:
            matches = library.find_similar(*map(name, asked), k=10, rank=ranking)
            topics = Counter(row % TOPICS for row in rows_of(matches))
            assert all(topics[row % TOPICS] >= least for row in asked), (ranking, topics)


@given(order=st.permutations(range(4)))
@settings(max_examples=15)
def test_the_order_of_asking_is_irrelevant(library: Library, order: list[int]) -> None:
    asked = [name(0), f"{name(3)}:2", TEXTS[0], TEXTS[2]]
    expected = library.find_similar(*asked, k=30, unlike=[name(8), name(16)])
    mixed = [asked[place] for place in order]
    assert library.find_similar(*mixed, k=30, unlike=[name(16), name(8)]) == expected
    assert library.find_similar(mixed[0], k=30, like=mixed[1:], unlike=[name(8), name(16)]) == expected


def test_weights_matter(library: Library) -> None:
    def of_topic(topic: int, *asked: str) -> int:
        return sum(row % TOPICS == topic for row in rows_of(library.find_similar(*asked, k=10)))

    counts = [of_topic(0, f"{name(0)}:{weight}", name(3)) for weight in ("0.1", "1", "10")]
    assert counts[0] < counts[1] < counts[2]
    assert library.find_similar(name(0), name(0), name(3)) == library.find_similar(f"{name(0)}:2", name(3))
    assert library.find_similar(name(0), name(3)) == library.find_similar(f"{name(0)}:3", f"{name(3)}:3")


@settings(max_examples=40)
@given(
    like=st.sampled_from(LIKES[:-1]),
    unlike=st.integers(0, PAPERS - 1),
    weight=st.sampled_from(["", ":0.3", ":5"]),
    ranking=st.sampled_from(RANKINGS),
)
def test_what_is_unlike_it_is_never_overtaken_by_what_is_more_like_it(
    library: Library, oracle: Oracle, like: Like, unlike: int, weight: str, ranking: str
) -> None:
    if like.row == unlike:
        return
    options: dict[str, Any] = {"rank": ranking, "fold": False}
    word = name(like.row) if like.row is not None else like.text
    before = rows_of(ask(library, like, PAPERS, where=f"id <> '{name(unlike)}'", **options))
    after = rows_of(library.find_similar(word, k=PAPERS, unlike=[name(unlike) + weight], **options))
    assert unlike not in after
    assert sorted(before) == sorted(after)  # nothing is lost
    disliked = oracle.listed(ranking, Like(unlike, ""), set(range(PAPERS)) - {unlike, like.row})
    place = {row: place for place, row in enumerate(before)}
    first = {row for row in before[:SHORTLIST] if row in disliked.rows[:SHORTLIST]}
    for earlier, later in pairwise(after):
        if {earlier, later} <= first and place[later] < place[earlier]:  # they have changed places
            assert disliked.scores[later] >= disliked.scores[earlier] - 2e-5


def test_a_mixture_by_words_has_as_many_answers_as_share_a_word(library: Library, oracle: Oracle) -> None:
    sharing = {
        row for like in (0, 3) for row in oracle.listed("lexical", Like(row=like, text=""), set(range(PAPERS))).rows
    }
    assert len(sharing - {0, 3}) > SHORTLIST
    matches = library.find_similar(name(0), name(3), k=PAPERS, rank="lexical", fold=False)
    assert set(rows_of(matches)) == sharing - {0, 3}
    matches = library.find_similar(name(0), k=PAPERS, rank="lexical", fold=False, unlike=[name(3)])
    single = library.similar(name(0), k=PAPERS, rank="lexical", fold=False)
    assert set(rows_of(matches)) == set(rows_of(single)) - {3}


def test_negatives_never_empty_the_list(library: Library) -> None:
    unlike = [name(row) for row in range(PAPERS) if row % TOPICS == 0 and row]
    matches = library.find_similar(name(0), k=PAPERS, unlike=unlike, fold=False)
    assert len(matches) == PAPERS - 1 - len(unlike)
    everything = library.find_similar(name(0), k=5, unlike=[name(row) for row in range(1, PAPERS - 3)])
    assert sorted(rows_of(everything)) == [PAPERS - 3, PAPERS - 2, PAPERS - 1]


def test_more_weight_on_what_is_unwanted_pushes_it_no_less(library: Library) -> None:
    def mean_place(weight: str) -> float:
        matches = library.find_similar(name(0), k=PAPERS, unlike=[f"{name(8)}{weight}", f"{name(3)}:1"], fold=False)
        near = rows_of(library.similar(name(8), 10, fold=False))
        return float(np.mean([rows_of(matches).index(row) for row in near if row not in (0, 3)]))

    assert mean_place(":0.1") <= mean_place(":0.5") <= mean_place(":1")


# --- excluded papers


@pytest.mark.parametrize("ranking", RANKINGS)
def test_excluded_papers_and_their_near_duplicates_are_no_answers(library: Library, ranking: str) -> None:
    for asked in ((name(6),), (TEXTS[0],), (TEXTS[4],), (name(6), TEXTS[4])):
        everything = library.find_similar(*asked, k=PAPERS, rank=ranking, fold=False)
        exclude = [name(SAME + 1), name(NEAR), name(100)]
        left = library.find_similar(*asked, k=PAPERS, rank=ranking, fold=False, exclude=exclude)
        assert not {*TWINS, 100} & set(rows_of(left))
        if ranking != "lexical":
            assert len(left) == len([row for row in rows_of(everything) if row not in {*TWINS, 100}])


def test_excluding_a_paper_leaves_the_others_as_they_were(library: Library) -> None:
    """The near-duplicate of the paper that is asked about, too: it was not excluded."""
    for row in (0, SAME, NEAR):
        before = library.similar(name(row), 20)
        after = library.similar(name(row), 20, exclude=[name(100)])
        assert rows_of(after) == [other for other in rows_of(library.similar(name(row), 21)) if other != 100][:20]
        assert len(before) == len(after)


def test_the_paper_asked_with_is_no_answer(library: Library) -> None:
    for ranking in RANKINGS:
        assert 17 not in rows_of(library.similar(name(17), PAPERS, rank=ranking))
        assert not {17, 18} & set(rows_of(library.find_similar(name(17), name(18), k=PAPERS, rank=ranking)))


# --- scores and diversity


@pytest.mark.parametrize("ranking", RANKINGS)
def test_scores_never_rise(library: Library, ranking: str) -> None:
    asked = [(name(0),), (name(SAME),), (TEXTS[0],), (TEXTS[4],), (name(0), name(3)), (name(0), TEXTS[2], TEXTS[1])]
    for words in asked:
        for options in ({}, {"fold": False}, {"since": "2018"}, {"unlike": [name(8)]}):
            matches = library.find_similar(*words, k=PAPERS, rank=ranking, **options)
            scores = [match.score for match in matches]
            assert scores == sorted(scores, reverse=True)
            if ranking == "dense" and len(words) == 1 and "unlike" not in options:
                assert scores == [match.similarity for match in matches]


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize("diverse", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("asked", [(name(0),), (TEXTS[0],), (name(0), name(3))], ids=["paper", "text", "mixture"])
def test_diversity_is_maximal_marginal_relevance(
    library: Library, oracle: Oracle, ranking: str, diverse: float, asked: tuple[str, ...]
) -> None:
    plain = library.find_similar(*asked, k=SHORTLIST, rank=ranking)
    matches = library.find_similar(*asked, k=SHORTLIST, rank=ranking, diverse=diverse)
    rows, scores = rows_of(plain), [match.score for match in plain]
    assert sorted(rows) == sorted(rows_of(matches))
    assert {row: match.score for row, match in zip(rows_of(matches), matches, strict=True)} == pytest.approx(
        dict(zip(rows, scores, strict=True)), abs=1e-6
    )
    spread = max(scores) - min(scores)
    worth = {row: (score - min(scores)) / spread for row, score in zip(rows, scores, strict=True)}
    chosen: list[int] = []
    for row in rows_of(matches):
        values = {}
        for other in set(rows) - set(chosen):
            nearest = max((float(oracle.vectors[other] @ oracle.vectors[one]) for one in chosen), default=0.0)
            values[other] = (1 - diverse) * worth[other] - diverse * nearest
        assert values[row] == pytest.approx(max(values.values()), abs=1e-5)
        chosen.append(row)
        if len(chosen) == 40:
            break


def test_diverse_answers_repeat_each_other_less(library: Library, oracle: Oracle) -> None:
    def repetition(diverse: float) -> float:
        vectors = oracle.vectors[rows_of(library.similar(name(0), 10, diverse=diverse))]
        return float((vectors @ vectors.T)[np.triu_indices(10, 1)].mean())

    assert repetition(1) < repetition(0.7) < repetition(0)
    assert library.similar(name(0), 31, diverse=0) == library.similar(name(0), 31)


def test_more_than_the_first_two_hundred_stay_in_order_behind_diverse_ones(library: Library) -> None:
    plain, diverse = (rows_of(library.search(TEXTS[0], PAPERS, diverse=value)) for value in (0, 0.5))
    assert sorted(plain[:SHORTLIST]) == sorted(diverse[:SHORTLIST])
    assert plain[SHORTLIST:] == diverse[SHORTLIST:]


# --- options and kinds


def test_what_an_answer_says_of_the_question(library: Library) -> None:
    by_id, by_text = library.similar(name(0)), library.search(TEXTS[0])
    assert (by_id.query_kind, by_id.paper, by_id.missing) == ("id", library.papers[0], ())
    assert (by_text.query_kind, by_text.paper, by_text.missing) == ("text", None, ())
    by_title = library.find_similar(RECORDS[0]["title"].upper())
    assert (by_title.query_kind, by_title.paper) == ("title", library.papers[0])
    assert list(by_title) == list(by_id)
    assert library.find_title(RECORDS[0]["title"][:-1]).paper == library.papers[0]
    mixed = library.find_similar(name(0), name(1))
    assert (mixed.query_kind, mixed.paper) == ("mixture", None)
    assert library.similar(name(0), like=[name(1)]) == mixed
    assert library.similar(name(0), unlike=[name(1)]).query_kind == "mixture"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": "best"}, "there is no ranking 'best': name one of fused, dense, lexical"),
        ({"diverse": 2}, "diverse is 2: give a number from 0"),
        ({"diverse": -0.1}, "diverse is -0.1"),
        ({"diverse": float("nan")}, "diverse is nan"),
        ({"nonsense": 1}, "there is no such option of a search: .*nonsense"),
        ({"since": "yesterday"}, "--since 'yesterday' is no date"),
        ({"year": "2020-2010"}, "runs backwards"),
        ({"where": "1; DROP TABLE papers"}, "has no place in a condition"),
        ({"where": "nothing = 1"}, "--where 'nothing = 1'"),
        ({"k": 0}, "k is 0: ask for at least one paper"),
        ({"k": -3}, "k is -3"),
    ],
)
def test_options_that_cannot_be_are_refused(library: Library, options: dict[str, Any], message: str) -> None:
    for ask_with in (library.similar, library.find_similar):
        with pytest.raises(InvalidInput, match=message):
            ask_with(name(0), **options)  # type: ignore[operator]


def test_one_word_is_as_good_as_a_list(library: Library) -> None:
    assert library.similar(name(0), like=name(3)) == library.similar(name(0), like=[name(3)])
    assert library.similar(name(0), category="math", year=2019) == library.similar(
        name(0), category=["math"], year="2019"
    )


def test_nothing_asked_is_an_error(library: Library) -> None:
    with pytest.raises(InvalidInput, match="nothing says what the papers should be like"):
        library.find_similar()
    with pytest.raises(InvalidInput, match="nothing says what the papers should be like"):
        library.find_similar(unlike=[name(0)])
    assert library.find_similar(like=[name(0)]).query_kind == "id"


# --- small libraries


def test_a_library_of_one_paper(tmp_path: Path) -> None:
    with Library.build(written(tmp_path, RECORDS[:1]), tmp_path / "library", model=HashedWords()) as library:
        assert list(library.similar(name(0))) == []
        for ranking in RANKINGS:
            (match,) = library.search(RECORDS[0]["abstract"], rank=ranking)
            assert match.paper == library.papers[0]
            assert list(library.similar(name(0), rank=ranking, why=True)) == []
            assert list(library.similar(name(0), rank=ranking, diverse=0.5)) == []
            assert len(library.search(TEXTS[0] + RECORDS[0]["title"], rank=ranking, diverse=0.5, why=True)) == 1


def test_a_library_of_one_paper_many_times(tmp_path: Path) -> None:
    records = [{**RECORDS[0], "id": name(row)} for row in range(40)]
    with Library.build(written(tmp_path, records), tmp_path / "library", model=HashedWords()) as library:
        for ranking in RANKINGS:
            (match,) = library.similar(name(7), rank=ranking)
            assert (match.paper.id, match.duplicates) == (name(0), tuple(name(row) for row in range(1, 40) if row != 7))
            each = library.similar(name(7), 39, rank=ranking, fold=False)
            assert rows_of(each) == [row for row in range(40) if row != 7]
            (match,) = library.search(RECORDS[0]["title"], rank=ranking)
            assert len(match.duplicates) == 39
        with pytest.raises(InvalidInput, match="no paper of 40 passes all filters: --year keeps 0"):
            library.similar(name(7), year="1901")
