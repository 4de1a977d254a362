"""What the user named - files, folders, standard input - to records, in order."""

from __future__ import annotations

import io
import shutil
import stat
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from hashlib import file_digest, sha256
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from explorer.builder.options import InputOptions, Rejection
from explorer.errors import InvalidInput
from explorer.readers import Content, Record, Rejected, contents, open_regular, walk

STDIN = "-"
_NOTES = 100  # that are kept
_IN_HAND = 64  # records
_LETTERS = 1_000_000  # in the titles and abstracts of these, about


class Inputs:
    """Read what the user named. A context manager: standard input and pipes are kept in temporary files until its end.

    `work` is the folder for these, by default the system's. `notes` are what is to be said of files as a whole. So many
    records are in hand at a time.
    """

    def __init__(
        self, paths: Sequence[Path], options: InputOptions, work: Path | None = None, in_hand: int = _IN_HAND
    ) -> None:
        self._paths = tuple(paths)
        self._options = options
        self._work = work
        self._in_hand = in_hand
        self._file: IO[bytes] | io.RawIOBase | None = None  # that is being read
        self._done = 0  # bytes of those before
        self._kept: dict[Path, IO[bytes]] = {}
        self._notes: dict[str, None] = {}

    def __enter__(self) -> Inputs:
        """Return the inputs."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove what was kept."""
        self.close()

    def close(self) -> None:
        """Remove what was kept."""
        for file in self._kept.values():
            file.close()
        self._kept.clear()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is to be said of files as a whole, "papers.csv: not UTF-8: read as Latin-1", at most 100."""
        return tuple(self._notes)

    @property
    def place(self) -> int:
        """Return how many bytes of the inputs `records` has read, as they are stored: packed ones, packed."""
        return self._done + (0 if self._file is None or self._file.closed else self._file.tell())

    @property
    def size(self) -> int:
        """Return how many bytes all inputs have, as they are stored; standard input and pipes count as nothing."""
        found = chain.from_iterable(self._files(path) for path in self._paths)
        return sum(_size(path) for path in found)

    def require_rereadable(self, what: str) -> None:
        """Raise InvalidInput for standard input and pipes, which can be read only once; `what` needs more."""
        for path in self._paths:
            if str(path) == STDIN or _is_pipe(path):
                raise InvalidInput(f"{shown(path)} can be read only once, so {what}: write it to a file, and name that")

    def described(self) -> list[dict[str, Any]]:
        """Return name and SHA-256 of each; a folder's is of the names and contents of its files. Raises InvalidInput.

        Reads everything.
        """
        return [{"name": path.name or path.resolve().name, "sha256": self._hash(path)} for path in self._paths]

    def check(self) -> None:
        """Raise InvalidInput or UnknownFormat when there is nothing to be read in any one of what was named."""
        for path in self._paths:
            first: Content | None = None
            with closing(self._contents(path)) as found:
                for content in found:
                    first = first or content
                    if content.reader is not None:
                        break
                else:
                    raise _nothing(path, first)

    def records(self) -> Generator[tuple[str, Record], None, None]:
        """Yield all records, each with the name of its file; what is no paper is Rejected.

        Files in a folder that cannot be read are rejected as a whole, with the unit "file". Raises InvalidInput for a
        named file of which nothing can be read, and where bad records are errors, for the first.
        """
        self._done = 0
        for path in self._paths:
            first = True
            with closing(self._contents(path)) as found:
                for content in found:
                    if first and content.reader is None and content.name == shown(path):
                        raise content.error()
                    first = False
                    yield from self._records(content, path)

    def files(self) -> Iterator[tuple[Content, bool]]:
        """Yield each file, for reading until the next, and whether it is one that was named. Raises nothing."""
        for path in self._paths:
            yield from ((content, content.name == shown(path)) for content in self._contents(path))

    def note(self, content: Content) -> None:
        """Take over what is to be said of a file that has been read."""
        for note in content.source.notes if content.source is not None else ():
            if len(self._notes) < _NOTES:
                self._notes[f"{content.name}: {note}"] = None

    def _records(self, content: Content, path: Path) -> Iterator[tuple[str, Record]]:
        strict = self._options.strict and not content.is_foreign
        try:
            for record in chain.from_iterable(_in_hand(content.records(), self._in_hand)):
                if strict and isinstance(record, Rejected):
                    raise _Refused(str(Rejection(content.name, record.line, record.reason, record.unit)))
                yield content.name, record
        except InvalidInput as error:
            if strict or isinstance(error, _Refused) or content.name == shown(path):
                raise
            yield content.name, Rejected(0, str(error).removeprefix(f"{content.name}: "), "file")
        self.note(content)

    def _contents(self, path: Path) -> Generator[Content, None, None]:
        """Yield the contents of one input; what cannot be opened is one that is refused."""
        try:
            if str(path) != STDIN and path.is_dir():
                yield from self._found(path)
                return
            with self._opened(path) as file, self._counted(file):
                yield from contents(shown(path), file, self._options.columns)
        except InvalidInput as error:
            yield Content(shown(path), refusal=str(error).removeprefix(f"{path}: "))

    def _found(self, folder: Path) -> Iterator[Content]:
        """Yield the contents of the files in a folder. Columns are for those that have some."""
        for found in walk(folder):
            if found.reason:
                yield Content(str(found.path), refusal=found.reason, is_foreign=found.path != folder)
                continue
            try:
                file = open_regular(found.path)
            except OSError as error:
                yield Content(str(found.path), refusal=f"cannot be read: {error.strerror or error}")
                continue
            with file, self._counted(file):
                yield from contents(str(found.path), file, self._options.columns, is_named=False)

    @contextmanager
    def _counted(self, file: IO[bytes] | io.RawIOBase) -> Iterator[None]:
        """Count what is read of a file; what its reader left of it is taken for read at the end."""
        self._file = file
        try:
            yield
        finally:
            self._file = None
            with suppress(OSError, ValueError):
                self._done += file.seek(0, io.SEEK_END)

    def _files(self, path: Path) -> Iterator[Path]:
        """Yield the files that are read for a path."""
        if str(path) != STDIN and path.is_dir():
            yield from (found.path for found in walk(path) if not found.reason)
        elif str(path) != STDIN and not _is_pipe(path):
            yield path

    @contextmanager
    def _opened(self, path: Path) -> Iterator[io.RawIOBase]:
        """Open a file that was named, at its beginning. Raises InvalidInput."""
        if str(path) == STDIN or path in self._kept or _is_pipe(path):
            file = self._kept.get(path) or self._keep(path)
            file.seek(0)
            yield file  # type: ignore[misc]  # it was opened without a buffer
            return
        try:
            opened = open_regular(path)
        except FileNotFoundError:
            raise InvalidInput(f"{path}: there is no such file") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise InvalidInput(f"{path}: cannot be read: {error}") from error
        with opened:
            yield opened

    def _keep(self, path: Path) -> IO[bytes]:
        """Copy what can be read only once into a temporary file, which has no name where the system allows that."""
        try:
            with ExitStack() as until_kept, _opened_once(path) as stream:
                kept = until_kept.enter_context(tempfile.TemporaryFile(buffering=0, dir=self._work))
                shutil.copyfileobj(stream, kept)
                until_kept.pop_all()
        except (OSError, ValueError) as error:
            where = self._work or tempfile.gettempdir()
            raise InvalidInput(f"{shown(path)}: cannot be kept in {where}: {error}") from error
        self._kept[path] = kept
        return kept

    def _hash(self, path: Path) -> str:
        if str(path) == STDIN or not path.is_dir():
            with self._opened(path) as file:
                return _digest(path, file)
        whole = sha256()
        for found in walk(path):
            if found.reason:
                continue
            try:
                with open_regular(found.path) as file:
                    content = _digest(found.path, file)
            except (OSError, InvalidInput):
                continue  # it will be rejected
            name = found.path.relative_to(path).as_posix()
            whole.update(f"{content} {name}\0".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()


def _in_hand(records: Iterable[Record], count: int = _IN_HAND) -> Iterator[list[Record]]:
    """Yield records some at a time: to read one and to store one by turns takes a fifth longer.

    Each would throw what the other needs out of the processor's caches.
    """
    some: list[Record] = []
    size = 0
    try:
        for record in records:
            some.append(record)
            size += 0 if isinstance(record, Rejected) else len(record.title) + len(record.abstract)
            if len(some) == count or size > _LETTERS:
                yield some
                some, size = [], 0
    except InvalidInput:  # of the file as a whole; what precedes it was read
        yield some
        raise
    yield some


class _Refused(InvalidInput):
    """Say which record is bad, where bad records are errors."""


def shown(path: Path) -> str:
    """Return what an input is called."""
    return "standard input" if str(path) == STDIN else str(path)


@contextmanager
def _opened_once(path: Path) -> Iterator[IO[bytes]]:
    if str(path) != STDIN:
        with path.open("rb") as pipe:
            yield pipe
    elif (stdin := getattr(sys.stdin, "buffer", None)) is None:
        raise InvalidInput("standard input is closed")
    else:
        yield stdin


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _digest(path: Path, file: io.RawIOBase) -> str:
    try:
        return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error}") from error


def _nothing(path: Path, first: Content | None) -> InvalidInput:
    """Return what to tell of an input in which nothing can be read."""
    if first is None:
        return InvalidInput(f"{shown(path)}: there is no file in it")
    if first.name == shown(path):
        return first.error()
    return InvalidInput(
        f"{shown(path)}: nothing in it is in a format that the explorer reads ('explorer formats' lists them); "
        f"the first: {first.name}: {first.refusal}"
    )
