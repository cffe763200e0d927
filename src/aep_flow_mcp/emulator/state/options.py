"""What can be chosen about an emulator: who may call, what time it is, which documented answer it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from .content import ORG_ID, Scale


@dataclass(frozen=True, slots=True)
class Variants:
    """One switch for each place where Adobe's own documents give two answers.

    The first value of each is the default.
    """

    delete_status: Literal["mixed", "204", "202", "200"] = "mixed"
    """`mixed`: 202 for what belongs to a destination, else 204. All have an empty body."""
    patch_answer: Literal["etag", "list"] = "etag"
    """PATCH of a source or target connection: `{id, etag}` or the list wrapper with the whole object."""
    run_create: Literal["items", "etag", "run"] = "items"
    """POST /runs: `{items: [{id, etag}]}`, `{id, etag}` or the whole run."""
    retrigger_answer: Literal["etag", "run"] = "etag"
    schedule_numbers: Literal["number", "string"] = "number"
    """Members of `scheduleParams` as they are read back."""
    mapping_version: Literal["int", "string"] = "int"
    flow_spec_ref: Literal["object", "string"] = "object"
    run_etag_key: Literal["etag", "eTag"] = "etag"
    activities_key: Literal["activities", "activites"] = "activities"
    completed_key: Literal["completedAtUTC", "stoppedAtUTC"] = "completedAtUTC"
    status_case: Literal["camel", "capitalised", "upper"] = "camel"
    """`inProgress`, `InProgress` or `IN_PROGRESS`, in runs and in `lastRunDetails.state`."""
    count_answer: Literal["only", "with_items"] = "only"
    last_page: Literal["empty", "missing", "null"] = "empty"
    """`_links` of the last page."""
    next_href: Literal["token_only", "with_params"] = "token_only"
    """Whether a next link repeats the filter, the order and the limit before the token."""
    limit_maximum: Literal[100, 1000] = 100
    gateway_code: Literal["string", "number"] = "string"
    sandbox_header: Literal["default", "required"] = "default"
    """Without `x-sandbox-name`: the default sandbox, or error 2105."""
    if_match: Literal["strict", "lenient"] = "strict"
    """`lenient` also takes an ETag without its double quotes."""
    interval_minimum: Literal["schema", "fifteen"] = "schema"
    """The smallest schedule interval: what the flow spec says, or 15 for each frequency."""
    dlz_provider: Literal["azure", "aws"] = "azure"
    transformation_key: Literal["printed", "singular", "plural", "dtos"] = "printed"
    """`transformationSpec`, `transformationSpecs` or `transformationSpecDTOS` in a flow spec: `printed` has the
    first two, as each spec is published."""
    permissions_info: Literal["array", "object"] = "array"
    explore_root: Literal["array", "items"] = "array"
    """The root of a table source: a bare array, or `{items: [...]}`."""
    configs_page_info: Literal["present", "missing"] = "present"
    configs_spec: Literal["both", "source"] = "both"
    """Exportable datasets are asked of the data lake source spec, or of the landing zone target too, as `aepp`
    does it."""
    metric_name_key: Literal["metric", "name"] = "metric"
    """What an answer of Observability Insights calls the metric: as Adobe's examples do, or its schema."""
    metric_group_key: Literal["dataSetId", "datasetID"] = "dataSetId"


def real_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """How an emulator is set up.

    `client_id`, `client_secret` and `org_id` are what IMS and the gateway accept; None accepts anything.
    `latency` is in seconds and added to every answer, `token_ttl` is in seconds. `settle` is how many
    seconds a flow shows an in-between state (`enabling`) before it reaches the final one.
    `provider_access` allows what Adobe keeps for connector providers: writing specs, updating runs,
    the FINALIZE actions.
    """

    seed: int = 7
    clock: Callable[[], datetime] = field(default=real_clock)
    variants: Variants = field(default_factory=Variants)
    scale: Scale | None = None
    latency: float = 0.0
    strict_sandbox_header: bool = False
    client_id: str | None = "emulator-client"
    client_secret: str | None = "emulator-secret"  # noqa: S105 - accepted by the emulator only
    org_id: str | None = ORG_ID
    static_tokens: frozenset[str] = frozenset()
    """Access tokens that are accepted without having been issued."""
    token_ttl: int = 86_399
    settle: float = 0.0
    provider_access: bool = False
    journal_limit: int = 1_000
    """How many exchanges the journal keeps: an emulator that runs for long must not grow."""
    access_labels: frozenset[str] | None = None
    """The access labels of the caller's roles. A flow with another label is not found (404), nor are its runs, and
    cannot be changed (403). None: the caller has every label."""
