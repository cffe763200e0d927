from __future__ import annotations

import itertools
from datetime import timedelta
from statistics import mean
from types import MappingProxyType

import pytest

from aep_flow_mcp.emulator.seed import SandboxSeed, Seed, build_seed
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS, planted
from emulator.conftest import NOW
from emulator.seed.looking import Json, by_id, error_codes, runs_of, status

HOUR = 3_600_000
DAY = 24 * HOUR


def flow(sandbox: SandboxSeed, story: str) -> Json:
    return by_id(sandbox.flows)[SCENARIOS[story]]


def newest(sandbox: SandboxSeed, story: str) -> Json:
    return runs_of(sandbox, SCENARIOS[story])[-1]


def reason(run: Json) -> str:
    """What the failed activity says."""
    return " ".join(e["message"] for a in run["activities"] for e in a["statusSummary"].get("errors", []))


def test_every_story_is_about_something_that_is_there(dev: SandboxSeed) -> None:
    known = {*by_id(dev.flows), *by_id(dev.connections), *dev.datasets}
    missing = {story for story, id in SCENARIOS.items() if id not in known}
    assert missing == {"dataset_that_is_gone"}
    assert len(SCENARIOS) > 40
    assert isinstance(SCENARIOS, MappingProxyType)
    assert planted(8)["stale"] != SCENARIOS["stale"]


@pytest.mark.parametrize("hours", [0, 7.3, 17.9, 24 * 45 + 1])
def test_expired_credentials_fail_every_run_since_yesterday(hours: float) -> None:
    now = NOW + timedelta(hours=hours)
    seed = build_seed(seed=7, now=now)
    dev = seed.by_sandbox["dev"]
    since = now.timestamp() * 1000 - 19.5 * HOUR
    for story in ("expired_credentials", "expired_credentials_too"):
        recent = [r for r in runs_of(dev, SCENARIOS[story]) if r["createdAt"] > since + HOUR]
        assert len(recent) >= 3
        for run in recent:
            assert status(run) == "failed"
            assert set(error_codes(run)) == {"CONNECTOR-1001-500"}
            assert "expired" in reason(run)
            assert "expired" not in str(run["metrics"])
        assert flow(dev, story)["lastRunDetails"]["state"] == "failed"
    assert SCENARIOS["expired_account"] in seed.broken


def test_a_host_that_refuses_and_a_file_that_is_missing(seed: Seed, dev: SandboxSeed) -> None:
    assert "connection refused" in reason(newest(dev, "host_refused"))
    assert "connection refused" in seed.broken[SCENARIOS["host_refused_account"]]
    missing = newest(dev, "missing_file")
    assert "/suppliers/price-list.csv" in reason(missing)
    assert missing["metrics"]["fileSummary"]["inputFileCount"] == 0


def test_no_new_files_is_a_success_with_nothing(dev: SandboxSeed) -> None:
    runs = runs_of(dev, SCENARIOS["no_new_files"])
    counts = [run["metrics"]["fileSummary"]["inputFileCount"] for run in runs]
    assert counts[-4:] == [0, 0, 0, 0]
    assert counts[-5] > 0
    assert {status(run) for run in runs[-4:]} == {"success"}
    days = sorted(path[-14:-4] for path in dev.files["landing-zone"] if "gift-cards-" in path)
    assert days[-1] == (NOW - timedelta(days=5)).date().isoformat()


def test_partial_ingestion_hides_its_errors(dev: SandboxSeed) -> None:
    run = newest(dev, "partial_ingestion")
    assert status(run) == "success"
    assert run["metrics"]["recordSummary"]["failedRecordCount"] > 0
    assert {e["code"] for e in run["metrics"]["statusSummary"]["errors"]} == {"CONNECTOR-2001-500"}
    hidden = run["activities"][1]["statusSummary"]["extensions"]
    assert [e["code"] for e in hidden["errors"]] == ["MAPPER-3700-400", "INGEST-1212-400"]
    assert hidden["manifest"]["failedRecords"].endswith("/meta?path=row_errors")
    occasional = list(runs_of(dev, SCENARIOS["occasional_partial_ingestion"]))
    partial = [r for r in occasional if r["metrics"]["recordSummary"].get("failedRecordCount")]
    assert 0.2 < len(partial) / len(occasional) < 0.5
    assert "manifest" not in partial[0]["activities"][1]["statusSummary"]["extensions"]


def test_passing_failures_are_followed_by_recovery(dev: SandboxSeed) -> None:
    states = [status(run) for run in runs_of(dev, SCENARIOS["failed_and_recovered"])]
    assert states.count("failed") >= 5
    assert states[-3:] == ["success"] * 3


def test_one_run_is_going_on(dev: SandboxSeed) -> None:
    states = dev.runs.column("metrics.statusSummary.status")
    assert states is not None
    assert list(states).count("inProgress") == 1
    run = newest(dev, "running_now")
    assert status(run) == "inProgress"
    assert "completedAtUTC" not in run["metrics"]["durationSummary"]
    assert "completedAtUTC" not in flow(dev, "running_now")["lastRunDetails"]
    starts = [r["createdAt"] for r in runs_of(dev, SCENARIOS["running_now"])]
    assert max(abs(b - a - HOUR) for a, b in itertools.pairwise(starts)) < 0.05 * HOUR


def test_one_flow_gets_slower(dev: SandboxSeed) -> None:
    spans = [run["metrics"]["durationSummary"] for run in runs_of(dev, SCENARIOS["getting_slower"])]
    seconds = [(span["completedAtUTC"] - span["startedAtUTC"]) / 1000 for span in spans]
    assert mean(seconds[-7:]) > 2 * mean(seconds[:7])


def test_flows_that_do_not_run(dev: SandboxSeed, now_ms: int) -> None:
    stale = flow(dev, "stale")
    assert stale["state"] == "enabled"
    assert (stale["scheduleParams"]["frequency"], stale["scheduleParams"]["interval"]) == ("day", 1)
    assert now_ms - stale["lastRunDetails"]["startedAtUTC"] > 5 * DAY
    never = flow(dev, "never_run")
    assert never["scheduleParams"]["startTime"] * 1000 > now_ms
    assert "lastRunDetails" not in never
    disabled = flow(dev, "disabled")
    assert disabled["state"] == "disabled"
    assert 14 * DAY <= now_ms - disabled["updatedAt"] < 14 * DAY + 2 * HOUR
    assert newest(dev, "disabled")["createdAt"] < disabled["updatedAt"] + 2 * HOUR
    draft = flow(dev, "draft")
    assert (draft["state"], draft["transformations"]) == ("draft", [])
    assert "scheduleParams" not in draft


def test_flows_that_run_once(dev: SandboxSeed) -> None:
    for story in ("once", "once_table"):
        assert set(flow(dev, story)["scheduleParams"]) == {"startTime", "frequency"}
        assert [status(run) for run in runs_of(dev, SCENARIOS[story])] == ["success"]


def test_a_deleted_dataset_fails_in_the_promotion(dev: SandboxSeed) -> None:
    run = newest(dev, "deleted_dataset")
    gone = SCENARIOS["dataset_that_is_gone"]
    assert status(run) == "failed"
    assert [a["statusSummary"]["status"] for a in run["activities"]] == ["success", "failed"]
    assert gone in str(run["activities"][1]["statusSummary"]["extensions"]["errors"])
    assert gone not in dev.datasets


def test_a_failed_update_is_in_the_last_operation(dev: SandboxSeed) -> None:
    operation = flow(dev, "failed_update")["lastOperation"]
    assert (operation["operation"], operation["status"]["value"]) == ("update", "failed")
    assert error_codes(operation) == ["FLOW-1419-400"]
    assert flow(dev, "failed_update")["lastRunDetails"]["state"] == "success"


def test_names(dev: SandboxSeed) -> None:
    assert flow(dev, "same_name")["name"] == flow(dev, "same_name_too")["name"]
    assert SCENARIOS["same_name"] != SCENARIOS["same_name_too"]
    assert "Ö" in flow(dev, "german_name")["name"]
    assert flow(dev, "japanese_name")["name"] == "ポイント会員データ（日本）"
    assert any("\u0600" <= letter <= "\u06ff" for letter in flow(dev, "arabic_name")["name"])
    assert "🎁" in flow(dev, "emoji_name")["name"]


def test_audience_exports(dev: SandboxSeed) -> None:
    skipping = newest(dev, "audience_export_with_skips")
    summary = skipping["metrics"]["recordSummary"]
    assert status(skipping) == "success"
    assert [info["code"] for info in summary["skippedInfo"]] == ["ACTIVATION_BATCH-0000-SKIP"]
    params = flow(dev, "audience_export_with_skips")["transformations"][0]["params"]
    selected = {f"segment:{s['value']['id']}" for s in params["segmentSelectors"]["selectors"]}
    assert {e["id"] for e in summary["targetSummaries"][0]["entitySummaries"]} == selected
    assert params["mandatoryFields"] == ["personalEmail.address"]
    aborted = [r for r in runs_of(dev, SCENARIOS["audience_export_aborted_once"]) if status(r) == "failed"]
    assert [error_codes(run["metrics"]["statusSummary"]) for run in aborted] == [
        ["ACTIVATION_BATCH-0000-FAILED"]
    ]
    assert "quota" in reason(aborted[0])
    legacy = flow(dev, "legacy_audience_export")["transformations"][0]["params"]
    assert len(legacy["profileSelectors"]["selectors"]) == 5
    assert "lastRunDetails" not in flow(dev, "streaming_destination")


def test_dataset_exports_and_their_ends(dev: SandboxSeed, now_ms: int) -> None:
    stopped = flow(dev, "export_silently_stopped")
    assert stopped["state"] == "enabled"
    end = stopped["scheduleParams"]["endTime"] * 1000
    assert now_ms - 13 * DAY < end < now_ms - 11 * DAY
    assert end - DAY < newest(dev, "export_silently_stopped")["createdAt"] < end + HOUR
    soon = flow(dev, "export_to_landing_zone_ends_soon")["scheduleParams"]["endTime"] * 1000
    assert now_ms < soon < now_ms + 7 * DAY


def test_internal_flows(dev: SandboxSeed) -> None:
    for story, records in (
        ("dataset_to_profile", "createdRecordCount"),
        ("dataset_to_identity", "updatedRecordCount"),
    ):
        assert "properties" not in flow(dev, story)["inheritedAttributes"]
        assert newest(dev, story)["metrics"]["recordSummary"][records] > 0


def test_accounts_and_shared_datasets(dev: SandboxSeed) -> None:
    used = [s.get("baseConnectionId") for s in (*dev.source_connections, *dev.target_connections)]
    assert used.count(SCENARIOS["shared_account"]) >= 5
    assert set(by_id(dev.connections)) - set(used) == {SCENARIOS["unused_account"]}
    fed = [
        t
        for t in dev.target_connections
        if t.get("params", {}).get("dataSetId") == SCENARIOS["dataset_fed_by_several"]
    ]
    assert len(fed) == 4
    assert dev.datasets[SCENARIOS["dataset_fed_by_several"]]["name"] == "Loyalty Members"
    account = by_id(dev.connections)[SCENARIOS["streaming_account"]]
    assert account["auth"]["params"]["inletUrl"].endswith(account["auth"]["params"]["inletId"])
