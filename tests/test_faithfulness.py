"""What can be said of a library without labels: each check by brute force, the map's against scikit-learn."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hashed_words import HashedWords
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.manifold import trustworthiness

from explorer import Library
from explorer.cli import cli
from explorer.evaluation import check_library
from explorer.layout import faithfulness, kept_neighbors, picture, sampled_rows
from explorer.query import Query

RANKINGS = ("fused", "dense", "lexical")
PAPERS, WORDLESS, UNSORTED = 72, 5, (7, 20)  # the title of row 5 says nothing that is counted; two have no category
CATEGORIES = ("cs.CV", "cs.LG", "math.ST")


def unit_rows(count: int, width: int = 6, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def records() -> list[dict[str, Any]]:
    """Return papers whose words and category agree more often than not."""
    dice = random.Random(1)
    words = ["".join(map(dice.choice, ("bdfgkl", "aou", "bdgkmp", "aou", "kmp"))) for _ in range(90)]
    made: list[dict[str, Any]] = []
    for row in range(PAPERS):
        topic = row % 3
        own = words[30 * topic : 30 * topic + 30]
        text = " ".join(dice.choices(own, k=9) + dice.choices(words, k=6))
        category = CATEGORIES[topic] if dice.random() < 0.9 else CATEGORIES[dice.randrange(3)]
        title = " ".join(dice.choices(own, k=2) + dice.choices(words, k=1))
        made.append({"id": f"p{row}", "title": title, "abstract": text, "categories": [category, "cs.AI"]})
    made[13]["title"] = made[14]["title"] = made[15]["title"]  # three share one: only one of them can come first
    made[WORDLESS]["title"] = "To be, or not to be"[:6]
    for row in UNSORTED:
        made[row]["categories"] = []
    return made


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("checks")
    (folder / "papers.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records()))
    with Library.build(folder / "papers.jsonl", folder / "library", model=HashedWords()) as made:
        yield made


# --- the picture


@pytest.mark.parametrize("k", [1, 5, 15])
@pytest.mark.parametrize("picture", ["true", "by luck", "a circle"])
def test_trustworthiness_is_scikit_learn_s(picture: str, k: int) -> None:
    vectors, angles = unit_rows(70, width=3), np.random.default_rng(2).uniform(0, 6, size=70)
    coordinates = {
        "true": vectors[:, :2].copy(),
        "by luck": np.random.default_rng(1).normal(size=(70, 2)).astype(np.float32),
        "a circle": np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32),
    }[picture]
    kept, trust = faithfulness(vectors, coordinates, np.arange(70), k)
    expected = trustworthiness(vectors.astype(np.float64), coordinates, n_neighbors=k, metric="cosine")
    assert trust == pytest.approx(expected, abs=1e-9)
    assert kept == pytest.approx(share_kept(vectors, coordinates, k), abs=1e-12)


def share_kept(vectors: np.ndarray, coordinates: np.ndarray, k: int) -> float:
    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    distances = np.linalg.norm(coordinates[:, None].astype(np.float64) - coordinates[None], axis=2)
    np.fill_diagonal(cosines, -2)
    np.fill_diagonal(distances, np.inf)
    near, shown = np.argsort(-cosines, axis=1)[:, :k], np.argsort(distances, axis=1)[:, :k]
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(near, shown, strict=True)]))


def test_a_picture_that_is_the_truth_keeps_all() -> None:
    angles = np.cumsum(np.random.default_rng(4).uniform(0.02, 0.06, size=40))  # unevenly: none is as near as another
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert faithfulness(vectors, vectors, np.arange(40)) == (1.0, 1.0)


def test_by_hand() -> None:
    """Asked about row 0 of five, the picture shows the farthest as nearest: two places too far for k = 2, and one."""
    angles = np.radians([0, 10, 20, 30, 40])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    coordinates = np.array([[0, 0], [4, 0], [3, 0], [2, 0], [1, 0]], dtype=np.float32)
    kept, trust = faithfulness(vectors, coordinates, np.array([0]), 2)
    assert kept == 0.0
    assert trust == pytest.approx(1 - 2 * (2 + 1) / (1 * 2 * (2 * 5 - 3 * 2 - 1)))


def test_rows_that_are_asked_are_a_mean_of_their_own() -> None:
    vectors, coordinates = unit_rows(50), np.random.default_rng(2).normal(size=(50, 2)).astype(np.float32)
    each = [faithfulness(vectors, coordinates, np.array([row]), 4) for row in (3, 11, 40)]
    some = faithfulness(vectors, coordinates, np.array([3, 11, 40]), 4)
    assert some == pytest.approx(tuple(np.mean(each, axis=0)))


def test_equal_places_and_equal_papers_go_by_row() -> None:
    """All in one place, of one direction: whoever comes first is shown, and is nearest. Nothing is lost."""
    vectors, coordinates = np.ones((9, 1), dtype=np.float32), np.zeros((9, 2), dtype=np.float32)
    assert faithfulness(vectors, coordinates, np.arange(9), 3) == (1.0, 1.0)


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_to_be_wrong(count: int) -> None:
    assert faithfulness(unit_rows(count), np.zeros((count, 2), dtype=np.float32), np.arange(count)) == (1.0, 1.0)


def test_nothing_asked_is_nothing_wrong() -> None:
    assert faithfulness(unit_rows(9), np.zeros((9, 2), dtype=np.float32), np.arange(0)) == (1.0, 1.0)


def test_k_is_at_most_what_the_measure_allows() -> None:
    vectors, coordinates = unit_rows(9), np.random.default_rng(3).normal(size=(9, 2)).astype(np.float32)
    expected = trustworthiness(vectors.astype(np.float64), coordinates, n_neighbors=4, metric="cosine")
    assert faithfulness(vectors, coordinates, np.arange(9))[1] == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("products", "columns"), [(1, 7), (300, 64), (10**6, 10**6)], ids=["one", "some", "all"])
def test_blocks_of_any_size_and_mapped_vectors_of_any_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: type, products: int, columns: int
) -> None:
    monkeypatch.setattr(sys.modules[faithfulness.__module__], "_PRODUCTS", products)
    monkeypatch.setattr(sys.modules[faithfulness.__module__], "_COLUMNS", columns)
    np.save(tmp_path / "vectors.npy", unit_rows(90).astype(dtype))
    vectors = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    coordinates, rows = unit_rows(90)[:, :2].copy(), np.array([5, 3, 80, 41, 42])
    kept, trust = by_brute_force(np.asarray(vectors, dtype=np.float64), coordinates, rows, 6)
    assert faithfulness(vectors, coordinates, rows, 6) == (pytest.approx(kept), pytest.approx(trust))


def by_brute_force(vectors: np.ndarray, coordinates: np.ndarray, rows: np.ndarray, k: int) -> tuple[float, float]:
    """Return what `faithfulness` does, by the formula and by sorting."""
    n, kept, penalty = len(vectors), 0, 0
    for row in rows.tolist():
        others = np.delete(np.arange(n), row)
        by_cosine = others[np.lexsort((others, -(vectors[others] @ vectors[row])))].tolist()
        for other in nearest_shown(coordinates, k)[row].tolist():
            rank = 1 + by_cosine.index(other)
            kept += rank <= k
            penalty += max(rank - k, 0)
    return kept / (len(rows) * k), 1 - 2 * penalty / (len(rows) * k * (2 * n - 3 * k - 1))


def nearest_shown(coordinates: np.ndarray, k: int) -> np.ndarray:
    places = coordinates.astype(np.float64)
    squares = ((places[:, None] - places) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    return np.argsort(squares, axis=1, kind="stable")[:, :k]


@given(
    coordinates=hnp.arrays(np.float32, st.tuples(st.integers(9, 30), st.just(2)), elements=st.integers(-2, 2)),
    k=st.integers(1, 4),
    data=st.data(),
)
def test_small_whole_numbers_are_ties_everywhere(coordinates: np.ndarray, k: int, data: st.DataObject) -> None:
    """Cosines of such numbers are exact, so that equal ones are."""
    n = len(coordinates)
    vectors = data.draw(hnp.arrays(np.float32, (n, 3), elements=st.integers(-2, 2)))
    rows = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=5)))
    expected = by_brute_force(vectors.astype(np.float64), coordinates, rows, k)
    assert faithfulness(vectors, coordinates, rows, k) == pytest.approx(expected)


def test_sampled_rows_are_always_the_same_and_all_of_few() -> None:
    rows = sampled_rows(12_345)
    assert len(rows) == 5000
    assert (np.diff(rows) > 0).all()
    assert (rows[0] >= 0) & (rows[-1] < 12_345)
    assert abs(rows.mean() - 12_345 / 2) < 300
    assert (rows == sampled_rows(12_345)).all()
    assert (rows != sampled_rows(12_345, seed=1)).any()
    assert set(sampled_rows(12_345, 10)) <= set(rows)  # a smaller sample is part of a larger one
    for few in (0, 1, 5000):
        assert sampled_rows(few).tolist() == list(range(few))


# --- each paper's place


@pytest.fixture(params=["compared", "looked up"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to find who is near in the picture: few papers are compared, of many a tree is made."""
    monkeypatch.setattr(picture, "_FEW", 10**9 if request.param == "compared" else 0)
    return str(request.param)


def kept_by_brute_force(neighbors: np.ndarray, coordinates: np.ndarray, k: int) -> np.ndarray:
    k = min(k, len(coordinates) - 1, neighbors.shape[1])
    shown = nearest_shown(coordinates, k)
    return np.array([len(set(a[:k]) & set(b)) / k for a, b in zip(neighbors.tolist(), shown.tolist(), strict=True)])


def some_neighbors(n: int, listed: int, seed: int = 0) -> np.ndarray:
    others = np.arange(1, n) + np.arange(n)[:, None]
    return np.random.default_rng(seed).permuted(others % n, axis=1)[:, :listed].astype(np.int32)


@pytest.mark.parametrize("k", [1, 4, 15, 100])
@pytest.mark.parametrize("listed", [1, 12, 30])
def test_kept_neighbors_by_brute_force(way: str, k: int, listed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[faithfulness.__module__], "_TOGETHER", 70)
    neighbors = some_neighbors(200, listed)
    coordinates = np.random.default_rng(1).normal(size=(200, 2)).astype(np.float32)
    shares = kept_neighbors(neighbors, coordinates, k)
    assert shares.dtype == np.float32
    assert shares == pytest.approx(kept_by_brute_force(neighbors, coordinates, k))
    assert len(np.unique(shares)) > 1


def test_kept_neighbors_by_hand(way: str) -> None:
    coordinates = np.array([[0, 0], [1, 0], [3, 0], [7, 0]], dtype=np.float32)
    neighbors = np.array([[1, 2, 3], [0, 3, 2], [3, 0, 1], [1, 0, 2]], dtype=np.int32)
    assert kept_neighbors(neighbors, coordinates, 2).tolist() == [1.0, 0.5, 0.5, 0.5]
    assert kept_neighbors(neighbors, coordinates).tolist() == [1.0] * 4  # all three, whatever their order
    assert kept_neighbors(neighbors[:, :1], coordinates).tolist() == [1.0, 1.0, 0.0, 0.0]


@given(
    coordinates=hnp.arrays(np.float32, st.tuples(st.integers(2, 60), st.just(2)), elements=st.integers(0, 3)),
    k=st.integers(1, 16),
    seed=st.integers(0, 99),
)
def test_places_that_many_share_and_distances_that_are_equal(coordinates: np.ndarray, k: int, seed: int) -> None:
    neighbors = some_neighbors(len(coordinates), 20, seed)
    expected = kept_by_brute_force(neighbors, coordinates, k)
    for few in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(picture, "_FEW", few)
            patch.setattr(picture, "_CANDIDATES", 100)
            assert kept_neighbors(neighbors, coordinates, k) == pytest.approx(expected)
            k_shown = min(k, len(coordinates) - 1)
            shown = picture.Picture(coordinates, k_shown).nearest(np.arange(len(coordinates)))
            assert (shown == nearest_shown(coordinates, k_shown)).all()


@given(coordinates=hnp.arrays(
    np.float32, st.tuples(st.integers(2, 40), st.just(2)), elements=st.floats(-100, 100, width=32)
))  # fmt: skip
def test_any_picture_is_looked_up_right(coordinates: np.ndarray) -> None:
    k = min(5, len(coordinates) - 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture, "_FEW", 0)
        shown = picture.Picture(coordinates, k).nearest(np.arange(len(coordinates)))
    assert (shown == nearest_shown(coordinates, k)).all()


def test_all_in_one_place_costs_no_more() -> None:
    """Two in three of 60,000 papers, and a circle whose middle they are: comparing all with all would take minutes."""
    n = 60_000
    angles = np.linspace(0, 2 * np.pi, n // 3)
    coordinates = np.zeros((n, 2), dtype=np.float32)
    coordinates[::3] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    middle = np.flatnonzero(np.arange(n) % 3)
    shown = picture.Picture(coordinates, 15).nearest(middle)
    assert (shown[100:] == middle[:15]).all()
    assert (shown[:15] == [np.delete(middle[:16], own) for own in range(15)]).all()
    neighbors = np.tile(middle[100:115], (n, 1))
    neighbors[middle[100:]] = middle[:15]
    shares = kept_neighbors(neighbors, coordinates)
    assert (shares[middle[100:]] == 1).all()
    assert shares[::3].max() == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_few_papers_all_neighbors_are_kept(way: str, count: int) -> None:
    for coordinates in (np.zeros((count, 2)), np.arange(2 * count).reshape(count, 2)):
        shares = kept_neighbors(some_neighbors(count, 30), coordinates.astype(np.float32))
        assert (shares.tolist(), shares.dtype) == ([1.0] * count, np.float32)


def test_no_neighbors_at_all_are_none_lost() -> None:
    assert kept_neighbors(np.empty((4, 0), dtype=np.int32), np.zeros((4, 2), dtype=np.float32)).tolist() == [1.0] * 4
    assert kept_neighbors(np.empty((0, 30), dtype=np.int32), np.zeros((0, 2), dtype=np.float32)).tolist() == []


@pytest.mark.parametrize("few", [0, 10**9])
def test_the_mean_of_each_paper_s_share_is_the_share_of_all(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "_FEW", few)
    vectors, coordinates = unit_rows(120), np.random.default_rng(6).normal(size=(120, 2)).astype(np.float32)
    cosines = vectors.astype(np.float64) @ vectors.T
    np.fill_diagonal(cosines, -2)
    neighbors = np.argsort(-cosines, axis=1)[:, :30]
    kept, _ = faithfulness(vectors, coordinates, np.arange(120))
    assert kept_neighbors(neighbors, coordinates).mean() == pytest.approx(kept)


# --- a library


def test_the_map_of_a_library(library: Library) -> None:
    vectors = library._folder.vectors().take(range(PAPERS)).astype(np.float64)
    coordinates = library._folder.array("layout")
    found = library.check()["map"]
    expected = trustworthiness(vectors, coordinates, n_neighbors=15, metric="cosine")
    assert found["trustworthiness"] == pytest.approx(expected, abs=1e-6)
    assert found["neighbors kept"] == pytest.approx(share_kept(vectors, coordinates, 15), abs=1e-6)
    assert 0.2 < found["neighbors kept"] < 1


def test_categories_by_brute_force(library: Library) -> None:
    found = library.check()
    assert (found["papers"], found["asked"]) == (PAPERS, PAPERS)
    own = {f"p{row}": record["categories"][0] for row, record in enumerate(records()) if record["categories"]}
    for ranking in RANKINGS:
        agreed = []
        for paper, category in own.items():
            answers = [match.paper.id for match in library.similar(paper, k=10, rank=ranking, fold=False)]
            agreed += [own[answer] == category for answer in answers if answer in own]
        assert found["categories"][ranking] == pytest.approx(sum(agreed) / len(agreed))
        assert found["categories"][ranking] > found["categories"]["chance"] + 0.1
    pairs = [own[one] == own[other] for one in own for other in own if one != other]
    assert found["categories"]["chance"] == pytest.approx(sum(pairs) / len(pairs))


def test_titles_by_brute_force(library: Library) -> None:
    found = library.check()["titles"]
    assert list(found) == list(RANKINGS)
    for ranking in RANKINGS:
        places = []
        for row, paper in enumerate(library.papers):
            if (row, ranking) != (WORDLESS, "lexical"):  # no paper has such words: it is not found by them
                answers = library.find_similar(Query("text", paper.title), k=10, rank=ranking, fold=False)
                ids = [match.paper.id for match in answers]
                places += [ids.index(paper.id)] if paper.id in ids else []
        assert found[ranking] == pytest.approx({
            "first": Counter(places)[0] / PAPERS, "in the first ten": len(places) / PAPERS,
        })  # fmt: skip
    assert 0.5 < found["lexical"]["first"] < found["lexical"]["in the first ten"] < 1


class Changed:
    """Be a corpus with another neighbor graph."""

    def __init__(self, corpus: Any, neighbors: np.ndarray) -> None:
        self._corpus = corpus
        self.neighbors = neighbors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._corpus, name)


def test_the_recall_of_the_neighbor_graph(library: Library) -> None:
    corpus, layout = library._corpus, library._folder.array("layout")
    cosines = corpus.nearest.vectors.astype(np.float64) @ corpus.nearest.vectors.T.astype(np.float64)
    np.fill_diagonal(cosines, 2)
    farthest = np.argsort(cosines, axis=1).astype(np.int32)[:, :15]
    true = corpus.neighbors

    def recall(neighbors: np.ndarray) -> float:
        checked = check_library(Changed(corpus, neighbors), layout, with_texts=False)
        return checked["index"]["recall@10"]  # type: ignore[no-any-return]

    assert library.check()["index"] == {"recall@10": 1.0}
    assert recall(true) == 1.0
    assert recall(true[:, 9::-1]) == 1.0  # in any order
    assert recall(farthest) == 0.0
    assert recall(np.concatenate([true[:, :7], farthest], axis=1)) == pytest.approx(0.7)
    assert recall(np.repeat(true[:, :1], 10, axis=1)) == pytest.approx(0.1)  # one neighbor ten times is one
    assert recall(np.repeat(np.arange(PAPERS)[:, None], 10, axis=1)) == 0.0  # no paper is its own neighbor


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_smallest_libraries(tmp_path: Path, write_papers: Callable[..., Path], count: int) -> None:
    papers = [{"id": f"p{row}", "title": f"paper of {'abc'[row] * 3}", "categories": "cs.CV"} for row in range(count)]
    with Library.build(write_papers(papers), tmp_path / "library", model=HashedWords()) as library:
        found = library.check()
    assert found["index"] == {"recall@10": 1.0}
    assert found["titles"] == {ranking: {"first": 1.0, "in the first ten": 1.0} for ranking in RANKINGS}
    assert (found["papers"], found["asked"]) == (count, count)
    assert (found["categories"] is None) == (count == 1)
    if count > 1:
        assert found["categories"] == dict.fromkeys((*RANKINGS, "chance"), 1.0)
    assert 0 <= found["map"]["neighbors kept"] <= found["map"]["trustworthiness"] <= 1


def test_words_that_are_not_counted_stop_nothing(tmp_path: Path, write_papers: Callable[..., Path]) -> None:
    """Neither a paper nor a title of such words; they once ended the whole check with an error."""
    papers = [
        {"id": f"p{row}", "title": title, "categories": "q-bio"} for row, title in enumerate(("To be", "A B", "猫"))
    ]
    with Library.build(write_papers(papers), tmp_path / "library", model=HashedWords()) as library:
        found = library.check()
    assert found["titles"]["lexical"] == {"first": 0.0, "in the first ten": 0.0}
    assert found["titles"]["dense"] == {"first": 1.0, "in the first ten": 1.0}
    assert found["categories"] == {"fused": 1.0, "dense": 1.0, "lexical": 0.0, "chance": 1.0}


def test_ready_vectors_without_a_model(tmp_path: Path, write_papers: Callable[..., Path]) -> None:
    """Without categories and titles, too: what cannot be checked is none."""
    np.save(tmp_path / "vectors.npy", unit_rows(40))
    papers = [{"id": f"p{row}", "title": f"paper about {row + 100}"} for row in range(40)]
    with Library.build(write_papers(papers), tmp_path / "library", vectors=tmp_path / "vectors.npy") as library:
        found = library.check()
    assert found["categories"] is None
    assert found["titles"] == {"lexical": {"first": 1.0, "in the first ten": 1.0}}
    assert found["index"] == {"recall@10": 1.0}
    papers = [{"id": f"p{row}", "abstract": f"paper about {row + 100}"} for row in range(40)]
    with Library.build(write_papers(papers), tmp_path / "bare", vectors=tmp_path / "vectors.npy") as library:
        assert library.check()["titles"] is None


def test_large_libraries_are_sampled_and_always_alike(tmp_path: Path, write_papers: Callable[..., Path]) -> None:
    vectors = unit_rows(260)
    np.save(tmp_path / "vectors.npy", vectors)
    papers = [{"id": f"p{row}", "title": f"paper about {row + 100}"} for row in range(260)]
    with Library.build(write_papers(papers), tmp_path / "library", vectors=tmp_path / "vectors.npy") as library:
        found, again = library.check(), library.check()
        coordinates = library._folder.array("layout")
    assert found == again
    assert (found["papers"], found["asked"]) == (260, 200)
    assert found["map"]["neighbors kept"] == pytest.approx(share_kept(vectors, coordinates, 15), abs=1e-6)


# --- the command


def test_the_command_without_a_folder(library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = library.path.absolute()
    opened = Library.open
    monkeypatch.setattr(Library, "open", lambda path=None, model=None: opened(path, model=HashedWords()))
    monkeypatch.setenv("EXPLORER_LIBRARY", str(folder))
    monkeypatch.chdir(tmp_path)
    expected = library.check()
    for arguments in (["-l", str(folder)], []):
        assert json.loads(CliRunner().invoke(cli, ["evaluate", "--json", *arguments]).stdout) == expected
    shown = CliRunner().invoke(cli, ["evaluate"]).stdout.splitlines()
    map_facts, titles = expected["map"], expected["titles"]
    assert shown[:3] == ["papers:      72", "asked:       72", "index:       recall@10 100.0 %"]
    assert shown[3].startswith(f"categories:  fused {100 * expected['categories']['fused']:.1f} %, dense ")
    assert shown[4].startswith(f"titles:      fused first {100 * titles['fused']['first']:.1f} %, in the first ten ")
    assert shown[5:] == [
        f"map:         neighbors kept {100 * map_facts['neighbors kept']:.1f} %, "
        f"trustworthiness {100 * map_facts['trustworthiness']:.1f} %"
    ]


def test_the_command_says_what_it_cannot_check(tmp_path: Path, write_papers: Callable[..., Path]) -> None:
    np.save(tmp_path / "vectors.npy", unit_rows(3))
    papers = write_papers([{"id": f"p{row}", "abstract": f"word{row}"} for row in range(3)])
    Library.build(papers, tmp_path / "library", vectors=tmp_path / "vectors.npy").close()
    shown = CliRunner().invoke(cli, ["evaluate", "-l", str(tmp_path / "library")]).stdout
    assert "categories:  nothing to check\ntitles:      nothing to check\n" in shown


@pytest.mark.model
def test_the_sample_with_the_real_model(sample: Path, tmp_path: Path) -> None:
    """Its topics are far apart, its titles say what the papers are about."""
    with Library.build(sample, tmp_path / "library") as library:
        found = library.check()
    assert found["index"] == {"recall@10": 1.0}
    for ranking in RANKINGS:
        assert found["titles"][ranking]["in the first ten"] == 1.0
    assert found["titles"]["fused"]["first"] >= 0.9
    assert found["map"]["trustworthiness"] > 0.8
