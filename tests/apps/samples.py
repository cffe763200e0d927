"""Answers as the apps get them: made up, in the shapes of the tools; names of one's own choice."""

from __future__ import annotations

from typing import Any

from apps.stage import Given, board


def answer(structure: Given, meta: Given | None = None) -> Given:
    """A result of tools/call."""
    return {
        "content": [{"type": "text", "text": "told"}],
        "structuredContent": structure,
        **({"_meta": meta} if meta else {}),
    }


def runs(number: int, *, names: list[str] | None = None) -> Given:
    """An answer of list_runs, the newest first; the newest five failed."""
    items = [
        {
            "id": f"run-{at}",
            "status": "failed" if at < 5 else "success",
            "started_at": f"2026-11-{29 - at // 24:02}T{23 - at % 24:02}:00:00Z",
            "duration_s": 30 + at,
            "records_in": 100,
            "records_out": 90,
            "records_failed": 10 if at % 9 == 8 else 0,
            "errors": 1 if at < 5 else None,
            "first_error": names[at % len(names)] if names else "CONNECTOR-1001-500: denied",
        }
        for at in range(number)
    ]
    return answer({"items": items, "total": number})


def diagnosis(name: str = "Orders") -> Given:
    """An answer of diagnose_flow."""
    return answer(
        {
            "flow": name,
            "flow_id": "flow-1",
            "state": "enabled",
            "cause": "credentials_expired",
            "headline": name,
            "certainty": "likely",
            "evidence": [name, "5 of 20 runs failed"],
            "fix": name,
            "others": [],
            "checks": [{"part": "account", "name": name, "result": name}],
            "now": name,
            "since": "2026-11-29T19:00:00Z",
            "in_a_row": 5,
            "last_good": "2026-11-29T18:00:00Z",
            "runs": "20 looked at",
            "errors": [
                {"error": name, "runs": 5, "share": "25%", "meaning": name, "first": "2026-11-29T19:00:00Z"}
            ],
        }
    )


def lineage(flows: int, *, names: list[str] | None = None) -> Given:
    """An answer of trace_lineage: an account, flows that use it, and a dataset of each; the first 60 objects."""

    def name(at: int, plain: str) -> str:
        return names[at % len(names)] if names else plain

    nodes: list[Given] = [{"n": "n1", "kind": "account", "id": "account-1", "name": name(0, "Partner feeds")}]
    edges, breaks, starves = [], [], []
    for at in range(flows):
        flow, dataset = f"n{2 * at + 2}", f"n{2 * at + 3}"
        nodes += [
            {
                "n": flow,
                "kind": "flow",
                "id": f"flow-{at}",
                "name": name(2 * at + 1, f"Flow {at}"),
                "detail": "enabled",
            },
            {
                "n": dataset,
                "kind": "dataset",
                "id": f"dataset-{at}",
                "name": name(2 * at + 2, f"Dataset {at}"),
            },
        ]
        edges += [f"n1>{flow}", f"{flow}>{dataset}"]
        breaks.append(f"{flow} {name(2 * at + 1, f'Flow {at}')}")
        starves.append(f"{dataset} {name(2 * at + 2, f'Dataset {at}')}")
    most = 1_000 if names else 60
    kept = {node["n"] for node in nodes[:most]}
    structure: Given = {
        "start": f"account {nodes[0]['name']}",
        "nodes": nodes[:most],
        "edges": [edge for edge in edges if kept.issuperset(edge.split(">"))],
        "breaks": breaks[:most],
        "starves": starves[:most],
        "thins": [],
        "stales": [],
        "notes": [name(1, "2 source connections use this account.")],
    }
    if len(nodes) > most:
        structure |= {"more": {"nodes": len(nodes)}, "cursors": {"nodes": "next"}}
    return answer(structure)


def plan(name: str = "Orders", *, others: list[str] | None = None) -> Given:
    """An answer of a tool that writes, with its card."""
    step: Given = {
        "label": f"update flow {name}",
        "method": "PATCH",
        "path": f"/flows/{name[:100]}",
        "if_match": "v1",
        "body": '[{"op": "replace"}]',
        "changes": [["name", name, f"{name} (new)"], ["scheduleParams.interval", "15", "30"]],
        "fields": [[name, name, name]],
        "rows": [[name, name, name]],
        "names": [name],
        "times": [name],
    }
    view: Given = {
        "title": f"Update flow {name}",
        "summary": name,
        "sandbox": "dev",
        "sandbox_type": "development",
        "warnings": [f"Stops working: {name}", *(others or ["It is enabled."])],
        "dependents": others or [name, "the report"],
        "references": ["${AEP_SECRET_KEY}"],
        "literal_secrets": [name],
        "steps": [step, step],
        "undone": True,
        "digest": "0" * 64,
    }
    structure: Given = {
        "status": "needs_confirmation",
        "message": name,
        "done": [],
        "not_undone": [name],
        "next_step": name,
    }
    return answer(structure, {"aep-flow-mcp/plan": view})


def kept(app: str, *, flows: int = 50, names: list[str] | None = None) -> tuple[str, dict[str, Any]]:
    """The tool that an app shows, and answers of all that it may ask for."""
    first = names[0] if names else "Orders"
    answers: dict[str, Any] = {
        "pipeline_health": board(flows, names=names),
        "trace_lineage": lineage(flows, names=names),
        "diagnose_flow": diagnosis(first),
        "list_runs": runs(flows, names=names),
        "get_run": answer(
            {"fix": first, "errors": [{"code": first, "message": first, "count": 1, "where": first}]}
        ),
        "update_flow": plan(first, others=names),
    }
    tools = {
        "health": "pipeline_health",
        "lineage": "trace_lineage",
        "timeline": "diagnose_flow",
        "plan": "update_flow",
    }
    return tools[app], answers
