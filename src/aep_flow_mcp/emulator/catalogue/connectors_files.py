"""Source connectors that read files or listen to a stream. Ids are Adobe's published constants."""

from __future__ import annotations

from ..json_types import JsonObject
from .connection_specs import DRAFT, Auth, Connector, parameters

FILE_CATEGORY = "Cloud Storage"
STREAM_CATEGORY = "Streaming"

LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
HTTP_API = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"
SNOWFLAKE_STREAMING = "51ae16c2-bdad-42fd-9fce-8d5dfddaf140"

# `recursive` is a boolean that clients also send as the string "true".
FILE_PARAMS: JsonObject = {
    "$schema": DRAFT,
    "type": "object",
    "properties": {
        "path": {"type": "string", "minLength": 1},
        "type": {"type": "string", "enum": ["file", "folder"]},
        "recursive": {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}], "default": False},
    },
    "required": ["path"],
}

# name, id, label, ways to log in
_FILES: tuple[tuple[str, str, str, tuple[Auth, ...]], ...] = (
    (
        "amazon-s3",
        "ecadc60c-7455-4d87-84dc-2a0e293d997b",
        "Amazon S3",
        (
            Auth(
                "Access Key",
                "s3AccessKey s3SecretKey* [s3SessionToken*] [serviceUrl] [bucketName] [folderPath]",
            ),
        ),
    ),
    (
        "azure-blob",
        "4c10e202-c428-4796-9208-5f1f5732b1cf",
        "Azure Blob Storage",
        (Auth("ConnectionString", "connectionString*"), Auth("SAS URI Authentication", "sasUri*")),
    ),
    (
        "adls-gen2",
        "b3ba5556-48be-44b7-8b85-ff2b69b46dc4",
        "Azure Data Lake Storage Gen2",
        (Auth("Basic Authentication for adls-gen2", "url servicePrincipalId servicePrincipalKey* tenant"),),
    ),
    (
        "azure-file-storage",
        "be5ec48c-5b78-49d5-b8fa-7c89ec4569b8",
        "Azure File Storage",
        (Auth("Basic Authentication", "host userId password*"),),
    ),
    (
        "google-cloud-storage",
        "32e8f412-cdf7-464c-9885-78184cb113fd",
        "Google Cloud Storage",
        (Auth("Basic Authentication for google-cloud", "accessKeyId secretAccessKey*"),),
    ),
    (
        "hdfs",
        "54e221aa-d342-4707-bcff-7a4bceef0001",
        "Apache HDFS",
        (Auth("Anonymous Authentication", "url"),),
    ),
    (
        "oracle-object-storage",
        "c85f9425-fb21-426c-ad0b-405e9bd8a46c",
        "Oracle Object Storage",
        (Auth("Access Key", "serviceUrl accessKey secretKey* [bucketName] [folderPath]"),),
    ),
    (
        "ftp",
        "fb2e94c9-c031-467d-8103-6bd6e0a432f2",
        "FTP",
        (Auth("Basic Authentication for FTP", "host userName password*"),),
    ),
    (
        "sftp",
        "b7bf2577-4520-42c9-bae9-cad01560f7bc",
        "SFTP",
        (
            Auth(
                "Basic Authentication for sftp",
                "host [port:integer] userName password* [maxConcurrentConnections:integer] [folderPath]",
            ),
            Auth(
                "SSH PublicKey Authentication for sftp",
                "host [port:integer] userName privateKeyContent* [passPhrase*]",
            ),
        ),
    ),
    ("landing-zone", LANDING_ZONE, "Data Landing Zone", ()),
)

# name, id, label, ways to log in, source parameters
_STREAMS: tuple[tuple[str, str, str, tuple[Auth, ...], str], ...] = (
    (
        "Streaming Connection",
        HTTP_API,
        "HTTP API",
        (
            Auth(
                "Streaming Connection",
                "dataType:xdm|raw [sourceId] [name] [authenticationRequired:boolean] [inletUrl] [inletId]",
            ),
        ),
        "",
    ),
    (
        "azure-event-hubs",
        "bf9f5905-92b7-48bf-bf20-455bc6b60a4e",
        "Azure Event Hubs",
        (Auth("Azure EventHub authentication credentials", "sasKeyName sasKey* namespace [eventHubName]"),),
        "eventHubName dataType:raw|xdm [reset:latest|earliest] [consumerGroup]",
    ),
    (
        "amazon-kinesis",
        "86043421-563b-46ec-8e6c-e23184711bf6",
        "Amazon Kinesis",
        (Auth("Aws Kinesis authentication credentials", "accessKeyId secretKey* region"),),
        "stream dataType:raw|xdm [reset:latest|earliest]",
    ),
    (
        "google-pubsub",
        "70116022-a743-464a-bbfe-e226a7f8210c",
        "Google PubSub",
        (
            Auth("Project Based Authentication", "projectId credentials*"),
            Auth("Topic & Subscription Based Authentication", "credentials* topicName subscriptionName"),
        ),
        "topicName subscriptionName dataType:raw|xdm",
    ),
    (
        "snowflake-streaming",
        SNOWFLAKE_STREAMING,
        "Snowflake Streaming",
        (
            Auth(
                "Basic Authentication for Snowflake",
                "account database warehouse username password* [schema] [role]",
            ),
        ),
        "tableName timestampColumn",
    ),
)


def file_connectors() -> list[Connector]:
    """The connectors that the flow spec CloudStorageToAEP reads from."""
    return [
        Connector(name, id, label, FILE_CATEGORY, auths, source=FILE_PARAMS, explore="FileSystem")
        for name, id, label, auths in _FILES
    ]


def stream_connectors() -> list[Connector]:
    """The connectors of the streaming flow specs."""
    return [
        Connector(
            name,
            id,
            label,
            STREAM_CATEGORY,
            auths,
            frequency="streaming",
            source=parameters(params),
            explore="Table" if id == SNOWFLAKE_STREAMING else None,
        )
        for name, id, label, auths, params in _STREAMS
    ]
