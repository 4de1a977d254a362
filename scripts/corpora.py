"""Papers to measure with: real ones where they are at hand, mixtures of these where more are wanted, else the sample's.

The real ones are 100,000 arXiv records with the vectors of their abstracts. A mixture is made of two of them by chance,
of which it has words and a vector: w a + (1 - w) b with w between 0.65 and 0.95, and noise half as long. With these
numbers neighbors are as hard to find as among real papers. Of 100,000 papers, nine in ten of them mixtures of the
others, 80, 90 and 95 % of the 30 nearest are in 1.3, 3.0 and 5.7 % of the papers (`explorer.index.Clusters`); of
100,000 real ones, in 1.6, 3.3 and 6.0 %. (With w from 0.3 on it is 18, 44 and 68 %: two fields at once have no
neighbors.) The same number always gives the same papers.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from measuring import machine
from numpy.typing import NDArray

PROJECT = Path(__file__).parents[1]
DATA = PROJECT.parent / "shared" / "data" / "corpora"
CORPUS, VECTORS = DATA / "arxiv-100k.jsonl.gz", DATA / "arxiv-100k.vectors.f16.npy"
REAL = 100_000  # records there
SHARES = (0.65, 0.95)  # of the first of two papers
NOISE = 0.5  # as long as so much of a vector
_BLOCK = 20_000  # mixtures made at a time
_MADE = 384  # dimensions where no real vectors are at hand


def is_real() -> bool:
    """Tell whether real papers are at hand."""
    return CORPUS.exists()


def described() -> str:
    """Say what the papers are, for what was measured with them."""
    return "arXiv records with ready vectors" if is_real() else "the shipped sample, over and over"


def outcome(measured: dict[str, Any], *, quick: bool) -> dict[str, Any]:
    """Return what was measured with these papers, and when and on what."""
    return {
        "source": described(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": {name: version(name) for name in ("faiss-cpu", "numpy", "scipy", "umap-learn", "numba")},
        "quick": quick,
        **measured,
    }


def records(count: int) -> Iterator[str]:
    """Yield up to `count` records as lines of JSON: real ones, of which there are 100,000, else the sample's."""
    if is_real():
        with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
            yield from (line for line, _ in zip(lines, range(count), strict=False))
        return
    from explorer import readers

    sample = PROJECT / "explorer" / "sample" / "digest.md"
    papers = [paper for paper in readers.read(sample) if not isinstance(paper, readers.Rejected)]
    for number in range(count):
        paper = papers[number % len(papers)]
        record = {"id": f"s{number:07}", "title": f"{paper.title} {number}", "abstract": paper.abstract}
        yield json.dumps(record) + "\n"


def vectors_of(count: int) -> NDArray[Any]:
    """Return the (n, d) float16 vectors of the `records`."""
    if VECTORS.exists():
        found: NDArray[Any] = np.load(VECTORS, mmap_mode="r")[:count]
        return found
    rng = np.random.default_rng(0)
    return (rng.normal(size=(60, _MADE))[np.arange(count) % 60] + 0.3 * rng.normal(size=(count, _MADE))).astype("f2")


def write(folder: Path, count: int) -> list[str]:
    """Write `count` papers, mixtures where real ones are too few; return the arguments that name the files."""
    papers, vectors = folder / f"papers-{count}.jsonl", folder / f"papers-{count}.npy"
    first, own = list(records(min(count, REAL))), vectors_of(min(count, REAL))
    stored = np.lib.format.open_memmap(vectors, "w+", np.float16, (count, own.shape[1]))
    stored[: len(own)] = own
    with papers.open("w", encoding="utf-8") as file:
        file.writelines(first)
        for start in range(len(own), count, _BLOCK):
            lines, block = _mixtures(first, own, start, min(start + _BLOCK, count))
            file.writelines(lines)
            stored[start : start + len(block)] = block
    stored.flush()
    return [str(papers), "--vectors", str(vectors)]


def mixtures_of(start: int, count: int) -> NDArray[Any]:
    """Return the (count, d) float16 vectors of mixtures that follow the first `start` papers."""
    first, own = list(records(REAL)), vectors_of(REAL)
    return _mixtures(first, own, start, start + count)[1]


def _mixtures(first: list[str], own: NDArray[Any], start: int, stop: int) -> tuple[list[str], NDArray[Any]]:
    """Return the records and vectors of the mixtures `start` to `stop`."""
    rng = np.random.default_rng(start)
    pairs = rng.integers(0, len(own), (stop - start, 2))
    shares = rng.uniform(*SHARES, (stop - start, 1))
    one, other = (own[pairs[:, side]].astype(np.float32) for side in (0, 1))
    mixed = shares * one + (1 - shares) * other
    noise = rng.normal(size=mixed.shape).astype(np.float32)
    mixed += NOISE * noise * (np.linalg.norm(mixed, axis=1) / np.linalg.norm(noise, axis=1))[:, None]
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    lines = [_mixture(start + place, first[a], first[b]) for place, (a, b) in enumerate(pairs.tolist())]
    return lines, mixed.astype(np.float16)


def _mixture(number: int, one: str, other: str) -> str:
    """Return a record of one paper that has some of another's words: a third of its title, every fourth sentence."""
    a, b = json.loads(one), json.loads(other)
    titles = [record["title"].split() for record in (a, b)]
    sentences, others = (record.get("abstract", "").split(". ") for record in (a, b))
    for place, sentence in zip(range(number % 4, len(sentences), 4), others, strict=False):
        sentences[place] = sentence
    title = " ".join(titles[0][: 2 * len(titles[0]) // 3 + 1] + titles[1][2 * len(titles[1]) // 3 :])
    own = {"id": f"m{number:09}", "doi": None, "title": title, "abstract": ". ".join(sentences)}
    return json.dumps({**a, **own}) + "\n"
