"""Which test stands for each conformance clause: data for ``docs/conformance.md`` and for the tests that keep it true.

A clause is in one of the tables below, or is registered by a check of a module ``test_conformance_*``. ``places()``
brings all together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tests.spec.clauses import CLAUSES, Checks

HERE = Path(__file__).parent


class Status(Enum):
    """What the conformance page says of a clause."""

    PASSES = "passes"
    REFUSED = "refused with 501"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Place:
    """How a clause is met. ``tests`` are functions, as ``file::name``; ``why`` is for what is not simply met."""

    status: Status
    tests: tuple[str, ...]
    why: str = ""


#: Clauses that sum up others: what their ids begin with.
SUMMARIES: dict[str, tuple[str, ...]] = {
    "40-MIN-11": ("ST-", "P-", "Q-", "HDR-"),
    "40-INT-01": ("40-MIN-",),
    "40-ADV-01": ("40-INT-",),
    "401-MIN-01": ("40-MIN-",),
    "401-INT-01": ("401-MIN-",),
    "401-INT-02": ("40-INT-",),
    "401-ADV-01": ("401-INT-",),
    "401-ADV-02": ("40-ADV-",),
}

#: Clauses about writing -> a request, which is refused with 405 and the methods that are allowed.
WRITES: dict[str, str] = {
    "40-MIN-18": "PATCH Customers('C-100042')",
    "40-MIN-19": "POST Customers",
    "40-MIN-20": "POST Customers('C-100042')/Invoices",
    "40-MIN-21": "POST Customers('C-100042')/Invoices/$ref",
    "40-MIN-22": "PUT Invoices('INV-100077')/Customer/$ref",
    "40-MIN-23": "PATCH Customers('C-100042')",
    "40-MIN-24": "DELETE Customers('C-100042')",
    "40-MIN-25": "DELETE Invoices('INV-100077')/Customer/$ref",
    "40-MIN-26": "PATCH Customers('C-100042')",
    "40-MIN-27": "POST Customers",
    "40-MIN-28": "POST Customers",
    "40-MIN-29": "PATCH Customers('C-999999')",
    "40-MIN-30": "PUT Customers('C-100042')/City",
    "40-MIN-31": "DELETE Customers('C-100042')/City",
    "40-MIN-32": "POST Customers",
    "40-MIN-33": "PATCH Customers/$each",
    "401-MIN-18": "PATCH Customers('C-100042')",
    "401-MIN-19": "DELETE Customers('C-100042')/Invoices('INV-100016')/$ref",
    "401-MIN-20": "PUT Customers('C-100042')",
    "401-MIN-21": "PATCH Customers('C-100042')",
    "401-MIN-22": "PUT Customers('C-100042')/Invoices/$ref",
    "401-MIN-23": "POST Customers('C-100042')/Tags",
    "401-MIN-24": "PATCH Customers",
    "401-MIN-25": "POST Customers/ErpOData.Customer",
    "401-MIN-26": "PATCH Customers",
    "401-MIN-27": "POST Customers?$select=City",
}

_NO_OPERATIONS = "the model has no functions and no actions"
_NO_STRUCTURES = "the model has no complex types and no collections of values"
#: Clauses about what the published model does not have, or what is left to the service: reason, and a request that needs
#: it, which is refused.
ABSENT: dict[str, tuple[str, str]] = {
    "401-MIN-09.3": (_NO_OPERATIONS, "GET ErpOData.Operation"),
    "401-MIN-09.4": (_NO_OPERATIONS, "POST Customers('C-100042')/ErpOData.Operation"),
    "401-MIN-09.5": (_NO_OPERATIONS, "GET Customers('C-100042')/Operation()"),
    "401-MIN-09.7": (_NO_OPERATIONS, "GET Operation?p=1"),
    "401-MIN-09.14": (_NO_STRUCTURES, 'GET Customers?$filter=City eq {"a":1}'),
    "401-INT-05": (_NO_STRUCTURES, "GET Customers?$select=City($select=Name)"),
    "401-INT-07": (_NO_STRUCTURES, 'GET Customers?$filter=$it eq {"City":"x"}'),
    "401-INT-09": (_NO_STRUCTURES, "GET Customers?$select=City($top=1)"),
    "401-ADV-05": (_NO_STRUCTURES, "GET Customers?$select=City($filter=true)"),
    "401-ADV-10": ("a MAY: names of the model are case-sensitive", "GET customers"),
}

#: Clauses that the standard allows to answer with 501: why, and a request.
UNSUPPORTED: dict[str, tuple[str, str]] = {
    "40-ADV-14": ("a SHOULD: there is no change tracking", "GET Invoices?$deltatoken=1"),
    "40-ADV-15": (
        "a SHOULD: filter or expand along navigation properties instead",
        "GET $crossjoin(Customers,Invoices)",
    ),
}

#: Tests that are more than a check of one service.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "40-INT-10": ("tests/server/test_auth.py::test_the_right_password",),
    "CX-01": ("tests/edm/test_csdl.py::test_xml_is_valid",),
    "CX-02": ("tests/edm/test_csdl.py::test_the_xml_document_resolves",),
    "CX-05": (
        "tests/edm/test_vocabularies.py::test_every_term_in_xml_is_used_as_declared",
        "tests/edm/test_vocabularies.py::test_every_term_in_json_is_used_as_declared",
    ),
    "CX-06": ("tests/spec/test_metadata_values.py::test_facets_hold",),
    "CJ-01": ("tests/edm/test_csdl.py::test_json_is_valid",),
    "CJ-02": ("tests/edm/test_csdl.py::test_xml_and_json_say_the_same",),
    "401-MIN-13": (
        "tests/spec/test_metadata_service.py::test_the_container",
        "tests/spec/test_metadata_sets.py::test_every_set",
    ),
}


#: What a check shows beyond "passes", for clauses of which the service has only a part.
REMARKS: dict[str, tuple[Status, str]] = {
    "P-ALL": (Status.REFUSED, "a SHOULD: ask for each entity set"),
    **dict.fromkeys(
        ("40-MIN-16", "40-MIN-17", "401-MIN-03"),
        (Status.NOT_APPLICABLE, "no request is answered asynchronously; the preference is ignored, as it may be"),
    ),
    **dict.fromkeys(
        ("40-INT-04", "40-ADV-09.3"), (Status.PASSES, "there are no derived types: casts to the type itself")
    ),
}


def modules() -> Iterator[ModuleType]:
    """The test modules with checks of clauses."""
    for path in sorted(HERE.glob("test_conformance_*.py")):
        module = import_module(f"tests.spec.{path.stem}")
        if isinstance(getattr(module, "checks", None), Checks):
            yield module


def places() -> dict[str, Place]:
    """Clause -> how it is met, in the order of ``clauses.txt``."""
    found: dict[str, list[Place]] = {clause: [] for clause in CLAUSES}
    for module in modules():
        for clause, check in module.checks.items():
            name = f"tests/spec/{Path(str(module.__file__)).name}::{check.__name__}"
            found[clause].append(Place(Status.PASSES, (name,)))
    for clause, tests in ELSEWHERE.items():
        found[clause].append(Place(Status.PASSES, tests))
    scope = "tests/spec/test_conformance_scope.py::"
    for clause in WRITES:
        found[clause].append(Place(Status.NOT_APPLICABLE, (f"{scope}test_writes_are_refused",), "read-only service"))
    for clause, (why, _) in ABSENT.items():
        found[clause].append(Place(Status.NOT_APPLICABLE, (f"{scope}test_what_there_is_not_is_refused",), why))
    for clause, (why, _) in UNSUPPORTED.items():
        found[clause].append(Place(Status.REFUSED, (f"{scope}test_what_is_not_supported_is_refused",), why))
    for clause, prefixes in SUMMARIES.items():
        found[clause].append(Place(Status.PASSES, (), "sums up " + ", ".join(f"{p}*" for p in prefixes)))
    return {clause: _together(clause, parts) for clause, parts in found.items()}


def _together(clause: str, parts: list[Place]) -> Place:
    assert parts, f"{clause} has no test"
    assert len({part.status for part in parts}) == 1, f"{clause} is in several tables"
    tests = dict.fromkeys(test for part in parts for test in part.tests)
    status, why = REMARKS.get(clause, (parts[0].status, parts[0].why))
    return Place(status, tuple(tests), why)
