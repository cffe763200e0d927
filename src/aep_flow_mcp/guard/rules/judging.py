"""The decision: what the rules say of a change at a moment. Pure; the one place that decides by the policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from aep_flow_mcp.callers import Person
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.rules.doing import Doing
from aep_flow_mcp.guard.rules.models import Freeze, PolicyFile, Rule, Where
from aep_flow_mcp.guard.rules.windows import bounds, holds, is_open, next_day, next_moment

_NAME = 120


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to do. who: None where nobody signs in."""

    who: Person | None
    doings: tuple[Doing, ...]
    sandbox: str
    sandbox_type: str


@dataclass(frozen=True, slots=True)
class Decision:
    """It may be done, by these rules. needs_other_approver: another person has to approve it."""

    rules: tuple[Rule, ...] = ()

    @property
    def needs_other_approver(self) -> bool:
        return any(rule.four_eyes for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not. until: when it may, by what is known now; None when it never may."""

    sentence: str
    until: datetime | None = None


def fitting(policy: PolicyFile, asked: Asked, doing: Doing) -> Iterator[Rule]:
    """The rules that let somebody do a thing in a sandbox, at some time, in the order of the file."""
    for rule in policy.rules:
        may = "everything" in rule.may or doing.verb in rule.may
        kind = rule.objects is None or doing.kind in rule.objects
        if may and kind and _is_for(rule, asked.who) and _covers(rule.where, asked):
            yield rule


def judge(policy: PolicyFile, asked: Asked, at: datetime, used: Mapping[str, int]) -> Decision | Denied:
    """What the policy says. used: by the name of a rule, how many changes this person has made today.

    Of several rules that let a thing be done now, one without four eyes decides, and of those the first.
    """
    chosen: list[Rule] = []
    for doing in asked.doings:
        rules = list(fitting(policy, asked, doing))
        if not rules:
            return Denied(
                f"{_name(asked.who)} may not {doing} in sandbox {shown(asked.sandbox, limit=80)}: no rule allows it."
            )
        frozen = next((freeze for freeze in _frozen(policy, asked, at)), None)
        now = [rule for rule in rules if _left(rule, used) and _open(policy, rule, at)]
        if frozen is not None or not now:
            return _later(policy, asked, rules, at, used, frozen)
        chosen.append(min(now, key=lambda rule: rule.four_eyes))
    return Decision(tuple(dict.fromkeys(chosen)))


def _later(
    policy: PolicyFile,
    asked: Asked,
    rules: Sequence[Rule],
    at: datetime,
    used: Mapping[str, int],
    frozen: Freeze | None,
) -> Denied:
    """Refused for now: by which rule or freeze, and until when."""
    tomorrow = next_day(at, policy.timezone)

    def fits(moment: datetime) -> bool:
        if next(_frozen(policy, asked, moment), None) is not None:
            return False
        return any(
            _open(policy, rule, moment) and (_left(rule, used) or moment >= tomorrow) for rule in rules
        )

    windows = [window for rule in rules for window in rule.when or ()]
    zones = {policy.timezone, *(each.timezone for each in windows if each.timezone)}
    zones |= {freeze.timezone for freeze in policy.freezes if freeze.timezone}
    until = next_moment(
        at, fits, zones, [minute for window in windows for minute in bounds(window) if minute < 1_440]
    )
    if frozen is not None:
        why = f"the freeze {shown(frozen.name, limit=_NAME)} lasts until {frozen.last} is over"
    elif spent := [rule for rule in rules if not _left(rule, used) and _open(policy, rule, at)]:
        rule = spent[0]
        why = f"rule {shown(rule.name, limit=_NAME)} allows {rule.a_day} a day, and {_name(asked.who)} has made them"
    else:
        names = ", ".join(shown(rule.name, limit=_NAME) for rule in rules[:3])
        why = f"rule {names} allows it at other times"
    when = (
        f"It is allowed from {_moment(until, policy, rules)}" if until else "In the year to come it never is"
    )
    return Denied(f"{why}. {when}.", until)


def _moment(until: datetime, policy: PolicyFile, rules: Sequence[Rule]) -> str:
    zone = next(
        (window.timezone for rule in rules for window in rule.when or () if window.timezone), policy.timezone
    )
    return f"{until.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _is_for(rule: Rule, who: Person | None) -> bool:
    if rule.who.everyone:
        return True
    if who is None:
        return False
    return (
        who.subject in (rule.who.subjects or ())
        or who.name in (rule.who.names or ())
        or bool(who.roles & set(rule.who.roles or ()))
    )


def _covers(where: Where, asked: Asked) -> bool:
    named = where.sandboxes is None or any(fnmatchcase(asked.sandbox, each) for each in where.sandboxes)
    # A type that could not be read counts as production, as it does where the settings decide.
    kind = "development" if asked.sandbox_type == "development" else "production"
    return named and (where.types is None or kind in where.types)


def _frozen(policy: PolicyFile, asked: Asked, at: datetime) -> Iterator[Freeze]:
    for freeze in policy.freezes:
        if holds(freeze, at, policy.timezone) and _covers(freeze.where, asked):
            yield freeze


def _open(policy: PolicyFile, rule: Rule, at: datetime) -> bool:
    return rule.when is None or any(is_open(window, at, policy.timezone) for window in rule.when)


def _left(rule: Rule, used: Mapping[str, int]) -> bool:
    return rule.a_day is None or used.get(rule.name, 0) < rule.a_day


def _name(who: Person | None) -> str:
    return "whoever calls" if who is None else shown(who.name or who.subject, limit=_NAME)
