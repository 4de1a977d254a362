"""The facade: build, open, ask."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hashed_words import HashedWords

from explorer import Library, Match, Matches, Paper, builder, embedder
from explorer.builder import Rejection, embedding, plan
from explorer.embedder import ModelFiles, remembered
from explorer.errors import (
    InvalidInput,
    LibraryDamaged,
    LibraryExists,
    LibraryNotFound,
    ModelMismatch,
    ModelNotAvailable,
    UnknownFormat,
    UnknownPaper,
)

WritePapers = Callable[..., Path]

RECORDS: list[dict[str, object]] = [
    {"id": "1001.00001", "title": "Depth from one image", "abstract": "depth image camera", "date": "2020-01-02"},
    {"id": "1001.00002", "title": "Depth from two images", "abstract": "depth image stereo camera"},
    {"id": "1001.00003v4", "title": "Cats and dogs", "abstract": "cats dogs pets"},
    {"id": "W2741809807", "title": "Dogs and wolves", "abstract": "dogs wolves pets", "url": "https://example.org/w"},
]


def files_of(library: Library) -> dict[str, bytes]:
    """Return the arrays of a library by role, byte for byte."""
    return {file.name.partition("-")[0]: file.read_bytes() for file in library.path.glob("*.npy")}


# --- answers


def test_neighbors_of_every_paper_are_those_of_numpy(sample_library: Library) -> None:
    papers = list(sample_library.papers)
    vectors = HashedWords().embed([paper.text for paper in papers]).astype(np.float64)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    for row, paper in enumerate(papers):
        order = np.lexsort((np.arange(len(papers)), -cosines[row]))
        matches = sample_library.similar(paper.id, k=30, rank="dense")
        assert [match.paper.id for match in matches] == [papers[other].id for other in order[:30]]
        np.testing.assert_allclose([match.similarity for match in matches], cosines[row, order[:30]], atol=1e-6)
        assert [match.rank for match in matches] == list(range(1, 31))
        assert matches.paper == paper


def test_few_answers_are_the_first_of_many(sample_library: Library) -> None:
    everything = sample_library.similar("0000.00101", k=100)
    assert len(everything) == 59
    for k in (1, 10, 30, 31, 58):
        assert sample_library.similar("0000.00101", k) == everything[:k]


def test_a_paper_s_own_text_finds_it_first(sample_library: Library) -> None:
    paper = sample_library.papers[7]
    matches = Library.open(sample_library.path, model=HashedWords()).search(paper.text, k=3)
    assert matches[0].paper == paper
    assert matches[0].similarity == pytest.approx(1)
    assert (matches.query_kind, matches.paper) == ("text", None)


@pytest.mark.parametrize(
    ("query", "kind", "first"),
    [
        ("1001.00001", "id", "1001.00002"),
        ("arXiv:1001.00001v9", "id", "1001.00002"),
        ("https://arxiv.org/abs/1001.00003v4", "id", "W2741809807"),
        ("W2741809807", "id", "1001.00003"),
        ("https://example.org/w", "id", "1001.00003"),
        ("DEPTH from one: image!", "title", "1001.00002"),
        ("depth from one", "text", "1001.00001"),
        ("dogs wolves pets", "text", "W2741809807"),
    ],
)
def test_a_query_is_taken_for_what_it_is(
    tmp_path: Path, write_papers: WritePapers, words: HashedWords, query: str, kind: str, first: str
) -> None:
    with Library.build(write_papers(RECORDS), tmp_path / "library", model=words) as library:
        matches = library.find_similar(query, k=2)
        assert (matches.query_kind, matches[0].paper.id) == (kind, first)


@pytest.mark.parametrize("query", ["1001.00009", "1001.0001", "https://arxiv.org/abs/1001.00007", "W2741809808"])
def test_an_id_that_is_not_there_is_an_error_with_the_nearest(sample_library: Library, query: str) -> None:
    with pytest.raises(UnknownPaper, match=r"the nearest ids are \d{4}\.\d{5}, \d{4}\.\d{5}, \d{4}\.\d{5}"):
        sample_library.find_similar(query)
    with pytest.raises(UnknownPaper):
        sample_library.similar(query)


@pytest.mark.parametrize("query", ["", "   ", "?!", "\n"])
def test_an_empty_query_is_an_error(sample_library: Library, query: str) -> None:
    for ask in (sample_library.find_similar, sample_library.search):
        with pytest.raises(InvalidInput, match="the query is empty"):
            ask(query)


@pytest.mark.parametrize("k", [0, -1])
def test_at_least_one_answer_must_be_asked_for(sample_library: Library, k: int) -> None:
    with pytest.raises(InvalidInput, match="at least one"):
        sample_library.similar("0000.00101", k)


def test_titles_by_part(tmp_path: Path, write_papers: WritePapers, words: HashedWords) -> None:
    with Library.build(write_papers(RECORDS), tmp_path / "library", model=words) as library:
        assert library.find_title("wolves").paper == library.papers["W2741809807"]
        assert library.find_title("depth from one image").paper == library.papers[0]
        with pytest.raises(InvalidInput, match=r"in several titles.*1001\.00001 Depth from one image; 1001.00002"):
            library.find_title("depth")
        with pytest.raises(UnknownPaper, match="no title holds 'horses'"):
            library.find_title("horses")


def test_papers_are_a_collection(sample_library: Library) -> None:
    papers = list(sample_library.papers)
    assert len(papers) == len(sample_library.papers) == 60
    assert papers[0].id == "0000.00101"
    assert sample_library.papers[-1] == papers[-1]
    assert sample_library.papers[2:5] == papers[2:5]
    assert sample_library.papers["arXiv:0000.00101v2"] == papers[0]
    assert "0000.00101" in sample_library.papers
    assert "0000.00199" not in sample_library.papers
    assert 3 not in sample_library.papers
    with pytest.raises(IndexError):
        sample_library.papers[60]
    with pytest.raises(UnknownPaper):
        sample_library.papers["0000.00199"]


def test_an_open_library_loads_its_model_and_index_once(
    tmp_path: Path, write_papers: WritePapers, words: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library"
    Library.build(write_papers(RECORDS), path, model=words)
    loaded = []

    class Files(ModelFiles):
        identity = words.identity

    def find(name: str, download: bool) -> ModelFiles:
        loaded.append((name, download))
        return Files("hashed-words", tmp_path)

    monkeypatch.setattr(remembered, "find_model", find)
    monkeypatch.setattr(embedder, "load", lambda files: words)
    library = Library.open(path)
    assert library.search("cats")[0].paper.id == "1001.00003"
    assert library.search("dogs wolves")[0].paper.id == "W2741809807"
    assert loaded == [("hashed-words", False)]  # a name from the library, not from the user: nothing is fetched


@pytest.mark.parametrize(
    "query",
    ["10.1000/AbC", "doi:10.1000/abc", "https://doi.org/10.1000/abc", "http://example.org/w/", "HTTPS://example.org/w"],
)
def test_dois_and_addresses_in_other_spellings(
    tmp_path: Path, write_papers: WritePapers, words: HashedWords, query: str
) -> None:
    papers = write_papers([*RECORDS[:3], {**RECORDS[3], "doi": "10.1000/abc"}])
    with Library.build(papers, tmp_path / "library", model=words) as library:
        assert library.find_similar(query.replace("HTTPS", "https")).paper == library.papers["W2741809807"]


def test_a_closed_library_is_not_called_damaged(tmp_path: Path, write_papers: WritePapers, words: HashedWords) -> None:
    library = Library.build(write_papers(RECORDS), tmp_path / "library", model=words)
    library.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        library.similar("1001.00001")


def test_a_query_that_is_no_text_is_not_called_damage(sample_library: Library) -> None:
    with pytest.raises(UnknownPaper):
        sample_library.find_similar("12345\udce9")


@pytest.mark.parametrize("name", ["./model", "//host/share/model", "\\\\host\\share", "../x"])
def test_a_library_cannot_send_us_for_a_model(
    tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    Library.build(write_papers(RECORDS), tmp_path / "library", model=HashedWords(name=name))
    monkeypatch.setattr(embedder, "find_model", lambda *_, **__: pytest.fail("looked for it"))
    with pytest.raises(ModelMismatch, match="name it with --model"):
        Library.open(tmp_path / "library").search("cats")


def test_matches_are_a_list_and_a_table() -> None:
    papers = [Paper("1", "<b>One</b> & co", url="https://example.org/1"), Paper("2", "Two", url="javascript:alert(1)")]
    matches = Matches([Match(paper, 0.5, rank, 2.5) for rank, paper in enumerate(papers, 1)], "text")
    assert len(matches) == 2
    assert [match.paper.id for match in matches] == ["1", "2"]
    assert matches[1] == Match(papers[1], 0.5, 2, 2.5)
    assert matches[:1] == Matches([Match(papers[0], 0.5, 1, 2.5)], "text")
    assert matches != matches[:1]
    assert repr(matches) == "Matches(2, query_kind='text')\n  1  0.500  1  <b>One</b> & co\n  2  0.500  2  Two"
    frame = matches.to_pandas()
    assert frame[["rank", "similarity", "id", "title"]].to_numpy().tolist() == [
        [1, 0.5, "1", "<b>One</b> & co"], [2, 0.5, "2", "Two"],
    ]  # fmt: skip
    assert Matches([], "text").to_pandas().columns.tolist() == frame.columns.tolist()
    table = matches._repr_html_()
    assert "<td>&lt;b&gt;One&lt;/b&gt; &amp; co</td>" in table
    assert '<a href="https://example.org/1">1</a>' in table
    assert "javascript" not in table


# --- build


def test_it_reads_what_it_is_given(tmp_path: Path, write_papers: WritePapers, words: HashedWords) -> None:
    first = write_papers(RECORDS[:3])
    second = write_papers([RECORDS[0], {"abstract": ""}, RECORDS[3]], "second.jsonl")
    with Library.build([first, str(second)], tmp_path / "library", model=words) as library:
        assert [paper.id for paper in library.papers] == ["1001.00001", "1001.00002", "1001.00003", "W2741809807"]
        assert library.papers["1001.00003"].version == 4
        assert library.built is not None
        assert library.built.rejected == [Rejection(str(second), 2, "neither title nor abstract")]
        (rejected,) = library.path.glob("rejected-*.jsonl")
        assert json.loads(rejected.read_text()) == {
            "file": str(second), "line": 2, "reason": "neither title nor abstract", "unit": "line",
        }  # fmt: skip
        info = library.info()
        assert (info["papers"], info["repeated"], info["rejected"], info["dimensions"]) == (4, 1, 1, 48)
        assert info["model"]["name"] == "hashed-words"
        assert info["bytes"] > 10_000
        assert repr(library) == f"Library({str(library.path)!r}, 4 papers)"


def test_the_same_again_is_the_same_byte_for_byte(tmp_path: Path, sample: Path, sample_library: Library) -> None:
    with Library.build(sample, tmp_path / "library", model=HashedWords()) as again:
        assert files_of(again) == files_of(sample_library)
        np.testing.assert_array_equal(again._folder.array("layout"), sample_library._folder.array("layout"))
    with Library.build(sample, tmp_path / "other", model=HashedWords(), seed=1) as other:
        assert files_of(other)["layout"] != files_of(sample_library)["layout"]
        assert files_of(other)["neighbors"] == files_of(sample_library)["neighbors"]


def test_what_is_complete_is_left_alone(tmp_path: Path, write_papers: WritePapers) -> None:
    path, papers = tmp_path / "library", write_papers(RECORDS)
    Library.build(papers, path, model=HashedWords())
    before = {file: file.stat().st_mtime_ns for file in path.iterdir() if file.is_file()}
    idle = HashedWords()
    again = Library.build(papers, path, model=idle)
    assert again.built is not None
    assert (again.built.unchanged, again.built.papers, idle.texts) == (True, 4, 0)
    assert {file: file.stat().st_mtime_ns for file in path.iterdir()} == before


def test_what_is_complete_needs_no_writing(
    tmp_path: Path, write_papers: WritePapers, words: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = write_papers(RECORDS)
    Library.build(papers, tmp_path / "library", model=words)
    monkeypatch.setattr(builder, "Workshop", lambda path: pytest.fail("went to write"))
    built = Library.build(papers, tmp_path / "library", model=words).built
    assert built is not None
    assert built.unchanged


def test_a_library_made_by_another_process_in_the_meantime_is_kept(
    tmp_path: Path, write_papers: WritePapers, words: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other, path = write_papers(RECORDS), write_papers(RECORDS[:2], "other.jsonl"), tmp_path / "library"

    class Late(builder.Workshop):
        def __enter__(self) -> builder.Workshop:
            monkeypatch.undo()
            Library.build(other, path, model=words)
            return super().__enter__()

    monkeypatch.setattr(builder, "Workshop", Late)
    with pytest.raises(LibraryExists, match="2 papers made of other inputs"):
        Library.build(mine, path, model=words)


@pytest.mark.parametrize("change", ["inputs", "model", "seed"])
def test_what_is_made_of_something_else_is_kept_unless_replaced(
    tmp_path: Path, write_papers: WritePapers, change: str
) -> None:
    path = tmp_path / "library"
    Library.build(write_papers(RECORDS), path, model=HashedWords())
    inputs = write_papers(RECORDS[:2] if change == "inputs" else RECORDS)
    model = HashedWords(name="other words") if change == "model" else HashedWords()
    seed = 7 if change == "seed" else 42
    with pytest.raises(LibraryExists, match="add --replace"):
        Library.build(inputs, path, model=model, seed=seed)
    assert len(Library.open(path).papers) == 4
    replaced = Library.build(inputs, path, model=model, seed=seed, replace=True)
    assert replaced.info()["parameters"]["layout"]["seed"] == seed
    assert len(replaced.papers) == (2 if change == "inputs" else 4)


def test_damage_is_named_and_replace_repairs_it(tmp_path: Path, write_papers: WritePapers, words: HashedWords) -> None:
    path, papers = tmp_path / "library", write_papers(RECORDS)
    Library.build(papers, path, model=words)
    (vectors,) = path.glob("vectors-*")
    vectors.unlink()
    for attempt in (lambda: Library.open(path), lambda: Library.build(papers, path, model=words)):
        with pytest.raises(
            LibraryDamaged, match=r"vectors-\w+\.npy is missing; 'explorer verify' says what repairs it"
        ):
            attempt()
    assert Library.build(papers, path, model=words, replace=True).similar("1001.00001", 1)[0].paper.id == "1001.00002"
    (path / "manifest.json").write_text("{}")
    with pytest.raises(LibraryDamaged, match=r"manifest\.json is not a manifest"):
        Library.build(papers, path, model=words)
    assert len(Library.build(papers, path, model=words, replace=True).papers) == 4


def test_an_interrupted_build_embeds_only_what_is_missing(
    tmp_path: Path, sample: Path, sample_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(HashedWords):
        def embed(self, texts, *, as_query=False):
            if self.texts >= 40:
                raise KeyboardInterrupt
            return super().embed(texts, as_query=as_query)

    monkeypatch.setattr(embedding, "SHARD", 20)
    path = tmp_path / "library"
    with pytest.raises(KeyboardInterrupt):
        Library.build(sample, path, model=Interrupted())
    with pytest.raises(LibraryNotFound, match="unfinished build"):
        Library.open(path)
    first, _ = sorted((path / ".paper-explorer-work" / "shards").glob("*.npy"))
    first.write_bytes(first.read_bytes()[:-9])  # a shard that a full disk cut off is made again
    resumed = HashedWords()
    library = Library.build(sample, path, model=resumed)
    assert resumed.texts == 40
    assert files_of(library) == files_of(sample_library)
    assert not (path / ".paper-explorer-work").exists()


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from hashed_words import HashedWords
from explorer import Library
from explorer.builder import embedding, plan

class Killed(HashedWords):
    def embed(self, texts, *, as_query=False):
        if self.texts >= 40:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(texts, as_query=as_query)

embedding.SHARD = 20
Library.build(sys.argv[2], sys.argv[3], model=Killed())
"""


def test_a_killed_build_is_resumed(
    tmp_path: Path, sample: Path, sample_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library"
    command = [sys.executable, "-P", "-c", KILLED, str(Path(__file__).parent), str(sample), str(path)]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == -9
    monkeypatch.setattr(embedding, "SHARD", 20)
    resumed = HashedWords()
    assert files_of(Library.build(sample, path, model=resumed)) == files_of(sample_library)
    assert resumed.texts == 20


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_few_papers_make_a_library(tmp_path: Path, write_papers: WritePapers, words: HashedWords, count: int) -> None:
    records = [{"id": f"p{number}", "title": f"Paper number {number}"} for number in range(count)]
    with Library.build(write_papers(records), tmp_path / "library", model=words) as library:
        assert len(library.similar("p0")) == count - 1
        assert "p0" not in [match.paper.id for match in library.similar("p0")]
        assert len(library.search("paper number 0", k=50)) == count
        assert library.write_map().stat().st_size > 1_000_000


def test_exact_duplicates_are_each_other_s_nearest(
    tmp_path: Path, write_papers: WritePapers, words: HashedWords
) -> None:
    records: list[dict[str, object]] = [{"id": f"t{number}", "title": "The same"} for number in range(50)]
    with Library.build(write_papers([*RECORDS, *records]), tmp_path / "library", model=words) as library:
        others = [f"t{number}" for number in range(50) if number != 7]
        for rank in ("fused", "dense"):
            matches = library.similar("t7", k=49, rank=rank, fold=False)
            assert [match.paper.id for match in matches] == others
            assert {match.similarity for match in matches} == {1.0}
            assert library.similar("t7", k=5, rank=rank, fold=False) == matches[:5]
            one, *rest = library.similar("t7", k=5, rank=rank)
            assert (one.paper.id, *one.duplicates) == tuple(others)
            assert len(rest) == len(RECORDS)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("Dear diary", UnknownFormat, "in no format that the explorer reads"),
        ("", InvalidInput, "the file is empty"),
        ('{"title": ""}\n{"title": "..."}\n', InvalidInput, "no papers in the inputs .2 records rejected"),
    ],
)
def test_unusable_inputs_leave_no_library(
    tmp_path: Path, words: HashedWords, content: str, error: type[Exception], message: str
) -> None:
    (tmp_path / "input").write_text(content)
    with pytest.raises(error, match=message):
        Library.build(tmp_path / "input", tmp_path / "library", model=words)
    with pytest.raises(LibraryNotFound):
        Library.open(tmp_path / "library")
    (tmp_path / "input").write_text('{"title": "At last"}')
    assert len(Library.build(tmp_path / "input", tmp_path / "library", model=words).papers) == 1


def test_missing_inputs_and_seeds_out_of_range(tmp_path: Path, words: HashedWords, sample: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file"):
        Library.build(tmp_path / "nothing.md", tmp_path / "library", model=words)
    with pytest.raises(InvalidInput, match="there is no file in it"):
        Library.build(tmp_path, tmp_path / "library", model=words)
    for seed in (-1, 2**32):
        with pytest.raises(InvalidInput, match="the seed"):
            Library.build(sample, tmp_path / "library", model=words, seed=seed)


# --- ready vectors


def save(path: Path, vectors: np.ndarray) -> Path:
    np.save(path, vectors)
    return path


def test_ready_vectors_are_taken_row_by_row(tmp_path: Path, write_papers: WritePapers) -> None:
    """The second record is rejected and the fourth repeats the first: their rows are left out."""
    records = [RECORDS[0], {"title": ""}, RECORDS[1], RECORDS[0], RECORDS[2]]
    vectors = save(tmp_path / "v.npy", np.array([[1, 0], [9, 9], [0.8, 0.6], [5, 5], [0, 2]], dtype=np.float64))
    with Library.build(write_papers(records), tmp_path / "library", vectors=vectors) as library:
        matches = library.similar("1001.00001")
        assert [(match.paper.id, round(match.similarity, 6)) for match in matches] == [
            ("1001.00002", 0.8), ("1001.00003", 0.0),
        ]  # fmt: skip
        with pytest.raises(ModelMismatch, match="built from ready vectors: name the model"):
            library.search("depth")
    with pytest.raises(ModelMismatch, match="have 2 dimensions, the model's 48"):
        Library.open(tmp_path / "library", model=HashedWords()).search("depth")
    assert len(Library.open(tmp_path / "library", model=HashedWords(2)).search("depth")) == 3


def test_ready_vectors_may_skip_what_is_no_paper(tmp_path: Path, write_papers: WritePapers) -> None:
    vectors = save(tmp_path / "v.npy", np.eye(2, dtype=np.float16))
    with Library.build(
        write_papers([RECORDS[0], {"title": ""}, RECORDS[1]]), tmp_path / "library", vectors=vectors
    ) as library:
        assert library.similar("1001.00001")[0].similarity == 0
        assert library.info()["dimensions"] == 2
        assert library._folder.manifest.files["vectors"].dtype == "<f2"


def test_a_vector_without_direction_costs_one_paper(tmp_path: Path, write_papers: WritePapers) -> None:
    vectors = np.ones((4, 3), dtype=np.float32)
    vectors[1, 2], vectors[3] = np.nan, 0
    library = Library.build(
        write_papers(RECORDS), tmp_path / "library", vectors=save(tmp_path / "v.npy", vectors)
    )  # fmt: skip
    assert [paper.id for paper in library.papers] == ["1001.00001", "1001.00003"]
    assert library.built is not None
    assert [rejection.reason for rejection in library.built.rejected] == [
        "1001.00002: its vector is zero or not finite", "W2741809807: its vector is zero or not finite",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((3, 2)), "has 3 rows for 4 papers"),
        (np.ones(4), "must hold an .n, d. array"),
        (np.ones((4, 2), dtype=np.int64), "not .4, 2. int64"),
        (np.array([[{}]], dtype=object), "is not a NumPy .npy file of numbers"),
        (np.ones((4, 0)), "must hold"),
    ],
)
def test_unusable_vectors_are_refused(
    tmp_path: Path, write_papers: WritePapers, vectors: np.ndarray, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        Library.build(write_papers(RECORDS), tmp_path / "library", vectors=save(tmp_path / "v.npy", vectors))


def test_a_model_named_with_ready_vectors_is_held_to(tmp_path: Path, write_papers: WritePapers) -> None:
    """Who names the model at build time can ask by text without naming it, and no other model is let in."""
    made, records = HashedWords(), write_papers(RECORDS)
    texts = [Paper.from_record(record).text for record in RECORDS]
    vectors = save(tmp_path / "v.npy", made.embed(texts))
    library = Library.build(records, tmp_path / "library", vectors=vectors, model=made)
    assert library.search("cats dogs")[0].paper.id == "1001.00003"
    with pytest.raises(ModelMismatch, match="was built with the model hashed-words; a text embedded with other"):
        Library.open(tmp_path / "library", model=HashedWords(name="other")).search("cats")


def test_a_row_of_the_papers_order_without_direction_is_named(tmp_path: Path, write_papers: WritePapers) -> None:
    vectors = save(tmp_path / "v.npy", np.array([[1.0, 2.0], [np.nan, 1.0]]))
    with pytest.raises(InvalidInput, match="row 1 is zero or not finite"):
        Library.build(write_papers([{"title": ""}, *RECORDS[:2]]), tmp_path / "library", vectors=vectors)


# --- models


def test_a_text_of_another_model_is_refused_before_anything_is_loaded(
    tmp_path: Path, write_papers: WritePapers, words: HashedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library.build(write_papers(RECORDS), tmp_path / "library", model=words)
    monkeypatch.setattr(embedder, "load", lambda files: pytest.fail("loaded"))
    with pytest.raises(ModelMismatch, match="was built with the model hashed-words"):
        Library.open(tmp_path / "library", model="sentence-transformers/all-MiniLM-L6-v2").search("cats")


def test_a_model_that_loses_a_text_is_named(tmp_path: Path, write_papers: WritePapers) -> None:
    class Forgetful(HashedWords):
        def embed(self, texts: Sequence[str], *, as_query: bool = False) -> np.ndarray:
            return super().embed(texts, as_query=as_query)[1:]

    with pytest.raises(InvalidInput, match=r"the model hashed-words made \(3, 48\) of 4 texts"):
        Library.build(write_papers(RECORDS), tmp_path / "library", model=Forgetful())


def test_a_file_s_name_need_not_be_text(tmp_path: Path, write_papers: WritePapers, words: HashedWords) -> None:
    papers = write_papers([*RECORDS, {"title": ""}], "caf\udce9.jsonl")
    with Library.build(papers, tmp_path / "library", model=words) as library:
        assert library.info()["inputs"][0]["name"] == "caf\udce9.jsonl"


def test_no_model_stops_a_build_before_it_reads(tmp_path: Path) -> None:
    with pytest.raises(ModelNotAvailable):
        Library.build(tmp_path / "not-even-there.md", tmp_path / "library", model="/no/such/model")
    assert not (tmp_path / "library").exists()


@pytest.mark.model
def test_the_real_model_end_to_end(tmp_path: Path, shared_data: Path, real_embedder: embedder.Embedder) -> None:
    digest = shared_data / "digests" / "cs.CV_2020-10-07.md"
    with Library.build(digest, tmp_path / "library", model=real_embedder) as library:
        matches = library.similar("2010.02893", k=5)
        assert matches[0].paper.id == "2010.02680"  # the one other paper on depth
        assert matches[0].similarity == pytest.approx(0.571, abs=0.002)
        found = library.search("blind super resolution", k=2)
        assert [match.paper.id for match in found] == ["2010.02631", "2010.02414"]
        assert library.info()["model"]["revision"] == "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"


def test_model_files_are_a_model_too(
    tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name: found, identified, loaded, and remembered by the library."""
    words = HashedWords(name="found")
    monkeypatch.setattr(ModelFiles, "identity", property(lambda self: words.identity))
    monkeypatch.setattr(plan, "find_model", lambda name: ModelFiles("found", tmp_path))
    monkeypatch.setattr(embedding, "load", lambda files: words)
    with Library.build(write_papers(RECORDS), tmp_path / "library", model="found") as library:
        assert words.texts == 4
        assert library.info()["model"]["name"] == "found"


# --- map


def test_the_map_is_written_whole_or_not_at_all(tmp_path: Path, sample_library: Library) -> None:
    where = sample_library.write_map(tmp_path / "maps" / "map.html")
    assert where == tmp_path / "maps" / "map.html"
    assert where.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InvalidInput, match="the map cannot be written to"):
        sample_library.write_map(tmp_path / "folder.html")


def test_the_figure_shows_every_paper_where_the_layout_puts_it(sample_library: Library) -> None:
    figure = sample_library.map()
    layout = sample_library._folder.array("layout")
    drawn = {(float(x), float(y)) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert drawn == {(float(x), float(y)) for x, y in layout}
    assert sum(len(trace.x) for trace in figure.data) == len(layout)
