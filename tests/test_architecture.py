"""Who may import whom, and two things nobody may do: docs/architecture.md's table, held against the code."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SERVING = ("edm", "erp_adapters", "odata_server")
PRODUCT = (*SERVING, "salesforce", "fixtures")
PACKAGES = (*PRODUCT, "tests", "benchmarks")


@dataclass(frozen=True, slots=True)
class Layer:
    """What a module may import beside the standard library and its own row; `never` outranks the rest."""

    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


SHARED_BY_ADAPTERS = (
    "edm",
    "erp_adapters.base",
    "erp_adapters.dialects",
    "erp_adapters.records",
    "erp_adapters.sections",
    "erp_adapters.transport",
    "erp_adapters.watch",
)
COMPOSITION = ("odata_server.app", "odata_server.cli")
EDGE = (*COMPOSITION, "odata_server.compose", "odata_server.entry", "odata_server.web", "odata_server.pages")
SERVER = (
    "edm",
    "erp_adapters.base",
    "erp_adapters.cache",
    "erp_adapters.resilient",
    "erp_adapters.stamped",
    "erp_adapters.wrappers",
    "odata_server",
)
ENGINE = (
    "edm",
    "erp_adapters.base",
    "odata_server.correlate",
    "odata_server.execute",
    "odata_server.expand",
    "odata_server.fetched",
    "odata_server.normalise",
    "odata_server.plan",
    "odata_server.remote",
    "odata_server.semijoin",
)
SERVER_LIBRARIES = ("argon2", "msgspec", "pydantic", "re2", "structlog")
FLASK = ("flask", "werkzeug", "jinja2", "markupsafe")

# A module's row is the one with the longest matching name.
LAYERS = {
    "edm": Layer(),
    "edm.csdl": Layer(ours=("edm",), theirs=("lxml",)),
    "edm.patterns": Layer(theirs=("re2",)),
    "erp_adapters": Layer(ours=SHARED_BY_ADAPTERS),
    "erp_adapters.base": Layer(ours=("edm",)),
    "erp_adapters.cache": Layer(ours=("edm", "erp_adapters.base"), theirs=("msgspec",)),
    "erp_adapters.dialects": Layer(
        ours=("edm", "erp_adapters.base", "erp_adapters.sql_values"), theirs=("sqlalchemy",)
    ),
    # Facts about a database, found with the SQL adapter's connections; and what they may mean.
    "erp_adapters.introspect": Layer(ours=("edm", "erp_adapters.base", "erp_adapters.sql"), theirs=("sqlalchemy",)),
    "erp_adapters.proposal": Layer(ours=("edm", "erp_adapters.introspect")),
    "erp_adapters.kit": Layer(ours=("edm", "erp_adapters.base"), theirs=("hypothesis", "pytest")),
    "erp_adapters.records": Layer(ours=("edm", "erp_adapters.base", "erp_adapters.sections")),
    "erp_adapters.resilient": Layer(ours=("edm", "erp_adapters.base")),
    "erp_adapters.sections": Layer(),
    "erp_adapters.stamped": Layer(ours=("edm", "erp_adapters.base")),
    "erp_adapters.transport": Layer(
        ours=("edm", "erp_adapters.base", "erp_adapters.watch"), theirs=("msgspec", "requests", "urllib3")
    ),
    "erp_adapters.watch": Layer(),
    "erp_adapters.wrappers": Layer(ours=("edm", "erp_adapters.base")),
    "odata_server": Layer(ours=SERVER, theirs=SERVER_LIBRARIES, never=EDGE),
    "odata_server.__init__": Layer(ours=("edm.faults", "odata_server.app", "odata_server.config"), theirs=("flask",)),
    "odata_server.__main__": Layer(ours=("odata_server.cli",)),
    "odata_server.app": Layer(
        ours=SERVER, theirs=(*SERVER_LIBRARIES, *FLASK, "flask_caching"), never=("odata_server.cli",)
    ),
    "odata_server.batch": Layer(
        ours=(
            "edm",
            "odata_server.json_guard",
            "odata_server.messages",
            "odata_server.methods",
            "odata_server.negotiation",
            "odata_server.responses",
        ),
        theirs=("msgspec",),
    ),
    "odata_server.cli": Layer(
        ours=(*SERVER, "salesforce"), theirs=(*SERVER_LIBRARIES, "click", "gunicorn", "requests", "rich")
    ),
    "odata_server.cli.demo": Layer(
        ours=(*SERVER, "fixtures"), theirs=(*SERVER_LIBRARIES, "click", "rich", "sqlalchemy")
    ),
    "odata_server.cli.init": Layer(
        ours=(*SERVER, "erp_adapters.introspect", "erp_adapters.proposal"),
        theirs=(*SERVER_LIBRARIES, "click", "rich", "sqlalchemy"),
    ),
    "odata_server.cli.kit": Layer(ours=(*SERVER, "erp_adapters.kit"), theirs=(*SERVER_LIBRARIES, "click", "rich")),
    "odata_server.compose": Layer(
        ours=("edm", "erp_adapters", "odata_server"), theirs=(*SERVER_LIBRARIES, "flask_caching"), never=EDGE
    ),
    "odata_server.correlate": Layer(ours=ENGINE),
    "odata_server.entry": Layer(ours=SERVER, never=COMPOSITION),
    "odata_server.execute": Layer(ours=ENGINE),
    "odata_server.expand": Layer(ours=ENGINE),
    "odata_server.fetched": Layer(ours=ENGINE),
    "odata_server.gunicorn_conf": Layer(
        ours=("odata_server.addresses", "odata_server.config", "odata_server.places", "odata_server.settings"),
        theirs=("gunicorn",),
    ),
    "odata_server.kinds": Layer(
        ours=("edm", "erp_adapters", "odata_server"), theirs=SERVER_LIBRARIES, never=(*EDGE, "odata_server.cli")
    ),
    "odata_server.metrics": Layer(ours=SERVER, theirs=("prometheus_client",), never=EDGE),
    "odata_server.normalise": Layer(ours=ENGINE),
    "odata_server.describe": Layer(ours=(*SERVER, "salesforce"), theirs=SERVER_LIBRARIES, never=EDGE),
    "odata_server.pages": Layer(ours=(*SERVER, "salesforce"), theirs=(*SERVER_LIBRARIES, *FLASK), never=COMPOSITION),
    "odata_server.places": Layer(),
    "odata_server.plan": Layer(ours=ENGINE),
    "odata_server.remote": Layer(ours=ENGINE),
    "odata_server.semijoin": Layer(ours=ENGINE),
    "odata_server.store": Layer(
        ours=("erp_adapters.base", "erp_adapters.resilient"), theirs=("cachelib", "flask_caching", "redis")
    ),
    "odata_server.uri": Layer(ours=("edm",)),
    "odata_server.uri.tokens": Layer(ours=("edm",), theirs=("msgspec",)),
    "odata_server.web": Layer(ours=SERVER, theirs=(*SERVER_LIBRARIES, *FLASK), never=COMPOSITION),
    "odata_server.worker": Layer(theirs=("gunicorn",)),
    "salesforce": Layer(),
    "salesforce.client": Layer(ours=("salesforce",), theirs=("requests",)),
    "salesforce.contract": Layer(ours=("edm.contract", "edm.contract_diff", "salesforce")),
    "salesforce.csdl": Layer(theirs=("lxml",)),
    "salesforce.csdl_json": Layer(ours=("salesforce",)),
    "salesforce.ownership": Layer(ours=("edm", "salesforce")),
    "fixtures": Layer(theirs=("sqlalchemy",)),
}

# Each kind of adapter knows what all of them share, its own modules and its driver; never another kind.
DRIVERS = {
    "sql": ("oracledb", "psycopg", "pymssql", "pymysql", "sqlalchemy"),
    "sap": ("pyodata", "requests"),
    "odata": ("lxml",),
}

# Formats that run code when they are read.
UNSAFE_FORMATS = ("cloudpickle", "dill", "marshal", "pickle", "shelve")

# Calls whose first argument is SQL.
SQL_CALLS = {"text", "literal_column", "exec_driver_sql", "execute", "executemany"}


@dataclass(frozen=True, slots=True)
class Source:
    """One of our files."""

    path: Path

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and full module name of every import, wherever it stands in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = self.module.rsplit(".", node.level)[0] if node.level else ""
                base = ".".join(filter(None, (package, node.module)))
                yield from ((node.lineno, _submodule(base, alias.name)) for alias in node.names)


def _submodule(base: str, name: str) -> str:
    """`from edm import model` imports edm.model; `from edm.model import Property` imports edm.model."""
    place = ROOT.joinpath(*base.split("."), name)
    return f"{base}.{name}" if place.with_suffix(".py").exists() or place.is_dir() else base


def files(*packages: str) -> list[Any]:
    found = sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))
    return [pytest.param(Source(path), id=str(path.relative_to(ROOT))) for path in found]


def layer(module: str) -> tuple[str, Layer]:
    """The row for a module: its name and what it allows."""
    module = family(module)
    name = max((name for name in LAYERS if within(module, name)), key=len)
    if name == "erp_adapters":
        kind = module.split(".")[1]
        return f"{name}.{kind}", Layer(ours=SHARED_BY_ADAPTERS, theirs=DRIVERS.get(kind, ()))
    return name, LAYERS[name]


def family(module: str) -> str:
    """`erp_adapters.sql_values` is a part of the kind `erp_adapters.sql`."""
    return re.sub(r"^(erp_adapters\.[a-z0-9]+)_\w+", r"\1", module)


def within(module: str, *names: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def allowed(imported: str, name: str, row: Layer) -> bool:
    if imported.partition(".")[0] in sys.stdlib_module_names:
        return True
    mine = within(family(imported), name, *row.ours) or within(imported, *row.ours, *row.theirs)
    return mine and not within(imported, *row.never)


@pytest.mark.parametrize("source", files(*PRODUCT))
def test_imports_follow_the_table(source: Source) -> None:
    name, row = layer(source.module)
    wrong = [f"line {line}: {what}" for line, what in source.imports() if not allowed(what, name, row)]
    assert not wrong, f"{name} may import {[name, *row.ours, *row.theirs]}, never {[*row.never]}: {wrong}"


@pytest.mark.parametrize("source", files(*PACKAGES))
def test_no_format_that_runs_code(source: Source) -> None:
    wrong = [f"line {line}: {what}" for line, what in source.imports() if within(what, *UNSAFE_FORMATS)]
    assert not wrong, f"entries of a shared cache are not trusted: {wrong}"


@pytest.mark.parametrize("source", files(*SERVING))
def test_sql_text_is_constant(source: Source) -> None:
    wrong = [f"line {call.lineno}" for call in _sql_calls(source.tree) if _is_built(call.args[0])]
    assert not wrong, f"SQL text is put together from values; bind parameters instead: {wrong}"


def _sql_calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if name in SQL_CALLS:
                yield node


def _is_built(argument: ast.expr) -> bool:
    """An f-string, a sum or `%` of strings, or a `.format` call."""
    if isinstance(argument, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in argument.values)
    if isinstance(argument, ast.BinOp):
        return any(isinstance(part, ast.JoinedStr) or _is_text(part) for part in ast.walk(argument))
    return isinstance(argument, ast.Call) and getattr(argument.func, "attr", None) == "format"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize(
    ("module", "imported", "expected"),
    [
        ("edm.model", "edm.primitives", True),
        ("edm.model", "dataclasses", True),
        ("edm.model", "lxml.etree", False),
        ("edm.csdl", "lxml.etree", True),
        ("edm.model", "erp_adapters.base", False),
        ("erp_adapters.sql", "sqlalchemy", True),
        ("erp_adapters.sql.compile", "erp_adapters.sql.tables", True),
        ("erp_adapters.sql", "erp_adapters.sql_values", True),
        ("erp_adapters.sql_values", "sqlalchemy", True),
        ("erp_adapters.sap_session", "erp_adapters.sql_values", False),
        ("erp_adapters.introspect_sample", "erp_adapters.introspect", True),
        ("erp_adapters.introspect", "erp_adapters.sql_drivers", True),
        ("erp_adapters.introspect", "erp_adapters.proposal.roles", False),
        ("erp_adapters.proposal.roles", "sqlalchemy", False),
        ("erp_adapters.proposal.roles", "erp_adapters.sql", False),
        ("odata_server.cli.init", "erp_adapters.proposal.propose", True),
        ("odata_server.cli.serve", "erp_adapters.proposal.propose", False),
        ("erp_adapters.memory", "sqlalchemy", False),
        ("erp_adapters.sap", "erp_adapters.sql", False),
        ("erp_adapters.sql", "odata_server.config", False),
        ("erp_adapters.wrappers", "erp_adapters.sql", False),
        ("odata_server.uri.lexer", "odata_server.messages", False),
        ("odata_server.plan", "erp_adapters.sql", False),
        ("odata_server.execute", "odata_server.uri.bind", False),
        ("odata_server.service", "flask", False),
        ("odata_server.batch.run", "odata_server.service", False),
        ("odata_server.service", "odata_server.app", False),
        ("odata_server.web", "werkzeug.http", True),
        ("odata_server.cli", "odata_server.app", True),
        ("odata_server.cli", "flask", False),
        ("odata_server.__init__", "odata_server.app", True),
        ("odata_server.compose", "erp_adapters.sql", True),
        ("odata_server.compose", "flask", False),
        ("odata_server.service", "odata_server.compose", False),
        ("odata_server.cli.demo", "fixtures.demo_erp.load", True),
        ("odata_server.cli.serve", "fixtures.demo_erp.load", False),
        ("erp_adapters.dialects", "erp_adapters.sql_values", True),
        ("erp_adapters.dialects", "erp_adapters.sql", False),
        ("odata_server.auth", "fixtures.demo_erp", False),
        ("salesforce.sync", "salesforce.csdl", True),
        ("salesforce.sync", "lxml.etree", False),
        ("salesforce.sync", "edm.model", False),
        ("salesforce.ownership", "edm.model", True),
        ("salesforce.lint.probes", "salesforce.client", True),
        ("salesforce.lint.probes", "requests", False),
        ("salesforce.csdl", "lxml.etree", True),
        ("salesforce.client", "requests", True),
        ("salesforce.client", "odata_server.service", False),
        ("salesforce.sync", "erp_adapters.base", False),
        ("odata_server.cli.salesforce", "salesforce.sync", True),
        ("odata_server.service", "salesforce.sync", False),
        ("fixtures.demo_erp", "edm.model", False),
    ],
)
def test_the_table_says_what_it_means(module: str, imported: str, expected: bool) -> None:
    assert allowed(imported, *layer(module)) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('text("SELECT 1")', False),
        ('text(f"SELECT {x}")', True),
        ('sa.text("SELECT " + x)', True),
        ('connection.execute("SELECT %s" % x)', True),
        ('text("SELECT {}".format(x))', True),
        ("connection.execute(select(table), parameters)", False),
        ("connection.execute(query + 1)", False),
    ],
)
def test_built_sql_is_recognised(code: str, expected: bool) -> None:
    assert any(_is_built(call.args[0]) for call in _sql_calls(ast.parse(code))) is expected
