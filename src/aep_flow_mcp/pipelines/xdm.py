"""The fields of an XDM schema, and which of them a column is likely to fill."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MAX_DEPTH = 12
_INDEX = re.compile(r"\[[^\]]*\]")
_ALIKE = 88.0
_OPEN = "*"


class XdmFields:
    """Paths such as `person.name.firstName`; array indexes in a path do not matter.

    leaves: path -> type. inner: paths of objects. open: paths below which any name is allowed (maps).
    known: whether the schema tells all of its fields; one that points to others, or could not be read, does not.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.leaves: dict[str, str] = {}
        self.inner: set[str] = set()
        self.open: set[str] = set()
        for path, kind in _walk(schema, "", 0):
            if kind == _OPEN:
                self.open.add(path)
            elif kind == "object":
                self.inner.add(path)
            else:
                self.leaves[path] = kind
        self.known = bool(self.leaves or self.inner or self.open) and not _is_composed(schema)
        required = schema.get("required")
        self.required = [name for name in required or [] if name in self.leaves]

    def problem(self, target: str) -> str | None:
        """What is wrong with a target path, with the fix; None when it is a field."""
        path = _INDEX.sub("", target.strip())
        if not self.known or path in self.leaves or path in self.inner or self._is_open(path):
            return None
        close = self.close(path)
        hint = f" Close: {', '.join(close)}." if close else ""
        return f"the dataset's schema has no field {target}.{hint}"

    def close(self, path: str, limit: int = 3) -> list[str]:
        """The fields whose path or last name is most alike."""
        from rapidfuzz import fuzz, process

        last = _plain(path.rsplit(".", 1)[-1])
        by_name = process.extract(
            last,
            {leaf: _plain(leaf.rsplit(".", 1)[-1]) for leaf in self.leaves},
            scorer=fuzz.ratio,
            limit=limit,
        )
        by_path = process.extract(path, list(self.leaves), scorer=fuzz.ratio, limit=limit)
        found = [(score, leaf) for _, score, leaf in by_name] + [(score, leaf) for leaf, score, _ in by_path]
        best = sorted((one for one in found if one[0] >= 60), key=lambda one: (-one[0], one[1]))
        return list(dict.fromkeys(leaf for _, leaf in best))[:limit]

    def suggest(self, columns: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(column, path) pairs by alike names; each path once, nothing that is only vaguely alike."""
        from rapidfuzz import fuzz

        free = dict.fromkeys(leaf for leaf, kind in self.leaves.items() if kind != "array")
        pairs = []
        for column in columns:
            wanted = _plain(column)
            scored = [
                (fuzz.ratio(wanted, _plain(leaf.rsplit(".", 1)[-1])), -len(leaf), leaf) for leaf in free
            ]
            score, _, leaf = max(scored, default=(0.0, 0, ""))
            if score >= _ALIKE:
                pairs.append((column, leaf))
                del free[leaf]
        return tuple(pairs)

    def _is_open(self, path: str) -> bool:
        return any(path == known or path.startswith(f"{known}.") for known in self.open)


def _walk(schema: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, str]]:
    for name, field in _objects(schema.get("properties")):
        here = f"{path}.{name}" if path else name
        inner = field
        while isinstance(inner.get("items"), Mapping):
            inner = inner["items"]
        if _objects(inner.get("properties")):
            yield here, "object" if depth < MAX_DEPTH and not _is_composed(inner) else _OPEN
            if depth < MAX_DEPTH:
                yield from _walk(inner, here, depth + 1)
        elif (
            "$ref" in inner
            or inner.get("type") == "object"
            or "additionalProperties" in inner
            or not inner.get("type")
        ):
            yield here, _OPEN
        else:
            kind = inner.get("meta:xdmType") or inner.get("type")
            yield here, "array" if inner is not field else str(kind)


def _is_composed(schema: Mapping[str, Any]) -> bool:
    """Whether fields are described elsewhere."""
    arms = [arm for keyword in ("allOf", "anyOf", "oneOf") for arm in _listed(schema.get(keyword))]
    return "$ref" in schema or any("$ref" in arm or "properties" in arm for arm in arms)


def _listed(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _objects(value: object) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(value, Mapping):
        return []
    return [(str(name), field) for name, field in value.items() if isinstance(field, Mapping)]


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
