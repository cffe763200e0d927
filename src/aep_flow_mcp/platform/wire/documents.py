"""JSON documents that others publish for everybody, such as an issuer's keys: small, soon there, asked for anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx

from ..errors import ErrorKind, NotSent
from .bodies import ACCEPTED, UnboundedBody, bound, start_of
from .network import Egress

PATIENCE = 5.0
"""Seconds for one document."""
MOST = 1_000_000
"""Bytes of a document."""


async def published(
    address: str,
    what: str,
    variable: str,
    *,
    egress: Egress,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> dict[str, Any] | None:
    """The JSON object at an address, without credentials and redirects; None where nothing is (404).

    egress: the way out. what, variable: whose it is and where its address comes from, for the sentence. form: is sent,
    and the answer to it is what is wanted. auth: a name and a password to send with it.

    Raises:
        NotSent: (unavailable) there is none in time; (invalid) the environment's proxy or authorities cannot work.
    """
    try:
        with anyio.fail_after(PATIENCE):
            status, body = await _read(address, egress, form, auth)
    except httpx.TransportError as error:
        raise await egress.unreachable(error, address, what, variable) from None
    except TimeoutError:
        raise _none(f"{what} does not answer in time at {_shown(address)}") from None
    except (UnboundedBody, httpx.HTTPError, httpx.InvalidURL) as error:
        raise _none(f"{what} cannot be read at {_shown(address)}: {error}") from None
    if status == httpx.codes.NOT_FOUND:
        return None
    try:
        document = json.loads(body) if status == httpx.codes.OK and len(body) <= MOST else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _none(f"{_shown(address)} answers with {status}, and not with a JSON object")
    return document


async def _read(
    address: str, egress: Egress, form: Mapping[str, str] | None, auth: tuple[str, str] | None
) -> tuple[int, bytes]:
    make = partial(
        httpx.AsyncClient, timeout=PATIENCE, follow_redirects=False, event_hooks={"response": [bound]}
    )
    async with egress.client_for((address,), make) as client:
        request = {"accept": "application/json", "accept-encoding": ACCEPTED}
        how: dict[str, Any] = {} if form is None else {"data": dict(form), "auth": auth}
        async with client.stream(
            "GET" if form is None else "POST", address, headers=request, **how
        ) as response:
            return response.status_code, await start_of(response, MOST + 1)


def _none(sentence: str) -> NotSent:
    return NotSent(ErrorKind.UNAVAILABLE, sentence)


def _shown(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
