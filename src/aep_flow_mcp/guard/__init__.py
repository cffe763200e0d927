"""The only way to write: plan, preview, approval, execution, audit.

A tool plans a `Change` (guard/change.py) and cannot send it. `guarded` (guard/tool.py) turns the planning function
into an MCP tool, the gate (guard/gate.py) asks and decides, the executor sends what was approved.

Importing this package is cheap: everything else is imported when a write tool is called.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aep_flow_mcp.observing import NOBODY, Observer
from aep_flow_mcp.settings import ApprovalMode, Settings

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

    from aep_flow_mcp.guard.approval.opening import Opener
    from aep_flow_mcp.guard.approval.pending import Confirmations, Ledger
    from aep_flow_mcp.guard.approval.waiting import WaitingRoom
    from aep_flow_mcp.guard.changes.change import Change
    from aep_flow_mcp.guard.execution.audit import Audit
    from aep_flow_mcp.guard.execution.creations import Creations
    from aep_flow_mcp.guard.execution.execute import Executor
    from aep_flow_mcp.guard.execution.inflight import InFlight
    from aep_flow_mcp.guard.policy import Policy
    from aep_flow_mcp.guard.rules.counting import Counts
    from aep_flow_mcp.guard.rules.models import PolicyFile
    from aep_flow_mcp.platform.transport import PlatformClient
    from aep_flow_mcp.store.kept import Store

    OnWritten = Callable[[Context[Any, Any], Change, Mapping[str, str]], Awaitable[None]]

logger = logging.getLogger(__name__)


def unattended_warning(settings: Settings) -> str | None:
    """What has to be said loudly at start when nobody is asked before a write; None otherwise."""
    if settings.mcp_approval is not ApprovalMode.NONE or settings.mcp_read_only:
        return None
    where = ", ".join(settings.all_sandboxes) or "no sandbox"
    log = settings.mcp_audit_log or "none: set AEP_MCP_AUDIT_LOG"
    return (
        f"AEP_MCP_APPROVAL is none: write tools act at once and NOBODY IS ASKED. Sandboxes: {where}. "
        f"Production writes: {'allowed' if settings.mcp_allow_production_writes else 'refused'}. Audit log: {log}."
    )


class Guard:
    """What the write tools of one server share.

    Args:
        settings: the approval mode, the sandboxes, the audit log, the secrets' prefix.
        client: what reads the world and carries the writes.
        environ: where secret references are resolved.
        clock: seconds that only go forward, for what expires.
        sleep: waits between looks after a lost answer.
        store: where confirmations and questions wait; in memory by default, which ends with the process.
        open_browser: shows the approval page; the person's own browser by default.
    """

    def __init__(
        self,
        settings: Settings,
        client: PlatformClient,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        store: Store | None = None,
        open_browser: Opener | None = None,
    ) -> None:
        self.settings = settings
        self.environ: Mapping[str, str] = os.environ if environ is None else environ
        self.clock = clock
        self.open_browser = open_browser
        self.planners: dict[str, Any] = {}
        """Tools that have previewed a change here, by name, so that a confirmation finds its planner."""
        self.emulated = False
        """Whether what is written to is the emulator."""
        self.unconfirmable: str | None = None
        """Why `confirm_change` cannot be called on this server; None where it can."""
        self.page_at: str | None = None
        """The address below which the approval page is served over HTTP; None where it is not."""
        self.profile: str | None = None
        """The name of the credentials that it writes with, where they have one."""
        self.note: str | None = None
        """What every preview says besides: that nothing reaches Adobe, on a snapshot."""
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        """The present, for the windows of the policy."""
        self.patience = 600.0
        """Seconds for which an older client is waited for, once it was asked."""
        self.observer: Observer = NOBODY
        """Told of each write."""
        self.on_written: OnWritten | None = None
        """Called with the call's context, the Change and the ids by step key when something was written."""
        self._client = client
        self.redactor = client.redactor
        self.redactor.watch(self.environ, settings.mcp_secrets_prefix)
        self._sleep = sleep
        self._store = store

    @property
    def at(self) -> str:
        """Where writes go: the host and the organisation, or the emulator."""
        if self.emulated:
            return "emulator"
        from urllib.parse import urlsplit

        host = urlsplit(self.settings.platform_url).hostname or ""
        credentials = self._client.config.credentials
        where = f"{host}, organisation {credentials.org_id}" if credentials is not None else host
        return f"profile {self.profile}, {where}" if self.profile else where

    @cached_property
    def policy(self) -> Policy:
        """Where writes may go at all."""
        from aep_flow_mcp.guard.policy import Policy

        return Policy(
            self.settings,
            self._sandbox_type,
            clock=self.clock,
            now=self._present,
            rules=self.rules,
            counts=self._counts() if self.rules is not None else None,
        )

    def _present(self) -> datetime:
        return self.now()

    def _counts(self) -> Counts | None:
        """Where changes of a day are counted: the replicas' store, or else the audit log's file."""
        from aep_flow_mcp.guard.rules.counting import LogCounts, StoreCounts
        from aep_flow_mcp.store.memory import MemoryStore

        path = self.settings.mcp_audit_log
        if not isinstance(self.store, MemoryStore):
            return StoreCounts(self.store, self.room("counts"))
        return None if path is None or self.audit.streams else LogCounts(self.audit, path)

    @cached_property
    def rules(self) -> PolicyFile | None:
        """What the policy file says; None where there is none."""
        from aep_flow_mcp.guard.rules.reading import policy_of

        return policy_of(self.settings) if self.settings.mcp_policy is not None else None

    @cached_property
    def audit(self) -> Audit:
        """The audit log."""
        from aep_flow_mcp.guard.execution.audit import Audit

        settings = self.settings
        return Audit(settings.mcp_audit_log, redactor=self.redactor, replica=settings.mcp_replica)

    @cached_property
    def in_flight(self) -> InFlight:
        """The writes that have begun."""
        from aep_flow_mcp.guard.execution.inflight import InFlight

        return InFlight()

    @cached_property
    def store(self) -> Store:
        """What outlives a call; of the replicas, where there are several."""
        if self._store is not None:
            return self._store
        from aep_flow_mcp.store.memory import MemoryStore

        return MemoryStore(clock=self.clock)

    def room(self, name: str) -> str:
        """A room of the store for this organisation and profile: a store may be shared by servers of others."""
        from hashlib import sha256

        return f"{name}:{sha256(self.at.encode()).hexdigest()[:16]}"

    @cached_property
    def waiting(self) -> WaitingRoom:
        """Changes that wait for a decision on the approval page."""
        from aep_flow_mcp.guard.approval.waiting import WaitingRoom

        return WaitingRoom(self.store, self.room("approvals"))

    @cached_property
    def pending(self) -> Confirmations:
        """Changes that wait for a second call."""
        from aep_flow_mcp.guard.approval.pending import Confirmations

        return Confirmations(self.store, self.room("confirmations"))

    @cached_property
    def ledger(self) -> Ledger:
        """Questions that were put and wait for their answer."""
        from aep_flow_mcp.guard.approval.pending import Ledger

        return Ledger(self.store, self.room("questions"))

    def executor(self, sandbox: str) -> Executor:
        """What sends an approved Change to a sandbox."""
        import anyio

        from aep_flow_mcp.guard.execution.execute import Executor
        from aep_flow_mcp.guard.execution.look import Looker
        from aep_flow_mcp.platform.writer import FlowWriter

        return Executor(
            FlowWriter(self._client),
            Looker(self._client, sandbox),
            environ=self.environ,
            prefix=self.settings.mcp_secrets_prefix,
            sleep=self._sleep or anyio.sleep,
            creations=self._creations,
        )

    @cached_property
    def _creations(self) -> Creations:
        """What the writes of this server and its replicas have created."""
        from aep_flow_mcp.guard.execution.creations import Creations

        return Creations(self.store, under_way=self.room("creating"), made=self.room("created"))

    async def _sandbox_type(self, name: str) -> str | None:
        """The type that the Sandbox API gives; None when it does not answer, which counts as production."""
        from aep_flow_mcp.platform.errors import PlatformError
        from aep_flow_mcp.platform.reader import FlowReader

        try:
            return (await FlowReader(self._client, name).neighbours.get_sandbox(name)).type
        except PlatformError as error:
            logger.warning("the type of a sandbox could not be read: %s", error)
            return None
