"""What a build will need here, from about two seconds of trying: reading, embedding, multiplying."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from explorer.builder.forecast import Forecast, Speeds, forecast
from explorer.builder.intake import Inputs
from explorer.builder.limits import limits_of, resident_memory
from explorer.builder.options import BuildOptions
from explorer.builder.plan import model_of
from explorer.builder.room import ready_shape, workload
from explorer.embedder import Embedder, ModelFiles, load
from explorer.errors import InvalidInput
from explorer.layout.blocks import thread_count
from explorer.papers import Paper
from explorer.store import PaperWriter

READING, EMBEDDING, MULTIPLYING = 1.0, 1.0, 0.15  # seconds, about
_KEPT = 2_048  # papers that are kept to be embedded
_TOGETHER = 32  # texts embedded at a time
_SIDE = 512  # rows and columns of matrices that are multiplied


@dataclass(frozen=True, slots=True)
class Outlook:
    """Hold a forecast and what it rests on: `share` of the inputs was read, all where that is 1.

    Then rows are exact, and so they are of ready vectors; else they are estimated.
    """

    forecast: Forecast
    share: float
    is_exact: bool

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**self.forecast.as_dict(), "rows_exact": self.is_exact, "share_read": round(self.share, 4)}


@dataclass(slots=True)
class Sample:
    """Hold what was read of inputs in a while: how many papers, their characters, seconds a paper; the first texts.

    `share` is how much of the inputs `counted` papers are, by bytes.
    """

    papers: int = 0
    letters: int = 0
    each: float = 0.0
    counted: int = 0
    share: float = 0.0
    texts: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Return how many papers there are in all, about; exactly if all were read."""
        return self.papers if self.share >= 1 else max(self.papers, round(self.counted / self.share))


def outlook(path: Path, options: BuildOptions) -> Outlook:
    """Return what a build of the library at `path` will need. Nothing is made there.

    Raises InvalidInput for inputs that cannot be read, or only once; ModelNotAvailable.
    """
    limits = limits_of(path, options.memory)
    model = None if options.vectors is not None else model_of(options)
    with Inputs(options.inputs, options.reading, in_hand=1) as inputs:
        inputs.require_rereadable("what a build of it needs cannot be told before")
        inputs.check()
        sample = sampled(inputs, READING)
    if not sample.papers:
        raise InvalidInput("no papers in what was read of the inputs: --dry-run tells why")
    speeds = Speeds(sample.each, 0.0, gflops(MULTIPLYING), thread_count())
    if options.vectors is not None:
        work = workload(ready_shape(options.vectors), options, sample.letters / sample.papers)
        return Outlook(forecast(work, speeds, limits), sample.share, is_exact=True)
    assert model is not None  # noqa: S101 -- there is one where there are no vectors
    before = resident_memory()
    dimensions, seconds = embedding_of(load(model) if isinstance(model, ModelFiles) else model, sample.texts)
    work = workload((sample.rows, dimensions, 4), options, sample.letters / sample.papers)
    work = replace(work, model=max(resident_memory() - before, 0))
    speeds = replace(speeds, embedding=seconds)
    return Outlook(forecast(work, speeds, limits), sample.share, is_exact=sample.share >= 1)


def sampled(inputs: Inputs, seconds: float) -> Sample:
    """Read and store papers for a while, and return what there was.

    How many papers there are is told where a piece of a file has just been used up: then bytes and papers agree.
    """
    sample, size = Sample(), inputs.size
    place, records, begun = 0, inputs.records(), perf_counter()
    warm = (begun, 0)  # since when, and after how many papers, what is done only once has been done
    with (
        TemporaryDirectory(prefix="explorer-") as folder,
        closing(records),
        closing(PaperWriter(Path(folder, "papers.sqlite"))) as writer,
    ):
        for _, record in records:
            if sample.papers and place < inputs.place:
                if not sample.counted:
                    warm = (perf_counter(), sample.papers)
                sample.counted, sample.share = sample.papers, place / size
                if perf_counter() - begun > seconds:
                    break
            place = inputs.place
            if isinstance(record, Paper) and (outcome := writer.add(record)) is not None and outcome.is_new:
                _take(sample, record)
        else:
            sample.counted, sample.share = sample.papers, 1.0
        writer.finish()
    since, before = warm if sample.papers > 2 * warm[1] else (begun, 0)
    sample.each = (perf_counter() - since) / max(sample.papers - before, 1)
    return sample


def _take(sample: Sample, paper: Paper) -> None:
    sample.papers += 1
    sample.letters += len(paper.title) + len(paper.abstract)
    if len(sample.texts) < _KEPT:
        sample.texts.append(paper.text)


def embedding_of(embedder: Embedder, texts: Sequence[str]) -> tuple[int, float]:
    """Embed texts for a while; return the vectors' dimensions, and the seconds that a text takes."""
    dimensions, done = embedder.embed(texts[:1]).shape[1], 0  # what is done once only is done now
    begun = perf_counter()
    for start in range(0, len(texts), _TOGETHER):
        done += len(embedder.embed(texts[start : start + _TOGETHER]))
        if perf_counter() - begun > EMBEDDING:
            break
    return dimensions, (perf_counter() - begun) / done


def gflops(seconds: float) -> float:
    """Return how fast one core multiplies float32 matrices, in 10^9 operations a second: the best of some turns.

    Of several cores, others would have some: what the machine can is told by one alone, in a turn without others.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    matrix = np.full((_SIDE, _SIDE), 0.5, dtype=np.float32)
    end, best = perf_counter() + seconds, float("inf")
    with threadpool_limits(1):
        while True:
            begun = perf_counter()
            matrix @ matrix
            now = perf_counter()
            best = min(best, now - begun)
            if now > end:
                return float(2 * _SIDE**3 / best / 1e9)
