"""Dates as people and programs write them, to ISO 8601, maybe only a year."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"\s*([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)(?![0-9])")
_WORD = re.compile(r"[A-Za-z]{3,20}|[0-9]{1,4}(?![0-9])")
_YEAR = re.compile(r"(?<![0-9])(1[5-9][0-9]{2}|20[0-9]{2}|21[0-9]{2})(?![0-9])")
_LONGEST = 100  # characters


def iso_date(year: str, month: str = "", day: str = "") -> str:
    """Return a date of its parts; months are numbers or names, what is not understood is left out.

    Of a span, such as the month "Mar-Apr" or the days "15-22", it is the beginning.
    """
    found = _YEAR.search(year[:_LONGEST])
    if found is None:
        return ""
    number = _month(month[:_LONGEST])
    if not number:
        return found[1]
    days = re.search(r"[0-9]{1,2}", day[:_LONGEST])
    return f"{found[1]}-{number:02}" + (f"-{int(days[0]):02}" if days and 1 <= int(days[0]) <= 31 else "")


def written_date(text: str) -> str:
    """Return the date in "2020-10-06T17:59:46Z", "Thu, 18 Sep 2025 04:00 GMT", "2000 Spring", "1998 Dec-1999 Jan".

    Of a span it is the beginning. Empty when there is no year.
    """
    text = text[:_LONGEST]
    if (iso := _ISO.match(text)) and (len(iso[1]) > 4 or not re.search("[A-Za-z]", text)):
        return iso[1]
    year = _YEAR.search(text)
    if year is None:
        return ""
    words = _WORD.findall(text)
    names = [place for place, word in enumerate(words) if _month(word) and not word.isdigit()]
    if not names:
        return year[1]
    at = names[0]
    # The day stands before the month, "18 Sep 2025", or after it, "2000 Nov 15", "July 5-10, 2020".
    near = [words[place] for place in (at - 1, at + 1) if 0 <= place < len(words)]
    day = next((word for word in near if word.isdigit() and len(word) <= 2), "")
    return iso_date(year[1], words[at], day)


def _month(word: str) -> int:
    """Return the number of a month, 0 for what is none."""
    word = word.strip().lower()
    if word[:3] in _MONTHS:
        return _MONTHS.index(word[:3]) + 1
    number = re.match(r"[0-9]{1,2}(?![0-9])", word)
    return int(number[0]) if number and 1 <= int(number[0]) <= 12 else 0
