"""One call of a write tool: who calls what, of which server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver import Context

from aep_flow_mcp.callers import Ability, person
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.approval.waiting import Somebody
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
    approver: Somebody | None = None
    """Who approved it on the approval page, where somebody did."""

    @property
    def asker(self) -> Somebody | None:
        """The person who signed in; None where nobody does."""
        someone = person()
        return None if someone is None else Somebody.of(someone)

    @property
    def page(self) -> str | None:
        """The address below which people decide about what this call asks for; None where there is no such page."""
        return None if self.ctx.headers is None or self.asker is None else self.guard.page_at

    @property
    def approved_by_another(self) -> bool:
        """Whether somebody else than who signed in here has approved it."""
        return self.approver is not None and self.asker is not None and not self.approver.is_same(self.asker)

    @property
    def caller(self) -> str:
        """Who calls."""
        return approval.caller_of(self.ctx)

    @property
    def may_approve(self) -> bool:
        """Whether who calls may also say yes."""
        return approval.may_approve(self.ctx, self.guard.settings)

    def said(self, sentence: str, *, address: str = "") -> str:
        """A sentence of `approval` with the scope, the mode and the address that it names."""
        settings = self.guard.settings
        return sentence.format(
            scope=settings.mcp_auth_scopes[Ability.APPROVE], mode=settings.mcp_approval.value, address=address
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
        """Who signed in and calls, and who approved on the page."""
        people = {"person": self.asker, "approver": self.approver}
        return {name: somebody.as_json() for name, somebody in people.items() if somebody is not None}

    async def ended(
        self,
        status: Status,
        sentence: str,
        change: Change | None = None,
        sandbox: str | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> WriteResult:
        """An end without anything sent. It stands whether or not it can be logged.

        said: what a line told of the change before, where it is not planned any more.
        """
        try:
            entry = {**(said or {}), **self.entry(change, status.value, Audit.attempt())}
            await self.guard.audit.write({**entry, "message": sentence})
        except AuditError as error:
            sentence = f"{sentence} {error}"
        return WriteResult(status=status, message=sentence, sandbox=change.sandbox if change else sandbox)

    async def refused(
        self,
        sentence: str,
        change: Change | None = None,
        sandbox: str | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> WriteResult:
        """Refused, and nothing sent."""
        return await self.ended(Status.REFUSED, sentence, change, sandbox, said)
