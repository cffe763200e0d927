"""A preview as an app takes it: the same words, in parts. It shows; nothing of it approves. Pure."""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.guard.changes.preview import Preview, StepPreview

VIEW = "aep-flow-mcp/plan"
"""Where it stands in the `_meta` of the answer."""


def card(shown: Preview) -> dict[str, Any]:
    """Secrets are masked in a preview, or told by reference; so they are here."""
    return {
        "title": shown.title,
        "summary": shown.summary,
        "sandbox": shown.sandbox,
        "sandbox_type": shown.sandbox_type,
        "warnings": list(shown.warnings),
        "dependents": list(shown.dependents),
        "references": list(shown.references),
        "literal_secrets": list(shown.literal_secrets),
        "steps": [_step(step) for step in shown.steps],
        "undone": shown.undone,
        "digest": shown.digest,
    }


def _step(step: StepPreview) -> dict[str, Any]:
    return {
        "label": step.label,
        "method": step.method,
        "path": step.path,
        "if_match": step.if_match,
        "body": step.body,
        "changes": [list(side) for side in step.sides],
        "fields": [[one.name, one.value, one.note] for one in step.fields],
        "rows": [[row.source, row.target, f"{row.kind} {row.more}".strip()] for row in step.rows],
        "names": list(step.names),
        "times": list(step.times),
    }
