"""Vectors to nearest rows, and the neighbor graph of all rows. May import papers and errors."""

from __future__ import annotations

from explorer.index.clusters import Clusters, enough
from explorer.index.inverted import InvertedFile, Lists, are_few
from explorer.index.nearest import GraphBlock, NearestRows
from explorer.index.scanning import ranges
from explorer.index.vectors import InMemory, Rows, VectorRows, unit

GRAPHS = ("exact", "clusters")  # how a neighbor graph can have been made
INDEX_CHOICES = ("auto", *GRAPHS)  # by how many papers there are

SEARCHES = ("exact", "inverted")  # how the nearest papers of any vector are found

__all__ = [
    "GRAPHS", "INDEX_CHOICES", "SEARCHES", "Clusters", "GraphBlock", "InMemory", "InvertedFile", "Lists", "NearestRows",
    "Rows", "VectorRows", "are_few", "enough", "ranges", "unit",
]  # fmt: skip
