"""Rules over what a flow depends on: its parts, its state, its schedule, its schema and mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from aep_flow_mcp.insight.causes import Cause, cause_of_words
from aep_flow_mcp.insight.diagnosis.evidence import Probe
from aep_flow_mcp.insight.diagnosis.findings import Basis, Case, Finding, Step, explore_step
from aep_flow_mcp.insight.facts import Outcome
from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.platform.models.common import to_int
from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.redaction.names import is_secret_name

_SOON = timedelta(days=14)
_LONGER = timedelta(days=365)
"""By how much a schedule that is over is proposed to go on."""
_BUSY_STATES = frozenset(
    {"initializing", "pending", "updating", "enabling", "disabling", "enabled-finalizing"}
)


def parts(case: Case) -> Iterator[Finding]:
    """What the flow depends on and is not there, or is switched off."""
    for parts, cause, kind in (
        (case.evidence.accounts, Cause.ACCOUNT_NOT_FOUND, "account"),
        (case.evidence.sources, Cause.SOURCE_CONNECTION_NOT_FOUND, "source connection"),
        (case.evidence.targets, Cause.TARGET_CONNECTION_NOT_FOUND, "target connection"),
        (case.evidence.datasets, Cause.DATASET_NOT_FOUND, "dataset"),
        (case.evidence.schemas, Cause.SCHEMA_NOT_FOUND, "schema"),
    ):
        for id, part in parts.items():
            if part is Problem.NOT_FOUND:
                yield _not_found(case, cause, f"{kind} {id}", 0.97)
    if case.evidence.mapping is Problem.NOT_FOUND and case.evidence.flow.mapping:
        id = case.evidence.flow.mapping.mapping_id
        yield _not_found(case, Cause.MAPPING_NOT_FOUND, f"mapping set {id}", 0.96)
    for id, account in case.evidence.accounts.items():
        if not isinstance(account, Problem) and (account.state or "").casefold() == "disabled":
            words = f"account {account.name or id} has state disabled"
            step = Step("get_connection", {"account": id})
            yield Finding(Cause.ACCOUNT_DISABLED, 0.95, (words,), step, Basis.SEEN)


def _not_found(case: Case, cause: Cause, what: str, weight: float) -> Finding:
    """A part that answers 404. While runs succeed it is there, and only not for this credential to see."""
    step = Step("describe_flow", {"flow": case.evidence.flow.id})
    if case.goes_well:
        words = (
            f"{what} is not found, yet the newest run succeeded: it may only be hidden from this credential"
        )
        return Finding(cause, 0.33, (words,), step, Basis.POSSIBLE)
    basis = Basis.BOTH if case.named_cause is cause else Basis.LIKELY
    return Finding(cause, weight, (f"{what} is not found", *case.run_words), step, basis)


_TEST_CAUSES = frozenset(
    {Cause.NETWORK, Cause.RATE_LIMITED, Cause.SOURCE_PERMISSION, Cause.CREDENTIALS, Cause.OUTAGE}
)


def probes(case: Case) -> Iterator[Finding]:
    """Connection tests that fail, and source paths that are not there."""
    said_by_runs = case.named_cause
    for id, probe in case.evidence.tested.items():
        if probe.result is not Probe.FAILED:
            continue
        account = case.evidence.accounts.get(id)
        name = account.name if account and not isinstance(account, Problem) else id
        named = cause_of_words(probe.message)
        told = named in _TEST_CAUSES
        if named is None or not told:
            named = (
                said_by_runs
                if said_by_runs in (Cause.NETWORK, Cause.SOURCE_PERMISSION)
                else Cause.CREDENTIALS
            )
        words = f"the test of account {name} fails" + (f": {probe.message}" if probe.message else "")
        evidence_words = (words, *case.run_words)
        # A test that fails without a word that is known only makes the credentials the likeliest.
        basis = Basis.SEEN if told else Basis.LIKELY
        yield Finding(named, 0.93, evidence_words, _repair(named, id, account), basis)
    for id, probe in case.evidence.explored.items():
        if probe.result is Probe.MISSING:
            source = case.evidence.sources.get(id)
            path = source.path if source and not isinstance(source, Problem) else None
            words = f"{path or 'the source path'} is not found when explored"
            # A pattern or a folder that is empty today is no proof while runs succeed.
            weight = 0.9 if case.history.streak or not case.history.runs else 0.55
            yield Finding(Cause.SOURCE_MISSING, weight, (words, *case.run_words), explore_step(case, id))


def _repair(cause: Cause, id: str, account: Connection | Problem | None) -> Step:
    """What to do about a test that fails: only for credentials is it new credentials."""
    if cause is Cause.CREDENTIALS:
        return _renewal(id, account)
    # A host or a port stands in the account; what is not ours to change is tested again once somebody has.
    return Step("get_connection" if cause is Cause.NETWORK else "test_connection", {"account": id})


def _renewal(id: str, account: Connection | Problem | None) -> Step:
    """New credentials, by reference, in each secret field that the account has; looking at it where none is known."""
    params = account.auth.params if isinstance(account, Connection) and account.auth else {}
    put = [
        {"op": "replace", "path": f"/auth/params/{_pointer(name)}", "value": _reference(name)}
        for name in params
        if is_secret_name(name)
    ]
    return (
        Step("update_connection", {"account": id, "operations": put})
        if put
        else Step("get_connection", {"account": id})
    )


def _reference(field: str) -> str:
    """`${AEP_SECRET_PASSWORD}` for `password`: a variable of its own for each field."""
    return f"${{AEP_SECRET_{re.sub(r'[^A-Za-z0-9]+', '_', field).strip('_').upper()}}}"


def _pointer(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def state(case: Case) -> Iterator[Finding]:
    """The state of the flow itself, and the last change made to it."""
    flow = case.evidence.flow
    state = (flow.state or "").casefold()
    changed = (
        f"last changed {utc(flow.updated_at)} by {flow.updated_by}" if flow.updated_at else "since unknown"
    )
    if state == "disabled":
        step = Step("run_flow_action", {"flow": flow.id, "action": "enable"})
        # Failing flows get switched off: then what made them fail is the cause, and this the consequence.
        yield Finding(
            Cause.FLOW_DISABLED,
            0.5 if case.history.streak >= 3 else 0.92,
            (f"state disabled, {changed}",),
            step,
            Basis.SEEN,
        )
    elif state == "draft":
        # What a draft may lack and a flow may not, its flow spec says.
        step = Step("run_flow_action", {"flow": flow.id, "action": "publish"})
        if Timetable.read(flow.schedule) is None and flow.spec_id:
            step = Step("get_flow_spec", {"flow_spec_id": flow.spec_id})
        yield Finding(Cause.FLOW_DRAFT, 0.92, ("state draft",), step, Basis.SEEN)
    elif state in _BUSY_STATES:
        step = Step("get_flow", {"flow": flow.id})
        yield Finding(Cause.FLOW_BUSY, 0.7, (f"state {state}, {changed}",), step, Basis.SEEN)
    operation = flow.last_operation
    if operation and (operation.errors or (operation.status and _is_failed(operation.status.value))):
        words = [f"{operation.operation or 'change'} at {utc(operation.updated or operation.started)} failed"]
        words += [
            ": ".join(part for part in (error.code, error.message) if part) for error in operation.errors
        ]
        named = next((found for error in operation.errors if (found := cause_of_words(error.message))), None)
        explained = {Cause.SCHEMA_CHANGED, Cause.MAPPING_NOT_FOUND, Cause.DATASET_NOT_FOUND}
        cause = named if named in explained else Cause.UPDATE_FAILED
        yield Finding(cause, 0.86, tuple(words), Step("get_flow", {"flow": flow.id}), Basis.SEEN)


def schedule(case: Case) -> Iterator[Finding]:
    """A schedule that is over, or is still to begin, or has run its only time."""
    flow = case.evidence.flow
    table = Timetable.read(flow.schedule)
    if table is None or (flow.state or "").casefold() != "enabled":
        return
    later = f"{case.evidence.now + _LONGER:%Y-%m-%dT%H:%M:%SZ}"
    put = {"op": "replace", "path": "/scheduleParams/endTime", "value": later}
    step = Step("update_flow", {"flow": flow.id, "operations": [put]})
    if table.end is not None and table.end <= case.evidence.now:
        yield Finding(Cause.SCHEDULE_ENDED, 0.88, (f"the schedule ended {utc(table.end)}",), step, Basis.SEEN)
    elif table.end is not None and table.end - case.evidence.now <= _SOON:
        yield Finding(Cause.ENDS_SOON, 0.3, (f"the schedule ends {utc(table.end)}",), step, Basis.SEEN)
    elif table.first > case.evidence.now:
        words = f"the first run is due {utc(table.first)}"
        yield Finding(Cause.NOT_STARTED_YET, 0.88, (words,), basis=Basis.SEEN)
    elif (
        table.step is None
        and case.history.newest_finished
        and case.history.newest_finished.outcome is Outcome.SUCCEEDED
    ):
        now = case.evidence.now
        ran = case.history.newest_finished.at or now
        since = {
            "window_start": f"{min(ran, now):%Y-%m-%dT%H:%M:%SZ}",
            "window_end": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        }
        step = Step("create_run", {"flow": flow.id, **since})
        yield Finding(Cause.RAN_ONCE, 0.3, (f"frequency once; it ran {utc(ran)}",), step, Basis.SEEN)


def schema(case: Case) -> Iterator[Finding]:
    """A target connection or a mapping that was made for another schema than the dataset has now."""
    mapping_schema = (
        None if isinstance(case.evidence.mapping, Problem | None) else case.evidence.mapping.schema_id
    )
    for target in case.evidence.targets.values():
        if isinstance(target, Problem) or target.dataset_id is None:
            continue
        dataset = case.evidence.datasets.get(target.dataset_id)
        if dataset is None or isinstance(dataset, Problem) or dataset.schema_ref is None:
            continue
        words = []
        if target.schema_id and dataset.schema_id and target.schema_id != dataset.schema_id:
            words.append(
                f"the target connection writes schema {target.schema_id}, the dataset has {dataset.schema_id}"
            )
        elif _newer(dataset.schema_ref.version, target.schema_version):
            words.append(
                f"the dataset's schema has version {dataset.schema_ref.version}, the target connection's "
                f"{target.schema_version}"
            )
        if mapping_schema and dataset.schema_id and mapping_schema != dataset.schema_id:
            words.append(f"the mapping is for schema {mapping_schema}, the dataset has {dataset.schema_id}")
        if words:
            weight = 0.91 if case.history.streak else 0.6
            step = Step("get_target_connection", {"target_connection_id": target.id})
            yield Finding(Cause.SCHEMA_CHANGED, weight, (*words, *case.run_words), step)


_ROW_CAUSES = frozenset({Cause.MAPPING_FAILS, Cause.REQUIRED_FIELD, Cause.BAD_ROWS, Cause.SCHEMA_CHANGED})


def mapping(case: Case) -> Iterator[Finding]:
    """A mapping set that has a newer version than the flow uses."""
    used, newest = case.evidence.flow.mapping, case.evidence.newest_mapping
    if used is None or used.mapping_version is None or newest is None or newest <= used.mapping_version:
        return
    words = f"the flow uses version {used.mapping_version} of mapping set {used.mapping_id}, the newest is {newest}"
    fits = case.named_cause in _ROW_CAUSES
    weight = 0.85 if case.history.streak and fits else 0.4
    step = Step("update_flow_mapping", {"flow": case.evidence.flow.id, "mapping_version": newest})
    yield Finding(Cause.MAPPING_OUTDATED, weight, (words, *case.run_words), step)


def _newer(version: str | None, than: str | None) -> bool:
    """Whether a media type or version names a later version (`...;version=2` after `...;version=1`)."""
    first, second = _minor(version), _minor(than)
    return first is not None and second is not None and first > second


def _minor(version: str | None) -> int | None:
    return to_int((version or "").rpartition("version=")[2].split(".")[-1])


def _is_failed(value: str | None) -> bool:
    return (value or "").casefold() in ("failed", "error")
