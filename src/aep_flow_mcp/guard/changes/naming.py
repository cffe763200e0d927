"""What people call things: names beside ids, and lists of names that stay short. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aep_flow_mcp.guard.changes.canonical import shown, visible
from aep_flow_mcp.platform.redaction.texts import redact_text

SENTENCE = 2_000
"""Characters of a title, a summary, a warning."""
NAME = 120
"""Characters of a name beside its id."""
LISTED = 10
"""Dependents that are named in a preview."""
KEPT = 200
"""Dependents that are named in the structure of an answer."""


@dataclass(frozen=True, slots=True)
class Named:
    """What an id in a body stands for: `Named("b1", "account", "Loyalty SFTP")`."""

    id: str
    what: str
    name: str

    @property
    def words(self) -> str:
        """`account "Loyalty SFTP"`, the name as the organisation has it, quoted and bounded."""
        return f"{self.what} {shown(redact_text(self.name), limit=NAME)}"


def known_by_name(found: Iterable[tuple[str | None, str, str | None]]) -> tuple[Named, ...]:
    """Those of (id, what, name) that have both, each id once."""
    by_id = {key: Named(key, what, name) for key, what, name in found if key and name}
    return tuple(by_id.values())


def sentence(text: str) -> str:
    """On one line, without what looks like a secret, and bounded: names in it come from the organisation."""
    text = visible(redact_text(text))
    return text if len(text) <= SENTENCE else f"{text[:SENTENCE]}… (cut: {len(text)} characters in all)"


def quoted(name: object) -> str:
    """A name after a word, or nothing."""
    return f" {shown(redact_text(name), limit=200)}" if isinstance(name, str) and name else ""


def first_few(prefix: str, lines: Sequence[str]) -> list[str]:
    """A line for each of the first few, and one that counts the others."""
    told = [f"{prefix}: {line}" for line in lines[:LISTED]]
    more = len(lines) - LISTED
    return [*told, f"{prefix}: and {more} more."] if more > 0 else told


def kept(lines: Sequence[str]) -> list[str]:
    """The list for the structure of an answer, where a preview names only the first few of it."""
    if len(lines) <= LISTED:
        return []
    more = len(lines) - KEPT
    return [*lines[:KEPT], *([f"and {more} more"] if more > 0 else [])]
