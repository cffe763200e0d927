"""A `Change`: everything that one write tool wants to send, as a value that cannot be changed any more.

A planner (the function under `@write_tool`) reads what it must, checks what it can, and returns one:

    Change.create(Kind.FLOW, body)                             POST, undone by DELETE
    Change.update(Kind.FLOW, flow_id, before, ops, etag=etag)  PATCH with If-Match; before -> after
    Change.replace(Kind.FLOW_SPEC, spec_id, before, body)      PUT
    Change.delete(Kind.FLOW, flow, dependents=[...])           DELETE
    Change.action(Kind.FLOW, flow_id, "enable", name=..., intended={"state": ["enabled", "enabling"]})
    Change.request("POST", path, label=..., params=...)        anything else, once
    Change.reveal(path, label=..., params=...)                 a secret, read in clear after approval

and, for several objects, all or nothing, in the order in which they are sent:

    plan = Plan("Export dataset Orders to the landing zone")
    base = plan.create(Kind.CONNECTION, {...})
    target = plan.create(Kind.TARGET_CONNECTION, {"baseConnectionId": base, ...})
    plan.create(Kind.FLOW, {"targetConnectionIds": [target], ...})
    return plan.change(warnings=["..."])

`base` and `target` are `Ref`s: they stand in a later body or path for an id that does not exist yet.

A planner raises `PlanError` with a sentence when the arguments cannot work; `NothingToDo` (raised by
`Change.update` too) when everything is already as asked. It does not name the sandbox: the guard does.
Text in `title`, `summary` and `warnings` is shown on one line with hidden characters made visible.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aep_flow_mcp.guard.changes import masking
from aep_flow_mcp.guard.changes.bodies import Object, content_of, document_of, params_of
from aep_flow_mcp.guard.changes.canonical import canonical, shown
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import Named, first_few, quoted, sentence
from aep_flow_mcp.guard.changes.steps import Method, NotAnswered, NothingToDo, PlanError, Ref, Step, Undo
from aep_flow_mcp.platform.models.common import MANAGED

__all__ = ["Change", "NotAnswered", "NothingToDo", "Plan", "PlanError", "Ref", "Step", "Undo"]

Follow = Callable[[Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""Reads what has become of a Change: from the ids by step key to what the answer shows as its data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Steps in order, and what a person needs to know to decide. `sandbox*` are filled in by the guard.

    names: what ids in it stand for. dependents: what uses what it changes or deletes, all of it, a line each; the
    warnings name the first few. four_eyes: the policy wants another person to approve it, filled in by the guard too.
    follow: reads, once all is done, what the answer tells besides the ids. It is no part of what is approved.
    """

    title: str
    steps: tuple[Step, ...]
    summary: str = ""
    warnings: tuple[str, ...] = ()
    sandbox: str = ""
    sandbox_type: str = ""
    names: tuple[Named, ...] = ()
    dependents: tuple[str, ...] = ()
    follow: Follow | None = field(default=None, compare=False, repr=False)
    four_eyes: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if not self.steps:
            raise PlanError("a Change has at least one step.")
        known: set[str] = set()
        for step in self.steps:
            unknown = step.refs - known
            if unknown:
                raise PlanError(
                    f"{step.label} refers to {', '.join(sorted(unknown))}, which no earlier step creates."
                )
            if step.key in known:
                raise PlanError(f"two steps are called {step.key}.")
            known.add(step.key)

    # --- one step ---------------------------------------------------------------------------------------

    @classmethod
    def create(cls, kind: Kind, body: Object, **details: Any) -> Change:
        """One new object; details as in `Plan.create`, plus `title`, `summary`, `warnings`, `names`, `used`."""
        return _single("create", kind, body, **details)

    @classmethod
    def update(
        cls, kind: Kind, object_id: str, before: Object, ops: Iterable[Object], *, etag: str, **details: Any
    ) -> Change:
        """JSON Patch operations on an object as it was read, valid for that ETag only."""
        return _single("update", kind, object_id, before, ops, etag=etag, **details)

    @classmethod
    def replace(cls, kind: Kind, object_id: str, before: Object, body: Object, **details: Any) -> Change:
        """A whole new body (PUT); with `etag`, valid for that ETag only."""
        return _single("replace", kind, object_id, before, body, **details)

    @classmethod
    def delete(
        cls, kind: Kind, item: Object | str, *, dependents: Sequence[str] = (), **details: Any
    ) -> Change:
        """Delete an object (as read, or its id). `dependents`: what stops working, a line each."""
        return _single("delete", kind, item, dependents=dependents, **details)

    @classmethod
    def action(cls, kind: Kind, object_id: str, op: str, **details: Any) -> Change:
        """`POST .../action?op=...`; details as in `Plan.action`."""
        return _single("action", kind, object_id, op, **details)

    @classmethod
    def request(cls, method: Method, path: str, *, label: str, **details: Any) -> Change:
        """Any other single write; details as in `Plan.request`."""
        return _single("request", method, path, label=label, **details)

    @classmethod
    def reveal(
        cls, path: str, *, label: str, params: Mapping[str, str] | None = None, **details: Any
    ) -> Change:
        """Read secrets in clear, after approval. Only in a tool built with `guarded(fn, reveals=True)`."""
        return _single("request", "GET", path, label=label, params=params, reveals=True, **details)

    # --- identity ---------------------------------------------------------------------------------------

    def in_sandbox(self, name: str, sandbox_type: str) -> Change:
        """The same change, in this sandbox."""
        return replace(self, sandbox=name, sandbox_type=sandbox_type)

    def canonical(self) -> bytes:
        """Everything that matters, literal secrets included. Two Changes are the same if these bytes are."""
        return canonical(self._fields()).encode("utf-8", "surrogatepass")

    @property
    def digest(self) -> str:
        """SHA-256 over everything that matters but literal secrets, in hexadecimal: to show and to log."""
        fields = self._fields()
        for step, shape in zip(self.steps, fields["steps"], strict=True):
            shape["content"] = canonical(masking.masked_body(step))
            shape["before"] = canonical(masking.masked_fields(step, step.before))
            shape["after"] = canonical(masking.masked_fields(step, step.after))
        return hashlib.sha256(canonical(fields).encode("utf-8", "surrogatepass")).hexdigest()

    def _fields(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "summary": self.summary,
            "warnings": list(self.warnings),
            "sandbox": self.sandbox,
            "sandbox_type": self.sandbox_type,
            "steps": [step.fields() for step in self.steps],
            "names": [[one.id, one.what, one.name] for one in self.names],
            "dependents": list(self.dependents),
        }


class Plan:
    """Collects the steps of a Change. Every method adds one step; those that create return its `Ref`."""

    def __init__(self, title: str = "") -> None:
        self._title = title
        self._steps: list[Step] = []
        self._warnings: list[str] = []
        self._dependents: list[str] = []

    def create(
        self,
        kind: Kind,
        body: Object,
        *,
        key: str | None = None,
        params: Mapping[str, str] | None = None,
        secret_keys: Iterable[str] = (),
        undo: Undo | None = None,
        namesakes: frozenset[str] | None = None,
    ) -> Ref:
        """POST to the kind's collection. It is deleted again when a later step fails. namesakes: see `Step`.

        secret_keys: JSON pointers to what its connection spec declares secret (`ConnectionSpec.secret_pointers`).
        """
        document = document_of(body)
        name = document.get("name")
        lookup = {"name": name} if isinstance(name, str) else {}
        if kind is Kind.RUN and isinstance(document.get("flowId"), str):
            lookup = {"flowId": document["flowId"]}
        return self._add(
            Step(
                method="POST",
                path=kind.collection,
                label=f"create {kind.value}{quoted(name)}",
                content=content_of(document),
                params=params_of(params),
                key=key or self._next_key(),
                kind=kind,
                creates=kind,
                lookup=params_of(lookup),
                undo=undo,
                secret_keys=frozenset(secret_keys),
                namesakes=namesakes,
            )
        )

    def update(
        self,
        kind: Kind,
        object_id: str | Ref,
        before: Object,
        ops: Iterable[Object],
        *,
        etag: str,
        key: str | None = None,
        secret_keys: Iterable[str] = (),
        undo: Undo | None = None,
    ) -> None:
        """PATCH with If-Match.

        Raises:
            NothingToDo: the operations change nothing.
            PlanError: an operation is unknown or does not fit the object.
        """
        from aep_flow_mcp.guard.changes.patches import Patch

        patch = Patch.of(document_of(before), [document_of(op) for op in ops])
        if not patch.changes_something:
            raise NothingToDo(f"The {kind.value} is already as asked: nothing was sent.")
        self._add(
            Step(
                method="PATCH",
                path=_path(kind, object_id),
                label=f"update {kind.value}{quoted(document_of(before).get('name'))}",
                content=content_of(patch.ops),
                etag=etag,
                key=key or self._next_key(),
                kind=kind,
                object_id=str(object_id),
                before=canonical(patch.before),
                after=canonical(patch.after),
                undo=undo,
                secret_keys=frozenset(secret_keys),
            )
        )

    def replace(
        self,
        kind: Kind,
        object_id: str,
        before: Object,
        body: Object,
        *,
        etag: str | None = None,
        key: str | None = None,
        expects: Mapping[str, Any] | None = None,
    ) -> None:
        """PUT the whole body: what the object has and the body has not goes, and is shown as going.

        etag: the one of the object as read by default; where it has none, a changed object is asked about again.
        expects: members of the answer, such as the version that this makes, on which later steps count.

        Raises:
            NothingToDo: the object already has this body.
        """
        document, old = document_of(body), document_of(before)
        replaced = {name: value for name, value in old.items() if name in document or name not in MANAGED}
        if replaced == document:
            raise NothingToDo(f"The {kind.value} is already as asked: nothing was sent.")
        known = old.get("etag") or old.get("eTag")
        self._add(
            Step(
                method="PUT",
                path=_path(kind, object_id),
                label=f"replace {kind.value}{quoted(old.get('name'))}",
                content=content_of(document),
                etag=etag or (known if isinstance(known, str) else None),
                key=key or self._next_key(),
                kind=kind,
                object_id=object_id,
                before=canonical(replaced),
                after=canonical(document),
                intended=canonical(document),
                expects=params_of(expects),
            )
        )

    def delete(
        self,
        kind: Kind,
        item: Object | str,
        *,
        dependents: Sequence[str] = (),
        key: str | None = None,
        undo: Undo | None = None,
    ) -> None:
        """DELETE, which belongs at the end. undo: how something like it is created again; nothing brings it back."""
        document = {"id": item} if isinstance(item, str) else document_of(item)
        object_id = str(document.get("id") or "")
        self.depending("Stops working", dependents)
        self._add(
            Step(
                method="DELETE",
                path=_path(kind, object_id),
                label=f"delete {kind.value}{quoted(document.get('name'))}",
                key=key or self._next_key(),
                kind=kind,
                object_id=object_id,
                # A deletion carries no If-Match; the ETag is here so that a changed object is asked about again.
                before=canonical({"etag": document.get("etag")}),
                undo=undo,
            )
        )

    def action(
        self,
        kind: Kind,
        object_id: str | Ref,
        op: str,
        *,
        name: str | None = None,
        etag: str | None = None,
        params: Mapping[str, str] | None = None,
        before: Object | None = None,
        intended: Object | None = None,
        creates: Kind | None = None,
        lookup: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Ref:
        """POST .../action?op=OP without a body.

        before, intended: the fields that the action changes and how they end (`{"state": "disabled"}`,
        `{"state": ["enabled", "enabling"]}`). creates, lookup: for an action that makes something new
        (re-triggering a run: `creates=Kind.RUN, lookup={"flowId": ...}`).
        """
        return self._add(
            Step(
                method="POST",
                path=f"{_path(kind, object_id)}/action",
                label=f"{op.lower()} {kind.value}{quoted(name)}",
                etag=etag,
                params=(("op", op), *params_of(params)),
                key=key or self._next_key(),
                kind=kind,
                object_id=str(object_id),
                creates=creates,
                before=None if before is None else canonical(document_of(before)),
                intended=None if intended is None else canonical(document_of(intended)),
                lookup=params_of(lookup),
            )
        )

    def request(
        self,
        method: Method,
        path: str,
        *,
        label: str,
        body: object = None,
        params: Mapping[str, str] | None = None,
        etag: str | None = None,
        key: str | None = None,
        undo: Undo | None = None,
        reveals: bool = False,
        keeps: Iterable[str] = (),
        shown_by: Mapping[str, str] | None = None,
    ) -> Ref:
        """A request that none of the others is.

        shown_by: the query with which a GET of the same path shows what it replaces; without it the outcome is
        unknown when its answer is lost.
        """
        return self._add(
            Step(
                method=method,
                path=path,
                label=label,
                content=None if body is None else content_of(body),
                params=params_of(params),
                etag=etag,
                key=key or self._next_key(),
                undo=undo,
                reveals=reveals,
                keeps=tuple(keeps),
                shown_by=None if shown_by is None else params_of(shown_by),
            )
        )

    def warn(self, *sentences: str) -> None:
        """What the person must know before saying yes: shown in the preview, a line each."""
        self._warnings.extend(sentences)

    def depending(self, how: str, lines: Sequence[str]) -> None:
        """What uses what is changed or deleted, a line each: the first few are shown, all are kept."""
        self._dependents.extend(map(sentence, lines))
        self.warn(*first_few(how, lines))

    def change(
        self,
        *,
        title: str = "",
        summary: str = "",
        warnings: Iterable[str] = (),
        names: Iterable[Named] = (),
        follow: Follow | None = None,
    ) -> Change:
        """The finished Change."""
        first = self._steps[0].label if self._steps else ""
        return Change(
            title=sentence(title or self._title or f"{first[:1].upper()}{first[1:]}"),
            summary=sentence(summary),
            warnings=tuple(map(sentence, (*self._warnings, *warnings))),
            steps=tuple(self._steps),
            names=tuple(one for one in names if any(one.id in (step.content or "") for step in self._steps)),
            dependents=tuple(self._dependents),
            follow=follow,
        )

    def _add(self, step: Step) -> Ref:
        self._steps.append(step)
        return Ref(step.key)

    def _next_key(self) -> str:
        return f"step{len(self._steps) + 1}"


def _single(
    method: str,
    *args: Any,
    title: str = "",
    summary: str = "",
    warnings: Iterable[str] = (),
    names: Iterable[Named] = (),
    used: tuple[str, Sequence[str]] | None = None,
    **kw: Any,
) -> Change:
    plan = Plan(title)
    getattr(plan, method)(*args, **kw)
    if used is not None:
        plan.depending(*used)
    return plan.change(summary=summary, warnings=warnings, names=names)


def _path(kind: Kind, object_id: str | Ref) -> str:
    if isinstance(object_id, Ref):
        return f"{kind.collection}/{object_id}"
    if not object_id or object_id.strip(".") == "":
        raise PlanError(f"{shown(object_id, limit=80)} is not the id of a {kind.value}.")
    return kind.path(object_id)
