"""Tab-separated values: as CSV, with tabs for commas."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.writers.csv import table
from explorer.writers.registry import Holdings, Writer, encoded, register


def _library(holdings: Holdings) -> Iterator[bytes]:
    return encoded(table(holdings, "\t"))


register(
    Writer(name="tsv", description="tab-separated values, with a header", library=_library, suffixes=(".tsv", ".tab"))
)
