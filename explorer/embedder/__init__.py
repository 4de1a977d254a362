"""Texts to unit vectors: which model, from where, verified how, run by what. May import papers, cache and errors.

    models      where a model's files are and what it is; loads nothing heavy
    prepared    what is kept of it in the user's cache for a fast start
    runtimes/   what runs it, one module each
    embedding   texts to batches, batches to rows in their places
    remembered  the model that a library names

`find_model` settles where the model's files are, or that there are none, before anything heavy is loaded.
"""

from explorer.embedder.contract import Embedder
from explorer.embedder.embedding import BatchedEmbedder, describe, load, load_prepared, prepare
from explorer.embedder.models import DEFAULT_MODEL, ModelFiles, ModelIdentity, find_model
from explorer.embedder.remembered import model_for, require_same_model

__all__ = [
    "DEFAULT_MODEL",
    "BatchedEmbedder",
    "Embedder",
    "ModelFiles",
    "ModelIdentity",
    "describe",
    "find_model",
    "load",
    "load_prepared",
    "model_for",
    "prepare",
    "require_same_model",
]
