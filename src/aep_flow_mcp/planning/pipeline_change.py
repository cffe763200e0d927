"""From a wish to a verdict, and from a blueprint to the Change that the guard previews and sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from aep_flow_mcp.guard.changes.change import Change, Follow, Plan, Ref
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import known_by_name
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.pipelines.blueprint import Blueprint, Missing, Verdict, What, with_refs
from aep_flow_mcp.pipelines.judge import judge
from aep_flow_mcp.planning.pipeline_reading import Reading
from aep_flow_mcp.platform.models.text import clean_text

KINDS: Mapping[What, Kind] = {
    What.ACCOUNT: Kind.CONNECTION,
    What.SOURCE: Kind.SOURCE_CONNECTION,
    What.TARGET: Kind.TARGET_CONNECTION,
    What.MAPPING: Kind.MAPPING_SET,
    What.FLOW: Kind.FLOW,
}
DRAFT = {"mode": "draft"}


async def judged(reading: Reading, **beside: Any) -> Verdict:
    """Reads what the wish needs, and judges it. What could not be read is among the warnings, and so in the preview.

    Raises:
        PlatformError: something that the wish names cannot be read.
    """
    findings = await reading.read(**beside)
    verdict = judge(reading.wish, findings)
    warnings = (*reading.unread, *verdict.warnings)
    blueprint = verdict.blueprint and replace(verdict.blueprint, warnings=warnings)
    return replace(verdict, warnings=warnings, blueprint=blueprint)


def change_of(blueprint: Blueprint, *, warnings: Iterable[str] = (), follow: Follow | None = None) -> Change:
    """The ordered steps of a blueprint; each part is deleted again when a later step fails.

    warnings: besides its own.
    """
    plan = Plan(blueprint.title)
    made: dict[str, Ref] = {}
    for part in blueprint.parts:
        body = with_refs(part.body, made)
        made[part.what.value] = plan.create(
            KINDS[part.what],
            body,
            key=part.what.value,
            params=DRAFT if blueprint.draft and part.what is What.FLOW else None,
            secret_keys=part.secret_keys,
        )
        if part.what is What.FLOW and blueprint.disabled:
            plan.action(
                Kind.FLOW,
                made[part.what.value],
                "disable",
                name=body.get("name"),
                before={"state": "enabled"},
                intended={"state": ["disabled", "disabling"]},
                key="disabled",
            )
    return plan.change(
        summary=blueprint.summary,
        warnings=(*blueprint.warnings, *warnings),
        names=known_by_name(blueprint.names),
        follow=follow,
    )


def refusal(verdict: Verdict) -> PlanError:
    """Everything that is missing or wrong, as one error."""
    wrong = [f"- {clean_text(str(problem))}" for problem in verdict.problems]
    missing = [f"- {asked(item)}" for item in verdict.missing]
    lines = ["Nothing is planned yet."]
    lines += ["Wrong:", *wrong] if wrong else []
    lines += ["Missing:", *missing] if missing else []
    lines += [f"! {clean_text(warning)}" for warning in verdict.warnings]
    if verdict.suggested_fields:
        lines.append(f"Suggested fields: {pairs_text(verdict.suggested_fields)}")
    return PlanError(*lines, "plan_pipeline tells the same without writing.")


def asked(item: Missing) -> str:
    """`field (type): question; choices`, in one line."""
    more = f" and {item.more} more" if item.more else ""
    choices = f" One of: {', '.join(item.choices)}{more}." if item.choices else ""
    kind = f" ({item.type})" if item.type != "string" else ""
    return clean_text(f"{item.field}{kind}: {item.question}{choices}")


def pairs_text(pairs: tuple[tuple[str, str], ...]) -> str:
    """`column -> path; ...`."""
    return "; ".join(f"{clean_text(source)} -> {target}" for source, target in pairs)
