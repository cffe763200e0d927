"""A whole organisation from a seed."""

from __future__ import annotations

from dataclasses import replace

from foreign import flows, lake
from foreign.draw import Draw
from foreign.errors import refused
from foreign.names import name
from foreign.specs import ACTIVATION, LAKE, LAKE_OUT, PROFILE, FlowKind, add_specs
from foreign.truth import SANDBOX, Body, Organisation, Thing

COLLECTIONS = (
    "flows",
    "runs",
    "connections",
    "sourceConnections",
    "targetConnections",
    "connectionSpecs",
    "flowSpecs",
)
MOST_FLOWS = 4


def make_organisation(
    seed: int, plain: frozenset[str] = frozenset(), *, flows_at_most: int = MOST_FLOWS
) -> Organisation:
    """The organisation of a seed. plain: decisions that take their ordinary choice (see `Draw`)."""
    draw = Draw(seed, plain)
    organisation = Organisation(seed, production=draw.chance("production", 15))
    add_specs(draw, organisation)
    schemas = [lake.add_schema(draw.at("schemas", index), organisation).id for index in range(2)]
    # A dataset, a mapping set and the flows between them are of one schema each.
    datasets = [
        [lake.add_dataset(draw.at("dataSets", index, each), organisation, schema).id for each in range(2)]
        for index, schema in enumerate(schemas)
    ]
    mappings = [
        lake.add_mapping_set(draw.at("mappingSets", index), organisation, schema).id
        for index, schema in enumerate(schemas)
    ]
    stores = [*zip(datasets, schemas, mappings, strict=True)]
    for index in range(draw.number("flows", 0 if draw.chance("empty", 4) else 1, flows_at_most)):
        _add_pipeline(draw.at("flows", index), organisation, *draw.choice(f"store{index}", *stores))
    _add_sandboxes(draw.at("sandboxes"), organisation)
    organisation.landing_zone = _landing_zone(draw.at("landingZone"))
    _hide(draw.at("hidden"), organisation)
    for collection in COLLECTIONS:
        organisation.page_size[collection] = draw.mostly(f"pageOf{collection}", 100, 20, 3, percent=70)
    organisation.varied = draw.varied
    return organisation


def _add_pipeline(
    draw: Draw, organisation: Organisation, datasets: list[str], schema: str, mapping: str
) -> None:
    """A flow with the account and the connections at its ends."""
    kind = flows.some_kind(draw)
    dataset = draw.choice("dataset", *datasets)
    outer = draw.choice("connector", *kind.outer) if kind.outer else None
    accounts = outer is not None and outer.name != "landing-zone"
    account = lake.add_account(draw.at("account"), organisation, outer).id if outer and accounts else None
    source_data, source_params = _source(draw, kind, dataset)
    target_data, target_params = _target(draw, kind, dataset, schema)
    outer_id = outer.id if outer else LAKE
    specs = {
        "source": (outer_id, LAKE),
        "destination": (PROFILE if kind is ACTIVATION else LAKE_OUT, outer_id),
        "internal": (LAKE, PROFILE),
    }[kind.kind]
    bases = (account if kind.kind == "source" else None, account if kind.kind == "destination" else None)
    source = lake.add_end(
        draw.at("source"),
        organisation,
        "sourceConnections",
        spec=specs[0],
        base=bases[0],
        data=source_data,
        params=source_params,
    )
    target = lake.add_end(
        draw.at("target"),
        organisation,
        "targetConnections",
        spec=specs[1],
        base=bases[1],
        data=target_data,
        params=target_params,
    )
    flows.add_flow(
        draw,
        organisation,
        ends=(source.id, target.id),
        outer=outer_id,
        kind=kind,
        bases=bases,
        mapping_id=mapping,
    )


def _source(draw: Draw, kind: FlowKind, dataset: str) -> tuple[object, Body]:
    if kind.kind == "source":
        connector = draw.choice("connector", *kind.outer)
        return lake.outer_source(draw.at("source"), connector)
    spec = LAKE if kind.kind == "internal" else PROFILE if kind is ACTIVATION else LAKE_OUT
    return None, lake.store(spec, dataset)


def _target(draw: Draw, kind: FlowKind, dataset: str, schema: str) -> tuple[object, Body]:
    if kind.kind == "source":
        return lake.lake_target(draw.at("target"), dataset, schema)
    if kind.kind == "internal":
        return None, {}
    return None, {
        "mode": "Server-to-server",
        "path": "exports/a b",
        "bucketName": "bucket",
        "compression": "NONE",
        "fileType": draw.choice("fileType", "CSV", "JSON", None),
        "csvOptions": {"delimiter": ",", "escape": "\\", "quote": ""},
    }


def _add_sandboxes(draw: Draw, organisation: Organisation) -> None:
    kind = "production" if organisation.production else "development"
    label = name(draw, "title")
    own = {
        "name": SANDBOX,
        "title": label,
        "state": "active",
        "type": kind,
        "region": "VA7",
        "isDefault": True,
    }
    organisation.add("sandboxes", Thing(SANDBOX, own, own, name=label))
    other = {"name": "other", "title": None, "type": "Production", "state": None, "isDefault": "false"}
    organisation.add("sandboxes", Thing("other", other, other))


def _landing_zone(draw: Draw) -> Body:
    azure: Body = {"containerName": "dlz-user-container", "containerTTL": draw.choice("ttl", "7", 7, None)}
    amazon: Body = {
        "dlzProvider": "Amazon S3",
        "dlzPath": {"bucketName": "acme-dlz", "dlzFolder": "in"},
        "dataTTL": {"timeUnit": "days", "timeQuantity": draw.choice("ttl", 7, "7")},
    }
    return draw.pick("zone", azure, amazon)


def _hide(draw: Draw, organisation: Organisation) -> None:
    """Objects that their list shows and that answer an error by themselves; neighbours that may not be read at all."""
    for collection in (
        "sourceConnections",
        "targetConnections",
        "connections",
        "dataSets",
        "mappingSets",
        "schemas",
        "flows",
        "runs",
    ):
        things = organisation.things.get(collection, {})
        for id, thing in list(things.items()):
            at = draw.at(collection, id)
            if at.chance("refused", 5):
                things[id] = replace(thing, refused=refused(at, 404, 404, 403, 400))
    for collection in (
        "dataSets",
        "schemas",
        "mappingSets",
        "connectionSpecs",
        "flowSpecs",
        "sandboxes",
        "runs",
    ):
        at = draw.at("closed", collection)
        if at.chance("closed", 4):
            organisation.closed[collection] = refused(at, 403, 404, 400)
    # Rights are given by resource: a role may see flows and none of their connections.
    for collection in ("connections", "sourceConnections", "targetConnections"):
        at = draw.at("closed", collection)
        if at.chance("closed", 3):
            closed = organisation.closed[collection] = refused(at, 403, 404, 400)
            things = organisation.things.get(collection, {})
            things.update({id: replace(thing, refused=closed) for id, thing in things.items()})
