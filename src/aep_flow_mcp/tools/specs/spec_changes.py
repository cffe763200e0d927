"""Tools for providers of connectors: create and replace specs. The service refuses them to ordinary credentials."""

from typing import Annotated, Any

from pydantic import Field

from aep_flow_mcp.gathering.finding import connector_id_of
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import ConnectorRef, Id
from aep_flow_mcp.surface.registry import write_tool
from aep_flow_mcp.surface.write_params import Name

SpecBody = Annotated[
    dict[str, Any], Field(description="the further members of the spec, as the API takes them")
]


@write_tool("admin")
async def create_connection_spec(aep: Reader, name: Name, provider_id: Id, body: SpecBody) -> Change:
    """Register a connector of your own (providers only)."""
    del aep
    return Change.create(Kind.CONNECTION_SPEC, _body(name, provider_id, body))


@write_tool("admin", destructive=True, idempotent=True)
async def update_connection_spec(
    aep: Reader, connector: ConnectorRef, name: Name, provider_id: Id, body: SpecBody
) -> Change:
    """Replace a connector of your own (providers only)."""
    connection_spec_id = await connector_id_of(aep, connector)
    item = await planning.stored(aep, Kind.CONNECTION_SPEC, connection_spec_id)
    return Change.replace(Kind.CONNECTION_SPEC, connection_spec_id, item, _body(name, provider_id, body))


@write_tool("admin")
async def create_flow_spec(aep: Reader, name: Name, provider_id: Id, body: SpecBody) -> Change:
    """Register a kind of flow of your own (providers only)."""
    del aep
    return Change.create(Kind.FLOW_SPEC, _body(name, provider_id, body))


@write_tool("admin", destructive=True, idempotent=True)
async def update_flow_spec(
    aep: Reader, flow_spec_id: Id, name: Name, provider_id: Id, body: SpecBody
) -> Change:
    """Replace a kind of flow of your own (providers only)."""
    item = await planning.stored(aep, Kind.FLOW_SPEC, flow_spec_id)
    # The service reads one spelling of this member and gives another.
    if "transformationSpecDTOS" in body and "transformationSpec" in item:
        item["transformationSpecDTOS"] = item.pop("transformationSpec")
    return Change.replace(Kind.FLOW_SPEC, flow_spec_id, item, _body(name, provider_id, body))


def _body(name: str, provider_id: str, body: dict[str, Any]) -> dict[str, Any]:
    twice = sorted({"name", "providerId"} & set(body))
    if twice:
        raise PlanError(f"body: leave {' and '.join(twice)} out; they are arguments of their own.")
    return {"name": name, "providerId": provider_id, **body}
