"""Resources beyond sets and keys: ``/$filter(...)`` in the path, ``$entity``, and what is refused."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from odata_server.messages import ODataResponse
from odata_server.service import Service
from tests.engine.small import DATA, get, service

CAPABLE, INCAPABLE = service(), service(capable=False)
EACH = pytest.mark.parametrize("small", [CAPABLE, INCAPABLE], ids=["source", "engine"])
ROOT = "http://localhost/odata/v4/"


def send(small: Service, url: str, **headers: str) -> ODataResponse:
    path, _, query = url.partition("?")
    return get(small, quote(path, safe="$=(),'/@%"), quote(query, safe="$=&(),'/:@;*%"), **headers)


def ask(small: Service, url: str, **headers: str) -> Any:
    answer = send(small, url, **headers)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def keys(small: Service, url: str, **headers: str) -> list[str]:
    """The invoice numbers of all pages."""
    body = ask(small, url, **headers)
    found = [row["InvoiceNumber"] for row in body["value"]]
    while (link := body.get("@odata.nextLink")) is not None:
        path, _, query = link.removeprefix(ROOT).partition("?")
        body = json.loads(get(small, path, query, **headers).body)
        found.extend(row["InvoiceNumber"] for row in body["value"])
    return found


# --- /$filter(...) ------------------------------------------------------------------------------------------------------


def invoices(condition: Any) -> list[str]:
    return [r["InvoiceNumber"] for r in DATA["Invoices"] if condition(r)]


@EACH
@pytest.mark.parametrize(
    ("url", "condition"),
    [
        ("Invoices/$filter(Positions gt 1)", lambda r: r["Positions"] > 1),
        ("Invoices/$filter(Positions gt 0)?$filter=Amount gt 1", lambda r: r["Positions"] > 0 and (r["Amount"] or 0) > 1),
        ("Invoices/$filter(Positions gt 0)/$filter(Amount gt 1)", lambda r: r["Positions"] > 0 and (r["Amount"] or 0) > 1),
        ("Invoices/$filter(@f)?@f=Positions eq 2", lambda r: r["Positions"] == 2),
        ("Invoices/$filter(Positions eq @p)?@p=2", lambda r: r["Positions"] == 2),
        ("Invoices/ErpOData.Invoice/$filter(Positions eq 2)", lambda r: r["Positions"] == 2),
        ("Customers('C05')/Invoices/$filter(Positions lt 2)", lambda r: r["CustomerNumber"] == "C05" and r["Positions"] < 2),
        ("Invoices/$filter(contains(CustomerNumber,'1'))", lambda r: "1" in (r["CustomerNumber"] or "")),
        ("Invoices/$filter(Customer/CustomerName eq 'a/b (''c'') %25')", lambda r: False),
    ],
)  # fmt: skip
def test_conditions_in_the_path(small: Service, url: str, condition: Any) -> None:
    expected = invoices(condition)
    assert keys(small, url) == expected
    assert keys(small, url, Prefer="maxpagesize=4") == expected, "next links repeat the condition"
    path, mark, query = url.partition("?")
    assert int(send(small, f"{path}/$count{mark}{query}").body) == len(expected)
    references = ask(small, f"{path}/$ref{mark}{query}")["value"]
    assert references == [{"@odata.id": f"{ROOT}Invoices('{number}')"} for number in expected]
    assert ask(small, url)["@odata.context"] == f"{ROOT}$metadata#Invoices"


def test_a_member_of_what_was_filtered() -> None:
    for url in ("Customers/$filter(Blocked)('C04')", "Customers/$filter(Blocked)/C04"):
        row = ask(CAPABLE, url)
        assert (row["CustomerNumber"], row["@odata.context"]) == ("C04", f"{ROOT}$metadata#Customers/$entity")
        assert keys(CAPABLE, f"{url}/Invoices") == invoices(lambda r: r["CustomerNumber"] == "C04")
        assert keys(CAPABLE, f"{url}/Invoices", Prefer="maxpagesize=1") == keys(CAPABLE, f"{url}/Invoices")
        assert send(CAPABLE, f"{url}/Country/$value").body == b"US"
    for url in ("Customers/$filter(Blocked)('C05')", "Customers/$filter(Blocked)/C05/Invoices"):
        assert send(CAPABLE, url).status == 404


def test_a_page_of_one_condition_is_none_of_another() -> None:
    link = ask(CAPABLE, "Invoices/$filter(Positions gt 0)", Prefer="maxpagesize=2")["@odata.nextLink"]
    path, _, query = link.removeprefix(ROOT).partition("?")
    assert get(CAPABLE, path.replace("0)", "1)"), query).status == 400


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("Customers/$filter(Blockd)", 400, "unknown_property"),
        ("Customers/$filter(Country)", 400, "type_mismatch"),
        ("Customers/$filter(Country eq 'a)", 400, "syntax"),
        ("Customers/$filter()", 400, "syntax"),
        ("Customers/$filter", 404, "not_found"),
        ("Customers('C01')/$filter(Blocked)", 404, "not_found"),
        ("Customers/$count/$filter(Blocked)", 404, "not_found"),
        ("Customers/$filter(Blocked)(1)", 400, "type_mismatch"),
        ("Customers/$each", 501, "not_implemented"),
        ("Customers/$filter(Blocked)/$each", 501, "not_implemented"),
        ("$all", 501, "not_implemented"),
        ("$all/ErpOData.Customer", 501, "not_implemented"),
        ("$crossjoin(Customers,Invoices)", 501, "not_implemented"),
        ("Customers?$index=1", 501, "not_implemented"),
        ("Customers/0", 404, "not_found"),
    ],
)
def test_refused(url: str, status: int, code: str) -> None:
    answer = send(CAPABLE, url)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (status, code)


# --- $entity ------------------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize(
    "id_",
    [
        "Customers('C03')", "Customers(CustomerNumber='C03')", "Customers/C03", f"{ROOT}Customers('C03')",
        "/odata/v4/Customers('C03')", "Invoices('I003')/Customer", f"{ROOT}Customers(%2527C03%2527)",
        "http%3A%2F%2Flocalhost%2Fodata%2Fv4%2FCustomers%28%27C03%27%29",
    ],
)  # fmt: skip
def test_entity_by_its_id(small: Service, id_: str) -> None:
    plain = ask(small, "Customers('C03')")
    assert ask(small, f"$entity?$id={id_}") == plain
    assert ask(small, f"$entity/ErpOData.Customer?$id={id_}") == plain
    shaped = "$select=Country&$expand=Invoices($top=1)&$compute=Visits add 1 as V"
    assert ask(small, f"$entity?$id={id_}&{shaped}") == ask(small, f"Customers('C03')?{shaped}")


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("$entity", 400),
        ("$entity?$id=", 400),
        ("$entity?$select=Country", 400),
        ("$entity?$id=Customers('nobody')", 404),
        ("$entity?$id=Nothing('C03')", 404),
        ("$entity?$id=Customers", 404),
        ("$entity?$id=Customers/$count", 404),
        ("$entity?$id=Customers('C03')/Country", 404),
        ("$entity?$id=Customers('C03')/$ref", 404),
        ("$entity?$id=$metadata", 404),
        ("$entity?$id=$entity", 404),
        ("$entity?$id=http://elsewhere/odata/v4/Customers('C03')", 404),
        ("$entity?$id=//elsewhere/odata/v4/Customers('C03')", 404),
        ("$entity?$id=/other/Customers('C03')", 404),
        ("$entity?$id=../v4/Customers('C03')", 404),
        ("$entity?$id=Customers('C03')?$select=Country", 400),
        ("$entity?$id=Customers(%2525)", 400),
        ("$entity?$id=Customers('C03')&$top=1", 400),
        ("$entity/Country?$id=Customers('C03')", 404),
        ("$entity/ErpOData.Invoice?$id=Customers('C03')", 404),
        ("Customers?$id=Customers('C03')", 400),
    ],
)
def test_ids_that_lead_nowhere(url: str, status: int) -> None:
    assert send(CAPABLE, url).status == status
