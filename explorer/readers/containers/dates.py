"""Dates as people and programs write them, to ISO 8601, maybe only a year."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = re.compile(r"(?<![0-9])(1[4-9][0-9]{2}|2[01][0-9]{2})(?![0-9])")
_NUMERIC = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2}))?(?![0-9])")
_COMPACT = re.compile(r"([0-9]{4})([01][0-9])([0-3][0-9])\Z")
_SLASHED = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]\Z")
_WORD = re.compile(r"[a-z]{3,20}|(?<![0-9:])[0-9]{1,2}(?![0-9:])")  # what has a colon beside it is a time
_LONGEST = 100  # characters


def iso_date(year: str, month: str = "", day: str = "") -> str:
    """Return a date of its parts; months are numbers or names, what is not understood is left out.

    Of a span, such as the month "Mar-Apr" or the days "15-22", it is the beginning.
    """
    found = _YEAR.search(year[:_LONGEST])
    if found is None:
        return ""
    days = re.search(r"[0-9]{1,2}", day[:_LONGEST])
    return _of_numbers(found[1], _month(month[:_LONGEST]), int(days[0]) if days else 0)


def written_date(text: str) -> str:
    """Return the date in "2020-10-06T17:59:46Z", "20201006", "2020/10/6", "18 Sep 2025", "2000 Spring", "25/12/2020".

    Of a span it is the beginning. Empty when there is no year.
    """
    text = text.strip()[:_LONGEST]
    year = _YEAR.search(text)
    numeric = _NUMERIC.match(text) or _COMPACT.match(text)
    if numeric and _YEAR.fullmatch(numeric[1]):
        return _of_numbers(numeric[1], int(numeric[2]), int(numeric[3] or 0))
    if year is None:
        return ""
    words = _WORD.findall(f"{text[: year.start()]} / {text[year.end() :]}".lower())
    for at, word in enumerate(words):
        if word[:3] in _MONTHS:
            # The day stands before the month, "18 Sep 2025", or after it, "2000 Nov 15", "July 5-10, 2020".
            near = [int(word) for word in (*words[max(0, at - 1) : at], *words[at + 1 : at + 2]) if word.isdigit()]
            return _of_numbers(year[1], _month(word), near[0] if near else 0)
    if slashed := _SLASHED.match(text[: year.start()]):
        day, month = sorted(map(int, slashed.groups()), reverse=True)
        if day > 12:  # else nobody knows which is the day
            return _of_numbers(year[1], month, day)
    return year[1]


def _of_numbers(year: str, month: int, day: int) -> str:
    if not 1 <= month <= 12:
        return year
    return f"{year}-{month:02}" + (f"-{day:02}" if 1 <= day <= 31 else "")


def _month(word: str) -> int:
    """Return the number of a month, 0 for what is none."""
    word = word.strip().lower()
    if word[:3] in _MONTHS:
        return _MONTHS.index(word[:3]) + 1
    number = re.match(r"[0-9]{1,2}(?![0-9])", word)
    return int(number[0]) if number else 0
