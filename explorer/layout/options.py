"""What a layout is made with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """Hold UMAP's parameters, by UMAP's names; the defaults are ours, measured by `scripts/layouts.py`.

    `n_neighbors` counts the paper itself, as UMAP does. `n_epochs` are for papers without a place: of more than
    50,000, those of a sample (`levels`); the others get three tenths. Repulsion is what makes the picture faithful:
    UMAP's own, five samples of strength 1, leaves papers near each other that have nothing to do with each other.
    """

    n_neighbors: int = 15
    n_epochs: int = 500
    learning_rate: float = 0.5
    negative_sample_rate: int = 128
    repulsion_strength: float = 3.0
    seed: int = 42
