"""A flow and its parts as the service gives them, and what of them a client can send. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aep_flow_mcp.documents import members
from aep_flow_mcp.documents.members import given
from aep_flow_mcp.documents.names import Names
from aep_flow_mcp.documents.same import without_nulls
from aep_flow_mcp.documents.secrets import without_secrets
from aep_flow_mcp.pipelines.blueprint import Created
from aep_flow_mcp.platform.models.common import MANAGED
from aep_flow_mcp.platform.models.flows import Flow, FlowKind, kind_by_ends

Json = dict[str, Any]

KEPT_BY_SERVICE = MANAGED | {
    *("version", "inheritedAttributes", "lastOperation", "lastRunDetails", "runs", "providerRefId", "state"),
    *("typeInfo", "status", "createdDate", "modifiedDate", "connectionId"),
}
"""Members that the service itself keeps: a document says nothing of them."""
_OF_END = frozenset({"name", "description", "baseConnectionId", "connectionSpec", "data", "params"})
SENT = {
    "source": _OF_END,
    "target": _OF_END,
    "flow": frozenset(
        {
            *(
                "name",
                "description",
                "flowSpec",
                "sourceConnectionIds",
                "targetConnectionIds",
                "transformations",
            ),
            *("scheduleParams", "options", "policy", "labels", "unifiedMetadata"),
        }
    ),
}
"""Members that requests have, in the OpenAPI file or on Adobe's pages. What an answer has besides is the service's own:
sent again it would be ignored or refused, and never be as the document says."""


@dataclass(frozen=True)
class Stored:
    """A flow and its parts as the service gives them, the mapping set in the version that the flow uses."""

    flow: Json
    source: Json
    target: Json
    mapping: Json | None = None
    mapping_ref: tuple[Any, Any] | None = None
    """Id and version that the flow names, whether or not the mapping set can be read."""

    @cached_property
    def kind(self) -> FlowKind:
        """Source, destination or internal."""
        # Only what tells it is parsed: plans ask it of every flow.
        told = {"id": "", "inheritedAttributes": self.flow.get("inheritedAttributes")}
        flow = Flow.model_validate(told)
        if flow.tells_kind:
            return flow.kind
        return kind_by_ends({spec_of(self.source)}, {spec_of(self.target)})


def spec_of(item: Mapping[str, Any], member: str = "connectionSpec") -> str | None:
    """The id of the spec that an object names; some pages print it as a bare text."""
    ref = item.get(member)
    found = ref.get("id") if isinstance(ref, Mapping) else ref
    if found is None and member == "connectionSpec":
        base = _base(item)
        return spec_of(base) if base else None
    return found if isinstance(found, str) else None


def base_of(item: Mapping[str, Any]) -> str | None:
    """The id of the account, from the object itself or from what it inherits."""
    own = item.get("baseConnectionId") or (_base(item) or {}).get("id")
    return own if isinstance(own, str) else None


def _base(item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    inherited = item.get("inheritedAttributes")
    found = inherited.get("baseConnection") if isinstance(inherited, Mapping) else None
    return found if isinstance(found, Mapping) else None


def writable(
    stored: Stored,
    names: Names,
    *,
    with_secrets: bool = False,
    said: Mapping[str, Iterable[str]] | None = None,
) -> tuple[dict[str, Json], list[str]]:
    """What of the stored objects a document can say, without secrets, and which fields were left out for that: by
    `source`, `target`, `flow` and `mapping`.

    with_secrets: only to compare, which is quicker; nothing of it may leave. said: by part, members of a document that
    are to be compared whatever they are.
    """
    found: dict[str, Json] = {}
    left: list[str] = []
    for part in ("source", "target", "flow"):
        item = getattr(stored, part)
        pointers = names.secrets_of(spec_of(item) or "") if part != "flow" else frozenset()
        taken = SENT[part] | frozenset((said or {}).get(part, ())) - KEPT_BY_SERVICE
        kept = without_nulls({name: value for name, value in item.items() if name in taken})
        clean, dropped = (kept, []) if with_secrets else without_secrets(kept, pointers)
        left += [f"{part}.{one}" for one in dropped]
        found[part] = clean
    for part in ("source", "target"):
        found[part] |= given(baseConnectionId=base_of(getattr(stored, part)))
        if not found[part].get("name"):
            found[part].pop("name", None)
        found[part]["connectionSpec"] = {"id": spec_of(getattr(stored, part))}
    flow = found["flow"]
    flow["flowSpec"] = {"id": spec_of(stored.flow, "flowSpec")}
    flow["sourceConnectionIds"], flow["targetConnectionIds"] = [Created("source")], [Created("target")]
    options = flow.get("options")
    if isinstance(options, Mapping) and "inletUrl" in options:
        flow["options"] = {name: value for name, value in options.items() if name != "inletUrl"}
    flow |= members.as_usual(flow)
    if stored.mapping is not None:
        found["mapping"] = _mapping_members(stored.mapping)
    return found, left


def unsent(stored: Stored) -> list[str]:
    """Members that are neither ones that the service is known to keep nor ones that a request has: `flow.newMember`."""
    return [
        f"{part}.{name}"
        for part, taken in SENT.items()
        for name, value in getattr(stored, part).items()
        if name not in taken | KEPT_BY_SERVICE and value is not None
    ]


def _mapping_members(mapping: Mapping[str, Any]) -> Json:
    rows = mapping.get("mappings")
    schema = members.filled_schema(mapping)
    said = (
        [members.row_said(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    )
    return given(name=mapping.get("name"), rows=[row for row in said if row], schema=schema)
