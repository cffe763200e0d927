"""Going through a tutorial with the tools of the server, and what the emulator was sent meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.pipelines import wellknown
from tools.bed import SANDBOX
from tools.pipeline_talks import Stage
from tutorials.tutorials import Json, Tutorial, filled

SECRET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123"
SECRETS = {"AEP_SECRET_VALUE": SECRET}
REFERENCE = "${AEP_SECRET_VALUE}"
KINDS = ("connections", "sourceConnections", "targetConnections", "flows")
KEYS = "/data/foundation/connectors/encryption/keys"


@dataclass
class Reader:
    """Somebody who follows a tutorial: the stage, and what placeholders stand for there."""

    on: Stage
    known: dict[str, Any]

    @classmethod
    def before(cls, on: Stage) -> Reader:
        """With a dataset of the organisation, a mapping set into it, and a start that lies ahead."""
        mapping = on.stored("mappingSets")[0]
        schema = (mapping.get("outputSchema") or {}).get("schemaRef", {}).get("id") or mapping["xdmSchema"]
        collection = on.store.collection(SANDBOX, "dataSets")
        dataset = next(
            id for id in collection.base.ids() if (collection.get(id) or {})["schemaRef"]["id"] == schema
        )
        start = 1_956_528_000  # In 2032: the server's own clock is that of whoever runs this.
        key = "00000000-0000-4000-8000-00000000aaaa"
        on.store.sandboxes[SANDBOX].encryption_keys[key] = {"publicKeyId": key, "keyType": "EncryptionKey"}
        known = {
            "$key": key,
            "$secret": SECRET,
            "$dataset": dataset,
            "$dataset name": (collection.get(dataset) or {})["name"],
            "$schema": schema,
            "$mapping": mapping["id"],
            "$start": start,
            "$end": start + 90 * 86_400,
            "acme-s3accesskey": "AKIAEXAMPLE234567QWE",
        }
        return cls(on, known)

    async def follow(self, tutorial: Tutorial) -> dict[str, Any]:
        """Create every part with its tool. What the bodies were to be, by kind."""
        wanted: dict[str, Any] = {}
        own = await self._account(tutorial, wanted)
        source = await self._source(tutorial, wanted, own)
        target = await self._target(tutorial, wanted, own)
        flow: Json = filled(tutorial.flow, self.known)
        steps, schedule = flow.get("steps"), flow.get("schedule")
        await self._make(
            "create_flow",
            flow_spec_id=flow["spec"],
            source_connection_id=source,
            target_connection_id=target,
            transformations=steps,
            schedule=_schedule(schedule) if schedule else None,
        )
        wanted["flows"] = {
            "flowSpec": {"id": flow["spec"], "version": "1.0"},
            "sourceConnectionIds": [source],
            "targetConnectionIds": [target],
            "transformations": steps,
            "scheduleParams": schedule,
        }
        return wanted

    async def _account(self, tutorial: Tutorial, wanted: dict[str, Any]) -> str | None:
        if not tutorial.has_account:
            return None
        auth = tutorial.auth
        wanted["connections"] = _body(tutorial.connector, auth=filled(auth, self.known))
        said = filled(auth, self.known | {"$secret": REFERENCE})
        return await self._make(
            "create_connection",
            connection_spec_id=tutorial.connector,
            auth_spec=said["specName"] if said else None,
            auth_params=said["params"] if said else None,
        )

    async def _source(self, tutorial: Tutorial, wanted: dict[str, Any], own: str | None) -> str:
        end: Json = filled(tutorial.source, self.known)
        spec = tutorial.spec_of("source")
        base = await self._base(end, spec, own)
        data: Json = end.get("data") or {}
        wanted["sourceConnections"] = _body(
            spec, baseConnectionId=base, data=data, params=end.get("params") or {}
        )
        return await self._make(
            "create_source_connection",
            connection_spec_id=spec,
            base_connection_id=base,
            params=end.get("params") or None,
            data_format=data.get("format"),
            data_properties=data.get("properties"),
        )

    async def _target(self, tutorial: Tutorial, wanted: dict[str, Any], own: str | None) -> str:
        end: Json = filled(tutorial.target, self.known)
        spec = tutorial.spec_of("target")
        base = await self._base(end, spec, own)
        data: Json = end.get("data") or {}
        wanted["targetConnections"] = _body(spec, baseConnectionId=base, data=data, params=end["params"])
        return await self._make(
            "create_target_connection",
            connection_spec_id=spec,
            base_connection_id=base,
            params=end["params"],
            data_format=data.get("format"),
            schema_id=(data.get("schema") or {}).get("id"),
        )

    async def _base(self, end: Json, spec: str, own: str | None) -> str | None:
        """The account of an end: the tutorial's, or one of Platform's own places."""
        if end.get("account") is None:
            return None
        if end["account"] == "own":
            return own
        return await self._make("create_connection", connection_spec_id=spec)

    async def _make(self, tool: str, **arguments: Any) -> str:
        """Plan, confirm, and the id of what was made."""
        given = {name: value for name, value in arguments.items() if value is not None}
        plan = await self.on.answer(tool, name=f"{tool} {time.monotonic_ns()}", **given)
        done = await self.on.answer("confirm_change", confirmation_id=plan["confirmation_id"])
        assert done["status"] == "done", done
        return str(done["done"][-1]["id"])

    def sent(self, kind: str) -> list[Any]:
        """The bodies that the emulator was posted of a kind."""
        writes = self.on.emulator.journal.writes()
        return [one.body for one in writes if one.method == "POST" and one.path.endswith(f"/{kind}")]


def _body(spec: str, **members: Any) -> Json:
    return {"connectionSpec": {"id": spec, "version": "1.0"}, **members}


def _schedule(schedule: Json) -> Json:
    """The arguments of a tool that say this schedule."""
    names = {
        "startTime": "start_time",
        "endTime": "end_time",
        "timeUnit": "time_unit",
        "exportMode": "export_mode",
        "foldernameTemplate": "folder_name_template",
    }
    said = {names.get(name, name): value for name, value in schedule.items()}
    return said | {name: str(said[name]) for name in ("start_time", "end_time") if name in said}


__all__ = ["KEYS", "KINDS", "REFERENCE", "SECRETS", "Reader", "wellknown"]
