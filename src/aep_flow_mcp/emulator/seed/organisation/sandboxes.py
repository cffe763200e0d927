"""The sandboxes of the organisation: `dev` in full, a smaller `prod`, and `stage` with hardly anything.

Brightfjord is an invented retailer for outdoor and home with shops in Europe, Japan and the Gulf.
"""

from __future__ import annotations

from dataclasses import replace

from .dev_accounts import EXTRAS, SOURCE_ACCOUNTS
from .dev_destinations import DATASETS, DESTINATION_ACCOUNTS, DESTINATION_FLOWS
from .dev_marketing import MARKETING_FLOWS
from .dev_operations import OPERATIONS_FLOWS
from .plan import Account, Audience, FlowPlan, SandboxPlan, Schedule

_PROD_ACCOUNTS = (
    "s3-ingest",
    "blob-stores",
    "salesforce",
    "postgres",
    "http-web",
    "profile-store",
    "s3-media",
    "dlz-export",
)
_PROD_DATASETS = ("loyalty-members", "crm-contacts", "store-transactions", "web-orders", "web-clickstream")
_PROD_AUDIENCES = (Audience("Gold and platinum members", 391_000), Audience("Lapsed buyers", 870_000))


def dev() -> SandboxPlan:
    return SandboxPlan(
        name="dev",
        title="Development",
        type="development",
        accounts=(*SOURCE_ACCOUNTS, *DESTINATION_ACCOUNTS),
        flows=(*OPERATIONS_FLOWS, *MARKETING_FLOWS, *DESTINATION_FLOWS),
        datasets=DATASETS,
        extras=EXTRAS,
    )


def prod() -> SandboxPlan:
    """Some of the flows of `dev`, by the same names, each with a few fields that differ."""
    return SandboxPlan(
        name="prod",
        title="Production",
        type="production",
        accounts=tuple(a for a in (*SOURCE_ACCOUNTS, *DESTINATION_ACCOUNTS) if a.key in _PROD_ACCOUNTS),
        flows=_prod_flows(),
        datasets=tuple(d for d in DATASETS if d.key in _PROD_DATASETS),
        is_default=True,
    )


def stage() -> SandboxPlan:
    return SandboxPlan(
        name="stage",
        title="Staging",
        type="development",
        accounts=(
            Account(
                "sftp-trial",
                "Trial SFTP",
                "sftp",
                params={"host": "sftp.trial.example", "userName": "trial"},
                created_days_ago=5,
            ),
        ),
    )


def _prod_flows() -> tuple[FlowPlan, ...]:
    known = {plan.key: plan for plan in (*OPERATIONS_FLOWS, *MARKETING_FLOWS, *DESTINATION_FLOWS)}

    def same(key: str) -> FlowPlan:
        return replace(known[key], faults=(), updated_days_ago=None, running_minutes=None)

    return (
        replace(same("loyalty-nightly"), mapping_version=1, tolerated_percent=1),
        replace(same("pos-receipts"), schedule=Schedule("hour", 2, at="00:10"), diagnostics=False),
        replace(same("web-orders"), schedule=Schedule("hour", at="00:15"), tolerated_percent=None),
        replace(same("sf-contacts"), schedule=Schedule("day", at="02:05"), mapping_version=2),
        same("web-clicks"),
        replace(same("paid-media"), mandatory=(), audiences=_PROD_AUDIENCES),
        replace(same("export-transactions"), datasets=("store-transactions",)),
        same("profile-loyalty"),
        same("identity-loyalty"),
    )
