"""Applying: who says yes, what is noticed in between, and that nothing is touched that no file names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.filing.folder import KEPT, Folder
from aep_flow_mcp.filing.kept import alone
from as_code.bed import Answers, Bed, counts, organisation

NEW = """\
# Refunds of the tills, asked for by finance.
pipeline: Till refunds
kind: import
connector: Amazon S3
account: Brightfjord ingest bucket
source:
  path: /refunds/
  type: folder
  recursive: true
format: delimited
format_options:
  columnDelimiter: ";"   # as the tills write it
dataset: Store Transactions
mapping:
  - {source: refund_id, field: _id}
  - {source: "to_decimal(total)", field: commerce.order.priceTotal}
schedule:
  every: 6 hours
  start: "2026-04-01T00:00:00Z"
options:
  error_diagnostics: true
"""
ACCOUNT = """\
account:
  name: Refund bucket
  auth: Access Key
  params:
    s3AccessKey: ${AEP_SECRET_REFUNDS_ID}
    s3SecretKey: ${AEP_SECRET_REFUNDS}
"""
"""An account to create; AEP_SECRET_REFUNDS and AEP_SECRET_REFUNDS_ID have to be set."""
MAKES = NEW.replace("account: Brightfjord ingest bucket\n", ACCOUNT)


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    """A folder with one file, which is not applied yet."""
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.write("till-refunds.yaml", NEW)
    return bed


def digest_of(bed: Bed) -> str:
    code, said = bed.plan("json")
    assert code == 2, said
    found: str = json.loads(said)["digest"]
    assert re.fullmatch(r"[0-9a-f]{64}", found)
    return found


def test_a_new_file_becomes_a_pipeline_and_then_there_is_nothing_to_do(bed: Bed) -> None:
    before = counts(bed.emulator)
    code, said = bed.plan()
    assert code == 2
    assert "+ Till refunds (till-refunds.yaml): create" in said
    assert bed.writes == []
    answers = Answers()
    code, said = bed.apply(answers)
    assert code == 0, said
    [question] = answers.questions
    assert "POST /data/foundation/flowservice/flows" in question
    flow = bed.flow("Till refunds")
    assert flow["scheduleParams"] == {"startTime": 1_775_001_600, "frequency": "hour", "interval": 6}
    assert flow["options"] == {"errorDiagnosticsEnabled": True}
    after = counts(bed.emulator)
    assert {kind: after[kind] - number for kind, number in before.items()} == {
        "flows": 1, "sourceConnections": 1, "targetConnections": 1, "mappingSets": 1, "connections": 0,
    }  # fmt: skip
    assert bed.plan() == (0, "Sandbox dev. 1 pipelines: 1 as they are.\nNothing to do.")
    assert bed.texts["till-refunds.yaml"] == NEW


@pytest.mark.parametrize("word", ["no", "", "y", "yes please"])
def test_anything_but_yes_sends_nothing(bed: Bed, word: str) -> None:
    code, said = bed.apply(Answers(word))
    assert (code, said.split(":")[0]) == (1, "declined")
    assert bed.writes == []


def test_nobody_at_a_terminal_sends_nothing(bed: Bed) -> None:
    code, said = bed.apply(Answers(None))
    assert (code, said.split(":")[0], "--approve" in said) == (1, "refused", True)
    assert bed.writes == []


def test_the_digest_of_a_reviewed_plan_approves_it(bed: Bed) -> None:
    code, said = bed.apply(Answers(None), approved=digest_of(bed))
    assert code == 0, said
    assert bed.flow("Till refunds")["state"] in ("enabled", "initializing")


def test_another_digest_approves_nothing_and_the_present_one_is_told(bed: Bed) -> None:
    right = digest_of(bed)
    for wrong in ("", "0" * 64, right[:16], right.upper()):
        code, said = bed.apply(Answers(None), approved=wrong)
        assert (code, right in said) == (1, True)
    assert bed.writes == []


@pytest.mark.parametrize("mode", ["human", "browser"])
def test_where_a_person_is_wanted_a_digest_is_no_approval(tmp_path: Path, mode: str) -> None:
    bed = Bed(tmp_path / "pipelines", organisation(), mcp_approval=mode)
    bed.write("till-refunds.yaml", NEW)
    code, said = bed.apply(Answers(None), approved=digest_of(bed))
    assert (code, mode in said) == (1, True)
    assert bed.writes == []


def test_production_is_refused_without_the_setting(tmp_path: Path) -> None:
    bed = Bed(tmp_path / "pipelines", organisation(), sandbox="prod")
    bed.export("Web orders")
    bed.edit("web-orders.yaml", "state: enabled", "state: disabled")
    code, said = bed.plan()
    assert (code, "AEP_MCP_ALLOW_PRODUCTION_WRITES" in said, "Digest" in said) == (2, True, False)
    code, said = bed.apply()
    assert (code, "AEP_MCP_ALLOW_PRODUCTION_WRITES" in said) == (1, True)
    assert bed.writes == []


def test_a_file_that_was_edited_since_the_review_is_not_applied(bed: Bed) -> None:
    reviewed = digest_of(bed)
    bed.edit("till-refunds.yaml", "every: 6 hours", "every: 15 minutes")
    code, said = bed.apply(Answers(None), approved=reviewed)
    assert (code, "has changed since" in said) == (1, True)
    assert bed.writes == []


def test_a_file_that_is_edited_while_the_question_is_open_is_asked_about_again(bed: Bed) -> None:
    edits = iter(["every: 15 minutes"])

    def meanwhile() -> None:
        new = next(edits, None)
        if new:
            bed.edit("till-refunds.yaml", "every: 6 hours", new)

    answers = Answers(meanwhile=meanwhile)
    code, said = bed.apply(answers)
    assert code == 0, said
    questions = [one for one in answers.questions if "POST" in one]
    assert len(questions) == 2
    assert bed.flow("Till refunds")["scheduleParams"]["frequency"] == "minute"


def test_an_object_that_is_edited_since_the_review_is_not_overwritten(tmp_path: Path) -> None:
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.export("Web orders")
    bed.edit("web-orders.yaml", "every: hour", "every: 3 hours")
    reviewed = digest_of(bed)
    bed.change_flow("Web orders", description="Paused for the audit")
    code, said = bed.apply(Answers(None), approved=reviewed)
    assert (code, "has changed since" in said) == (1, True)
    assert bed.flow("Web orders")["description"] == "Paused for the audit"
    assert bed.writes == []


def test_an_object_that_is_edited_while_the_request_is_on_its_way_is_not_overwritten(tmp_path: Path) -> None:
    """The last word has the ETag."""
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.export("Web orders")
    bed.edit("web-orders.yaml", "every: hour", "every: 3 hours")
    handle = bed.emulator.handle

    def racing(method: str, *rest: Any) -> Any:
        if method == "PATCH":
            bed.change_flow("Web orders", description="Paused for the audit")
        return handle(method, *rest)

    bed.emulator.handle = racing  # type: ignore[method-assign,assignment]
    code, said = bed.apply()
    assert (code, "Nothing was overwritten" in said) == (1, True), said
    assert bed.flow("Web orders")["description"] == "Paused for the audit"


def test_two_who_apply_one_folder_at_once(bed: Bed) -> None:
    with alone(Folder.opened(bed.folder)):
        code, said = bed.apply()
    assert (code, "by another process" in said) == (1, True)
    assert bed.writes == []
    assert bed.apply()[0] == 0


def test_two_who_apply_two_checkouts_at_once(bed: Bed, tmp_path: Path) -> None:
    """The second one's question is open while the first one applies: there is nothing left to do for it."""
    other = Bed(tmp_path / "other", bed.emulator)
    other.write("till-refunds.yaml", NEW)
    code, said = bed.apply(Answers(meanwhile=_once(lambda: _in_thread(other.apply))))
    assert (code, "Nothing to do" in said) == (0, True), said
    assert bed.flow("Till refunds")


def test_a_change_touches_only_what_differs(tmp_path: Path) -> None:
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.export("Web orders", "Store POS receipts")
    before = bed.flow("Web orders")
    bed.edit("web-orders.yaml", "every: hour", "every: 15 minutes")
    bed.edit("store-pos-receipts.yaml", "path: /pos/receipts/", "path: /pos/receipts/v2/")
    code, said = bed.plan()
    assert code == 2
    assert 'schedule.every: "hour" -> "15 minutes"' in said
    assert 'source.path: "/pos/receipts/" -> "/pos/receipts/v2/"' in said
    bed.apply()
    [flow_patch] = [one for one in bed.emulator.journal.writes() if one.path.endswith(before["id"])]
    assert flow_patch.body == [
        {"op": "replace", "path": "/scheduleParams/frequency", "value": "minute"},
        {"op": "replace", "path": "/scheduleParams/interval", "value": 15},
    ]
    after = bed.flow("Web orders")
    assert after["scheduleParams"]["startTime"] == before["scheduleParams"]["startTime"]
    assert len(bed.writes) == 2
    assert bed.plan()[0] == 0


def test_what_the_service_does_not_change_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.export("Web orders")
    bed.edit("web-orders.yaml", "  backfill: true", "  backfill: false")
    answers = Answers()
    code, said = bed.apply(answers)
    assert (code, answers.questions) == (1, [])
    line = bed.texts["web-orders.yaml"].splitlines().index("  backfill: false") + 1
    assert f"web-orders.yaml:{line}:3: schedule.backfill:" in said
    assert "1404-400" in said


def test_no_flow_is_touched_that_no_file_names(bed: Bed) -> None:
    others = {row["id"]: row["etag"] for row in bed.emulator.store.sandboxes["dev"]["flows"]}
    bed.apply()
    for row in bed.emulator.store.sandboxes["dev"]["flows"]:
        assert others.get(row["id"], row["etag"]) == row["etag"]
    assert not [one for one in bed.writes if one.startswith(("PATCH", "DELETE", "PUT"))]


def test_a_file_that_is_gone_deletes_its_flow_with_prune_alone(bed: Bed) -> None:
    bed.apply()
    (bed.folder / "till-refunds.yaml").unlink()
    assert bed.plan()[0] == 0
    code, said = bed.plan(prune=True)
    assert (code, "- Till refunds (till-refunds.yaml): delete" in said) == (2, True)
    answers = Answers()
    assert bed.apply(answers, prune=True)[0] == 0
    assert "delete Till refunds" in answers.questions[0]
    assert "Till refunds" not in {row["name"] for row in bed.emulator.store.sandboxes["dev"]["flows"]}
    assert [one.split("/")[0] for one in bed.writes if one.startswith("DELETE")] == ["DELETE "]


def test_a_name_that_leads_nowhere_is_told_with_line_column_and_the_close_ones(bed: Bed) -> None:
    bed.edit("till-refunds.yaml", "dataset: Store Transactions", "dataset: Store Transaction")
    code, said = bed.plan()
    assert code == 1
    line = bed.texts["till-refunds.yaml"].splitlines().index("dataset: Store Transaction") + 1
    assert (
        f"till-refunds.yaml:{line}:1: dataset: the sandbox dev has no dataset called Store Transaction."
        in said
    )
    assert "Close: Store Transactions" in said


def test_another_sandbox_takes_the_names_that_sandboxes_yaml_gives(tmp_path: Path) -> None:
    bed = Bed(
        tmp_path / "pipelines", organisation(), sandboxes=("dev", "prod"), mcp_allow_production_writes=True
    )
    bed.write("till-refunds.yaml", NEW)
    bed.write("sandboxes.yaml", "prod:\n  accounts:\n    Brightfjord ingest bucket: Prod bucket\n")
    code, said = bed.plan(sandbox="prod")
    assert (code, "no account called Prod bucket" in said) == (1, True), said
    bed.write("sandboxes.yaml", "prod:\n  datasets:\n    Store Transactions: Web Orders\n")
    code, said = bed.apply(sandbox="prod")
    assert code == 0, said
    flow = bed.flow("Till refunds", "prod")
    target = bed.emulator.store.sandboxes["prod"]["targetConnections"].get(flow["targetConnectionIds"][0])
    assert target is not None
    dataset = bed.emulator.store.sandboxes["prod"]["dataSets"].get(target["params"]["dataSetId"])
    assert dataset is not None
    assert dataset["name"] == "Web Orders"
    assert "Till refunds" not in {row["name"] for row in bed.emulator.store.sandboxes["dev"]["flows"]}
    assert set(json.loads((bed.folder / KEPT).read_text())["sandboxes"]) == {"prod"}


def test_a_new_account_takes_its_credentials_by_reference(tmp_path: Path) -> None:
    bed = Bed(tmp_path / "pipelines", organisation())
    account = (
        "account:\n  name: Refund bucket\n  auth: Access Key\n  params:\n    s3AccessKey: ${AEP_SECRET_REFUNDS_ID}\n"
        "    s3SecretKey: ${AEP_SECRET_REFUNDS}\n"
    )
    bed.write("till-refunds.yaml", NEW.replace("account: Brightfjord ingest bucket\n", account))
    code, said = bed.apply()
    assert (code, "AEP_SECRET_REFUNDS" in said) == (1, True), said
    bed.environ |= {"AEP_SECRET_REFUNDS": "canary-refunds-7c1f", "AEP_SECRET_REFUNDS_ID": "AKIAREFUNDS"}
    answers = Answers()
    code, said = bed.apply(answers)
    assert code == 0, said
    [made] = [
        row for row in bed.emulator.store.sandboxes["dev"]["connections"] if row["name"] == "Refund bucket"
    ]
    assert made["auth"]["params"]["s3SecretKey"] == "canary-refunds-7c1f"
    assert "canary" not in "\n".join([said, *answers.questions, *bed.texts.values()])
    assert bed.plan()[0] == 0


def _once(call: Any) -> Any:
    done: list[int] = []

    def run() -> None:
        if not done:
            done.append(1)
            call()

    return run


def _in_thread(call: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(call).result(60)[0] == 0


TWO = ("Web orders", "Store POS receipts")


@pytest.fixture
def together(tmp_path: Path) -> Bed:
    """Two pipelines in one file, applied."""
    bed = Bed(tmp_path / "together", organisation())
    bed.export(*TWO)
    parts = [bed.texts[file] for file in ("web-orders.yaml", "store-pos-receipts.yaml")]
    for file in bed.texts:
        (bed.folder / file).unlink()
    bed.write("shops.yaml", "---\n".join(parts))
    assert bed.apply()[1].startswith("unchanged")
    return bed


def test_a_document_that_is_taken_away_in_front_of_another_takes_its_own_flow_with_it(together: Bed) -> None:
    kept, gone = together.flow(TWO[1])["id"], together.flow(TWO[0])["id"]
    text = together.texts["shops.yaml"]
    together.write("shops.yaml", text.partition("---\n")[2])
    assert together.plan() == (0, "Sandbox dev. 1 pipelines: 1 as they are.\nNothing to do.")
    code, said = together.apply(prune=True)
    assert code == 0, said
    assert together.writes == [f"DELETE /data/foundation/flowservice/flows/{gone}"]
    assert together.flow(TWO[1])["id"] == kept


def test_documents_in_another_order_keep_their_flows(together: Bed) -> None:
    front, _, back = together.texts["shops.yaml"].partition("---\n")
    together.write("shops.yaml", f"{back}---\n{front}")
    assert together.plan(prune=True)[0] == 0


def test_a_document_of_several_takes_its_flow_along_to_another_name(together: Bed) -> None:
    flow_id = together.flow(TWO[1])["id"]
    together.edit("shops.yaml", f"pipeline: {TWO[1]}", "pipeline: Tills")
    code, said = together.apply()
    assert code == 0, said
    assert together.flow("Tills")["id"] == flow_id
    assert together.flow(TWO[0])


def test_an_export_leaves_documents_that_moved_in_their_file_as_they_are(together: Bed) -> None:
    left = together.texts["shops.yaml"].partition("---\n")[2]
    together.write("shops.yaml", left)
    assert together.export(*TWO)[0] == 0
    assert together.texts["shops.yaml"] == left
    assert "pipeline: Web orders" in together.texts["web-orders.yaml"]
    assert together.plan(prune=True)[0] == 0


def test_rows_left_behind_without_an_identity_are_not_taken_for_rows_with_one(tmp_path: Path) -> None:
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.write("till-refunds.yaml", NEW)
    assert bed.apply()[0] == 0
    store = bed.emulator.store.sandboxes["dev"]
    left = bed.flow("Till refunds")["transformations"][0]["params"]["mappingId"]
    store["flows"].remove(bed.flow("Till refunds")["id"])
    bed.edit("till-refunds.yaml", "field: _id}", "field: _id, identity: true, primary_identity: true}")
    code, said = bed.apply()
    assert code == 0, said
    used = bed.flow("Till refunds")["transformations"][0]["params"]["mappingId"]
    assert used != left
    assert bed.plan()[0] == 0


def test_what_was_done_is_told_although_nothing_can_be_read_afterwards(tmp_path: Path) -> None:
    route = "^GET /data/foundation/flowservice/flows$"
    whole = Bed(tmp_path / "whole", organisation())
    whole.write("till-refunds.yaml", NEW)
    assert whole.apply()[0] == 0
    asked = sum(bool(re.match(route, f"{one.method} {one.path}")) for one in whole.emulator.journal)
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.write("till-refunds.yaml", NEW)
    bed.emulator.faults.add(FaultRule(route=route, kind="status", status=403, after=asked - 1))
    code, said = bed.apply()
    assert (code, said.split(":")[0]) == (1, "done"), said
    assert "How the flows are now was not kept" in said
    assert bed.flow("Till refunds")
