"""Files to papers, one module a format, found by content and then by suffix. May import papers and errors.

To add a format, add one module here that ends in `register(Reader(...))`: it is found by being in this folder.

    registry   the table of formats
    source     what a reader reads
    packed     packed files to what is in them; archives: to their members
    files      files and folders to contents and their readers
"""

from __future__ import annotations

import importlib
import pkgutil

from explorer.readers.files import Content, choose, contents, find_reader, open_regular, read, walk
from explorer.readers.packed import PACKINGS
from explorer.readers.registry import Reader, Record, Rejected, registered
from explorer.readers.source import Source

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "PACKINGS",
    "Content",
    "Reader",
    "Record",
    "Rejected",
    "Source",
    "choose",
    "contents",
    "find_reader",
    "open_regular",
    "read",
    "registered",
    "walk",
]
