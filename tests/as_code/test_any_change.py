"""Any edit of a file of a pipeline that is there: it is applied, or refused with a line and a column, or the service
has the last word and all is as it was."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aep_flow_mcp.documents.text import read, written
from as_code.bed import Bed, organisation
from as_code.test_any_document import every, objects, texts, times

MANY = int(os.environ.get("AEP_MANY_DOCUMENTS", "60"))
NAMES = (
    "Web orders", "Store POS receipts", "Supplier price list", "Gift card balances", "Customer survey (one upload)",
    "Transactions for data science", "Clickstream archive", "Loyalty members to BI", "Web shop clickstream",
    "Wholesale orders (draft)", "Spring campaign responses", "Push attributes to Airship", "Direct mail lapsed members",
)  # fmt: skip
_PLACE = re.compile(r"^any\.yaml:(\d+):(\d+): ", re.MULTILINE)
_KINDS = ("flows", "sourceConnections", "targetConnections")
_MOVES = frozenset({"etag", "version", "updatedAt", "updatedBy", "updatedClient", "lastOperation"})
"""Members that a change and its undoing leave otherwise."""

Json = dict[str, Any]
fields = st.one_of(
    st.sampled_from(
        ["_id", "timestamp", "commerce.order.priceTotal", "no.such.field", "_brightfjord.channel"]
    ),
    texts.filter(bool),
)
sources = st.one_of(st.sampled_from(["a", "lower(b)", "'x'", "a.b[0].c"]), texts.filter(bool))


def _put(*way: str) -> Callable[[Json, Any], None]:
    def run(document: Json, value: Any) -> None:
        here = document
        for step in way[:-1]:
            if not isinstance(here.get(step), dict):
                here[step] = {}
            here = here[step]
        if value is None:
            here.pop(way[-1], None)
        else:
            here[way[-1]] = value

    return run


def _row(document: Json, value: Any) -> None:
    """Take a row out, change one, or put one more among them."""
    at, what, source, field = value
    rows = document.setdefault("mapping", [])
    if what == "out" and rows:
        del rows[at % len(rows)]
    elif what == "other" and rows:
        rows[at % len(rows)] = {**rows[at % len(rows)], "source": source}
    elif what == "more":
        rows.insert(at % (len(rows) + 1), {"source": source, "field": field})


def _edit(
    way: str, values: st.SearchStrategy[Any]
) -> st.SearchStrategy[tuple[Callable[[Json, Any], None], Any]]:
    return st.tuples(st.just(_put(*way.split("/"))), values)


edits = st.one_of(
    st.tuples(st.just(_row), st.tuples(st.integers(0, 30), st.sampled_from(["out", "other", "more"]), sources, fields)),
    _edit("description", st.one_of(st.none(), texts)),
    _edit("pipeline", texts.filter(bool)),
    _edit("schedule/every", every),
    _edit("schedule/start", times),
    _edit("schedule/end", st.one_of(st.none(), times)),
    _edit("schedule/backfill", st.booleans()),
    _edit("schedule", st.none()),
    _edit("source/path", st.one_of(st.none(), st.just("/other/"), texts)),
    _edit("source", objects),
    _edit("destination/path", st.one_of(st.none(), texts)),
    _edit("format", st.sampled_from(["json", "delimited", "parquet", "nonsense"])),
    _edit("format_options/columnDelimiter", st.sampled_from([";", "\t", ""])),
    _edit("delta_column", st.one_of(st.none(), texts.filter(bool))),
    _edit("options/partial_ingestion_percent", st.integers(0, 100)),
    _edit("options/error_diagnostics", st.booleans()),
    _edit("options", st.none()),
    _edit("state", st.sampled_from(["enabled", "disabled", "draft", None])),
    _edit("dataset", st.sampled_from(["Web Orders", "Store Transactions", "Loyalty Members", "no such", None])),
    _edit("account", st.sampled_from(["Brightfjord ingest bucket", "Loyalty agency SFTP", "no such", None])),
    _edit("connector", st.sampled_from(["Amazon S3", "SFTP", "PostgreSQL", "no such"])),
    _edit("labels", st.lists(texts, max_size=2)),
    _edit("policies", objects),
    _edit("names/source", texts),
    _edit("names/mapping", texts),
    _edit("extra/flow", objects),
    _edit("extra/source", objects),
    _edit("extra/mapping", objects),
    _edit("transformations", st.one_of(st.none(), st.lists(objects, max_size=2))),
)  # fmt: skip


class Known(list[Json]):
    """Documents; a failing case tells its text instead of all of them."""

    def __repr__(self) -> str:
        return f"<{len(self)} documents>"


_EMULATOR = organisation()
_WHOLE = {
    kind: copy.deepcopy(list(_EMULATOR.store.sandboxes["dev"][kind])) for kind in (*_KINDS, "mappingSets")
}


def _restored() -> None:
    """The organisation as it was."""
    sandbox = _EMULATOR.store.sandboxes["dev"]
    for kind, rows in _WHOLE.items():
        known = {row["id"] for row in rows}
        for row in list(sandbox[kind]):
            if row["id"] not in known:
                sandbox[kind].remove(row["id"])
        for row in rows:
            sandbox[kind].put(row["id"], copy.deepcopy(row))
    sandbox.earlier_mappings.clear()


def _now(*, moves: bool) -> dict[str, Any]:
    """Flows and their ends by id; moves: with what changes although a change was taken back."""
    return {
        kind: {
            row["id"]: {name: value for name, value in row.items() if moves or name not in _MOVES}
            for row in _EMULATOR.store.sandboxes["dev"][kind]
        }
        for kind in _KINDS
    }


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Known:
    _restored()
    bed = Bed(tmp_path_factory.mktemp("whole") / "pipelines", _EMULATOR)
    bed.export()
    found = [
        {
            "id": bed.flow(one.pipeline.pipeline)["id"],
            **one.pipeline.model_dump(mode="json", exclude_unset=True),
        }
        for one in bed.documents()
        if one.pipeline.pipeline in NAMES
    ]
    assert len(found) >= 10, [one["pipeline"] for one in found]
    return Known(found)


@given(st.integers(0, 10**6), st.lists(edits, min_size=1, max_size=3))
@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_edit_applies_or_is_refused_or_leaves_all_as_it_was(
    documents: Known, tmp_path_factory: pytest.TempPathFactory, which: int, edits: list[Any]
) -> None:
    document = copy.deepcopy(documents[which % len(documents)])
    for put, value in edits:
        put(document, copy.deepcopy(value))
    text = written(document)
    if read(text).problems:
        return  # what the format itself refuses: test_any_document
    bed = Bed(tmp_path_factory.mktemp("any") / "pipelines", _EMULATOR)
    bed.write("any.yaml", text)
    before, still = _now(moves=True), _now(moves=False)
    try:
        code, said = bed.apply()
        if code == 0:
            assert bed.plan()[0] == 0, f"{bed.plan()[1]}\n{text}"
        elif said.startswith("refused"):
            assert _PLACE.search(said.replace("\n  ", "\n")), f"{said}\n{text}"
            assert _now(moves=True) == before, said
        else:
            assert said.startswith(("failed", "partly", "unknown")), f"{said}\n{text}"
            assert json.dumps(_now(moves=False), sort_keys=True) == json.dumps(still, sort_keys=True), (
                f"{said}\n{text}"
            )
    finally:
        _restored()
