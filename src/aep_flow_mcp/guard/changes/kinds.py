"""What is written to, and where it is stored: the Flow Service, and Data Prep for mapping sets."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

FLOW_SERVICE = "/data/foundation/flowservice"
"""Where the Flow Service's collections live below the Platform URL."""
DATA_PREP = "/data/foundation/conversion"
"""Where Data Prep's mapping sets live."""


class Kind(StrEnum):
    """A kind of stored object, by the field's own word."""

    CONNECTION = "connection"
    SOURCE_CONNECTION = "source connection"
    TARGET_CONNECTION = "target connection"
    FLOW = "flow"
    RUN = "flow run"
    MAPPING_SET = "mapping set"
    CONNECTION_SPEC = "connection spec"
    FLOW_SPEC = "flow spec"

    @property
    def collection(self) -> str:
        """The path of the collection below the Platform URL."""
        base = DATA_PREP if self is Kind.MAPPING_SET else FLOW_SERVICE
        return f"{base}/{_COLLECTIONS[self]}"

    @property
    def deletable(self) -> bool:
        """Whether the API has a DELETE for it: it has none for runs, mapping sets and specs."""
        return self not in (Kind.RUN, Kind.MAPPING_SET, Kind.CONNECTION_SPEC, Kind.FLOW_SPEC)

    def path(self, object_id: str) -> str:
        """The path of one object; the id is quoted, so it cannot lead anywhere else."""
        return f"{self.collection}/{quote(object_id, safe='')}"


_COLLECTIONS = {
    Kind.CONNECTION: "connections",
    Kind.SOURCE_CONNECTION: "sourceConnections",
    Kind.TARGET_CONNECTION: "targetConnections",
    Kind.FLOW: "flows",
    Kind.RUN: "runs",
    Kind.MAPPING_SET: "mappingSets",
    Kind.CONNECTION_SPEC: "connectionSpecs",
    Kind.FLOW_SPEC: "flowSpecs",
}
