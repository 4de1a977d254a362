"""Texts and bytes as readers get them."""

from __future__ import annotations

import io
from collections.abc import Mapping

from explorer.readers import Reader, Record, Source, registered


def source(content: str | bytes, columns: Mapping[str, str] | None = None) -> Source:
    """What a file with this content is to a reader."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return Source(io.BufferedReader(io.BytesIO(data)), "file", columns)


def reader_of(name: str) -> Reader:
    """The reader of that name."""
    return next(reader for reader in registered() if reader.name == name)


def records(name: str, content: str | bytes, columns: Mapping[str, str] | None = None) -> list[Record]:
    """What the reader of that name makes of this content."""
    return list(reader_of(name).read(source(content, columns)))
