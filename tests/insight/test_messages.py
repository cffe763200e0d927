"""What of an error message varies from run to run, and what does not, in whatever language it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.insight.messages import reason_of, signature, template

SAME = [
    (
        "Access to '/in/orders_2026-02-21.csv' was denied: the key of account 'A' has expired (status code 403).",
        "Access to '/in/orders_2026-02-22.csv' was denied: the key of account 'B c' has expired (status code 403).",
    ),
    ("Batch 01HZX2 failed at 2026-02-21T09:00:00.123Z", "Batch 01HZY9 failed at 2026-02-22T10:11:12Z"),
    ("Timeout on Sat, 21 Feb 2026 09:00:00 GMT", "Timeout on Sun, 1 Mar 2026 10:30:00 GMT"),
    ("Reading s3://bucket/a/b.csv failed", "Reading s3://bucket/c/d.csv failed"),
    ("File orders.csv has no header", "File customers.csv has no header"),
    ("Die Datei „Bestellungen.csv“ wurde nicht gefunden", "Die Datei „Kunden.csv“ wurde nicht gefunden"),
    ("L'accès à « commandes » a expiré le 21", "L'accès à « clients » a expiré le 22"),
    ("テーブル「注文」が見つかりません (12)", "テーブル「顧客」が見つかりません (7)"),
    ("ファイル12行目が無効です", "ファイル345行目が無効です"),
    ("خطأ في السجل ١٢", "خطأ في السجل ٣٤٥"),
    ("Owner a.b@example.com left", "Owner c@example.org left"),
    ("rows 1, 2, 3 are bad", "rows 17 and 4 are bad".replace(" and", ",")),
    ("Run 5f5f5f5f-1111-4111-8111-111111111111 aborted", "Run 00000000-2222-4222-8222-222222222222 aborted"),
    ("Dataset 5f5f5f5f5f5f5f5f5f5f5f5f not found", "DATASET 665ba229ed7fe1e50c2b9f7b not found"),
]
DIFFERENT = [
    ("The token has expired", "The connection was closed"),
    ("Zugriff verweigert: Kennwort falsch", "Zugriff verweigert: Konto gesperrt"),
    ("ファイルが見つかりません", "接続が拒否されました"),
    ("It doesn't exist, isn't it", "It doesn't answer, isn't it"),
    ("File 'a.csv' is empty", "File 'a.csv' is missing"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_varies_is_left_out(one: str, other: str) -> None:
    assert reason_of(one) == reason_of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_differs_stays(one: str, other: str) -> None:
    assert reason_of(one) != reason_of(other)
    assert reason_of(one)


@given(st.text(max_size=300))
def test_no_number_stays(text: str) -> None:
    assert re.search(r"\d", template(text)) is None
    assert len(signature(text)) <= 80
    assert signature(text)
