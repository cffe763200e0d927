"""A Change as a person reads it. Pure: the same Change gives the same text, and nothing is left out unsaid."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from aep_flow_mcp.guard import secrets
from aep_flow_mcp.guard.changes import masking
from aep_flow_mcp.guard.changes.canonical import JSON, shown, visible
from aep_flow_mcp.guard.changes.change import Change, Step
from aep_flow_mcp.guard.changes.patches import ABSENT, differences
from aep_flow_mcp.platform.redaction import MASK

VALUE_LIMIT = 2_000
"""Characters of one value; a longer one is cut and says how long it is."""
BODY_LIMIT = 6_000
"""Characters of one body."""


@dataclass(frozen=True, slots=True)
class StepPreview:
    """One request. `body` is compact JSON on one line; `changes` are `field: before -> after` lines."""

    method: str
    path: str
    label: str
    body: str | None
    changes: tuple[str, ...]
    if_match: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that is shown. All texts are on one line each, with hidden characters made visible."""

    title: str
    summary: str
    sandbox: str
    sandbox_type: str
    steps: tuple[StepPreview, ...]
    warnings: tuple[str, ...]
    references: tuple[str, ...]
    literal_secrets: tuple[str, ...]
    undone: bool
    digest: str

    @property
    def where(self) -> str:
        """The sandbox and its type."""
        return f"sandbox {visible(self.sandbox)} ({visible(self.sandbox_type)})"

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known before saying yes, a line each."""
        lines = list(self.warnings)
        if self.references:
            lines.append(f"Secrets that are filled in when it is sent: {', '.join(self.references)}.")
        if self.literal_secrets:
            fields = ", ".join(self.literal_secrets)
            lines.append(
                f"What may be a secret passed through the conversation: {fields}. A reference would not."
            )
        if self.undone:
            lines.append("If a step fails, what earlier steps created is deleted again.")
        return tuple(lines)

    def redacted(self, redact: Callable[[str], str]) -> Preview:
        """The same with every text passed through `redact`; the fingerprint stays."""
        return replace(
            self,
            title=redact(self.title),
            summary=redact(self.summary),
            steps=tuple(
                replace(
                    step,
                    path=redact(step.path),
                    label=redact(step.label),
                    body=None if step.body is None else redact(step.body),
                    changes=tuple(map(redact, step.changes)),
                )
                for step in self.steps
            ),
            warnings=tuple(map(redact, self.warnings)),
            literal_secrets=tuple(map(redact, self.literal_secrets)),
        )

    def text(self) -> str:
        """The preview in as few lines as it takes; it ends with the fingerprint of the whole Change."""
        lines = [f"{self.title} in {self.where}"]
        if self.summary:
            lines.append(self.summary)
        for number, step in enumerate(self.steps, 1):
            lines.append(
                f"{number}. {step.method} {step.path}"
                + (f" (only version {step.if_match})" if step.if_match else "")
            )
            if len(self.steps) > 1:
                lines[-1] += f": {step.label}"
            lines.extend(f"   {change}" for change in step.changes)
            if step.body is not None:
                lines.append(f"   body: {step.body}")
        lines.extend(f"! {note}" for note in self.notes)
        lines.append(f"Change {self.digest[:16]}")
        return "\n".join(lines)


def preview(change: Change) -> Preview:
    """The preview of a Change whose secrets were checked (`secrets.check`)."""
    uses = secrets.uses(change)
    return Preview(
        title=visible(change.title),
        summary=visible(change.summary),
        sandbox=change.sandbox,
        sandbox_type=change.sandbox_type,
        steps=tuple(map(_step, change.steps)),
        warnings=change.warnings,
        references=uses.references,
        literal_secrets=uses.literal,
        undone=len(change.steps) > 1 and any(step.creates or step.undo for step in change.steps[:-1]),
        digest=change.digest,
    )


def change_lines(step: Step) -> tuple[str, ...]:
    """`field: before -> after` for each field that an update changes, without secrets."""
    if step.after is None:
        return ()
    # Compared in clear, shown masked: a new password is a change although both look like ***.
    before, after = _loaded(step.before), _loaded(step.after)
    masked = {
        field: (old, new)
        for field, old, new in differences(
            masking.masked_fields(step, step.before), masking.masked_fields(step, step.after)
        )
    }
    lines = []
    for field, _, _ in differences(before, after):
        old, new = masked.get(field, (MASK, MASK))
        gone = "(left out)" if step.method == "PUT" else "(none)"
        lines.append(f"{field}: {_value(old, gone)} -> {_value(new, gone)}")
    return tuple(lines)


def _step(step: Step) -> StepPreview:
    changes = change_lines(step)
    body = None
    if step.content is not None and (step.method == "PUT" or not changes):
        body = shown(masking.masked_body(step), limit=BODY_LIMIT)
    query = "&".join(f"{key}={value}" for key, value in step.params)
    return StepPreview(
        method=step.method,
        path=visible(f"{step.path}?{query}" if query else step.path),
        label=visible(step.label),
        body=body,
        changes=changes,
        if_match=visible(step.etag) if step.etag else None,
    )


def _value(value: object, absent: str = "(none)") -> str:
    return absent if value is ABSENT else shown(value, limit=VALUE_LIMIT)


def _loaded(content: str | None) -> JSON:
    return {} if content is None else json.loads(content)
