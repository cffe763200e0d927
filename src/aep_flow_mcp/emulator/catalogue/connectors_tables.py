"""Source connectors that read tables: databases, CRM systems and other applications.

Ids and the names of the ways to log in are Adobe's published constants; most API names are not published,
so they are plausible ones of ours.
"""

from __future__ import annotations

from ..json_types import JsonObject
from .connection_specs import DRAFT, Auth, Connector

TABLE_PARAMS: JsonObject = {
    "$schema": DRAFT,
    "type": "object",
    "properties": {
        "tableName": {"type": "string", "minLength": 1},
        "path": {"type": "string", "minLength": 1},
        "columns": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "type": {"type": "string"}},
                "required": ["name", "type"],
            },
        },
        "filters": {"type": "object"},
        "cdcEnabled": {"type": "boolean"},
    },
    "anyOf": [{"required": ["tableName"]}, {"required": ["path"]}],
}

# Sources that answer JSON documents take no table name.
_REST_PARAMS: JsonObject = {"$schema": DRAFT, "type": "object", "properties": {}}

_CONNECTION_STRING = (Auth("Connection String Based Authentication", "connectionString*"),)
_ORACLE_STRING = (Auth("ConnectionString", "connectionString*"),)
_USER = (Auth("Basic Authentication", "host username password*"),)
_SALESFORCE = "environmentUrl username password* securityToken* [apiVersion]"

_CLIENT = (Auth("Client-Id-Secret Based Authentication", "host clientId clientSecret*"),)
_DYNAMICS = (
    Auth("Basic Authentication for Dynamics-Online", "serviceUri username password*"),
    Auth("Service Principal Key Based Authentication", "serviceUri servicePrincipalId servicePrincipalKey*"),
)
_GENERIC_REST = (
    Auth(
        "oAuth2RefreshCode",
        "host accessToken* [authorizationTestUrl] [clientId] [clientSecret*] [refreshToken*] "
        "[expirationDate] [accessTokenUrl] [requestParameterOverride]",
    ),
    Auth("Basic Authentication", "host username password*"),
)
_GOOGLE_ADS = (
    Auth(
        "Basic Authentication",
        "clientCustomerID loginCustomerID developerToken* authenticationType clientId clientSecret* "
        "refreshToken*",
    ),
)


def _basic(params: str) -> tuple[Auth, ...]:
    return (Auth("Basic Authentication", params),)


_Table = tuple[str, str, str, tuple[Auth, ...]]

# name, id, label, ways to log in
_CRM: tuple[_Table, ...] = (
    ("salesforce", "cfc0fee1-7dc0-40ef-b73e-d8b134c436f5", "Salesforce", _basic(_SALESFORCE)),
    (
        "salesforce-service-cloud",
        "cb66ab34-8619-49cb-96d1-39b37ede86ea",
        "Salesforce Service Cloud",
        _basic("username password* securityToken*"),
    ),
    ("microsoft-dynamics", "38ad80fe-8b06-4938-94f4-d4ee80266b07", "Microsoft Dynamics", _DYNAMICS),
    (
        "veeva-crm",
        "fcad62f3-09b0-41d3-be11-449d5a621b69",
        "Veeva CRM",
        _basic("environmentUrl username password* securityToken*"),
    ),
    (
        "zoho-crm",
        "929e4450-0237-4ed2-9404-b7e1e0a00309",
        "Zoho CRM",
        _basic("endpoint accountsUrl clientId clientSecret* accessToken* refreshToken*"),
    ),
)

_APPLICATIONS: tuple[_Table, ...] = (
    (
        "salesforce-marketing-cloud",
        "ea1c2a08-b722-11eb-8529-0242ac130003",
        "Salesforce Marketing Cloud",
        _CLIENT,
    ),
    (
        "hubspot",
        "cc6a4487-9e91-433e-a3a3-9cf6626c1806",
        "HubSpot",
        _basic("clientId clientSecret* accessToken* refreshToken*"),
    ),
    (
        "servicenow",
        "eb13cb25-47ab-407f-ba89-c0125281c563",
        "ServiceNow",
        _basic("endpoint username password*"),
    ),
    (
        "oracle-eloqua",
        "35d6c4d8-c9a9-11eb-b8bc-0242ac130003",
        "Oracle Eloqua",
        _basic("endpoint username password*"),
    ),
    (
        "oracle-responsys",
        "ff4274f2-c9a9-11eb-b8bc-0242ac130003",
        "Oracle Responsys",
        _basic("endpoint clientId clientSecret*"),
    ),
    ("oracle-service-cloud", "ba5126ec-c9ac-11eb-b8bc-0242ac130003", "Oracle Service Cloud", _USER),
    ("shopify", "4f63aa36-bd48-4e33-bb83-49fbcd11c708", "Shopify", _basic("host accessToken*")),
    ("paypal", "221c7626-58f6-4eec-8ee2-042b0226f03b", "PayPal", _CLIENT),
    ("google-ads", "d771e9c1-4f26-40dc-8617-ce58c4b53702", "Google Ads", _GOOGLE_ADS),
    (
        "generic-odata",
        "8e6b41a8-d998-4545-ad7d-c6a9fff406c3",
        "Generic OData",
        (Auth("Anonymous Authentication", "url"),),
    ),
)

_REST: tuple[_Table, ...] = (
    (
        "zendesk",
        "0a27232b-2c6e-4396-b8c6-c9fc24e37ba4",
        "Zendesk",
        (Auth("OAuth2 Refresh Code", "subdomain accessToken*"),),
    ),
    ("generic-rest", "4e98f16f-87d6-4ef0-bdc6-7a2b0fe76e62", "Generic REST API", _GENERIC_REST),
)

_DATABASES: tuple[_Table, ...] = (
    (
        "google-big-query",
        "3c9b37f8-13a6-43d8-bad3-b863b941fedd",
        "Google BigQuery",
        _basic("project clientId clientSecret* refreshToken* [largeResultsDataSetId]"),
    ),
    ("snowflake", "b2e08744-4f1a-40ce-af30-7abac3e23cf3", "Snowflake", _ORACLE_STRING),
    (
        "azure-databricks",
        "e9d7ec6b-0873-4e57-ad21-b3a7c65e310b",
        "Azure Databricks",
        (Auth("Access Token Authentication", "domain clusterId accessToken* database"),),
    ),
    (
        "amazon-redshift",
        "3416976c-a9ca-4bba-901a-1f08f66978ff",
        "Amazon Redshift",
        _basic("server database username password*"),
    ),
    ("mysql", "26d738e0-8963-47ea-aadf-c60de735468a", "MySQL", _CONNECTION_STRING),
    ("postgresql", "74a1c565-4e59-48d7-9d67-7c03b8a13137", "PostgreSQL", _CONNECTION_STRING),
    ("sql-server", "1f372ff9-38a4-4492-96f5-b9a4e4bd00ec", "Microsoft SQL Server", _CONNECTION_STRING),
    ("mariadb", "3000eb99-cd47-43f3-827c-43caf170f015", "MariaDB", _CONNECTION_STRING),
    ("hp-vertica", "a8b6a1a4-5735-42b4-952c-85dce0ac38b5", "HP Vertica", _CONNECTION_STRING),
    ("oracle", "d6b52d86-f0f8-475f-89d4-ce54c8527328", "Oracle DB", _ORACLE_STRING),
    (
        "cassandra",
        "a8f4d393-1a6b-43f3-931f-91a16ed857f4",
        "Apache Cassandra",
        _basic("host port:integer username password*"),
    ),
    ("azure-synapse", "a49bcc7d-8038-43af-b1e4-5a7a089a7d79", "Azure Synapse Analytics", _CONNECTION_STRING),
    (
        "azure-table-storage",
        "ecde33f2-c56f-46cc-bdea-ad151c16cd69",
        "Azure Table Storage",
        _CONNECTION_STRING,
    ),
    (
        "azure-data-explorer",
        "0479cc14-7651-4354-b233-7480606c2ac3",
        "Azure Data Explorer",
        (
            Auth(
                "Service Principal Based Authentication",
                "endpoint database tenant servicePrincipalId servicePrincipalKey*",
            ),
        ),
    ),
    (
        "hive-hdinsight",
        "aac9bbd4-6c01-46ce-b47e-51c6f0f6db3f",
        "Apache Hive on Azure HDInsight",
        (Auth("HDInsights Basic Authentication", "host username password*"),),
    ),
    (
        "spark-hdinsight",
        "6a8d82bc-1caf-45d1-908d-cadabc9d63a6",
        "Apache Spark on Azure HDInsight",
        (Auth("HDInsights Basic Authentication", "host username password*"),),
    ),
    (
        "phoenix",
        "102706fb-a5cd-42ee-afe0-bc42f017ff43",
        "Phoenix",
        _basic("host username password* port:integer httpPath enableSsl:boolean"),
    ),
    ("couchbase", "1fe283f6-9bec-11ea-bb37-0242ac130002", "Couchbase", _CONNECTION_STRING),
    ("greenplum", "37b6bf40-d318-4655-90be-5cd6f65d334b", "Greenplum", _basic("connectionString*")),
    (
        "ibm-db2",
        "09182899-b429-40c9-a15a-bf3ddbc8ced7",
        "IBM DB2",
        _basic("server database username password* [authenticationType]"),
    ),
)

_FILTER_AT_SOURCE: JsonObject = {
    "filterAtSource": {
        "enabled": True,
        "queryLanguage": "SQL",
        "logicalOperators": ["and", "or", "not"],
        "comparisonOperators": ["=", "!=", "<", "<=", ">", ">=", "like", "in"],
        "columnNameEscapeChar": '"',
        "valueEscapeChar": "'",
    }
}


def table_connectors() -> list[Connector]:
    """The connectors that the flow spec CRMToAEP reads from."""
    groups = (("CRM", _CRM), ("Applications", _APPLICATIONS), ("Databases", _DATABASES))
    tables = [
        Connector(
            name,
            id,
            label,
            category,
            auths,
            source=TABLE_PARAMS,
            explore="Table",
            attributes=_FILTER_AT_SOURCE if category != "Applications" else {},
        )
        for category, group in groups
        for name, id, label, auths in group
    ]
    rest = [
        Connector(name, id, label, "Applications", auths, source=_REST_PARAMS, explore="Resource")
        for name, id, label, auths in _REST
    ]
    return tables + rest
