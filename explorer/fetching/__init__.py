"""Papers from the network, only when a user asks for them. May import papers, errors, cache and progress."""

from explorer.fetching.arxiv import fetch_arxiv
from explorer.fetching.options import FetchOptions, FetchReport
from explorer.fetching.polite import Pace

__all__ = ["FetchOptions", "FetchReport", "Pace", "fetch_arxiv"]
