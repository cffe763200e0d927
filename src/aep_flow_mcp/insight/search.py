"""Finding things by words in any script, and saying why they match."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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
        self._by_id: dict[str, list[int]] = {}
        for at, names in enumerate(ids):
            for name in names:
                self._by_id.setdefault(name, []).append(at)
        self._vocabulary: list[str] | None = None

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
        scorers = [self._scorer(word) for word in words]
        whole = " ".join(words)
        found = [(at, match) for at in allowed if (match := _match(self._fields[at], whole, words, scorers))]
        return sorted(found, key=lambda item: -item[1].score)

    def _scorer(self, word: str) -> Callable[[str], float]:
        """How well one word is found in a text; remembered by text, because many things share names."""
        memory: dict[str, float] = {}
        respelled = self._respelled(word)

        def score(text: str) -> float:
            known = memory.get(text)
            if known is None:
                known = memory[text] = _closeness(word, text, respelled)
            return known

        return score

    def _respelled(self, word: str) -> dict[str, float]:
        """The words of the index that `word` may be a misspelling of, and how alike they are."""
        if len(word) <= _SHORT_WORD:
            return {}
        from rapidfuzz import fuzz, process

        if self._vocabulary is None:
            texts = {field.text for fields in self._fields for field in fields}
            parts = {part for text in texts for part in text.split()}
            self._vocabulary = sorted(part for part in parts if len(part) > _SHORT_WORD)
        close = process.extract(word, self._vocabulary, scorer=fuzz.ratio, score_cutoff=_SPELLING, limit=50)
        return {part: alike for part, alike, _ in close}


def _match(
    fields: Sequence[Field], whole: str, words: Sequence[str], scorers: Sequence[Callable[[str], float]]
) -> Match | None:
    total = 0.0
    why: dict[str, float] = {}
    for score in scorers:
        best, name = 0.0, ""
        for field in fields:
            value = score(field.text) * field.weight
            if value > best:
                best, name = value, field.name
        if best:
            total += best
            why[name] = max(why.get(name, 0.0), best)
    mean = total / len(words)
    if mean <= LOWEST:
        return None
    texts = [field.text for field in fields if field.name in why]
    cover = max(len(whole) / max(len(text), 1) for text in texts)
    phrase = any(whole in text for text in texts)
    # Words in their order beat scattered ones, and a name that is all query beats one that only holds it.
    points = mean * (0.95 + 0.03 * phrase + 0.02 * min(1.0, cover))
    return Match(round(points, 1), tuple(sorted(why, key=lambda name: -why[name])))


def _closeness(word: str, text: str, respelled: dict[str, float]) -> float:
    at = text.find(word)
    if at >= 0:
        return _inside(word, text, at)
    if respelled:
        alike = max((respelled.get(part, 0.0) for part in text.split()), default=0.0)
        if alike:
            return alike * 0.85
    return _shared_pairs(word, text) if len(word) > 2 and word[0] >= "\u2e80" else 0.0


def _inside(word: str, text: str, at: int) -> float:
    while at >= 0:
        starts = at == 0 or text[at - 1] == " "
        ends = at + len(word) == len(text) or text[at + len(word)] == " "
        if starts:
            return 100.0 if ends else 94.0
        at = text.find(word, at + 1)
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
