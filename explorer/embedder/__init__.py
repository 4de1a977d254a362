"""Texts to unit vectors: which model, from where, verified how, run by what. May import papers and errors.

`find_model` is light: it settles where the model's files are, or that there are none, before anything heavy is loaded.
"""

from explorer.embedder.models import DEFAULT_MODEL, ModelFiles, ModelIdentity, find_model
from explorer.embedder.runtime import Embedder, load

__all__ = ["DEFAULT_MODEL", "Embedder", "ModelFiles", "ModelIdentity", "find_model", "load"]
