"""Destination connectors and the two flow specs of each: export of datasets, export of audiences."""

from __future__ import annotations

from dataclasses import dataclass

from ..json_types import JsonObject
from .connection_specs import DRAFT, Auth, Connector

AIRSHIP = "34cd3131-b208-474b-b779-b487b5a2bd01"
DLZ_DESTINATION = "10440537-2a7b-4583-ac39-ed38d4b848e8"
LEGACY_AUDIENCE_FLOW = "71471eba-b620-49e4-90fd-23f1fa0174d8"
STREAMING_AUDIENCE_FLOW = "5c1f7f0a-3e0b-4d6e-9b57-2f7d1f2a6e41"
"""Ours: no flow spec of a streaming destination is published with its name."""


@dataclass(frozen=True)
class FileDestination:
    """A destination that takes files, with the flow specs that write to it (None: not offered)."""

    name: str
    id: str
    label: str
    auths: tuple[Auth, ...]
    place: str
    """The target parameters that say where to write, all required."""
    dataset_flow: str | None
    audience_flow: str


_SFTP_AUTHS = (
    Auth("SFTP with Password", "domain username password*"),
    Auth("SFTP with SSH Key", "domain username sshKey*"),
)

FILE_DESTINATIONS: tuple[FileDestination, ...] = (
    FileDestination(
        "amazon-s3-destination",
        "4fce964d-3f37-408f-9778-e597338a21ee",
        "Amazon S3",
        (Auth("Access Key", "s3AccessKey s3SecretKey*"),),
        "bucketName path",
        "269ba276-16fc-47db-92b0-c1049a3c131f",
        "1a0514a6-33d4-4c7f-aff8-594799c47549",
    ),
    FileDestination(
        "azure-blob-destination",
        "6d6b59bf-fb58-4107-9064-4d246c0e5bb2",
        "Azure Blob Storage",
        (Auth("ConnectionString", "connectionString*"),),
        "container path",
        "95bd8965-fc8a-4119-b9c3-944c2c2df6d2",
        "752d422f-b16f-4f0d-b1c6-26e448e3b388",
    ),
    FileDestination(
        "adls-gen2-destination",
        "be2c3209-53bc-47e7-ab25-145db8b873e1",
        "Azure Data Lake Storage Gen2",
        (Auth("Azure Service Principal Auth", "url servicePrincipalId servicePrincipalKey* tenant"),),
        "path",
        "17be2013-2549-41ce-96e7-a70363bec293",
        "db060570-a155-418a-a6d3-b4d97698e5dc",
    ),
    FileDestination(
        "Data Landing Zone",
        DLZ_DESTINATION,
        "Data Landing Zone",
        (),
        "path",
        "cd2fc47e-e838-4f38-a581-8fff2f99b63a",
        "7e635b9f-e59b-4546-8ba8-fce6496693c8",
    ),
    FileDestination(
        "google-cloud-storage-destination",
        "c5d93acb-ea8b-4b14-8f53-02138444ae99",
        "Google Cloud Storage",
        (Auth("Google Cloud Storage authentication credentials", "accessKeyId secretAccessKey*"),),
        "bucketName path",
        "585c15c4-6cbf-4126-8f87-e26bff78b657",
        "976d663b-80b4-4193-be6b-2d0487516623",
    ),
    FileDestination(
        "sftp-destination",
        "36965a81-b1c6-401b-99f8-22508f1e6a26",
        "SFTP",
        _SFTP_AUTHS,
        "remotePath",
        "354d6aad-4754-46e4-a576-1b384561c440",
        "fd36aaa4-bf2b-43fb-9387-43785eeeb799",
    ),
    FileDestination(
        "amazon-s3-legacy",
        "4890fc95-5a1f-4983-94bb-e060c08e3f81",
        "Amazon S3 (legacy)",
        (Auth("Access Key", "accessId secretKey*"),),
        "bucketName path",
        None,
        LEGACY_AUDIENCE_FLOW,
    ),
    FileDestination(
        "sftp-legacy",
        "64ef4b8b-a6e0-41b5-9677-3805d1ee5dd0",
        "SFTP (legacy)",
        _SFTP_AUTHS,
        "remotePath",
        None,
        LEGACY_AUDIENCE_FLOW,
    ),
    FileDestination(
        "oracle-responsys-destination",
        "51d675ce-e270-408d-91fc-22717bdf2148",
        "Oracle Responsys",
        _SFTP_AUTHS,
        "remotePath",
        None,
        LEGACY_AUDIENCE_FLOW,
    ),
    FileDestination(
        "salesforce-marketing-cloud-destination",
        "493b2bd6-26e4-4167-ab3b-5e910bba44f0",
        "Salesforce Marketing Cloud",
        _SFTP_AUTHS,
        "remotePath",
        None,
        LEGACY_AUDIENCE_FLOW,
    ),
)


def destination_connectors() -> list[Connector]:
    """The connection specs of everything that data can be sent to."""
    files = [
        Connector(
            place.name,
            place.id,
            place.label,
            "Cloud Storage Destinations",
            place.auths,
            role="destination",
            target=_file_params(place),
        )
        for place in FILE_DESTINATIONS
    ]
    airship = Connector(
        "airship-attributes",
        AIRSHIP,
        "Airship Attributes",
        "Mobile Engagement",
        (Auth("Bearer Token", "token*"),),
        role="destination",
        frequency="streaming",
        target={
            "$schema": DRAFT,
            "type": "object",
            "properties": {
                "mode": {"const": "Server-to-server"},
                "domain": {"type": "string", "enum": ["US", "EU"]},
            },
            "required": ["mode", "domain"],
        },
    )
    return [*files, airship]


def _file_params(place: FileDestination) -> JsonObject:
    names = place.place.split()
    return {
        "$schema": DRAFT,
        "type": "object",
        "properties": {
            **{name: {"type": "string", "minLength": 1} for name in names},
            "mode": {"const": "Server-to-server"},
            "compression": {"type": "string", "enum": ["NONE", "GZIP"]},
            "datasetFileType": {"type": "string", "enum": ["JSON", "PARQUET"]},
            "fileType": {"type": "string", "enum": ["CSV", "JSON", "PARQUET"]},
            "csvOptions": {
                "type": "object",
                "properties": {
                    key: {"type": "string"}
                    for key in ("delimiter", "quote", "escape", "nullValue", "emptyValue")
                },
            },
        },
        "required": ["mode", *names],
    }
