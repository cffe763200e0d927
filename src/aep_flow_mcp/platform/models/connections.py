"""Connections (accounts), source connections and target connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_serializer

from aep_flow_mcp.platform.redaction.masking import masked_params

from .common import ApiModel, AsObject, Int, Params, Ref, Stored, Text, either, to_int, to_text


class Auth(ApiModel):
    """How a connection authenticates. `params` holds what the API returned; every printed form masks it."""

    spec_name: Text = Field(default=None, validation_alias=either("specName", "type"))
    params: Params = Field(default_factory=dict, repr=False)

    @property
    def shown_params(self) -> dict[str, Any]:
        """The parameters as they may be shown."""
        return masked_params(self.params)

    @property
    def param_names(self) -> list[str]:
        return list(self.params)

    @field_serializer("params")
    def _mask(self, params: dict[str, Any]) -> dict[str, Any]:
        return masked_params(params)

    def __repr_args__(self) -> Any:
        yield "spec_name", self.spec_name
        yield "params", self.shown_params


class Connection(Stored):
    """An account: the credentials of one external system. `auth` is None where the spec needs none."""

    connection_spec: Ref = None
    auth: Annotated[Auth | None, AsObject] = None

    @property
    def spec_id(self) -> str | None:
        return self.connection_spec.id if self.connection_spec else None


class ConnectionRef(ApiModel):
    """A connection as another object mentions it."""

    id: Text = None
    connection_spec: Ref = None
    base_connection: Annotated[ConnectionRef | None, AsObject] = None
    type_info: Params = Field(default_factory=dict)

    @property
    def spec_id(self) -> str | None:
        return self.connection_spec.id if self.connection_spec else None


class EndInheritance(ApiModel):
    base_connection: Annotated[ConnectionRef | None, AsObject] = None


class SchemaRef(ApiModel):
    """A reference to an XDM schema. `version` is a media type such as `...xed-full+json;version=1`."""

    id: Text = Field(default=None, validation_alias=either("id", "schemaId"))
    version: Text = Field(default=None, validation_alias=either("version", "contentType"))


class DataFormat(ApiModel):
    """The `data` member: format and, for tables and targets, schema."""

    format: Text = None
    schema_: Annotated[SchemaRef | None, AsObject] = Field(default=None, alias="schema")
    properties: Params = Field(default_factory=dict)


class _End(Stored):
    """What source and target connections share."""

    connection_spec: Ref = None
    base_connection_id: Text = Field(
        default=None, validation_alias=either("baseConnectionId", "connectionId")
    )
    data: Annotated[DataFormat | None, AsObject] = None
    params: Params = Field(default_factory=dict)
    inherited_attributes: Annotated[EndInheritance | None, AsObject] = None
    provider_ref_id: Text = None

    @property
    def spec_id(self) -> str | None:
        """The connector's, from the object itself or from the account that it inherits from."""
        base = self.inherited_attributes.base_connection if self.inherited_attributes else None
        return self.connection_spec.id if self.connection_spec else base.spec_id if base else None

    @property
    def base_id(self) -> str | None:
        """The account's id, from the object itself or from what it inherits."""
        if self.base_connection_id:
            return self.base_connection_id
        base = self.inherited_attributes.base_connection if self.inherited_attributes else None
        return base.id if base else None

    @property
    def schema_id(self) -> str | None:
        return self.data.schema_.id if self.data and self.data.schema_ else None

    @property
    def path(self) -> str | None:
        """The file, folder or table, whichever the parameters name."""
        return path_in(self.params)


class SourceConnection(_End):
    """What is read: a file, a folder, a table, a stream or datasets."""

    @property
    def dataset_ids(self) -> list[str]:
        """The datasets that an export reads; [] for any other source."""
        listed = self.params.get("datasets")
        items = listed if isinstance(listed, list) else [listed]
        ids = [_dataset_id(item) if isinstance(item, dict) else to_text(item) for item in items]
        return list(dict.fromkeys(id for id in [*ids, _dataset_id(self.params)] if id))


class TargetConnection(_End):
    """Where it is written: a dataset, or a place at a destination."""

    @property
    def dataset_id(self) -> str | None:
        return _dataset_id(self.params)

    @property
    def schema_version(self) -> str | None:
        return self.data.schema_.version if self.data and self.data.schema_ else None


def path_in(params: Mapping[str, Any]) -> str | None:
    """The file, folder or table that parameters name."""
    for key in ("path", "tableName", "remotePath", "topic", "eventHubName"):
        value = params.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def _dataset_id(item: dict[str, Any]) -> str | None:
    found = (to_text(item.get(key)) for key in ("dataSetId", "datasetId", "id"))
    return next((id for id in found if id), None)


class MappingRef(ApiModel):
    """Which version of a mapping set a flow uses."""

    mapping_id: str
    mapping_version: Int = None

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> MappingRef | None:
        found = to_text(params.get("mappingId"))
        return cls(mapping_id=found, mapping_version=to_int(params.get("mappingVersion"))) if found else None
