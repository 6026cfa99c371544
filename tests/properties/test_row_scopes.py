"""Rows out of a caller's scope do not exist for it, from wherever they are looked at.

The oracle needs no idea of how that is done: the rows in scope are worked out in Python, and a service that has no other
rows must give an unrestricted caller the same answer, byte for byte.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from edm.evaluate import compile_expression
from edm.expressions import IT, Expr
from edm.model import EntitySet, ServiceMetadata
from erp_adapters import sql
from erp_adapters.base import Adapter
from erp_adapters.memory import MemoryAdapter
from odata_server.auth import ANONYMOUS, Principal
from odata_server.messages import ODataRequest
from odata_server.service import Service
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests import serving
from tests.profiles import examples
from tests.properties.expressions import Model, Quiet, conditions, encoded, orders
from tests.properties.test_random_queries import NOW, OPTIONS, Rows, published
from tests.splitting import mixed, routed, split

pytestmark = pytest.mark.property

#: What a caller may see: conditions by entity set, as a rule would be written. Some are null for some rows, some look at
#: other rows, and at rows that the caller may not see.
POLICIES: Mapping[str, Mapping[str, str]] = {
    "a country": {"Customers": "Country eq 'DE'"},
    "rows of seen customers": {"Customers": "CreditLimit gt 20000", "Invoices": "Customer/CreditLimit gt 20000"},
    "only invoices are hidden": {"Invoices": "DueDate lt 2026-06-01 and PaymentBlock ne true"},
    "rules that look around": {
        "Invoices": "Lines/any(l:l/NetAmount gt 500) and Customer/Country ne 'US'",
        "Customers": "Invoices/$count gt 1 or not Invoices/all(x:x/Status eq 'Open')",
        "InvoiceLines": "not contains(Invoice/CustomerName,'a')",
    },
    "nothing of customers": {"Customers": "false", "SalesOrders": "QuoteNumber ne null"},
}
SETS = ("Customers", "Invoices", "SalesOrders", "Payments")


@dataclass(frozen=True)
class Restricted(Principal):
    """A caller with row rules."""

    rules: tuple[tuple[str, Expr], ...] = ()

    def row_scope(self, entity_set: EntitySet) -> Expr | None:
        return dict(self.rules).get(entity_set.name)


def restricted(metadata: ServiceMetadata, policy: str) -> Restricted:
    rules = {
        name: ExpressionBinder(metadata, metadata[name], NOW).bind(parse_expression(text))
        for name, text in POLICIES[policy].items()
    }
    return Restricted(name=policy, rules=tuple(rules.items()))


def in_scope(metadata: ServiceMetadata, rows: Rows, caller: Restricted) -> Rows:
    """The rows that the caller may see."""
    related = MemoryAdapter(metadata, rows).related

    def seen(name: str) -> list[Mapping[str, object]]:
        scope = caller.row_scope(metadata[name])
        if scope is None:
            return list(rows[name])
        meets = compile_expression(scope, metadata, {IT: metadata[name]}, related)
        return [row for row in rows[name] if meets({IT: row}) is True]

    return {name: seen(name) for name in rows}


@dataclass(frozen=True)
class Compared(Quiet):
    """Services with all rows, and for each policy one that has nothing but the rows in scope."""

    model: Model
    services: Mapping[str, Service]
    oracle: Callable[[str], Service]

    def same(self, policy: str, path: str, query: str) -> None:
        request = ODataRequest("GET", path, encoded(query), root=serving.ROOT)
        expected = self.oracle(policy).handle(request, ANONYMOUS)
        assert expected.status != 500, query
        caller = restricted(self.model.metadata, policy)
        for name, service in self.services.items():
            answer = service.handle(request, caller)
            assert (answer.status, answer.body) == (expected.status, expected.body), f"{name}, {policy}: {path}?{query}"


@pytest.fixture(scope="module")
def compared(demo_sqlite_url: str, demo_postgres_url: str) -> Iterator[Compared]:
    metadata = serving.demo_metadata()

    def service(adapter: Adapter) -> Service:
        return Service(metadata, adapter, (b"s" * 32,), OPTIONS, clock=lambda: NOW)

    with (
        closing(sql.connect(demo_sqlite_url, metadata)) as sqlite,
        closing(sql.connect(demo_postgres_url, metadata)) as postgres,
        closing(routed(split(metadata), mixed(demo_postgres_url, demo_sqlite_url))) as apart,
    ):
        rows = published(metadata, sqlite)
        samples = {
            s.name: {
                p.name: list(dict.fromkeys(r[p.name] for r in rows[s.name][:40] if r[p.name] is not None))
                for p in s.type.properties
            }
            for s in metadata.sets
        }

        @cache
        def oracle(policy: str) -> Service:
            return service(MemoryAdapter(metadata, in_scope(metadata, rows, restricted(metadata, policy))))

        yield Compared(
            Model(metadata, samples),
            {
                "memory": service(MemoryAdapter(metadata, rows)),
                "sqlite": service(sqlite),
                "postgresql": service(postgres),
                "split": service(apart),
            },
            oracle,
        )


policies = st.sampled_from(sorted(POLICIES))
unhealthy = [HealthCheck.too_slow, HealthCheck.data_too_large]


@examples(60, suppress_health_check=unhealthy)
@given(policy=policies, data=st.data())
def test_conditions(compared: Compared, policy: str, data: st.DataObject) -> None:
    entity_set = compared.model.metadata[data.draw(st.sampled_from(SETS))]
    condition = data.draw(conditions(compared.model, entity_set))
    compared.same(policy, entity_set.name, f"$filter={condition}\n$select={entity_set.type.key}\n$count=true\n$top=20")


@examples(60, suppress_health_check=unhealthy)
@given(policy=policies, data=st.data())
def test_orders_expansions_and_computed_values(compared: Compared, policy: str, data: st.DataObject) -> None:
    model = compared.model
    entity_set = model.metadata[data.draw(st.sampled_from(SETS))]
    options = [f"$top={data.draw(st.integers(0, 30))}", f"$orderby={data.draw(orders(model, entity_set))}"]
    link = data.draw(st.sampled_from(entity_set.type.navigation))
    target = model.metadata.target(link)
    nested = [f"$filter={data.draw(conditions(model, target, depth=1))}"]
    if link.collection:
        nested += ["$top=3", "$count=true", f"$orderby={data.draw(orders(model, target))}"]
        options.append(f"$compute={link.name}/$count add 1 as X")
    else:
        options.append(f"$compute=length({link.name}/{target.type.key}) as X")
    options.append(f"$expand={link.name}({';'.join(nested)})")
    options.append(f"$select=X,{entity_set.type.key}")
    compared.same(policy, entity_set.name, "\n".join(options))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Customers/$count", ""),
        ("Invoices/$count", "$filter=Customer/CustomerName ne null"),
        ("Customers/$count", "$filter=Invoices/any()"),
        ("Customers/$count", "$filter=Invoices/all(i:i/Lines/any(l:l/Invoice/Customer/Country eq 'DE'))"),
        ("Customers", "$top=5\n$orderby=Invoices/$count desc,CustomerNumber"),
        ("Customers", "$top=5\n$search=pump\n$count=true"),
        ("Invoices/$count", "$search=a\n$filter=Customer/ParentCustomer/CustomerNumber ne null"),
        ("Invoices", "$top=3\n$expand=Customer($expand=ParentCustomer),Lines($count=true;$top=1)"),
        (
            "Invoices",
            "$apply=groupby((Customer/Country),aggregate($count as N,GrossAmount with sum as S))\n$orderby=N,S",
        ),
        ("Invoices", "$apply=filter(Customer/Blocked eq false)/groupby((Status),aggregate(OpenAmount with max as M))"),
        ("Customers", "$apply=aggregate(Invoices/GrossAmount with sum as S,Invoices/$count as N)"),
        ("Customers", "$apply=groupby((Country),aggregate(Invoices/Lines/NetAmount with sum as S))\n$orderby=Country"),
        ("Invoices", "$apply=concat(aggregate($count as N),groupby((Customer/CustomerName)))\n$top=9"),
        (
            "Customers",
            "$top=4\n$expand=Invoices($filter=Customer/Country eq $it/Country;$top=2),ParentCustomer($levels=2)",
        ),
        *((f"Customers('C-1000{n:02}')", "$expand=Invoices/$count,SalesOrders/$ref") for n in range(1, 12)),
        *((f"Customers('C-1000{n:02}')/Invoices", "$top=2\n$expand=Customer") for n in range(1, 12)),
        *((f"Customers('C-1000{n:02}')/Invoices/$count", "") for n in range(1, 12)),
        *((f"Invoices('INV-1000{n:02}')/Customer", "") for n in range(1, 12)),
        *((f"Invoices('INV-1000{n:02}')/Customer/CustomerName/$value", "") for n in range(1, 12)),
        *((f"Invoices('INV-1000{n:02}')/Customer/Invoices/$ref", "$top=3") for n in range(1, 12)),
        *((f"Invoices('INV-1000{n:02}')", "$compute=Customer/City as C\n$select=C") for n in range(1, 12)),
    ],
)
def test_resources(compared: Compared, policy: str, path: str, query: str) -> None:
    compared.same(policy, path, query)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_policies_hide_something_and_not_everything(compared: Compared, policy: str) -> None:
    """Or the other tests would test nothing."""
    metadata = compared.model.metadata
    caller = restricted(metadata, policy)
    for name in POLICIES[policy]:
        request = ODataRequest("GET", f"{name}/$count", "")
        everything, seen = (
            int(compared.services["sqlite"].handle(request, principal).body) for principal in (ANONYMOUS, caller)
        )
        assert seen < everything
        assert seen > 0 or POLICIES[policy][name] == "false"
