"""A small service for the tests of the HTTP edge and the command line: one set in memory, valid settings."""

from decimal import Decimal
from typing import Any

from flask import Flask

from edm.declare import load_texts
from edm.model import ServiceMetadata
from erp_adapters.base import Adapter
from erp_adapters.memory import MemoryAdapter
from odata_server.app import create_app
from odata_server.auth import hash_password
from odata_server.compose import Composition, compose
from odata_server.observe import Event, log, remember
from odata_server.settings import Settings

CUSTOMERS = """
entity_set = "Customers"
entity_type = "Customer"
label = "Customer"
label_plural = "Customers"
description = "Who buys."
system_of_record = "ERP"
key = "CustomerNumber"

[properties.CustomerNumber]
type = "String"
max_length = 10
label = "Customer Number"
description = "The number."
[properties.CustomerName]
type = "String"
max_length = 80
label = "Customer Name"
description = "The name."
searchable = true
[properties.CreditLimit]
type = "Decimal"
precision = 15
scale = 2
label = "Credit Limit"
description = "The limit."
"""

SECRET = "s3cr3t-Kx9v2LmQ8pWz4RtY7uBn1CdE5fGh6JkA"
PASSWORD = "correct horse: bättery"
HASH = hash_password(PASSWORD)
USER = ("alice", PASSWORD)


def metadata() -> ServiceMetadata:
    return load_texts({"Customers.toml": CUSTOMERS})


def rows(count: int = 30) -> dict[str, list[dict[str, Any]]]:
    return {
        "Customers": [
            {
                "CustomerNumber": f"C-{number:04}",
                "CustomerName": f"Müller & Söhne {number}",
                "CreditLimit": Decimal(number) / 4,
            }
            for number in range(count)
        ]
    }


def settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "secret_key": SECRET,
        "users": {"alice": HASH},
        "database_url": "sqlite://",
        "public_url": "https://erp.example.com",
        "log_level": "error",
    }
    return Settings.model_validate(values | changes)


def composition(adapter: Adapter | None = None, told: list[Event] | None = None, **changes: Any) -> Composition:
    """``told`` takes the events, instead of the log."""
    model = metadata()
    return compose(
        settings(**changes),
        metadata=model,
        adapter=adapter or MemoryAdapter(model, rows()),
        observers=(told.append if told is not None else log, remember),
    )


def application(adapter: Adapter | None = None, told: list[Event] | None = None, **changes: Any) -> Flask:
    return create_app(composition=composition(adapter, told, **changes))


def open_application(adapter: Adapter | None = None, told: list[Event] | None = None, **changes: Any) -> Flask:
    """What the demo is: no users, anonymous on loopback."""
    return application(adapter, told, **{"users": {}, "anonymous": True, "public_url": None, **changes})
