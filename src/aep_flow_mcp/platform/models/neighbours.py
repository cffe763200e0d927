"""What Catalog, Data Prep, Schema Registry, Sandboxes and the landing-zone service return."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

from .common import (
    ApiModel,
    AsObject,
    AsObjects,
    Bool,
    Int,
    Key,
    Params,
    Text,
    Time,
    Verbatim,
    either,
    to_text,
    to_time,
)
from .connections import SchemaRef
from .runs import CodedMessage


class Dataset(ApiModel):
    """A Catalog dataset; also the items of the exportable-datasets list."""

    id: Key = ""
    name: Text = None
    description: Text = None
    schema_ref: Annotated[SchemaRef | None, AsObject] = None
    tags: Params = Field(default_factory=dict)
    state: Text = None
    created: Time = None
    updated: Time = None
    last_batch_status: Text = None
    last_batch_id: Text = None
    sandbox_id: Text = None
    version: Text = None

    @property
    def schema_id(self) -> str | None:
        return self.schema_ref.id if self.schema_ref else None

    @property
    def profile_enabled(self) -> bool:
        return _tagged(self.tags, "unifiedProfile")

    @property
    def identity_enabled(self) -> bool:
        return _tagged(self.tags, "unifiedIdentity")


def _tagged(tags: dict[str, Any], name: str) -> bool:
    values = tags.get(name)
    return any(value == "enabled:true" for value in (values if isinstance(values, list) else [values]))


class RelatedObject(ApiModel):
    type: Text = None
    id: Text = None


class BatchMetrics(ApiModel):
    input_record_count: Int = None
    output_record_count: Int = None
    failed_record_count: Int = None
    input_byte_size: Int = None
    output_byte_size: Int = None


class BatchError(CodedMessage):
    description: Text = None

    @property
    def text(self) -> str | None:
        return self.description or self.message


class Batch(ApiModel):
    """A Catalog batch: one load into a dataset."""

    id: Key = ""
    status: Text = None
    errors: Annotated[list[BatchError], AsObjects] = Field(default_factory=list)
    metrics: Annotated[BatchMetrics | None, AsObject] = None
    related_objects: Annotated[list[RelatedObject], AsObjects] = Field(default_factory=list)
    tags: Params = Field(default_factory=dict)
    created: Time = None
    updated: Time = None
    completed: Time = None

    @property
    def dataset_ids(self) -> list[str]:
        return [
            each.id for each in self.related_objects if each.id and (each.type or "").casefold() == "dataset"
        ]


class Mapping(ApiModel):
    """One row of a mapping set, in either of the two spellings that Data Prep uses."""

    id: Text = None
    source_type: Text = None
    source: Text = Field(default=None, validation_alias=either("source", "sourceAttribute"))
    destination: Text = Field(default=None, validation_alias=either("destination", "destinationXdmPath"))
    # As it is written, to be sent again: in an expression each space and each character counts.
    written_source: Verbatim = Field(
        default=None, validation_alias=either("source", "sourceAttribute"), exclude=True, repr=False
    )
    written_destination: Verbatim = Field(
        default=None, validation_alias=either("destination", "destinationXdmPath"), exclude=True, repr=False
    )
    identity: Bool = None
    primary_identity: Bool = None


class OutputSchema(ApiModel):
    schema_ref: Annotated[SchemaRef | None, AsObject] = None


class MappingSet(ApiModel):
    """A version of a Data Prep mapping set."""

    id: Key = ""
    version: Int = None
    name: Text = None
    status: Text = None
    mappings: Annotated[list[Mapping], AsObjects] = Field(default_factory=list)
    output_schema: Annotated[OutputSchema | None, AsObject] = None
    xdm_schema: Text = None
    created_at: Time = Field(default=None, validation_alias=either("createdDate", "createdAt"))
    modified_at: Time = Field(default=None, validation_alias=either("modifiedDate", "modifiedAt"))
    created_by: Text = None
    modified_by: Text = None

    @property
    def schema_id(self) -> str | None:
        """The target schema, from the current place or the old one."""
        if self.output_schema and self.output_schema.schema_ref:
            return self.output_schema.schema_ref.id
        return self.xdm_schema


class SchemaSummary(ApiModel):
    """An XDM schema by name; its fields are left out."""

    id: Key = Field(default="", validation_alias=either("$id", "id"))
    alt_id: Text = Field(default=None, validation_alias=either("meta:altId", "altId"))
    title: Text = None
    version: Text = None


class Sandbox(ApiModel):
    """A sandbox. `type` is `production` or `development` and decides whether writes need an extra switch."""

    id: Text = None
    name: Key = ""
    title: Text = None
    state: Text = None
    type: Text = None
    region: Text = None
    is_default: Bool = None

    @property
    def is_production(self) -> bool:
        """True unless the type says otherwise: what is not known counts as production."""
        return (self.type or "").casefold() != "development"


class LandingZonePath(ApiModel):
    bucket_name: Text = None
    dlz_folder: Text = None


class TimeToLive(ApiModel):
    time_unit: Text = None
    time_quantity: Int = None


class LandingZone(ApiModel):
    """The landing zone's container (Azure) or bucket and folder (AWS)."""

    container_name: Text = None
    container_ttl: Int = Field(default=None, validation_alias=either("containerTTL", "containerTtl"))
    provider_name: Text = Field(default=None, validation_alias=either("dlzProvider"))
    dlz_path: Annotated[LandingZonePath | None, AsObject] = None
    data_ttl: Annotated[TimeToLive | None, AsObject] = Field(
        default=None, validation_alias=either("dataTTL", "dataTtl")
    )

    @property
    def provider(self) -> str:
        """`aws` or `azure`."""
        return read_provider(self.provider_name)

    @property
    def container(self) -> str | None:
        """The container, or on AWS the bucket."""
        return self.container_name or (self.dlz_path.bucket_name if self.dlz_path else None)

    @property
    def folder(self) -> str | None:
        return self.dlz_path.dlz_folder if self.dlz_path else None

    @property
    def ttl_days(self) -> int | None:
        """Days until files are deleted."""
        if self.data_ttl and self.data_ttl.time_quantity is not None:
            hours = (self.data_ttl.time_unit or "days").casefold().startswith("hour")
            return self.data_ttl.time_quantity // 24 if hours else self.data_ttl.time_quantity
        return self.container_ttl


def read_provider(name: str | None) -> str:
    """AWS names itself; every other answer is Azure's."""
    return "aws" if (name or "").casefold() == "amazon s3" else "azure"


def _secret(value: object) -> SecretStr | None:
    if isinstance(value, SecretStr):
        return value
    return SecretStr(value) if isinstance(value, str) and value else None


Secret = Annotated[SecretStr | None, BeforeValidator(_secret)]


class AwsKeys(ApiModel):
    """Temporary keys; as in LandingZoneCredential, unknown fields are dropped."""

    model_config = ConfigDict(extra="ignore")

    access_key_id: Secret = Field(default=None, validation_alias=either("awsAccessKeyId"))
    secret_access_key: Secret = Field(default=None, validation_alias=either("awsSecretAccessKey"))
    session_token: Secret = Field(default=None, validation_alias=either("awsSessionToken"))


class LandingZoneCredential(ApiModel):
    """Access to the landing zone. Secrets are `SecretStr`: every printed form shows asterisks.

    Unknown fields of this answer are dropped, because nobody knows whether they are secret.
    """

    model_config = ConfigDict(extra="ignore")

    container_name: Text = None
    storage_account_name: Text = None
    sas_token: Secret = Field(default=None, validation_alias=either("SASToken", "sasToken"))
    sas_uri: Secret = Field(default=None, validation_alias=either("SASUri", "sasUri"))
    expiry_date: Text = None
    expiry_time: Time = None
    provider_name: Text = Field(default=None, validation_alias=either("dlzProvider"))
    dlz_path: Annotated[LandingZonePath | None, AsObject] = None
    credentials: Annotated[AwsKeys | None, AsObject] = None

    @property
    def provider(self) -> str:
        return read_provider(self.provider_name)

    @property
    def container(self) -> str | None:
        return self.container_name or (self.dlz_path.bucket_name if self.dlz_path else None)

    @property
    def folder(self) -> str | None:
        return self.dlz_path.dlz_folder if self.dlz_path else None

    @property
    def expires_at(self) -> datetime | None:
        return self.expiry_time or to_time(self.expiry_date)


K = TypeVar("K", Dataset, Batch)


def keyed(model: type[K], answer: object) -> tuple[list[K], int]:
    """Catalog's map of id -> object as a list of models, and the number of entries that were none."""
    if not isinstance(answer, dict):
        return [], 0
    found = [
        model.model_validate({**value, "id": to_text(value.get("id")) or key})
        for key, value in answer.items()
        if isinstance(value, dict)
    ]
    return found, len(answer) - len(found)
