"""The JSON Schema of a document, for editors and for the reference in the docs."""

from __future__ import annotations

import json
from typing import Any

from aep_flow_mcp.documents.format import Pipeline


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12, made from the models."""
    made = Pipeline.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A pipeline of aep-flow-mcp",
        **{name: part for name, part in _tidy(made).items() if name != "title"},
    }


def schema_text() -> str:
    """The schema as a file has it."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _tidy(part: Any) -> Any:
    """Without the titles that only repeat names."""
    if isinstance(part, dict):
        kept = {name: _tidy(item) for name, item in part.items()}
        if isinstance(kept.get("title"), str):
            kept.pop("title")
        return kept
    return [_tidy(item) for item in part] if isinstance(part, list) else part
