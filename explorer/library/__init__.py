"""Library, the facade that people import: what it is asked and shows, what changes it, and its papers."""

from explorer.library.library import Library, default_path
from explorer.library.papers import Papers

__all__ = ["Library", "Papers", "default_path"]
