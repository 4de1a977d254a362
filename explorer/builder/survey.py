"""What a build would read, without making anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from explorer.builder.intake import Inputs
from explorer.builder.options import InputOptions, Rejection
from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers import Content, Rejected

_FIRST = 3  # papers shown of each file
_SKIPPED = 10  # rejected records listed of each file


@dataclass(slots=True)
class SurveyedFile:
    """Tell what is in one file: its format, None when it is not read; the first papers; why others are skipped.

    `columns` are those that were chosen, field to column.
    """

    name: str
    format: str | None
    papers: int = 0
    rejected: int = 0
    without_abstract: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    first: list[dict[str, str]] = field(default_factory=list)
    skipped: list[Rejection] = field(default_factory=list)


@dataclass(slots=True)
class Survey:
    """Tell what is in all files. `repeated` papers have an id that was there before; `fails` when a build would."""

    files: list[SurveyedFile] = field(default_factory=list)
    repeated: int = 0
    fails: bool = False

    @property
    def papers(self) -> int:
        """Return the number of papers, repeated ones included."""
        return sum(file.papers for file in self.files)

    @property
    def rejected(self) -> int:
        """Return the number of records, and of whole files, that would be skipped."""
        return sum(file.rejected for file in self.files)

    @property
    def without_abstract(self) -> int:
        """Return the number of papers that have a title only."""
        return sum(file.without_abstract for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON; with `format` when all that is read is in one."""
        from dataclasses import asdict

        formats = {file.format for file in self.files if file.format is not None}
        totals = {name: getattr(self, name) for name in ("papers", "rejected", "repeated", "without_abstract")}
        one = {"format": formats.pop()} if len(formats) == 1 else {}
        return {**one, **totals, "files": [asdict(file) for file in self.files]}


def survey(inputs: Inputs, options: InputOptions) -> Survey:
    """Read everything, and return what is there. Raises nothing for what cannot be read: it is told."""
    found, seen = Survey(), set[bytes]()
    for content, is_named in inputs.files():
        file = _surveyed(content, seen, found)
        found.files.append(file)
        wrong = file.rejected > 0 and not content.is_foreign
        found.fails |= (is_named and file.format is None) or (options.strict and wrong)
    found.fails |= found.papers == 0
    return found


def _surveyed(content: Content, seen: set[bytes], whole: Survey) -> SurveyedFile:
    file = SurveyedFile(content.name, content.reader.name if content.reader is not None else None)
    try:
        for record in content.records():
            if isinstance(record, Rejected):
                _skip(file, record)
            else:
                _count(file, record)
                before = len(seen)
                seen.add(blake2b(record.id.encode("utf-8", "replace"), digest_size=8).digest())
                whole.repeated += len(seen) == before
    except InvalidInput as error:  # the reader can do nothing with the file
        _skip(file, Rejected(0, str(error).removeprefix(f"{content.name}: "), "file"))
        if not file.papers:
            file.format = None
    if content.source is not None:
        file.notes, file.columns = content.source.notes, dict(content.source.chosen)
    return file


def _skip(file: SurveyedFile, record: Rejected) -> None:
    file.rejected += 1
    if len(file.skipped) < _SKIPPED:
        file.skipped.append(Rejection(file.name, record.line, record.reason, record.unit))


def _count(file: SurveyedFile, paper: Paper) -> None:
    file.papers += 1
    file.without_abstract += not paper.abstract
    if len(file.first) < _FIRST:
        file.first.append({"id": paper.id, "title": paper.title})
