"""One request of a Change, as a value: what is sent, what it needs, what it creates, how it is taken back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aep_flow_mcp.guard.changes.canonical import JSON, plain, shown, visible
from aep_flow_mcp.guard.changes.kinds import Kind

Method = Literal["POST", "PATCH", "PUT", "DELETE", "GET"]
REF_KEY = "$created"
_REF_IN_PATH = re.compile(r"\{\$created:([A-Za-z0-9_-]+)\}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
_PATH = re.compile(r"/data/(?:[A-Za-z0-9_~!$'()*+,;=:@%.-]|\{\$created:[A-Za-z0-9_-]+\}|/)+")


class PlanError(ValueError):
    """The change cannot be planned; the message says which argument to correct, without secret values.

    Each argument is a line: what a name from the organisation holds cannot begin another one.
    """

    def __str__(self) -> str:
        return "\n".join(visible(str(line)) for line in self.args)


class NothingToDo(PlanError):
    """Everything is already as asked: nothing is sent, and that is no error."""


class NotAnswered(PlanError):
    """A person was asked for values that the plan needs, and gave none.

    dismissed: the question was closed without an answer, instead of declined.
    """

    def __init__(self, sentence: str, *, dismissed: bool) -> None:
        super().__init__(sentence)
        self.dismissed = dismissed


@dataclass(frozen=True, slots=True)
class Ref:
    """The id of what an earlier step creates. In a body it is used as it is, in a path as `str(ref)`."""

    key: str

    def as_json(self) -> JSON:
        return {REF_KEY: self.key}

    def __str__(self) -> str:
        return f"{{{REF_KEY}:{self.key}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A request that takes a step back. Its path and body may hold the step's own `Ref`.

    `use_etag`: send the ETag that the step answered with as If-Match. `lost`: for a POST that creates again what was
    deleted, what is not as it was, as a clause; `params_again` is its query, and bodies of later undoings that hold the
    step's `Ref` get the new id.
    """

    method: Method
    path: str
    content: str | None = None
    use_etag: bool = False
    params_again: tuple[tuple[str, str], ...] = ()
    lost: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request. JSON is kept as text, so that nobody can change it after it was shown.

    Attributes:
        path: below the Platform URL, starting with `/data/`.
        label: what it does, in a few words.
        content: the body as canonical JSON; None sends none.
        etag: sent as If-Match.
        params: the query.
        key: what later steps call the id that it answers with.
        kind, object_id: what it acts on.
        creates: what it creates, None for nothing.
        undo: how to take it back; what it creates is deleted by default.
        before, after: the touched fields of an update, as canonical JSON.
        intended: fields that hold once the step is done, for finding out after a lost answer. A list
            as a value means any of these.
        lookup: (field, value) pairs that what it creates has, to find it after a lost answer.
        secret_keys: JSON pointers to the fields of the object that its connection spec declares secret.
        reveals: the answer holds secrets that are returned in clear (with AEP_MCP_REVEAL_SECRETS only).
        keeps: the members of its answer that are returned; all of them when empty.
        shown_by: the query with which a GET of the same path shows what this step replaces, for finding out
            after a lost answer; None where nothing shows it.
        expects: (member, value) pairs of its answer on which later steps count. Another value stops the Change:
            somebody else was there at the same time.
        namesakes: ids of what had the name of what it creates when it was planned, where no further one may come to
            be; None where names may be the same.
    """

    method: Method
    path: str
    label: str
    content: str | None = None
    etag: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    key: str = "step1"
    kind: Kind | None = None
    object_id: str | None = None
    creates: Kind | None = None
    undo: Undo | None = None
    before: str | None = None
    after: str | None = None
    intended: str | None = None
    lookup: tuple[tuple[str, str], ...] = ()
    secret_keys: frozenset[str] = frozenset()
    reveals: bool = False
    keeps: tuple[str, ...] = ()
    shown_by: tuple[tuple[str, str], ...] | None = None
    expects: tuple[tuple[str, str], ...] = ()
    namesakes: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path) or any(part in (".", "..") for part in self.path.split("/")):
            raise PlanError(f"{shown(self.path, limit=200)} is not a path below the Platform URL.")
        if not _KEY.fullmatch(self.key):
            raise PlanError("a step's key takes letters, digits, _ and -.")
        if self.etag is not None and not _header_safe(self.etag):
            raise PlanError("the ETag holds characters that an ETag cannot hold.")
        if self.method == "GET" and not self.reveals:
            raise PlanError("a GET belongs into a Change only to reveal a secret.")

    @property
    def body(self) -> JSON:
        """What is sent, with references (to secrets, to earlier results) as they are; a new copy each time."""
        return None if self.content is None else json.loads(self.content)

    @property
    def refs(self) -> frozenset[str]:
        """The keys of the earlier steps that it needs."""
        return frozenset(_REF_IN_PATH.findall(self.path)) | _refs(self.body)

    def fields(self) -> dict[str, JSON]:
        """Everything that matters about it, as JSON."""
        undo = None
        if self.undo is not None:
            undo = {
                name: plain(getattr(self.undo, name)) for name in Undo.__slots__ if _is_said(self.undo, name)
            }
        said = {
            name: getattr(self, name) for name in Step.__slots__ if name != "undo" and _is_said(self, name)
        }
        return {**{name: plain(value) for name, value in said.items()}, "undo": undo}


_LATER = ("expects", "namesakes", "params_again", "lost")
"""Members that came later: without a value they are no part of a digest, so that digests stay what they were."""


def _is_said(value: Step | Undo, name: str) -> bool:
    return name not in _LATER or bool(getattr(value, name))


def resolve_refs(value: JSON, ids: Mapping[str, str]) -> JSON:
    """A body with every reference replaced by the id that it stands for."""
    if isinstance(value, dict):
        if set(value) == {REF_KEY} and isinstance(value[REF_KEY], str):
            return ids[value[REF_KEY]]
        return {key: resolve_refs(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_refs(item, ids) for item in value]
    return value


def resolve_path(path: str, ids: Mapping[str, str]) -> str:
    """A path with every reference replaced by the quoted id."""
    from urllib.parse import quote

    return _REF_IN_PATH.sub(lambda match: quote(ids[match[1]], safe=""), path)


def _refs(value: JSON) -> frozenset[str]:
    if isinstance(value, dict):
        if set(value) == {REF_KEY} and isinstance(value[REF_KEY], str):
            return frozenset({value[REF_KEY]})
        return frozenset[str]().union(*(_refs(item) for item in value.values()))
    if isinstance(value, list):
        return frozenset[str]().union(*(_refs(item) for item in value))
    return frozenset()


def _header_safe(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip() and 0 < len(text) <= 500
