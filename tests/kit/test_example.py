"""The example of docs/adapters.md, as it stands there: installed like a package, asked, and tried by the kit."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edm.declare import load_directory
from erp_adapters.kit import CHECKS, Options, check, examine, failures
from odata_server.cli import main
from odata_server.config import ConfigError
from odata_server.execute import answering
from odata_server.foreign import GROUP
from odata_server.kinds import connect
from odata_server.settings import Settings
from tests.documents import BASE, blocks, page
from tests.kit.test_cli import _demo as elsewhere  # noqa: F401 - no settings but those of the example

PAGE = page("docs/adapters.md")
#: File -> content, of the blocks that begin with the name of their file.
FILES = {
    found[1]: content[found.end() :]
    for _, content in blocks(PAGE)
    if (found := re.match(r"# ([\w./-]+\.(?:toml|py|csv))\n", content))
}
OPTIONS = Options(cases=150, engine=answering)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with all files of the example, from which Python imports, and what an installer makes of them."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    installed = tmp_path / f"erp_csv-{project['version']}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n", "utf-8")
    points = "\n".join(f"{name} = {value}" for name, value in project["entry-points"][GROUP].items())
    (installed / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("erp_csv")]:
        del sys.modules[name]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="erp-odata")


def test_the_example_has_all_its_files() -> None:
    assert {
        "erp_csv.py",
        "erp_csv_eager.py",
        "erp_csv_right.py",
        "test_csv.py",
        "pyproject.toml",
        "erp-odata.toml",
    } < FILES.keys()


def test_the_service_finds_the_kind(example: Path) -> None:
    """The commands that the page shows."""
    found = run("query", "--json", "Parts?$filter=contains(Description,'olt')&$expand=Supplier&$orderby=Price")
    assert found.exit_code == 0, found.output
    assert re.findall(r"P-\d+", found.output) == ["P-101", "P-100"]
    assert "Müller & Söhne" in found.output
    tried = run("kit", "csv", "--cases", "20")
    assert tried.exit_code == 0, tried.output
    assert "Everything holds" in tried.output


@pytest.mark.parametrize(("module", "name"), [("erp_csv", "CsvAdapter"), ("erp_csv_right", "RightAdapter")])
def test_the_adapters_conform(example: Path, module: str, name: str) -> None:
    metadata = load_directory(example / "catalog")
    made = getattr(import_module(module), name)(example / "export", metadata)
    outcomes = check(made, metadata, None, OPTIONS)
    assert sum(outcome.tried for outcome in outcomes if outcome.check == "engine") > 50
    levels = next(o.claims.levels() for o in outcomes if o.check == "conditions" and o.claims)
    assert (levels["exact"] + levels["partly"] > 0) is (name == "RightAdapter")


def test_the_first_try_fails_as_shown(example: Path) -> None:
    metadata = load_directory(example / "catalog")
    made = import_module("erp_csv_eager").EagerAdapter(example / "export", metadata)
    found = failures(list(examine(made, metadata, None, Options(checks=("conditions",)))))
    shown = next(
        content for language, content in blocks(PAGE) if language == "text" and content.startswith("conditions:")
    )
    first = next(failure for failure in found if (failure.subject, failure.operator) == ("Description", "eq"))
    assert str(first).splitlines()[:5] == shown.splitlines()


def test_its_own_tests_pass(example: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": f"{BASE}{os.pathsep}{example}"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_csv.py"]
    found = subprocess.run(command, cwd=example, env=environ, capture_output=True, text=True, check=False, timeout=120)
    assert f"{len(CHECKS) + 1} passed" in found.stdout, found.stdout


# --- kinds of other packages -------------------------------------------------------------------------------------------


def settings(**source: Any) -> Settings:
    return Settings.model_validate({"sources": {"csv": {"url": "export", **source}}})


def test_a_source_may_be_called_like_the_kind(example: Path) -> None:
    assert settings().sources["csv"].kind == "csv"
    assert Settings.model_validate({"sources": {"csv": {"url": "sqlite:///x"}}}).sources["csv"].kind == "sql"


def test_a_kind_that_nobody_brings_is_a_fault(example: Path) -> None:
    with pytest.raises(ValueError, match="must be one of sql, sap, tryton, odata, rest, csv, or be brought"):
        settings(kind="csw")
    with pytest.raises(ValueError, match="must be postgresql://"):
        Settings.model_validate({"sources": {"files": {"url": "export"}}})
    with pytest.raises(ValueError, match="must be a text"):
        settings(kind="csv", url="a\nb")


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("erp_csw:connect", "erp_csw:connect cannot be loaded: ModuleNotFoundError"),
        ("erp_csv:conect", "cannot be loaded: AttributeError"),
        ("erp_csv:PAGE", "is no function"),
    ],
)
def test_a_kind_that_cannot_be_loaded_is_a_fault(example: Path, value: str, word: str) -> None:
    (example / "erp_csv-1.0.0.dist-info" / "entry_points.txt").write_text(f"[{GROUP}]\ncsv = {value}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"sources\.csv\.kind") as caught:
        connect(settings(), "csv", load_directory(example / "catalog"))
    assert word in str(caught.value)


def test_a_package_that_is_gone_is_a_fault(example: Path) -> None:
    configured = settings()
    (example / "erp_csv-1.0.0.dist-info" / "entry_points.txt").write_text("", "utf-8")
    with pytest.raises(ConfigError, match="no installed package brings 'csv'"):
        connect(configured, "csv", load_directory(example / "catalog"))


def test_options_that_are_none_are_faults(example: Path) -> None:
    with pytest.raises(ConfigError, match=r"sources\.csv\.options\.delimiter"):
        connect(settings(options={"delimiter": ";"}), "csv", load_directory(example / "catalog"))
