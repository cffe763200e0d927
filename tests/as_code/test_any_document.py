"""Any text at all: it is applied, or refused with a line and a column; nothing in between."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aep_flow_mcp.documents.same import same
from aep_flow_mcp.documents.schema import schema
from aep_flow_mcp.documents.text import Mark, read, rewritten, written
from as_code.bed import Bed, counts, emptied, organisation

MANY = int(os.environ.get("AEP_MANY_DOCUMENTS", "60"))
_PLACE = re.compile(r"^any\.yaml:(\d+):(\d+): ", re.MULTILINE)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    texts,
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
names = st.one_of(
    st.sampled_from(
        ["Amazon S3", "SFTP", "PostgreSQL", "HTTP API", "Data Landing Zone", "no such connector"]
    ),
    texts.filter(bool),
)
every = st.one_of(
    st.sampled_from(["once", "15 minutes", "hour", "2 days", "weekly", "3 hours", "sometimes"]), texts
)
times = st.one_of(st.sampled_from(["2026-04-01T00:00:00Z", "2025-01-01", "tomorrow", "1775001600"]), texts)
documents: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"pipeline": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), "connector": names},
    optional={
        "kind": st.sampled_from(["import", "export"]),
        "description": texts,
        "flow_spec": st.one_of(st.sampled_from(["CloudStorageToAEP", "CRMToAEP"]), texts),
        "account": st.one_of(
            st.sampled_from(["Brightfjord ingest bucket", "Business intelligence bucket", "Loyalty agency SFTP"]),
            texts.filter(bool),
            st.fixed_dictionaries({"id": texts.filter(bool)}),
        ),
        "source": st.one_of(st.just({"path": "/a/", "type": "folder"}), objects),
        "format": st.sampled_from(["delimited", "json", "tabular", "nonsense"]),
        "format_options": st.one_of(st.just({"columnDelimiter": ","}), objects),
        "delta_column": texts,
        "dataset": st.one_of(st.sampled_from(["Store Transactions", "Web Orders"]), texts.filter(bool)),
        "datasets": st.lists(st.sampled_from(["Loyalty Members", "Web Clickstream"]), max_size=2),
        "destination": st.one_of(st.just({"path": "out", "mode": "Server-to-server"}), objects),
        "mapping": st.lists(
            st.fixed_dictionaries({"source": texts.filter(bool), "field": st.sampled_from(["_id", "timestamp"])}),
            max_size=3,
        ),
        "transformations": st.lists(objects, max_size=2),
        "schedule": st.fixed_dictionaries(
            {}, optional={"every": every, "start": times, "end": times, "backfill": st.booleans()}
        ),
        "options": st.fixed_dictionaries(
            {}, optional={"error_diagnostics": st.booleans(), "partial_ingestion_percent": st.integers(0, 100)}
        ),
        "labels": st.lists(texts, max_size=2),
        "policies": objects,
        "state": st.sampled_from(["enabled", "disabled", "draft"]),
        "extra": st.fixed_dictionaries({}, optional=dict.fromkeys(("source", "target", "mapping", "flow"), objects)),
    },
)  # fmt: skip


@given(documents)
@settings(max_examples=MANY * 4, deadline=None)
def test_what_is_written_is_read_as_the_same_and_is_of_the_schema(document: dict[str, Any]) -> None:
    text = written(document)
    jsonschema.Draft202012Validator(schema()).validate(document)
    found = read(text, "any.yaml")
    assert not found.problems, text
    [one] = found.documents
    said = one.pipeline.model_dump(mode="json", exclude_unset=True)
    assert said == json.loads(json.dumps(document))
    assert rewritten(text, document) == text


@given(documents, documents)
@settings(max_examples=MANY * 2, deadline=None)
def test_a_file_that_is_written_over_says_the_new_and_keeps_its_comments(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    text = f"# whose it is: finance\n{written(before, head=False)}"
    now = rewritten(text, after)
    [one] = read(now, "any.yaml").documents
    [wanted] = read(written(after)).documents
    assert same(one.pipeline.model_dump(mode="json"), wanted.pipeline.model_dump(mode="json"))
    assert now.startswith("# whose it is: finance\n")


@given(documents)
@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_document_applies_or_is_refused_with_line_and_column(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    """Applied means that there is nothing left to do; refused means that nothing is there that was not there before."""
    bed = Bed(_folder(tmp_path_factory), _EMULATOR)
    before = counts(bed.emulator)
    text = written(document)
    bed.write("any.yaml", text)
    code, said = bed.apply()
    try:
        if code == 0:
            assert bed.plan()[0] == 0, bed.plan()[1]
            return
        if said.startswith("refused"):
            assert _PLACE.search(said.replace("\n  ", "\n")), said
            assert counts(bed.emulator) == before
        else:  # the service had the last word: its own sentence, and nothing but a mapping set is left
            assert said.startswith(("failed", "partly", "unknown")), said
            now = counts(bed.emulator)
            assert {**now, "mappingSets": 0} == {**before, "mappingSets": 0}, said
    finally:
        emptied(bed.emulator)


@given(
    st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "replace")))
)
@settings(max_examples=MANY * 4, deadline=None)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    found = read(text, "any.yaml")
    for problem in found.problems:
        assert problem.mark.line >= 1
        assert problem.mark.column >= 1
        assert problem.message


@given(values)
@settings(max_examples=MANY * 2, deadline=None)
def test_any_yaml_is_read_or_refused_with_a_place(value: Any) -> None:
    found = read(yaml.safe_dump(value, allow_unicode=True), "any.yaml")
    assert found.problems or found.documents or value is None


@pytest.mark.parametrize(
    ("text", "place", "about"),
    [
        ("pipeline: a\nconnector: [b\n", Mark(3, 1), "no YAML"),
        ("pipeline: a\nconnector: b\nshedule:\n  every: day\n", Mark(3, 1), "shedule: is no field"),
        ("pipeline: a\nconnector: b\nschedule:\n  evry: day\n", Mark(4, 3), "schedule.evry: is no field"),
        ("pipeline: a\n", Mark(1, 1), "connector: is missing"),
        ("pipeline: a\nconnector: b\npipeline: c\n", Mark(3, 1), "second time"),
        ("pipeline: a\nconnector: b\nmapping:\n  - {source: x}\n", Mark(4, 5), "mapping[0].field: is missing"),
        ("pipeline: a\nconnector: b\nstate: paused\n", Mark(3, 1), "state:"),
        ("pipeline: a\nconnector: b\noptions:\n  partial_ingestion_percent: many\n", Mark(4, 3), "options.partial"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" * 1, Mark(1, 1), "is"),
        ("x: " + "[" * 200 + "]" * 200, Mark(1, 64), "too much"),
        ("- pipeline: a\n", Mark(1, 1), "no pipeline"),
        ("pipeline: a\nconnector: b\n---\npipeline: c\n", Mark(4, 1), "connector: is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, place: Mark, about: str) -> None:
    [problem, *_] = read(text, "any.yaml").problems
    assert about in str(problem), str(problem)
    assert problem.mark == place


def test_a_word_means_what_it_means_in_yaml_of_today() -> None:
    source = "{a: 0o7, b: 1_000, c: 0x1F, d: 2026-01-01, e: yes}"
    text = f"pipeline: no\nconnector: on\ndescription: 12:30\nsource: {source}\n"
    [one] = read(text).documents
    assert (one.pipeline.pipeline, one.pipeline.connector, one.pipeline.description) == ("no", "on", "12:30")
    assert one.pipeline.source == {"a": "0o7", "b": "1_000", "c": "0x1F", "d": "2026-01-01", "e": "yes"}


_EMULATOR = emptied(organisation())


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("any") / "pipelines"
