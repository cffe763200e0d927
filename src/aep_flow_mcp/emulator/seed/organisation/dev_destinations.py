"""The sandbox `dev`: what leaves the platform, what moves inside it, and the datasets."""

from __future__ import annotations

from ...catalogue.known_ids import DATASET_TO_IDENTITY, DATASET_TO_PROFILE, S3_LEGACY
from .plan import Account, Audience, DatasetPlan, Fault, FlowPlan, Outcome, Schedule, Volume

DESTINATION_ACCOUNTS: tuple[Account, ...] = (
    Account(
        "profile-store",
        "Profile store",
        "profile-store",
        author="api",
        created_days_ago=330,
    ),
    Account("s3-media", "Paid media bucket", "Amazon S3", params={}, author="mira"),
    Account(
        "sftp-mail",
        "Direct mail house",
        "SFTP",
        params={"domain": "upload.mailhouse.example", "username": "brightfjord"},
        author="tomas",
    ),
    Account("airship", "Airship (EU)", "airship-attributes", author="mira"),
    Account(
        "s3-legacy",
        "Remarketing bucket (legacy)",
        S3_LEGACY,
        author="tomas",
        created_days_ago=900,
    ),
    Account("dlz-export", "Data Landing Zone export", "Data Landing Zone", author="api"),
    Account("s3-bi", "Business intelligence bucket", "Amazon S3", author="api"),
)

_CSV = {
    "delimiter": ",",
    "quote": '"',
    "escape": "\\",
    "nullValue": "null",
    "emptyValue": "",
}

_AUDIENCE_FLOWS: tuple[FlowPlan, ...] = (
    FlowPlan(
        key="paid-media",
        name="Paid media audiences",
        kind="audience",
        account="s3-media",
        place="audiences/paid-media",
        feed="contacts",
        params={
            "bucketName": "brightfjord-paid-media",
            "path": "audiences/paid-media",
            "fileType": "CSV",
            "compression": "GZIP",
            "csvOptions": _CSV,
        },
        schedule=Schedule("day", at="04:00"),
        volume=Volume(500_000, 96, 780, files=3),
        audiences=(
            Audience("Gold and platinum members", 84_000, skipped_share=0.042),
            Audience("Cart abandoners, 7 days", 19_500, skipped_share=0.31),
            Audience("Lapsed buyers", 212_000, skipped_share=0.075),
        ),
        mandatory=("personalEmail.address",),
        policy=("/dulepolicy/enforcements/advertising",),
        updated_days_ago=11,
    ),
    FlowPlan(
        key="direct-mail",
        name="Direct mail: lapsed members",
        kind="audience",
        account="sftp-mail",
        place="/incoming/brightfjord",
        feed="contacts",
        params={
            "remotePath": "/incoming/brightfjord",
            "fileType": "CSV",
            "compression": "NONE",
            "csvOptions": _CSV,
        },
        schedule=Schedule("day", at="05:15"),
        volume=Volume(30_000, 140, 420),
        faults=(Fault(Outcome.EXPORT_ABORTED, 24 * 6, until_hours=24 * 5),),
        audiences=(Audience("Lapsed members with address", 31_200, mode="DAILY_FULL_EXPORT", at="05:15"),),
        author="tomas",
    ),
    FlowPlan(
        key="push-attributes",
        name="Push attributes to Airship",
        kind="stream_audience",
        account="airship",
        place="Airship",
        params={"domain": "EU"},
        audiences=(
            Audience("App users, opted in", 140_000),
            Audience("Gold and platinum members", 84_000),
        ),
    ),
    FlowPlan(
        key="remarketing-legacy",
        name="Remarketing export (legacy)",
        kind="audience",
        account="s3-legacy",
        place="exports/remarketing",
        params={"mode": "S3", "bucketName": "bf-remarketing", "path": "exports/remarketing", "format": "CSV"},
        schedule=Schedule("hour", 6, at="00:00"),
        volume=Volume(60_000, 96, 300),
        audiences=(Audience("Cart abandoners, 7 days", 19_500, frequency="EVERY_6_HOURS", at="00:00"),),
        author="tomas",
        created_days_ago=700,
    ),
)

_EXPORT_FLOWS: tuple[FlowPlan, ...] = (
    FlowPlan(
        key="export-transactions",
        name="Transactions for data science",
        kind="export",
        account="dlz-export",
        place="exports/transactions",
        datasets=("store-transactions", "web-orders"),
        params={"path": "exports/transactions", "datasetFileType": "PARQUET", "compression": "GZIP"},
        description="Ends soon: the end date was set when the project began.",
        schedule=Schedule("hour", 3, at="00:50", ends_days_ago=-6),
        volume=Volume(96_000, 240, 260, files=6, curve="shop"),
        author="api",
    ),
    FlowPlan(
        key="export-members",
        name="Loyalty members to BI",
        kind="export",
        account="s3-bi",
        place="lake/loyalty",
        datasets=("loyalty-members",),
        params={
            "bucketName": "brightfjord-bi",
            "path": "lake/loyalty",
            "datasetFileType": "JSON",
            "compression": "GZIP",
        },
        schedule=Schedule("day", at="06:30", ends_days_ago=-200),
        volume=Volume(190_000, 300, 500, files=8),
        author="api",
    ),
    FlowPlan(
        key="export-clickstream",
        name="Clickstream archive",
        kind="export",
        account="s3-bi",
        place="lake/clickstream",
        datasets=("web-clickstream",),
        params={
            "bucketName": "brightfjord-bi",
            "path": "lake/clickstream",
            "datasetFileType": "PARQUET",
            "compression": "GZIP",
        },
        description="Archive of the web shop's clickstream.",
        schedule=Schedule("hour", 12, at="00:05", ends_days_ago=12),
        volume=Volume(2_400_000, 480, 900, files=20),
        author="api",
        created_days_ago=400,
    ),
)

_INTERNAL_FLOWS: tuple[FlowPlan, ...] = (
    FlowPlan(
        key="profile-loyalty",
        name="Profile: Loyalty Members",
        kind="internal",
        datasets=("loyalty-members",),
        schedule=Schedule("hour", 12, at="00:05"),
        volume=Volume(118_000, 310, 150),
        flow_spec=DATASET_TO_PROFILE,
        author="api",
    ),
    FlowPlan(
        key="profile-contacts",
        name="Profile: CRM Contacts",
        kind="internal",
        datasets=("crm-contacts",),
        schedule=Schedule("hour", 12, at="00:35"),
        volume=Volume(15_000, 330, 90),
        flow_spec=DATASET_TO_PROFILE,
        author="api",
    ),
    FlowPlan(
        key="identity-loyalty",
        name="Identity: Loyalty Members",
        kind="internal",
        datasets=("loyalty-members",),
        schedule=Schedule("hour", 12, at="00:20"),
        volume=Volume(118_000, 120, 110),
        flow_spec=DATASET_TO_IDENTITY,
        author="api",
    ),
)

DESTINATION_FLOWS: tuple[FlowPlan, ...] = (*_AUDIENCE_FLOWS, *_EXPORT_FLOWS, *_INTERNAL_FLOWS)

DATASETS: tuple[DatasetPlan, ...] = (
    DatasetPlan("loyalty-members", "Loyalty Members", "loyalty", profile=True),
    DatasetPlan("gift-cards", "Gift Card Balances", "loyalty"),
    DatasetPlan("consents", "Consents", "loyalty", profile=True),
    DatasetPlan("crm-contacts", "CRM Contacts", "customer", profile=True),
    DatasetPlan("customer-scores", "Customer Scores", "customer", profile=True),
    DatasetPlan("surveys", "Customer Surveys", "customer"),
    DatasetPlan("store-transactions", "Store Transactions", "transaction", profile=True),
    DatasetPlan("web-orders", "Web Orders", "transaction", profile=True),
    DatasetPlan("marketplace-orders", "Marketplace Orders", "transaction"),
    DatasetPlan("web-clickstream", "Web Clickstream", "web", profile=True),
    DatasetPlan("app-events", "App Events", "web", profile=True),
    DatasetPlan("products", "Products", "product"),
    DatasetPlan("store-directory", "Store Directory", "store"),
    DatasetPlan("inventory", "Inventory", "stock"),
    DatasetPlan("support-cases", "Support Cases", "support"),
    DatasetPlan("footfall", "Store Footfall", "footfall"),
    DatasetPlan("reviews", "Product Reviews", "review"),
    DatasetPlan("message-engagement", "Message Engagement", "message"),
    DatasetPlan("shipments", "Shipments", "shipment"),
    DatasetPlan("ad-spend", "Advertising Spend", "spend"),
    DatasetPlan("returns-archive", "Returns archive (unused)", "transaction", created_days_ago=500),
)
