"""The catalogue's files: the format in which a connector is written down, and what is made of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from aep_flow_mcp.emulator.catalogue.known_ids import CLOUD_STORAGE, TABLES
from aep_flow_mcp.emulator.catalogue.parameters import parameters
from aep_flow_mcp.emulator.catalogue.reading import FOLDER, load_catalogue
from emulator.seed.looking import by_id

MEMBERS = {
    *("name", "name_published", "id", "label", "category", "role", "frequency", "pages", "auths"),
    *("source", "target", "explore", "flow_specs", "note"),
}
SHARING = {"sourceSpec", "targetSpec", "attributes", "encryption"}
EXTENSIONS = SHARING | {"patterns"}
ID = "11111111-2222-4333-8444-555555555555"
ENTRY: dict[str, Any] = {
    "name": "acme-files",
    "name_published": False,
    "id": ID,
    "label": "Acme Files",
    "category": "Data & Identity Partners",
    "role": "source",
    "frequency": "batch",
    "pages": ["help/sources/acme.md"],
    "auths": [{"name": "Access Key", "params": {"key": "secret", "port": "integer?", "mode": "enum:a|b"}}],
    "source": {"path": "string", "type": "enum?:file|folder", "recursive": "boolean?", "selector": "object?"},
    "target": None,
    "explore": "FileSystem",
    "flow_specs": [CLOUD_STORAGE, "99999999-2222-4333-8444-555555555555"],
    "note": "",
}


def entries(path: Path) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return [entry for entry in held if "unpublished" not in entry]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogue's folder."""
    return Path(shutil.copytree(FOLDER, tmp_path / "catalogue"))


def add(folder: Path, *added: dict[str, Any]) -> None:
    (folder / "connectors" / "acme.json").write_text(json.dumps(added), "utf-8")


@pytest.mark.parametrize("path", sorted((FOLDER / "connectors").glob("*.json")), ids=lambda path: path.stem)
def test_a_file_holds_entries_of_the_format(path: Path) -> None:
    held = entries(path)
    assert held or path.stem == "unpublished"
    for entry in held:
        assert MEMBERS <= set(entry) <= MEMBERS | EXTENSIONS, entry["name"]
        assert entry["role"] in {"source", "destination", "both", "internal"}
        assert entry["frequency"] in {"batch", "streaming"}
        assert entry["explore"] in {"FileSystem", "Table", "Resource", None}
        assert isinstance(entry["name_published"], bool)


def test_what_entries_share_is_used() -> None:
    named = {
        entry[name]
        for path in (FOLDER / "connectors").glob("*.json")
        for entry in entries(path)
        for name in SHARING
        if isinstance(entry.get(name), str)
    }
    assert named == {path.stem for path in (FOLDER / "shared").glob("*.json")}


def test_a_file_that_is_dropped_in_is_served(folder: Path) -> None:
    before = load_catalogue()
    nameless = {"label": "Nameless", "category": "CRM", "role": "source", "page": "help/x.md", "note": ""}
    add(folder, ENTRY, {"unpublished": [nameless]})
    catalogue = load_catalogue(folder)
    assert len(catalogue.connectors) == len(before.connectors) + 1
    assert [one.label for one in catalogue.unpublished if one.page == "help/x.md"] == ["Nameless"]
    spec = by_id(catalogue.connection_specs())[ID]
    assert spec["name"] == "acme-files"
    assert spec["attributes"]["isSource"] is True
    assert spec["authSpec"][0]["name"] == "Access Key"
    login = Draft7Validator(spec["authSpec"][0]["spec"])
    assert login.is_valid({"key": "x", "mode": "a"})
    assert not login.is_valid({"key": "x", "mode": "c"})
    assert not login.is_valid({"mode": "a"})
    assert not login.is_valid({"key": "x", "mode": "a", "port": "22"})
    assert spec["authSpec"][0]["spec"]["properties"]["key"]["format"] == "password"
    source = Draft7Validator(spec["sourceSpec"]["spec"])
    assert source.is_valid({"path": "/a", "type": "file", "selector": {}})
    assert not source.is_valid({"type": "file"})
    assert "targetSpec" not in spec
    assert spec["exploreSpec"]["name"] == "FileSystem"
    flow_specs, known = by_id(catalogue.flow_specs()), by_id(before.flow_specs())
    allowed = flow_specs[CLOUD_STORAGE]["sourceConnectionSpecIds"]
    assert set(allowed) == {*known[CLOUD_STORAGE]["sourceConnectionSpecIds"], ID}
    assert len(allowed) == len(set(allowed))
    assert flow_specs[TABLES] == known[TABLES]


def test_a_source_without_known_params_is_still_a_source(folder: Path) -> None:
    add(folder, ENTRY | {"source": None})
    spec = by_id(load_catalogue(folder).connection_specs())[ID]
    assert Draft7Validator(spec["sourceSpec"]["spec"]).is_valid({"anything": 1})


def test_a_destination_is_a_target_of_its_flow_specs(folder: Path) -> None:
    export = "1a0514a6-33d4-4c7f-aff8-594799c47549"
    add(
        folder,
        ENTRY | {"role": "destination", "source": None, "target": {"x": "string"}, "flow_specs": [export]},
    )
    catalogue = load_catalogue(folder)
    assert ID in by_id(catalogue.flow_specs())[export]["targetConnectionSpecIds"]
    spec = by_id(catalogue.connection_specs())[ID]
    assert spec["attributes"]["isDestination"] is True
    assert "sourceSpec" not in spec
    used = catalogue.by_name["acme-files"]
    assert catalogue.flow_spec_of(used, "audience_export") == export
    with pytest.raises(ValueError, match="acme-files has no flow spec of the shape dataset_export"):
        catalogue.flow_spec_of(used, "dataset_export")


def test_a_connector_may_go_both_ways(folder: Path) -> None:
    ids = ["d69717ba-71b4-4313-b654-49f9cf126d7a", "71471eba-b620-49e4-90fd-23f1fa0174d8"]
    add(folder, ENTRY | {"role": "both", "target": {"x": "string"}, "flow_specs": ids})
    catalogue = load_catalogue(folder)
    spec = by_id(catalogue.connection_specs())[ID]
    assert spec["attributes"]["isSource"] is spec["attributes"]["isDestination"] is True
    assert spec["sourceSpec"]
    assert spec["targetSpec"]
    into, out = (by_id(catalogue.flow_specs())[id] for id in ids)
    assert ID in into["sourceConnectionSpecIds"]
    assert ID not in into["targetConnectionSpecIds"]
    assert ID in out["targetConnectionSpecIds"]


def test_ways_to_log_in_that_are_not_published_are_not_declared(folder: Path) -> None:
    add(folder, ENTRY | {"auths": None})
    assert "authSpec" not in by_id(load_catalogue(folder).connection_specs())[ID]


def test_printed_patterns_are_served(folder: Path) -> None:
    add(folder, ENTRY | {"patterns": {"key": "^k", "path": "^/"}})
    spec = by_id(load_catalogue(folder).connection_specs())[ID]
    assert spec["authSpec"][0]["spec"]["properties"]["key"]["pattern"] == "^k"
    assert spec["sourceSpec"]["spec"]["properties"]["path"]["pattern"] == "^/"


def test_a_name_may_be_on_both_sides(folder: Path) -> None:
    """Adobe calls an older destination as it calls the source; the name alone then is the source."""
    add(folder, ENTRY | {"role": "destination", "name": "maria-db", "source": None, "target": {}})
    catalogue = load_catalogue(folder)
    assert catalogue.by_name["maria-db"].is_source
    assert catalogue.by_name[ID].is_destination


def test_a_whole_schema_and_words_are_put_together(folder: Path) -> None:
    whole = {"type": "object", "properties": {"y": {"type": "string"}}, "required": ["y"]}
    add(folder, ENTRY | {"source": {"x": "string"}, "sourceSpec": whole})
    schema = by_id(load_catalogue(folder).connection_specs())[ID]["sourceSpec"]["spec"]
    assert list(schema["properties"]) == ["x", "y"]
    assert schema["required"] == ["y", "x"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"auths": [{"name": "Key", "params": {"key": "sekret"}}]}, "'acme-files'.*key.*'sekret'"),
        ({"auths": [{"name": "Key", "params": {"key": "string:a|b"}}]}, "'acme-files'.*key"),
        ({"auths": [{"name": None, "params": {}}]}, "'acme-files'.*has no name"),
        ({"source": {"path": "enum"}}, "'acme-files'.*path"),
        ({"sourceSpec": "no-such-schema"}, "'acme-files'.*no-such-schema"),
        (
            {"id": "ecadc60c-7455-4d87-84dc-2a0e293d997b"},
            "ecadc60c.* is in acme.json and in cloud-storage.json",
        ),
        ({"name": "amazon-s3"}, "amazon-s3 is in acme.json and in cloud-storage.json"),
    ],
)
def test_an_entry_that_is_not_understood_is_named(folder: Path, changes: dict[str, Any], reason: str) -> None:
    add(folder, ENTRY | changes)
    with pytest.raises(ValueError, match=reason):
        load_catalogue(folder)


def test_an_entry_without_an_id_is_named(folder: Path) -> None:
    add(folder, {name: value for name, value in ENTRY.items() if name != "id"})
    with pytest.raises(ValueError, match=r"'acme-files'.*'id'"):
        load_catalogue(folder)


def test_parameters_without_a_requirement_require_nothing() -> None:
    assert "required" not in parameters({"a": "string?", "b": "array?"})
    assert parameters({})["properties"] == {}
