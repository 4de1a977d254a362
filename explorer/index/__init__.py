"""Vectors to nearest rows, and the neighbor graph of all rows. May import papers and errors."""

from __future__ import annotations

from explorer.index.clusters import Clusters, enough
from explorer.index.nearest import INDEX_TYPES, GraphBlock, NearestRows
from explorer.index.vectors import VectorRows, unit

GRAPHS = ("exact", "clusters")  # how a neighbor graph can have been made
INDEX_CHOICES = ("auto", *GRAPHS)  # by how many papers there are

__all__ = [
    "GRAPHS", "INDEX_CHOICES", "INDEX_TYPES", "Clusters", "GraphBlock", "NearestRows", "VectorRows", "enough", "unit",
]  # fmt: skip
