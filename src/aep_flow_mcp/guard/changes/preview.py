"""A Change as a person reads it. Pure: the same Change gives the same text, and nothing is left out unsaid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from aep_flow_mcp.guard import secrets
from aep_flow_mcp.guard.changes import human, masking
from aep_flow_mcp.guard.changes.canonical import JSON, visible
from aep_flow_mcp.guard.changes.change import Change, Step
from aep_flow_mcp.guard.changes.human import Field, Row
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import Named
from aep_flow_mcp.guard.changes.patches import ABSENT, differences
from aep_flow_mcp.guard.changes.whole import TEXT_LIMIT, abridged, whole
from aep_flow_mcp.platform.redaction import MASK
from aep_flow_mcp.platform.redaction.texts import names_a_variable


@dataclass(frozen=True, slots=True)
class StepPreview:
    """One request. `body` is compact JSON on one line; `changes` are `field: before -> after` lines, both whole.

    short_body, short_changes: the same for a text. cuts: what they leave out, by name and size.
    """

    method: str
    path: str
    label: str
    body: str | None
    changes: tuple[str, ...]
    if_match: str | None
    short_body: str | None = None
    short_changes: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    """`field is 2026-01-31T08:00:00Z` for what is sent as epoch seconds or milliseconds."""
    names: tuple[str, ...] = ()
    """`field is account "Loyalty SFTP"` for an id whose name is known."""
    rows: tuple[Row, ...] = ()
    """The rows of a mapping set; `short_body` is without them."""
    fields: tuple[Field, ...] = ()
    """Every value of the body but the rows, where no `changes` tell them; for a page."""
    sides: tuple[tuple[str, str, str], ...] = ()
    """(field, before, after): the `changes` in their parts, for a page that shows them side by side."""

    def redacted(self, redact: Callable[[str], str]) -> StepPreview:
        """The same with every text passed through `redact`."""
        return replace(
            self,
            path=redact(self.path),
            label=redact(self.label),
            body=None if self.body is None else redact(self.body),
            short_body=None if self.short_body is None else redact(self.short_body),
            changes=tuple(map(redact, self.changes)),
            sides=tuple((redact(field), redact(old), redact(new)) for field, old, new in self.sides),
            short_changes=tuple(map(redact, self.short_changes)),
            cuts=tuple(map(redact, self.cuts)),
            names=tuple(map(redact, self.names)),
            rows=tuple(
                Row(redact(row.source), redact(row.target), row.kind, redact(row.more)) for row in self.rows
            ),
            fields=tuple(Field(redact(one.name), redact(one.value), redact(one.note)) for one in self.fields),
        )

    def lines(self) -> Iterator[str]:
        """What a person reads of it in a text, before its JSON."""
        yield from self.names
        yield from self.short_changes
        yield from (f"map {row.line}" for row in self.rows)
        if self.times:
            yield f"times: {', '.join(self.times)}"
        if self.cuts:
            yield f"not shown whole here: {', '.join(self.cuts)}"


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
    at: str = ""
    """Where the sandbox is: the host and the organisation, or that it is emulated. Shown on the page."""
    dependents: tuple[str, ...] = ()
    """Everything that uses what is changed or deleted; the warnings name the first few."""

    @property
    def where(self) -> str:
        """The sandbox and its type."""
        return f"sandbox {visible(self.sandbox)} ({visible(self.sandbox_type)})"

    @property
    def production(self) -> bool:
        """Whether it must look like production: whatever is not known to be for development."""
        return self.sandbox_type != "development"

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known before saying yes, a line each."""
        lines = [f"THIS IS PRODUCTION: {self.where}."] if self.production else []
        lines += self.warnings
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
            steps=tuple(step.redacted(redact) for step in self.steps),
            warnings=tuple(map(redact, self.warnings)),
            literal_secrets=tuple(map(redact, self.literal_secrets)),
            dependents=tuple(map(redact, self.dependents)),
        )

    @property
    def cuts(self) -> tuple[str, ...]:
        """What the text leaves out and the page shows, by name and size; a text that is cut is no question to ask."""
        cuts = tuple(cut for step in self.steps for cut in step.cuts)
        length = len(self.text())
        return cuts if cuts or length <= TEXT_LIMIT else (f"the preview: {length} characters",)

    def text(self) -> str:
        """The preview in as few lines as it takes: what is done, what to know, and last the JSON that is sent.

        It ends with the fingerprint of the whole Change.
        """
        lines = [f"{self.title} in {self.where}", *([self.summary] if self.summary else [])]
        several = len(self.steps) > 1
        for number, step in enumerate(self.steps, 1):
            version = f" (only version {step.if_match})" if step.if_match else ""
            what = f": {step.label}" if several else ""
            lines.append(f"{number}. {step.method} {step.path}{version}{what}")
            lines.extend(f"   {line}" for line in step.lines())
        lines.extend(f"! {note}" for note in self.notes)
        for number, step in enumerate(self.steps, 1):
            if step.short_body is not None:
                lines.append(f"   body{f' of {number}' if several else ''}: {step.short_body}")
        lines.append(f"Change {self.digest[:16]}")
        return "\n".join(lines)

    def whole_text(self) -> str:
        """The text without cuts, however long it is: for a terminal, which scrolls."""
        steps = (
            replace(step, short_body=step.body, short_changes=step.changes, cuts=()) if step.cuts else step
            for step in self.steps
        )
        return replace(self, steps=tuple(steps)).text()


def bounded(shown: Preview) -> str:
    """The text where nobody is asked by it: what passes the limit is cut at a line, and said."""
    text = shown.text()
    if len(text) <= TEXT_LIMIT:
        return text
    note = f"… (cut: {len(text)} characters in all; the page of AEP_MCP_APPROVAL=browser shows them)"
    kept = text[: TEXT_LIMIT - len(note) - 1]
    return f"{kept[: kept.rfind(chr(10)) + 1] or kept}{note}"


def preview(change: Change) -> Preview:
    """The preview of a Change whose secrets were checked (`secrets.check`)."""
    uses = secrets.uses(change)
    return Preview(
        title=visible(change.title),
        summary=visible(change.summary),
        sandbox=change.sandbox,
        sandbox_type=change.sandbox_type,
        steps=tuple(_step(step, change.names) for step in change.steps),
        warnings=change.warnings,
        references=uses.references,
        literal_secrets=uses.literal,
        undone=len(change.steps) > 1 and any(map(_taken_back, change.steps[:-1])),
        digest=change.digest,
        dependents=change.dependents,
    )


def _taken_back(step: Step) -> bool:
    """Whether a step leaves nothing behind once it is undone; what is lost otherwise the planner says."""
    return step.creates is not None or (step.undo is not None and step.undo.lost is None)


def change_lines(step: Step) -> tuple[str, ...]:
    """`field: before -> after` for each field that an update changes, without secrets, long values cut."""
    return _short_changes(step)[0]


def _changes(step: Step) -> Iterator[tuple[str, object, object]]:
    """(field, before, after) for each field that an update changes, as it may be shown."""
    if step.after is None:
        return
    # Compared in clear, shown masked: a new password is a change although both look like ***.
    before, after = _comparable(step, _loaded(step.before), _loaded(step.after))
    hidden = _comparable(
        step, masking.masked_fields(step, step.before), masking.masked_fields(step, step.after)
    )
    masked = {field: (old, new) for field, old, new in differences(*hidden)}
    for field, _, _ in differences(before, after):
        old, new = masked.get(field, (MASK, MASK))
        yield field, old, new


def _comparable(step: Step, before: JSON, after: JSON) -> tuple[JSON, ...]:
    return human.by_target(before, after) if step.kind is Kind.MAPPING_SET else (before, after)


def _short_changes(step: Step) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The changes for a text, and what they leave out."""
    lines: list[str] = []
    cuts: dict[str, None] = {}
    for field, *values in _changes(step):
        texts = []
        for value in values:
            text, cut = (_gone(step), ()) if value is ABSENT else abridged(field, value)
            texts.append(f"{text}{_moment(field, value)}")
            cuts.update(dict.fromkeys(cut))
        lines.append(f"{field}: {texts[0]} -> {texts[1]}{_renewed(*values)}")
    return tuple(lines), tuple(cuts)


def _step(step: Step, names: Sequence[Named]) -> StepPreview:
    sides = tuple(
        (field, _value(step, field, old), f"{_value(step, field, new)}{_renewed(old, new)}")
        for field, old, new in _changes(step)
    )
    changes = tuple(f"{field}: {old} -> {new}" for field, old, new in sides)
    short_changes, cuts = _short_changes(step)
    body = None if step.content is None else masking.masked_body(step)
    told = body if step.after is None else masking.masked_fields(step, step.after)
    rows = human.rows_of(body) or ()
    short_body = None
    # The lines say all that an update changes; what a PUT sends is the whole object.
    if step.content is not None and (step.method == "PUT" or not changes):
        short_body, more = abridged("body", human.without_rows(body, len(rows)) if rows else body)
        cuts += more
    query = "&".join(f"{key}={value}" for key, value in step.params)
    return StepPreview(
        method=step.method,
        path=visible(f"{step.path}?{query}" if query else step.path),
        label=visible(step.label),
        body=None if step.content is None else whole(body),
        changes=changes,
        sides=sides,
        if_match=visible(step.etag) if step.etag else None,
        short_body=short_body,
        short_changes=short_changes,
        cuts=tuple(dict.fromkeys(cuts)),
        times=human.times_in(told, but={field for field, _, _ in _changes(step)}),
        names=human.names_in(told, names),
        rows=rows,
        fields=human.fields_of(body, names, but_rows=bool(rows)) if body is not None and not changes else (),
    )


def _renewed(old: object, new: object) -> str:
    """Of a secret that another one replaces: both look alike, or the new one is told by its reference."""
    if new == MASK and old == MASK:
        return " (a new value, not shown)"
    return " (a new value, by reference)" if old == MASK and names_a_variable(new) else ""


def _gone(step: Step) -> str:
    return "(left out)" if step.method == "PUT" else "(none)"


def _value(step: Step, field: str, value: object) -> str:
    return _gone(step) if value is ABSENT else f"{whole(value)}{_moment(field, value)}"


def _moment(field: str, value: object) -> str:
    """` (2026-01-31T08:00:00Z)` after a time in epoch seconds or milliseconds."""
    moment = "" if value is ABSENT else human.time_of(field.rsplit(".", 1)[-1], value)
    return f" ({moment})" if moment else ""


def _loaded(content: str | None) -> JSON:
    return {} if content is None else json.loads(content)
