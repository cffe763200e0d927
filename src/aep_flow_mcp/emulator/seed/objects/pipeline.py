"""Connections, source connections, target connections and flows in API shape, from their plans."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ...catalogue.entries import Connector
from ...catalogue.known_ids import (
    CLOUD_STORAGE,
    DATA_LAKE,
    DATASET_TO_IDENTITY,
    EXPORT_LAKE,
    HTTP_API,
    IDENTITY_SERVICE,
    LANDING_ZONE,
    PROFILE_STORE,
    STREAMING_AUDIENCE_FLOW,
    TABLES,
)
from ...catalogue.reading import Catalogue
from ...json_types import JsonObject
from ...state.content import ORG_ID
from ..ids import Ids, object_key
from ..organisation.feeds import FEEDS, table_columns
from ..organisation.plan import DAY, MINUTE, Account, FlowPlan
from ..organisation.schemas import schema_uri

PEOPLE = ("mira", "tomas", "yuki")
SERVICE_CLIENT = "brightfjord_data_platform"
CONNECTORS_CLIENT = "acp_foundation_connectors"


@dataclass(frozen=True)
class Place:
    """The sandbox in which objects are made, and the time."""

    ids: Ids
    sandbox_id: str
    sandbox: str
    now_ms: int
    catalogue: Catalogue

    def key(self, kind: str, key: str) -> str:
        return object_key(kind, self.sandbox, key)

    def uuid(self, kind: str, key: str) -> str:
        return self.ids.uuid(self.key(kind, key))

    def dataset_id(self, key: str) -> str:
        return self.ids.dataset(self.key("dataset", key))

    def created(self, plan: FlowPlan) -> int:
        """When a flow and its source and target connection were made."""
        days = plan.created_days_ago
        if days is None:
            days = 45.0 + self.ids.number(self.key("age", plan.key), 400)
        return self.ago(days, plan.key)

    def ago(self, days: float, key: str) -> int:
        """A time so many days ago, moved by up to an hour so that nothing happens at the same moment."""
        return self.now_ms - int(days * DAY) - self.ids.number(f"moment:{key}", 60 * MINUTE)


def audit(place: Place, kind: str, key: str, *, created: int, updated: int, author: str) -> JsonObject:
    """The fields that each stored object has."""
    user, client = author_of(place.ids, author)
    etag = place.ids.etag(place.key(kind, key), updated)
    return {
        "id": place.uuid(kind, key),
        "createdAt": created,
        "updatedAt": updated,
        "createdBy": user,
        "updatedBy": user,
        "createdClient": client,
        "updatedClient": client,
        "sandboxId": place.sandbox_id,
        "sandboxName": place.sandbox,
        "imsOrgId": ORG_ID,
        "version": etag,
        "etag": etag,
    }


def author_of(ids: Ids, author: str) -> tuple[str, str]:
    """`createdBy` and `createdClient`: a person works in the UI, a service signs with its client."""
    if author in PEOPLE:
        return f"{ids.hexadecimal(f'user:{author}', 24).upper()}@AdobeID", "exc_app"
    return SERVICE_CLIENT, SERVICE_CLIENT


@lru_cache(maxsize=256)
def spec_ref(id: str) -> JsonObject:
    """A reference to a spec. Objects share it."""
    return {"id": id, "version": "1.0"}


def connection(place: Place, account: Account) -> JsonObject:
    """A base connection. Its secrets are in clear, as the service stores them; an answer masks them."""
    created = place.ago(account.created_days_ago, account.key)
    connector = place.catalogue.by_name[account.spec]
    built = audit(place, "connection", account.key, created=created, updated=created, author=account.author)
    built |= {
        "name": account.name,
        "connectionSpec": spec_ref(connector.id),
        "state": "enabled",
    }
    if account.description:
        built["description"] = account.description
    if connector.auths:
        auth = connector.auths[account.auth]
        built["auth"] = {
            "specName": auth.name,
            "params": _auth_params(place, account, connector, auth.schema),
        }
    return built


def _auth_params(place: Place, account: Account, connector: Connector, schema: JsonObject) -> JsonObject:
    params = dict(account.params)
    for name in schema.get("required", ()):
        if name in params:
            continue
        if name == "s3AccessKey":
            params[name] = place.ids.base32(place.key("access-key", account.key), 20)
        elif "pattern" in schema["properties"][name]:
            # The secret key of a bucket has 40 letters and digits.
            params[name] = f"example{place.ids.hexadecimal(place.key(name, account.key), 33)}"
        else:
            params[name] = f"example-{place.ids.hexadecimal(place.key(name, account.key), 24)}"
    if connector.id == HTTP_API:
        inlet = place.ids.hexadecimal(place.key("inlet", account.key), 64)
        params |= {
            "inletId": inlet,
            "inletUrl": f"https://dcs.adobedc.net/collection/{inlet}",
            "name": account.name,
        }
        params.setdefault("sourceId", account.name)
    return params


def endpoint_specs(place: Place, plan: FlowPlan, account: Account | None) -> tuple[str, str]:
    """The connection specs of a flow's source and target."""
    external = place.catalogue.by_name[account.spec].id if account else LANDING_ZONE
    match plan.kind:
        case "audience" | "stream_audience":
            return PROFILE_STORE, external
        case "export":
            return EXPORT_LAKE, external
        case "internal":
            identity = plan.flow_spec == DATASET_TO_IDENTITY
            return DATA_LAKE, IDENTITY_SERVICE if identity else PROFILE_STORE
        case _:
            return external, DATA_LAKE


def flow_spec_id(place: Place, plan: FlowPlan, account: Account | None) -> str:
    """The flow spec that fits the kind of the flow and its destination."""
    if plan.flow_spec is not None:
        return plan.flow_spec
    match plan.kind:
        case "files" | "landing":
            return CLOUD_STORAGE
        case "table":
            return TABLES
        case "stream_audience":
            return STREAMING_AUDIENCE_FLOW
    if account is None:
        raise ValueError(f"{plan.name} is sent nowhere")
    shape = "audience_export" if plan.kind == "audience" else "dataset_export"
    return place.catalogue.flow_spec_of(place.catalogue.by_name[account.spec], shape)


def source_connection(
    place: Place, plan: FlowPlan, spec: str, base: JsonObject | None, datasets: list[JsonObject]
) -> JsonObject:
    """What the flow reads. `datasets` are `{dataSetId, name}` of an export or an internal flow."""
    created = place.created(plan)
    built = audit(place, "source", plan.key, created=created, updated=created, author=plan.author)
    built |= {"name": f"{plan.name} (source)", "connectionSpec": spec_ref(spec), "state": "enabled"}
    built |= _reads(plan, spec, datasets)
    if plan.kind in {"audience", "stream_audience"}:
        built["typeInfo"] = {"type": "ProfileFragments", "id": "ups"}
    return built | _based_on(base)


def _reads(plan: FlowPlan, spec: str, datasets: list[JsonObject]) -> JsonObject:
    match plan.kind:
        case "files" | "landing":
            data: JsonObject = {"format": plan.format}
            if plan.format == "delimited":
                data["properties"] = {"columnDelimiter": ",", "encoding": "UTF-8"}
            folder = plan.place.endswith("/")
            params: JsonObject = {"path": plan.place, "type": "folder" if folder else "file"}
            if folder:
                params["recursive"] = True
            return {"data": data, "params": params}
        case "table":
            columns = table_columns(FEEDS[plan.feed or ""])
            params = {"tableName": plan.place, "columns": columns, **plan.params}
            return {"data": {"format": "tabular"}, "params": params}
        case "stream" if spec != HTTP_API:
            return {"data": {"format": "json"}, "params": dict(plan.params)}
        case "export":
            return {"params": {"datasets": datasets}}
        case "internal":
            return {"params": {"dataSetId": datasets[0]["dataSetId"]}}
        case _:
            return {}


def target_connection(
    place: Place, plan: FlowPlan, spec: str, base: JsonObject | None, dataset: JsonObject | None
) -> JsonObject:
    """Where the flow writes. `dataset` is `{dataSetId, schema}` of an ingestion."""
    created = place.created(plan)
    built = audit(place, "target", plan.key, created=created, updated=created, author=plan.author)
    built |= {"name": f"{plan.name} (target)", "connectionSpec": spec_ref(spec), "state": "enabled"}
    if dataset is not None:
        schema = {
            "id": schema_uri(place.ids, dataset["schema"]),
            "version": "application/vnd.adobe.xed-full+json;version=1",
        }
        built["data"] = {"format": "parquet_xdm", "schema": schema}
        built["params"] = {"dataSetId": dataset["dataSetId"]}
    elif plan.kind != "internal":
        built["params"] = {"mode": "Server-to-server", **plan.params}
    return built | _based_on(base)


def _based_on(base: JsonObject | None) -> JsonObject:
    if base is None:
        return {}
    inherited = {"id": base["id"], "connectionSpec": base["connectionSpec"]}
    return {"baseConnectionId": base["id"], "inheritedAttributes": {"baseConnection": inherited}}


def flow(
    place: Place,
    plan: FlowPlan,
    *,
    spec: str,
    source: JsonObject,
    target: JsonObject,
    transformations: list[JsonObject],
    schedule: JsonObject | None,
) -> JsonObject:
    """The flow itself, without `lastRunDetails`."""
    created = place.created(plan)
    updated = created + 4 * MINUTE
    if plan.updated_days_ago is not None:
        updated = place.ago(plan.updated_days_ago, f"update {plan.key}")
    built = audit(place, "flow", plan.key, created=created, updated=updated, author=plan.author)
    built |= {
        "name": plan.name,
        "flowSpec": spec_ref(spec),
        "state": plan.state,
        "sourceConnectionIds": [source["id"]],
        "targetConnectionIds": [target["id"]],
        "inheritedAttributes": _inherited(plan, source, target),
        "transformations": transformations,
        "runs": f"/runs?property=flowId=={built['id']}",
        "lastOperation": _last_operation(plan, created, updated, transformations),
    }
    # A person switches a flow off; what changes one that goes on running is mostly the sources service.
    if plan.updated_days_ago is not None and plan.state != "disabled":
        built["updatedBy"], built["updatedClient"] = f"{CONNECTORS_CLIENT}@AdobeID", CONNECTORS_CLIENT
    if plan.description:
        built["description"] = plan.description
    if schedule is not None:
        built["scheduleParams"] = schedule
    options = _options(plan)
    if options:
        built["options"] = options
    if plan.policy:
        built["policy"] = {"enforcementRefs": list(plan.policy)}
    return built


def _inherited(plan: FlowPlan, source: JsonObject, target: JsonObject) -> JsonObject:
    inherited: JsonObject = {
        "sourceConnections": [_endpoint(source)],
        "targetConnections": [_endpoint(target)],
    }
    if plan.kind in {"audience", "stream_audience", "export"}:
        inherited["properties"] = {"isDestinationFlow": True}
    elif plan.kind != "internal":
        inherited["properties"] = {"isSourceFlow": True}
    return inherited


def _endpoint(item: JsonObject) -> JsonObject:
    endpoint = {"id": item["id"], "connectionSpec": item["connectionSpec"]}
    if "inheritedAttributes" in item:
        endpoint["baseConnection"] = item["inheritedAttributes"]["baseConnection"]
    if "typeInfo" in item:
        endpoint["typeInfo"] = item["typeInfo"]
    return endpoint


def _options(plan: FlowPlan) -> JsonObject:
    options: JsonObject = {}
    if plan.diagnostics is not None:
        options["errorDiagnosticsEnabled"] = plan.diagnostics
    if plan.tolerated_percent is not None:
        options["partialIngestionPercent"] = plan.tolerated_percent
    return options


def _last_operation(
    plan: FlowPlan, created: int, updated: int, transformations: list[JsonObject]
) -> JsonObject:
    operation = "create" if plan.updated_days_ago is None else "update"
    ops: list[JsonObject] = []
    if operation == "update" and transformations:
        at = len(transformations) - 1
        ops = [{"op": "replace", "path": f"/transformations/{at}", "value": transformations[at]}]
    errors = []
    if plan.failed_update is not None:
        errors = [{"code": "FLOW-1419-400", "message": plan.failed_update}]
    return {
        "started": created if operation == "create" else updated - 7_000,
        "updated": updated,
        "percentCompleted": 100,
        "status": {"value": "failed" if errors else "completed", "properties": None, "errors": errors},
        "ops": ops,
        "operation": operation,
    }
