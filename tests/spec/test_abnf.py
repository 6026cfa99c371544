"""OASIS's own grammar cases against the parser: what is valid is accepted, what is not is refused.

The cases are data from outside the repository (``../shared/oasis/abnf_shared.yaml``); without them the module
is skipped. Where we differ on purpose, the case stands in ``deviations.DEVIATIONS`` with the reason, which is checked:
an entry that no longer differs fails.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edm.errors import ODataError
from edm.primitives import PRIMITIVES
from odata_server.batch.mime import header_fields
from odata_server.batch.parts import checked_id
from odata_server.messages import Headers
from odata_server.negotiation import preferences, protocol_version
from odata_server.uri.encoding import decode
from odata_server.uri.lexer import DURATION, ENUM_MEMBERS, is_identifier
from odata_server.uri.options import parse_path, parse_query
from odata_server.uri.parser import parse_expression
from odata_server.uri.search import parse_search
from odata_server.uri.select_expand import parse_compute, parse_orderby
from odata_server.uri.syntax import CallExpr, Literal, PathExpr
from tests.spec.deviations import DEVIATIONS

CASES = Path(__file__).resolve().parents[3] / "shared" / "oasis" / "abnf_shared.yaml"
if not CASES.is_file():
    pytest.skip("the OASIS grammar cases (../shared/oasis) are not here", allow_module_level=True)

Check = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the file."""

    rule: str
    input: str
    valid: bool
    suite: str

    @property
    def reason(self) -> str | None:
        """Why this case is answered otherwise; ``None`` if it has to agree."""
        return DEVIATIONS.get((self.rule, self.input))


def read_cases() -> list[Case]:
    lines = CASES.read_text("utf-8").splitlines()
    found = [json.loads(line.removeprefix("  - ")) for line in lines if line.startswith("  - {")]
    return [Case(case["rule"], case["input"], case["valid"], case["suite"]) for case in found]


# --- rules -> entry points
# --------------------------------------------------------------------------------------------


def refuse(text: str) -> None:
    raise ODataError("syntax", f"{text!r} does not follow the rule.")


def text_of(raw: str) -> str:
    return decode(raw, "the case", plus=True)


def expression(raw: str) -> object:
    return parse_expression(text_of(raw))


def literal(*kinds: str) -> Check:
    def check(raw: str) -> None:
        node = expression(raw)
        if not isinstance(node, Literal) or (kinds and node.kind not in kinds):
            refuse(raw)

    return check


def quoted(pattern: re.Pattern[str], *kinds: str) -> Check:
    """A literal with a prefix, or a string of the same form (4.01)."""

    def check(raw: str) -> None:
        node = expression(raw)
        if not isinstance(node, Literal) or not (
            node.kind in kinds or (node.kind == "String" and pattern.fullmatch(node.text))
        ):
            refuse(raw)

    return check


def call(name: str) -> Check:
    def check(raw: str) -> None:
        node = expression(raw)
        if not isinstance(node, CallExpr) or node.name != name:
            refuse(raw)

    return check


def member(raw: str) -> None:
    if not isinstance(expression(raw), PathExpr):
        refuse(raw)


def value(type_name: str) -> Check:
    return lambda raw: PRIMITIVES[type_name].parse(raw)


def primitive_value(raw: str) -> None:
    """Some primitive type takes the text; every text is a value of Edm.String, so that one does not count."""
    for name, kind in PRIMITIVES.items():
        if name != "String":
            try:
                kind.parse(raw)
                return
            except ODataError:
                pass
    if not ENUM_MEMBERS.fullmatch(raw):
        refuse(raw)


def enum_value(raw: str) -> None:
    if not ENUM_MEMBERS.fullmatch(raw):
        refuse(raw)


def lambda_of(raw: str) -> None:
    expression("Collection/" + raw)


def option(*names: str) -> Check:
    """One system query option, if names are given one of them."""

    def check(raw: str) -> None:
        options = parse_query(raw)
        found = list(options.system)
        if options.custom or options.aliases or len(found) != 1 or (names and found[0] not in names):
            refuse(raw)

    return check


def query(raw: str) -> object:
    return parse_query(raw)


def relative(raw: str) -> None:
    path, _, query_part = raw.split("#", 1)[0].partition("?")
    parse_path(path)
    parse_query(query_part)


def absolute(raw: str) -> None:
    found = re.fullmatch(r"(?i:https?)://(?:[A-Za-z0-9._~%!$&'()*+,;=-]+|\[[0-9A-Za-z.:]+\])(?::[0-9]*)?/(.*)", raw)
    if not found:
        refuse(raw)
    else:
        relative(found.group(1))


def identifier(raw: str) -> None:
    if not is_identifier(text_of(raw)):
        refuse(raw)


def integer(digits: int) -> Check:
    """An integer literal of at most so many digits."""

    def check(raw: str) -> None:
        literal("Integer")(raw)
        if len(text_of(raw).lstrip("+-")) > digits:
            refuse(raw)

    return check


def header(raw: str) -> None:
    fields = header_fields([raw])
    protocol_version(fields)
    if "Prefer" in fields:
        for text in fields["Prefer"].split(","):
            preference(text)


def preference(raw: str) -> None:
    """One that is known and makes sense; what is none is ignored, never refused."""
    found = preferences(Headers({"Prefer": raw}))
    if len(found.given) != 1 or ("include-annotations" in found.given and found.include_annotations is None):
        refuse(raw)


NUMBERS = ("Integer", "Decimal", "Double")
RULES: dict[str, Check] = {
    "addExpr": lambda raw: expression("A" + raw),
    "allExpr": lambda_of,
    "anyExpr": lambda_of,
    "annotationExpr": expression,
    "annotationInQuery": expression,
    "array": expression,
    "arrayOrObject": expression,
    "binaryLiteral": literal("Binary"),
    "binaryValue": value("Binary"),
    "boolCommonExpr": expression,
    "boolMethodCallExpr": expression,
    "boolean": literal("Boolean"),
    "booleanValue": value("Boolean"),
    "byte": integer(3),
    "byteValue": value("Byte"),
    "castExpr": call("cast"),
    "commonExpr": expression,
    "compute": option("$compute"),
    "computeItem": lambda raw: parse_compute(text_of(raw)),
    "count": relative,
    "customQueryOption": query,
    "date": literal("Date"),
    "dateLiteral": literal("Date"),
    "dateValue": value("Date"),
    "dateTimeOffset": literal("DateTimeOffset"),
    "dateTimeOffsetLiteral": literal("DateTimeOffset"),
    "dateTimeOffsetValue": value("DateTimeOffset"),
    "dateTimeOffsetValueInUrl": literal("DateTimeOffset"),
    "decimalLiteral": literal(*NUMBERS),
    "decimalValue": value("Decimal"),
    "deltatoken": option("$deltatoken"),
    "doubleLiteral": literal(*NUMBERS),
    "doubleValue": value("Double"),
    "durationLiteral": quoted(DURATION, "Duration"),
    "durationValue": value("Duration"),
    "enumLiteral": quoted(ENUM_MEMBERS, "Enum"),
    "enumValue": enum_value,
    "expand": option("$expand"),
    "filter": option("$filter"),
    "firstMemberExpr": member,
    "format": option("$format"),
    "functionExpr": expression,
    "functionParameter": lambda raw: parse_path(f"Function({raw})"),
    "guid": literal("Guid"),
    "header": header,
    "guidLiteral": literal("Guid"),
    "guidValue": value("Guid"),
    "id": option("$id"),
    "index": option("$index"),
    "inlinecount": option("$count"),
    "int16Literal": integer(5),
    "int16Value": value("Int16"),
    "int32Literal": integer(10),
    "includeAnnotationsPreference": preference,
    "int32Value": value("Int32"),
    "int64Literal": integer(19),
    "int64Value": value("Int64"),
    "isofExpr": call("isof"),
    "keyPredicate": lambda raw: parse_path("Set" + raw),
    "levels": lambda raw: parse_query(f"$expand=Navigation({raw})"),
    "maxpagesizePreference": preference,
    "memberExpr": member,
    "methodCallExpr": expression,
    "notExpr": call("not"),
    "null": literal("Null"),
    "nullValue": literal("Null"),
    "object": expression,
    "odataIdentifier": identifier,
    "odataRelativeUri": relative,
    "odataUri": absolute,
    "orderBy": option("$orderby"),
    "orderby": option("$orderby"),
    "orderbyItem": lambda raw: parse_orderby(text_of(raw)),
    "parameterValue": expression,
    "parenExpr": expression,
    "prefer": header,
    "preference": preference,
    "primitiveLiteral": literal(),
    "primitiveValue": primitive_value,
    "propertyPathExpr": member,
    "queryOptions": query,
    "request-id": checked_id,
    "resourcePath": relative,
    "rootExpr": expression,
    "sbyteLiteral": integer(3),
    "sbyteValue": value("SByte"),
    "schemaversion": option("$schemaversion"),
    "search": option("$search"),
    "searchExpr": lambda raw: parse_search(text_of(raw)),
    "select": option("$select"),
    "singleLiteral": literal(*NUMBERS),
    "singleValue": value("Single"),
    "skip": option("$skip"),
    "skiptoken": option("$skiptoken"),
    "stringLiteral": literal("String"),
    "systemQueryOption": option(),
    "timeOfDayLiteral": literal("TimeOfDay"),
    "timeOfDayValue": value("TimeOfDay"),
    "top": option("$top"),
}


def accepts(case: Case) -> bool:
    try:
        RULES[case.rule](case.input)
    except ODataError:
        return False
    return True


@pytest.mark.parametrize(
    "case",
    read_cases(),
    ids=lambda case: f"{case.rule}: {case.input}",
)
def test_case(case: Case) -> None:
    agrees = accepts(case) == case.valid
    if case.reason is None:
        assert agrees
    else:
        assert not agrees, "this case agrees now: take it out of DEVIATIONS"


def test_deviations_name_cases_of_the_file() -> None:
    known = {(case.rule, case.input) for case in read_cases()}
    assert set(DEVIATIONS) <= known
