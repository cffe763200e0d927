"""Real arguments for every tool that reads, against the seeded organisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.writing import CLOUD_STORAGE, DATA_LAKE_SOURCE, LANDING_ZONE_SOURCE, S3_SOURCE, World


def _flow(world: World) -> dict[str, str]:
    return {"flow_id": SCENARIOS["partial_ingestion"]}


def _nothing(world: World) -> dict[str, Any]:
    return {}


def _loaded_into(spec_name: str) -> Callable[[World], dict[str, Any]]:
    """A dataset that some flow loads into a store."""

    def arguments(world: World) -> dict[str, Any]:
        spec = world.first("flowSpecs", lambda item: item["name"] == spec_name)["id"]
        flow = world.first("flows", lambda item: item["flowSpec"]["id"] == spec)
        source = world.get("sourceConnections", flow["sourceConnectionIds"][0])
        return {"dataset_id": source["params"]["dataSetId"]}

    return arguments


def _landed_file(world: World) -> dict[str, Any]:
    """A file of the landing zone that has rows."""
    files = world.emulator.store.sandboxes["dev"].files["landing-zone"]
    return {"file": next(path for path, node in files.items() if node.get("rows"))}


READS: dict[str, Callable[[World], dict[str, Any]]] = {
    "describe_flow": _flow,
    "diagnose_flow": lambda w: {"flow": SCENARIOS["partial_ingestion"]},
    "find_flows": lambda w: {"limit": 50},
    "get_server_info": _nothing,
    "pipeline_health": _nothing,
    "trace_lineage": lambda w: {"object": w.dataset},
    "explore_connection": lambda w: {"connection_id": SCENARIOS["shared_account"]},
    "get_connection": lambda w: {"connection_id": SCENARIOS["shared_account"]},
    "get_connection_configs": lambda w: {"connection_id": SCENARIOS["shared_account"]},
    "get_source_connection": lambda w: {
        "source_connection_id": w.of_spec("sourceConnections", S3_SOURCE)["id"]
    },
    "get_target_connection": lambda w: {"target_connection_id": w.all("targetConnections")[0]["id"]},
    "list_connections": lambda w: {"detail": "full"},
    "list_source_connections": lambda w: {"detail": "full"},
    "list_target_connections": lambda w: {"detail": "full"},
    "search_connections": lambda w: {"query": "state==enabled"},
    "test_connection": lambda w: {"connection_id": SCENARIOS["shared_account"]},
    "explore_connection_spec": lambda w: {"connection_spec_id": LANDING_ZONE_SOURCE},
    "find_connection_spec": lambda w: {"name": "amazon-s3"},
    "find_flow_spec": lambda w: {"flow_spec_name": "CloudStorageToAEP"},
    "get_connection_spec": lambda w: {"connection_spec_id": S3_SOURCE, "detail": "full"},
    "get_connection_spec_configs": lambda w: {"connection_spec_id": DATA_LAKE_SOURCE},
    "get_flow_spec": lambda w: {"flow_spec_id": CLOUD_STORAGE, "detail": "full"},
    "list_connection_specs": _nothing,
    "list_flow_specs": _nothing,
    "map_connection_specs": _nothing,
    "compare_sandboxes": lambda w: {"other_sandbox": "dev"},
    "compare_flows": lambda w: {"flow": SCENARIOS["failed_and_recovered"], "other": SCENARIOS["healthy"]},
    "get_flow": _flow,
    "get_mapping_set": lambda w: {"mapping_set_id": w.mapping_of(w.flow("healthy"))},
    "list_flows": lambda w: {"detail": "full"},
    "list_mapping_sets": _nothing,
    "search_flows": lambda w: {"query": "state==enabled"},
    "list_audit_events": lambda w: {"object": SCENARIOS["disabled"], "detail": "full"},
    "get_ingestion_metrics": lambda w: {"flow": SCENARIOS["partial_ingestion"]},
    "get_batch_errors": lambda w: {"flow": SCENARIOS["partial_ingestion"]},
    "get_run": lambda w: {"run_id": w.failed_run()},
    "list_runs": _flow,
    "get_identity_flow": _loaded_into("dataset_to_uis"),
    "get_profile_flow": _loaded_into("dataset_to_ups"),
    "list_identity_flow_runs": _loaded_into("dataset_to_uis"),
    "list_profile_flow_runs": _loaded_into("dataset_to_ups"),
    "list_identity_flows": _nothing,
    "list_profile_flows": _nothing,
    "explore_landing_zone": _nothing,
    "get_landing_zone_container": _nothing,
    "get_landing_zone_credential": _nothing,
    "get_landing_zone_namespace": _nothing,
    "get_landing_zone_sas_token": _nothing,
    "get_landing_zone_sas_uri": _nothing,
    "get_landing_zone_storage_name": _nothing,
    "get_landing_zone_storage_ttl": _nothing,
    "preview_landing_zone_file": _landed_file,
    "list_exportable_datasets": _nothing,
    "list_landing_zone_exportable_datasets": _nothing,
    "find_connector": lambda w: {"words": "s3"},
    "plan_pipeline": lambda w: {"name": "n", "connector": S3_SOURCE},
    "export_pipelines": lambda w: {"names": ["Web orders"]},
    "plan_changes": lambda w: {
        "documents": "pipeline: Web orders\nconnector: PostgreSQL\ndataset: Web Orders\n"
    },
    "get_resource": lambda w: {"path": "/data/foundation/flowservice/connections"},
    "search_flow_specs": lambda w: {"query": "name==CloudStorageToAEP"},
}
