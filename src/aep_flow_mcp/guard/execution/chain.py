"""The format of a chained line: what it states of the line before and of itself, to the byte.

    {"prev":"<64 hex>",…,"hash":"<64 hex>"}

`hash` is SHA-256 over the bytes of the line before `,"hash":"`; `prev` is the `hash` of the line before. As the second
member a line may say how a chain begins (`begins`), or that the line before it was cut off (`torn`). docs/safety.md has
the whole of it, and a verifier in a few lines.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEW = "new"
"""`begins` of a chain before which there is nothing: its `prev` is `NOTHING`."""
HERE = "here"
"""`begins` of a chain after lines without hashes: its `prev` is the SHA-256 of all bytes before it."""
AFTER = "after "
"""`begins` of a file that goes on from another one, whose name follows: its `prev` is the last `hash` there."""
NOTHING = "0" * 64

_HASH = b',"hash":"'
_END = len(_HASH) + 64 + len(b'"}')
_LINK = re.compile(
    rb'\{"prev":"([0-9a-f]{64})"(?:,"(begins|torn)":"((?:[^"\\]|\\.){1,400})")?,.*,"hash":"([0-9a-f]{64})"\}',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Onto:
    """What a new line goes on from. lead: bytes that end what is there, before it."""

    prev: str
    begins: str | None = None
    torn: str | None = None
    lead: bytes = b""


@dataclass(frozen=True, slots=True)
class Link:
    """What a line states. good: whether its bytes have the hash that it states."""

    prev: str
    hash: str
    good: bool
    begins: str | None = None
    torn: str | None = None


def sealed(entry: Mapping[str, Any], onto: Onto) -> tuple[bytes, str]:
    """A line for these members, with its line feed, and its hash."""
    marks = {"begins": onto.begins, "torn": onto.torn}
    members = {"prev": onto.prev, **{name: value for name, value in marks.items() if value}, **entry}
    said = json.dumps(members, ensure_ascii=True, separators=(",", ":"))[:-1].encode("ascii")
    own = sha256(said)
    return said + _HASH + own.encode("ascii") + b'"}\n', own


def link_of(line: bytes) -> Link | None:
    """What a line (without its line feed) states; None for one that is no part of any chain."""
    found = _LINK.fullmatch(line)
    if found is None:
        return None
    prev, mark, value, own = found.groups()
    stated = own.decode("ascii")
    marks = {mark.decode("ascii"): _text(value)} if mark else {}
    return Link(prev.decode("ascii"), stated, sha256(line[:-_END]) == stated, **marks)


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _text(value: bytes) -> str:
    try:
        return str(json.loads(b'"' + value + b'"'))
    except ValueError:
        return ""
