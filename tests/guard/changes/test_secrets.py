"""References in, redaction out: nobody but the API sees a value."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.guard import secrets
from aep_flow_mcp.guard.changes import masking
from aep_flow_mcp.guard.changes.canonical import leaves
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import preview
from guard.bed import NO, YES, Bed, Person

MakeBed = Callable[..., Bed]
PREFIX = "AEP_SECRET_"
VALUE = 'p@ss"w\\ord/with spaces&signs'
ENVIRON = {"AEP_SECRET_S3": VALUE, "HOME": "/home/somebody", "AEP_SECRET_EMPTY": ""}


def account(**params: Any) -> Change:
    return Change.create(Kind.CONNECTION, {"name": "n", "auth": {"specName": "s", "params": params}})


def patched(*ops: dict[str, Any], kind: Kind = Kind.CONNECTION) -> Change:
    before = {"name": "n", "auth": {"params": {"password": "old-password"}}}
    return Change.update(kind, "c1", before, ops, etag='"e"')


def sent(change: Change) -> Any:
    step = change.steps[0]
    return secrets.resolve(step, step.body, ENVIRON, PREFIX)


# --- where references are taken ---------------------------------------------------------------------------


def test_a_reference_below_auth_params_is_resolved_when_it_is_sent() -> None:
    change = account(password="${AEP_SECRET_S3}", nested={"list": ["a=${AEP_SECRET_S3};b"]})
    assert secrets.check(change, prefix=PREFIX, environ=ENVIRON).references == ("AEP_SECRET_S3",)
    assert sent(change)["auth"]["params"] == {"password": VALUE, "nested": {"list": [f"a={VALUE};b"]}}


@pytest.mark.parametrize(
    "op",
    [
        {"op": "replace", "path": "/auth/params/password", "value": "${AEP_SECRET_S3}"},
        {"op": "replace", "path": "/auth/params", "value": {"password": "${AEP_SECRET_S3}"}},
        {"op": "replace", "path": "/auth", "value": {"params": {"password": "${AEP_SECRET_S3}"}}},
    ],
)
def test_in_an_update_of_a_connection_too(op: dict[str, Any]) -> None:
    change = patched(op)
    assert secrets.check(change, prefix=PREFIX, environ=ENVIRON).references == ("AEP_SECRET_S3",)
    assert [value for _, value in leaves(sent(change)[0]["value"])] == [VALUE]


REF = "${AEP_SECRET_S3}"


@pytest.mark.parametrize(
    "change",
    [
        Change.create(Kind.CONNECTION, {"name": REF}),
        Change.create(Kind.CONNECTION, {"name": "n", "auth": {"specName": REF, "params": {}}}),
        Change.create(Kind.CONNECTION, {"name": "n", "params": {"auth": {"params": {"password": REF}}}}),
        Change.create(Kind.CONNECTION, {"name": "n", "auth": {"params": {REF: "key"}}}),
        Change.create(Kind.SOURCE_CONNECTION, {"name": "n", "auth": {"params": {"password": REF}}}),
        Change.create(Kind.FLOW, {"name": "n", "transformations": [{"params": {"secret": REF}}]}),
        Change.create(Kind.FLOW, {"name": "n"}, params={"mode": REF}),
        patched({"op": "replace", "path": "/name", "value": REF}),
        patched({"op": "add", "path": "/description", "value": {"auth": {"params": {"password": REF}}}}),
        patched({"op": "replace", "path": "/auth/params/password", "value": REF}, kind=Kind.FLOW),
    ],
)
def test_elsewhere_it_is_refused_and_would_not_be_resolved(change: Change) -> None:
    with pytest.raises(secrets.SecretError, match=r"below auth\.params"):
        secrets.check(change, prefix=PREFIX, environ=ENVIRON)
    assert VALUE not in json.dumps(sent(change))


@pytest.mark.parametrize(
    "text", ["${HOME}", "${AEP_SECRET_}", "${aep_secret_s3}", "${AEP_SECRET_S3 }", "x${}y", "${PATH}"]
)
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(secrets.SecretError, match="AEP_MCP_SECRETS_PREFIX"):
        secrets.check(account(password=text), prefix=PREFIX, environ=ENVIRON)
    with pytest.raises(secrets.SecretError):
        sent(account(password=text))


@pytest.mark.parametrize("name", ["AEP_SECRET_EMPTY", "AEP_SECRET_MISSING"])
def test_a_variable_that_is_not_set_is_named(name: str) -> None:
    with pytest.raises(secrets.SecretError, match=name):
        secrets.check(account(password=f"${{{name}}}"), prefix=PREFIX, environ=ENVIRON)


def test_a_value_is_not_expanded_again() -> None:
    environ = {"AEP_SECRET_A": "${AEP_SECRET_B}", "AEP_SECRET_B": "inner"}
    step = account(password="${AEP_SECRET_A}").steps[0]
    assert (
        secrets.resolve(step, step.body, environ, PREFIX)["auth"]["params"]["password"] == "${AEP_SECRET_B}"
    )


@pytest.mark.parametrize(
    "change",
    [
        account(password="***"),
        account(password="********"),
        account(region="***"),
        account(connectionString="AccountName=me;AccountKey=***;more=1"),
        account(connectionString="sftp://***@host/in"),
        patched({"op": "replace", "path": "/auth/params/password", "value": "***"}),
        patched({"op": "add", "path": "/auth/params", "value": {"password": "***"}}),
        patched({"op": "replace", "path": "/name", "value": "***"}),
        Change.create(Kind.FLOW, {"name": "n", "description": "***"}),
        Change.create(Kind.SOURCE_CONNECTION, {"name": "n", "params": {"path": "/in", "key": "***"}}),
    ],
)
def test_the_mask_of_an_answer_is_no_value(change: Change) -> None:
    with pytest.raises(secrets.SecretError, match=r"the mask that answers show, not a value.*AEP_SECRET_"):
        secrets.check(change, prefix=PREFIX, environ=ENVIRON)


def test_stars_in_other_words_are_values() -> None:
    for change in (
        account(password="a***b", region="eu-*"),
        Change.create(Kind.FLOW, {"name": "*** urgent ***", "description": "/in/**/*.csv"}),
    ):
        secrets.check(change, prefix=PREFIX, environ=ENVIRON)


# --- what is shown ----------------------------------------------------------------------------------------


def test_a_literal_secret_is_masked_and_said() -> None:
    change = account(s3SecretKey="in-the-clear", pin=1234567, region="eu-1", note="${AEP_SECRET_S3}")
    use = secrets.uses(change)
    assert use.literal == ("auth.params.pin", "auth.params.s3SecretKey")
    text = preview(change).text()
    assert "in-the-clear" not in text
    assert "eu-1" in text
    assert "passed through the conversation: auth.params.pin, auth.params.s3SecretKey" in text
    assert "filled in when it is sent: AEP_SECRET_S3" in text


def test_a_field_that_the_spec_declares_as_a_password_is_masked() -> None:
    change = Change.create(
        Kind.CONNECTION,
        {"name": "n", "auth": {"params": {"host": 1234567, "port": 22}}},
        secret_keys=["/auth/params/host"],
    )
    assert masking.masked_body(change.steps[0])["auth"]["params"] == {"host": "***", "port": 22}


def test_what_stands_around_a_reference_is_masked_too() -> None:
    change = account(connectionString="user=me;password=${AEP_SECRET_S3};more=hidden")
    assert (
        masking.masked_body(change.steps[0])["auth"]["params"]["connectionString"] == "***${AEP_SECRET_S3}***"
    )


def test_a_changed_password_is_a_change_although_both_look_alike() -> None:
    text = preview(
        patched({"op": "replace", "path": "/auth/params/password", "value": "new-password"})
    ).text()
    assert 'auth.params.password: "***" -> "***" (a new value, not shown)' in text
    assert "new-password" not in text
    assert "old-password" not in text


def test_a_secret_that_a_reference_replaces_is_told_by_its_name() -> None:
    text = preview(
        patched({"op": "replace", "path": "/auth/params/password", "value": "${AEP_SECRET_S3}"})
    ).text()
    assert 'auth.params.password: "***" -> "${AEP_SECRET_S3}" (a new value, by reference)' in text


def test_the_digest_does_not_depend_on_a_literal_secret_and_the_bytes_do() -> None:
    one, other = account(password="first-secret"), account(password="other-secret")
    assert one.digest == other.digest
    assert one.canonical() != other.canonical()


def test_answers_are_masked() -> None:
    answer = {
        "SASToken": "sv=1&sig=x",
        "SASUri": "https://x",
        "containerName": "c",
        "auth": {"params": {"key": "k"}},
    }
    assert masking.masked_answer(answer) == {
        "SASToken": "***",
        "SASUri": "***",
        "containerName": "c",
        "auth": {"params": {"key": "***"}},
    }


@effort(max_examples=200, database=None, deadline=None)
@given(st.text(min_size=4, max_size=60).filter(str.strip), st.text(max_size=30), st.text(max_size=30))
def test_a_redactor_takes_every_form_out(value: str, before: str, after: str) -> None:
    environ = {"AEP_SECRET_X": value}
    redactor = secrets.redactor_of(account(password="${AEP_SECRET_X}"), environ)
    for form in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        assert value not in redactor.text(f"{before}{form}{after}").replace("${AEP_SECRET_X}", "")


# --- through the protocol ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [YES, NO])
async def test_no_value_comes_out_anywhere(
    make_bed: MakeBed, era: str, audit_text: Callable[[], str], caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    bed = make_bed(environ={"AEP_SECRET_S3": VALUE, "AEP_SECRET_ID": "AKIA-from-the-environment"})
    arguments = {"name": "Orders", "access_key": "${AEP_SECRET_ID}", "secret_key": "${AEP_SECRET_S3}"}
    person = Person(answer)
    outputs = [(await bed.call("make_account", arguments, era=era, person=person)).text]
    # The API quotes the request in its error.
    quoted = {"message": f"cannot sign in with {VALUE} and AKIA-from-the-environment"}
    bed.emulator.faults.add(FaultRule("^POST .*/connections$", "status", status=400, body=quoted))
    outputs.append((await bed.call("make_account", arguments, era=era, person=person)).text)
    everything = "\n".join([*outputs, *person.questions, caplog.text, audit_text()])
    assert "${AEP_SECRET_S3}" in everything
    for value in (VALUE, json.dumps(VALUE)[1:-1], "AKIA-from-the-environment"):
        assert value not in everything
    if answer is YES:
        assert bed.writes[0].body["auth"]["params"] == {
            "s3AccessKey": "AKIA-from-the-environment",
            "s3SecretKey": VALUE,
        }


async def test_a_bad_reference_is_refused_before_anybody_is_asked(make_bed: MakeBed, era: str) -> None:
    bed = make_bed(environ={"AEP_SECRET_S3": VALUE})
    person = Person(YES)
    arguments = {"name": "n", "access_key": "a", "secret_key": "${AEP_SECRET_S3}"}
    for wrong in (
        {"bucket": "${AEP_SECRET_S3}"},
        {"secret_key": "${HOME}"},
        {"secret_key": "${AEP_SECRET_NONE}"},
    ):
        result = await bed.call("make_account", {**arguments, **wrong}, era=era, person=person)
        assert result.is_error
        assert VALUE not in result.text
    assert person.questions == []
    assert bed.writes == []


async def test_a_secret_that_vanishes_before_it_is_sent_sends_nothing(make_bed: MakeBed, era: str) -> None:
    bed = make_bed(environ={"AEP_SECRET_S3": VALUE})
    arguments = {"name": "n", "access_key": "a", "secret_key": "${AEP_SECRET_S3}"}
    first = await bed.call("make_account", arguments, era=era)
    del bed.environ["AEP_SECRET_S3"]
    second = await bed.call("confirm_change", {"confirmation_id": first.data["confirmation_id"]}, era=era)
    assert second.is_error
    assert "AEP_SECRET_S3, which is not set" in second.text
    assert bed.writes == []
