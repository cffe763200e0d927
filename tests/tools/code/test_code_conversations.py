"""What people say about pipelines, as an assistant carries it out over their documents: at most two writing calls each;
and the mistakes that such documents have, each told with its line and its field before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.surface.snapshot import load_cards
from tools.bed import SANDBOX
from tools.pipeline_talks import Stage, stage

WRITING = {card["name"] for card in load_cards() if card["writes"]}
SECRET = "wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY0"


pytestmark = pytest.mark.usefixtures("standing_clock")


class Talk:
    """An assistant that edits documents, and how often it asked to write."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.writes = 0

    async def exported(self, *names: str) -> str:
        return await self.on.text("export_pipelines", names=list(names))

    async def planned(self, documents: str) -> str:
        """The plan of documents in whose way nothing is."""
        plan, said = await self.on.call("plan_changes", documents=documents)
        assert (plan["problems"], plan["changes"]) == ([], True), said
        assert self.on.emulator.journal.writes() == []
        return said

    async def applied(self, documents: str) -> None:
        """Applied, and then there is nothing left to do."""
        self.writes += 1
        done = await self.on.answer("apply_changes", documents=documents)
        assert done["status"] == "done", done
        plan, said = await self.on.call("plan_changes", documents=documents)
        assert plan["changes"] is False, said

    async def answer(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        self.writes += tool in WRITING
        return await self.on.answer(tool, **arguments)


def edited(text: str, old: str, new: str, *, times: int = 1) -> str:
    assert text.count(old) == times, f"{old!r} is {text.count(old)} times in\n{text}"
    return text.replace(old, new)


def flow_of(on: Stage, name: str) -> dict[str, Any]:
    [flow] = [row for row in on.stored("flows") if row["name"] == name]
    return flow


def end_of(on: Stage, kind: str, name: str) -> dict[str, Any]:
    found = on.store.get(SANDBOX, f"{kind}Connections", flow_of(on, name)[f"{kind}ConnectionIds"][0])
    assert found is not None
    return found


async def test_rename_the_gift_card_import_and_say_what_it_is_for(era: str) -> None:
    """The plan tells that the new name would be a second pipeline; with its id it is the same one."""
    async with stage(era) as on:
        talk, before = Talk(on), flow_of(on, "Gift card balances")
        text = edited(
            await talk.exported("Gift card balances"),
            "pipeline: Gift card balances\n",
            "pipeline: Gift cards (finance)\n",
        )
        said = await talk.planned(text)
        assert f'"Gift card balances" ({before["id"]})' in said
        text = f"id: {before['id']}\n" + text
        described = [line for line in text.splitlines() if line.startswith("description: ")]
        text = edited(text, described[0], "description: Balances for the monthly closing")
        said = await talk.planned(text)
        assert 'pipeline: "Gift card balances" -> "Gift cards (finance)"' in said
        await talk.applied(text)
        now = flow_of(on, "Gift cards (finance)")
        assert (now["id"], now["description"]) == (before["id"], "Balances for the monthly closing")
        assert talk.writes == 1


async def test_switch_off_everything_that_reads_through_one_account(era: str) -> None:
    """The partner's bucket is being moved: pause what reads it, and nothing else."""
    async with stage(era) as on:
        talk, account = Talk(on), "Partner feeds S3"
        states = {row["name"]: row["state"] for row in on.stored("flows")}
        part = await talk.answer("export_pipelines")
        documents = list(yaml.safe_load_all(part["documents"]))
        while part.get("rest"):
            part = await talk.answer("export_pipelines", names=part["rest"])
            documents += yaml.safe_load_all(part["documents"])
        wanted = [one["pipeline"] for one in documents if one.get("account") == account]
        assert len(wanted) >= 2
        text = await talk.exported(*wanted)
        await talk.applied(edited(text, "state: enabled\n", "state: disabled\n", times=len(wanted)))
        now = {row["name"]: row["state"] for row in on.stored("flows")}
        assert {name for name in now if now[name] != states[name]} == set(wanted)
        assert {now[name] for name in wanted} <= {"disabled", "disabling"}
        assert talk.writes == 1


async def test_let_the_export_for_data_science_run_daily(era: str) -> None:
    """An export has a time unit where an import has a frequency; nobody has to know."""
    async with stage(era) as on:
        talk, name = Talk(on), "Transactions for data science"
        before = flow_of(on, name)["scheduleParams"]
        text = edited(await talk.exported(name), "every: 3 hours", "every: day")
        assert 'schedule.every: "3 hours" -> "day"' in await talk.planned(text)
        await talk.applied(text)
        now = flow_of(on, name)["scheduleParams"]
        assert (now["timeUnit"], int(now["interval"])) == ("day", 1)
        assert now["startTime"] == before["startTime"]
        assert talk.writes == 1


async def test_read_the_whole_folder_of_the_supplier_instead_of_one_file(era: str) -> None:
    """Path and type change together, on the connection behind the flow."""
    async with stage(era) as on:
        talk, name = Talk(on), "Supplier price list"
        flow, params = flow_of(on, name), end_of(on, "source", name)["params"]
        text = edited(await talk.exported(name), "path: /suppliers/price-list.csv", "path: /suppliers/")
        text = edited(text, "type: file\n", "type: folder\n")
        await talk.applied(text)
        now = end_of(on, "source", name)["params"]
        assert now == params | {"path": "/suppliers/", "type": "folder"}
        assert flow_of(on, name)["etag"] == flow["etag"]
        assert talk.writes == 1


async def test_take_the_channel_out_of_the_web_orders(era: str) -> None:
    """A row less is a further version of the mapping set; the one before stays as it is."""
    async with stage(era) as on:
        talk, name = Talk(on), "Web orders"
        step = flow_of(on, name)["transformations"]
        before = next(one["params"] for one in step if one["name"] == "Mapping")
        row = "  - {source: channel, field: _brightfjord.channel}\n"
        text = edited(await talk.exported(name), row, "")
        said = await talk.planned(text)
        assert 'mapping._brightfjord.channel: - "channel"' in said
        await talk.applied(text)
        step = flow_of(on, name)["transformations"]
        now = next(one["params"] for one in step if one["name"] == "Mapping")
        assert now["mappingId"] == before["mappingId"]
        versions = [
            await talk.answer(
                "get_mapping_set", mapping_set_id=one["mappingId"], version=int(one["mappingVersion"])
            )
            for one in (before, now)
        ]
        old, new = ({field["destination"] for field in one["fields"]} for one in versions)
        assert old - new == {"_brightfjord.channel"}
        assert new < old
        assert talk.writes == 1


FEED = """\
pipeline: Till refunds
connector: Amazon S3
account: Brightfjord ingest bucket
source:
  path: /refunds/
  type: folder
format: delimited
dataset: Store Transactions
mapping:
  - {source: refund_id, field: _id}
schedule:
  every: 6 hours
  start: "2026-04-01T00:00:00Z"
"""
ACCOUNT = f"account:\n  name: Refunds\n  auth: Access Key\n  params:\n    s3SecretKey: {SECRET}\n"
INTERNAL = SCENARIOS["dataset_to_profile"]
MISTAKES: tuple[tuple[str, str, int, str, str], ...] = (
    ("a tab", FEED.replace("  path", "\tpath"), 5, "", "no YAML"),
    ("a field twice", f"{FEED}schedule:\n  every: day\n", 14, "", "schedule is here for the second time"),
    ("an alias of nothing", FEED.replace("Store Transactions", "*store"), 8, "", "undefined alias"),
    ("an unknown field", FEED.replace("schedule:", "shedule:"), 11, "shedule", "is no field of a pipeline"),
    ("no rhythm", FEED.replace("6 hours", "2 fortnights"), 12, "schedule.every", "is no rhythm"),
    ("no time", FEED.replace('"2026-04-01T00:00:00Z"', "soon"), 13, "schedule.start", "is no time"),
    (
        "no such XDM field",
        FEED.replace("field: _id}", "field: commerce.order.priceTotl}"),
        10,
        "mapping[0].field",
        "Close: commerce.order.priceTotal",
    ),
    ("one pipeline twice", f"{FEED}---\n{FEED}", 15, "pipeline", "documents:1 is this pipeline already"),
    (
        "a secret",
        FEED.replace("account: Brightfjord ingest bucket\n", ACCOUNT),
        7,
        "account.params.s3SecretKey",
        "write ${AEP_SECRET_NAME}",
    ),
    ("an internal flow", f"id: {INTERNAL}\n{FEED}", 1, "id", "it is internal to Platform"),
    ("too many bad rows", f"{FEED}options:\n  partial_ingestion_percent: 130\n", 15,
     "options.partial_ingestion_percent", "less than or equal to 100"),
)  # fmt: skip


async def test_each_mistake_is_told_with_its_line_and_its_field_and_nothing_is_sent(era: str) -> None:
    async with stage(era) as on:
        for what, text, line, field, words in MISTAKES:
            plan, said = await on.call("plan_changes", documents=text)
            told = [(one["line"], one["field"]) for one in plan["problems"]]
            assert told == [(line, field)], f"{what}: {said}"
            assert words in plan["problems"][0]["message"], f"{what}: {said}"
            refusal = await on.refusal("apply_changes", documents=text)
            assert f"documents:{line}:" in refusal, f"{what}: {refusal}"
            assert SECRET not in said + refusal
        assert on.emulator.journal.writes() == []
        assert (await on.answer("plan_changes", documents=FEED))["problems"] == []


async def test_an_account_that_the_other_sandbox_does_not_have_is_named_and_another_one_does(
    era: str,
) -> None:
    """Copy the loyalty import to prod, where the account is called otherwise."""
    async with stage(era, sandboxes=(SANDBOX, "prod"), mcp_allow_production_writes=True) as on:
        name = "Loyalty, copied"
        asked = {"flow": SCENARIOS["healthy"], "from_sandbox": SANDBOX, "sandbox": "prod", "name": name}
        for row in on.store.all("prod", "connections"):
            if row["name"] == "Brightfjord ingest bucket":
                on.store.put("prod", "connections", {**row, "name": "Ingest (prod)"})
        refused = await on.refusal("copy_flow", **asked)
        assert refused.startswith("account: ")
        assert "Brightfjord ingest bucket" in refused
        assert on.emulator.journal.writes() == []
        done = await on.answer("copy_flow", **asked, account="Ingest (prod)")
        assert done["status"] == "done"
        [made] = [row for row in on.store.all("prod", "flows") if row["name"] == name]
        assert made["id"] == done["data"]["flow"]
