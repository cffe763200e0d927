"""The mapping of an import: a mapping set that exists, or a new one from pairs of column and field."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from aep_flow_mcp.platform.models.neighbours import Dataset, MappingSet

from . import wellknown
from .blueprint import Part, What
from .desk import Desk
from .xdm import XdmFields

_COLUMN = re.compile(r"[\w.$@ -]+(\[\*?\d*\][\w.$@ -]*)*")
_SHOWN = 8


def step(
    desk: Desk, dataset: Dataset | None, *, required: bool
) -> tuple[list[dict[str, Any]], tuple[Part, ...]]:
    """The Mapping transformation, and the mapping set to create for it."""
    wish = desk.wish
    if wish.mapping_set is not None and wish.fields:
        desk.refuse("fields", "goes without mapping_set: give one of the two.")
        return [], ()
    if wish.mapping_set is not None:
        return _existing(desk, dataset), ()
    if wish.fields:
        return _new(desk, dataset)
    if required:
        _ask(desk, dataset)
    return [], ()


def describe(item: MappingSet) -> str:
    """A mapping set in a list of choices."""
    return f"{item.name or 'mapping set'} ({item.id}), {len(item.mappings)} fields"


def _existing(desk: Desk, dataset: Dataset | None) -> list[dict[str, Any]]:
    wanted, found = desk.wish.mapping_set, desk.findings.mapping_sets_asked
    if not found:
        offered = ", ".join(map(describe, desk.findings.mapping_sets[:3]))
        hint = f" Of this schema: {offered}." if offered else " Give fields to make a new one."
        desk.refuse("mapping_set", f"there is no mapping set {wanted}.{hint}")
        return []
    if len(found) > 1:
        ids = ", ".join(item.id for item in found)
        desk.refuse("mapping_set", f"several mapping sets are called {wanted}: give one id of {ids}.")
        return []
    schema_id = found[0].schema_id
    # 1425-400, help/sources/errors/flow-service-errors.md: both have the same schema.
    if dataset and schema_id and schema_id != dataset.schema_id:
        desk.refuse(
            "mapping_set",
            f"fills the schema {schema_id}; the dataset {dataset.name} has {dataset.schema_id}: choose another one.",
        )
    return [_transformation(found[0].id, found[0].version or 0)]


def _new(desk: Desk, dataset: Dataset | None) -> tuple[list[dict[str, Any]], tuple[Part, ...]]:
    pairs = desk.wish.fields
    fields = _fields(desk)
    columns = set(desk.findings.place.columns) if desk.findings.place else set()
    twice = [target for target, times in Counter(pair.target for pair in pairs).items() if times > 1]
    for target in twice:
        desk.refuse("fields", f"{target} is filled twice: keep one of the pairs.")
    for index, pair in enumerate(pairs):
        problem = fields.problem(pair.target) if fields else None
        if problem:
            desk.refuse(f"fields[{index}].target", problem)
        if not pair.source.strip():
            desk.refuse(f"fields[{index}].source", "is empty: name a column or write an expression.")
        elif columns and is_column(pair.source) and not _among(columns, pair.source.strip()):
            shown = ", ".join(sorted(columns)[: 2 * _SHOWN])
            desk.refuse(f"fields[{index}].source", f"the data has no column {pair.source}. It has: {shown}.")
    if fields and not fields.known:
        desk.warn(
            "The dataset's schema does not tell its fields, so the targets of the mapping are not checked."
        )
    elif fields:
        _note_objects(desk, fields)
        filled = {pair.target for pair in pairs}
        unfilled = [name for name in fields.required if name not in filled]
        if unfilled:
            desk.warn(f"Required by the schema and not filled: {', '.join(unfilled)}.")
    schema = {"id": dataset.schema_id if dataset else None, "contentType": wellknown.SCHEMA_VERSION}
    part = Part(
        what=What.MAPPING,
        body={
            "name": f"{desk.wish.name} mapping",
            "outputSchema": {"schemaRef": schema},
            "mappings": [
                {
                    "sourceType": "ATTRIBUTE" if is_column(pair.source) else "EXPRESSION",
                    "source": pair.source.strip(),
                    "destination": pair.target.strip(),
                }
                for pair in pairs
            ],
        },
    )
    return [_transformation(part.ref, 0)], (part,)


def _note_objects(desk: Desk, fields: XdmFields) -> None:
    for pair in desk.wish.fields:
        if pair.target.strip() in fields.inner:
            below = [leaf for leaf in fields.leaves if leaf.startswith(f"{pair.target.strip()}.")]
            desk.warn(f"{pair.target} is an object, with fields such as {', '.join(below[:3])}.")


def _ask(desk: Desk, dataset: Dataset | None) -> None:
    fields = _fields(desk)
    place = desk.findings.place
    columns = place.columns if place else ()
    question = "How does the data map to the dataset? Give fields, or a mapping_set."
    if columns:
        more = f" and {len(columns) - 2 * _SHOWN} more" if len(columns) > 2 * _SHOWN else ""
        question += f" Columns: {', '.join(columns[: 2 * _SHOWN])}{more}."
    if fields:
        leaves = list(fields.leaves)
        more = f" and {len(leaves) - 2 * _SHOWN} more" if len(leaves) > 2 * _SHOWN else ""
        question += f" Fields: {', '.join(leaves[: 2 * _SHOWN])}{more}."
        desk.suggested = fields.suggest(columns)
    if desk.findings.mapping_sets:
        known = ", ".join(map(describe, desk.findings.mapping_sets[:2]))
        question += f" Mapping sets of the schema: {known}."
    if dataset or not desk.wish.datasets:
        desk.ask("fields", question, type="list of {source, target}")


def _fields(desk: Desk) -> XdmFields | None:
    schema = desk.findings.schema
    return XdmFields(schema) if schema is not None else None


def _among(columns: set[str], source: str) -> bool:
    """Whether a column, or the outer one of a nested path, is there."""
    return source in columns or source.split(".")[0] in columns


def is_column(text: str) -> bool:
    return _COLUMN.fullmatch(text.strip()) is not None


def _transformation(mapping_id: Any, version: int) -> dict[str, Any]:
    return {"name": "Mapping", "params": {"mappingId": mapping_id, "mappingVersion": version}}
