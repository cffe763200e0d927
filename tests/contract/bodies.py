"""What is sent to make a flow: the smallest bodies that the documentation shows."""

from __future__ import annotations

from typing import Any

DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
S3_SOURCE = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
FILES_TO_LAKE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
START = 4_102_444_800  # seconds; the year 2100, later than any clock of a test

Json = dict[str, Any]


def account(name: str) -> Json:
    return {
        "name": name,
        "description": "read only",
        "auth": {
            "specName": "Access Key",
            "params": {"s3AccessKey": "AKIACONTRACTCONTRACT", "s3SecretKey": "contract-secret"},
        },
        "connectionSpec": {"id": S3_SOURCE, "version": "1.0"},
    }


def files(base: str) -> Json:
    return {
        "name": "order files",
        "baseConnectionId": base,
        "data": {"format": "delimited", "properties": {"columnDelimiter": ",", "encoding": "UTF-8"}},
        "params": {"path": "/orders/", "type": "folder", "recursive": True},
        "connectionSpec": {"id": S3_SOURCE, "version": "1.0"},
    }


def into(lake: Json) -> Json:
    return {
        "name": "orders in the lake",
        "data": {"format": "parquet_xdm", "schema": lake["data"]["schema"]},
        "params": {"dataSetId": lake["params"]["dataSetId"]},
        "connectionSpec": {"id": DATA_LAKE, "version": "1.0"},
    }


def mapping_step(mapping: str) -> Json:
    return {"name": "Mapping", "params": {"mappingId": mapping, "mappingVersion": 0}}


def scheduled(source: str, target: str, mapping: str) -> Json:
    return {
        "name": "orders",
        "description": "hourly",
        "flowSpec": {"id": FILES_TO_LAKE, "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [mapping_step(mapping)],
        "options": {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 5},
        "scheduleParams": {"startTime": START, "frequency": "hour", "interval": 15, "backfill": True},
    }


def replace(path: str, value: object) -> Json:
    return {"op": "replace", "path": path, "value": value}


def add(path: str, value: object) -> Json:
    return {"op": "add", "path": path, "value": value}


def remove(path: str, value: object) -> Json:
    return {"op": "remove", "path": path, "value": value}
