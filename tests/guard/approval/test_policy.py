"""Where writes may go: the sandbox's type decides, as the Sandbox API gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.guard.policy import Allowed, Policy, Refusal
from guard.bed import YES, Bed, Clock, Person, settings

MakeBed = Callable[..., Bed]
TYPES: dict[str, str | None] = {"dev": "development", "prod": "production", "odd": "staging", "mute": None}


class Types:
    """The Sandbox API, and how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.types = dict(TYPES)

    async def __call__(self, name: str) -> str | None:
        self.asked.append(name)
        return self.types[name]


def policy(types: Types, clock: Clock | None = None, **values: Any) -> Policy:
    return Policy(settings(sandboxes=("prod", "odd", "mute"), **values), types, clock=clock or Clock())


async def test_a_development_sandbox_may_be_written_to() -> None:
    assert await policy(Types()).writes("dev") == Allowed("dev", "development")
    assert await policy(Types()).writes(None) == Allowed("dev", "development")


@pytest.mark.parametrize("name", ["prod", "odd", "mute"])
async def test_production_and_what_is_not_known_need_the_switch(name: str) -> None:
    refused = await policy(Types()).writes(name)
    assert isinstance(refused, Refusal)
    assert "AEP_MCP_ALLOW_PRODUCTION_WRITES" in refused.sentence
    allowed = await policy(Types(), mcp_allow_production_writes=True).writes(name)
    assert isinstance(allowed, Allowed)


async def test_the_name_says_nothing() -> None:
    types = Types()
    types.types |= {"prod": "development", "dev": "production"}
    assert isinstance(await policy(types).writes("prod"), Allowed)
    assert isinstance(await policy(types).writes("dev"), Refusal)


async def test_read_only_wins_and_asks_nobody() -> None:
    types = Types()
    refused = await policy(types, mcp_read_only=True, mcp_allow_production_writes=True).writes("dev")
    assert isinstance(refused, Refusal)
    assert "AEP_MCP_READ_ONLY" in refused.sentence
    assert types.asked == []


async def test_only_configured_sandboxes() -> None:
    types = Types()
    refused = await policy(types).writes("another")
    assert isinstance(refused, Refusal)
    assert "AEP_SANDBOXES" in refused.sentence
    nowhere = await Policy(settings(sandbox=None), types).writes(None)
    assert isinstance(nowhere, Refusal)
    assert "AEP_SANDBOX" in nowhere.sentence
    assert types.asked == []


async def test_a_type_is_believed_for_a_minute_and_an_unknown_one_not_at_all() -> None:
    types, clock = Types(), Clock()
    guarded = policy(types, clock)
    for _ in range(3):
        await guarded.writes("dev")
        await guarded.writes("mute")
    assert types.asked.count("dev") == 1
    assert types.asked.count("mute") == 3
    types.types["dev"] = "production"
    clock.now += 60
    assert isinstance(await guarded.writes("dev"), Refusal)


async def test_secrets_are_revealed_where_the_setting_says_so() -> None:
    assert isinstance(await policy(Types()).reveals("dev"), Refusal)
    assert await policy(Types(), mcp_reveal_secrets=True).reveals("prod") == Allowed("prod", "production")


# --- through the protocol ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"sandbox": "prod"}, "AEP_MCP_ALLOW_PRODUCTION_WRITES"),
        ({"mcp_read_only": True}, "AEP_MCP_READ_ONLY"),
        ({"sandbox": None}, "AEP_SANDBOX"),
    ],
)
async def test_a_refusal_asks_nobody_and_sends_nothing(
    make_bed: MakeBed,
    era: str,
    audit: Callable[[], list[dict[str, Any]]],
    values: dict[str, Any],
    setting: str,
) -> None:
    bed = make_bed(**values)
    person = Person(YES)
    for tool, arguments in (("make_connection", {"name": "n"}), ("make_export", {"name": "n"})):
        result = await bed.call(tool, arguments, era=era, person=person)
        assert result.status == "refused"
        assert setting in result.text
    assert person.questions == []
    assert bed.writes == []
    assert [line["event"] for line in audit()] == ["refused", "refused"]


async def test_when_the_sandbox_api_fails_the_sandbox_counts_as_production(
    make_bed: MakeBed, era: str
) -> None:
    bed = make_bed()
    bed.emulator.faults.add(FaultRule(r"^GET .*sandbox-management", "status", status=403))
    result = await bed.call("make_connection", {"name": "n"}, era=era, person=Person(YES))
    assert result.status == "refused"
    assert "could not be read" in result.text
    assert bed.writes == []


async def test_a_sandbox_that_turns_into_production_after_the_preview(make_bed: MakeBed, era: str) -> None:
    bed = make_bed()
    first = await bed.call("make_connection", {"name": "n"}, era=era)
    bed.clock.now += 61
    dev = bed.emulator.store.sandboxes["dev"]
    dev.about = {**dev.about, "type": "production"}
    second = await bed.call("confirm_change", {"confirmation_id": first.data["confirmation_id"]}, era=era)
    assert second.status == "refused"
    assert bed.writes == []
