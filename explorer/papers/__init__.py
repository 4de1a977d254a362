"""The paper: frozen data, its identifier and the text that is embedded. No I/O. Imports errors only."""

from explorer.papers.identifiers import arxiv_identifier, doi_in, identity, looks_like_identifier
from explorer.papers.paper import Paper
from explorer.papers.text import clean, readable, shortened, title_key

__all__ = [
    "Paper",
    "arxiv_identifier",
    "clean",
    "doi_in",
    "identity",
    "looks_like_identifier",
    "readable",
    "shortened",
    "title_key",
]
