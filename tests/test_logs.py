"""Logs are JSON lines on stderr, without what could be a secret."""

from __future__ import annotations

import json
import logging

import pytest

from aep_flow_mcp.logs import JsonFormatter, configure_logging
from aep_flow_mcp.platform.redaction.texts import redact_text
from aep_flow_mcp.platform.redaction.values import Redactor


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        (
            "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl here",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        ),
        ("client_secret=p8e-1234&x=1", "p8e-1234"),
        ('{"access_token": "abc123"}', "abc123"),
        ("https://acct.blob.example/c?sv=1&sig=AbC%2Fd", "AbC%2Fd"),
        ("password: hunter2", "hunter2"),
    ],
)
def test_redacts(text: str, secret: str) -> None:
    assert secret not in redact_text(text)
    assert "***" in redact_text(text)


def test_leaves_plain_text_alone() -> None:
    text = "GET /flows answered 404: flows not found with id = [abc]"
    assert redact_text(text) == text


def test_a_record_is_one_json_line_with_its_traceback() -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        import sys

        record = logging.LogRecord(
            "aep", logging.ERROR, __file__, 1, "broke: %s", ("Bearer xyz",), sys.exc_info()
        )
    text = JsonFormatter().format(record)
    line = json.loads(text)
    assert line["level"] == "error"
    assert line["message"] == "broke: Bearer ***"
    assert "ValueError" in line["traceback"]
    assert "hunter2" not in text
    assert "\n" not in text


def test_nothing_reaches_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging("info")
        logging.getLogger("x").info("hello")
        out, err = capsys.readouterr()
        assert out == ""
        assert json.loads(err)["message"] == "hello"
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def test_what_the_server_knows_is_taken_out_by_value() -> None:
    redactor = Redactor()
    redactor.learn("a-secret-of-the-server")
    record = logging.LogRecord("httpx", logging.INFO, __file__, 1, "sent a-secret-of-the-server", (), None)
    assert json.loads(JsonFormatter(redactor).format(record))["message"] == "sent ***"


def test_libraries_do_not_log_whole_messages_at_debug(capsys: pytest.CaptureFixture[str]) -> None:
    """The SDK's DEBUG lines hold the arguments of calls: a literal secret under any name is among them."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging("debug")
        for name in ("mcp.server.lowlevel.server", "httpcore.http11", "aep_flow_mcp.guard"):
            logging.getLogger(name).debug("auth_params={'zebra': 'a literal'} of %s", name)
            logging.getLogger(name).info("said by %s", name)
        lines = [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()]
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert [line for line in lines if "literal" in line] == [
        "auth_params={'zebra': 'a literal'} of aep_flow_mcp.guard"
    ]
    assert sum(line.startswith("said by") for line in lines) == 3
