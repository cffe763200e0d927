"""Which connectors somebody may mean, and what each of them needs."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.pieces import Pieces
from aep_flow_mcp.answers.spec_fields import SpecField, fields_of
from aep_flow_mcp.answers.text import InPieces, NamedRef
from aep_flow_mcp.gathering.spec_names import with_specs
from aep_flow_mcp.pipelines import connectors
from aep_flow_mcp.pipelines.wish import Direction
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import Cursor
from aep_flow_mcp.surface.registry import read_tool

SHOWN_FIELDS = 14
"""Fields of one schema in the text; the structured content has all."""


class Way(BaseModel):
    """A way to authenticate: its name is `auth_spec`, its fields are `auth_params`."""

    name: str
    fields: list[SpecField]


class ConnectorCard(BaseModel):
    """A connector: `params` are those of the source connection (import) or the target connection (export)."""

    id: str
    name: str
    api_name: str | None = None
    direction: Direction
    category: str | None = None
    mode: str | None = None
    ways: list[Way]
    params: list[SpecField]
    flow_specs: list[NamedRef]


class Connectors(InPieces):
    """The best of `total` connectors that fit the words."""

    total: int
    connectors: list[ConnectorCard]
    note: str | None = None

    def text(self) -> str:
        """Some lines a connector."""
        lines = [line for card in self.connectors for line in _card_lines(card)]
        if self.connectors:
            told = f"{self.told('connectors', len(self.connectors))}. " if self.more else ""
            lines.append(f"{told}* required; a secret is passed as ${{AEP_SECRET_NAME}}.")
        return "\n".join([*lines, self.note] if self.note else lines)


@read_tool("pipelines")
async def find_connector(
    aep: Reader,
    query: Annotated[str, Field(min_length=1, max_length=200, description='"s3", "http api", or an id')],
    direction: Direction | None = None,
    limit: Annotated[int, Field(ge=1, le=10)] = 3,
    cursor: Cursor = None,
) -> Connectors:
    """Connectors by words, each with credentials, parameters and flow specs. Then: plan_pipeline."""
    pieces = Pieces(cursor, ("connectors",))
    specs, flow_specs, unread = await with_specs(
        aep.list_connection_specs,
        aep.list_flow_specs,
        lacking="The flow specs",
        so="those that take a connector are not known",
    )
    ranked = connectors.rank(query, specs, direction) or _by_any_word(query, specs, direction)
    note = None if ranked else _note(query, specs, direction)

    def card(spec: ConnectionSpec) -> ConnectorCard:
        return _card(spec, direction or connectors.goes(spec), list(flow_specs.values()))

    shown = pieces.take("connectors", ranked, limit, card)
    return Connectors(
        total=len(ranked),
        connectors=shown,
        more=pieces.more,
        cursors=pieces.cursors,
        note=" ".join(filter(None, [note, unread])) or None,
    )


def _by_any_word(
    words: str, specs: list[ConnectionSpec], direction: Direction | None
) -> list[ConnectionSpec]:
    """What fits one of the words, where nothing fits them together: people say "our s3 bucket"."""
    found = {spec.id: spec for word in words.split() for spec in connectors.rank(word, specs, direction)}
    return list(found.values())


def _card(spec: ConnectionSpec, direction: Direction, flow_specs: list[FlowSpec]) -> ConnectorCard:
    importing = direction is Direction.IMPORT and spec.is_source
    takes = FlowSpec.takes_source if importing else FlowSpec.takes_target
    return ConnectorCard(
        id=spec.id,
        name=connectors.label_of(spec),
        api_name=spec.name,
        direction=Direction.IMPORT if importing else Direction.EXPORT,
        category=spec.category,
        mode=spec.frequency,
        ways=[Way(name=way.name or way.type or "-", fields=fields_of(way)) for way in spec.auth_specs],
        params=fields_of(spec.source_spec if importing else spec.target_spec),
        flow_specs=[NamedRef(id=flow.id, name=flow.name) for flow in flow_specs if takes(flow, spec.id)],
    )


def _note(words: str, specs: list[ConnectionSpec], direction: Direction | None) -> str:
    close = connectors.outside(
        spec for spec in specs if direction is None or connectors.can_go(spec, direction)
    )
    from rapidfuzz import fuzz, process

    names = sorted({connectors.label_of(spec) for spec in close})
    near = [name for name, _, _ in process.extract(words, names, scorer=fuzz.WRatio, limit=5)]
    return f"No connector is called that. Closest: {', '.join(near)}. list_connection_specs has all."


def _card_lines(card: ConnectorCard) -> list[str]:
    about = ", ".join(part for part in (card.direction.value, card.category, card.mode) if part)
    called = f" ({card.api_name})" if card.api_name and card.api_name != card.name else ""
    lines = [f"auth {way.name}: {_fields(way.fields) or 'nothing'}" for way in card.ways]
    if not card.ways:
        lines.append(
            "auth: none, it needs no account" if card.direction is Direction.IMPORT else "auth: none"
        )
    lines.append(f"params: {_fields(card.params) or 'none'}")
    flows = ", ".join(f"{flow.name} {flow.id}" for flow in card.flow_specs) or "none"
    lines.append(f"flow specs: {flows}")
    head = clean_text(f"{card.name}{called}: id {card.id}, {about}")
    return [head, *(f"  {clean_text(line)}" for line in lines)]


def _fields(fields: list[SpecField]) -> str:
    """The required fields first, in one line."""
    top = [field for field in fields if "." not in field.name]
    ordered = sorted(top, key=lambda field: not field.required)
    more = (
        f", and {len(ordered) - SHOWN_FIELDS} more (get_connection_spec)"
        if len(ordered) > SHOWN_FIELDS
        else ""
    )
    return ", ".join(map(_field, ordered[:SHOWN_FIELDS])) + more


def _field(field: SpecField) -> str:
    parts = [f"{field.name}{'*' if field.required else ''}"]
    if field.secret:
        parts.append("secret")
    elif field.values:
        parts.append("|".join(map(str, field.values[:8])))
    elif field.type and field.type != "string":
        parts.append(field.type)
    if field.default is not None:
        parts.append(f"={str(field.default).lower() if isinstance(field.default, bool) else field.default}")
    return " ".join(parts)
