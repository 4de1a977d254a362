"""The paper: frozen data, its identifier and the text that is embedded. No I/O. Imports errors only."""

from explorer.papers.identifiers import arxiv_identifier, doi_in, identity, looks_like_identifier
from explorer.papers.merging import are_one, merged
from explorer.papers.paper import Paper, derived_id
from explorer.papers.text import clean, names_key, readable, shortened, title_key

__all__ = [
    "Paper",
    "are_one",
    "arxiv_identifier",
    "clean",
    "derived_id",
    "doi_in",
    "identity",
    "looks_like_identifier",
    "merged",
    "names_key",
    "readable",
    "shortened",
    "title_key",
]
