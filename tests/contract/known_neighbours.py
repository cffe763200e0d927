"""The known errors of the files of the neighbour services, by service."""

from __future__ import annotations

from contract.known import KnownError

KNOWN_NEIGHBOUR_ERRORS: dict[str, list[KnownError]] = {
    "catalog": [],
    "data-prep": [],
    "sandbox": [],
    "schema-registry": [],
}
