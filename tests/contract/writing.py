"""Every method and path that the writer is used with, sent through the client to an emulator."""

from __future__ import annotations

from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.writer import FlowWriter
from contract.bodies import account, files, into, mapping_step, replace, scheduled
from contract.reading import Known


async def write_and_undo(client: PlatformClient, known: Known) -> None:
    """Creates of all four kinds, PATCHes, actions, a run again, and the deletes in reverse order."""
    writer, reader = FlowWriter(client), FlowReader(client)
    base = await writer.send("POST", "/connections", json=account("written"))
    source = await writer.send("POST", "/sourceConnections", json=files(_id(base.id)))
    target = await writer.send("POST", "/targetConnections", json=into(known.target))
    body = scheduled(_id(source.id), _id(target.id), known.mapping)
    flow = await writer.send("POST", "/flows", json=body, params={"mode": "draft"})
    path = f"/flows/{flow.id}"
    await writer.send("POST", f"{path}/action", params={"op": "publish"})
    for changed in (
        f"/connections/{base.id}",
        f"/sourceConnections/{source.id}",
        f"/targetConnections/{target.id}",
    ):
        etag = (await reader.get_object(changed.split("/")[1], changed.split("/")[2]))["etag"]
        answer = await writer.send("PATCH", changed, json=[replace("/name", "written again")], etag=etag)
        assert answer.etag not in (None, etag)
    etag = (await reader.get_object("flows", _id(flow.id)))["etag"]
    steps = [replace("/transformations/0", mapping_step(known.mapping)), replace("/name", "written again")]
    await writer.send("PATCH", path, json=steps, etag=etag)
    stored = await reader.get_object("flows", _id(flow.id))
    assert stored["name"] == "written again"
    await writer.send("POST", f"{path}/action", params={"op": "disable"}, etag=stored["etag"])
    for doomed in (path, f"/sourceConnections/{source.id}", f"/targetConnections/{target.id}"):
        await writer.send("DELETE", doomed)
    deleted = await writer.send("DELETE", f"/connections/{base.id}")
    assert deleted.status in (200, 202, 204)


def _id(found: str | None) -> str:
    assert found is not None
    return found
