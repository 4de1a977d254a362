"""What a layout is made with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """Hold UMAP's parameters, by UMAP's names and with its defaults."""

    n_neighbors: int = 15
    min_dist: float = 0.1
    spread: float = 1.0
    negative_sample_rate: int = 5
    repulsion_strength: float = 1.0
    seed: int = 42
