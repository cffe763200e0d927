"""Who may approve a change: whoever asked for it, or only another person (four eyes), by a setting or by the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aep_flow_mcp.settings import Approvers

if TYPE_CHECKING:
    from aep_flow_mcp.guard import Guard
    from aep_flow_mcp.guard.changes.change import Change


def needs_other_approver(guard: Guard, change: Change) -> bool:
    """Whether another person than the caller has to approve a change.

    The one place that decides it: it is asked when the change is planned, when it is confirmed, and once more before
    it is sent.
    """
    return change.four_eyes or guard.settings.mcp_approvers is Approvers.OTHERS
