"""Observability Insights: how much was ingested, counted from the batches of Catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import pstdev
from typing import Any

from ..http.errors import ApiError
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend
from ..state.store import SandboxStore
from .kept import check_kept

_PATH = "/data/infrastructure/observability/insights/metrics"
_AGGREGATORS: dict[str, Callable[[Sequence[float]], float]] = {
    **dict.fromkeys(("sum", "zimsum"), sum),
    **dict.fromkeys(("min", "mimmin"), min),
    **dict.fromkeys(("max", "mimmax"), max),
    "avg": lambda values: sum(values) / len(values),
    "count": len,
    "dev": pstdev,
}
_MOST_METRICS = 6
_USUAL_MS = 30 * 86_400_000
_FORMS = {
    "MINUTE": "%Y-%m-%dT%H:%M:00Z",
    "HOUR": "%Y-%m-%dT%H:00:00Z",
    "DAY": "%Y-%m-%dT00:00:00Z",
    "MONTH": "%Y-%m-01T00:00:00Z",
}


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One batch: of which dataset, when it was done (epoch milliseconds), and what came in."""

    dataset: str
    at: int
    failed: bool
    records: int
    bytes: int


Value = Callable[[_Loaded], float | None]

_INGESTION = "timeseries.ingestion.dataset."
_METRICS: dict[str, Value] = {
    f"{_INGESTION}size": lambda one: None if one.failed else one.bytes,
    f"{_INGESTION}dailysize": lambda one: None if one.failed else one.bytes,
    f"{_INGESTION}batchfailed.count": lambda one: 1 if one.failed else None,
    f"{_INGESTION}batchsuccess.count": lambda one: None if one.failed else 1,
    f"{_INGESTION}recordsuccess.count": lambda one: None if one.failed else one.records,
}
_OF_PROFILE: dict[str, Value] = {
    "timeseries.profiles.dataset.recordread.count": lambda one: None if one.failed else one.records,
    "timeseries.profiles.dataset.recordsuccess.count": lambda one: None if one.failed else one.records,
    "timeseries.profiles.dataset.batchsuccess.count": lambda one: None if one.failed else 1,
    "timeseries.identity.dataset.recordsuccess.count": lambda one: None if one.failed else one.records,
}
"""Of datasets that feed Profile and the identity graph."""
_SILENT = frozenset(
    [
        "timeseries.identity.dataset.recordfailed.count",
        "timeseries.identity.dataset.namespacecode.recordfailed.count",
        "timeseries.identity.dataset.namespacecode.recordskipped.count",
        "timeseries.identity.graph.imsorg.uniqueidentities.count",
        "timeseries.identity.graph.imsorg.namespacecode.uniqueidentities.count",
        "timeseries.identity.graph.imsorg.graphstrength.uniqueidentities.count",
        "timeseries.data.collection.validation.category.presence.count",
        "timeseries.data.collection.inlet.total.messages.received",
        "timeseries.data.collection.inlet.total.messages.size.received",
        "timeseries.data.collection.inlet.success",
        "timeseries.data.collection.inlet.failure",
    ]
)
"""Listed by Adobe; this organisation has no datapoints of them."""


def metrics(backend: Backend, call: Call) -> Answer:
    """The second version: each metric of the body, over its window, by granularity and dataset."""
    body = call.json_object()
    _check_sandbox_id(backend, call)
    start, end = _moment(backend, call, body, "start"), _moment(backend, call, body, "end")
    if start > end:
        raise _refused(backend, call, "Start date cannot be after end date.")
    granularity = str(body.get("granularity") or "").upper()
    if granularity and granularity not in _FORMS:
        raise _refused(backend, call, f"Unknown granularity '{granularity}'.")
    asked = body.get("metrics")
    if not isinstance(asked, list) or not asked or not all(isinstance(one, dict) for one in asked):
        raise _refused(backend, call, "metrics has to be a list of objects.")
    check_kept(backend, "Observability Insights")
    sandbox = backend.sandbox(call)
    loaded = [one for one in _loads(sandbox) if start <= one.at < end]
    made = [_answer(backend, call, sandbox, one, loaded, granularity) for one in asked]
    return Answer(200, {"metricResponses": made})


def metrics_of_first_version(backend: Backend, call: Call) -> Answer:
    """The first version, which Adobe advises against: up to six metrics a day, by `id` and `dateRange`."""
    names = call.every("metric")
    if not 1 <= len(names) <= _MOST_METRICS or len(set(names)) < len(names):
        raise _refused(backend, call, f"metric has to name 1 to {_MOST_METRICS} different metrics.")
    unknown = [name for name in names if name not in _SILENT and name not in {*_METRICS, *_OF_PROFILE}]
    if unknown:
        raise _refused(backend, call, f"Invalid metric '{unknown[0]}'.")
    start, end = _date_range(backend, call)
    check_kept(backend, "Observability Insights")
    sandbox, wanted = backend.sandbox(call), call.first("id")
    loaded = [one for one in _loads(sandbox) if start <= one.at < end and wanted in (None, one.dataset)]
    days: dict[str, JsonObject] = {}
    for name in names:
        value = _METRICS.get(name) or _OF_PROFILE.get(name)
        for day, number in _points(loaded if value else [], value, "DAY", sum).items():
            days.setdefault(day, {})[name] = number
    items = [{"timestamp": day, "metrics": days[day]} for day in sorted(days, reverse=True)]
    series = {"granularity": "DAY", "items": items, "_page": None, "_links": None}
    organisation = call.headers.get("x-gw-ims-org-id", "")
    return Answer(200, [{"id": wanted, "imsOrgId": organisation, "timeseries": series, "stats": {}}])


def _date_range(backend: Backend, call: Call) -> tuple[int, int]:
    """Two ISO 8601 times with a slash between them; without, the last 30 days."""
    text = call.first("dateRange")
    if text is None:
        now = backend.clock.now_ms()
        return now - _USUAL_MS, now
    first, _, last = text.partition("/")
    return _moment(backend, call, {"start": first}, "start"), _moment(backend, call, {"end": last}, "end")


def _answer(
    backend: Backend,
    call: Call,
    sandbox: SandboxStore,
    asked: JsonObject,
    loaded: list[_Loaded],
    granularity: str,
) -> JsonObject:
    name, aggregator = str(asked.get("name") or ""), str(asked.get("aggregator") or "")
    value = _METRICS.get(name) or _OF_PROFILE.get(name)
    if value is None and name not in _SILENT:
        raise _refused(backend, call, f"Invalid metric '{name}'.")
    if aggregator not in _AGGREGATORS:
        raise _refused(backend, call, f"Invalid or missing aggregator '{aggregator}'.")
    filters = [one for one in asked.get("filters") or [] if isinstance(one, dict)]
    named = [one for one in filters if str(one.get("name", "")).casefold() in ("datasetid", "datasets")]
    wanted = [id for one in named for id in str(one.get("value", "")).split("|") if id]
    chosen = [one for one in loaded if not wanted or one.dataset in wanted]
    if name in _OF_PROFILE:
        chosen = [one for one in chosen if _feeds_profile(sandbox, one.dataset)]
    grouped = any(one.get("groupBy") is True for one in named)
    key = backend.variants.metric_group_key
    points = []
    for group in wanted if grouped else [None]:
        own = [one for one in chosen if group is None or one.dataset == group]
        dps = _points(own if value else [], value, granularity, _AGGREGATORS[aggregator])
        if name.endswith("dataset.size"):
            dps = _running(dps)
        points.append({"groupBy": {} if group is None else {key: group}, "dps": dps})
    built: JsonObject = {backend.variants.metric_name_key: name, "filters": filters, "datapoints": points}
    return built | ({"granularity": granularity} if granularity else {})


def _loads(sandbox: SandboxStore) -> Iterator[_Loaded]:
    for row in sandbox["batches"]:
        counts = row.get("metrics") or {}
        at = row.get("completed") or row.get("updated") or 0
        written = int(counts.get("outputRecordCount") or 0)
        for one in row.get("relatedObjects") or []:
            if one.get("type") == "dataSet":
                size = int(counts.get("inputByteSize") or 0)
                yield _Loaded(str(one.get("id")), at, row.get("status") == "failed", written, size)


def _points(
    loaded: Iterable[_Loaded],
    value: Value | None,
    granularity: str,
    aggregate: Callable[[Sequence[float]], float],
) -> dict[str, float]:
    form = _FORMS.get(granularity, "%Y-%m-%dT%H:%M:%SZ")
    buckets: dict[str, list[float]] = {}
    for one in loaded:
        number = value(one) if value else None
        if number is not None:
            moment = datetime.fromtimestamp(one.at / 1000, UTC)
            buckets.setdefault(moment.strftime(form), []).append(float(number))
    return {at: float(aggregate(buckets[at])) for at in sorted(buckets)}


def _running(dps: dict[str, float]) -> dict[str, float]:
    """Sizes add up: the metric is what a dataset holds, not what came in."""
    total, found = 0.0, {}
    for at, number in dps.items():
        total += number
        found[at] = total
    return found


def _feeds_profile(sandbox: SandboxStore, dataset: str) -> bool:
    tags = (sandbox["dataSets"].get(dataset) or {}).get("tags") or {}
    return "enabled:true" in (tags.get("unifiedProfile") or [])


# --- what is refused --------------------------------------------------------------------------------------


def _moment(backend: Backend, call: Call, body: JsonObject, name: str) -> int:
    try:
        moment = datetime.fromisoformat(str(body.get(name)))
    except ValueError:
        raise _refused(backend, call, f"{name} is missing or no ISO 8601 time.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _check_sandbox_id(backend: Backend, call: Call) -> None:
    """Adobe's file requires the header, earlier pages did without it; a wrong one is refused."""
    sent = call.headers.get("x-sandbox-id")
    if sent is not None and sent != backend.store.sandboxes[call.sandbox].about.get("id"):
        raise _refused(
            backend,
            call,
            "Sandbox validation error.",
            code="INSGHT-1003-401",
            status=401,
            title="Unauthorized",
        )


def _refused(
    backend: Backend,
    call: Call,
    why: str,
    *,
    code: str = "INSGHT-1000-400",
    status: int = 400,
    title: str = "Bad Request",
) -> ApiError:
    tenant: dict[str, Any] = {
        "sandboxName": call.sandbox,
        "sandboxId": backend.store.sandboxes[call.sandbox].about.get("id", ""),
        "imsOrgId": call.headers.get("x-gw-ims-org-id", ""),
    }
    link = {
        "serviceId": "INSGHT",
        "errorCode": code,
        "invokingServiceId": "INSGHT",
        "unixTimeStampMs": backend.clock.now_ms(),
    }
    body = {
        "type": f"http://ns.adobe.com/aep/errors/{code}",
        "title": f"{title} - {why}",
        "status": status,
        "report": {"tenantInfo": tenant, "additionalContext": None},
        "error-chain": [link],
    }
    return ApiError(status, body)


ROUTES = (Route("POST", _PATH, metrics), Route("GET", _PATH, metrics_of_first_version))
