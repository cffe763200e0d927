from __future__ import annotations

import re
from datetime import timedelta

import pytest
from jsonschema import Draft7Validator

from aep_flow_mcp.emulator.catalogue.known_ids import DATA_LAKE
from aep_flow_mcp.emulator.http.json_schema import check_schema, conformed
from aep_flow_mcp.emulator.seed import ORG_ID, SandboxSeed, Seed, build_seed
from aep_flow_mcp.emulator.seed.organisation.feeds import FEEDS, table_columns
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from emulator.conftest import NOW
from emulator.seed.looking import Json, by_id
from support.organisation import as_text

SANDBOXES = ("prod", "dev", "stage")


def stored(sandbox: SandboxSeed) -> list[Json]:
    return [*sandbox.connections, *sandbox.source_connections, *sandbox.target_connections, *sandbox.flows]


def test_the_same_seed_and_time_give_the_same_organisation() -> None:
    first = as_text(build_seed(seed=7, now=NOW))
    assert as_text(build_seed(seed=7, now=NOW)) == first
    assert as_text(build_seed(seed=8, now=NOW)) != first


@pytest.mark.parametrize("hours", [0.02, 5, 31, 24 * 200])
def test_ids_do_not_depend_on_the_time(hours: float) -> None:
    later = build_seed(seed=7, now=NOW + timedelta(hours=hours)).by_sandbox["dev"]
    now = build_seed(seed=7, now=NOW).by_sandbox["dev"]
    assert [row["id"] for row in stored(later)] == [row["id"] for row in stored(now)]
    assert list(later.datasets) == list(now.datasets)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_seed(seed=7, now=NOW.replace(tzinfo=None))


def test_the_sandboxes(seed: Seed) -> None:
    types = {box["name"]: (box["type"], box["isDefault"]) for box in seed.sandboxes}
    assert types == {
        "prod": ("production", True),
        "dev": ("development", False),
        "stage": ("development", False),
    }
    assert set(seed.by_sandbox) == set(types)
    assert len({box["id"] for box in seed.sandboxes}) == 3


def test_how_much_there_is(seed: Seed) -> None:
    dev, prod, stage = (seed.by_sandbox[name] for name in ("dev", "prod", "stage"))
    assert 40 <= len(dev.flows) <= 50
    assert 3000 <= len(dev.runs) <= 6000
    assert 6 <= len(prod.flows) <= 15
    assert (len(stage.flows), len(stage.connections), len(stage.runs)) == (0, 1, 0)


def test_prod_shares_names_with_dev_and_differs(seed: Seed) -> None:
    dev = {flow["name"]: flow for flow in seed.by_sandbox["dev"].flows}
    prod = {flow["name"]: flow for flow in seed.by_sandbox["prod"].flows}
    assert set(prod) <= set(dev)
    parts = ("scheduleParams", "options", "transformations")
    differing = [n for n in prod if any(prod[n].get(p) != dev[n].get(p) for p in parts)]
    assert len(differing) >= 4
    assert not {flow["id"] for flow in prod.values()} & {flow["id"] for flow in dev.values()}


@pytest.mark.parametrize("name", SANDBOXES)
def test_what_each_object_says_of_itself(seed: Seed, name: str, now_ms: int) -> None:
    about = next(box for box in seed.sandboxes if box["name"] == name)
    rows = stored(seed.by_sandbox[name])
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["version"] == row["etag"]
        assert re.fullmatch(r'"[0-9a-f]{8}-0000-[0-9a-f]{4}-0000-[0-9a-f]{12}"', row["etag"])
        assert row["createdAt"] <= row["updatedAt"] <= now_ms
        assert (row["sandboxId"], row["sandboxName"], row["imsOrgId"]) == (about["id"], name, ORG_ID)
        assert row["createdClient"] == "exc_app" or row["createdBy"] == row["createdClient"]
        assert row["state"] in {"enabled", "disabled", "draft"}


@pytest.mark.parametrize("name", SANDBOXES)
def test_connections_fit_their_specs(seed: Seed, name: str) -> None:
    specs = by_id(seed.connection_specs)
    for row in seed.by_sandbox[name].connections:
        spec = specs[row["connectionSpec"]["id"]]
        assert ("auth" in row) == bool(spec["authSpec"])
        if "auth" in row:
            auth = next(a for a in spec["authSpec"] if a["name"] == row["auth"]["specName"])
            Draft7Validator(auth["spec"]).validate(row["auth"]["params"])


@pytest.mark.parametrize("name", SANDBOXES)
def test_source_and_target_connections_fit_their_specs(seed: Seed, name: str) -> None:
    specs, sandbox = by_id(seed.connection_specs), seed.by_sandbox[name]
    bases = by_id(sandbox.connections)
    for part, rows in (
        ("sourceSpec", sandbox.source_connections),
        ("targetSpec", sandbox.target_connections),
    ):
        for row in rows:
            spec = specs[row["connectionSpec"]["id"]]
            check_schema(spec[part]["spec"], row.get("params", {}), where=f"{row['name']}: params")
            if "baseConnectionId" in row:
                base = bases[row["baseConnectionId"]]
                assert base["connectionSpec"] == row["connectionSpec"]
                assert row["inheritedAttributes"]["baseConnection"]["id"] == base["id"]


@pytest.mark.parametrize("name", SANDBOXES)
def test_flows_fit_their_specs_and_their_connections(seed: Seed, name: str) -> None:
    sandbox = seed.by_sandbox[name]
    specs = by_id(seed.flow_specs)
    sources, targets = by_id(sandbox.source_connections), by_id(sandbox.target_connections)
    for flow in sandbox.flows:
        spec = specs[flow["flowSpec"]["id"]]
        (source_id,), (target_id,) = flow["sourceConnectionIds"], flow["targetConnectionIds"]
        assert sources[source_id]["connectionSpec"]["id"] in spec["sourceConnectionSpecIds"]
        assert targets[target_id]["connectionSpec"]["id"] in spec["targetConnectionSpecIds"]
        (source,), (target,) = (
            flow["inheritedAttributes"][f"{side}Connections"] for side in ("source", "target")
        )
        assert (source["id"], target["id"]) == (source_id, target_id)
        assert source.get("baseConnection", {}).get("id") == sources[source_id].get("baseConnectionId")
        assert target.get("baseConnection", {}).get("id") == targets[target_id].get("baseConnectionId")
        kinds = {key for key in ("isSourceFlow", "isDestinationFlow") if spec["attributes"].get(key)}
        if DATA_LAKE in spec["targetConnectionSpecIds"]:
            kinds.add("isSourceFlow")
        assert set(flow["inheritedAttributes"].get("properties", {})) == kinds
        assert flow["runs"] == f"/runs?property=flowId=={flow['id']}"
        _check_parts(flow, spec)


def _check_parts(flow: Json, spec: Json) -> None:
    if "scheduleParams" in flow:
        Draft7Validator(spec["scheduleSpec"]["spec"]).validate(flow["scheduleParams"])
    else:
        assert "scheduleSpec" not in spec or flow["state"] == "draft"
    if "options" in flow:
        Draft7Validator(spec["optionSpec"]["spec"]).validate(flow["options"])
    offered = spec.get("transformationSpec") or spec.get("transformationSpecs") or []
    steps = {step["name"]: step["spec"] for step in offered}
    for step in flow["transformations"]:
        Draft7Validator(steps[step["name"]]).validate(conformed(steps[step["name"]], step["params"]))


def test_ingested_datasets_exist_and_share_the_schema_of_target_and_mapping(dev: SandboxSeed) -> None:
    mappings, targets = by_id(dev.mapping_sets), by_id(dev.target_connections)
    ingesting = [f for f in dev.flows if f["inheritedAttributes"].get("properties") == {"isSourceFlow": True}]
    checked = 0
    for flow in ingesting:
        target = targets[flow["targetConnectionIds"][0]]
        dataset = dev.datasets.get(target["params"]["dataSetId"])
        if flow["id"] == SCENARIOS["deleted_dataset"]:
            assert dataset is None
            continue
        assert dataset is not None
        assert dataset["schemaRef"]["id"] == target["data"]["schema"]["id"]
        for step in flow["transformations"]:
            if step["name"] == "Mapping":
                held = mappings[step["params"]["mappingId"]]
                assert held["version"] == step["params"]["mappingVersion"]
                assert held["outputSchema"]["schemaRef"]["id"] == dataset["schemaRef"]["id"]
                checked += 1
    assert checked > 25


def test_other_references_to_datasets_and_mappings(dev: SandboxSeed) -> None:
    mappings = by_id(dev.mapping_sets)
    for source in dev.source_connections:
        params = source.get("params", {})
        for held in params.get("datasets", []):
            assert dev.datasets[held["dataSetId"]]["name"] == held["name"]
        assert params.get("dataSetId") is None or params["dataSetId"] in dev.datasets
    for flow in dev.flows:
        for step in flow["transformations"]:
            profile = step["params"].get("profileMapping")
            assert profile is None or profile["mappingId"] in mappings


def test_every_mapping_leads_to_a_field_of_the_schema(dev: SandboxSeed) -> None:
    schemas = {schema["$id"]: schema for schema in dev.schemas}
    checked = 0
    for held in dev.mapping_sets:
        if "outputSchema" not in held:
            continue
        schema = schemas[held["outputSchema"]["schemaRef"]["id"]]
        assert {m["destination"] for m in held["mappings"]} >= {"_id"}
        for mapping in held["mappings"]:
            node = schema
            for step in mapping["destination"].split("."):
                node = node["properties"][step.removesuffix("[0]")]
                if step.endswith("[0]"):
                    node = node["items"]
            assert node["type"] not in {"object", "array"}, mapping["destination"]
            checked += 1
    assert checked > 150


def test_schemas_and_datasets(dev: SandboxSeed) -> None:
    uris = {schema["$id"] for schema in dev.schemas}
    assert len(uris) == len(dev.schemas) == len({schema["meta:altId"] for schema in dev.schemas})
    for id, dataset in dev.datasets.items():
        assert re.fullmatch(r"66[0-9a-f]{22}", id)
        assert dataset["id"] == id
        assert dataset["schemaRef"]["id"] in uris
        if "lastBatchId" in dataset:
            batch = dev.batches[dataset["lastBatchId"]]
            assert batch["status"] == dataset["lastBatchStatus"]
            assert {"type": "dataSet", "id": id} in batch["relatedObjects"]


def test_what_a_flow_reads_is_there(dev: SandboxSeed) -> None:
    sources = by_id(dev.source_connections)
    checked = 0
    for flow in dev.flows:
        source = sources[flow["sourceConnectionIds"][0]]
        params = source.get("params", {})
        tree = dev.files.get(source.get("baseConnectionId", "landing-zone"), {})
        place = params.get("path") if "isSourceFlow" in str(flow["inheritedAttributes"]) else None
        place = place or params.get("tableName")
        if place is None:
            continue
        if flow["id"] == SCENARIOS["missing_file"]:
            assert place not in tree
            assert tree[place.rsplit("/", 1)[0] + "/"]["type"] == "folder"
            continue
        node = tree[place]
        if place.endswith("/") and flow["state"] != "draft":
            node = next(n for path, n in tree.items() if path.startswith(place) and n["type"] == "file")
            assert node["format"] == source["data"]["format"]
        assert node["rows"] or flow["state"] == "draft"
        checked += 1
    assert checked > 25


def test_files_have_the_columns_that_their_rows_have(dev: SandboxSeed) -> None:
    for tree in dev.files.values():
        for path, node in tree.items():
            assert (node["type"] == "folder") == path.endswith("/")
            for row in node["rows"]:
                assert set(row) == {column["name"] for column in node["columns"]}


def test_what_can_be_explored_has_a_tree(seed: Seed, dev: SandboxSeed) -> None:
    specs = by_id(seed.connection_specs)
    explorable = {c["id"] for c in dev.connections if "exploreSpec" in specs[c["connectionSpec"]["id"]]}
    assert set(dev.files) == explorable | {"landing-zone"}
    assert all(path.startswith("dlz-user-container/") for path in dev.files["landing-zone"])


def test_a_table_source_reads_columns_that_the_table_has(dev: SandboxSeed) -> None:
    assert [c["name"] for c in table_columns(FEEDS["contacts"])][:2] == ["Id", "ContactKey"]
    for source in dev.source_connections:
        if source.get("data") == {"format": "tabular"}:
            table = dev.files[source["baseConnectionId"]][source["params"]["tableName"]]
            assert source["params"]["columns"] == table["columns"]


def test_delta_columns_exist(dev: SandboxSeed) -> None:
    sources = by_id(dev.source_connections)
    found = 0
    for flow in dev.flows:
        for step in flow["transformations"]:
            if step["name"] == "Copy":
                columns = sources[flow["sourceConnectionIds"][0]]["params"]["columns"]
                assert step["params"]["deltaColumn"]["name"] in {column["name"] for column in columns}
                found += 1
    assert found >= 4
