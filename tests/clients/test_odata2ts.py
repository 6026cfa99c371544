"""odata2ts: a client generated from `$metadata`, type-checked, compiled and run."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import RunNode
from tests.clients.demo import column, latest_due, overdue, where
from tests.serving import DemoRows


@pytest.fixture(scope="module")
def generated(project: Path, root: str) -> Path:
    """The directory of the compiled client."""
    directory = project / "odata2ts"
    arguments = (
        "--source",
        "erp.xml",
        "--refresh-file",
        "--output",
        "build",
        "--mode",
        "service",
        "--emit-mode",
        "ts",
    )
    run(directory, "@odata2ts/odata2ts/lib/run-cli.js", "--source-url", root, *arguments)
    run(directory, "typescript/bin/tsc", "--project", ".")
    return directory


@pytest.fixture(scope="module")
def said(generated: Path, node: RunNode) -> Any:
    return node(str(generated / "out" / "program.js"))


def test_knows_every_set(generated: Path, everything: DemoRows) -> None:
    service = (generated / "build" / "ErpODataService.ts").read_text()
    assert [name for name in everything if f"public {name}()" not in service] == []


def test_filter_order_count_and_page(said: Any, everything: DemoRows) -> None:
    chosen = latest_due(
        row
        for row in everything["Invoices"]
        if row["Status"] == "Open" and (row["GrossAmount"] > 1000 or row["DueDate"].isoformat() < "2025-01-01")
    )
    assert said["filtered"]["@odata.count"] == len(chosen)
    assert column(said["filtered"]["value"], "InvoiceNumber") == column(chosen[1:5], "InvoiceNumber")


def test_nested_options_of_expand(said: Any, everything: DemoRows) -> None:
    rows = said["expanded"]["value"]
    acme = where(everything["Customers"], lambda row: "acme" in row["CustomerName"].lower(), "CustomerNumber")
    assert column(rows, "CustomerNumber") == acme
    for row in rows:
        own = [
            r for r in everything["Invoices"] if r["CustomerNumber"] == row["CustomerNumber"] and r["OpenAmount"] > 0
        ]
        own.sort(key=lambda invoice: invoice["OpenAmount"], reverse=True)
        assert column(row["Invoices"], "InvoiceNumber") == column(own[:2], "InvoiceNumber")


def test_any_and_search(said: Any, everything: DemoRows) -> None:
    assert set(column(said["lambda"]["value"], "CustomerNumber")) == overdue(everything)
    assert column(said["searched"]["value"], "CustomerNumber") == ["C-100001"]


def test_one_and_what_is_related(said: Any, everything: DemoRows) -> None:
    row = everything["Invoices"][0]
    assert said["one"]["Customer"]["CustomerNumber"] == said["related"]["CustomerNumber"] == row["CustomerNumber"]
    expected = where(everything["InvoiceLines"], lambda r: r["InvoiceNumber"] == "INV-100001", "InvoiceLineKey")
    assert column(said["lines"]["value"], "InvoiceLineKey") == expected


def test_groups(said: Any, everything: DemoRows) -> None:
    countries = column(said["grouped"]["value"], "Country")
    assert sorted(countries) == sorted(set(column(everything["Warehouses"], "Country")))


def test_errors(said: Any) -> None:
    assert said["failed"] == [404, "OData server responded with error: There is no Invoices('INV-0')."]


def run(directory: Path, script: str, *arguments: str) -> None:
    """Runs a program of one of the packages."""
    command = ["node", str(directory.parent / "node_modules" / script), *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
