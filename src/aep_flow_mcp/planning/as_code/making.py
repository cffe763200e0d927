"""The steps of one plan, while it is made over all its documents."""

from __future__ import annotations

from dataclasses import dataclass, field

from aep_flow_mcp.guard.changes.change import Plan, Ref
from aep_flow_mcp.planning.mapping_versions import NewMapping


@dataclass
class Making:
    """The steps so far, over all documents of one plan."""

    plan: Plan = field(default_factory=Plan)
    accounts: dict[tuple[str, str], Ref] = field(default_factory=dict)
    """Accounts that are created, by connector and name: several documents may want the same one."""
    used: set[str] = field(default_factory=set)
    """Ids of what an attempt before left behind and that is used now."""
    mappings: dict[str, list[NewMapping]] = field(default_factory=dict)
    """What is made of mapping sets that are there, by their ids: several documents may change one."""
    made: list[str] = field(default_factory=list)
    """Names of the flows that are created."""
    count: int = 0
    steps: int = 0
