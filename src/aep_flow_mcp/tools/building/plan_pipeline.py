"""From a wish to what is missing or wrong, or to the whole preview. Reads only."""

from collections.abc import Iterable

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from aep_flow_mcp.answers.text import Answer
from aep_flow_mcp.app import App
from aep_flow_mcp.callers import person
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.preview import bounded, preview
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.guard.policy import Allowed, Refusal
from aep_flow_mcp.guard.secrets import SecretError, check
from aep_flow_mcp.pipelines.blueprint import Verdict
from aep_flow_mcp.pipelines.connectors import label_of
from aep_flow_mcp.planning.pipeline_change import change_of, judged, pairs_text
from aep_flow_mcp.planning.pipeline_reading import Reading
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.pipeline_arguments import Pair, Wish, with_wish_arguments
from aep_flow_mcp.surface.registry import read_tool

ROOM = 5_000
"""Characters of the text: at most 1,200 tokens."""
_SHORT = 400


class Question(BaseModel):
    """An argument that is missing; `choices` come from the organisation or a spec, `more` are left out."""

    field: str
    question: str
    type: str
    choices: list[str] = Field(default_factory=list)
    more: int | None = None


class Wrong(BaseModel):
    """An argument that is wrong, and the fix."""

    field: str
    fix: str


class PipelinePlan(Answer):
    """What stands between a wish and a pipeline; with nothing missing or wrong, the preview of its creation."""

    ready: bool
    recipe: str | None = None
    connector: str | None = None
    missing: list[Question] = Field(default_factory=list)
    problems: list[Wrong] = Field(default_factory=list)
    suggested_fields: list[Pair] = Field(default_factory=list)
    preview: str | None = None
    notes: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """What to do first comes first; long bodies are shortened."""
        about = clean_text(", ".join(part for part in (self.recipe, self.connector) if part))
        kind = f" ({about})" if about else ""
        lines = [f"{self._state()}{kind}"]
        lines += _listed("Wrong:", (f"{item.field}: {item.fix}" for item in self.problems))
        lines += _listed("Missing:", map(_asked, self.missing))
        if self.suggested_fields:
            pairs = tuple((pair.source, pair.target) for pair in self.suggested_fields)
            lines.append(f"Suggested fields: {pairs_text(pairs)}")
        lines += [f"! {clean_text(note)}" for note in self.notes]
        if self.preview:
            lines += self.preview.split("\n")
        return _fitted(lines)

    def _state(self) -> str:
        if self.ready:
            return "Ready: create_pipeline with the same arguments does this after approval."
        todo = [
            *(["correct what is wrong"] if self.problems else []),
            *(["ask the person for what is missing"] if self.missing else []),
        ]
        return f"Not ready: {' and '.join(todo)}, then call again with everything."


@read_tool("pipelines")
@with_wish_arguments
async def plan_pipeline(app: AppState, aep: Reader, wish: Wish) -> PipelinePlan:
    """Plan a pipeline from what is known: what is missing (with choices) or wrong; else the full preview.
    Say what you know, ask the person for the rest, call again. Writes nothing."""
    reading = Reading(aep, wish)
    where: list[Allowed | Refusal] = []

    async def may_write() -> None:
        where.append(await app.guard.policy.writes(aep.sandbox))

    verdict = await judged(reading, beside=[may_write])
    problems = [Wrong(field=item.field, fix=item.message) for item in verdict.problems]
    notes: list[str] = []
    shown = None
    if isinstance(where[0], Refusal):
        notes.append(f"create_pipeline would be refused: {where[0].sentence}")
    if verdict.blueprint is None:
        notes += verdict.warnings
    else:
        change = _placed(change_of(verdict.blueprint), where[0], aep)
        if isinstance(where[0], Allowed):
            permitted = await app.guard.policy.permits(change, person())
            if isinstance(permitted, Refusal):
                notes.append(f"create_pipeline would be refused: {permitted.sentence}")
        problems += _secrets(app, change)
        shown = None if problems else bounded(preview(change))
    return PipelinePlan(
        ready=shown is not None,
        recipe=verdict.recipe,
        connector=_connector(reading, verdict),
        missing=[
            Question(
                field=item.field,
                question=item.question,
                type=item.type,
                choices=list(item.choices),
                more=item.more or None,
            )
            for item in verdict.missing
        ],
        problems=problems,
        suggested_fields=[Pair(source=source, target=target) for source, target in verdict.suggested_fields],
        preview=shown,
        notes=notes,
    )


def _placed(change: Change, where: Allowed | Refusal, aep: FlowReader) -> Change:
    if isinstance(where, Allowed):
        return change.in_sandbox(where.sandbox, where.sandbox_type)
    return change.in_sandbox(where.sandbox or aep.sandbox or "(none)", "no writes")


def _secrets(app: App, change: Change) -> list[Wrong]:
    """References that cannot be resolved are found now, not when a person has agreed."""
    try:
        check(change, prefix=app.settings.mcp_secrets_prefix, environ=app.guard.environ)
    except SecretError as error:
        return [Wrong(field="auth_params", fix=str(error))]
    except PlanError as error:
        raise ToolError(str(error)) from error
    return []


def _connector(reading: Reading, verdict: Verdict) -> str | None:
    spec = reading.connector() if verdict.recipe else None
    return label_of(spec) if spec else None


def _asked(item: Question) -> str:
    kind = f" ({item.type})" if item.type != "string" else ""
    more = f" and {item.more} more" if item.more else ""
    choices = f" Choices: {', '.join(item.choices)}{more}." if item.choices else ""
    return f"{item.field}{kind}: {item.question}{choices}"


def _listed(head: str, items: Iterable[str]) -> list[str]:
    found = [f"- {clean_text(item)}" for item in items]
    return [head, *found] if found else []


def _fitted(lines: list[str]) -> str:
    """Within `ROOM`: the longest lines, which are bodies and choices, are shortened first."""
    kept = list(lines)
    while sum(map(len, kept)) + len(kept) > ROOM:
        at = max(range(len(kept)), key=lambda index: len(kept[index]))
        if len(kept[at]) <= _SHORT:
            note = f"\n… (cut: {sum(map(len, lines)) + len(lines)} characters; approval shows all)"
            return "\n".join(kept)[: ROOM - len(note)] + note
        excess = sum(map(len, kept)) + len(kept) - ROOM
        length = max(_SHORT // 2, len(kept[at]) - excess - 60)
        kept[at] = f"{lines[at][:length]}… (cut: {len(lines[at])} characters; approval shows all)"
    return "\n".join(kept)
