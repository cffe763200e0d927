"""Whom to trust where no variable says it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from aep_flow_mcp.platform.wire import trust


def test_the_system_is_trusted_where_nothing_else_is_said() -> None:
    found = trust.trusted(environ={})
    assert found.words in (
        "the system's certificates",
        "the certificates that come with this server (the system has none)",
    )
    assert found.variables == ()
    assert found.context.verify_mode is ssl.CERT_REQUIRED
    assert found.context.check_hostname


async def test_a_system_without_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in bare containers."""
    monkeypatch.setattr(trust, "_STORES", (str(tmp_path / "none.pem"),))
    monkeypatch.setattr(ssl.SSLContext, "set_default_verify_paths", lambda self: None)
    found = trust.trusted(environ={})
    assert found.words == "the certificates that come with this server (the system has none)"
    assert found.context.cert_store_stats()["x509_ca"] > 50
