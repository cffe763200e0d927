"""Schemas as they are served: what they declare is held, what they do not is sent, what cannot be read is said."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aep_flow_mcp.pipelines.checks.connections import check_auth
from aep_flow_mcp.pipelines.checks.flows import check_transformations
from aep_flow_mcp.pipelines.checks.outcome import Checked
from aep_flow_mcp.pipelines.checks.schema import check_schema, demanded
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec, NamedSpec


def of(**properties: Any) -> dict[str, Any]:
    """An object schema with these properties."""
    return {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": properties}


def fields(checked: Checked) -> set[str]:
    return {problem.field for problem in checked.problems}


@pytest.mark.parametrize(
    ("declared", "given_value", "sent"),
    [
        ("string", 0, "0"),
        ("string", 1.5, "1.5"),
        ("string", True, "true"),
        ("integer", "30", 30),
        ("integer", " 30 ", 30),
        ("integer", "30.0", 30),
        ("integer", 22, 22),
        ("number", "5.5", 5.5),
        ("number", "5", 5),
        ("boolean", "true", True),
        ("boolean", "False", False),
        (["integer", "null"], "7", 7),
        (["string", "integer"], 7, 7),
    ],
)
def test_numbers_booleans_and_their_text_are_the_same(declared: Any, given_value: Any, sent: Any) -> None:
    checked = check_schema(of(x={"type": declared}), {"x": given_value}, "params")
    assert checked == Checked({"x": sent})
    assert type(checked.value["x"]) is type(sent)


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [
        ("integer", "thirty"),
        ("integer", "3.5"),
        ("boolean", "yes"),
        ("number", "inf"),
        ("string", None),
        ("string", []),
    ],
)
def test_what_is_not_the_same_is_refused_without_its_value(declared: str, wrong: Any) -> None:
    [problem] = check_schema(of(x={"type": declared}), {"x": wrong}, "params").problems
    assert problem.field == "params.x"
    assert declared in problem.message
    assert "thirty" not in problem.message


def test_types_are_fitted_all_the_way_down() -> None:
    schema = of(a={"type": "array", "items": of(n={"type": "integer"})}, b={"anyOf": [{"type": "boolean"}]})
    checked = check_schema(schema, {"a": [{"n": "1"}, {"n": 2}], "b": "true"}, "params")
    assert checked == Checked({"a": [{"n": 1}, {"n": 2}], "b": True})


def test_listed_values_are_found_in_another_case_or_type() -> None:
    schema = of(unit={"enum": ["hour", "day"]}, every={"enum": [3, 6]}, mode={"const": "Server-to-server"})
    checked = check_schema(schema, {"unit": "HOUR", "every": "6", "mode": "server-to-server"}, "p")
    assert checked == Checked({"unit": "hour", "every": 6, "mode": "Server-to-server"})
    assert fields(check_schema(schema, {"unit": "week", "every": True}, "p")) == {"p.unit", "p.every"}


def test_a_name_in_another_case_is_sent_as_the_spec_writes_it() -> None:
    checked = check_schema({**of(userid={"type": "string"}), "required": ["userid"]}, {"userId": "u"}, "p")
    assert checked.value == {"userid": "u"}
    assert checked.problems == ()
    assert checked.notes == ("Sent in the spec's spelling: p.userId as userid.",)


def test_a_name_that_is_required_but_not_described_may_be_given_or_left_out() -> None:
    schema = {**of(token={"type": "string"}), "required": ["host", "token"], "additionalProperties": False}
    assert check_schema(schema, {"token": "t"}, "p").problems == ()
    assert check_schema(schema, {"token": "t", "host": "h"}, "p") == Checked({"token": "t", "host": "h"})
    assert fields(check_schema(schema, {"host": "h", "port": 1}, "p")) == {"p.token", "p.port"}
    assert demanded(NamedSpec(spec=schema)) == ["token"]


def test_required_in_a_schema_without_properties_or_in_an_arm_is_required() -> None:
    assert fields(check_schema({"type": "object", "required": ["a"]}, {}, "p")) == {"p.a"}
    arms = {
        **of(a={}, b={}),
        "allOf": [{"required": ["a"]}, {"properties": {"b": {}}, "required": ["a", "b"]}],
    }
    assert fields(check_schema(arms, {}, "p")) == {"p.a", "p.b"}


ONLY_FOR_DATASETS = {"field": "flowSpec.attributes._workflow", "operator": "CONTAINS", "value": "DATASETS"}
NOT_FOR_DATASETS = {**ONLY_FOR_DATASETS, "operator": "NOT_CONTAINS"}
CONDITIONAL = {
    **of(
        fileType={"type": "string", "enum": ["CSV", "JSON"], "conditional": NOT_FOR_DATASETS},
        datasetFileType={"type": "string", "conditional": ONLY_FOR_DATASETS},
        csvOptions={
            "type": "object",
            "conditional": {"field": "fileType", "operator": "EQUALS", "value": "CSV"},
        },
        path={"type": "string"},
    ),
    "required": ["path", "fileType", "datasetFileType", "csvOptions"],
}


@pytest.mark.parametrize(
    ("workflow", "params", "missing"),
    [
        (None, {}, {"p.path"}),
        (["DATASETS"], {}, {"p.path", "p.datasetFileType"}),
        ("EXPORT_DATASETS", {}, {"p.path", "p.datasetFileType"}),
        (["AUDIENCES"], {}, {"p.path", "p.fileType"}),
        (["AUDIENCES"], {"path": "x", "fileType": "CSV"}, {"p.csvOptions"}),
        (["AUDIENCES"], {"path": "x", "fileType": "JSON"}, set()),
        (7, {"path": "x"}, {"p.fileType"}),
    ],
)
def test_a_conditional_field_is_required_where_its_condition_is_known_to_hold(
    workflow: Any, params: dict[str, Any], missing: set[str]
) -> None:
    attributes = {"_workflow": workflow} if workflow is not None else {}
    spec = FlowSpec.model_validate({"id": "f", "attributes": attributes})
    assert fields(check_schema(CONDITIONAL, params, "p", flow_spec=spec)) == missing
    assert fields(check_schema(CONDITIONAL, {"path": "x"}, "p")) == set(), "the flow spec is not known"


def test_a_field_whose_condition_does_not_hold_is_noted_and_its_values_are_still_declared() -> None:
    spec = FlowSpec.model_validate({"id": "f", "attributes": {"_workflow": ["DATASETS"]}})
    given_params = {"path": "x", "datasetFileType": "JSON", "fileType": "CSV"}
    assert (
        "p.fileType is for another kind"
        in check_schema(CONDITIONAL, given_params, "p", flow_spec=spec).notes[0]
    )
    assert fields(check_schema(CONDITIONAL, {"path": "x", "fileType": "XML"}, "p")) == {"p.fileType"}


@pytest.mark.parametrize("condition", [True, [], {"operator": "BETWEEN"}, {"field": 3, "operator": "EQUALS"}])
def test_a_condition_that_nobody_understands_requires_nothing(condition: Any) -> None:
    schema = {**of(a={"type": "string", "conditional": condition}), "required": ["a"]}
    assert check_schema(schema, {}, "p").problems == ()


@pytest.mark.parametrize(
    "form",
    [
        {"type": "string", "pattern": "^[A-Z2-7]{20}$"},
        {"type": "string", "minLength": 40},
        {"type": "string", "maxLength": 3},
        {"type": "string", "enum": ["a", "b"]},
        {"const": "a"},
        {"type": "integer", "minimum": 3},
        {"oneOf": [{"pattern": "^a"}, {"pattern": "^b"}]},
        {"not": {"type": "string", "pattern": "."}},
        {"if": {"pattern": "^a"}, "then": {"pattern": "^b"}, "else": False},
    ],
)
def test_the_text_of_a_reference_is_not_held_against_a_form(form: dict[str, Any]) -> None:
    checked = check_schema(of(key=form), {"key": "${AEP_SECRET_A}"}, "auth.params")
    assert checked.problems == ()
    assert checked.value == {"key": "${AEP_SECRET_A}"}
    assert any("auth.params.key could not be checked in full" in note for note in checked.notes)


def test_a_reference_of_which_nothing_is_declared_is_not_remarked_upon() -> None:
    form = {"type": "string", "format": "password", "minLength": 1}
    assert check_schema(of(key=form), {"key": "${AEP_SECRET_A}"}, "p") == Checked({"key": "${AEP_SECRET_A}"})


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a schema made the check open a connection")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize(
    "ref",
    [
        "#/definitions/none",
        "http://127.0.0.1:9/schema.json",
        "https://schemas.example/host.json#/a",
        "file:///etc/hostname",
        "other.json",
        "#anchor",
        "#/properties/host",
        "",
        7,
        None,
    ],
)
@pytest.mark.usefixtures("no_network")
def test_a_reference_that_leads_nowhere_is_said_and_the_rest_is_checked(ref: Any) -> None:
    schema = {**of(host={"$ref": ref}, port={"type": "integer"}), "required": ["host"]}
    checked = check_schema(schema, {"host": "h", "port": "x"}, "p")
    assert fields(checked) == {"p.port"}
    assert checked.notes == ("p.host could not be checked in full ($ref).",)
    assert fields(check_schema(schema, {}, "p")) == {"p.host"}


@pytest.mark.usefixtures("no_network")
def test_an_id_does_not_move_references_into_the_network() -> None:
    schema = {
        **of(a={"$id": "http://schemas.example/inner/", "$ref": "#/definitions/n"}),
        "$id": "http://schemas.example/outer.json",
        "definitions": {"n": {"type": "integer"}},
    }
    assert fields(check_schema(schema, {"a": "x"}, "p")) == {"p.a"}
    assert check_schema(schema, {"a": "3"}, "p") == Checked({"a": 3})


def test_a_schema_that_refers_to_itself_ends_where_the_value_ends() -> None:
    tree = {**of(children={"type": "array", "items": {"$ref": "#"}}, n={"type": "integer"})}
    checked = check_schema(tree, {"children": [{"children": [{"n": "x"}], "n": "1"}]}, "p")
    assert fields(checked) == {"p.children[0].children[0].n"}
    loop = {"allOf": [{"$ref": "#"}], "required": ["a"]}
    assert fields(check_schema(loop, {}, "p")) == {"p.a"}


def test_a_schema_that_unfolds_without_end_is_read_in_part() -> None:
    levels = {f"l{n}": {"allOf": [{"$ref": f"#/definitions/l{n + 1}"}] * 9} for n in range(12)}
    checked = check_schema({"definitions": levels, "$ref": "#/definitions/l0"}, {"a": 1}, "p")
    assert checked.problems == ()
    assert checked.notes


def test_a_value_of_great_depth_is_sent_unchecked() -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"a": deep}
    checked = check_schema({"properties": {"a": {"$ref": "#"}}}, deep, "p")
    assert checked.problems == ()
    assert checked.notes


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "text"},
        {"type": {"a": 1}},
        {"type": []},
        {"pattern": "\\p{L}+"},
        {"pattern": "("},
        {"pattern": 7},
        {"enum": "a"},
        {"enum": []},
        {"minLength": "long"},
        {"minLength": -1},
        {"maximum": None},
        {"multipleOf": 0},
        {"required": True},
        {"properties": ["a"]},
        {"items": "x"},
        {"allOf": {}},
        {"anyOf": []},
        {"anyOf": ["x"]},
        {"oneOf": [{"pattern": "("}, {"type": "string"}]},
        {"not": {"pattern": "("}},
        {"not": "x"},
        {"if": {"pattern": "("}, "then": False},
        {"dependencies": 3},
        {"propertyNames": {"pattern": "("}},
        {"patternProperties": {"(": {"type": "integer"}}},
        "text",
        ["list"],
        7,
        None,
    ],
)
@pytest.mark.parametrize("value", ["text", {"a": "b"}, ["x"], 3, None])
def test_a_broken_part_stops_nothing_and_the_rest_is_checked(broken: Any, value: Any) -> None:
    checked = check_schema(of(x=broken, y={"type": "integer"}), {"x": value, "y": "z"}, "p")
    assert fields(checked) - {"p.x"} == {"p.y"}
    assert not [problem for problem in checked.problems if problem.field == "p.x"]


def test_the_bounds_of_draft_4_are_understood() -> None:
    schema = of(n={"type": "integer", "minimum": 3, "exclusiveMinimum": True})
    assert fields(check_schema(schema, {"n": 3}, "p")) == {"p.n"}
    assert check_schema(schema, {"n": 4}, "p").problems == ()


def test_a_name_that_is_not_listed_is_sent_and_one_that_is_forbidden_is_not() -> None:
    checked = check_schema(of(a={}), {"b": 1}, "p", whose="acme")
    assert checked == Checked(
        {"b": 1}, (), ("p.b: sent as given, though acme does not name it. It names: a.",)
    )
    assert fields(check_schema({**of(a={}), "additionalProperties": False}, {"b": 1}, "p")) == {"p.b"}
    assert check_schema({**of(a={}), "additionalProperties": True}, {"b": 1}, "p").notes == ()
    integers = {**of(a={}), "additionalProperties": {"type": "integer"}}
    assert check_schema(integers, {"b": "1"}, "p") == Checked({"b": 1})
    assert fields(check_schema(integers, {"b": "x"}, "p")) == {"p.b"}
    by_pattern = {"patternProperties": {"^n": {"type": "integer"}}, "additionalProperties": False}
    assert fields(check_schema(by_pattern, {"n1": "x", "m": 1}, "p")) == {"p.n1", "p.m"}


@pytest.mark.parametrize("schema", [None, {}, [], "text", 7])
def test_a_schema_that_could_not_be_read_is_no_schema_without_fields(schema: Any) -> None:
    checked = check_schema(schema, {"a": 1}, "params")
    assert checked.value == {"a": 1}
    assert checked.problems == ()
    assert "params is sent as it is" in checked.notes[0]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
KEYWORDS = [
    "type",
    "enum",
    "const",
    "pattern",
    "minLength",
    "maximum",
    "required",
    "properties",
    "items",
    "allOf",
]
KEYWORDS += [
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "additionalProperties",
    "patternProperties",
]
KEYWORDS += ["conditional", "exclusiveMinimum", "uniqueItems", "dependencies", "definitions", "$id"]
SCHEMAS = st.recursive(
    JSON_VALUES,
    lambda inner: st.dictionaries(
        st.sampled_from(KEYWORDS),
        inner
        | st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
        | st.sampled_from(["object", "string", "integer", "#", "#/definitions/a", "http://x.example/"]),
        max_size=4,
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(SCHEMAS, JSON_VALUES)
def test_no_schema_and_no_value_end_in_an_exception(schema: Any, value: Any) -> None:
    checked = check_schema(schema, value, "p")
    assert all(problem.field.startswith("p") for problem in checked.problems)
    assert check_schema(schema, checked.value, "p").value == checked.value, "what is sent stays what it is"


# --- the same at every door ------------------------------------------------------------------------------


def way(schema: dict[str, Any], **more: Any) -> ConnectionSpec:
    body = {"id": "c", "name": "acme", "authSpec": [{"name": "Key", "spec": schema}], **more}
    return ConnectionSpec.model_validate(body)


def test_encryption_belongs_to_the_credentials_of_a_spec_that_has_it() -> None:
    encryption = {**of(publicKey={"type": "string"}, encryptionAlgo={"enum": ["PGPGPG", "NONE"]})}
    spec = way(
        {**of(key={"type": "string"}), "additionalProperties": False},
        encryptionSpecs=[{"name": "File", "spec": {**encryption, "required": ["publicKey"]}}],
    )
    params = {"key": "k", "encryptionSpecs": {"encryptionAlgo": "PGPGPG", "publicKey": "LS0t"}}
    assert check_auth(spec, {"specName": "Key", "params": params}) == Checked(
        {"specName": "Key", "params": params}
    )
    wrong = {"key": "k", "encryptionSpecs": {"encryptionAlgo": "PGPGPG"}}
    assert fields(check_auth(spec, {"specName": "Key", "params": wrong})) == {"auth.params.encryptionSpecs"}


@pytest.mark.parametrize("name", ["OAuth2 Refresh Code", "oAuth2RefreshCode", "oauth2 refresh code"])
def test_a_way_is_known_by_its_name_or_type_however_it_is_written(name: str) -> None:
    spec = ConnectionSpec.model_validate(
        {
            "id": "c",
            "authSpec": [
                {
                    "name": "OAuth2 Refresh Code",
                    "type": "OAuth2RefreshCode",
                    "spec": of(token={"type": "string"}),
                },
                {"name": "Basic Authentication", "type": "BasicAuthentication", "spec": of()},
            ],
        }
    )
    assert check_auth(spec, {"specName": name, "params": {"token": 7}}).value == {
        "specName": "OAuth2 Refresh Code",
        "params": {"token": "7"},
    }


MAPPING = of(mappingId={"type": "string"}, mappingVersion={"type": "string"})


@pytest.mark.parametrize(
    "listed",
    [
        {"transformationSpec": [{"name": "Mapping", "spec": MAPPING}]},
        {"transformationSpecs": [{"name": "Mapping", "spec": MAPPING}]},
        {"transformationSpecs": {"name": "Mapping", "spec": MAPPING}},
        {"transformationSpecs": {"Mapping": {"spec": MAPPING}}},
        {"transformationSpecs": {"Mapping": MAPPING}},
        {"transformationSpec": None, "transformationSpecs": [{"name": "Mapping", "spec": MAPPING}]},
        {"transformationSpec": [], "transformationSpecs": [{"name": "Mapping", "spec": MAPPING}]},
    ],
)
def test_transformations_are_found_however_they_are_listed(listed: dict[str, Any]) -> None:
    spec = FlowSpec.model_validate({"id": "f", "name": "n", **listed})
    step = {"name": "Mapping", "params": {"mappingId": "m", "mappingVersion": 0}}
    assert check_transformations(spec, [step]).value[0]["params"]["mappingVersion"] == "0"


@pytest.mark.parametrize(("declared", "sent"), [("string", "0"), ("integer", 0), (None, 0)])
def test_the_mapping_version_takes_the_declared_type(declared: str | None, sent: Any) -> None:
    version = {"type": declared} if declared else {}
    schema = of(mappingId={"type": "string"}, mappingVersion=version)
    spec = FlowSpec.model_validate({"id": "f", "transformationSpecs": [{"name": "Mapping", "spec": schema}]})
    step = {"name": "Mapping", "params": {"mappingId": "m", "mappingVersion": 0}}
    [checked] = check_transformations(spec, [step]).value
    assert checked["params"]["mappingVersion"] == sent
    assert type(checked["params"]["mappingVersion"]) is type(sent)
