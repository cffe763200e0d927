"""Facts, and whether a text holds them: what a person would have to read in it."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime

_NUMBER = re.compile(r"(?<![\w.-])\d[\d,\u202f _']*(?:\.\d+)?(?![\w-])")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ,]+(?:at )?(\d\d:\d\d)(:\d\d)?")


@dataclass(frozen=True)
class Fact(ABC):
    """Something that an answer must say. Of scripted calls alone: `near`, on a line with this name; `under`, in the
    section whose heading begins with this word (what is to be left out is left out of that section)."""

    near: str = ""
    under: str = field(default="", kw_only=True)

    def held(self, text: str, *, strict: bool) -> bool:
        """strict: also where `near` and `under` say; what a model writes is free in its lines."""
        if strict and self.under:
            text = _section(text, self.under)
        if strict and self.near:
            lines = [line for line in text.splitlines() if plain(self.near) in plain(line)]
            return any(self.said(line) for line in lines)
        return self.said(text)

    @abstractmethod
    def said(self, text: str) -> bool:
        """Whether a text says it."""


@dataclass(frozen=True)
class Says(Fact):
    """Words, in one of these forms."""

    forms: tuple[str, ...] = ()

    def said(self, text: str) -> bool:
        return any(plain(form) in plain(text) for form in self.forms)

    def __str__(self) -> str:
        return " or ".join(self.forms)


@dataclass(frozen=True)
class Omits(Fact):
    """A name that has no place in the answer."""

    name: str = ""

    def said(self, text: str) -> bool:
        return plain(self.name) not in plain(text)

    def __str__(self) -> str:
        return f"not {self.name}"


@dataclass(frozen=True)
class Number(Fact):
    """A whole number, written out, give or take a share of it."""

    value: int = 0
    tolerance: float = 0.0

    def said(self, text: str) -> bool:
        found = (re.sub(r"[^\d.]", "", one) for one in _NUMBER.findall(text))
        return any(
            abs(float(one) - self.value) <= self.tolerance * self.value for one in found if one.count(".") < 2
        )

    def __str__(self) -> str:
        return f"{self.value}"


@dataclass(frozen=True)
class Moment(Fact):
    """A time in UTC, to the minute; `day`: its day is enough."""

    ms: int = 0
    day: bool = False

    def said(self, text: str) -> bool:
        if self.day:
            return f"{datetime.fromtimestamp(self.ms / 1000, UTC):%Y-%m-%d}" in text
        times = [datetime.fromisoformat(f"{day}T{time}+00:00") for day, time, _ in _TIME.findall(text)]
        return any(abs(time.timestamp() - self.ms / 1000) <= 60 for time in times)

    def __str__(self) -> str:
        return f"{datetime.fromtimestamp(self.ms / 1000, UTC):%Y-%m-%dT%H:%M}"


def plain(text: str) -> str:
    """A text to compare: no capitals, no doubled white space, one form of each letter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\\", "").split())


def _section(text: str, heading: str) -> str:
    """The lines under the headings that begin with a word; a heading ends with a colon."""
    inside, kept = False, []
    for line in text.splitlines():
        if line.endswith(":"):
            inside = plain(line).startswith(plain(heading))
        elif inside:
            kept.append(line)
    return "\n".join(kept)
