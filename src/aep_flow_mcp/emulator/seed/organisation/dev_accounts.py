"""The sandbox `dev`: the accounts at the systems that data comes from, and what else lies there."""

from __future__ import annotations

from .plan import Account, Extra

SOURCE_ACCOUNTS: tuple[Account, ...] = (
    Account(
        "s3-ingest",
        "Brightfjord ingest bucket",
        "amazon-s3",
        params={"bucketName": "brightfjord-ingest", "folderPath": "/"},
        description="Feeds from our own systems. Shared by several dataflows.",
    ),
    Account(
        "s3-partner",
        "Partner feeds S3",
        "amazon-s3",
        params={"bucketName": "partner-exchange-eu"},
        description="Keys are issued by the marketplace partner and expire every 90 days.",
        author="tomas",
        broken="Access denied: the access key has expired or was revoked (ExpiredToken, status code 403).",
    ),
    Account("blob-stores", "Store systems (Azure Blob)", "azure-blob", auth=1, author="tomas"),
    Account(
        "sftp-loyalty",
        "Loyalty agency SFTP",
        "sftp",
        params={"host": "sftp.loyalty-agency.example", "port": 22, "userName": "brightfjord"},
    ),
    Account(
        "sftp-carrier",
        "Carrier SFTP",
        "sftp",
        auth=1,
        params={"host": "files.carrier.example", "port": 22, "userName": "bf_tracking"},
        author="api",
        broken="Cannot connect to files.carrier.example: connection refused (port 22).",
    ),
    Account(
        "salesforce",
        "Salesforce CRM",
        "salesforce",
        params={
            "environmentUrl": "https://brightfjord.my.salesforce.example",
            "username": "integration@brightfjord.example",
        },
    ),
    Account("snowflake", "Analytics warehouse (Snowflake)", "snowflake", author="api"),
    Account("postgres", "Order management (PostgreSQL)", "postgre-sql", author="api"),
    Account(
        "adls-callcentre",
        "Callcenter Zürich (ADLS)",
        "adls-gen2",
        params={
            "url": "https://callcentre.dfs.core.windows.net",
            "servicePrincipalId": "d1f6a8b2-5e0c-4a39-8c7d-2b9e4f3a6c10",
            "tenant": "brightfjord.example",
        },
        author="yuki",
    ),
    Account(
        "bigquery",
        "Media reporting (BigQuery)",
        "google-big-query",
        params={"project": "brightfjord-media", "clientId": "media-reporting"},
        author="yuki",
    ),
    Account(
        "gcs-agency",
        "Former agency bucket (GCS)",
        "google-cloud",
        params={"accessKeyId": "GOOGBRIGHTFJORD0001"},
        description="Not used any more since the agency changed.",
        author="tomas",
        created_days_ago=640,
    ),
    Account(
        "http-web",
        "Web shop collector",
        "Streaming Connection",
        params={"dataType": "raw", "authenticationRequired": False},
        author="api",
    ),
    Account(
        "http-app",
        "Mobile app collector",
        "Streaming Connection",
        params={"dataType": "xdm", "authenticationRequired": True},
        author="api",
    ),
    Account(
        "eventhub",
        "Store sensors (Event Hubs)",
        "azure-event-hubs",
        params={"sasKeyName": "listen", "namespace": "brightfjord-stores"},
        author="yuki",
    ),
    Account(
        "snowflake-stream",
        "Payment events (Snowflake)",
        "snowflake-streaming",
        params={
            "account": "brightfjord.eu-central-1",
            "database": "PAYMENTS",
            "warehouse": "STREAM_WH",
            "username": "AEP_STREAM",
        },
        author="api",
    ),
)

# Things that nobody reads yet (or, in the case of the old price list, not any more).
EXTRAS: tuple[Extra, ...] = (
    Extra("s3-ingest", "/suppliers/price-list-old.csv", "products"),
    Extra("s3-ingest", "/returns/2025/returns.csv", "returns"),
    Extra("sftp-loyalty", "/out/welcome/welcome-mails.csv", "messages"),
    Extra(None, "dlz-user-container/incoming/loyalty-trial.csv", "members"),
    Extra("salesforce", "Lead", "contacts", table=True),
    Extra("snowflake", "RETAIL.STORES", "stores", table=True),
    Extra("postgres", "public.customers", "contacts", table=True),
    Extra("snowflake-stream", "PAYMENT_EVENTS", "payments", table=True),
)
