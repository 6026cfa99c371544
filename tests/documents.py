"""Reads the documentation, and makes the tables in it that come from the code.

``python -m tests.documents`` writes them, between ``<!-- generated: name -->`` and ``<!-- end -->``. What is
checked is in ``test_docs`` and ``test_docs_examples``.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from edm.contract_rules import RULES as CONTRACT_RULES
from edm.errors import ERROR_CODES
from edm.functions import ANY, COLLECTION, FUNCTIONS, TYPE_NAME, CanonicalFunction, Kind, Signature
from edm.primitives import DECIMAL, DOUBLE, INT32, PrimitiveType
from erp_adapters.kit import CHECKS as KIT_CHECKS
from odata_server import gunicorn_conf
from odata_server.cli import EXIT_CODES
from odata_server.config import PLATFORM
from odata_server.doctor.checks import CHECKS
from odata_server.service import ServiceOptions
from odata_server.settings import Settings
from odata_server.sources import SourceSettings
from odata_server.uri.limits import COUNTED, DEFAULT_LIMITS, Limits
from odata_server.uri.tokens import LIFETIME_DAYS
from salesforce.lint.rules import IN_ANSWERS, IN_METADATA, Rule
from salesforce.ownership import matrix
from salesforce.setup import Adapter, forms
from tests.serving import demo_metadata
from tests.spec.clauses import CLAUSES, Clause
from tests.spec.coverage import Status, places
from tests.spec.deviations import DEVIATIONS

BASE = Path(__file__).parents[1]
PAGES = sorted((*BASE.glob("*.md"), *BASE.glob("docs/*.md")))


def page(name: str) -> str:
    return (BASE / name).read_text(encoding="utf-8")


def sections(text: str, level: int) -> dict[str, str]:
    """Headings of one level and what is below each."""
    parts = re.split(rf"(?m)^{'#' * level} (.+)$", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Language and content of every fenced block."""
    for match in re.finditer(r"(?ms)^```(\w*)\n(.*?)^```$", text):
        yield match[1], match[2]


def prose(text: str) -> str:
    """What is outside fenced blocks."""
    return re.sub(r"(?ms)^```.*?^```$", "", text)


def shell_lines(text: str) -> Iterator[str]:
    """The commands in ``sh`` blocks; a backslash continues a line."""
    for language, content in blocks(text):
        if language == "sh":
            lines = content.replace("\\\n", " ").splitlines()
            yield from (line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


def anchors(text: str) -> set[str]:
    """What the headings are called in links."""
    titles = re.findall(r"(?m)^#+ (.+)$", prose(text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# Tables from the code


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def codes() -> str:
    rows = [(f"[`{code}`](#{code})", status, text) for code, (status, text) in ERROR_CODES.items()]
    return table(("Code", "Status", "Meaning"), rows)


def functions() -> str:
    found = [f for f in FUNCTIONS.values() if not f.name.startswith("$")]
    head = ("Name", "Written", "Operands and result", "Null", "Since", "Meaning")
    parts = []
    for group in dict.fromkeys(f.group for f in found):
        rows = [_function(f) for f in found if f.group == group]
        parts.append(f"### {group[:1].upper()}{group[1:]}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def _function(f: CanonicalFunction) -> tuple[str, ...]:
    signatures = "<br>".join(map(_signature, f.signatures))
    return f"`{f.name}`", _written(f), signatures, f.null.value, f.version, f.doc


def _written(function: CanonicalFunction) -> str:
    special = {
        "in": "`a in (b,c)`<br>`a in [b,c]`",
        "neg": "`-a`",
        "case": "`case(a:b,c:d)`",
        "cast": "`cast(a,Edm.Date)`",
        "isof": "`isof(a,Edm.Date)`<br>`isof(ErpOData.Customer)`",
    }
    if function.name in special:
        return special[function.name]
    if function.kind is Kind.INFIX:
        return f"`a {function.name} b`"
    if function.kind is Kind.PREFIX:
        return f"`{function.name} a`"
    forms = dict.fromkeys(",".join("abc"[: len(s.params)]) for s in function.signatures)
    return "<br>".join(f"`{function.name}({arguments})`" for arguments in forms)


def _signature(signature: Signature) -> str:
    operands = ", ".join(operand.name for operand in signature.params) + (", ..." if signature.repeated else "")
    return f"{operands} → {_result(signature)}".strip()


def _result(signature: Signature) -> str:
    result = signature.result
    if isinstance(result, PrimitiveType):
        return result.name
    if COLLECTION in signature.params:
        return "collection"
    if TYPE_NAME in signature.params:
        return "that type"
    if ANY in signature.params:
        return "the type of the values"
    return " or ".join(dict.fromkeys(result([kind] * 2).name for kind in (INT32, DECIMAL, DOUBLE)))


def limits() -> str:
    rows = [(f"`{f.name}`", f"{getattr(DEFAULT_LIMITS, f.name):,}", COUNTED[f.name]) for f in fields(Limits)]
    return table(("Limit", "At most", "What is counted"), rows)


def answer_limits() -> str:
    options = ServiceOptions()
    names = [f.name for f in fields(ServiceOptions) if f.name not in ("limits", "live_users")]
    rows = [
        (f"`{name}`", f"{getattr(options, name):,}".removesuffix(".0"), Settings.model_fields[name].description)
        for name in names
    ]
    rows.append(("", f"{LIFETIME_DAYS}", "Days that a `$skiptoken` is valid."))
    return table(("Limit", "At most", "What it is"), rows)


def model() -> str:
    rows = [
        (f"`{s.name}`", f"`{s.type.key}`", len(s.type.properties), s.system_of_record, s.description)
        for s in demo_metadata().sets
    ]
    return table(("Entity set", "Key", "Properties", "System of record", "What it holds"), rows)


def navigation() -> str:
    rows = [
        (f"`{s.name}`", f"`{n.name}`", f"`{n.on[0][0]}`", f"`{n.target}`", f"`{n.partner}`")
        for s in demo_metadata().sets
        for n in s.type.navigation
        if n.dependent
    ]
    return table(("From", "Navigation", "Foreign key", "To", "And back"), rows)


def ages() -> str:
    """How old answers may be, as the built-in catalog and the settings have it."""
    default, stale = Settings().default_freshness, Settings().stale
    rows = [
        (f"`{s.name}`", default if s.freshness is None else s.freshness, stale if s.stale is None else s.stale)
        for s in demo_metadata().sets
    ]
    return table(("Entity set", "Fresh for seconds", "In an outage seconds more"), rows)


def variables() -> str:
    rows = [(f"`{name}`", default, text) for name, (default, text) in gunicorn_conf.VARIABLES.items()]
    return table(("Variable", "Default", "Meaning"), rows)


def settings() -> str:
    fields_ = Settings.model_fields.items()
    rows = [
        (f"`{name}`", _default(info.get_default(call_default_factory=True)), _range(info), info.description)
        for name, info in fields_
    ]
    return table(("Setting", "Default", "From, to", "Meaning"), rows)


def sources() -> str:
    rows = [
        (f"`{name}`", _default(info.get_default(call_default_factory=True)), _range(info), info.description)
        for name, info in SourceSettings.model_fields.items()
    ]
    return table(("Key", "Default", "From, to", "Meaning"), rows)


def _default(value: object) -> str:
    if value in (None, {}, (), PydanticUndefined):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _range(info: FieldInfo) -> str:
    """The limits that the type states, such as ``1, 2000``."""
    found = {name: getattr(rule, name) for rule in info.metadata for name in ("ge", "gt", "le") if hasattr(rule, name)}
    low = f"{found['ge']}" if "ge" in found else f"above {found['gt']}" if "gt" in found else ""
    return ", ".join(part for part in (low, f"{found['le']}" if "le" in found else "") if part)


def platform_variables() -> str:
    return table(("Variable", "Setting"), [(f"`{name}`", f"`{setting}`") for name, setting in PLATFORM.items()])


def exit_codes() -> str:
    return table(("Exit code", "Meaning"), list(EXIT_CODES.items()))


def form(*titles: str, adapter: Adapter) -> str:
    found = forms("https://erp.example.com/odata/v4", adapter=adapter)
    rows = [
        (entry.label, entry.text if entry.checked is not None or not entry.value else f"`{entry.value}`", entry.why)
        for title in titles
        for entry in found[title]
    ]
    return table(("Field", "Value", "Why"), rows)


def owners() -> str:
    rows = [
        (
            each.object,
            each.source.replace(", ", "<br>"),
            each.system_of_record,
            each.direction,
            each.timing,
            each.writable,
            each.errors,
        )
        for each in matrix(demo_metadata())
        if not each.field
    ]
    head = (
        "Object",
        "External objects",
        "System of record",
        "Direction",
        "Timing",
        "Writable",
        "Errors are put right by",
    )
    return table(head, rows)


def owned_fields() -> str:
    found = [each for each in matrix(demo_metadata()) if each.field]
    parts = []
    for name in dict.fromkeys(each.object for each in found):
        rows = [
            (each.field, f"`{each.source}`", each.system_of_record, each.writable)
            for each in found
            if each.object == name
        ]
        parts.append(f"### {name}\n\n{table(('Field', 'From', 'System of record', 'Writable'), rows)}")
    return "\n\n".join(parts)


def lint_rules(rules: Mapping[str, Rule]) -> str:
    rows = [(f"`{rule.id}`", rule.severity.value, rule.cause, rule.fix) for rule in rules.values()]
    return table(("Rule", "Severity", "Cause", "Fix"), rows)


def contract_rules() -> str:
    rows = [
        (
            f"`{rule.id}`",
            "breaking" if rule.breaking else "compatible",
            rule.effect.name.lower(),
            rule.what,
            rule.salesforce,
        )
        for rule in CONTRACT_RULES.values()
    ]
    return table(("Rule", "", "Version", "What changed", "In Salesforce"), rows)


#: What the ids of clauses begin with -> heading of their table.
_CHAPTERS = {
    "40-MIN-": "OData 4.0 Minimal", "40-INT-": "OData 4.0 Intermediate", "40-ADV-": "OData 4.0 Advanced",
    "401-MIN-": "OData 4.01 Minimal", "401-FN": "Functions of 4.01", "401-INT-": "OData 4.01 Intermediate",
    "401-ADV-": "OData 4.01 Advanced", "JSON-": "JSON format", "CX-": "CSDL XML", "CJ-": "CSDL JSON", "HDR-": "Headers",
    "ST-": "Status codes", "P-": "Keys, properties, resource paths", "Q-": "Query semantics",
    "AGG-": "Data aggregation", "SF-": "Queries of Salesforce Connect",
}  # fmt: skip


def conformance() -> str:
    parts = []
    for prefix, heading in _CHAPTERS.items():
        rows = [_clause(clause) for clause in CLAUSES.values() if clause.id.startswith(prefix)]
        parts.append(f"### {heading}\n\n{table(('Clause', 'Level', '', 'What is asked', 'Status', 'Test'), rows)}")
    return "\n\n".join(parts)


def _clause(clause: Clause) -> tuple[str, ...]:
    place = places()[clause.id]
    status = place.status.value + (f": {place.why}" if place.why else "")
    tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in place.tests)
    return clause.id, clause.level, clause.strength, clause.text.replace("|", "\\|"), status, tests


def conformance_summary() -> str:
    found = places()
    levels = dict.fromkeys(clause.level for clause in CLAUSES.values())
    used = [status for status in Status if any(place.status is status for place in found.values())]
    rows = []
    for level in levels:
        own = [found[clause.id].status for clause in CLAUSES.values() if clause.level == level]
        rows.append((level, len(own), *(own.count(status) for status in used)))
    rows.append(("All", len(found), *(sum(p.status is status for p in found.values()) for status in used)))
    return table(("Level", "Clauses", *(status.value for status in used)), rows)


def deviations() -> str:
    rows = [(f"`{rule}`", f"`{text}`", why) for (rule, text), why in DEVIATIONS.items()]
    return table(("Rule", "Case", "Why"), rows)


def doctor_checks() -> str:
    return table(("Check", "What is so if nothing is found"), [(f"[`{c.id}`](#{c.id})", c.title) for c in CHECKS])


def kit_checks() -> str:
    return table(("Check", "What it looks at"), [(f"`{check.id}`", check.doc) for check in KIT_CHECKS])


#: (document, name of the table) -> makes it.
GENERATED: Mapping[tuple[str, str], Callable[[], str]] = {
    ("docs/errors.md", "codes"): codes,
    ("docs/query-language.md", "functions"): functions,
    ("docs/query-language.md", "limits"): limits,
    ("docs/query-language.md", "answer limits"): answer_limits,
    ("docs/catalog.md", "model"): model,
    ("docs/catalog.md", "navigation"): navigation,
    ("docs/contract.md", "contract rules"): contract_rules,
    ("docs/freshness.md", "freshness"): ages,
    ("docs/configuration.md", "gunicorn variables"): variables,
    ("docs/configuration.md", "settings"): settings,
    ("docs/configuration.md", "sources"): sources,
    ("docs/configuration.md", "platform variables"): platform_variables,
    ("docs/salesforce-setup.md", "external data source"): lambda: form(
        "External Data Source", "Parameters", "Authentication", "Custom HTTP Headers", adapter="4.0"
    ),
    ("docs/salesforce-setup.md", "credentials"): lambda: form(
        "External Credential", "Named Credential", "External Data Source", adapter="4.01"
    ),
    ("docs/ownership.md", "objects"): owners,
    ("docs/ownership.md", "fields"): owned_fields,
    ("docs/salesforce.md", "rules for metadata"): lambda: lint_rules(IN_METADATA),
    ("docs/salesforce.md", "rules for answers"): lambda: lint_rules(IN_ANSWERS),
    ("docs/doctor.md", "checks"): doctor_checks,
    ("docs/adapters.md", "kit checks"): kit_checks,
    ("docs/running.md", "gunicorn variables"): variables,
    ("docs/running.md", "exit codes"): exit_codes,
    ("docs/conformance.md", "conformance summary"): conformance_summary,
    ("docs/conformance.md", "conformance"): conformance,
    ("docs/conformance.md", "grammar deviations"): deviations,
}


def generated_parts(text: str) -> dict[str, str]:
    """Name and content of every generated part of a document."""
    return dict(re.findall(r"(?s)<!-- generated: (.+?) -->\n(.*?)<!-- end -->", text))


def _write(document: str, name: str, content: str) -> None:
    text = page(document)
    before, marker, rest = text.partition(f"<!-- generated: {name} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    (BASE / document).write_text(f"{before}{marker}{content}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    for (document, name), make in GENERATED.items():
        _write(document, name, make())
