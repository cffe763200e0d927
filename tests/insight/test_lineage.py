"""What feeds what, and what breaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.insight.lineage import Graph, Key, Node, NodeKind, impact, mermaid

FLOW, DATASET, ACCOUNT = NodeKind.FLOW, NodeKind.DATASET, NodeKind.ACCOUNT
SOURCE, TARGET, MAPPING, SCHEMA = NodeKind.SOURCE, NodeKind.TARGET, NodeKind.MAPPING, NodeKind.SCHEMA


KINDS = {"f": FLOW, "d": DATASET, "a": ACCOUNT, "s": SOURCE, "t": TARGET, "m": MAPPING, "x": SCHEMA}


def graph(*edges: tuple[str, str]) -> Graph:
    """From "a:orders" to "f:load": the letter is the kind."""
    made = Graph()
    for edge in edges:
        keys = [made.add(Node(KINDS[name[0]], name, name)) for name in edge]
        made.link(keys[0], keys[1])
    return made


def key(name: str) -> Key:
    return KINDS[name[0]], name


def names(keys: list[Key]) -> list[str]:
    return sorted(name for _, name in keys)


LOAD = [("a:s3", "s:1"), ("s:1", "f:load"), ("m:1", "f:load"), ("f:load", "t:1"), ("t:1", "d:orders")]
SECOND = [("a:crm", "s:2"), ("s:2", "f:second"), ("f:second", "t:2"), ("t:2", "d:orders")]
ALONE = [("a:s3", "s:3"), ("s:3", "f:load2"), ("f:load2", "t:3"), ("t:3", "d:only")]
EXPORT = [("d:orders", "s:4"), ("s:4", "f:export"), ("f:export", "t:4"), ("t:4", "a:bi")]
PROFILE = [("d:only", "s:5"), ("s:5", "f:profile"), ("f:profile", "t:5"), ("t:5", "d:profile")]
ORDERS = graph(*LOAD, *SECOND, *ALONE, *EXPORT, *PROFILE, ("x:order", "d:orders"))


def test_up_and_down() -> None:
    assert names(ORDERS.upstream(key("d:only"))) == ["a:s3", "f:load2", "s:3", "t:3"]
    assert names(ORDERS.downstream(key("d:only"))) == ["d:profile", "f:profile", "s:5", "t:5"]
    assert "f:second" not in names(ORDERS.downstream(key("a:s3")))


def test_an_account_takes_its_flows_with_it() -> None:
    effect = impact(ORDERS, key("a:s3"))
    assert {node.id for node in effect.broken} == {"f:load", "f:load2"}
    assert {node.id for node in effect.starved} == {"d:only", "d:profile"}
    assert {node.id for node in effect.thinner} == {"d:orders"}
    assert {node.id for node in effect.stale} == {"f:profile"}


def test_a_dataset_takes_writers_and_readers() -> None:
    effect = impact(ORDERS, key("d:orders"))
    assert {node.id for node in effect.broken} == {"f:load", "f:second", "f:export"}
    assert not effect.starved


def test_mapping_schema_and_flow() -> None:
    assert [node.id for node in impact(ORDERS, key("m:1")).broken] == ["f:load"]
    assert {node.id for node in impact(ORDERS, key("x:order")).broken} == {"f:load", "f:second"}
    assert [node.id for node in impact(ORDERS, key("f:load2")).broken] == ["f:load2"]
    assert [node.id for node in impact(ORDERS, key("t:4")).broken] == ["f:export"]


def test_the_surroundings_are_shown_without_connections() -> None:
    part = ORDERS.around(key("f:load")).short(key("f:load"))
    assert names(list(part.nodes)) == ["a:bi", "a:s3", "d:orders", "f:export", "f:load", "m:1"]
    assert (key("a:s3"), key("f:load")) in set(part.edges())
    assert (key("f:load"), key("d:orders")) in set(part.edges())
    up = ORDERS.around(key("d:orders"), down=False).short(key("d:orders"))
    assert names(list(up.nodes)) == ["a:crm", "a:s3", "d:orders", "f:load", "f:second", "x:order"]
    kept = ORDERS.around(key("s:1")).short(key("s:1"))
    assert (key("s:1"), key("f:load")) in set(kept.edges())


def test_mermaid_cannot_be_broken_out_of() -> None:
    made = Graph()
    bad = made.add(Node(FLOW, "1", 'x"]; click n1 call alert("1") %%{init}%% <b>\n--> n2', problem="deleted"))
    made.link(bad, made.add(Node(DATASET, "2", "Bestellungen für Köln")))
    lines = mermaid(made, bad).split("\n")
    assert lines[0] == "flowchart LR"
    assert lines[-2:] == ["  n1 --> n2", "  style n1 stroke-width:3px"]
    assert len(lines) == 5
    assert lines[1].count('"') == 2
    assert not set("<>%{};") & set(lines[1].replace("#34;", "").replace("#", "").replace(";", ""))
    assert "Bestellungen für Köln" in lines[2]


EDGES = st.lists(
    st.tuples(st.sampled_from(["a:1", "a:2"]), st.integers(0, 5), st.sampled_from(["d:1", "d:2", "d:3"]))
    | st.tuples(
        st.sampled_from(["d:1", "d:2", "d:3"]), st.integers(0, 5), st.sampled_from(["d:1", "d:2", "d:3"])
    ),
    min_size=1,
    max_size=12,
)


@given(EDGES, st.sampled_from(["a:1", "a:2", "d:1", "d:2"]))
def test_what_starves_has_no_living_feeder(flows: list[tuple[str, int, str]], gone: str) -> None:
    """Against a simulation: flows stop one after the other until nothing changes."""
    named = {f"f:{number}{source}{target}": (source, target) for source, number, target in flows}
    made = graph(*[edge for id, (source, target) in named.items() for edge in ((source, id), (id, target))])
    if key(gone) not in made.nodes:
        return
    effect = impact(made, key(gone))
    broken = {id for id, ends in named.items() if gone in ends}
    dead = set(broken)
    starved: set[str] = set()
    while True:
        fed = {target for id, (_, target) in named.items() if id not in dead}
        touched = {named[id][1] for id in dead} - {gone}
        starved = touched - fed
        more = {id for id, (source, _) in named.items() if source in starved}
        if more <= dead:
            break
        dead |= more
    assert {node.id for node in effect.broken} == broken
    assert {node.id for node in effect.starved} == starved
    assert {node.id for node in effect.stale} == dead - broken
    assert {node.id for node in effect.thinner} == touched - starved
