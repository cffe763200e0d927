"""Ids that the code has to know: places of Platform's own, special connectors, flow specs, providers.

They are Adobe's published constants but for those that say otherwise. All other ids stand in the data only.
"""

from __future__ import annotations

DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
EXPORT_LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"
PROFILE_STORE = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"
IDENTITY_SERVICE = "9d2d1bd3-6c5e-4e0b-8f4c-1b7a3e5f60c2"
"""Ours: the id of the identity service's connection spec is not published anywhere."""
LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
DLZ_DESTINATION = "10440537-2a7b-4583-ac39-ed38d4b848e8"
S3_LEGACY = "4890fc95-5a1f-4983-94bb-e060c08e3f81"
"""The older Amazon S3 destination, which has the name of the source."""
HTTP_API = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"

CLOUD_STORAGE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
TABLES = "14518937-270c-4525-bdec-c2ba7cce3860"
STREAM_MAPPED = "c1a19761-d2c7-4702-b9fa-fe91f0613e81"
STREAM_XDM = "d8a6f005-7eaf-4153-983e-e8574508b877"
WEBHOOK = "e77fde5a-22a8-11ed-861d-0242ac120002"
STREAM_OPTIONAL = "d69717ba-71b4-4313-b654-49f9cf126d7a"
STREAMING_AUDIENCE_FLOW = "5c1f7f0a-3e0b-4d6e-9b57-2f7d1f2a6e41"
"""Ours: no flow spec of a streaming destination is published with its name."""
DATASET_TO_PROFILE = "f0d3a3c6-7f6e-4b0a-9f0e-58a2b6d1c7e4"
"""Ours: the id of this internal flow spec is not published."""
DATASET_TO_IDENTITY = "0b7e5f9d-2c1a-4e83-a6d4-93c5f8e2b710"
"""Ours: the id of this internal flow spec is not published."""

BATCH_PROVIDER = "0ed90a81-07f4-4586-8190-b40eccef1c5a"
STREAM_PROVIDER = "521eee4d-8cbe-4906-bb48-fb6bd4450033"
DESTINATION_PROVIDER = "14e34fac-d307-11e9-bb65-2a2ae2dbcce4"
