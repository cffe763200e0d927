"""What callers of the attack want: calls of write tools, each told from every other by what it sends."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.writing import LANDING_ZONE_TARGET, SANDBOX, World

FLOW_SERVICE = "/data/foundation/flowservice/"
REFRESH = "refresh_landing_zone_credential"
ZONE = "/data/foundation/connectors/landingzone/credentials"
EXPORT_PARTS = {
    "connections": " account",
    "sourceConnections": " source",
    "targetConnections": " target",
    "flows": "",
}


@dataclass(eq=False)
class Wish:
    """One thing that somebody wants done.

    mark: what no other wish sends; a name, a description, or the id of an object of its own.
    made: kind -> name of what it creates. target: what it changes, as (kind, id).
    method, tail: of its first request, the path below the Flow Service. versioned: it names the version that it saw.
    """

    tool: str
    arguments: dict[str, Any]
    mark: str
    method: str = "POST"
    tail: str = ""
    made: dict[str, str] = field(default_factory=dict)
    target: tuple[str, str] | None = None
    versioned: bool = False

    def step_of(self, method: str, path: str, body: Any) -> str | None:
        """Which of its steps a request is; None when it is none of them."""
        tail = path.removeprefix(FLOW_SERVICE)
        if self.made:
            name = body.get("name") if isinstance(body, dict) else None
            return f"POST {tail}" if method == "POST" and self.made.get(tail, "") == name else None
        ours = method == self.method and tail == self.tail
        if method == "PATCH":
            ours = ours and self.mark in json.dumps(body)
        return f"{method} {tail}" if ours else None


Maker = Callable[["Place"], Wish]


@dataclass
class Place:
    """An organisation, and room for objects that only one wish is about."""

    emulator: Emulator
    now: datetime
    rng: random.Random
    count: int = 0
    of_all: Wish = field(
        default_factory=lambda: Wish(REFRESH, {}, "landing zone's credentials", "POST", ZONE)
    )

    def __post_init__(self) -> None:
        self.world = World(self.emulator, self.now)

    def mark(self) -> str:
        self.count += 1
        return f"wish-{self.count}-{self.rng.randrange(16**6):06x}"

    def own(self, kind: str, like: str, **changed: Any) -> str:
        """A copy of an object, for one wish alone."""
        self.count += 1
        item = copy.deepcopy(self.world.get(kind, like)) | changed
        item["id"] = f"{self.rng.randrange(16**8):08x}-0000-4000-8000-{self.count:012d}"
        self.emulator.store.put(SANDBOX, kind, item)
        return str(item["id"])

    def source_like(self) -> str:
        return str(self.world.flow("healthy")["sourceConnectionIds"][0])


def _patch(path: str, value: str) -> list[dict[str, Any]]:
    return [{"op": "add", "path": path, "value": value}]


def account(place: Place) -> Wish:
    mark = place.mark()
    return Wish("create_base_connection_landing_zone", {"name": mark}, mark, made={"connections": mark})


def secret_account(place: Place) -> Wish:
    mark = place.mark()
    keys = {"access_key": "${AEP_SECRET_ID}", "secret_key": "${AEP_SECRET_KEY}"}
    return Wish("create_base_connection_s3", {"name": mark, **keys}, mark, made={"connections": mark})


def export(place: Place) -> Wish:
    mark = place.mark()
    arguments = {
        "name": mark,
        "dataset_ids": [SCENARIOS["dataset_fed_by_several"]],
        "path": "out",
        "start_time": place.world.soon,
    }
    made = {kind: mark + end for kind, end in EXPORT_PARTS.items()}
    return Wish("export_dataset_to_landing_zone", arguments, mark, made=made)


def _changed(place: Place, kind: str, like: str, tool: str, argument: str, path: str) -> Wish:
    object_id, mark = place.own(kind, like), place.mark()
    arguments = {argument: object_id, "operations": _patch(path, mark)}
    return Wish(tool, arguments, mark, "PATCH", f"{kind}/{object_id}", {}, (kind, object_id), True)


def describe(place: Place) -> Wish:
    return _changed(place, "flows", SCENARIOS["healthy"], "update_flow", "flow_id", "/description")


def describe_in_words(place: Place) -> Wish:
    object_id, mark = place.own("flows", SCENARIOS["healthy"]), place.mark()
    arguments = {"flow": object_id, "description": mark}
    target = ("flows", object_id)
    return Wish("change_pipeline", arguments, mark, "PATCH", f"flows/{object_id}", {}, target, True)


def rename(place: Place) -> Wish:
    like = SCENARIOS["unused_account"]
    return _changed(place, "connections", like, "update_connection", "connection_id", "/name")


def describe_source(place: Place) -> Wish:
    like = place.source_like()
    tool, argument = "update_source_connection", "source_connection_id"
    return _changed(place, "sourceConnections", like, tool, argument, "/description")


def _removed(place: Place, kind: str, like: str, tool: str, argument: str) -> Wish:
    object_id = place.own(kind, like)
    tail = f"{kind}/{object_id}"
    return Wish(tool, {argument: object_id}, object_id, "DELETE", tail, {}, (kind, object_id), True)


def remove_flow(place: Place) -> Wish:
    return _removed(place, "flows", SCENARIOS["disabled"], "delete_flow", "flow_id")


def retire(place: Place) -> Wish:
    """The connections of its flow are used by the one that it is like, so that it goes alone."""
    return _removed(place, "flows", SCENARIOS["disabled"], "delete_pipeline", "flow")


def remove_account(place: Place) -> Wish:
    like = SCENARIOS["unused_account"]
    return _removed(place, "connections", like, "delete_connection", "connection_id")


def remove_source(place: Place) -> Wish:
    tool, argument = "delete_source_connection", "source_connection_id"
    return _removed(place, "sourceConnections", place.source_like(), tool, argument)


def switch_off(place: Place) -> Wish:
    flow_id = place.own("flows", SCENARIOS["healthy"])
    arguments = {"flow_id": flow_id, "action": "disable"}
    return Wish(
        "run_flow_action", arguments, flow_id, "POST", f"flows/{flow_id}/action", {}, ("flows", flow_id)
    )


def publish(place: Place) -> Wish:
    spec = {"id": LANDING_ZONE_TARGET, "version": "1.0"}
    like = SCENARIOS["unused_account"]
    object_id = place.own("connections", like, state="draft", connectionSpec=spec, auth=None)
    tail, target = f"connections/{object_id}/action", ("connections", object_id)
    return Wish("publish_connection", {"connection_id": object_id}, object_id, "POST", tail, {}, target)


def new_credentials(place: Place) -> Wish:
    """There is one landing zone: everybody who asks for this asks for the same."""
    return place.of_all


MAKERS: tuple[tuple[Maker, int], ...] = (
    (account, 5),
    (secret_account, 1),
    (export, 3),
    (describe, 5),
    (rename, 2),
    (describe_source, 1),
    (remove_flow, 3),
    (retire, 2),
    (describe_in_words, 2),
    (remove_account, 3),
    (remove_source, 1),
    (switch_off, 3),
    (publish, 1),
    (new_credentials, 1),
)


def draw(place: Place) -> Wish:
    """Some wish; what it is about is made for it."""
    makers = [maker for maker, _ in MAKERS]
    return place.rng.choices(makers, [weight for _, weight in MAKERS])[0](place)
