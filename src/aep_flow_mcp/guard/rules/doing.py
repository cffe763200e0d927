"""What a change does, in the words of a policy: to which kinds of object it does what."""

from __future__ import annotations

from dataclasses import dataclass

from aep_flow_mcp.guard.changes.change import Change, Step
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import REF_KEY
from aep_flow_mcp.guard.rules.models import Verb

_BY_METHOD = {"DELETE": Verb.DELETE, "PATCH": Verb.UPDATE, "PUT": Verb.UPDATE}
_BY_ACTION = {"enable": Verb.ENABLE, "disable": Verb.DISABLE, "publish": Verb.UPDATE}


@dataclass(frozen=True, slots=True, order=True)
class Doing:
    """A verb and the kind of object; None is what is no stored object."""

    verb: Verb
    kind: Kind | None

    def __str__(self) -> str:
        if self.verb is Verb.SECRETS:
            return "secrets"
        return f"{self.verb.value} {self.kind.value}" if self.kind else self.verb.value


def doings(change: Change) -> tuple[Doing, ...]:
    """Everything that a change does, each once, in the order of its steps."""
    return tuple(dict.fromkeys(Doing(_verb(step), step.creates or step.kind) for step in change.steps))


def _verb(step: Step) -> Verb:
    if step.reveals or (step.kind is None and "credentials" in step.path):
        return Verb.SECRETS
    if Kind.RUN in (step.kind, step.creates):
        return Verb.RUN
    if step.creates is not None or (step.object_id and REF_KEY in step.object_id):
        return Verb.CREATE  # What is done to an object of this very change is part of its making.
    if step.method in _BY_METHOD:
        return _BY_METHOD[step.method]
    return _BY_ACTION.get(dict(step.params).get("op", ""), Verb.OTHER)
