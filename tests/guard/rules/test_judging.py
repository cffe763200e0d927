"""The decision, without a server: who, what, where, when, how often, and whether another person approves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aep_flow_mcp.callers import Person
from aep_flow_mcp.guard.changes.change import Change, Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.rules.doing import Doing, doings
from aep_flow_mcp.guard.rules.explaining import explained, somebody
from aep_flow_mcp.guard.rules.judging import Asked, Decision, Denied, judge
from aep_flow_mcp.guard.rules.models import PolicyFile, Verb

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADA = Person(
    "https://login.example.com", "ada", "client", "Ada Lovelace", frozenset(), roles=frozenset({"engineers"})
)
UPDATE = Doing(Verb.UPDATE, Kind.FLOW)


def rule(name: str = "r", **given: Any) -> dict[str, Any]:
    return {"name": name, "who": {"everyone": True}, "may": ["everything"], **given}


def policy(*rules: dict[str, Any], **given: Any) -> PolicyFile:
    return PolicyFile.model_validate({"version": 1, "rules": rules, **given})


def asked(*doing: Doing, who: Person | None = ADA, sandbox: str = "dev", kind: str = "development") -> Asked:
    return Asked(who, doing or (UPDATE,), sandbox, kind)


def allowed(found: Decision | Denied) -> bool:
    return isinstance(found, Decision)


@pytest.mark.parametrize(
    ("who", "fits"),
    [
        ({"everyone": True}, True),
        ({"subjects": ["bob", "ada"]}, True),
        ({"subjects": ["Ada Lovelace"]}, False),
        ({"names": ["Ada Lovelace"]}, True),
        ({"names": ["ada"]}, False),
        ({"roles": ["engineers"]}, True),
        ({"roles": ["ada", "Engineers"]}, False),
        ({"names": ["Bob"], "roles": ["engineers"]}, True),
    ],
)
def test_whom_a_rule_is_for(who: dict[str, Any], fits: bool) -> None:
    assert allowed(judge(policy(rule(who=who)), asked(), MONDAY, {})) is fits
    nobody = judge(policy(rule(who=who)), asked(who=None), MONDAY, {})
    assert allowed(nobody) is ("everyone" in who), "over stdio nobody signs in"


@pytest.mark.parametrize(
    ("where", "sandbox", "kind", "fits"),
    [
        ({}, "anything", "production", True),
        ({"sandboxes": ["dev"]}, "dev", "development", True),
        ({"sandboxes": ["dev"]}, "Dev", "development", False),
        ({"sandboxes": ["stage-*"]}, "stage-1", "development", True),
        ({"types": ["development"]}, "dev", "development", True),
        ({"types": ["development"]}, "prod", "production", False),
        ({"types": ["development"]}, "odd", "unknown", False),
        ({"types": ["production"]}, "odd", "unknown", True),
        ({"sandboxes": ["dev"], "types": ["production"]}, "dev", "development", False),
    ],
)
def test_where_a_rule_holds(where: dict[str, Any], sandbox: str, kind: str, fits: bool) -> None:
    assert allowed(judge(policy(rule(where=where)), asked(sandbox=sandbox, kind=kind), MONDAY, {})) is fits


def test_everything_that_a_change_does_has_to_be_allowed() -> None:
    only = policy(rule(may=["update", "create"], objects=["flow"]))
    assert allowed(judge(only, asked(UPDATE, Doing(Verb.CREATE, Kind.FLOW)), MONDAY, {}))
    for other in (
        Doing(Verb.DELETE, Kind.FLOW),
        Doing(Verb.UPDATE, Kind.CONNECTION),
        Doing(Verb.SECRETS, None),
    ):
        found = judge(only, asked(UPDATE, other), MONDAY, {})
        assert isinstance(found, Denied)
        assert found.until is None
        assert found.sentence == f'"Ada Lovelace" may not {other} in sandbox "dev": no rule allows it.'


def test_out_of_its_windows_a_rule_says_when_it_holds_again() -> None:
    weekdays = {"days": ["tue", "wed"], "hours": "09:00-17:00", "timezone": "Europe/Berlin"}
    found = judge(policy(rule("office", when=[weekdays])), asked(), MONDAY, {})
    assert isinstance(found, Denied)
    assert found.until == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    assert '"office"' in found.sentence
    assert "2026-03-03 09:00 (Europe/Berlin)" in found.sentence
    assert allowed(judge(policy(rule("office", when=[weekdays])), asked(), found.until, {}))


def test_a_freeze_wins_over_every_rule_where_it_holds() -> None:
    freeze = {"name": "launch", "from": "2026-03-02", "to": "2026-03-04", "where": {"sandboxes": ["dev"]}}
    frozen = policy(rule(), timezone="America/New_York", freezes=[freeze])
    found = judge(frozen, asked(), MONDAY, {})
    assert isinstance(found, Denied)
    assert found.until == datetime(2026, 3, 5, 5, 0, tzinfo=UTC)
    assert "launch" in found.sentence
    assert allowed(judge(frozen, asked(sandbox="stage"), MONDAY, {}))


def test_a_freeze_without_an_end_in_sight_says_so() -> None:
    freeze = {"name": "sold", "from": "2026-01-01", "to": "2036-01-01"}
    found = judge(policy(rule(), freezes=[freeze]), asked(), MONDAY, {})
    assert isinstance(found, Denied)
    assert found.until is None


def test_what_is_used_up_comes_back_the_next_day() -> None:
    two = policy(rule("two", a_day=2), timezone="Asia/Tokyo")
    assert allowed(judge(two, asked(), MONDAY, {"two": 1}))
    found = judge(two, asked(), MONDAY, {"two": 2})
    assert isinstance(found, Denied)
    assert found.until == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    assert 'rule "two" allows 2 a day, and "Ada Lovelace" has made them' in found.sentence


def test_the_rule_that_needs_nobody_else_decides() -> None:
    eyes, own = rule("eyes", four_eyes=True), rule("own", a_day=1)
    found = judge(policy(eyes, own), asked(), MONDAY, {})
    assert isinstance(found, Decision)
    assert ([one.name for one in found.rules], found.needs_other_approver) == (["own"], False)
    found = judge(policy(eyes, own), asked(), MONDAY, {"own": 1})
    assert isinstance(found, Decision)
    assert ([one.name for one in found.rules], found.needs_other_approver) == (["eyes"], True)


def test_one_thing_that_needs_four_eyes_is_enough() -> None:
    both = policy(rule("a", may=["update"]), rule("b", may=["delete"], four_eyes=True))
    found = judge(both, asked(UPDATE, Doing(Verb.DELETE, Kind.FLOW)), MONDAY, {})
    assert isinstance(found, Decision)
    assert found.needs_other_approver


def test_a_policy_without_rules_allows_nothing() -> None:
    assert not allowed(judge(policy(), asked(), MONDAY, {}))


RENAME = [{"op": "replace", "path": "/name", "value": "G"}]
FLOW = {"id": "f", "name": "F", "etag": '"1"', "state": "enabled"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change.create(Kind.CONNECTION, {"name": "c"}), ["create connection"]),
        (
            Change.update(
                Kind.FLOW, "f", FLOW, [{"op": "replace", "path": "/name", "value": "G"}], etag='"1"'
            ),
            ["update flow"],
        ),
        (Change.replace(Kind.FLOW_SPEC, "s", {"name": "a"}, {"name": "b"}), ["update flow spec"]),
        (Change.delete(Kind.FLOW, FLOW), ["delete flow"]),
        (Change.action(Kind.FLOW, "f", "enable", intended={"state": ["enabled"]}), ["enable flow"]),
        (Change.action(Kind.FLOW, "f", "disable", intended={"state": ["disabled"]}), ["disable flow"]),
        (
            Change.action(Kind.CONNECTION, "c", "publish", intended={"state": ["published"]}),
            ["update connection"],
        ),
        (Change.create(Kind.RUN, {"flowId": "f"}), ["run flow run"]),
        (
            Change.action(Kind.RUN, "r", "re-trigger", creates=Kind.RUN, lookup={"flowId": "f"}),
            ["run flow run"],
        ),
        (Change.reveal("/data/foundation/connectors/landingzone/credentials", label="show"), ["secrets"]),
        (
            Change.request("POST", "/data/foundation/connectors/landingzone/credentials", label="x"),
            ["secrets"],
        ),
        (Change.request("POST", "/data/core/something", label="x"), ["other"]),
    ],
)
def test_what_a_change_does(change: Change, words: list[str]) -> None:
    assert [str(one) for one in doings(change)] == words


def test_what_is_done_to_what_a_change_makes_is_part_of_making_it() -> None:
    plan = Plan("p")
    flow = plan.create(Kind.FLOW, {"name": "f"})
    plan.action(Kind.FLOW, flow, "disable", intended={"state": ["disabled"]})
    assert [str(one) for one in doings(plan.change())] == ["create flow"]


def test_what_a_person_may_do_is_told_in_lines() -> None:
    said = policy(
        rule("own", who={"roles": ["engineers"]}, may=["create", "update"], objects=["flow"], a_day=3),
        rule("nights", who={"names": ["ada"]}, may=["run"], when=[{"hours": "20:00-06:00"}]),
        rule("eyes", who={"subjects": ["ada"]}, may=["delete"], four_eyes=True),
    )
    lines = explained(said, somebody("ada", ["engineers"]), "dev", "development", MONDAY)
    assert "create flow: yes, by rule own (3 a day)" in lines
    assert "delete: yes, by rule eyes (another person approves)" in lines
    assert any(line.startswith("run: not now: ") and "2026-03-02 20:00 (UTC)" in line for line in lines)
    assert "secrets: no: no rule allows it" in lines
    assert not any(
        ": yes" in line for line in explained(said, somebody("bob", []), "dev", "development", MONDAY)
    )
