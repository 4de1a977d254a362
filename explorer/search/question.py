"""What was asked, word by word, to what is meant: papers of the library, texts, files of either; for and against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from explorer import query
from explorer.errors import InvalidInput
from explorer.papers import Paper, arxiv_identifier, clean, shortened
from explorer.query import Query
from explorer.search.options import SearchOptions
from explorer.store import PaperDatabase

_WEIGHT = r"(?s)(.+):(\d{1,4}(?:\.\d{1,4})?)"
_DOCUMENTS = (".md", ".markdown", ".txt", ".text", ".tex", ".rst")
_LONGEST_FILE = 16 * 1024 * 1024  # bytes
_MOST = 1_000  # papers and texts in one question


class Question(NamedTuple):
    """Hold what answers should be like, what unlike, and which rows are no answers; `known` are those to be excluded.

    `missing` names what was in a list but is not in the library.
    """

    like: tuple[Query, ...]
    unlike: tuple[Query, ...] = ()
    excluded: frozenset[int] = frozenset()
    known: frozenset[int] = frozenset()
    missing: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Return what the question was taken for: the kind of its only part, or "mixture"."""
        return self.like[0].kind if len(self.like) == 1 and not self.unlike else "mixture"


def resolve(asked: Sequence[str | Query], options: SearchOptions, catalog: PaperDatabase) -> Question:
    """Return what is meant by words for, against, and not to be answered with.

    A word is an id, a whole title, a file of text, "@file" for a list of papers, else free text; where there are
    several, it may end in a weight, ":2". Where `options.files` is false, words of `asked` are not taken for files.
    Raises InvalidInput for what contradicts itself or says nothing, UnknownPaper.
    """
    reader = _Reader(catalog)
    alone = len(asked) + len(options.like) + len(options.unlike) == 1
    mine = reader.parts(asked, files=options.files, alone=alone)
    others, unlike = (reader.parts(words, alone=alone) for words in (options.like, options.unlike))
    wanted, unwanted = _merged((*mine, *others)), _merged(unlike)
    known = _merged(reader.parts(options.exclude))
    if not wanted:
        named = f": {'; '.join(reader.missing[:3])} not in this library" if reader.missing else ""
        raise InvalidInput(f"nothing says what the papers should be like{named}")
    both = next((part for part in unwanted if any(_same(part, other) for other in wanted)), None)
    if both is not None:
        raise InvalidInput(f"{_shown(both, catalog)} is in both what to be like and what to be unlike: leave one out")
    no_paper = next((part for part in known if part.row is None), None)
    if no_paper is not None:
        raise InvalidInput(f"{shortened(no_paper.text)!r} is no paper of this library, so it cannot be excluded")
    rows = {part.row for part in (*wanted, *unwanted) if part.row is not None}
    owned = frozenset(part.row for part in known if part.row is not None)
    return Question(wanted, unwanted, owned | rows, owned, tuple(reader.missing))


class _Reader:
    """Understand words; `missing` gathers what lists name and the library does not hold."""

    def __init__(self, catalog: PaperDatabase) -> None:
        self.catalog = catalog
        self.missing: list[str] = []

    def parts(self, words: Sequence[str | Query], *, files: bool = True, alone: bool = False) -> Iterator[Query]:
        """Yield what each of the words means, of which those that are known already mean what they mean."""
        for word in words:
            yield from [word] if isinstance(word, Query) else self._weighted(word, files, alone)

    def _weighted(self, word: str, files: bool, alone: bool) -> Iterable[Query]:
        """Return what `word` means as it stands, or without the weight at its end where that means more.

        A text that is `alone` keeps its end: it has nothing to be weighed against, and may end in a ratio.
        """
        match = re.fullmatch(_WEIGHT, word)
        as_it_is = query.find_paper(word, self.catalog) or arxiv_identifier(word) or (files and _is_file(word))
        if match is None or as_it_is:
            return self._meant(word, files)
        parts = list(self._meant(match[1], files))
        if alone and all(part.kind == "text" for part in parts):
            return self._meant(word, files)
        weight = float(match[2])
        if weight <= 0:
            raise InvalidInput(f"{shortened(word)!r}: a weight of {match[2]} counts for nothing: give one above 0")
        return [replace(part, weight=weight) for part in parts]

    def _meant(self, word: str, files: bool) -> Iterable[Query]:
        paper = query.find_paper(word, self.catalog)
        if paper is None and files and not re.search(r"\s", word.removeprefix("@")):
            if word.startswith("@") and len(word) > 1:
                return self._listed(Path(word[1:]))
            if word.lower().endswith(".bib"):
                return self._listed(Path(word))
            if word.lower().endswith(_DOCUMENTS):
                return [Query("document", query.require_words(_text_of(Path(word)), f"{word} has no words"))]
        if paper is None and files and word.startswith("@") and _is_file(word[1:]):
            return self._listed(Path(word[1:]))
        return [query.interpret(word, self.catalog) if paper is None else paper]

    def _listed(self, path: Path) -> Iterator[Query]:
        """Yield the papers of a bibliography, of any file of papers, or of lines with an id or a title each."""
        from explorer import bibliography, readers

        text = _text_of(path)  # first: it tells what is wrong with the file
        query.require_words(text, f"{path} has no words")
        try:
            readers.find_reader(path)
        except InvalidInput:
            for line in filter(None, map(clean, text.splitlines())):
                yield from self._line(line)
            return
        entries = (record for record in readers.read(path) if isinstance(record, Paper))
        matched = bibliography.match(entries, self.catalog)
        self.missing.extend(matched.missing)
        for row in matched.rows:
            yield Query("id", "", row)

    def _line(self, line: str) -> Iterator[Query]:
        row = query.find_id(line, self.catalog)
        rows = [row] if row is not None else self.catalog.rows_titled(line)[:1]
        if not rows:
            self.missing.append(shortened(line))
        for found in rows:
            yield Query("id", "", found)


def _merged(parts: Iterable[Query]) -> tuple[Query, ...]:
    """Return each paper and text once, its weights added, in an order that does not depend on the order of asking."""
    merged: dict[tuple[int, str], Query] = {}
    for part in parts:
        key = (-1, part.text) if part.row is None else (part.row, "")
        seen = merged.get(key)
        merged[key] = part if seen is None else replace(seen, weight=seen.weight + part.weight)
        if len(merged) > _MOST:
            raise InvalidInput(f"more than {_MOST} papers and texts in one question: give fewer")
    return tuple(merged[key] for key in sorted(merged))


def _same(part: Query, other: Query) -> bool:
    return part.row == other.row if part.row is not None else part.text == other.text


def _shown(part: Query, catalog: PaperDatabase) -> str:
    return repr(shortened(part.text)) if part.row is None else catalog.papers([part.row])[0].id


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False


def _text_of(path: Path) -> str:
    """Return the text of a file. Raises InvalidInput."""
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
    except FileNotFoundError:
        raise InvalidInput(f"{shortened(str(path))}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{shortened(str(path))}: cannot be read: {error.args[-1]}") from None
    if len(content) > _LONGEST_FILE:
        raise InvalidInput(f"{path} is larger than {_LONGEST_FILE >> 20} MiB: give a shorter text")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text
