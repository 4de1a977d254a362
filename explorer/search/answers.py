"""A question to matches: looked up where they are stored, searched where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from explorer.errors import InvalidInput
from explorer.matches import Match, Matches, folded
from explorer.query import Query, find_paper
from explorer.store import LibraryFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.reasons import Why
    from explorer.search.corpus import Corpus
    from explorer.search.options import SearchOptions
    from explorer.search.question import Question
    from explorer.search.searcher import Found, Search


def answer(
    corpus: Callable[[], Corpus],
    folder: LibraryFolder,
    asked: Sequence[str | Query],
    k: int,
    options: SearchOptions | None,
) -> Matches:
    """Return up to `k` matches; `asked` are words, or parts that are known already; no `options` are those by default.

    `corpus` is called for what a search needs, if one is needed. Raises InvalidInput, UnknownPaper, ModelMismatch,
    ModelNotAvailable.
    """
    paper = None if options is not None and (options.like or options.unlike) else _only_paper(folder, asked)
    if paper is not None and paper.row is not None:
        stored = _stored(folder, paper.row, k, options)
        if stored is not None:
            (asked_about,), recall = folder.database.papers([paper.row]), folder.manifest.index["recall"]
            return Matches(_matches(folder, stored), paper.kind, asked_about, recall=recall)
    return _searched(corpus(), folder, [paper] if paper is not None else asked, k, options)


def _only_paper(folder: LibraryFolder, asked: Sequence[str | Query]) -> Query | None:
    """Return the paper that is asked for, when it is one and nothing else: most questions are."""
    if len(asked) != 1:
        return None
    (only,) = asked
    found = find_paper(only, folder.database) if isinstance(only, str) else only
    return None if found is None or found.row is None else found


def _searched(
    corpus: Corpus, folder: LibraryFolder, asked: Sequence[str | Query], k: int, options: SearchOptions | None
) -> Matches:
    from explorer.search.options import SearchOptions
    from explorer.search.question import resolve

    options = options or SearchOptions()
    question = resolve(asked, options, folder.database)
    search = _search(corpus, folder, question, options)
    found = search.answers(k, diverse=options.diverse, fold=options.fold)
    reasons = _reasons(search, found) if options.why else []
    matches = _matches(folder, [(each.row, each.score, each.similarity, each.twins) for each in found], reasons)
    row = question.like[0].row if question.kind in {"id", "title"} else None
    shown = None if row is None else folder.database.papers([row])[0]
    return Matches(matches, question.kind, shown, question.missing, _recall(folder, question, options))


def _recall(folder: LibraryFolder, question: Question, options: SearchOptions) -> float:
    """Return what share of the nearest papers is found, at least, of any part of a question."""
    if options.rank == "lexical":
        return 1.0
    search, parts = folder.manifest.search, (*question.like, *question.unlike)
    return float(min((search if part.row is not None else search["texts"])["recall"] for part in parts))


def _stored(
    folder: LibraryFolder, row: int, k: int, options: SearchOptions | None
) -> list[tuple[int, float, float, tuple[int, ...]]] | None:
    """Return the stored answers for a paper; None where these options or so many are not stored."""
    if options is not None and (not options.is_plain or options.why or options.rank == "lexical"):
        return None
    if options is not None and options.rank == "dense":
        listed = [(other, similarity, similarity) for other, similarity in folder.neighbors(row)]
    else:
        listed = folder.related(row)
    twins = folder.twins() if options is None or options.fold else {}
    kept = folded((other for other, *_ in listed), twins, lambda other: other != row)
    if len(kept) < k and len(listed) < folder.manifest.papers - 1:
        return None
    return [(*each, kept[each[0]]) for each in listed if each[0] in kept][:k]


def _search(corpus: Corpus, folder: LibraryFolder, question: Question, options: SearchOptions) -> Search:
    from explorer.search.searcher import Search

    allowed = _allowed(folder, options)
    if options.exclude:
        question = question._replace(excluded=question.excluded | _twins_of(folder, question.known))
    return Search(corpus, question, options.rank, allowed, folder.manifest.papers)


def _twins_of(folder: LibraryFolder, rows: Iterable[int]) -> frozenset[int]:
    """Return the near-duplicates of rows: whoever has a paper has its other versions."""
    twins = folder.twins()
    groups = {twins[row][0] for row in rows if row in twins}
    return frozenset(row for row, (group, _) in twins.items() if group in groups)


def _allowed(folder: LibraryFolder, options: SearchOptions) -> NDArray[np.bool_] | None:
    """Return which rows pass the filters; None for all. Raises InvalidInput when none does."""
    import numpy as np

    filters = options.filters
    if filters is None:
        return None
    database, added = folder.database, folder.manifest.added
    allowed = np.zeros(folder.manifest.papers, dtype=bool)
    allowed[np.asarray(database.rows_passing(filters, added), dtype=np.int64)] = True
    if not allowed.any():
        each = database.kept_by_each(filters, added)
        kept = ", ".join(f"{name} keeps {count}" for name, count in each.items())
        raise InvalidInput(f"no paper of {folder.manifest.papers} passes all filters: {kept}")
    return allowed


def _matches(
    folder: LibraryFolder,
    found: Sequence[tuple[int, float, float, tuple[int, ...]]],
    reasons: Sequence[Why] = (),
) -> list[Match]:
    rows = [row for row, *_ in found]
    twins = [twin for _, _, _, members in found for twin in members]
    papers = dict(zip([*rows, *twins], folder.database.papers([*rows, *twins]), strict=True))
    matches = []
    for rank, (row, score, similarity, members) in enumerate(found, 1):
        why = reasons[rank - 1] if reasons else None
        duplicates = tuple(papers[member].id for member in members)
        matches.append(Match(papers[row], similarity, rank, score, duplicates, why))
    return matches


def _reasons(search: Search, found: Sequence[Found]) -> list[Why]:
    from explorer.search.why import reasons

    return reasons(search, found)
