"""Connection specs and flow specs: the catalogue of connectors and of kinds of dataflows."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from aep_flow_mcp.platform.redaction.declared import secret_pointers

from .common import (
    ApiModel,
    AsObject,
    AsObjects,
    Bool,
    Key,
    Params,
    Text,
    Texts,
    either,
    to_bool,
    to_objects,
    to_text,
)


def to_named(value: object) -> list[object]:
    """Named specs from a list, from one of them alone, or from an object of name and spec."""
    if isinstance(value, dict) and not {"name", "spec", "type"} & value.keys():
        inner = {name: part for name, part in value.items() if isinstance(part, dict)}
        return [
            {"name": name, **(part if "spec" in part else {"spec": part})} for name, part in inner.items()
        ]
    return to_objects(value)


AsNamed = BeforeValidator(to_named)


class NamedSpec(ApiModel):
    """A JSON Schema with a name: an auth, source, target, option, schedule or run spec."""

    name: Text = None
    type: Text = None
    spec: Params = Field(default_factory=dict)
    attributes: Params = Field(default_factory=dict)

    @property
    def required(self) -> list[str]:
        listed = self.spec.get("required")
        return [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []

    @property
    def properties(self) -> dict[str, Any]:
        found = self.spec.get("properties")
        return found if isinstance(found, dict) else {}


class Permission(ApiModel):
    name: Text = None
    permissions: Texts = Field(default_factory=list)


class PermissionsInfo(ApiModel):
    """Which low-level permissions seeing and managing need; arrays in real data, objects in some examples."""

    view: Annotated[list[Permission], AsObjects] = Field(default_factory=list)
    manage: Annotated[list[Permission], AsObjects] = Field(default_factory=list)


class _Spec(ApiModel):
    id: Key = ""
    name: Text = None
    description: Text = None
    provider_id: Text = None
    version: Text = None
    type: Text = None
    attributes: Params = Field(default_factory=dict)
    permissions_info: Annotated[PermissionsInfo | None, AsObject] = None


class ConnectionSpec(_Spec):
    """One connector: how it authenticates, and what its source or target parameters look like."""

    auth_specs: Annotated[list[NamedSpec], AsNamed] = Field(
        default_factory=list, validation_alias=either("authSpec", "authSpecs")
    )
    source_spec: Annotated[NamedSpec | None, AsObject] = None
    target_spec: Annotated[NamedSpec | None, AsObject] = None
    explore_spec: Annotated[NamedSpec | None, AsObject] = None
    encryption_specs: Annotated[list[NamedSpec], AsNamed] = Field(
        default_factory=list, validation_alias=either("encryptionSpecs", "encryptionSpec")
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty_names(cls, value: object) -> object:
        return _first_filled(value, "authSpec", "authSpecs")

    @property
    def secret_pointers(self) -> frozenset[str]:
        """What it declares secret in an account (`/auth/params/...`), a source or a target (`/params/...`)."""
        ends = [part.spec for part in (self.source_spec, self.target_spec) if part]
        return secret_pointers("/auth/params", [way.spec for way in self.auth_specs]) | secret_pointers(
            "/params", ends
        )

    @property
    def source_params_schema(self) -> dict[str, Any] | None:
        """The JSON Schema of a source connection's `params`; None when this is no source."""
        return self.source_spec.spec if self.source_spec else None

    @property
    def target_params_schema(self) -> dict[str, Any] | None:
        return self.target_spec.spec if self.target_spec else None

    @property
    def is_source(self) -> bool:
        """By the explicit attribute, else by the presence of a source spec."""
        return _flag(self, "isSource", self.source_spec)

    @property
    def is_destination(self) -> bool:
        return _flag(self, "isDestination", self.target_spec)

    @property
    def label(self) -> str | None:
        """The name that people see; many connectors share the API name of their kind (`generic-streaming`)."""
        places = (_sub(self.attributes, "uiAttributes"), _ui(self.source_spec), _ui(self.target_spec))
        labels = (_label(place.get("label")) for place in places)
        return to_text(self.attributes.get("connectorName")) or next((text for text in labels if text), None)

    @property
    def shown_name(self) -> str | None:
        """The API name; the label before it where the name is only that of a kind."""
        if self.name and self.label and self.name.casefold().startswith(_KINDS):
            return f"{self.label} ({self.name})"
        return self.name or self.label

    @property
    def category(self) -> str | None:
        """Such as "Cloud Storage" or "cloudStorage": connectors do not agree on the spelling."""
        plain = self.attributes.get("category")
        return (
            plain
            if isinstance(plain, str)
            else _key(_ui(self.source_spec) or _ui(self.target_spec), "category")
        )

    @property
    def frequency(self) -> str | None:
        """batch or streaming, where the spec says so."""
        found = _key(_ui(self.source_spec), "frequency") or _key(_ui(self.target_spec), "frequency")
        return found or _plain(self.attributes, "frequency")

    @property
    def documentation(self) -> str | None:
        for ui in (_ui(self.source_spec), _ui(self.target_spec), _sub(self.attributes, "uiAttributes")):
            link = ui.get("documentationLink")
            if isinstance(link, str):
                return link
        return None

    def auth_spec(self, name: str) -> NamedSpec | None:
        """The auth spec of that name, in any case."""
        return next(
            (spec for spec in self.auth_specs if (spec.name or "").casefold() == name.casefold()), None
        )


STREAMING_PROVIDER = "521eee4d-8cbe-4906-bb48-fb6bd4450033"
"""The `providerId` of streaming sources, whose printed flow specs say nothing of their frequency."""


class FlowSpec(_Spec):
    """One kind of dataflow: which connectors it joins and what its schedule and options take."""

    source_connection_spec_ids: Texts = Field(default_factory=list)
    target_connection_spec_ids: Texts = Field(default_factory=list)
    option_spec: Annotated[NamedSpec | None, AsObject] = None
    schedule_spec: Annotated[NamedSpec | None, AsObject] = None
    run_spec: Annotated[NamedSpec | None, AsObject] = None
    transformation_specs: Annotated[list[NamedSpec], AsNamed] = Field(
        default_factory=list,
        validation_alias=either("transformationSpec", "transformationSpecs", "transformationSpecDTOS"),
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty_names(cls, value: object) -> object:
        return _first_filled(value, "transformationSpec", "transformationSpecs", "transformationSpecDTOS")

    @property
    def frequency(self) -> str | None:
        """batch or streaming, where the spec or its provider says so."""
        said = _plain(self.attributes, "frequency")
        return said or ("streaming" if self.provider_id == STREAMING_PROVIDER else None)

    @property
    def is_source_flow(self) -> bool:
        return to_bool(self.attributes.get("isSourceFlow")) is True

    @property
    def is_destination_flow(self) -> bool:
        return to_bool(self.attributes.get("isDestinationFlow")) is True

    @property
    def has_runs(self) -> bool:
        """Whether runs are listed for such flows; streaming flow specs say that they are not."""
        features = _sub(_sub(self.attributes, "uiAttributes"), "apiFeatures")
        return to_bool(features.get("flowRunsSupported")) is not False

    def takes_source(self, connection_spec_id: str) -> bool:
        return connection_spec_id in self.source_connection_spec_ids

    def takes_target(self, connection_spec_id: str) -> bool:
        return connection_spec_id in self.target_connection_spec_ids


class TestResult(ApiModel):
    """The answer of a connection test."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    result: Bool = None


def _first_filled(value: object, *names: str) -> object:
    """The same without those of the names that are empty, where another one is filled: pages print either."""
    if not isinstance(value, dict) or not any(value.get(name) for name in names):
        return value
    return {name: part for name, part in value.items() if name not in names or part}


def _flag(spec: ConnectionSpec, name: str, part: NamedSpec | None) -> bool:
    for place in (spec.attributes, _sub(spec.attributes, "uiAttributes"), _ui(part)):
        value = to_bool(place.get(name))
        if value is not None:
            return value
    return part is not None


def _ui(part: NamedSpec | None) -> dict[str, Any]:
    return _sub(part.attributes, "uiAttributes") if part else {}


def _sub(outer: dict[str, Any], key: str) -> dict[str, Any]:
    value = outer.get(key)
    return value if isinstance(value, dict) else {}


def _key(ui: dict[str, Any], name: str) -> str | None:
    value = ui.get(name)
    inner = value.get("key") if isinstance(value, dict) else value
    return inner if isinstance(inner, str) else None


_KINDS = ("generic", "self-serve")


def _label(value: Any) -> str | None:
    """A label as text, or as an object of one: `{"key": ...}`, `{"value": ...}`, `{"text": ...}`."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("value", "text", "label", "key") if value.get(key)), None)
    return to_text(value) or None


def _plain(attributes: dict[str, Any], name: str) -> str | None:
    return _key(attributes, name) or _key(_sub(attributes, "uiAttributes"), name)
