"""The conversations of docs/guides: each starts from a wish and uses only what earlier answers said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from guides.talk import Talk

HOUR = 3600.0
DAY = 24 * HOUR


async def import_files(talk: Talk) -> str:
    talk.person(
        "Set up a daily import of the member files from our S3 bucket into the Loyalty Members dataset. "
        "Call it Loyalty members daily."
    )
    wish: dict[str, Any] = {
        "name": "Loyalty members daily",
        "connector": "s3",
        "datasets": ["Loyalty Members"],
        "every": "day",
    }
    plan = await talk.call("plan_pipeline", **wish)
    talk.person("The ingest bucket. What is in it?")
    wish["account"] = _id(_choice(plan, "account", "ingest bucket"))
    plan = await talk.call("plan_pipeline", **wish)
    talk.person("It must be below /loyalty/.")
    folder = _choice(plan, "path", "loyalty")
    await talk.call("explore_connection", connection_id=wish["account"], object_type="folder", object=folder)
    talk.person("Yes, /loyalty/members/. Start tomorrow at two.")
    wish["path"] = "/loyalty/members/"
    wish["start_time"] = _choice(plan, "start_time", "T02:00")
    plan = await talk.call("plan_pipeline", **wish)
    talk.person(
        "The suggested fields are right. The number of the member is the key, and the e-mail is there too."
    )
    wish["fields"] = [
        {"source": "member_key", "target": "_id"},
        {"source": "email", "target": "personalEmail.address"},
        *plan["suggested_fields"],
    ]
    await talk.call("plan_pipeline", **wish)
    talk.person("Do it.")
    done = await talk.call("create_pipeline", **wish)
    talk.later(DAY, "The next day.")
    talk.person("Did it run?")
    await talk.call("list_runs", flow_id=done["data"]["flow"])
    return str(done["data"]["flow"])


async def import_landing_zone(talk: Talk) -> str:
    talk.person("Load the gift card files that we drop into the landing zone, every hour.")
    wish: dict[str, Any] = {"connector": "landing zone", "every": "1 hour"}
    plan = await talk.call("plan_pipeline", **wish)
    talk.person(
        "The giftcards folder, into Gift Card Balances. Use the mapping that the present flow has. Start at six."
    )
    wish |= {
        "name": "Gift cards hourly",
        "path": _choice(plan, "path", "giftcards"),
        "datasets": [_id(_choice(plan, "datasets", "Gift Card"))],
        "start_time": _choice(plan, "start_time", "T06:00"),
    }
    plan = await talk.call("plan_pipeline", **wish)
    found = await talk.call("find_flows", query="gift card")
    present = await talk.call("describe_flow", flow_id=found["flows"][0]["id"])
    wish["mapping_set"] = present["mapping"]["id"]
    await talk.call("plan_pipeline", **wish)
    talk.person("Create it, but leave it switched off for now.")
    done = await talk.call("create_pipeline", **wish, state="disabled")
    return str(done["data"]["flow"])


async def import_table(talk: Talk) -> str:
    talk.person("Bring the orders of our PostgreSQL database into Web Orders, once an hour.")
    wish: dict[str, Any] = {
        "name": "Web orders hourly",
        "connector": "postgresql",
        "datasets": ["Web Orders"],
        "every": "1 hour",
    }
    plan = await talk.call("plan_pipeline", **wish)
    talk.person("Use the account that we have.")
    wish["account"] = _id(_choice(plan, "account", "Order management"))
    plan = await talk.call("plan_pipeline", **wish)
    wish["path"] = _choice(plan, "path", "orders")
    talk.person(f"The table {wish['path']}. Start at two.")
    wish["start_time"] = _choice(plan, "start_time", "T02:00")
    plan = await talk.call("plan_pipeline", **wish)
    return await _table_mapped(talk, wish, plan)


async def _table_mapped(talk: Talk, wish: dict[str, Any], plan: dict[str, Any]) -> str:
    wish["delta_column"] = _choice(plan, "delta_column", "updated")
    talk.person(
        f"{wish['delta_column']} tells what is new. Take the suggested fields, and order_id is the purchase, "
        "event_id the key, ordered_at the time, total and currency the price."
    )
    wish["fields"] = [
        {"source": "event_id", "target": "_id"},
        {"source": "ordered_at", "target": "timestamp"},
        {"source": "order_id", "target": "commerce.order.purchaseID"},
        {"source": "total", "target": "commerce.order.priceTotal"},
        {"source": "currency", "target": "commerce.order.currencyCode"},
        *plan["suggested_fields"],
    ]
    await talk.call("plan_pipeline", **wish)
    talk.person("Yes, create it.")
    done = await talk.call("create_pipeline", **wish)
    return str(done["data"]["flow"])


async def stream_events(talk: Talk) -> str:
    talk.person("We want to send events of a new app over HTTP into App Events. They come as plain JSON.")
    wish: dict[str, Any] = {
        "name": "New app events",
        "connector": "http api",
        "datasets": ["App Events"],
        "auth_spec": "Streaming Connection",
        "auth_params": {"dataType": "raw"},
    }
    await talk.call("plan_pipeline", **wish)
    talk.person("Each event has an id, a time and a name: those three are enough for a start.")
    wish["fields"] = [
        {"source": "id", "target": "_id"},
        {"source": "time", "target": "timestamp"},
        {"source": "name", "target": "eventType"},
    ]
    await talk.call("plan_pipeline", **wish)
    talk.person("Fine, create it and tell me where to send to.")
    done = await talk.call("create_pipeline", **wish)
    return str(done["data"]["flow"])


async def export_datasets(talk: Talk) -> str:
    talk.person("Our BI team wants the Store Transactions as Parquet files in their S3 bucket, every day.")
    found = await talk.call("find_connector", words="s3", direction="export", limit=1)
    wish: dict[str, Any] = {
        "name": "Transactions to BI",
        "direction": "export",
        "connector": found["connectors"][0]["id"],
        "datasets": ["Store Transactions"],
        "every": "day",
    }
    plan = await talk.call("plan_pipeline", **wish)
    talk.person(
        "The Business intelligence bucket: bucket brightfjord-bi, folder exports/transactions. From six on."
    )
    wish |= {
        "account": _id(_choice(plan, "account", "Business intelligence")),
        "path": "exports/transactions",
        "params": {"bucketName": "brightfjord-bi"},
        "format": "parquet",
        "start_time": _choice(plan, "start_time", "T06:00"),
    }
    await talk.call("plan_pipeline", **wish)
    talk.person("Good.")
    done = await talk.call("create_pipeline", **wish)
    return str(done["data"]["flow"])


async def any_connector(talk: Talk) -> str:
    talk.person("Can we read the events of our Snowflake as they come?")
    found = await talk.call("find_connector", words="snowflake streaming", limit=1)
    wish: dict[str, Any] = {"name": "Payments live", "connector": found["connectors"][0]["id"]}
    plan = await talk.call("plan_pipeline", **wish)
    talk.person("The account for payment events, into Store Transactions.")
    wish |= {
        "account": _id(_choice(plan, "account", "Payment")),
        "datasets": [_id(_choice(plan, "datasets", "Store Transactions"))],
    }
    plan = await talk.call("plan_pipeline", **wish)
    wish["path"] = plan_choices(plan, "path")[0]
    talk.person(f"{wish['path']} is right. Its time is in booked_at.")
    wish["params"] = {"timestampColumn": "booked_at"}
    plan = await talk.call("plan_pipeline", **wish)
    talk.person(
        "payment_id is the key, booked_at the time. Take the suggestion too, and leave it off for now."
    )
    given = [
        {"source": "payment_id", "target": "_id"},
        {"source": "booked_at", "target": "timestamp"},
    ]
    wish |= {"fields": given + plan["suggested_fields"], "state": "disabled"}
    done = await talk.call("create_pipeline", **wish)
    return str(done["data"]["flow"])


CONVERSATIONS: dict[str, Callable[[Talk], Awaitable[str]]] = {
    "import-files": import_files,
    "import-landing-zone": import_landing_zone,
    "import-table": import_table,
    "stream-events": stream_events,
    "export-datasets": export_datasets,
    "any-connector": any_connector,
}
"""By the name of the guide; each ends with the id of the new flow."""


def plan_choices(plan: dict[str, Any], field: str) -> list[str]:
    """What a plan offered for a missing field."""
    (item,) = [item for item in plan["missing"] if item["field"] == field]
    choices: list[str] = item["choices"]
    return choices


def _choice(plan: dict[str, Any], field: str, words: str) -> str:
    """The offered choice that holds these words."""
    return next(choice for choice in plan_choices(plan, field) if words in choice)


def _id(choice: str) -> str:
    """The id in `name (id)`."""
    return choice.rsplit("(", 1)[-1].rstrip(")")
