"""The known errors of Adobe's Flow Service OpenAPI in the objects that come back."""

from __future__ import annotations

from contract.known import (
    ANYTHING,
    BOOLEAN,
    INTEGER,
    STRING,
    KnownError,
    array,
    one_of,
    thing,
)
from contract.known_specs import SPECS
from contract.shapes import Schema

CONNECTIONS = ("GET /connections", "GET /connections/{BASE_CONNECTION_ID}", "POST /connections/search")
SOURCES = ("GET /sourceConnections", "GET /sourceConnections/{SOURCE_CONNECTION_ID}")
TARGETS = ("GET /targetConnections", "GET /targetConnections/{TARGET_CONNECTION_ID}")
FLOWS = ("GET /flows", "GET /flows/{FLOW_ID}", "POST /flows/search")
RUNS = ("GET /runs", "GET /runs/{RUN_ID}")

AUTH_PARAMS: dict[str, Schema] = {
    "s3AccessKey": STRING,
    "s3SecretKey": STRING,
}
SOURCE_PARAMS: dict[str, Schema] = {
    "type": one_of("file", "folder"),
    "recursive": BOOLEAN,
    "tableName": STRING,
    "columns": array(ANYTHING),
    "datasets": array(thing(dataSetId=STRING, name=STRING)),
}
TARGET_PARAMS: dict[str, Schema] = {
    "mode": one_of("Server-to-server"),
    "path": STRING,
    "bucketName": STRING,
    "compression": one_of("NONE", "GZIP"),
    "datasetFileType": one_of("JSON", "PARQUET"),
}
EXPORT_SCHEDULE: dict[str, Schema] = {
    "timeUnit": one_of("hour", "day"),
    "endTime": INTEGER,
    "exportMode": one_of("FIRST_FULL_THEN_INCREMENTAL", "DAILY_FULL_EXPORT"),
    "folderNameTemplate": STRING,
}
TRANSFORMATION_PARAMS: dict[str, Schema] = {
    "deltaColumn": thing(name=STRING, dateFormat=STRING, timezone=STRING),
}

OBJECTS: list[KnownError] = [*SPECS]
