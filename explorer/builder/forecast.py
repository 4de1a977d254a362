"""What a build will need: disk, memory and time, by stage. Pure functions of numbers; `calibration` gathers them.

Time and memory were measured: `artifacts/benchmarks/scale.json`, 1,000 to 1,000,000 arXiv records and mixtures of them,
vectors given, on two cores that multiply float32 matrices at 231 GFLOP/s, one of them alone at 128. What is
proportional to texts is scaled by their length, what is proportional to vectors by their dimensions, and time by how
fast matrices are multiplied here: all cores together look for neighbors, one core does most of the rest.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from explorer.builder.limits import Limits, shown_size

STAGES = ("reading", "embedding", "words", "neighbors", "topics", "layout", "writing")
GFLOPS, CORES = 128.0, 2  # of one core alone, and how many there are, on the machine of scale.json
LETTERS = 1_041  # characters of its papers' titles and abstracts, in the mean
DIMENSIONS = 384  # of their vectors

# Seconds: those of a start, and those of a paper, whose number has the exponent of growth.
_WORDS = (0.1, 9.2e-5, 1.03)
_TOPICS = (0.8, 7e-4, 0.77)
_LAYOUT = (0.8, 1.1e-4, 1.0)  # with the topics that are made beside it
_CLUSTERS = (1.0, 1.75e-4, 1.04)
_EXACT = (0.4, 2.1e-4, 1.0)  # and the products of all with all:
_PRODUCTS = 231e9  # operations a second, of all cores
_COPYING = 3.3e-6  # a ready vector
_OPENING = (0.3, 1.6e-5, 1.0)  # what is before the first stage: checksums of the inputs, too
_WRITING = 0.1

# Bytes: those of a start; at most so many in buffers, which few papers do not fill; those of a paper, and those of a
# number of each vector that is in memory.
_MEMORY = {
    "reading": (95e6, 240e6, 800, 0),
    "embedding": (95e6, 220e6, 340, 0),
    "words": (130e6, 330e6, 3_450, 0),
    "neighbors": (190e6, 420e6, 2_900, 4),
    "topics": (320e6, 300e6, 2_600, 0),
    "layout": (350e6, 250e6, 880, 4),
    "writing": (300e6, 200e6, 750, 0),
}
_BUFFERED = 30_000  # bytes of buffers that a paper fills
MODEL = 400_000_000  # bytes of memory that a model takes, where it has not been measured
_MAPPED = 0.6  # of a vector's bytes in memory, where vectors are in a file that is mapped
_BESIDE = 900  # bytes a paper that topics take beside the layout
_LISTS = 620  # bytes a paper: neighbors and related papers, with their scores
_CODES = (0.55, 12)  # bytes in the index for searches, where there is one: for each dimension, and of each paper
_OTHERS = 80  # picture, topics, keys, terms
_POSTINGS = 0.56  # bytes for each character of the texts
_PAPER = (680, 1.0)  # bytes in the database of papers: of each paper, and for each character
_LEAST = 2 << 20
_SPARE = 1.05  # of what the disk must have free: file systems need some for themselves


@dataclass(frozen=True, slots=True)
class Workload:
    """Say what is to be built: how many papers, with how many characters each, and vectors of what kind.

    `number` is the bytes of each number of a stored vector; `embeds` says that vectors are to be made, `clusters` that
    neighbors are looked for in clusters; `model` is the bytes of memory that the model takes.
    """

    rows: int
    dimensions: int = DIMENSIONS
    number: int = 4
    letters: float = LETTERS
    embeds: bool = False
    clusters: bool = False
    model: int = 0


@dataclass(frozen=True, slots=True)
class Speeds:
    """Hold what was measured here: seconds to read a paper, to embed one, GFLOP/s of a core alone; how many cores."""

    reading: float
    embedding: float = 0.0
    gflops: float = GFLOPS
    cores: int = CORES


@dataclass(frozen=True, slots=True)
class Stage:
    """Say how long a stage will take, in seconds, and how many bytes of memory."""

    name: str
    seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Say what a build will need. `seconds` are those of all stages and of what is before them; sizes are bytes.

    `disk` is what the library takes, `building` what is on the disk at most until then; `is_frugal` tells that the
    build will take the ways that need less memory; `refusals` say why it cannot be, none where it can.
    """

    work: Workload
    stages: tuple[Stage, ...]
    seconds: float
    disk: int
    building: int
    is_frugal: bool
    limits: Limits

    @property
    def memory(self) -> int:
        """Return the most memory that any stage needs."""
        return max(stage.memory for stage in self.stages)

    @property
    def refusals(self) -> list[str]:
        """Return why this cannot be built here, and what to do."""
        return refusals(self.work, self.limits)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "rows": self.work.rows,
            "dimensions": self.work.dimensions,
            "seconds": round(self.seconds, 1),
            "stages": [{**asdict(stage), "seconds": round(stage.seconds, 2)} for stage in self.stages],
            "memory": {"needed": self.memory, "available": self.limits.memory, "bound": self.limits.bound},
            "disk": {"library": self.disk, "building": self.building, "free": self.limits.disk},
            "saves_memory": self.is_frugal,
            "fits": not self.refusals,
            "refusals": self.refusals,
        }


def forecast(work: Workload, speeds: Speeds, limits: Limits) -> Forecast:
    """Return what a build will need."""
    is_frugal = must_save(work, limits)
    seconds, memory = seconds_of(work, speeds, is_frugal=is_frugal), memory_of(work, is_frugal=is_frugal)
    stages = tuple(Stage(name, seconds[name], memory[name]) for name in STAGES)
    whole = _grown(_OPENING, work.rows) + sum(seconds.values())
    disk, building = disk_of(work, is_frugal=is_frugal)
    return Forecast(work, stages, whole, disk, building, is_frugal, limits)


def must_save(work: Workload, limits: Limits) -> bool:
    """Tell whether a build must take the ways that need less memory."""
    return limits.usable is not None and max(memory_of(work).values()) > limits.usable


def refusals(work: Workload, limits: Limits) -> list[str]:
    """Return why a build cannot be, whichever way it takes, and what to do."""
    return [reason for reason in (_short_of_memory(work, limits), _short_of_disk(work, limits)) if reason]


def _short_of_memory(work: Workload, limits: Limits) -> str:
    needed, usable = max(memory_of(work, is_frugal=True).values()), limits.usable
    if usable is None or needed <= usable:
        return ""
    said = f"{work.rows:,} papers need about {shown_size(needed)} of memory"
    if usable == limits.bound:
        return f"{said}, and --memory allows {shown_size(usable)}: allow more, or build of fewer papers"
    return f"{said}, and {shown_size(usable)} are available: end other programs, take a bigger machine or fewer papers"


def _short_of_disk(work: Workload, limits: Limits) -> str:
    needed = disk_of(work, is_frugal=must_save(work, limits))[1] * _SPARE
    if limits.disk is None or needed <= limits.disk:
        return ""
    return (
        f"{work.rows:,} papers need about {shown_size(needed)} on the disk while the library is built, and "
        f"{shown_size(limits.disk)} are free for {limits.folder}: free some, or name a folder elsewhere with --library"
    )


def seconds_of(work: Workload, speeds: Speeds, *, is_frugal: bool = False) -> dict[str, float]:
    """Return the seconds of each stage."""
    n, d = work.rows, work.dimensions
    alone = GFLOPS / speeds.gflops  # so many times the seconds of the machine that was measured
    together = alone * CORES / speeds.cores
    topics, layout = _grown(_TOPICS, n) * alone, _grown(_LAYOUT, n) * alone
    neighbors = _grown(_CLUSTERS if work.clusters else _EXACT, n) * d / DIMENSIONS
    neighbors += 0 if work.clusters else 2 * n * n * d / _PRODUCTS
    return {
        "reading": speeds.reading * n,
        "embedding": speeds.embedding * n if work.embeds else _COPYING * n * d / DIMENSIONS,
        "words": _grown(_WORDS, n) * alone * work.letters / LETTERS,
        "neighbors": neighbors * together,
        "topics": topics,
        "layout": layout if is_frugal else max(layout - topics, 0),
        "writing": _WRITING,
    }


def memory_of(work: Workload, *, is_frugal: bool = False) -> dict[str, int]:
    """Return the bytes of memory of each stage; fewer where vectors are mapped and topics wait for the layout."""
    rows, dimensions = work.rows, work.dimensions
    held = {
        name: start + min(buffers, rows * _BUFFERED) + rows * (paper + number * dimensions)
        for name, (start, buffers, paper, number) in _MEMORY.items()
    }
    if is_frugal:
        held["neighbors"] -= _MAPPED * rows * 4 * dimensions
        held["topics"] -= _BESIDE * rows
    return {name: int(size) + (0 if name == "reading" else work.model) for name, size in held.items()}


def disk_of(work: Workload, *, is_frugal: bool = False) -> tuple[int, int]:
    """Return the bytes of the finished library, and those that are there at most while it is built."""
    vector = work.dimensions * work.number
    paper = vector + _LISTS + _OTHERS + _PAPER[0] + (_PAPER[1] + _POSTINGS) * work.letters
    paper += _CODES[0] * work.dimensions + _CODES[1] if work.clusters else 0
    beside = (vector if work.embeds else 0) + (2 * _LISTS if work.clusters else 0)
    beside += 4 * work.dimensions if is_frugal else 0
    return int(_LEAST + work.rows * paper), int(_LEAST + work.rows * (paper + beside))


def _grown(cost: tuple[float, float, float], papers: int) -> float:
    start, each, exponent = cost
    return float(start + each * papers**exponent)
