"""What each ranking reaches on a collection: against measures by hand, by brute force, and on real collections."""

from __future__ import annotations

import gzip
import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hashed_words import HashedWords

from explorer import Library, embedder
from explorer.cli import cli
from explorer.embedder import Embedder, ModelFiles
from explorer.errors import InvalidInput
from explorer.evaluation import Collection, Measured, evaluate, read_collection
from explorer.query import Query

RANKINGS = ("lexical", "dense", "fused")  # the default one last
NAMES = ("ndcg@10", "ndcg@20", "map", "recall@10", "recall@100", "p@10")
Records = Sequence[dict[str, Any]]


class Angles:
    """Turn a text into the direction of the degrees that it begins with."""

    identity, runtime = HashedWords().identity, "angles"

    def embed(self, texts: Sequence[str], *, as_query: bool = False) -> np.ndarray:
        angles = np.radians([float(text.split()[0]) for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def lines(records: Records) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def write(
    folder: Path,
    corpus: Records,
    queries: Records,
    judged: Sequence[tuple[object, object, object]],
    pools: Records = (),
) -> Path:
    """Write a collection; the first judgment comes after the line with the names of the columns."""
    folder.mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text(lines(corpus), encoding="utf-8")
    (folder / "queries.jsonl").write_text(lines(queries), encoding="utf-8")
    table = [("query-id", "corpus-id", "score"), *judged]
    (folder / "qrels.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in table), encoding="utf-8")
    if pools:
        (folder / "pools.jsonl").write_text(lines(pools), encoding="utf-8")
    return folder


def measured(folder: Path, model: Any) -> dict[str, Measured]:
    found = evaluate(read_collection(folder), model)
    assert [one.ranking for one in found] == list(RANKINGS)
    return {one.ranking: one for one in found}


# Twelve papers on an arc: asked for 0 degrees, they come in the order of their numbers.
ARC = [{"_id": f"p{number}", "title": f"{5 * number} degrees"} for number in range(12)]


# --- the measures by hand


def test_measures_by_hand(tmp_path: Path) -> None:
    """Relevant are ranks 2, 5 and 12, the last one most: its gain is its grade, three times that of the second."""
    folder = write(
        tmp_path,
        ARC,
        [{"_id": "q", "text": "0 asked"}],
        [("q", "p1", 2), ("q", "p4", 1), ("q", "p11", 3), ("q", "p0", 0)],
    )
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    first_ten = 2 / math.log2(3) + 1 / math.log2(6)
    assert measured(folder, Angles())["dense"].means == pytest.approx({
        "ndcg@10": first_ten / ideal,
        "ndcg@20": (first_ten + 3 / math.log2(13)) / ideal,
        "map": (1 / 2 + 2 / 5 + 3 / 12) / 3,
        "recall@10": 2 / 3,
        "recall@100": 1.0,
        "p@10": 2 / 10,
    }, abs=1e-12)  # fmt: skip


def test_means_are_over_the_queries_that_have_relevant_papers(tmp_path: Path) -> None:
    queries = [{"_id": name, "text": "0 asked"} for name in ("first", "second", "unjudged", "irrelevant", "elsewhere")]
    judged = [("first", "p0", 1), ("second", "p1", 1), ("irrelevant", "p0", 0), ("irrelevant", "p1", -1)]
    judged += [("elsewhere", "no such paper", 1), ("no such query", "p1", 1), ("first", "no such paper", 4)]
    dense = measured(write(tmp_path, ARC, queries, judged), Angles())["dense"]
    assert {query: values["ndcg@10"] for query, values in dense.each.items()} == pytest.approx(
        {"first": 1.0, "second": 1 / math.log2(3)}
    )
    assert dense.means["map"] == pytest.approx((1 + 1 / 2) / 2)
    assert dense.as_dict() == {
        "ranking": "dense",
        **dense.means,
        "interval": list(dense.intervals["ndcg@10"]),
        "intervals": {name: list(dense.intervals[name]) for name in NAMES},
        "queries": 2,
    }


def test_a_paper_is_no_answer_to_itself(tmp_path: Path) -> None:
    """Nor is it a relevant one: with it the second paper of two that are relevant could never be found."""
    queries = [{"_id": "q", "paper": "p3"}]
    dense = measured(write(tmp_path, ARC, queries, [("q", "p3", 4), ("q", "p2", 1)]), Angles())["dense"]
    assert dense.means == dict(zip(NAMES, (1.0, 1.0, 1.0, 1.0, 1.0, 0.1), strict=True))
    alone = write(tmp_path / "alone", ARC, queries, [("q", "p3", 4)])
    with pytest.raises(InvalidInput, match=r"has a relevant paper for none of the queries"):
        read_collection(alone)


def test_words_that_no_paper_has_find_nothing(tmp_path: Path) -> None:
    queries = [{"_id": "q", "text": "0 xylophone"}, {"_id": "r", "text": "0 degrees"}]
    found = measured(write(tmp_path, ARC, queries, [("q", "p0", 1), ("r", "p0", 1)]), Angles())
    assert found["lexical"].each["q"] == dict.fromkeys(NAMES, 0.0)
    assert found["lexical"].each["r"]["recall@100"] == 1.0
    assert found["dense"].each["q"]["ndcg@10"] == found["fused"].each["q"]["ndcg@10"] == 1.0


def test_pools_are_all_that_is_ranked(tmp_path: Path) -> None:
    queries = [{"_id": name, "text": "0 degrees"} for name in ("all", "some", "none")]
    queries.append({"_id": "like", "paper": "p0"})  # type: ignore[dict-item]
    judged = [(name, "p9", 1) for name in ("all", "some", "none", "like")]
    pools = [{"_id": "some", "papers": ["p10", "p9", "p2", "unknown"]}, {"_id": "none", "papers": ["unknown"]}]
    pools.append({"_id": "like", "papers": ["p0", "p9", "p11"]})
    each = measured(write(tmp_path, ARC, queries, judged, pools), Angles())["dense"].each
    assert {query: values["map"] for query, values in each.items()} == pytest.approx(
        {"all": 1 / 10, "some": 1 / 2, "none": 0.0, "like": 1.0}
    )
    lexical = measured(tmp_path, Angles())["lexical"].each  # all papers have the one word: they come by row
    assert (lexical["some"]["map"], lexical["none"]["map"]) == (1 / 2, 0.0)


def test_a_paper_without_words_keeps_its_place_and_is_never_found(tmp_path: Path) -> None:
    corpus = [{"_id": "empty", "title": "", "text": " \n"}, *({**paper, "text": "asked"} for paper in ARC[:3])]
    judged = [("q", "empty", 1), ("q", "p0", 1)]
    found = measured(write(tmp_path, corpus, [{"_id": "q", "text": "word asked"}], judged), HashedWords())
    for one in found.values():
        assert one.means["recall@100"] == 0.5


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_smallest_collections(tmp_path: Path, size: int) -> None:
    found = measured(write(tmp_path, ARC[:size], [{"_id": "q", "text": "0 degrees"}], [("q", "p0", 1)]), Angles())
    for one in found.values():
        assert one.means == pytest.approx(dict(zip(NAMES, (1.0, 1.0, 1.0, 1.0, 1.0, 0.1), strict=True)))
    alone = measured(write(tmp_path, ARC[:2], [{"_id": "q", "paper": "p0"}], [("q", "p1", 1)]), Angles())
    assert [one.means["p@10"] for one in alone.values()] == [0.1] * 3


# --- against a library of the same papers, and measures by brute force


def invented(papers: int = 230, queries: int = 24) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return more papers than a ranking orders anew, two of them with one text; and queries of both kinds."""
    dice = random.Random(3)
    words = ["".join(map(dice.choice, ("bdfgkl", "aou", "bdgkmp", "aou", "kmp"))) for _ in range(120)]
    corpus = [
        {"_id": f"d{row}", "title": " ".join(dice.sample(words, 3)), "text": " ".join(dice.choices(words, k=20))}
        for row in range(papers)
    ]
    corpus[41] |= {name: corpus[40][name] for name in ("title", "text")}
    asked = [{"_id": f"t{number}", "text": " ".join(dice.choices(words, k=4))} for number in range(queries)]
    asked += [{"_id": f"p{row}", "paper": f"d{row}"} for row in range(30, 30 + queries)]
    return corpus, [*asked, {"_id": "nothing", "text": "zzyzx"}]


def by_brute_force(found: Sequence[str], grades: dict[str, int]) -> dict[str, float]:
    """Measure as Järvelin & Kekäläinen (2002), and the usual textbooks, say."""
    gains = [grades.get(paper, 0) for paper in found]
    hits = [gain > 0 for gain in gains]

    def dcg(values: Sequence[int]) -> float:
        return sum(value / math.log2(rank + 1) for rank, value in enumerate(values, 1))

    best = sorted(grades.values(), reverse=True)
    precisions = [sum(hits[:rank]) / rank for rank, hit in enumerate(hits, 1) if hit]
    return {
        "ndcg@10": dcg(gains[:10]) / dcg(best[:10]),
        "ndcg@20": dcg(gains[:20]) / dcg(best[:20]),
        "map": sum(precisions) / len(grades),
        "recall@10": sum(hits[:10]) / len(grades),
        "recall@100": sum(hits[:100]) / len(grades),
        "p@10": sum(hits[:10]) / 10,
    }


def test_queries_are_answered_as_a_library_answers_them(tmp_path: Path, write_papers: Callable[..., Path]) -> None:
    corpus, queries = invented()
    dice = random.Random(4)
    judged = {query["_id"]: dict.fromkeys(dice.sample(range(len(corpus)), 14), 0) for query in queries}
    for query in queries:
        grades = judged[query["_id"]]
        grades.update({row: dice.randint(1, 4) for row in list(grades)[:10]})
        grades.pop(int(query.get("paper", "d-1")[1:]), None)
    table = [(query, f"d{row}", grade) for query, grades in judged.items() for row, grade in grades.items()]
    found = measured(write(tmp_path / "collection", corpus, queries, table), HashedWords())
    papers = write_papers([{"id": one["_id"], "title": one["title"], "abstract": one["text"]} for one in corpus])
    with Library.build(papers, tmp_path / "library", model=HashedWords()) as library:
        for ranking in RANKINGS:
            for query in queries:
                part: str | Query = query["paper"] if "paper" in query else Query("text", query["text"])
                try:
                    answers = library.find_similar(part, k=1000, rank=ranking, fold=False)
                except InvalidInput:
                    assert (query["_id"], ranking) == ("nothing", "lexical")
                    answers = ()  # type: ignore[assignment]
                ids = [match.paper.id for match in answers]
                assert query.get("paper") not in ids
                grades = {f"d{row}": grade for row, grade in judged[query["_id"]].items() if grade}
                assert found[ranking].each[query["_id"]] == pytest.approx(by_brute_force(ids, grades)), query
    for one in found.values():
        for name in NAMES:
            values = [values[name] for values in one.each.values()]
            assert len(values) == 49
            assert one.means[name] == pytest.approx(sum(values) / 49)
    assert len({one.means["map"] for one in found.values()}) == 3


def test_the_same_text_leads_even_where_another_has_more_of_its_words(tmp_path: Path) -> None:
    corpus = [{"_id": "asked", "title": "0 alpha"}, {"_id": "more", "title": "0 alpha alpha alpha"}]
    corpus += [{"_id": "same", "title": "0 alpha"}, *ARC[1:]]
    found = measured(write(tmp_path, corpus, [{"_id": "q", "paper": "asked"}], [("q", "same", 1)]), Angles())
    assert found["fused"].means["ndcg@10"] == 1.0


def test_progress_hears_of_every_paper_and_query(tmp_path: Path) -> None:
    corpus, queries = invented(1100, 3)
    heard: list[int] = []
    write(tmp_path, corpus, queries, [(query["_id"], "d1", 1) for query in queries])
    evaluate(read_collection(tmp_path), HashedWords(), heard.append)
    assert heard == [512, 512, 76] + [1] * 7


def test_vectors_without_direction_are_no_zeros(tmp_path: Path) -> None:
    """They once made every answer none, and every measure 0."""

    class Nothing(HashedWords):
        def embed(self, texts: Sequence[str], *, as_query: bool = False) -> np.ndarray:
            return super().embed(texts) * np.array([[text != "15 degrees"] for text in texts], dtype=np.float32)

    folder = write(tmp_path, ARC, [{"_id": "q", "text": "0 degrees"}], [("q", "p0", 1)])
    with pytest.raises(InvalidInput, match="the vector of row 3 is zero"):
        evaluate(read_collection(folder), Nothing())


# --- intervals


def judged_by_luck(folder: Path, queries: int) -> Measured:
    """Ask the same many times; the only relevant paper is at a rank by luck."""
    dice = random.Random(5)
    asked = [{"_id": number, "text": "0 degrees"} for number in range(queries)]
    return measured(write(folder, ARC, asked, [(one["_id"], f"p{dice.randrange(12)}", 1) for one in asked]), Angles())[
        "dense"
    ]


def test_intervals_are_those_of_the_mean(tmp_path: Path) -> None:
    widths = []
    for queries in (20, 320):
        one, again = judged_by_luck(tmp_path, queries), judged_by_luck(tmp_path, queries)
        assert one.intervals == again.intervals
        assert set(one.intervals) == set(NAMES)
        for name, (low, high) in one.intervals.items():
            assert 0 <= low <= one.means[name] <= high <= 1
        values = np.array([each["ndcg@10"] for each in one.each.values()])
        error = 1.96 * values.std() / math.sqrt(queries)  # as the central limit theorem has it
        expected = (values.mean() - error, values.mean() + error)
        assert one.intervals["ndcg@10"] == pytest.approx(expected, abs=0.15 * error)
        widths.append(np.diff(one.intervals["ndcg@10"])[0])
    assert 3 < widths[0] / widths[1] < 5  # sixteen times as many


def test_queries_that_agree_leave_no_doubt(tmp_path: Path) -> None:
    asked = [{"_id": number, "text": "0 degrees"} for number in range(7)]
    dense = measured(write(tmp_path, ARC, asked, [(number, "p2", 1) for number in range(7)]), Angles())["dense"]
    for name, interval in dense.intervals.items():
        assert interval == pytest.approx((dense.means[name],) * 2, abs=1e-12)


# --- files


def collection(folder: Path) -> Collection:
    """Write and read a collection of everything that is allowed."""
    corpus: list[dict[str, Any]] = [{"_id": 1, "title": "One", "text": "first  words"}, {"_id": "2", "title": None}]
    corpus += [{"_id": "2010.02893v1", "text": "no title"}, {"_id": "ü", "title": 1984, "more": [1]}]
    queries: list[dict[str, Any]] = [{"_id": 7, "text": "e\u0301tude\u00ad  \ud800"}, {"_id": "8", "paper": 1}]
    queries += [{"_id": "9", "paper": "ü", "text": ""}, {"_id": "unjudged", "text": "x"}]
    judged = [(7, 1, 3), (7, "2010.02893v1", 1), ("8", "ü", " 1"), (8, "2", "0"), (9, 1, "1\r"), (9, 1, 1)]
    return read_collection(write(folder, corpus, queries, judged, [{"_id": 8, "papers": [1, "ü", "ü", "gone"]}]))


def test_what_is_read(tmp_path: Path) -> None:
    found = collection(tmp_path / "mine")
    assert found.name == "mine"
    assert [(paper.id, paper.title, paper.abstract) for paper in found.papers] == [
        ("1", "One", "first words"), ("2", "", ""), ("2010.02893", "", "no title"), ("ü", "1984", ""),
    ]  # fmt: skip
    assert [(topic.id, topic.text, topic.row, topic.pool) for topic in found.topics] == [
        ("7", "étude \ufffd", None, None), ("8", "", 0, (0, 3)), ("9", "", 3, None),
    ]  # fmt: skip
    assert found.grades == {"7": {0: 3, 2: 1}, "8": {3: 1}, "9": {0: 1}}


@pytest.mark.parametrize("change", ["gzip", "no names", "byte order marks", "blank lines", "CRLF"])
def test_the_same_in_other_forms(tmp_path: Path, change: str) -> None:
    expected = collection(tmp_path)
    for file in list(tmp_path.iterdir()):
        content = file.read_bytes()
        if change == "gzip" and file.name == "corpus.jsonl":
            file.unlink()
            (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress(content))
        elif change == "no names" and file.suffix == ".tsv":
            file.write_bytes(content.split(b"\n", 1)[1])
        elif change == "byte order marks":
            file.write_bytes(b"\xef\xbb\xbf" + content)
        elif change == "blank lines":
            file.write_bytes(content.replace(b"\n", b"\n \t\n\n"))
        elif change == "CRLF":
            file.write_bytes(content.replace(b"\n", b"\r\n"))
    assert read_collection(tmp_path) == expected


def test_ids_that_are_no_unicode_are_measured_like_others(tmp_path: Path) -> None:
    odd = "\ud800\0"
    folder = write(
        tmp_path, ARC, [{"_id": odd, "text": "0 degrees"}, {"_id": "q", "text": "0 degrees"}], [("q", "p0", 1)]
    )
    found = read_collection(folder)
    both = Collection(found.name, found.papers, (found.topics[0], found.topics[0].__class__(odd, "0 degrees")), {
        "q": {0: 1}, odd: {1: 1},
    })  # fmt: skip
    assert evaluate(both, Angles())[1].each[odd]["map"] == 0.5


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("corpus.jsonl", None, "{} holds no corpus.jsonl or corpus.jsonl.gz: name the folder of a collection"),
        ("queries.jsonl", None, "{}/queries.jsonl: cannot be read: [Errno 2] No such file"),
        ("qrels.tsv", None, "{}/qrels.tsv: cannot be read: [Errno 2] No such file"),
        ("corpus.jsonl", b"", "{}/corpus.jsonl holds no papers"),
        ("corpus.jsonl", b"\n \n", "{}/corpus.jsonl holds no papers"),
        ("queries.jsonl", b"", "{}: qrels.tsv has a relevant paper for none of the queries in queries.jsonl"),
        ("qrels.tsv", b"", "{}: qrels.tsv has a relevant paper for none of the queries in queries.jsonl"),
        ("qrels.tsv", b"query-id\tcorpus-id\tscore\n", "{}: qrels.tsv has a relevant paper for none of the queries"),
        ("corpus.jsonl", b'{"_id": 1}\n\n{"_id": "1"}', "{}/corpus.jsonl, line 3: the _id '1' was there before"),
        (
            "queries.jsonl",
            b'{"_id": 1, "text": "a"}\n{"_id": 1, "text": "b"}',
            "{}/queries.jsonl, line 2: the _id '1' was",
        ),
        (
            "pools.jsonl",
            b'{"_id": 1, "papers": []}\n{"_id": 1, "papers": []}',
            "{}/pools.jsonl, line 2: the _id '1' was",
        ),
        ("pools.jsonl", b'{"_id": 1, "papers": "p0"}', "{}/pools.jsonl, line 1: a pool has a list of papers"),
        ("corpus.jsonl", b'{"_id": "a"}\n{"_id": ', "{}/corpus.jsonl, line 2: not JSON: Expecting value"),
        ("corpus.jsonl", b"[" * 100_000, "{}/corpus.jsonl, line 1: not JSON: "),
        ("corpus.jsonl", b'{"_id": ' + b"9" * 5000 + b"}", "{}/corpus.jsonl, line 1: not JSON: Exceeds the limit"),
        ("corpus.jsonl", b'["_id"]', "{}/corpus.jsonl, line 1: not a JSON object"),
        ("corpus.jsonl", b'{"title": "x"}', "{}/corpus.jsonl, line 1: has no _id"),
        ("corpus.jsonl", b'{"_id": true}', "{}/corpus.jsonl, line 1: has no _id"),
        ("corpus.jsonl", b'{"_id": 1.0}', "{}/corpus.jsonl, line 1: has no _id"),
        ("corpus.jsonl", b'{"_id": "a"}\n\x89PNG\xff\n', "{}/corpus.jsonl, line 2: not UTF-8: "),
        ("queries.jsonl", bytes(range(256)), "{}/queries.jsonl, line 1: not JSON: "),
        ("queries.jsonl", b'{"_id": "q"}', "{}/queries.jsonl, line 1: a query has a text or a paper"),
        (
            "queries.jsonl",
            b'{"_id": "q", "text": "?! \\u200b"}',
            "{}/queries.jsonl, line 1: a query has a text or a paper",
        ),
        ("queries.jsonl", b'{"_id": "q", "paper": true}', "{}/queries.jsonl, line 1: a query has a text or a paper"),
        (
            "queries.jsonl",
            b'{"_id": "q", "paper": "no"}',
            "{}/queries.jsonl, line 1: the paper 'no' is not in the corpus",
        ),
        ("qrels.tsv", b"names\nq\tp0\n", "{}/qrels.tsv, line 2: not a query-id, a corpus-id and a whole number"),
        ("qrels.tsv", b"names\n\nq p0 1\n", "{}/qrels.tsv, line 3: not a query-id, a corpus-id and a whole number"),
        ("qrels.tsv", b"names\nq\tp0\t1.5\n", "{}/qrels.tsv, line 2: not a query-id, a corpus-id and a whole number"),
        ("qrels.tsv", b"q\t0\t1\t1\n", "{}/qrels.tsv, line 1: not a query-id, a corpus-id and a whole number"),
        ("qrels.tsv", b"q\tp0\t" + b"9" * 5000, "{}: qrels.tsv has a relevant paper for none"),
        ("qrels.tsv", b"q\tp0\t2000000000\n", "{}/qrels.tsv, line 1: the grade 2000000000 is above 1000"),
        ("qrels.tsv", b"names\nq\tp\xff\t1\n", "{}/qrels.tsv, line 2: not UTF-8: "),
    ],
)
def test_what_cannot_be_used_is_told_with_file_and_line(
    tmp_path: Path, file: str, content: bytes | None, message: str
) -> None:
    write(tmp_path, ARC, [{"_id": "q", "text": "0 degrees"}], [("q", "p0", 1)])
    (tmp_path / file).unlink(missing_ok=True)
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(InvalidInput) as told:
        read_collection(tmp_path)
    assert str(told.value).startswith(message.format(tmp_path))


def test_a_gzip_that_is_cut_or_none(tmp_path: Path) -> None:
    write(tmp_path, ARC, [{"_id": "q", "text": "0 degrees"}], [("q", "p0", 1)])
    dice = random.Random(6)
    papers = lines([{"_id": number, "title": str(dice.random())} for number in range(3000)]).encode()
    whole = gzip.compress(papers)
    (tmp_path / "corpus.jsonl").unlink()
    file = tmp_path / "corpus.jsonl.gz"
    for content, message in (
        (whole[: len(whole) // 2], "cannot be read after line [0-9]+: Compressed file ended before"),
        (whole[:1000] + bytes(1000) + whole[2000:], "cannot be read"),
        (whole[:-8] + bytes(8), "cannot be read after line 3000: CRC check failed"),
        (papers, "cannot be read: Not a gzipped file"),
        (b"", "holds no papers"),
        (gzip.compress(b"\xff\xfe"), "line 1: not UTF-8"),
    ):
        file.write_bytes(content)
        with pytest.raises(InvalidInput, match=f"corpus.jsonl.gz.*{message}"):
            read_collection(tmp_path)


# --- the command


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in a folder with a collection, `arc`; the model that it finds is one of directions."""
    write(
        tmp_path / "arc",
        ARC,
        [{"_id": "q", "text": "0 asked"}, {"_id": "r", "paper": "p0"}],
        [("q", "p1", 1), ("r", "p1", 1)],
    )
    monkeypatch.setattr(embedder, "find_model", lambda name=None: ModelFiles(name or "angles", tmp_path))
    monkeypatch.setattr(embedder, "load", lambda files: Angles() if files.name == "angles" else HashedWords())
    monkeypatch.setenv("EXPLORER_LIBRARY", str(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, ["evaluate", *map(str, arguments)])


def test_json_is_in_fractions(run: Run, tmp_path: Path) -> None:
    result = run("arc", "--json", "--per-query", "each.jsonl")
    assert (result.exit_code, result.stderr) == (0, "")
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert shown == [one.as_dict() for one in evaluate(read_collection(tmp_path / "arc"), Angles())]
    assert [one["ranking"] for one in shown] == list(RANKINGS)
    dense = shown[1]
    assert [dense[name] for name in NAMES] == pytest.approx([(1 / math.log2(3) + 1) / 2] * 2 + [0.75, 1.0, 1.0, 0.1])
    assert dense["interval"] == dense["intervals"]["ndcg@10"]
    assert dense["interval"] == pytest.approx([1 / math.log2(3), 1.0])
    assert dense["queries"] == 2
    each = [json.loads(line) for line in (tmp_path / "each.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["ranking"], one["query"]) for one in each] == [(name, query) for name in RANKINGS for query in "qr"]
    assert each[2] == {
        "query": "q", "ranking": "dense", "ndcg@10": pytest.approx(1 / math.log2(3)),
        "ndcg@20": pytest.approx(1 / math.log2(3)), "map": 0.5, "recall@10": 1.0, "recall@100": 1.0, "p@10": 0.1,
    }  # fmt: skip


def test_the_table_is_in_percent(run: Run) -> None:
    shown = run("arc").stdout.splitlines()
    assert shown[0] == "2 queries, values in percent"
    assert shown[1].split() == [*NAMES, "interval", "of", "ndcg@10"]
    assert [line.split()[0] for line in shown[2:]] == list(RANKINGS)
    assert shown[3].split() == ["dense", "81.5", "81.5", "75.0", "100.0", "100.0", "10.0", "63.1", "to", "100.0"]
    assert {line[20 - 12 : 20].strip() for line in shown[1:2]} == {"ndcg@10"}
    Path("arc", "queries.jsonl").write_text('{"_id": "q", "text": "0 asked"}\n')
    assert run("arc").stdout.startswith("1 query, ")


def test_another_model_gives_other_figures(run: Run) -> None:
    assert run("arc", "--json").stdout != run("arc", "--json", "--model", "words").stdout


def test_the_command_s_errors(run: Run, tmp_path: Path) -> None:
    def error(*arguments: object) -> str:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        return line

    assert error("nowhere").startswith("explorer: nowhere holds no corpus.jsonl")
    assert error("arc/corpus.jsonl").startswith("explorer: arc/corpus.jsonl holds no corpus.jsonl")
    assert "each.jsonl cannot be written" in error("arc", "--per-query", "no/such/folder/each.jsonl")
    assert "arc cannot be written" in error("arc", "--per-query", "arc")
    assert "holds no library" in error()
    (tmp_path / "arc" / "qrels.tsv").write_text("q\tp0\n")
    assert "relevant paper for none" in error("arc")


def test_a_name_that_cannot_be_written_is_told_before_the_work(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "load", lambda files: pytest.fail("the work was begun"))
    assert "cannot be written" in run("arc", "--per-query", "no/such/folder/each.jsonl").stderr


@pytest.mark.parametrize(
    "arguments", [("arc", "-l", "library"), ("--per-query", "each.jsonl"), ("arc", "arc"), ("arc", "--rank", "dense")]
)
def test_usage_errors(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


# --- real collections


@pytest.mark.parametrize(
    ("name", "papers", "queries", "relevant"),
    [("cran", 1400, 225, 1837), ("cacm", 3204, 52, 796), ("arxiv_cite", 16813, 1000, 6325)],
)
def test_real_collections_are_read_whole(
    shared_data: Path, name: str, papers: int, queries: int, relevant: int
) -> None:
    found = read_collection(shared_data / "relevance" / name)
    assert (len(found.papers), len(found.topics), sum(map(len, found.grades.values()))) == (papers, queries, relevant)


@pytest.mark.model
def test_cranfield_with_the_real_model(shared_data: Path, real_embedder: Embedder) -> None:
    """Published: BM25 and all-MiniLM-L6-v2 reach about 0.5 each; together they must be worth having."""
    found = measured(shared_data / "relevance" / "cran", real_embedder)
    assert found["dense"].means["ndcg@10"] == pytest.approx(0.500, abs=0.005)
    assert found["lexical"].means["ndcg@10"] == pytest.approx(0.519, abs=0.02)
    assert found["fused"].means["ndcg@10"] >= 0.56
    assert found["fused"].intervals["ndcg@10"][0] > found["dense"].means["ndcg@10"]


def test_of_a_paper_judged_twice_the_higher_grade_counts(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"_id": "p", "title": "Depth", "text": ""}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "depth"}\n')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\tp\t1\nq\tp\t2\nq\tp\t0\n")
    assert read_collection(tmp_path).grades == {"q": {0: 2}}
