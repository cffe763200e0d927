"""Values that are too long for a text: shortened so that every member is still named, with what was cut and how long
it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from aep_flow_mcp.guard.changes.canonical import JSON, shown

VALUE_LIMIT = 12_000
"""Characters of one value or body in a text."""
TEXT_LIMIT = 23_900
"""Characters of a whole preview as text: more is no question that a person can answer. With what is said before it
(that it has changed) a question stays below 24,000."""
_START = 200
_ANY = 1 << 40


def whole(value: JSON) -> str:
    """A value on one line, however long it is."""
    return shown(value, limit=_ANY)


def abridged(name: str, value: JSON) -> tuple[str, tuple[str, ...]]:
    """A value on one line, and what was cut of it by name and size: nothing up to `VALUE_LIMIT`."""
    text = whole(value)
    if len(text) <= VALUE_LIMIT:
        return text, ()
    if not isinstance(value, dict):
        return shown(value, limit=_START), (_size(name, text),)
    return _members(value)


def too_large(cuts: tuple[str, ...]) -> str:
    """Why a change is not asked about in a text, and what to do."""
    named = ", ".join(cuts[:5]) + (f" and {len(cuts) - 5} more" if len(cuts) > 5 else "")
    return (
        f"This change is too large to be shown whole in a question ({named}), and nothing is approved that was not "
        "shown: nothing was sent. Set AEP_MCP_APPROVAL to browser, which shows all of it on a page, or make the change "
        "in smaller steps."
    )


def _members(value: dict[str, JSON]) -> tuple[str, tuple[str, ...]]:
    """The smallest members whole, of the others the start; each by its name as far as the names themselves fit."""
    texts = {key: whole(item) for key, item in value.items()}
    kept = set(_fitting(texts))
    parts, cuts, room = [], [], VALUE_LIMIT
    for number, (key, text) in enumerate(texts.items()):
        member = shown(key, limit=_START)
        if key not in kept:
            cuts.append(_size(member.strip('"'), text))
        part = f"{member}: {text if key in kept else shown(value[key], limit=_START)}"
        room -= len(part)
        if room < -VALUE_LIMIT:
            cuts.append(f"{len(texts) - number} members")
            parts.append(f"… (cut: {len(texts) - number} more members)")
            break
        parts.append(part)
    return "{" + ", ".join(parts) + "}", tuple(cuts)


def _fitting(texts: dict[str, str]) -> Iterator[str]:
    room = VALUE_LIMIT
    for key, text in sorted(texts.items(), key=lambda item: len(item[1])):
        room -= len(key) + len(text)
        if room < 0:
            return
        yield key


def _size(name: str, text: str) -> str:
    return f"{name}: {len(text)} characters"
