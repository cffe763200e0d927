"""Where the data is: the path or table of the wish, compared with what was found there."""

from __future__ import annotations

from collections.abc import Iterable

from .desk import Desk

_SHOWN = 5


def asked_for(desk: Desk, question: str) -> str | None:
    """The path of the wish, asked for where it is missing; None when it cannot be used."""
    place = desk.findings.place
    if place is not None and place.error:
        desk.warn(f"Nothing can be read there now, so the path is not checked: {_sentence(place.error)}")
    path = (desk.wish.path or "").strip()
    if not path:
        desk.ask("path", question, choices=_paths(desk))
        return None
    if place is not None and place.missing and not place.error and not is_pattern(path):
        desk.refuse("path", f"there is no {path}. {_instead(desk)}")
        return None
    return path


def note_spelling(desk: Desk, path: str) -> None:
    """A path of files is one inside the bucket or container, with slashes; nothing declares that it must be."""
    if "://" in path:
        inside = path.split("://", 1)[1].partition("/")[2]
        desk.warn(
            f"path is an address; paths are those inside the bucket or container, such as {inside or '/'}."
        )
    if "\\" in path:
        fixed = path.replace("\\", "/")
        desk.warn(f"path has backslashes; paths are written {fixed}.")


def is_pattern(path: str) -> bool:
    """Whether a path stands for several (help/sources/tutorials/api/collect/cloud-storage.md)."""
    return "*" in path or "?" in path


def bare(path: str) -> str:
    """A path without the slashes around it: sources do not agree on them."""
    return path.strip("/")


def close(wanted: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """The names most like what was asked for."""
    from rapidfuzz import fuzz, process

    found = process.extract(wanted, list(names), scorer=fuzz.WRatio, limit=limit, score_cutoff=60)
    return [name for name, _, _ in found]


def _paths(desk: Desk) -> list[str]:
    place = desk.findings.place
    return [item.path or item.name or "" for item in place.entries] if place else []


def _instead(desk: Desk) -> str:
    place = desk.findings.place
    paths = _paths(desk)
    if place is None or not paths:
        return "Nothing is there to read: check the account, or choose another path."
    near = close(desk.wish.path or "", paths) or paths[:_SHOWN]
    where = f"In {place.folder}" if place.folder else "There"
    return f"{where} is: {', '.join(near)}. Choose one of these, or another path."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
