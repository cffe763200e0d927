"""Finding something by the name that a person gives it: exact, then any case, then close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

CLOSE = 60.0
"""How alike, of 100, a name must be to be offered as close."""
MAX_CLOSE = 8


class Found(BaseModel):
    """`match` is `exact`, `case` (other case, spaces or punctuation) or `close`, with `score` of 100."""

    id: str
    name: str
    match: str
    score: int | None = None


def find_by_name(
    wanted: str, named: Iterable[tuple[str, str]], *, words: Mapping[str, str] | None = None
) -> list[Found]:
    """The best kind of match only: all exact ones, else all that differ in case, else the closest.

    Args:
        named: (id, name) pairs.
        words: id -> further words, such as a label, which count for close matches only.
    """
    pairs = [(id, name) for id, name in named if name]
    exact = [Found(id=id, name=name, match="exact") for id, name in pairs if wanted in (name, id)]
    if exact:
        return exact
    plain = plain_name(wanted)
    if not plain:
        return []
    same = [Found(id=id, name=name, match="case") for id, name in pairs if plain_name(name) == plain]
    return same or _close(wanted, pairs, words or {})


def found_note(found: list[Found], list_tool: str) -> str | None:
    """What to know about the matches: that they are guesses, or that there are several or none."""
    if not found:
        return f"Nothing is called that or anything like it; {list_tool} shows what there is."
    if found[0].match == "close":
        return "No exact match; these are close names."
    return f"{len(found)} have this name: tell them apart by id." if len(found) > 1 else None


def plain_name(text: str) -> str:
    """Letters and digits in one case: what is left when spelling habits are taken off."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _close(wanted: str, pairs: list[tuple[str, str]], words: Mapping[str, str]) -> list[Found]:
    from rapidfuzz import fuzz

    def score(text: str) -> float:
        return max(
            fuzz.WRatio(_spaced(wanted), _spaced(text)), fuzz.ratio(plain_name(wanted), plain_name(text))
        )

    scored = [(max(score(name), score(words.get(id, "")) * 0.9), id, name) for id, name in pairs]
    best = sorted((one for one in scored if one[0] >= CLOSE), key=lambda one: (-one[0], one[2], one[1]))
    return [
        Found(id=id, name=name, match="close", score=round(points)) for points, id, name in best[:MAX_CLOSE]
    ]


def _spaced(text: str) -> str:
    """Words apart: names glue them with hyphens or capitals."""
    spaced = "".join(f" {c}" if c.isupper() and text[i - 1 : i].islower() else c for i, c in enumerate(text))
    return " ".join("".join(c if c.isalnum() else " " for c in spaced).casefold().split())
