"""Whether the files of a library agree: each comparison says what it found, or raises LibraryDamaged."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from explorer.builder.plan import NEIGHBORS
from explorer.builder.searching import like_texts, shares_found
from explorer.builder.words import Words
from explorer.errors import LibraryDamaged
from explorer.index import NearestRows
from explorer.layout import NEAREST, kept_neighbors, sampled_rows
from explorer.search.corpus import lists_of, nearest_of
from explorer.store import LibraryFolder
from explorer.topics.topics import Topics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SAMPLED = 200  # papers compared, unless all are
_ONE_IN = 4  # questions like texts is asked: each looks far
_FLAT = 2e-3  # lengths of float16 rows differ from one by less
_TIED = 1e-3  # cosines nearer to each other than that may come in another order on another machine
_RECALL = 0.999  # of an exact neighbor graph
_SAMPLING = 0.03  # by which that of 200 papers differs from another's: more than three deviations


class Agreement:
    """Compare the files of one open library; `deep`: for every paper rather than for a sample."""

    def __init__(self, folder: LibraryFolder, deep: bool) -> None:
        self._folder = folder
        self._papers = folder.manifest.papers
        self._deep = deep

    def comparisons(self) -> dict[str, Callable[[], str]]:
        """Return what can be compared, by name."""
        return {
            "papers": self._rows,
            "look-ups": self._lookups,
            "vectors": self._lengths,
            "neighbors": self._neighbors,
            "search": self._search,
            "related": self._related,
            "words": self._words,
            "near-duplicates": self._twins,
            "layout": self._layout,
            "topics": self._topics,
        }

    @cached_property
    def _sample(self) -> NDArray[np.int64]:
        import numpy as np

        if self._deep:
            return np.arange(self._papers)
        return sampled_rows(self._papers, _SAMPLED)

    @cached_property
    def _nearest(self) -> NearestRows:
        return NearestRows(self._folder.array("vectors"))

    def _rows(self) -> str:
        """Find that every row is there, and its checksum matches; no id twice."""
        ids = {paper.id for paper in self._folder.database.range(0, self._papers)}
        count = self._folder.database.count()
        if len(ids) != self._papers or count != self._papers:
            raise self._damaged("papers", f"holds {count:,} rows and {len(ids):,} ids for {self._papers:,} papers")
        return f"{self._papers:,} rows, each with its checksum"

    def _lookups(self) -> str:
        """Find that ids, titles and words lead to the papers that have them."""
        database = self._folder.database
        database.require_whole()
        for row, paper in zip(self._sample.tolist(), database.papers(self._sample.tolist()), strict=True):
            if database.row_of(paper.id) != row or (paper.title and not self._is_titled(row, paper.title)):
                raise self._damaged("papers", f"does not find the paper of row {row} by its id or title")
        return "ids and titles lead to their papers"

    def _is_titled(self, row: int, title: str) -> bool:
        from explorer.papers import title_key

        return not title_key(title) or row in self._folder.database.rows_titled(title)

    def _lengths(self) -> str:
        """Find that every vector has length one."""
        import numpy as np

        worst = 0.0
        for start, block in self._folder.vectors().blocks():
            lengths = np.linalg.norm(block.astype(np.float64), axis=1)
            if not (np.isfinite(lengths).all() and abs(lengths - 1).max() < _FLAT):
                row = start + int(np.flatnonzero(~(abs(lengths - 1) < _FLAT))[0])
                raise self._damaged("vectors", f"row {row} is no unit vector")
            worst = max(worst, float(abs(lengths - 1).max()))
        return f"unit length to {worst:.0e}"

    def _neighbors(self) -> str:
        """Find that the neighbor graph is what the vectors say."""
        import numpy as np

        neighbors, similarities = self._folder.array("neighbors"), self._folder.array("similarities")
        if (np.diff(similarities, axis=1) > 0).any():
            raise self._damaged("similarities", "is not in order")
        if not neighbors.shape[1]:
            return "one paper has none"
        found = 0
        for block in self._nearest.graph(NEIGHBORS, rows=self._sample):
            own = np.asarray(block.own)
            stored = neighbors[own]
            cosines = self._nearest.pairs(self._nearest.vectors[own], stored)
            wrong = np.flatnonzero(abs(cosines - similarities[own]).max(axis=1) > _TIED)
            if len(wrong):
                raise self._damaged("similarities", f"row {own[wrong[0]]} does not hold the cosines of its neighbors")
            # A neighbor as near as the last of the true ones is one of them.
            found += int((cosines >= block.similarities[:, -1:] - _TIED).sum())
        recall = found / (len(self._sample) * neighbors.shape[1])
        said = self._folder.manifest.index["recall"]
        if recall < (_RECALL if said == 1 else said - _SAMPLING):
            raise self._damaged("neighbors", f"holds {recall:.1%} of the nearest of {len(self._sample):,} papers")
        return f"recall {recall:.4f} for {len(self._sample):,} papers"

    def _search(self) -> str:
        """Find that the index holds the papers' codes, and finds as many of the nearest as is said."""
        import numpy as np

        said = self._folder.manifest.search
        if not self._folder.manifest.has_index:
            return "exact"
        indexed, lists = nearest_of(self._folder), lists_of(self._folder)
        codes, rows = self._folder.array("codes"), sampled_rows(self._papers, _SAMPLED)
        # A number in the middle between two codes is rounded to either, as its sum's order has it.
        differences = lists.encoded(self._nearest.vectors[rows]).astype(np.int16) - codes[lists.places[rows]]
        wrong = (abs(differences) > 1).any(axis=1)
        if wrong.any():
            raise self._damaged("codes", f"does not hold the code of row {rows[np.argmax(wrong)]}")
        k, texts = int(said["k"]), like_texts(self._nearest.vectors)[::_ONE_IN]
        true = np.concatenate([block.rows for block in self._nearest.graph(k, rows=rows)])
        of_papers = float(shares_found(indexed, rows, true).mean())
        of_texts = float(shares_found(indexed, texts, self._nearest.among_all(texts, k)).mean())
        for recall, of, asked in ((of_papers, said, f"{len(rows):,} papers"), (of_texts, said["texts"], "texts")):
            if recall < of["recall"] - _SAMPLING:
                raise self._damaged("codes", f"leads to {recall:.1%} of the nearest of {asked}")
        return f"recall {of_papers:.4f} for {len(rows):,} papers, {of_texts:.4f} for what is like texts"

    def _related(self) -> str:
        """Find that related papers are ordered by their scores, and their cosines are those of the vectors."""
        import numpy as np

        related, scores, cosines = (self._folder.array(role) for role in ("related", "scores", "cosines"))
        if (np.diff(scores, axis=1) > 0).any():
            raise self._damaged("scores", "is not in order")
        ordered = np.sort(related, axis=1)
        if (np.diff(ordered, axis=1) == 0).any() or (related == np.arange(self._papers)[:, None]).any():
            raise self._damaged("related", "names a paper twice, or itself")
        rows = self._sample
        if related.shape[1] and rows.size:
            true = self._nearest.pairs(self._nearest.vectors[rows], related[rows])
            wrong = np.flatnonzero(abs(true - cosines[rows]).max(axis=1) > _TIED)
            if len(wrong):
                raise self._damaged("cosines", f"row {rows[wrong[0]]} does not hold the cosines of its related papers")
        return f"in order; cosines true for {len(rows):,} papers"

    def _words(self) -> str:
        """Find that the counts of terms are those of the papers."""
        import numpy as np

        stored = self._folder.terms()
        table, lengths = stored.terms(), stored.lengths()
        postings = stored.postings_of_all()
        amounts = np.bincount(postings[:, 0], weights=postings[:, 1], minlength=self._papers)
        if (amounts != lengths).any():
            row = int(np.flatnonzero(amounts != lengths)[0])
            raise self._damaged("lengths", f"row {row} has other counts in {self._name('postings')}")
        rows = self._sample
        words = Words.of(self._folder.database.papers(rows.tolist()), lambda _: None)
        counts = words.counts
        places = np.searchsorted(table[:, 0], counts.keys)
        known = places < len(table)
        known[known] = table[places[known], 0] == counts.keys[known]
        ours = np.sort(places[counts.terms] * self._papers + rows[counts.rows])
        terms = np.repeat(np.arange(len(table)), np.diff(table[:, 1], prepend=0))
        is_sampled = np.isin(postings[:, 0], rows)
        theirs = terms[is_sampled] * self._papers + postings[is_sampled, 0]
        if not known.all() or len(ours) != len(theirs) or (ours != theirs).any():
            raise self._damaged("postings", "does not hold the words of the papers")
        if (self._folder.array("keys")[rows] != words.keys).any():
            raise self._damaged("keys", "does not hold what tells equal titles and texts")
        return f"{len(table):,} terms; counted again for {len(rows):,} papers"

    def _twins(self) -> str:
        """Find that groups of near-duplicates begin with their first paper."""
        twins = self._folder.twins()
        if any(first > row or twins.get(first, (first, 0))[0] != first for row, (first, _) in twins.items()):
            raise self._damaged("twins", "has groups without a first paper")
        return f"{len(twins):,} papers have some"

    def _layout(self) -> str:
        """Find that the picture is finite, and as true as it is said to be."""
        import numpy as np

        layout, said = self._folder.array("layout"), self._folder.array("faithfulness")[:, 0]
        if ((said < 0) | (said > 1)).any():
            raise self._damaged("faithfulness", "holds no shares")
        kept = kept_neighbors(self._folder.array("neighbors"), layout)
        if abs(kept - said).max(initial=0.0) > 1e-6:
            row = int(np.argmax(abs(kept - said)))
            raise self._damaged("faithfulness", f"row {row} keeps another share of its {NEAREST} nearest")
        return f"finite; of each paper's {NEAREST} nearest, {kept.mean():.1%} are near it"

    def _topics(self) -> str:
        """Find that every paper is in topics that there are, as many as these say."""
        import numpy as np

        levels = self._folder.array("topics")
        topics = Topics.from_json(self._folder.labels(), levels)
        for topic in topics.topics:
            size = int(np.count_nonzero(levels[:, topic.level] == topic.id))
            if size != topic.size:
                raise self._damaged("labels", f"gives {topic.size:,} papers to {topic.label!r}, which has {size:,}")
        return f"{len(topics):,}, of the sizes they say"

    def _name(self, role: str) -> str:
        return self._folder.manifest.files[role].name

    def _damaged(self, role: str, what: Any) -> LibraryDamaged:
        return LibraryDamaged(f"{self._name(role)} {what}")
