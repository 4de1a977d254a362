"""Names of people, as BibTeX wants them: `Family, Given` where it is safe to tell, else whole and in braces."""

from __future__ import annotations

from explorer.papers import readable
from explorer.writers.bibtex.latex import escape
from explorer.writers.people import parts


def author(name: str) -> str:
    """Return one author's name for BibTeX's field `author`."""
    found = parts(readable(name))
    if found is None:
        return f"{{{escape(readable(name))}}}"
    return ", ".join(escape(part) for part in found if part)


def family_name(name: str) -> str:
    """Return the family name in `name`, or its first word where that is not safe to tell."""
    found = parts(readable(name))
    return found.family if found else (readable(name).split() or [""])[0]
