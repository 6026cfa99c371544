"""The declarations of the small ERP's endpoints, as a catalog has them."""

import tomllib
from collections.abc import Mapping
from typing import Any

from erp_adapters.rest.declared import endpoint
from erp_adapters.rest.rate import Bucket
from erp_adapters.rest.source import RestSource
from tests.adapters.upstream import transport

SECTIONS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    """
    [invoices]
    path = "v1/invoices"
    rows = "data.items"
    total = "meta.total"
    nulls = ["0000-00-00"]
    optional = ["customer.id"]
    filled = ["number", "date", "status", "amount"]
    unique = ["number"]
    lookup = { path = "v1/invoices/{number}", row = "data" }
    paging = { style = "page", page = "page", size = "per_page", maximum = 50 }
    sort = { parameter = "sort", fields = ["number", "date", "amount", "due"], separator = "," }
    ordered = true

    [invoices.types]
    "customer.id" = "Int64"
    date = "Date"
    due = "Date"
    amount = "Decimal"
    changed = "DateTime"

    [invoices.filters]
    customer = { field = "customer.id", exact = true }
    status = { field = "status", operator = "in", exact = true, values = 3 }
    from = { field = "date", operator = "ge", exact = true }
    to = { field = "date", operator = "le", exact = true }
    due_before = { field = "due", operator = "lt", exact = true }
    min = { field = "amount", operator = "ge" }
    q = { field = "reference", operator = "contains", folded = true }

    [customers]
    path = "v1/customers"
    total = "header:X-Total-Count"
    filled = ["id", "name", "blocked"]
    unique = ["id"]
    types = { id = "Int64", blocked = "Boolean" }
    paging = { style = "offset", offset = "offset", size = "limit", maximum = 25 }
    sort = { parameter = "order_by", fields = ["id"], direction = "direction", descending = "down", ascending = "up" }

    [customers.filters]
    id = { field = "id", operator = "in", separator = "&", values = 30, exact = true }
    blocked = { field = "blocked", words = { true = "yes", false = "no" }, exact = true }
    name = { field = "name", operator = "contains" }

    [orders]
    path = "v1/customers/{customer_id}/orders"
    rows = "orders"
    types = { id = "Int64", customer_id = "Int64", total = "Decimal" }
    paging = { style = "cursor", cursor = "after", next = "paging.after" }

    [linked]
    path = "v1/linked"
    types = { id = "Int64", customer_id = "Int64", total = "Decimal" }
    paging = { style = "link" }

    [next]
    path = "v1/next"
    rows = "results"
    types = { id = "Int64", customer_id = "Int64", total = "Decimal" }
    paging = { style = "next", next = "links.next" }
    """
)
FIELDS = {
    "invoices": ("number", "customer.id", "status", "date", "due", "amount", "reference", "changed"),
    "customers": ("id", "name", "city", "blocked"),
    "orders": ("id", "customer_id", "total"),
}


def source(url: str, sections: Mapping[str, Mapping[str, Any]] = SECTIONS, bucket: Bucket | None = None) -> RestSource:
    """The API with these declarations, all of which must be sound."""
    endpoints = {}
    for entity, options in sections.items():
        endpoints[entity], faults = endpoint(options, entity)
        assert not faults
    return RestSource(transport(url), endpoints, bucket=bucket, parameters=lambda: {"key": "s3cret"})
