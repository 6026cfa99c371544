"""Timestamps that SQLite holds as text of seconds, as ``CURRENT_TIMESTAMP`` and Python's ``isoformat`` write them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from edm.declare import load_texts
from edm.model import ServiceMetadata
from erp_adapters import sql, sql_mapping
from tests.serving import InProcess, get, serve

TEXTS = {"seconds": "{} {}", "iso": "{}T{}"}
MOMENTS = (
    ("2026-11-23", "08:00:00"),
    ("2026-11-23", "23:59:59"),
    ("2026-11-24", "00:00:00"),
    ("1999-12-31", "12:00:00"),
)


def catalog(form: str, zone: str) -> ServiceMetadata:
    return load_texts({
        "Rows.toml": f"""
entity_set = "Rows"
entity_type = "Row"
label = "Row"
label_plural = "Rows"
description = "Rows."
system_of_record = "ERP"
key = "No"
[properties.No]
type = "String"
max_length = 10
label = "No"
description = "No."
[properties.At]
type = "DateTimeOffset"
label = "At"
description = "At."
[sql]
table = "T"
[sql.columns]
No = "NO"
At = {{ column = "AT", timezone = "{zone}", form = "{form}" }}
"""
    })  # fmt: skip


@pytest.fixture(params=[(form, zone) for form in TEXTS for zone in ("UTC", "Europe/Berlin")], ids="-".join)
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[InProcess]:
    form, zone = request.param
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE T (NO VARCHAR(10) PRIMARY KEY, AT TIMESTAMP)")
        for number, (day, time) in enumerate(MOMENTS):
            connection.exec_driver_sql("INSERT INTO T VALUES (?, ?)", (f"R{number}", TEXTS[form].format(day, time)))
        connection.exec_driver_sql("INSERT INTO T VALUES ('R9', NULL)")
    engine.dispose()
    metadata = catalog(form, zone)
    with closing(sql.connect(url, metadata)) as adapter:
        yield serve(adapter, metadata)


@pytest.mark.parametrize("rows", [("seconds", "UTC"), ("iso", "UTC")], indirect=True, ids="-".join)
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("$filter=At eq 2026-11-23T08:00:00Z", "R0"),
        ("$filter=At ne 2026-11-23T08:00:00Z", "R1 R2 R3 R9"),
        ("$filter=At lt 2026-11-24T00:00:00Z", "R0 R1 R3"),
        ("$filter=At ge 2026-11-23T23:59:59.5Z", "R2"),
        ("$filter=At in (2026-11-24T00:00:00Z,1999-12-31T12:00:00Z)", "R2 R3"),
        ("$filter=At eq null", "R9"),
        ("$orderby=At desc", "R2 R1 R0 R3 R9"),
        ("$orderby=At", "R9 R3 R0 R1 R2"),
        ("$filter=year(At) eq 1999", "R3"),
    ],
)
def test_text_of_seconds_compares_as_points_in_time(rows: InProcess, options: str, expected: str) -> None:
    answer = get(rows, f"Rows?{options}").rows
    assert " ".join(row["No"] for row in answer) == expected


def test_values_are_published_in_utc(rows: InProcess, request: pytest.FixtureRequest) -> None:
    zone = request.node.callspec.params["rows"][1]
    answer = {row["No"]: row["At"] for row in get(rows, "Rows").rows}
    assert answer["R0"] == ("2026-11-23T08:00:00Z" if zone == "UTC" else "2026-11-23T07:00:00Z")
    assert answer["R9"] is None
    first = get(rows, f"Rows?$filter=At eq {answer['R0']}&$orderby=At").rows
    assert [row["No"] for row in first] == ["R0"]


def test_text_of_another_form_is_a_broken_contract(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE T (NO VARCHAR(10) PRIMARY KEY, AT TIMESTAMP)")
        connection.exec_driver_sql("INSERT INTO T VALUES ('R1', '2026-11-23 8:00')")
    engine.dispose()
    metadata = catalog("seconds", "UTC")
    with closing(sql.connect(url, metadata)) as adapter:
        assert get(serve(adapter, metadata), "Rows").error["code"] == "erp_contract"


@pytest.mark.parametrize(("line", "fault"), [('form = "minutes"', "form"), ("form = 1", "form")])
def test_an_unknown_form_is_a_fault(line: str, fault: str) -> None:
    import tomllib

    given = tomllib.loads(f'timezone = "UTC"\n{line}\ncolumn = "AT"')
    metadata = catalog("seconds", "UTC")
    rows = metadata["Rows"]
    section = {**rows.sources["sql"], "columns": {"No": "NO", "At": given}}
    from dataclasses import replace

    _, faults = sql_mapping.parse(replace(rows, sources={"sql": section}))
    assert any(fault in message for _, message in faults)
