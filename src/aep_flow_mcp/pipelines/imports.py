"""What all imports have in common: a source connection, a dataset, a mapping, a schedule, and the flow."""

from __future__ import annotations

from collections.abc import Sequence

from aep_flow_mcp.platform.models.specs import FlowSpec

from . import bodies, datasets, mappings, timing
from .accounts import Account
from .blueprint import Verdict
from .bodies import Json
from .desk import Desk

MAPPING = "Mapping"


def into_lake(
    desk: Desk,
    recipe: str,
    spec: FlowSpec,
    account: Account,
    *,
    data: Json | None = None,
    params: Json | None = None,
    mapping_required: bool,
    steps: Sequence[Json] = (),
) -> Verdict:
    """The verdict on an import, once the recipe has settled what is read.

    The mapping set comes last but one: it is the one part that cannot be deleted again.
    """
    dataset = datasets.filled(desk)
    schedule = timing.ingestion(desk, spec)
    options = bodies.options(desk)
    own = any(step.get("name") == MAPPING for step in desk.wish.transformations)
    needed = mapping_required and takes(spec, MAPPING) and not own
    mapping, new_mapping = mappings.step(desk, dataset, required=needed)
    source = bodies.source(desk, account, data=data, params=params)
    if dataset is None:
        return desk.verdict(recipe)
    target = datasets.target(desk, dataset)
    flow = bodies.flow(
        desk, spec, source, target, steps=[*steps, *mapping], schedule=schedule, options=options
    )
    what = desk.wish.path or "data"
    return desk.verdict(
        recipe,
        f"Import {what} from {desk.label} into {dataset.name or dataset.id}",
        (*account.parts, source, target, *new_mapping, flow),
        timing.described(desk, spec, schedule),
    )


def takes(spec: FlowSpec, transformation: str) -> bool:
    """Whether a flow of this kind can have the transformation."""
    return any(item.name == transformation for item in spec.transformation_specs)
