"""Faults of the product that are known and not yet mended. A line goes from here with the change that mends it."""

from __future__ import annotations

import re

OPEN: dict[str, str] = {
    r"update_flow \(Add /options\): refuses.*": "`op` in lower case only; Adobe declares ADD, REPLACE, REMOVE",
    r"update_flow \(.*/scheduleParams.*\): refuses.*": "a flow spec's silence about schedules is read as a prohibition",
    r"update_flow \(.*\): refuses.*": "a flow spec that may not be read stops the change",
    r"update_flow_mapping: refuses.*": "a target connection or mapping set that may not be read stops the change",
    r"run_flow_action: refuses.*": "a state in capitals is not known",
    r"delete_flow: refuses.*|.*: crashed|traceback: (Attribute|Type)Error": "bare references and nulls in lists crash",
    r"pipeline_health: refuses": "a catalogue of specs that may not be read stops it",
    r"get_connection_spec: the name is not told": "a list of flow specs that may not be read stops it",
    r"get_flow_spec: the name is not told": "a list of connection specs that may not be read stops it",
    r"describe_flow: another kind": "a flow that does not repeat its connections is called internal",
    r"describe_flow: (the endpoint|the label|says never).*": "endpoint, labels and lastRunDetails are left out",
    r"describe_flow: other runs|diagnose_flow: (other records lost|the error is not told)": "runs behind such links",
    r"diagnose_flow: (unread runs are none|nothing wrong, although.*)": "runs that could not be read count as none",
    r".*: takes 404 for deleted": "what may only be invisible is called deleted",
    r".*: objects are lost|find_flows: not found by its id": "next links with a port or of another region are refused",
    r".*: the service's words are lost": "errors, invalidParams and error-chain are not read",
    r"get_run: clean, although records are missing": "70 of 100 records written is called clean",
    r"explore_connection: a field is lost": "of hierarchical data only the top is shown",
    r"get_resource: no text": "an answer of empty lists has no line of text",
    r"retry_run: characters that nobody sees": "the flow's name stands in the refusal as it came",
}
"""Pattern of what `Report.found` calls it -> what is wrong. The first that fits counts."""


def known(kind: str) -> str | None:
    """The pattern of a known fault, or None for one that nobody has seen."""
    return next((pattern for pattern in OPEN if re.fullmatch(pattern, kind)), None)
