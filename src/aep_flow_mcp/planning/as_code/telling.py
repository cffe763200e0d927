"""A plan as people and programs read it: text, Markdown for a pull request, JSON. Pure: one plan, one text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aep_flow_mcp.documents.same import Difference
from aep_flow_mcp.guard.changes.canonical import shown, visible
from aep_flow_mcp.planning.as_code.whole import Action, Entry, WholePlan
from aep_flow_mcp.platform.redaction.texts import redact_text

_SIGNS = {Action.CREATE: "+", Action.CHANGE: "~", Action.DELETE: "-", Action.NONE: " "}
VALUE = 300
"""Characters of one value."""


def text_of(plan: WholePlan, *, digest: str | None = None, more: Iterable[str] = ()) -> str:
    """Some lines: what happens to which pipeline, what is wrong, and the digest that approves it."""
    lines = [f"Sandbox {visible(plan.sandbox)}. {plan.sentence}"]
    for entry in plan.entries:
        if entry.action is Action.NONE and not entry.differences:
            continue
        lines.append(
            f"{_SIGNS[entry.action]} {visible(entry.name)} ({visible(entry.file)}): {entry.action.value}"
        )
        lines += [f"    {line(difference)}" for difference in entry.differences]
        lines += [f"    ! {visible(note)}" for note in entry.notes]
    lines += [f"! {visible(note)}" for note in plan.notes]
    if plan.problems:
        lines.append("Nothing can be applied before this is right:")
        lines += [visible(str(problem)) for problem in plan.problems]
    elif plan.change is None:
        lines.append("Nothing to do.")
    lines += [visible(one) for one in more]
    if digest:
        lines.append(f"Digest: {digest}")
    return "\n".join(map(redact_text, lines))


def line(difference: Difference) -> str:
    """`field: before -> after`; the whole value of what is new or gone."""
    field = visible(difference.field)
    if difference.before is None:
        return f"{field}: + {_value(difference.after)}"
    if difference.after is None:
        return f"{field}: - {_value(difference.before)}"
    return f"{field}: {_value(difference.before)} -> {_value(difference.after)}"


def json_of(plan: WholePlan, *, digest: str | None = None) -> str:
    """One JSON object."""
    return json.dumps(value_of(plan, digest=digest), ensure_ascii=False, indent=1, default=str) + "\n"


def value_of(plan: WholePlan, *, digest: str | None = None) -> dict[str, Any]:
    """The same as a plain value."""
    return {
        "sandbox": plan.sandbox,
        "summary": plan.sentence,
        "changes": plan.change is not None,
        "digest": digest,
        "pipelines": [_entry(entry) for entry in plan.entries],
        "problems": [
            {
                "file": problem.file,
                "line": problem.mark.line,
                "column": problem.mark.column,
                "field": problem.field,
                "message": redact_text(problem.message),
            }
            for problem in plan.problems
        ],
        "notes": list(map(redact_text, plan.notes)),
    }


def markdown_of(plan: WholePlan, *, digest: str | None = None) -> str:
    """A comment for a pull request."""
    lines = [f"### Pipelines in sandbox `{_cell(plan.sandbox)}`", "", _cell(plan.sentence), ""]
    touched = [entry for entry in plan.entries if entry.action is not Action.NONE]
    if touched:
        lines += ["| | pipeline | file | what changes |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {entry.action.value} | {_cell(entry.name)} | `{_cell(entry.file)}` | {_changes(entry)} |"
            for entry in touched
        ]
        lines.append("")
    lines += [f"- {_cell(f'{entry.name}: {note}')}" for entry in touched for note in entry.notes]
    lines += [f"- {_cell(note)}" for note in plan.notes]
    if plan.problems:
        lines += ["", "**Nothing can be applied before this is right:**", ""]
        lines += [f"- {_cell(str(problem))}" for problem in plan.problems]
    elif plan.change is None:
        lines.append("Nothing to do.")
    if digest:
        lines += ["", f"Digest: `{digest}`"]
    return "\n".join(map(redact_text, lines)) + "\n"


def _entry(entry: Entry) -> Mapping[str, Any]:
    return {
        "pipeline": entry.name,
        "file": entry.file,
        "action": entry.action.value,
        "flow": entry.flow["id"] if entry.flow else None,
        "differences": [
            {"field": one.field, "before": _hidden(one.before), "after": _hidden(one.after)}
            for one in entry.differences
        ],
        "notes": list(map(redact_text, entry.notes)),
    }


def _changes(entry: Entry) -> str:
    return "<br>".join(_cell(line(difference)) for difference in entry.differences)


def _cell(text: str) -> str:
    """Text of an organisation in a table cell: it neither ends the cell nor becomes Markdown or HTML."""
    plain = visible(text)
    for sign in "\\`*_{}[]<>|#~!":
        plain = plain.replace(sign, f"&#{ord(sign)};")
    return plain


def _value(value: Any) -> str:
    return redact_text(shown(value, limit=VALUE))


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {key: _hidden(item) for key, item in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else value
