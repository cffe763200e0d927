"""Who switched a flow off, from the audit log, and what is said where the log does not tell."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from aep_flow_mcp.gathering.observed.changes import who_disabled, with_who
from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.diagnosis.diagnose import Diagnosis
from aep_flow_mcp.insight.diagnosis.evidence import read_history
from aep_flow_mcp.insight.diagnosis.findings import Finding
from aep_flow_mcp.platform.reader import FlowReader
from support.platform_wire import Wire

DISABLED = Finding(Cause.FLOW_DISABLED, 0.9, ("state disabled",))
OTHER = Finding(Cause.FLOW_DRAFT, 0.5, ("state draft",))


def diagnosis(*findings: Finding) -> Diagnosis:
    return Diagnosis(findings, read_history([]))


def event(action: str, status: str = "Allow", **more: Any) -> dict[str, Any]:
    base = {"action": action, "status": status, "timestamp": "2026-02-16T08:57:40.279+0000"}
    return base | {"userEmail": "mira@example.com"} | more


async def asked(wire: Wire, *events: dict[str, Any]) -> str | None:
    wire.answers = [{"_embedded": {"events": list(events)}}]
    async with wire.client() as client:
        return await who_disabled(FlowReader(client), "f1")


async def test_the_last_time_that_was_allowed() -> None:
    wire = Wire()
    who = await asked(
        wire,
        event("Update", userEmail="other@example.com"),
        event("DISABLE", status="Deny", userEmail="refused@example.com"),
        event("Disable"),
        event("Disable", userEmail="earlier@example.com"),
    )
    assert who == "switched off 2026-02-16T08:57:40Z by mira@example.com (audit log)"
    assert wire.requests[0].url.params.get_list("property") == ["assetId==f1"]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], None),
        ([event("Update")], None),
        ([event("Disable", userEmail=None, timestamp=None)], "switched off at an unknown time (audit log)"),
    ],
)
async def test_what_the_log_does_not_tell(events: list[dict[str, Any]], words: str | None) -> None:
    assert await asked(Wire(), *events) == words


async def told(wire: Wire, before: Diagnosis) -> Diagnosis:
    async with wire.client() as client:
        return await with_who(FlowReader(client), before, "f1")


async def test_only_a_disabled_flow_is_asked_about() -> None:
    wire = Wire()
    assert await told(wire, diagnosis(OTHER)) == diagnosis(OTHER)
    assert wire.requests == []


async def test_a_diagnosis_stands_without_the_log() -> None:
    wire = Wire()
    wire.handler = lambda request: httpx.Response(403, json={"title": "Forbidden"})
    first, second = (await told(wire, diagnosis(OTHER, DISABLED))).findings
    assert first == OTHER
    assert second.evidence == (
        "state disabled",
        "who switched it off is not known: the audit log cannot be read (permission)",
    )


async def test_who_did_it_stands_first() -> None:
    wire = Wire()
    wire.answers = [{"_embedded": {"events": [event("Disable")]}}]
    (finding,) = (await told(wire, diagnosis(DISABLED))).findings
    assert finding.evidence[1:] == DISABLED.evidence
    assert finding.evidence[0].endswith("by mira@example.com (audit log)")
