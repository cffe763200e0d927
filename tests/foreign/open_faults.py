"""Faults of the product that are known and not yet mended. A line goes from here with the change that mends it."""

from __future__ import annotations

import re

OPEN: dict[str, str] = {
    r"update_flow \(.*\): refuses.*": "a flow spec that may not be read stops the change",
    r"update_flow_mapping: refuses.*": "a target connection or mapping set that may not be read stops the change",
    r"pipeline_health: refuses": "a catalogue of specs that may not be read stops it",
    r"get_connection_spec: the name is not told": "a list of flow specs that may not be read stops it",
    r"get_flow_spec: the name is not told": "a list of connection specs that may not be read stops it",
    r"get_resource: no text": "an answer of empty lists has no line of text",
}
"""Pattern of what `Report.found` calls it -> what is wrong. The first that fits counts."""


def known(kind: str) -> str | None:
    """The pattern of a known fault, or None for one that nobody has seen."""
    return next((pattern for pattern in OPEN if re.fullmatch(pattern, kind)), None)
