"""What the source systems hold: for each feed its columns, sample values, and how they map to XDM.

A line is `column type destination sample [expression]`. `destination` is an XDM path (`$` is the
organisation's namespace, `-` is not mapped), `sample` the kind of value to invent; with an expression the
mapping computes its value instead of copying the column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ...json_types import JsonObject
from .schemas import field_path


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    destination: str | None
    sample: str
    expression: str | None


@dataclass(frozen=True)
class Feed:
    """One kind of file or table: the schema it is mapped to, and its columns."""

    schema: str
    lines: tuple[str, ...]

    def columns(self) -> tuple[Column, ...]:
        return _columns(self.lines)


@lru_cache(maxsize=64)
def _columns(lines: tuple[str, ...]) -> tuple[Column, ...]:
    parsed = []
    for line in lines:
        name, kind, destination, sample, *rest = line.split(maxsplit=4)
        target = None if destination == "-" else field_path(destination)
        parsed.append(Column(name, kind, target, sample, rest[0] if rest else None))
    return tuple(parsed)


FEEDS: Mapping[str, Feed] = {
    "members": Feed(
        "loyalty",
        (
            "member_no string $.identification.memberId code",
            "member_key string _id code concat('member-', member_no)",
            "first_name string person.name.firstName first",
            "last_name string person.name.lastName last",
            "email string personalEmail.address email lower(email)",
            "city string homeAddress.city city",
            "country string homeAddress.countryCode country",
            "tier string loyalty.tier tier",
            "points double loyalty.points amount to_decimal(points)",
            'joined_on date loyalty.joinDate day date(joined_on, "yyyy-MM-dd")',
            "email_opt_in string consents.marketing.email.val flag",
        ),
    ),
    "gift-cards": Feed(
        "loyalty",
        (
            "card_no string _id code",
            "member_no string $.identification.memberId code",
            "balance double $.giftCards.balance amount",
            "currency string $.giftCards.currency currency",
        ),
    ),
    "contacts": Feed(
        "customer",
        (
            "Id string $.identification.crmId code",
            "ContactKey string _id code",
            "FirstName string person.name.firstName first",
            "LastName string person.name.lastName last",
            "Email string personalEmail.address email",
            "MobilePhone string mobilePhone.number phone",
            "MailingStreet string homeAddress.street1 street",
            "MailingCity string homeAddress.city city",
            "MailingCountryCode string homeAddress.countryCode country",
            "LastModifiedDate timestamp - moment",
        ),
    ),
    "accounts": Feed(
        "customer",
        (
            "Id string $.account.id code",
            "PrimaryContactId string _id code",
            "Name string $.account.name company",
            "Segment__c string $.account.segment tier",
            "LastModifiedDate timestamp - moment",
        ),
    ),
    "scores": Feed(
        "customer",
        (
            "CRM_ID string $.identification.crmId code",
            "SCORE_KEY string _id code",
            "LIFETIME_VALUE double $.scores.lifetimeValue amount",
            "CHURN_RISK double $.scores.churnRisk share",
            "COMPUTED_AT timestamp - moment",
        ),
    ),
    "surveys": Feed(
        "customer",
        (
            "response_id string _id code",
            "crm_id string $.identification.crmId code",
            "nps integer $.survey.npsScore count to_integer(nps)",
            "comment string $.survey.comment text",
        ),
    ),
    "receipts": Feed(
        "transaction",
        (
            "receipt_id string commerce.order.purchaseID code",
            "event_id string _id code",
            "sold_at timestamp timestamp moment",
            "event_kind string eventType eventkind 'commerce.purchases'",
            "store_id string $.store.id store",
            "total double commerce.order.priceTotal amount to_decimal(total)",
            "currency string commerce.order.currencyCode currency",
            "sku string productListItems[].SKU sku",
            "quantity integer productListItems[].quantity count",
            "payment string $.payment.method payment",
            "member_no string $.identification.memberId code",
        ),
    ),
    "returns": Feed(
        "transaction",
        (
            "return_id string _id code",
            "returned_at timestamp timestamp moment",
            "receipt_id string commerce.order.purchaseID code",
            "store_id string $.store.id store",
            "sku string productListItems[].SKU sku",
            "reason string $.returnReason text",
        ),
    ),
    "orders": Feed(
        "transaction",
        (
            "order_id string commerce.order.purchaseID code",
            "event_id string _id code",
            "ordered_at timestamp timestamp moment",
            "channel string $.channel channel",
            "total double commerce.order.priceTotal amount",
            "currency string commerce.order.currencyCode currency",
            "sku string productListItems[].SKU sku",
            "quantity integer productListItems[].quantity count",
            "updated_at timestamp - moment",
        ),
    ),
    "payments": Feed(
        "transaction",
        (
            "payment_id string _id code",
            "order_id string commerce.order.purchaseID code",
            "booked_at timestamp timestamp moment",
            "amount double commerce.order.priceTotal amount",
            "currency string commerce.order.currencyCode currency",
            "status string $.payment.status status",
            "updated_at timestamp - moment",
        ),
    ),
    "clicks": Feed(
        "web",
        (
            "id string _id code",
            "ts timestamp timestamp moment",
            "type string eventType eventkind",
            "url string web.webPageDetails.URL url",
            "page string web.webPageDetails.name product",
            "ecid string $.identification.ecid code",
            "session string $.session.id code",
        ),
    ),
    "products": Feed(
        "product",
        (
            "sku string $.product.sku sku",
            "id string _id sku concat('product-', sku)",
            "name string $.product.name product",
            "category string $.product.category category",
            "brand string $.product.brand company",
            "price double $.product.price amount",
            "currency string $.product.currency currency",
            "active boolean $.product.active boolean",
        ),
    ),
    "stores": Feed(
        "store",
        (
            "store_id string $.store.id store",
            "id string _id store",
            "name string $.store.name city",
            "city string $.store.city city",
            "country string $.store.countryCode country",
            "opened_on date $.store.openedOn day",
            "area_m2 double $.store.areaSquareMetres amount",
        ),
    ),
    "stock": Feed(
        "stock",
        (
            "snapshot_id string _id code",
            "taken_at timestamp timestamp moment",
            "store_id string $.store.id store",
            "sku string $.product.sku sku",
            "on_hand integer $.stock.onHand count",
            "reserved integer $.stock.reserved count",
        ),
    ),
    "cases": Feed(
        "support",
        (
            "CaseNumber string $.case.id code",
            "EventKey string _id code",
            "CreatedDate timestamp timestamp moment",
            "Status string $.case.status status",
            "Origin string $.case.channel channel",
            "Subject string $.case.subject text",
            "ContactId string $.identification.crmId code",
            "SystemModstamp timestamp - moment",
        ),
    ),
    "footfall": Feed(
        "footfall",
        (
            "eventId string _id code",
            "measuredAt timestamp timestamp moment",
            "storeId string $.store.id store",
            "sensorId string $.sensor.id code",
            "visitors integer $.sensor.visitors count",
        ),
    ),
    "reviews": Feed(
        "review",
        (
            "review_id string _id code",
            "written_at timestamp timestamp moment",
            "sku string $.product.sku sku",
            "stars integer $.review.stars stars",
            "body string $.review.text text",
            "country string $.review.country country",
        ),
    ),
    "messages": Feed(
        "message",
        (
            "event_id string _id code",
            "happened_at timestamp timestamp moment",
            "message_id string $.message.id code",
            "campaign string $.message.campaign text",
            "event string $.message.event status",
            "email string personalEmail.address email",
        ),
    ),
    "shipments": Feed(
        "shipment",
        (
            "scan_id string _id code",
            "scanned_at timestamp timestamp moment",
            "tracking_id string $.shipment.trackingId code",
            "carrier string $.shipment.carrier company",
            "status string $.shipment.status status",
            "order_id string commerce.order.purchaseID code",
        ),
    ),
    "spend": Feed(
        "spend",
        (
            "row_id string _id code",
            "day date $.spend.day day",
            "channel string $.spend.channel channel",
            "campaign string $.spend.campaign text",
            "amount double $.spend.amount amount",
            "currency string $.spend.currency currency",
        ),
    ),
}


@lru_cache(maxsize=64)
def table_columns(feed: Feed) -> list[JsonObject]:
    """Columns as explore and a table's source connection give them: `{name, type, xdm}` (shared)."""
    return [{"name": c.name, "type": c.type, **_xdm_type(c.type)} for c in feed.columns()]


def _xdm_type(kind: str) -> JsonObject:
    if kind in {"date", "timestamp"}:
        form = "date" if kind == "date" else "date-time"
        return {"meta:xdmType": form, "xdm": {"type": "string", "format": form}}
    plain = {"double": "number"}.get(kind, kind)
    return {"meta:xdmType": {"integer": "int"}.get(plain, plain), "xdm": {"type": plain}}
