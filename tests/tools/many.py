"""An organisation with many of everything: more than any answer shows at once."""

from __future__ import annotations

import copy
from typing import Any

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS

SANDBOX, OTHER = "dev", "prod"
MANY = 90
WINDOW = "2026-02-27/2026-03-02"
FULL_RUN = "00000000-0000-4000-9000-000000000001"
FULL_CONNECTOR = "00000000-0000-4000-9000-000000000002"
FULL_FLOW_SPEC = "00000000-0000-4000-9000-000000000003"
FULL_MAPPING = "f" * 32


def numbered(kind: int, number: int) -> str:
    return f"00000000-0000-4000-8{kind:03d}-{number:012d}"


def make_many(emulator: Emulator) -> None:
    """Adds them to an emulator's own organisation."""
    store = emulator.store

    def got(kind: str, id: str) -> dict[str, Any]:
        found = store.get(SANDBOX, kind, id)
        assert found is not None
        return copy.deepcopy(found)

    flow = got("flows", SCENARIOS["expired_credentials"])
    runs = list(store.collection(SANDBOX, "runs").where("flowId", flow["id"]))
    bad, good = copy.deepcopy(runs[-1]), copy.deepcopy(runs[10])
    _accounts(emulator, got("connections", SCENARIOS["expired_account"]), flow)
    fields = [_mapped(got_mapping(emulator), number) for number in range(900)]
    store.put(SANDBOX, "mappingSets", {**got_mapping(emulator), "id": FULL_MAPPING, "mappings": fields})
    for number in range(MANY):
        id = numbered(1, number)
        mapping = [{"name": "Mapping", "params": {"mappingId": FULL_MAPPING, "mappingVersion": 0}}]
        store.put(
            SANDBOX,
            "flows",
            {**flow, "id": id, "name": f"Copy {number:03d}", "transformations": mapping},
        )
        store.put(OTHER, "flows", {**flow, "id": numbered(2, number), "name": f"There {number:03d}"})
        store.put(SANDBOX, "mappingSets", {**got_mapping(emulator), "id": f"{number:032x}"})
        for at, run in enumerate((good, bad)):
            made = {**copy.deepcopy(run), "id": numbered(10 + at, number), "flowId": id}
            skipped = {"inputRecordCount": 10, "outputRecordCount": 8, "skippedRecordCount": 1 + number}
            made["metrics"]["recordSummary"] = skipped
            times = made["metrics"]["durationSummary"]
            took = times["completedAtUTC"] - times["startedAtUTC"]
            times["startedAtUTC"] = bad["metrics"]["durationSummary"]["startedAtUTC"] - 3_600_000 * (1 - at)
            times["completedAtUTC"] = times["startedAtUTC"] + took + number * 1_000
            _failing(made, number)
            store.put(SANDBOX, "runs", made)
    for number in range(12):
        # One flow fails each time for another reason.
        made = {**copy.deepcopy(good), "id": numbered(12, number), "flowId": numbered(1, 1)}
        made["metrics"]["durationSummary"]["startedAtUTC"] += number * 60_000
        _failing(made, 200 + number)
        store.put(SANDBOX, "runs", made)
    _full_run(emulator, bad)
    _full_specs(emulator)
    _full_export(emulator, got("flows", SCENARIOS["audience_export_with_skips"]))


def got_mapping(emulator: Emulator) -> dict[str, Any]:
    return copy.deepcopy(emulator.store.all(SANDBOX, "mappingSets")[-1])


def _mapped(item: dict[str, Any], number: int) -> dict[str, Any]:
    row = copy.deepcopy(item["mappings"][0])
    return {**row, "source": f"column_{number}", "sourceAttribute": f"column_{number}"}


def _failing(run: dict[str, Any], number: int) -> None:
    """Each flow fails for a reason of its own: lists of errors are long too."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in f"{number:03d}")
    error = {"code": f"MADE-{1000 + number}-500", "message": f"It fails for reason {letters}."}
    run["metrics"]["statusSummary"] = {"status": "failed", "errors": [error]}


def _accounts(emulator: Emulator, account: dict[str, Any], flow: dict[str, Any]) -> None:
    store = emulator.store
    ends = (("sourceConnections", 5), ("targetConnections", 6))
    for number in range(MANY):
        store.put(
            SANDBOX, "connections", {**account, "id": numbered(4, number), "name": f"Account {number:03d}"}
        )
        for kind, at in ends:
            id = flow[f"{kind.removesuffix('s')}Ids"][0]
            item = store.get(SANDBOX, kind, id)
            store.put(SANDBOX, kind, {**copy.deepcopy(item or {}), "id": numbered(at, number)})


def _full_run(emulator: Emulator, bad: dict[str, Any]) -> None:
    run = {**copy.deepcopy(bad), "id": FULL_RUN}
    first = copy.deepcopy(run["activities"][0])
    run["activities"] = [{**copy.deepcopy(first), "id": str(n), "name": f"Step {n}"} for n in range(100)]
    errors = [{"code": f"MADE-{n}-500", "message": f"error {n}"} for n in range(100)]
    run["metrics"]["statusSummary"] = {"status": "failed", "errors": errors}
    run["metrics"]["fileSummary"] = {}
    emulator.store.put(SANDBOX, "runs", run)


def _full_specs(emulator: Emulator) -> None:
    store = emulator.store
    spec = copy.deepcopy(store.specs("connectionSpecs").get("ecadc60c-7455-4d87-84dc-2a0e293d997b") or {})
    params = {f"param{n}": {"type": "string"} for n in range(250)}
    source = {"type": "Source", "spec": {"type": "object", "properties": params}}
    store.put(
        SANDBOX, "connectionSpecs", {**spec, "id": FULL_CONNECTOR, "name": "full", "sourceSpec": source}
    )
    for number in range(400):
        store.put(
            SANDBOX, "connectionSpecs", {**spec, "id": numbered(7, number), "name": f"made-up-{number:03d}"}
        )
    kind = copy.deepcopy(store.specs("flowSpecs").get("9753525b-82c7-4dce-8a9b-5ccfce2b9876") or {})
    takes = [numbered(7, number) for number in range(400)]
    store.put(
        SANDBOX, "flowSpecs", {**kind, "id": FULL_FLOW_SPEC, "name": "Full", "sourceConnectionSpecIds": takes}
    )
    for number in range(MANY):
        store.put(SANDBOX, "flowSpecs", {**kind, "id": numbered(8, number), "name": f"Kind {number:03d}"})


def _full_export(emulator: Emulator, flow: dict[str, Any]) -> None:
    for step in flow["transformations"]:
        selectors = step.get("params", {}).get("segmentSelectors", {}).get("selectors")
        if selectors:
            first = copy.deepcopy(selectors[0])
            made = [{**first["value"], "id": numbered(9, n), "name": f"Audience {n}"} for n in range(200)]
            step["params"]["segmentSelectors"]["selectors"] = [{**first, "value": value} for value in made]
    emulator.store.put(SANDBOX, "flows", flow)
