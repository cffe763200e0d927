"""What a person may do by the policy, in lines for people: for `doctor --as`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aep_flow_mcp.callers import Person
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.rules.doing import Doing
from aep_flow_mcp.guard.rules.judging import Asked, Denied, judge
from aep_flow_mcp.guard.rules.models import PolicyFile, Verb

_OBJECTS = {Verb.RUN: (Kind.RUN,), Verb.SECRETS: (None,), Verb.OTHER: (None,)}
_SWITCHED = (Verb.ENABLE, Verb.DISABLE)


def somebody(name: str, roles: Sequence[str]) -> Person:
    """A person whose subject and name are both what is given; with no abilities, which no policy gives."""
    return Person("", name, "", name, frozenset(), roles=frozenset(roles))


def explained(policy: PolicyFile, who: Person, sandbox: str, sandbox_type: str, at: datetime) -> list[str]:
    """A line for each verb: which objects, by which rules, with what; or why not, and when. Nothing counts as done."""
    lines = []
    for verb in Verb:
        said: dict[str, list[str]] = {}
        for kind in _kinds(verb):
            asked = Asked(who, (Doing(verb, kind),), sandbox, sandbox_type)
            found = judge(policy, asked, at, {})
            if isinstance(found, Denied):
                never = "no: no rule allows it" if found.sentence.endswith("no rule allows it.") else ""
                what = never or f"not now: {found.sentence.removesuffix('.')}"
            else:
                rule = found.rules[0]
                limits = [f"{rule.a_day} a day"] if rule.a_day else []
                limits += ["another person approves"] if rule.four_eyes else []
                what = f"yes, by rule {rule.name}" + (f" ({', '.join(limits)})" if limits else "")
            said.setdefault(what, []).append(kind.value if kind else "")
        for what, kinds in said.items():
            objects = "" if len(said) == 1 else f" {', '.join(kinds)}"
            lines.append(f"{verb.value}{objects}: {what}")
    return lines


def _kinds(verb: Verb) -> Sequence[Kind | None]:
    if verb in _OBJECTS:
        return _OBJECTS[verb]
    if verb in _SWITCHED:
        return (Kind.FLOW,)
    return [kind for kind in Kind if kind is not Kind.RUN and (verb is not Verb.DELETE or kind.deletable)]
