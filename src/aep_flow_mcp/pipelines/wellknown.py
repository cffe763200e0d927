"""Ids of specs that Adobe publishes and that are the same for every organisation.

Used where an operation is about one certain connector; everything else is found by name in the catalogue.
"""

from __future__ import annotations

HTTP_API = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"
LANDING_ZONE_SOURCE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
"""The data lake as a target: where every source flow writes."""
DATA_LAKE_SOURCE = "23598e46-f560-407b-88d5-ea6207e49db0"
"""The data lake as the source of dataset exports."""
PROFILE_STORE = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"

LANDING_ZONE_TARGET = "10440537-2a7b-4583-ac39-ed38d4b848e8"
S3_TARGET = "4fce964d-3f37-408f-9778-e597338a21ee"
BLOB_TARGET = "6d6b59bf-fb58-4107-9064-4d246c0e5bb2"
SFTP_TARGET = "36965a81-b1c6-401b-99f8-22508f1e6a26"
REPLACED = {
    "4890fc95-5a1f-4983-94bb-e060c08e3f81": S3_TARGET,
    "e258278b-a4cf-43ac-b158-4fa0ca0d948b": BLOB_TARGET,
    "64ef4b8b-a6e0-41b5-9677-3805d1ee5dd0": SFTP_TARGET,
}
"""Older file destination -> the one that replaced it, by Adobe's page
help/destinations/api/api-migration-guide-cloud-storage-destinations.md."""

FLOW_FILES_TO_LAKE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
FLOW_TABLES_TO_LAKE = "14518937-270c-4525-bdec-c2ba7cce3860"
FLOW_STREAM_MAPPED = "c1a19761-d2c7-4702-b9fa-fe91f0613e81"
FLOW_STREAM_XDM = "d8a6f005-7eaf-4153-983e-e8574508b877"
FLOW_DATASET_TO_LANDING_ZONE = "cd2fc47e-e838-4f38-a581-8fff2f99b63a"

SERVER_TO_SERVER = "Server-to-server"
"""The one value of `params.mode` of a file destination."""
EXPORT_FOLDER = "%DESTINATION%_%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%"
"""The folder template of dataset exports."""
SCHEMA_VERSION = "application/vnd.adobe.xed-full+json;version=1"
"""The media type that says which version of a schema a target connection means."""
