"""The JSON Schema of a policy file, for editors: `python -m aep_flow_mcp.guard.rules.schema` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path

from aep_flow_mcp.guard.rules.models import PolicyFile

PATH = Path(__file__).with_name("policy.schema.json")


def schema_text() -> str:
    """The schema, as the file has it."""
    schema = PolicyFile.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A policy of aep-flow-mcp"}
    return json.dumps({**schema, **head}, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(schema_text(), encoding="utf-8")
