"""Where a recipe collects what is missing, what is wrong and what to warn of, and ends with a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

from .blueprint import Blueprint, Missing, Part, Verdict, What
from .checks.outcome import Checked, Problem
from .connectors import label_of
from .findings import Findings
from .wish import PipelineWish, StartState

MAX_CHOICES = 8
# Fields of the API's bodies -> the argument that fills them.
_ARGUMENTS = (
    ("scheduleParams.startTime", "start_time"),
    ("scheduleParams.endTime", "end_time"),
    ("scheduleParams.backfill", "backfill"),
    ("scheduleParams", "every"),
    ("auth.specName", "auth_spec"),
    ("auth.params", "auth_params"),
    ("auth", "auth_params"),
    ("baseConnectionId", "account"),
    ("params.path", "path"),
    ("params.remotePath", "path"),
    ("params.tableName", "path"),
    ("params.datasetFileType", "format"),
    ("options.partialIngestionPercent", "tolerated_percent"),
    ("connectionSpec", "connector"),
    ("sourceConnectionIds", "connector"),
    ("targetConnectionIds", "connector"),
)


class Desk:
    """One wish, what was found, the connector that it is about, and what came of it so far."""

    def __init__(self, wish: PipelineWish, findings: Findings, spec: ConnectionSpec) -> None:
        self.wish = wish
        self.findings = findings
        self.spec = spec
        self.missing: dict[str, Missing] = {}
        self.problems: dict[tuple[str, str], Problem] = {}
        self.warnings: list[str] = []
        self.suggested: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The connector as people know it."""
        return label_of(self.spec)

    def ask(self, field: str, question: str, *, type: str = "string", choices: Iterable[str] = ()) -> None:
        """Something is missing; choices beyond `MAX_CHOICES` are counted only."""
        offered = tuple(choices)
        left = max(len(offered) - MAX_CHOICES, 0)
        self.missing.setdefault(field, Missing(field, question, type, offered[:MAX_CHOICES], left))

    def refuse(self, field: str, message: str) -> None:
        """Something is wrong; the message says the fix."""
        self.problems.setdefault((field, message), Problem(field, message))

    def refuse_all(self, problems: Iterable[Problem]) -> None:
        """What the specs refuse, said about the arguments instead of the bodies' fields."""
        for problem in problems:
            self.refuse(argument_of(problem.field), problem.message)

    def take(self, checked: Checked, *, but: Iterable[str] = ()) -> Any:
        """What the specs say of a part of a body: refused or noted here, and its value as it is to be sent.

        but: arguments that are asked for, so that nothing need be said about them.
        """
        asked = set(but)
        for problem in checked.problems:
            argument = argument_of(problem.field)
            if argument not in asked and not (asked and problem.field == "params"):
                self.refuse(argument, problem.message)
        for note in checked.notes:
            self.warn(note)
        return checked.value

    def leave_out(self, why: str, *fields: str) -> None:
        """Refuse what was said although this kind of pipeline has no use for it."""
        for field in fields:
            value = getattr(self.wish, field)
            if value is not None and value != () and value != {}:
                self.refuse(field, f"must be left out: {why}.")

    def warn(self, sentence: str) -> None:
        """What the person should know before saying yes."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def refused(self, field: str) -> bool:
        """Whether something is wrong with the field; then there is no point in asking for it."""
        return any(problem.field == field for problem in self.problems.values())

    def unsettled(self, *fields: str) -> bool:
        """Whether one of the fields is missing or wrong, so that what depends on it can wait."""
        return any(field in self.missing or self.refused(field) for field in fields)

    @property
    def clear(self) -> bool:
        """Whether nothing is missing or wrong so far."""
        return not self.missing and not self.problems

    def flow_spec(self, spec_id: str) -> FlowSpec | None:
        """A flow spec that the recipe needs; without it the organisation cannot do this at all."""
        found = self.findings.flow_spec(spec_id)
        if found is None:
            self.refuse(
                "connector", f"the flow spec {spec_id} that this needs is not offered to this organisation."
            )
        return found

    def verdict(
        self, recipe: str | None, title: str = "", parts: Iterable[Part] = (), summary: str = ""
    ) -> Verdict:
        """The end: a blueprint when everything is clear."""
        self._check_name()
        blueprint = None
        if self.clear:
            listed = tuple(parts)
            if any(part.what is What.MAPPING for part in listed):
                self.warn(
                    "A mapping set cannot be deleted through the API: should the flow be refused, it stays, unused."
                )
            blueprint = Blueprint(
                title=title,
                summary=summary,
                parts=listed,
                warnings=tuple(self.warnings),
                names=self.findings.names,
                draft=self.wish.state is StartState.DRAFT,
                disabled=self.wish.state is StartState.DISABLED,
            )
        return Verdict(
            recipe=recipe,
            missing=tuple(item for item in self.missing.values() if not self.refused(item.field)),
            problems=tuple(self.problems.values()),
            blueprint=blueprint,
            warnings=tuple(self.warnings),
            suggested_fields=self.suggested,
        )

    def _check_name(self) -> None:
        name = (self.wish.name or "").strip()
        if not name:
            self.ask("name", "What shall the flow be called?")
            return
        for flow in self.findings.same_name:
            self.refuse(
                "name", f"the flow {flow.id} ({flow.state}) has this name already: choose another one."
            )


def argument_of(field: str) -> str:
    """The argument that fills a field of a body."""
    for prefix, argument in _ARGUMENTS:
        if field == prefix:
            return argument
        if field.startswith(f"{prefix}."):
            whole = argument in ("auth_params",)
            return f"{argument}{field[len(prefix) :]}" if whole else argument
    return field


def given(**fields: Any) -> dict[str, Any]:
    """A body without the members that were not given."""
    return {name: value for name, value in fields.items() if value is not None}


def spec_ref(spec: ConnectionSpec | FlowSpec) -> dict[str, str]:
    """How an object names its spec."""
    return {"id": spec.id, "version": spec.version or "1.0"}


def named(items: Iterable[Any]) -> list[str]:
    """`name (id)` of each."""
    return [f"{item.name or '(no name)'} ({item.id})" for item in items]
