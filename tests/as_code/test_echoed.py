"""A service that says secrets back, in every place of its answers: the commands tell them nobody, and no file."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from as_code.test_secrets import REFUNDS, Overheard, everything
from support.echoing import EchoingTransport, forms, telling


class Echoing(Overheard):
    """Every answer says back the secrets of the commands; with a status everything is refused, quoting them."""

    status: int | None = None

    def transport(self) -> httpx.AsyncBaseTransport:
        found = EchoingTransport(self.emulator, [REFUNDS, "emulator-secret"], status=self.status)
        self.tokens = found.tokens
        return found


@pytest.mark.parametrize("status", [400, 500])
def test_what_the_service_says_back_is_heard_nowhere(tmp_path: Path, status: int | None) -> None:
    bed = Echoing(tmp_path / "pipelines")
    said = everything(bed)
    bed.status = status
    said += everything(bed)
    heard = bed.heard()
    assert heard["log"].count("\n") > 50
    for name, text in [*heard.items(), *enumerate(said)]:
        for secret in (REFUNDS, "emulator-secret", *bed.tokens):
            for kind, form in forms(secret).items():
                assert telling(form) not in text, f"{name}: {kind}"
