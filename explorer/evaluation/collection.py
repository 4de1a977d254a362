"""A collection of papers and questions whose relevant papers are known, in the layout of BEIR.

    corpus.jsonl[.gz]   {"_id": ..., "title": ..., "text": ...}
    queries.jsonl       {"_id": ..., "text": ...}, or {"_id": ..., "paper": ...}: like this paper, which is no answer
    qrels.tsv           query-id, corpus-id, score, parted by tabs; the first line may name them
    pools.jsonl         optional: {"_id": ..., "papers": [...]}: only these are ranked

Judgments of papers that the corpus does not hold say nothing about the ranking, and are left out.

Thakur et al., "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models", NeurIPS 2021.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.errors import InvalidInput
from explorer.papers import Paper, clean

_HIGHEST = 1000  # grade: the measuring library makes a table of all grades up to the highest


@dataclass(frozen=True, slots=True)
class Topic:
    """Hold one query: a text, or the row of a paper; `pool` are the only rows to be ranked, None for all."""

    id: str
    text: str = ""
    row: int | None = None
    pool: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """Hold papers, queries, and for each query the grades of the papers that are relevant, by their rows."""

    name: str
    papers: tuple[Paper, ...]
    topics: tuple[Topic, ...]
    grades: Mapping[str, Mapping[int, int]]


def read_collection(folder: Path) -> Collection:
    """Return the collection in `folder`. Raises InvalidInput, with file and line, for what cannot be used."""
    corpus = next((path for path in (folder / "corpus.jsonl", folder / "corpus.jsonl.gz") if path.is_file()), None)
    if corpus is None:
        raise InvalidInput(f"{folder} holds no corpus.jsonl or corpus.jsonl.gz: name the folder of a collection")
    rows: dict[str, int] = {}
    papers: list[Paper] = []
    for _, name, record in _records(corpus):
        rows[name] = len(papers)
        papers.append(_paper(name, record))
    if not papers:
        raise InvalidInput(f"{corpus} holds no papers")
    pools = _pools(folder / "pools.jsonl", rows)
    topics = tuple(_topics(folder / "queries.jsonl", rows, pools))
    grades = _grades(folder / "qrels.tsv", rows)
    relevant = {topic.id: _without(grades.get(topic.id, {}), topic.row) for topic in topics}
    judged = tuple(topic for topic in topics if relevant[topic.id])
    if not judged:
        raise InvalidInput(f"{folder}: qrels.tsv has a relevant paper for none of the queries in queries.jsonl")
    return Collection(folder.absolute().name, tuple(papers), judged, {one.id: relevant[one.id] for one in judged})


def _without(grades: Mapping[int, int], row: int | None) -> dict[int, int]:
    """Return the papers that are relevant, but for the one that is asked with: it is no answer."""
    return {other: grade for other, grade in grades.items() if grade > 0 and other != row}


def _paper(name: str, record: Mapping[str, Any]) -> Paper:
    """Return a record as a paper. One without words keeps its place, and nothing finds it."""
    try:
        return Paper.from_record({"id": name, "title": record.get("title"), "abstract": record.get("text")})
    except InvalidInput:
        return Paper(name, "")


def _topics(path: Path, rows: Mapping[str, int], pools: Mapping[str, tuple[int, ...]]) -> Iterator[Topic]:
    for where, name, record in _records(path):
        paper, text = record.get("paper"), record.get("text")
        words = clean(text) if isinstance(text, str) else ""
        if isinstance(paper, str | int) and not isinstance(paper, bool):
            if str(paper) not in rows:
                raise InvalidInput(f"{where}: the paper {paper!r} is not in the corpus")
            yield Topic(name, row=rows[str(paper)], pool=pools.get(name))
        elif any(map(str.isalnum, words)):
            yield Topic(name, text=words, pool=pools.get(name))
        else:
            raise InvalidInput(f"{where}: a query has a text or a paper")


def _pools(path: Path, rows: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    if not path.is_file():
        return {}
    pools = {}
    for where, name, record in _records(path):
        papers = record.get("papers")
        if not isinstance(papers, list):
            raise InvalidInput(f"{where}: a pool has a list of papers")
        pools[name] = tuple(sorted({rows[str(paper)] for paper in papers if str(paper) in rows}))
    return pools


def _grades(path: Path, rows: Mapping[str, int]) -> dict[str, dict[int, int]]:
    """Return the grades by query and row; 0 and less is not relevant; of a paper judged twice, the higher counts."""
    grades: dict[str, dict[int, int]] = {}
    for position, (where, line) in enumerate(_lines(path)):
        columns = line.rstrip("\r\n").split("\t")
        if position == 0 and not _is_whole(columns[-1]):
            continue  # the names of the columns
        if len(columns) != 3 or not _is_whole(columns[2]):
            raise InvalidInput(f"{where}: not a query-id, a corpus-id and a whole number, parted by tabs")
        topic, paper, grade = columns[0], columns[1], int(columns[2])
        if grade > _HIGHEST:
            raise InvalidInput(f"{where}: the grade {grade} is above {_HIGHEST}")
        if paper in rows:
            judged = grades.setdefault(topic, {})
            judged[rows[paper]] = max(grade, judged.get(rows[paper], grade))
    return grades


def _is_whole(number: str) -> bool:
    try:
        int(number)
    except ValueError:
        return False
    return True


def _records(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield where each record stands, its _id, and the record. Raises InvalidInput."""
    seen: set[str] = set()
    for where, line in _lines(path):
        record = _object(line, where)
        name = _identifier(record, where)
        if name in seen:
            raise InvalidInput(f"{where}: the _id {name!r} was there before")
        seen.add(name)
        yield where, name, record


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield where each line stands, and the line; blank ones are left out. Raises InvalidInput."""
    number, where = 0, str(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                where = f"{path}, line {number}"
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield where, text
    except UnicodeError as error:
        raise InvalidInput(f"{where}: not UTF-8: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        after = f" after line {number}" if number else ""
        raise InvalidInput(f"{path}: cannot be read{after}: {error}") from None


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{where}: not JSON: {error}") from None
    if not isinstance(record, dict):
        raise InvalidInput(f"{where}: not a JSON object")
    return record


def _identifier(record: Mapping[str, Any], where: str) -> str:
    name = record.get("_id")
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise InvalidInput(f"{where}: has no _id")
    return str(name)
