"""Secrets by value, in every form in which they come back."""

from __future__ import annotations

import base64
import html
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.platform.redaction.values import Redactor

SECRET = 'p@ss"w\\ord/with spaces+é&signs'
RAW = SECRET.encode()
FORMS = {
    "plain": SECRET,
    "json": json.dumps(SECRET)[1:-1],
    "json, not ascii": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "json twice": json.dumps(json.dumps(SECRET))[3:-3],
    "json, slashes": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "html": html.escape(SECRET),
    "url": quote(SECRET, safe=""),
    "url, slashes": quote(SECRET),
    "url, plus": quote_plus(SECRET),
    "url, lower case": quote(SECRET, safe="")
    .replace("%2F", "%2f")
    .replace("%5C", "%5c")
    .replace("%2B", "%2b")
    .replace("%C3%A9", "%c3%a9"),
    "url twice": quote(quote(SECRET, safe=""), safe=""),
    "every byte": "".join(f"%{byte:02x}" for byte in RAW),
    "base64": base64.b64encode(RAW).decode(),
    "base64, no padding": base64.b64encode(RAW).decode().rstrip("="),
    "base64, for urls": base64.urlsafe_b64encode(RAW).decode(),
    "base64, inside": base64.b64encode(b"user:" + RAW + b"\n").decode(),
    "base64, inside, shifted": base64.b64encode(b"user1:" + RAW + b"!!").decode(),
    "base64, inside, shifted twice": base64.b64encode(b"user12:" + RAW).decode(),
    "hex": RAW.hex(),
    "HEX": RAW.hex().upper(),
}


def telling(form: str) -> str:
    """The middle of a form: what is around it may be shared with its neighbours."""
    return form[10:-8]


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_every_form_goes(form: str) -> None:
    redactor = Redactor()
    redactor.learn(SECRET)
    assert telling(form) not in redactor.text(f"before {form} after")
    clean = redactor.value({form: [form, {"x": form}], "kept": 1})
    assert telling(form) not in json.dumps(clean, ensure_ascii=False)
    assert clean["kept"] == 1
    assert telling(form) not in redactor.body(f"<{form}>".encode()).decode()


@pytest.mark.parametrize("length", range(8, 28))
@pytest.mark.parametrize("after", ["", "…", "… and more", "\n(cut here)"])
def test_the_start_of_one_before_a_cut_goes(length: int, after: str) -> None:
    redactor = Redactor()
    redactor.learn(SECRET)
    shown = redactor.text(f"it was {SECRET[:length]}{after}")
    assert shown == f"it was ***{after}"


def test_what_is_not_cut_only_looks_alike() -> None:
    redactor = Redactor()
    redactor.learn("password-of-the-warehouse")
    assert redactor.text("the password-of another place") == "the password-of another place"


def test_a_short_one_is_hidden_as_a_word_and_a_tiny_one_not() -> None:
    redactor = Redactor()
    for value in ("4711", "abc", "", "  "):
        redactor.learn(value)
    assert redactor.text("pin 4711, order 47110, abc") == "pin ***, order 47110, abc"
    assert redactor.value({"pin": 4711, "order": 47110, "yes": True}) == {
        "pin": None,
        "order": 47110,
        "yes": True,
    }


def test_a_variable_that_is_set_later_is_known() -> None:
    environ = {"HOME": "/home/somebody"}
    redactor = Redactor()
    redactor.watch(environ, "AEP_SECRET_")
    assert redactor.text("first-secret /home/somebody") == "first-secret /home/somebody"
    environ["AEP_SECRET_X"] = "first-secret"
    assert redactor.text("first-secret /home/somebody") == "*** /home/somebody"


def test_tokens_are_remembered_for_a_while() -> None:
    redactor = Redactor()
    for number in range(100):
        redactor.learn_token(f"token-number-{number:03}")
    assert redactor.text("token-number-099 token-number-098") == "*** ***"


@given(st.text(min_size=8, max_size=40).filter(lambda text: len(text.strip()) >= 8), st.text(max_size=20))
def test_any_secret_in_any_text(secret: str, text: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert secret not in redactor.text(f"{text}{secret}{text}")


@pytest.mark.parametrize(
    "encode",
    [
        lambda raw: base64.b64encode(raw).decode(),
        lambda raw: base64.urlsafe_b64encode(raw).decode(),
        lambda raw: raw.hex(),
        lambda raw: quote(raw, safe=""),
    ],
    ids=["base64", "base64 for urls", "hex", "url"],
)
def test_the_start_of_an_encoded_secret_that_was_cut_is_taken_away(encode: Any) -> None:
    secret = "zq/Canary+of the=environment"
    known = Redactor()
    known.learn(secret)
    form = encode(secret.encode())
    for length in range(8, len(form)):
        told = known.text(f"said {form[:length]}… | next")
        assert form[:6] not in told, length
        assert told.endswith("… | next")
