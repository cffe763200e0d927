"""Faults of the product that are known and not yet mended. A kind goes from here with the change that mends it."""

from __future__ import annotations

OPEN: dict[str, str] = {
    "update_flow (Add /options): refuses what the service would take": (
        "`op` is taken in lower case only; Adobe declares ADD, REPLACE, REMOVE"
    ),
    "update_flow_mapping: refuses what the service would take": (
        "a target connection or mapping set that cannot be read stops it"
    ),
    "pipeline_health: refuses": "it needs both catalogues of specs, which a credential may lack the permission for",
    "get_connection_spec: the name is not told": "it needs the list of flow specs",
    "get_flow_spec: the name is not told": "it needs the list of connection specs",
    "describe_flow: another kind": "a flow that does not repeat its connections is called internal, whatever they are",
    "get_resource: no text": "an answer of empty lists has no line of text",
    "retry_run: characters that nobody sees": "the flow's name stands in the refusal as it came",
}
"""What `Report.found` calls it -> what is wrong."""
