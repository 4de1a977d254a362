"""What can be said of a library without labels.

Do neighbors share a category, does a title find its paper, is the neighbor graph exact, is the map true?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from explorer.layout.faithfulness import faithfulness
from explorer.query import Query
from explorer.search.corpus import Corpus
from explorer.search.listing import Lister, Scorer
from explorer.search.options import RANKINGS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ASKED = 200  # papers asked about, by themselves and by their titles
_COMPARED = 1000  # papers whose places on the map are compared with the truth
_FIRST = 10  # answers looked at
_ROUNDING = 1e-5  # more than cosines by float32 sums are wrong by


def check_library(corpus: Corpus, coordinates: NDArray[np.float32], *, with_texts: bool) -> dict[str, Any]:
    """Return shares from 0 to 1, by what was checked; `with_texts` says whether texts can be embedded.

    The papers that are looked at are a sample, always the same; all others are what they are compared with.
    """
    import numpy as np

    count = len(coordinates)
    drawn = np.random.default_rng(0).permutation(count)
    asked = np.sort(drawn[:_ASKED])
    vectors = corpus.nearest.vectors
    kept, trustworthiness = faithfulness(vectors, coordinates, np.sort(drawn[:_COMPARED]))
    return {
        "papers": count,
        "asked": len(asked),
        "index": {"recall@10": _index_recall(corpus, asked)},
        "categories": _category_agreement(corpus, asked, count),
        "titles": _self_retrieval(corpus, asked, count, with_texts=with_texts),
        "map": {"neighbors kept": kept, "trustworthiness": trustworthiness},
    }


def _index_recall(corpus: Corpus, rows: NDArray[Any]) -> float:
    """Return the share of the ten nearest, by comparing with all papers, that the neighbor graph has."""
    import numpy as np

    found = wanted = 0
    for row in rows.tolist():
        listed = corpus.neighbors[row, :_FIRST]
        if not len(listed):
            continue
        cosines = corpus.nearest.vectors @ corpus.nearest.vectors[row]
        cosines[row] = -np.inf
        least = np.partition(cosines, len(cosines) - len(listed))[len(cosines) - len(listed)]
        # By cosine and not by name: where several are equally near, any of them is right.
        found += int((cosines[np.unique(listed)] >= least - _ROUNDING).sum())
        wanted += len(listed)
    return found / wanted if wanted else 1.0


def _category_agreement(corpus: Corpus, rows: NDArray[Any], count: int) -> dict[str, float] | None:
    """Return how often one of the first ten answers has the paper's own first category, by ranking, and by chance.

    Papers without a category say nothing: they are neither asked about nor counted as answers.
    """
    known = {row: category for row, category in _categories(corpus, rows.tolist()).items() if category}
    if not known or count < 2:
        return None
    agreed, seen = Counter[str](), Counter[str]()
    for row, category in known.items():
        for ranking, found in _answers(corpus, Query("id", "", row), RANKINGS, count).items():
            others = [other for other in _categories(corpus, found).values() if other]
            agreed[ranking] += others.count(category)
            seen[ranking] += len(others)
    sizes = Counter(known.values())
    by_chance = sum(size * (size - 1) for size in sizes.values()) / max(len(known) * (len(known) - 1), 1)
    return {ranking: agreed[ranking] / max(seen[ranking], 1) for ranking in RANKINGS} | {"chance": by_chance}


def _categories(corpus: Corpus, rows: Sequence[int]) -> dict[int, str]:
    papers = zip(rows, corpus.papers(rows), strict=True)
    return {row: (*paper.categories, *paper.listed_in, "")[0] for row, paper in papers}


def _self_retrieval(
    corpus: Corpus, rows: NDArray[Any], count: int, *, with_texts: bool
) -> dict[str, dict[str, float]] | None:
    """Return how often a title, taken for free text, finds its paper first and among the first ten, by ranking."""
    titled = [(row, paper.title) for row, paper in zip(rows.tolist(), corpus.papers(rows.tolist()), strict=True)]
    titled = [(row, title) for row, title in titled if any(map(str.isalnum, title))]
    if not titled:
        return None
    rankings = RANKINGS if with_texts else ("lexical",)
    first, among = Counter[str](), Counter[str]()
    for row, title in titled:
        for ranking, found in _answers(corpus, Query("text", title), rankings, count).items():
            first[ranking] += found[:1] == [row]
            among[ranking] += row in found
    shares = {ranking: (first[ranking] / len(titled), among[ranking] / len(titled)) for ranking in rankings}
    return {ranking: {"first": share, "in the first ten": ten} for ranking, (share, ten) in shares.items()}


def _answers(corpus: Corpus, part: Query, rankings: Sequence[str], count: int) -> dict[str, list[int]]:
    """Return the rows of the first ten answers, by ranking; by words there are none where no paper has them."""
    import numpy as np

    scorer, allowed = Scorer(corpus, part), np.ones(count, dtype=bool)
    if part.row is not None:
        allowed[part.row] = False
    return {ranking: Lister(corpus, ranking, allowed).list(scorer, _FIRST).rows.tolist() for ranking in rankings}
