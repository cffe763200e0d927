"""What a Change is, and that it stays what it is."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from aep_flow_mcp.guard.changes.canonical import canonical, dotted, leaves, plain, shown, visible
from aep_flow_mcp.guard.changes.change import Change, Plan, Ref, Step
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.patches import ABSENT, Patch, differences
from aep_flow_mcp.guard.changes.steps import NothingToDo, PlanError, Undo, resolve_path, resolve_refs

FLOW = {
    "id": "f1",
    "name": "Orders",
    "etag": '"e1"',
    "scheduleParams": {"interval": 15, "frequency": "minute"},
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_a_creation() -> None:
    change = Change.create(Kind.FLOW, {"name": "Orders", "flowSpec": {"id": "s"}}, params={"mode": "draft"})
    (step,) = change.steps
    assert (step.method, step.path, step.params) == (
        "POST",
        "/data/foundation/flowservice/flows",
        (("mode", "draft"),),
    )
    assert step.body == {"name": "Orders", "flowSpec": {"id": "s"}}
    assert (step.creates, step.lookup) == (Kind.FLOW, (("name", "Orders"),))
    assert change.title == 'Create flow "Orders"'


def test_a_run_is_looked_up_by_its_flow() -> None:
    assert Change.create(Kind.RUN, {"flowId": "f1"}).steps[0].lookup == (("flowId", "f1"),)


def test_a_change_cannot_be_changed_through_what_it_was_made_of() -> None:
    body = {"name": "Orders", "params": {"path": "a"}}
    change = Change.create(Kind.FLOW, body)
    before = change.canonical()
    body["params"]["path"] = "b"  # type: ignore[index]
    change.steps[0].body["params"]["path"] = "c"
    assert change.canonical() == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        change.steps[0].path = "/data/elsewhere"  # type: ignore[misc]


def test_an_update_keeps_the_touched_fields_only() -> None:
    ops: list[dict[str, Any]] = [
        {"op": "Replace", "path": "/scheduleParams/interval", "value": 30},
        {"op": "REMOVE", "path": "/name"},
    ]
    (step,) = Change.update(Kind.FLOW, "f1", FLOW, ops, etag='"e1"').steps
    assert step.body == [
        {"op": "replace", "path": "/scheduleParams/interval", "value": 30},
        {"op": "remove", "path": "/name", "value": "Orders"},
    ]
    assert step.before == canonical({"scheduleParams": FLOW["scheduleParams"], "name": "Orders"})
    assert step.after == canonical({"scheduleParams": {"interval": 30, "frequency": "minute"}})
    assert step.etag == '"e1"'


def test_an_update_that_changes_nothing() -> None:
    with pytest.raises(NothingToDo):
        Change.update(
            Kind.FLOW, "f1", FLOW, [{"op": "replace", "path": "/name", "value": "Orders"}], etag='"e1"'
        )


def test_a_removed_credential_is_not_sent_back() -> None:
    before = {"auth": {"params": {"password": "***"}}}
    op = {"op": "remove", "path": "/auth/params/password"}
    assert Change.update(Kind.CONNECTION, "c", before, [op], etag='"e"').steps[0].body[0]["value"] is None


@pytest.mark.parametrize(
    ("op", "said"),
    [
        ({"op": "move", "path": "/name", "value": 1}, "add, replace, remove"),
        ({"op": "replace", "path": "name", "value": 1}, "JSON pointer"),
        ({"op": "replace", "path": "/", "value": 1}, "JSON pointer"),
        ({"op": "replace", "path": "/name"}, "needs a value"),
        ({"op": "replace", "path": "/missing/deep", "value": 1}, "does not fit"),
        ({"op": "remove", "path": "/missing"}, "does not fit"),
        ({"op": "add", "path": "/name", "value": 1, "from": "/x"}, "not from"),
    ],
)
def test_operations_that_cannot_work(op: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        Change.update(Kind.FLOW, "f1", FLOW, [op], etag='"e1"')


def test_a_deletion_depends_on_the_version_that_was_read() -> None:
    one = Change.delete(Kind.FLOW, FLOW, dependents=["run 7"])
    other = Change.delete(Kind.FLOW, {**FLOW, "etag": '"e2"'}, dependents=["run 7"])
    assert one.warnings == ("Stops working: run 7",)
    assert one.steps[0].content is None
    assert one.steps[0].etag is None
    assert one.canonical() != other.canonical()


def test_an_action() -> None:
    (step,) = Change.action(Kind.FLOW, "f1", "disable", name="Orders", intended={"state": ["disabled"]}).steps
    assert (step.method, step.path) == ("POST", "/data/foundation/flowservice/flows/f1/action")
    assert step.params == (("op", "disable"),)
    assert step.content is None


@pytest.mark.parametrize("bad", ["", ".", "..", "..."])
def test_an_id_that_leads_elsewhere(bad: str) -> None:
    with pytest.raises(PlanError):
        Change.delete(Kind.FLOW, bad)


def test_an_id_is_quoted() -> None:
    path = Change.delete(Kind.FLOW, "a/../../b?x#y").steps[0].path
    assert path == "/data/foundation/flowservice/flows/a%2F..%2F..%2Fb%3Fx%23y"


@pytest.mark.parametrize(
    "path", ["https://evil.example/data", "//evil/data", "/etc", "/data/../x", "/data/a?b", "/data/a b"]
)
def test_a_path_stays_below_the_platform_url(path: str) -> None:
    with pytest.raises(PlanError):
        Change.request("POST", path, label="x")


@pytest.mark.parametrize("etag", ["", ' "a"', '"a"\r\nX-Evil: 1', '"\u00e9"', "x" * 501])
def test_an_etag_is_a_header_value(etag: str) -> None:
    with pytest.raises(PlanError, match="ETag"):
        Change.action(Kind.FLOW, "f1", "enable", etag=etag)


@pytest.mark.parametrize("body", [{"a": float("nan")}, {"a": object()}, {"a": b"x"}, {"a": "\ud800"}])
def test_a_body_that_json_cannot_hold(body: dict[str, Any]) -> None:
    with pytest.raises(PlanError):
        Change.create(Kind.FLOW, body)


def test_a_get_belongs_to_revealing() -> None:
    with pytest.raises(PlanError):
        Step(method="GET", path="/data/x", label="x")
    assert Change.reveal("/data/x", label="x").steps[0].reveals


def test_references_to_earlier_steps() -> None:
    plan = Plan("three")
    base = plan.create(Kind.CONNECTION, {"name": "b"})
    target = plan.create(
        Kind.TARGET_CONNECTION, {"name": "t", "baseConnectionId": base, "deep": [{"x": base}]}
    )
    plan.request("POST", f"/data/x/{target}/y", label="poke")
    change = plan.change()
    ids = {"step1": "B", "step2": "T/2"}
    assert resolve_refs(change.steps[1].body, ids) == {
        "name": "t",
        "baseConnectionId": "B",
        "deep": [{"x": "B"}],
    }
    assert resolve_path(change.steps[2].path, ids) == "/data/x/T%2F2/y"


def test_a_reference_needs_an_earlier_step() -> None:
    plan = Plan("wrong")
    plan.create(Kind.TARGET_CONNECTION, {"name": "t", "baseConnectionId": Ref("later")})
    plan.create(Kind.CONNECTION, {"name": "b"}, key="later")
    with pytest.raises(PlanError, match="no earlier step"):
        plan.change()


def test_two_steps_of_one_name() -> None:
    plan = Plan("wrong")
    plan.create(Kind.CONNECTION, {"name": "a"}, key="k")
    plan.create(Kind.CONNECTION, {"name": "b"}, key="k")
    with pytest.raises(PlanError, match="two steps"):
        plan.change()


def test_no_steps() -> None:
    with pytest.raises(PlanError):
        Plan("empty").change()


def base_change(**details: Any) -> Change:
    return Change.create(Kind.FLOW, {"name": "n", "a": 1}, **details)


@pytest.mark.parametrize(
    "other",
    [
        Change.create(Kind.FLOW, {"name": "n", "a": 2}),
        Change.create(Kind.FLOW, {"name": "n", "a": "1"}),
        Change.create(Kind.SOURCE_CONNECTION, {"name": "n", "a": 1}),
        base_change(params={"mode": "draft"}),
        base_change(warnings=["w"]),
        base_change(summary="s"),
        base_change(undo=Undo(method="DELETE", path="/data/x")),
        base_change().in_sandbox("dev", "development"),
    ],
)
def test_everything_that_matters_is_in_the_bytes_and_in_the_digest(other: Change) -> None:
    assert other.canonical() != base_change().canonical()
    assert other.digest != base_change().digest


def test_the_order_of_keys_does_not_matter() -> None:
    one, other = Change.create(Kind.FLOW, {"a": 1, "b": 2}), Change.create(Kind.FLOW, {"b": 2, "a": 1})
    assert one.canonical() == other.canonical()
    assert base_change().digest == base_change().digest


# --- canonical JSON and visible text ----------------------------------------------------------------------


@effort(max_examples=300, database=None)
@given(JSON, JSON)
def test_canonical_is_equal_for_equal_values_only(one: Any, other: Any) -> None:
    # By repr: 0.0 and -0.0 are equal, and different requests.
    same_types = [(way, repr(value)) for way, value in leaves(one)] == [
        (way, repr(value)) for way, value in leaves(other)
    ]
    if canonical(one) == canonical(other):
        assert one == other
    if same_types and one == other and list(leaves(one)) == list(leaves(other)):
        assert canonical(one) == canonical(other)


@effort(max_examples=300, database=None)
@given(st.text())
def test_visible_text_has_one_line_and_nothing_hidden(text: str) -> None:
    seen = visible(text)
    assert "\n" not in seen
    assert seen.splitlines() == ([seen] if seen else [])
    assert not any(character in seen for character in "\u202e\u200b\u2066\ufeff\x1b\x00\u3164\ufe0f")


def test_visible_examples() -> None:
    assert visible("a\nb\u202ec\U000e0041") == "a\\u000ab\\u202ec\\udb40\\udc41"
    assert visible("Größe 数 🙂") == "Größe 数 🙂"
    assert shown('say "x"\nDone.') == '"say \\"x\\"\\nDone."'
    assert shown("x" * 50, limit=10).endswith("(cut: 52 characters in all)")
    assert dotted(("a", 0, "b")) == "a[0].b"
    assert plain({1: (Kind.FLOW, {"b", "a"})}) == {"1": ["flow", ["a", "b"]]}


@effort(max_examples=200, database=None)
@given(JSON, JSON)
def test_no_difference_means_equal(one: Any, other: Any) -> None:
    assert (list(differences(one, other)) == []) == (canonical(one) == canonical(other))


def test_differences() -> None:
    before = {"a": 1, "b": [1, 2], "c": {"d": "x"}}
    after = {"a": "1", "b": [1], "c": {"d": "x", "e": None}}
    assert list(differences(before, after)) == [("a", 1, "1"), ("b[1]", 2, ABSENT), ("c.e", ABSENT, None)]


def test_a_patch_leaves_the_original_alone() -> None:
    document = {"list": [1, 2]}
    patch = Patch.of(document, [{"op": "add", "path": "/list/-", "value": 3}])
    assert (document, patch.before, patch.after) == ({"list": [1, 2]}, {"list": [1, 2]}, {"list": [1, 2, 3]})


def test_a_refusal_has_the_lines_that_it_was_given() -> None:
    """A name from the organisation within one begins no other."""
    assert str(PlanError("The flow a\nNothing was asked. is disabled.", "- b")) == (
        "The flow a\\u000aNothing was asked. is disabled.\n- b"
    )
