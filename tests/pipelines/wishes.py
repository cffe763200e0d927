"""Complete wishes, one for each recipe and connector, to be taken as they are or spoiled in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aep_flow_mcp.pipelines.wish import Direction, FieldPair, PipelineWish
from pipelines.organisation import TOMORROW

LOYALTY = (
    FieldPair("member_no", "_brightfjord.identification.memberId"),
    FieldPair("points", "loyalty.points"),
    FieldPair("lower(email)", "personalEmail.address"),
)
S3_LOGIN = {"s3AccessKey": "AKIAEXAMPLE234567QWE", "s3SecretKey": "${AEP_SECRET_S3}"}


def files(**changes: Any) -> PipelineWish:
    """The daily import of the loyalty files from S3."""
    wish = PipelineWish(
        name="Loyalty daily",
        connector="s3",
        account="Brightfjord ingest bucket",
        path="/loyalty/members/",
        datasets=("Loyalty Members",),
        fields=LOYALTY,
        every="daily",
        start_time=TOMORROW,
    )
    return replace(wish, **changes)


def table(**changes: Any) -> PipelineWish:
    """The hourly import of the orders table."""
    wish = PipelineWish(
        name="Orders hourly",
        connector="postgresql",
        account="Order management (PostgreSQL)",
        path="public.orders",
        datasets=("Web Orders",),
        fields=(FieldPair("order_id", "commerce.order.purchaseID"), FieldPair("event_id", "_id")),
        every="2 hours",
        start_time=TOMORROW,
        delta_column="updated_at",
    )
    return replace(wish, **changes)


def stream(**changes: Any) -> PipelineWish:
    """Raw events of a shop, mapped."""
    wish = PipelineWish(
        name="Shop events",
        connector="http api",
        account="Web shop collector",
        datasets=("Web Clickstream",),
        fields=(FieldPair("page", "web.webPageDetails.name"), FieldPair("id", "_id")),
    )
    return replace(wish, **changes)


def export(**changes: Any) -> PipelineWish:
    """Datasets into a bucket every six hours."""
    wish = PipelineWish(
        name="Orders out",
        direction=Direction.EXPORT,
        connector="4fce964d-3f37-408f-9778-e597338a21ee",
        account="Business intelligence bucket",
        path="lake/orders",
        params={"bucketName": "brightfjord-bi"},
        datasets=("Web Orders", "Store Transactions"),
        format="parquet",
        every="6 hours",
        start_time=TOMORROW,
        end_time="2027-01-01",
    )
    return replace(wish, **changes)


def from_zone(**changes: Any) -> PipelineWish:
    """The gift cards from the landing zone."""
    wish = files(
        name="Gift cards",
        connector="landing zone",
        account=None,
        path="dlz-user-container/giftcards/",
        datasets=("Gift Card Balances",),
        fields=(FieldPair("balance", "_brightfjord.giftCards.balance"),),
    )
    return replace(wish, **changes)


def to_zone(**changes: Any) -> PipelineWish:
    """Orders into the landing zone, once."""
    wish = export(
        connector="landing zone", account=None, path="exports/orders", params={}, every="once", end_time=None
    )
    return replace(wish, **changes)


def hub(**changes: Any) -> PipelineWish:
    """An event hub: no recipe is about it."""
    wish = stream(
        name="Footfall",
        connector="event hubs",
        account="Store sensors (Event Hubs)",
        params={"eventHubName": "footfall", "dataType": "raw"},
        datasets=("Store Footfall",),
        fields=(FieldPair("visitors", "_brightfjord.sensor.visitors"),),
    )
    return replace(wish, **changes)


def airship(**changes: Any) -> PipelineWish:
    """A destination of audiences."""
    wish = PipelineWish(
        name="Push audiences",
        direction=Direction.EXPORT,
        connector="airship",
        account="Airship (EU)",
        params={"domain": "EU"},
    )
    return replace(wish, **changes)
