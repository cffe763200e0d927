"""Invented values, in the scripts and spellings that the shops of a European, Asian and Arabian retailer meet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from ...json_types import JsonObject
from ..ids import digest
from ..organisation.feeds import Column, Feed

_WORDS: Mapping[str, tuple[str, ...]] = {
    "first": ("Aino", "Jürgen", "さくら", "Mateo", "ليلى", "Chloé", "Søren", "Zofia", "Ines", "Kwame"),
    "last": (
        "Virtanen",
        "Müller",
        "田中",
        "García",
        "الحربي",
        "Lefèvre",
        "Nygård",
        "Kowalska",
        "Rossi",
        "Boateng",
    ),
    "city": ("Köln", "Graz", "Tampere", "Osaka", "Dubai", "Lyon", "Århus", "Gdańsk", "Bergen", "Zürich"),
    "country": ("DE", "AT", "FI", "JP", "AE", "FR", "DK", "PL", "NO", "CH"),
    "street": ("Lindenweg 4", "Hauptstraße 12", "Rantakatu 8", "Rue des Lilas 3", "Strandvejen 21"),
    "company": ("Fellhaus", "Nordsaum", "Kettle & Pine", "Ravnsborg", "Alpenglut"),
    "tier": ("bronze", "silver", "gold", "platinum"),
    "flag": ("y", "n"),
    "currency": ("EUR", "JPY", "AED", "CHF", "NOK"),
    "payment": ("card", "cash", "gift card", "mobile"),
    "channel": ("web", "app", "store", "phone"),
    "status": ("open", "settled", "delivered", "closed", "bounced"),
    "eventkind": ("commerce.productViews", "commerce.purchases", "web.webpagedetails.pageViews"),
    "product": ("Trail jacket", "Wool blanket", "Camp lantern", "Enamel mug", "Rain boots"),
    "category": ("outdoor", "home", "kitchen", "clothing"),
    "text": ("Great quality, fits well", "Zu klein, Umtausch", "Arrived late", "返品希望", "Very happy"),
    "url": ("https://shop.brightfjord.example/p/1042", "https://shop.brightfjord.example/cart"),
}


def sample_rows(feed: Feed, *, key: str, at: datetime, count: int = 8) -> list[JsonObject]:
    """Invented rows of a feed, as a preview shows them. The same key gives the same rows."""
    random = Random(digest("rows", key))
    return [{column.name: _value(column, random, at) for column in feed.columns()} for _ in range(count)]


def _value(column: Column, random: Random, at: datetime) -> object:
    kind = column.sample
    if kind in _WORDS:
        return random.choice(_WORDS[kind])
    moment = at - timedelta(minutes=random.randrange(60 * 24 * 3))
    match kind:
        case "day":
            return moment.date().isoformat()
        case "moment":
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        case "amount":
            return round(random.uniform(1, 480), 2)
        case "share":
            return round(random.random(), 4)
        case "count":
            return random.randrange(1, 12)
        case "stars":
            return random.randrange(1, 6)
        case "boolean":
            return random.random() < 0.9
        case "email":
            return f"customer{random.randrange(10_000)}@mail.example"
        case "phone":
            return f"+49 151 {random.randrange(10**7):07d}"
        case "sku":
            return f"BF-{random.randrange(100_000):05d}"
        case "store":
            return f"S{random.randrange(400):03d}"
        case _:
            return f"{column.name[:2].upper()}{random.randrange(10**8):08d}"
