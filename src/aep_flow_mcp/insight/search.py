"""Finding things by words in any script, and saying why they match."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

LOWEST = 50.0
"""A match scores more than this (of 100): at least half of the words were found."""
_SPELLING = 78.0
"""How alike (of 100) two words must be to count as one misspelled."""
_SHORT_WORD = 3
_FILLERS = frozenset(
    re.findall(
        r"\w+",
        "a all an and any are by do does for from have in into is of on our read reads that the their to we "
        "which with write writes dataflow dataflows flow flows pipeline pipelines",
    )
)
_Hit = tuple[float, int]
"""How well a word is found, and in which field (negative: of equals, the first is the greatest)."""
_PARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Field(NamedTuple):
    """A named piece of text about something. `text` is folded; `weight` (up to 1) is how much it counts."""

    name: str
    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Match:
    """How well something matches (0 to 100), and the fields that say so, best first."""

    score: float
    why: tuple[str, ...] = ()


def fold(text: str) -> str:
    """Text as it is compared: without case, accents, width and punctuation; letters of any script stay.

    `OrdersDaily`, `orders_daily` and `Ördérs-Daily` are all "orders daily".
    """
    if text.isascii():
        folded = _PARTS.sub(" ", text).casefold()
    else:
        # Compatibility forms have capitals of their own, so the case goes after them, and what that makes once more.
        plain = unicodedata.normalize("NFKD", _PARTS.sub(" ", unicodedata.normalize("NFKD", text)).casefold())
        folded = unicodedata.normalize("NFC", "".join(part for part in plain if not _is_accent(part)))
    return " ".join("".join(char if _is_word(char) else " " for char in folded).split())


class SearchIndex:
    """Folded fields of many things, searchable in milliseconds. `fields[i]` is found by any of `ids[i]` too."""

    def __init__(self, fields: Sequence[tuple[Field, ...]], ids: Sequence[Iterable[str]]) -> None:
        self._fields = fields
        self._width = max(map(len, fields), default=1)
        """A place is the number of the thing times this, plus the number of its field."""
        self._by_id: dict[str, list[int]] = {}
        for at, names in enumerate(ids):
            for name in names:
                self._by_id.setdefault(name, []).append(at)

    def __len__(self) -> int:
        return len(self._fields)

    def search(self, text: str, *, among: Iterable[int] | None = None) -> list[tuple[int, Match]]:
        """Positions that match the words of `text`, best first; all, with full score, when it has no words.

        A word is found in a field exactly, as a part of it, or spelled a little differently; the score is the
        mean over the words. An id given whole finds exactly its own.
        """
        allowed = range(len(self._fields)) if among is None else among
        whole_ids = self._by_id.get(text.strip())
        if whole_ids is not None:
            wanted = set(whole_ids)
            return [(at, Match(100.0, ("id",))) for at in allowed if at in wanted]
        words = _words(text)
        if not words:
            return [(at, Match(100.0)) for at in allowed]
        hits = [self._hits(word) for word in words]
        whole = " ".join(words)
        found = [
            (at, match)
            for at in allowed
            if (match := _match(self._fields[at], whole, [held.get(at) for held in hits]))
        ]
        return sorted(found, key=lambda item: -item[1].score)

    def _hits(self, word: str) -> dict[int, _Hit]:
        """Where a word is found best in each thing that has it."""
        best: dict[int, _Hit] = {}
        for unit, closeness in self._close(word).items():
            for place in self._places[unit]:
                at, slot = divmod(place, self._width)
                hit = closeness * self._fields[at][slot].weight, -slot
                if at not in best or hit > best[at]:
                    best[at] = hit
        return best

    def _close(self, word: str) -> dict[str, float]:
        """The words of the fields that hold this one, or are a misspelling of it, and how close they are."""
        close = {unit: inside for unit in self._places if word in unit and (inside := _inside(word, unit))}
        for unit, alike in self._respelled(word).items():
            close.setdefault(unit, alike * 0.85)
        if len(word) > 2 and word[0] >= "\u2e80":
            for unit in self._places:
                if unit not in close and (share := _shared_pairs(word, unit)):
                    close[unit] = share
        return close

    @cached_property
    def _places(self) -> dict[str, array[int]]:
        """Where each word of the fields is. A text in a script without spaces counts as one word, too."""
        places: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        units: dict[str, tuple[str, ...]] = {}
        for at, fields in enumerate(self._fields):
            for slot, field in enumerate(fields):
                if field.text not in units:
                    units[field.text] = _units(field.text)
                for unit in units[field.text]:
                    places[unit].append(at * self._width + slot)
        return dict(places)

    @cached_property
    def _vocabulary(self) -> list[str]:
        return sorted(unit for unit in self._places if len(unit) > _SHORT_WORD)

    def _respelled(self, word: str) -> dict[str, float]:
        """The words of the index that `word` may be a misspelling of, and how alike they are."""
        if len(word) <= _SHORT_WORD:
            return {}
        from rapidfuzz import fuzz, process

        close = process.extract(word, self._vocabulary, scorer=fuzz.ratio, score_cutoff=_SPELLING, limit=50)
        return {part: alike for part, alike, _ in close}


def _match(fields: Sequence[Field], whole: str, hits: Sequence[_Hit | None]) -> Match | None:
    total = sum(hit[0] for hit in hits if hit)
    mean = total / len(hits)
    if mean <= LOWEST:
        return None
    why: dict[str, float] = {}
    for value, slot in (hit for hit in hits if hit):
        name = fields[-slot].name
        why[name] = max(why.get(name, 0.0), value)
    texts = [field.text for field in fields if field.name in why]
    cover = max(len(whole) / max(len(text), 1) for text in texts)
    phrase = any(whole in text for text in texts)
    # Words in their order beat scattered ones, and a name that is all query beats one that only holds it.
    points = mean * (0.95 + 0.03 * phrase + 0.02 * min(1.0, cover))
    return Match(round(points, 1), tuple(sorted(why, key=lambda name: -why[name])))


def _units(text: str) -> tuple[str, ...]:
    words = dict.fromkeys(text.split())
    return tuple(words) if text.isascii() else (*words, text) if len(words) > 1 else tuple(words)


def _inside(word: str, unit: str) -> float:
    """How much a word is of one that holds it, or of a text that does."""
    if f" {word} " in f" {unit} ":
        return 100.0
    if f" {word}" in f" {unit}":
        return 94.0
    # Inside a word: scripts without spaces have only that, a short Latin piece means nothing.
    return 85.0 if len(word) >= _SHORT_WORD or not word.isascii() else 0.0


def _shared_pairs(word: str, text: str) -> float:
    """For scripts without spaces: the share of the word's pairs of characters that the text has."""
    pairs = {word[at : at + 2] for at in range(len(word) - 1)}
    share = sum(pair in text for pair in pairs) / len(pairs)
    return 80.0 * share if share >= 0.5 else 0.0


def _words(text: str) -> list[str]:
    words = list(dict.fromkeys(fold(text).split()))
    return [word for word in words if word not in _FILLERS] or words


def _is_word(char: str) -> bool:
    """Letters, digits and the marks that are part of a letter in Indic and other scripts."""
    return char.isalnum() or unicodedata.category(char) in ("Mc", "Mn")


def _is_accent(char: str) -> bool:
    """Marks that a search ignores: European accents, but not vowel signs, which make a word another word."""
    return "\u0300" <= char <= "\u036f"
