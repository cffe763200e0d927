"""The XDM schemas of the organisation, written as words `path:type` and built as real field trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...json_types import JsonObject
from ...state.content import ORG_ID
from ..ids import Ids

TENANT = "brightfjord"

_CLASSES: Mapping[str, str] = {
    "profile": "https://ns.adobe.com/xdm/context/profile",
    "event": "https://ns.adobe.com/xdm/context/experienceevent",
    "record": "https://ns.adobe.com/xdm/data/record",
}

_XDM_TYPES: Mapping[str, JsonObject] = {
    "string": {"type": "string", "meta:xdmType": "string"},
    "integer": {"type": "integer", "meta:xdmType": "int"},
    "number": {"type": "number", "meta:xdmType": "number"},
    "boolean": {"type": "boolean", "meta:xdmType": "boolean"},
    "date": {"type": "string", "format": "date", "meta:xdmType": "date"},
    "date-time": {"type": "string", "format": "date-time", "meta:xdmType": "date-time"},
    "map": {"type": "object", "meta:xdmType": "map", "additionalProperties": {"type": "array"}},
}

# `$` stands for the organisation's own namespace.
_PERSON = (
    "_id:string person.name.firstName:string person.name.lastName:string person.birthDate:date "
    "personalEmail.address:string mobilePhone.number:string homeAddress.street1:string "
    "homeAddress.city:string homeAddress.postalCode:string homeAddress.countryCode:string "
    "consents.marketing.email.val:string identityMap:map "
)
_EVENT = "_id:string timestamp:date-time eventType:string identityMap:map "
_ORDER = (
    "commerce.order.purchaseID:string commerce.order.priceTotal:number commerce.order.currencyCode:string "
    "productListItems[].SKU:string productListItems[].name:string productListItems[].quantity:integer "
    "productListItems[].priceTotal:number "
)


@dataclass(frozen=True)
class SchemaPlan:
    """A schema in short: its title, its XDM class and its fields."""

    title: str
    xdm_class: str
    fields: str


SCHEMAS: Mapping[str, SchemaPlan] = {
    "loyalty": SchemaPlan(
        "Loyalty Profile",
        "profile",
        _PERSON + "loyalty.loyaltyID[]:string loyalty.points:number loyalty.tier:string "
        "loyalty.joinDate:date $.identification.memberId:string $.identification.crmId:string "
        "$.giftCards.balance:number $.giftCards.currency:string $.preferredStore:string",
    ),
    "customer": SchemaPlan(
        "Customer Profile",
        "profile",
        _PERSON + "$.identification.crmId:string $.account.id:string $.account.name:string "
        "$.account.segment:string $.scores.lifetimeValue:number $.scores.churnRisk:number "
        "$.survey.npsScore:integer $.survey.comment:string",
    ),
    "transaction": SchemaPlan(
        "Retail Transaction",
        "event",
        _EVENT + _ORDER + "$.store.id:string $.channel:string $.payment.method:string "
        "$.payment.status:string $.identification.memberId:string $.returnReason:string",
    ),
    "web": SchemaPlan(
        "Web and App Behaviour",
        "event",
        _EVENT + "web.webPageDetails.URL:string web.webPageDetails.name:string "
        "web.webReferrer.URL:string device.type:string environment.browserDetails.userAgent:string "
        "$.identification.ecid:string productListItems[].SKU:string $.session.id:string",
    ),
    "product": SchemaPlan(
        "Product",
        "record",
        "_id:string $.product.sku:string $.product.name:string $.product.category:string "
        "$.product.brand:string $.product.price:number $.product.currency:string $.product.active:boolean",
    ),
    "store": SchemaPlan(
        "Store",
        "record",
        "_id:string $.store.id:string $.store.name:string $.store.city:string $.store.countryCode:string "
        "$.store.openedOn:date $.store.areaSquareMetres:number",
    ),
    "stock": SchemaPlan(
        "Stock Level",
        "event",
        _EVENT + "$.store.id:string $.product.sku:string $.stock.onHand:integer $.stock.reserved:integer",
    ),
    "support": SchemaPlan(
        "Support Interaction",
        "event",
        _EVENT + "$.case.id:string $.case.status:string $.case.channel:string $.case.subject:string "
        "$.identification.crmId:string",
    ),
    "footfall": SchemaPlan(
        "Store Footfall",
        "event",
        _EVENT + "$.store.id:string $.sensor.id:string $.sensor.visitors:integer",
    ),
    "review": SchemaPlan(
        "Product Review",
        "event",
        _EVENT + "$.product.sku:string $.review.stars:integer $.review.text:string $.review.country:string",
    ),
    "message": SchemaPlan(
        "Message Engagement",
        "event",
        _EVENT + "$.message.id:string $.message.campaign:string $.message.event:string "
        "personalEmail.address:string",
    ),
    "shipment": SchemaPlan(
        "Shipment Tracking",
        "event",
        _EVENT + "$.shipment.trackingId:string $.shipment.carrier:string $.shipment.status:string "
        "commerce.order.purchaseID:string",
    ),
    "spend": SchemaPlan(
        "Advertising Spend",
        "record",
        "_id:string $.spend.day:date $.spend.channel:string $.spend.campaign:string $.spend.amount:number "
        "$.spend.currency:string",
    ),
}


def field_path(path: str) -> str:
    """An XDM path with the organisation's namespace in place of `$`."""
    return f"_{TENANT}{path[1:]}" if path.startswith("$") else path


def schema_uri(ids: Ids, key: str) -> str:
    """The `$id` of a schema. It is the same in each sandbox."""
    return f"https://ns.adobe.com/{TENANT}/schemas/{ids.hexadecimal(f'schema:{key}', 48)}"


def build_schemas(ids: Ids, sandbox_id: str, created_ms: int) -> list[JsonObject]:
    """All schemas as Schema Registry returns them with `application/vnd.adobe.xed-full+json`."""
    return [_schema(ids, key, plan, sandbox_id, created_ms) for key, plan in SCHEMAS.items()]


def _schema(ids: Ids, key: str, plan: SchemaPlan, sandbox_id: str, created_ms: int) -> JsonObject:
    uri = schema_uri(ids, key)
    parent = _CLASSES[plan.xdm_class]
    return {
        "$id": uri,
        "meta:altId": f"_{TENANT}.schemas.{uri.rsplit('/', 1)[1]}",
        "meta:resourceType": "schemas",
        "version": "1.0",
        "title": plan.title,
        "type": "object",
        "description": f"{plan.title}: {plan.xdm_class} schema",
        "meta:class": parent,
        "meta:abstract": False,
        "meta:extensible": False,
        "meta:extends": [parent],
        "meta:immutableTags": ["union"] if plan.xdm_class == "profile" else [],
        "meta:tenantNamespace": f"_{TENANT}",
        "imsOrg": ORG_ID,
        "meta:sandboxId": sandbox_id,
        "meta:registryMetadata": {
            "repo:createdDate": created_ms,
            "repo:lastModifiedDate": created_ms,
            "eTag": ids.hexadecimal(f"schema-etag:{key}", 40),
        },
        "properties": _tree(plan.fields),
        "required": ["_id", "timestamp"] if plan.xdm_class == "event" else ["_id"],
    }


def _tree(words: str) -> JsonObject:
    root: JsonObject = {}
    for word in words.split():
        path, _, kind = word.partition(":")
        _plant(root, field_path(path).split("."), _XDM_TYPES[kind])
    return root


def _plant(properties: JsonObject, steps: list[str], leaf: JsonObject) -> None:
    """Put a field where its path says, with the objects and arrays on the way."""
    name, rest = steps[0].removesuffix("[]"), steps[1:]
    is_array = steps[0].endswith("[]")
    if not rest:
        properties[name] = {"type": "array", "meta:xdmType": "array", "items": leaf} if is_array else leaf
        return
    if is_array:
        node = properties.setdefault(
            name,
            {"type": "array", "meta:xdmType": "array", "items": {"type": "object", "properties": {}}},
        )
        inner = node["items"]
    else:
        inner = properties.setdefault(name, {"type": "object", "meta:xdmType": "object", "properties": {}})
    _plant(inner["properties"], rest, leaf)
