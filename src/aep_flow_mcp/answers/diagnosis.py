"""The answer of diagnose_flow: its shapes, and its words."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.text import InPieces, Several, table
from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.platform.models.text import clean_text


class Suspect(BaseModel):
    """A cause that the evidence supports, less than the first."""

    cause: Cause
    headline: str
    evidence: list[str]


class NextStep(BaseModel):
    """The tool to call next."""

    tool: str
    arguments: dict[str, Any]


class Check(BaseModel):
    """Something that the flow depends on, and how it is."""

    part: str
    name: str
    result: str


class ErrorGroupRow(BaseModel):
    """Runs that failed for the same reason: `share` of the runs looked at, `lost` records, what the code means, and the
    message of one. `in_a_row_since`: it is what the newest runs end with, from then on."""

    error: str
    runs: int
    share: str
    lost: int | None = None
    first: str | None = None
    last: str | None = None
    in_a_row_since: str | None = None
    meaning: str | None = None
    message: str | None = None


class OneDiagnosis(InPieces):
    """What is wrong with a flow. `cause` is `unknown` where nothing explains it, `nothing_wrong_found` where all
    is well. `now` is how the flow does at present: `since` is the first of the `in_a_row` runs that fail (or read
    nothing), "at least ..." where it may be earlier; `last_good` the last run before. `runs` says what the runs looked
    at did; records and errors are over them. With a `window` those are the runs of that time."""

    flow: str
    flow_id: str
    state: str | None = None
    run_id: str | None = None
    cause: Cause
    headline: str
    certainty: str
    evidence: list[str]
    fix: str
    next_step: NextStep | None = None
    others: list[Suspect]
    checks: list[Check]
    now: str
    since: str | None = None
    in_a_row: int | None = None
    last_good: str | None = None
    window: str | None = None
    runs: str
    records_written: int | None = None
    records_lost: int | None = None
    records_skipped: int | None = None
    errors: list[ErrorGroupRow]

    def text(self) -> str:
        run = f", run {self.run_id}" if self.run_id else ""
        lines = [
            f"{clean_text(self.flow)} ({self.flow_id}, {self.state or 'state unknown'}{run})",
            f"cause: {self.cause.value}. {self.headline} ({self.certainty}).",
            *(f"- {clean_text(line)}" for line in self.evidence),
            f"fix: {self.fix}",
        ]
        if self.next_step:
            arguments = ", ".join(f"{name}={value}" for name, value in self.next_step.arguments.items())
            lines.append(f"next: {self.next_step.tool}({arguments})")
        for other in self.others:
            lines.append(f"also: {other.cause.value}: {clean_text('; '.join(other.evidence))}")
        if "others" in self.more:
            lines.append(f"other causes: {self.told('others', len(self.others))}")
        if self.now not in self.evidence:
            lines.append(f"now: {self.now}")
        records = [
            f"{number:,} {word}"
            for number, word in (
                (self.records_written, "written"),
                (self.records_lost, "failed"),
                (self.records_skipped, "skipped"),
            )
            if number is not None
        ]
        amounts = f"; records: {', '.join(records)}" if records else ""
        lines.append(f"runs{f' in {self.window}' if self.window else ''}: {self.runs}{amounts}")
        if self.errors:
            told = [f"errors ({self.told('errors', len(self.errors))}):"] if "errors" in self.more else []
            lines += [*told, *table(self.errors)]
        good = [check for check in self.checks if check.result == "ok"]
        bad = [f"{check.part} {clean_text(check.name)}: {clean_text(check.result)}" for check in self.checks]
        bad = [line for line, check in zip(bad, self.checks, strict=True) if check not in good]
        if good:
            lines.append(f"ok: {', '.join(f'{check.part} {clean_text(check.name)}' for check in good)}")
        return "\n".join([*lines, *bad])


class FlowDiagnosis(OneDiagnosis, Several):
    """What is wrong with a flow, and with further ones where several were asked for."""

    further: list[OneDiagnosis] = Field(default_factory=list)
