"""Whether two names are one person's. Banks write them in upper case, shortened, and sometimes with stars in them."""

import re
import unicodedata
from enum import StrEnum

_FEW_LETTERS, _LETTERS_FOR_ONE_MISTAKE = 2, 5
_SHORTEST_BEGINNING = 3


class Match(StrEnum):
    MATCH = "match"
    CLOSE = "close"
    NONE = "none"


def match(asked: str, told: str) -> Match:
    """`close` is for a person to look at: a word more, less or another, a misspelling, a name cut short or masked."""
    ours, theirs = _words(asked), _words(told)
    if not ours or not theirs:
        return Match.NONE
    is_masked = "*" in asked or "*" in told  # the same stars may hide two names
    if not is_masked and (sorted(ours) == sorted(theirs) or "".join(ours) == "".join(theirs)):
        return Match.MATCH
    return Match.CLOSE if _is_close(ours, theirs) else Match.NONE


def _words(name: str) -> list[str]:
    """In upper case and without accents; an apostrophe joins, all other punctuation parts."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return re.findall(r"(?:[^\W_]|\*)+", re.sub(r"['’`]", "", plain).upper())


def _is_close(ours: list[str], theirs: list[str]) -> bool:
    """All but one word of the shorter name stand in the other one, each once, and at least one does."""
    shorter, longer = sorted((ours, theirs), key=len)
    left, matched = list(longer), 0
    for word in sorted(shorter, key=lambda word: ("*" in word, -len(word))):
        found = next((other for other in left if word == other), None) or next(
            (other for other in left if _is_like(word, other)), None
        )
        if found is not None:
            left.remove(found)
            matched += 1
    return matched > 0 and matched >= len(shorter) - 1 and len(longer) - matched <= max(1, len(longer) - len(shorter))


def _is_like(one: str, other: str) -> bool:
    if "*" in one or "*" in other:
        return _is_masked(one, other) or _is_masked(other, one)
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= _SHORTEST_BEGINNING and longer.startswith(shorter):
        return True
    mistakes = min(_FEW_LETTERS, len(shorter) // _LETTERS_FOR_ONE_MISTAKE)
    return distance(one, other) <= mistakes


def _is_masked(mask: str, word: str) -> bool:
    """Whether the word may stand behind the mask. Letter by letter: a pattern of many stars takes `re` for ever."""
    beginning, *middle, end = re.split(r"\*+", mask) if "*" in mask else (mask, "")
    if not (mask.strip("*") and word.startswith(beginning) and word.endswith(end)):
        return False
    at, last = len(beginning), len(word) - len(end)
    for part in middle:
        found = word.find(part, at, last)
        if found < 0:
            return False
        at = found + len(part)
    return at <= last


def distance(one: str, other: str) -> int:
    """How many letters have to be added, left out or changed."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, start=1):
        before, row = row, [number]
        for index, another in enumerate(other):
            row.append(min(before[index + 1] + 1, row[index] + 1, before[index] + (letter != another)))
    return row[-1]
