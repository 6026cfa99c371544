"""The documentation held against the code: everything is documented, and what the documents name exists.

Requests and answers that they show are in ``test_docs_examples``; tables made from the code in ``documents``.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import pytest
from lxml import etree
from sqlalchemy import create_engine
from sqlalchemy.exc import ProgrammingError

from edm import declare
from edm.errors import ERROR_CODES
from edm.functions import FUNCTIONS, NOT_IMPLEMENTED
from edm.lint import PUBLISHED
from erp_adapters import sql_columns
from odata_server.cli import main
from odata_server.config import OTHER_VARIABLES, PLATFORM, PREFIX, SOURCE_PREFIX, load
from odata_server.doctor.checks import CHECKS, Check
from odata_server.service import ServiceOptions
from odata_server.settings import SECRETS, Settings
from odata_server.uri.limits import Limits
from odata_server.uri.nested import SYSTEM_OPTIONS
from tests.documents import (
    BASE,
    GENERATED,
    PAGES,
    anchors,
    blocks,
    generated_parts,
    page,
    prose,
    sections,
    shell_lines,
)
from tests.server.support import SECRET

CATALOG_KEYS = {
    *declare._SET_KEYS, *declare._PROPERTY_KEYS, *declare._NAVIGATION_KEYS,
    "sql", "table", "joins", "source", *sql_columns.AROUND,
    *(key for kind in sql_columns.KINDS.values() for key in kind.keys),
}  # fmt: skip
#: Variables that go on with a name of somebody's own.
PER_NAME = (f"{PREFIX}USERS__", SOURCE_PREFIX)
LIMITS = [f.name for f in (*fields(Limits), *fields(ServiceOptions)) if f.name not in ("limits", "live_users")]


def each(paths: list[Path]) -> list[Any]:
    return [pytest.param(path, id=str(path.relative_to(BASE))) for path in paths]


# Tables made from the code


@pytest.mark.parametrize(("document", "name"), GENERATED)
def test_generated_tables_are_up_to_date(document: str, name: str) -> None:
    parts = generated_parts(page(document))
    assert parts[name] == GENERATED[document, name]() + "\n", "run: python -m tests.documents"


@pytest.mark.parametrize("path", each(PAGES))
def test_every_generated_table_has_a_maker(path: Path) -> None:
    document = str(path.relative_to(BASE))
    known = {name for own, name in GENERATED if own == document}
    assert set(generated_parts(path.read_text(encoding="utf-8"))) == known


# Everything is documented


def error_sections() -> dict[str, str]:
    chapters = sections(page("docs/errors.md"), 2).values()
    return {title: text for chapter in chapters for title, text in sections(chapter, 3).items()}


def test_every_error_code_has_a_section_and_nothing_else_has() -> None:
    assert set(error_sections()) == set(ERROR_CODES)


@pytest.mark.parametrize("code", ERROR_CODES)
def test_an_error_s_section_has_status_example_and_fix(code: str) -> None:
    text = error_sections()[code]
    assert text.strip().startswith(f"Status {ERROR_CODES[code][0]}")
    assert "\nFix: " in text
    assert "json" in dict(blocks(text))


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    lines = [line for line in page("docs/configuration.md").splitlines() if f"`{name}`" in line]
    assert lines, "is not in docs/configuration.md"
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    if default not in (None, {}, ()):
        assert any(form in line for line in lines for form in spellings(default)), f"default {default!r}"


def spellings(value: Any) -> set[str]:
    if isinstance(value, bool):
        return {str(value).lower()}
    if isinstance(value, int | float):
        return {str(value), f"{value:,}", f"{value:g}", f"{value:_}"}
    return {str(value)}


@pytest.mark.parametrize("variable", [*PLATFORM, *OTHER_VARIABLES])
def test_every_variable_is_documented(variable: str) -> None:
    assert f"`{variable}`" in page("docs/configuration.md") + page("docs/running.md")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_of_the_doctor_has_a_section_and_nothing_else_has(check: Check) -> None:
    found = sections(page("docs/doctor.md"), 2)
    assert "\nFix: " in found[check.id]
    assert set(found) == {each.id for each in CHECKS}
    assert check.docs == f"docs/doctor.md#{check.id}"


@pytest.mark.parametrize("option", sorted(SYSTEM_OPTIONS))
def test_every_query_option_is_documented(option: str) -> None:
    assert f"`${option}`" in page("docs/query-language.md")


@pytest.mark.parametrize("name", sorted(n for n in FUNCTIONS if not n.startswith("$")))
def test_every_function_is_documented(name: str) -> None:
    assert f"| `{name}` |" in page("docs/query-language.md")


@pytest.mark.parametrize("name", sorted(NOT_IMPLEMENTED))
def test_what_is_not_answered_yet_is_said(name: str) -> None:
    missing = sections(page("docs/query-language.md"), 2)["Not answered yet"].lower()
    assert ("`geo.`" if name.startswith("geo.") else f"`{name}`") in missing


@pytest.mark.parametrize("limit", LIMITS)
def test_every_limit_is_documented(limit: str) -> None:
    assert f"| `{limit}` |" in page("docs/query-language.md")


@pytest.mark.parametrize("key", sorted(CATALOG_KEYS))
def test_every_catalog_key_is_documented(key: str) -> None:
    assert f"`{key}`" in page("docs/catalog.md") or f"`[{key}]`" in page("docs/catalog.md")


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_type_is_documented(name: str) -> None:
    assert f"`{name}`" in page("docs/catalog.md")


def commands(group: click.Group, *path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name))


@pytest.mark.parametrize("command", list(commands(main)))
def test_every_command_is_documented(command: str) -> None:
    assert f"| `erp-odata {command}` |" in page("docs/running.md")


def test_changelog_has_the_current_version() -> None:
    version = tomllib.loads(page("pyproject.toml"))["project"]["version"]
    assert re.search(rf"(?m)^## \[{re.escape(version)}\]", page("CHANGELOG.md"))


# What the documents name exists


def tool_lines() -> Iterator[Any]:
    """Every command line with one of our tools, in blocks and in running text."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        lines = [*shell_lines(text), *re.findall(r"`((?:make|erp-odata) [^`]+)`", prose(text))]
        for line in dict.fromkeys(lines):
            if re.search(r"\b(make|erp-odata) ", line):
                yield pytest.param(line, id=f"{path.name}: {line[:50]}")


@pytest.mark.parametrize("line", list(tool_lines()))
def test_commands_exist(line: str) -> None:
    words = shlex.split(line.replace('"$(', "").replace(')"', ""), comments=True)
    for index, word in enumerate(words):
        if word == "make" and index == 0:
            targets = set(re.findall(r"(?m)^([a-z-]+):.*## ", page("Makefile")))
            assert {w for w in words[1:] if "=" not in w} <= targets
        elif word.endswith("erp-odata") and not word.startswith("-"):
            check_command(main, words[index + 1 :])


def check_command(command: click.Command, words: list[str]) -> None:
    if isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands
        return check_command(command.commands[words[0]], words[1:])
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "--version"}
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
    assert given <= known
    return None


@pytest.mark.parametrize("path", each(PAGES))
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose(path.read_text(encoding="utf-8")))
    assert [target for target in targets if is_broken(path, target)] == []


def is_broken(path: Path, target: str) -> bool:
    parts = urlsplit(target)
    if parts.scheme:
        return parts.scheme != "https"
    file = path.parent / unquote(parts.path) if parts.path else path
    if not file.exists():
        return True
    return bool(parts.fragment) and parts.fragment not in anchors(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", each([path for path in PAGES if path != BASE / "docs" / "index.md"]))
def test_every_page_is_in_the_index(path: Path) -> None:
    place = path.name if path.parent.name == "docs" else f"../{path.name}"
    assert f"]({place})" in page("docs/index.md")


@pytest.mark.parametrize("path", each(PAGES))
def test_images_are_images(path: Path) -> None:
    for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        content = (path.parent / target).read_bytes()
        if target.endswith(".svg"):
            assert etree.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg", target
        else:
            assert content.startswith(b"\x89PNG\r\n"), target


@pytest.mark.parametrize("path", each(sorted(BASE.glob("docs/images/*"))) or [pytest.param(None, id="none")])
def test_every_image_is_shown(path: Path | None) -> None:
    assert path is None or any(f"/{path.name})" in shown.read_text(encoding="utf-8") for shown in PAGES)


def test_speed_is_what_was_measured() -> None:
    """Figures in the README are those of the benchmarks' own report."""
    report = BASE / "benchmarks" / "README.md"
    speed = sections(page("README.md"), 2)["Speed"]
    figures = re.findall(r"(?<![\w.])\d[\d,.]*\d(?= ?(?:%|ms|µs|times|requests|rows/s))", prose(speed))
    known = report.read_text(encoding="utf-8") if report.exists() else ""
    assert [figure for figure in figures if figure not in known] == []
    assert not known or "benchmarks/README.md)" in speed


@pytest.mark.parametrize("path", each(PAGES))
def test_variables_exist(path: Path) -> None:
    own = {f"ERP_ODATA_{name.upper()}" for name in Settings.model_fields}
    known = {*own, *(f"ERP_ODATA_{name.upper()}_FILE" for name in SECRETS), *OTHER_VARIABLES}
    named = set(re.findall(r"\bERP_ODATA_[A-Z_]*[A-Z]\b(?!_*\*)", path.read_text(encoding="utf-8")))
    assert {name for name in named if not name.startswith(PER_NAME)} <= known


def test_the_settings_file_for_production_is_one(tmp_path: Path) -> None:
    file = tmp_path / "erp-odata.toml"
    file.write_text(dict(blocks(page("docs/running.md")))["toml"], encoding="utf-8")
    environment = {"ERP_ODATA_CONFIG": str(file), "DATABASE_URL": "postgresql:///erp", "SECRET_KEY": SECRET}
    loaded = load(environ=environment)
    assert not loaded.warnings
    assert loaded.settings.root == "https://erp.example.com/odata/v4/"


@pytest.mark.postgres
def test_the_database_role_can_read_and_no_more(demo_postgres_copy: str) -> None:
    role = dict(blocks(page("docs/running.md")))["sql"]
    engine = create_engine(demo_postgres_copy, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(role.replace("DATABASE erp ", f'DATABASE "{engine.url.database}" '))
            connection.exec_driver_sql("SET ROLE erp_odata")
            assert connection.exec_driver_sql('SELECT count(*) FROM "OINVHD"').scalar_one() == 5_000
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.exec_driver_sql('DELETE FROM "OINVHD"')
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.exec_driver_sql('SELECT * FROM "OITMAS"')
            connection.exec_driver_sql("RESET ROLE")
            connection.exec_driver_sql("DROP OWNED BY erp_odata; DROP ROLE erp_odata")
    finally:
        engine.dispose()
