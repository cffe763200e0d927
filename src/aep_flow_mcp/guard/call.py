"""One call of a write tool: who calls what, of which server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver import Context

from aep_flow_mcp.callers import Ability, Person, person
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.execution.audit import Audit, AuditError
from aep_flow_mcp.guard.execution.results import Status, WriteResult


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a write tool."""

    guard: Guard
    ctx: Context
    tool: str
    arguments: dict[str, Any]

    @property
    def caller(self) -> str:
        """Who calls."""
        return approval.caller_of(self.ctx)

    @property
    def may_approve(self) -> bool:
        """Whether who calls may also say yes."""
        return approval.may_approve(self.ctx, self.guard.settings)

    def said(self, sentence: str) -> str:
        """A sentence of `approval` with the scope and the mode that it names."""
        settings = self.guard.settings
        return sentence.format(
            scope=settings.mcp_auth_scopes[Ability.APPROVE], mode=settings.mcp_approval.value
        )

    def entry(self, change: Change | None, event: str, attempt: str) -> dict[str, Any]:
        """A line of the audit log, without its time. No body is in it: bodies may hold secrets."""
        entry: dict[str, Any] = {
            "attempt": attempt,
            "event": event,
            "tool": self.tool,
            "mode": self.guard.settings.mcp_approval.value,
            "caller": self.caller,
        }
        if self.guard.profile is not None:
            entry["profile"] = self.guard.profile
        entry |= self.people()
        if change is not None:
            entry |= {
                "sandbox": change.sandbox,
                "sandbox_type": change.sandbox_type,
                "title": change.title,
                "steps": [
                    {"method": step.method, "path": step.path, "did": step.label} for step in change.steps
                ],
                "digest": change.digest,
            }
        return entry

    def people(self) -> dict[str, Any]:
        """The signed-in person who calls."""
        someone = person()
        return {} if someone is None else {"person": named(someone)}

    async def ended(
        self, status: Status, sentence: str, change: Change | None = None, sandbox: str | None = None
    ) -> WriteResult:
        """An end without anything sent. It stands whether or not it can be logged."""
        try:
            await self.guard.audit.write(
                {**self.entry(change, status.value, Audit.attempt()), "message": sentence}
            )
        except AuditError as error:
            sentence = f"{sentence} {error}"
        return WriteResult(status=status, message=sentence, sandbox=change.sandbox if change else sandbox)

    async def refused(
        self, sentence: str, change: Change | None = None, sandbox: str | None = None
    ) -> WriteResult:
        """Refused, and nothing sent."""
        return await self.ended(Status.REFUSED, sentence, change, sandbox)


def named(someone: Person) -> dict[str, Any]:
    """A person as the audit log has them."""
    return {
        "issuer": someone.issuer,
        "subject": someone.subject,
        "name": someone.name,
        "client": someone.client,
    }
