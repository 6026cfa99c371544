"""What the doctor finds in databases: nothing in healthy ones, each check on one that is wrong in just that."""

from collections.abc import Sequence
from contextlib import closing

import pytest
from sqlalchemy import make_url

from erp_adapters import sql
from erp_adapters.base import Finding, Level, Session
from erp_adapters.sql_doctor_postgresql import _pooled
from tests.doctor.small import changed, create, examined, execute, found, metadata, problems
from tests.servers import PostgresServer


def texts(findings: Sequence[Finding]) -> str:
    return "\n".join(f"{f.level.name} {f.where}: {f.what} -> {f.fix}" for f in findings)


def test_a_healthy_database_has_no_findings(either: str) -> None:
    assert problems(either) == {}


def test_every_check_was_run(either: str) -> None:
    with examined(either) as outcomes:
        assert [o.check.id for o in outcomes if o.skipped] == []
        described = [o.describes for o in outcomes if o.describes]
    assert described[0].startswith(("PostgreSQL 1", "SQLite 3"))


@pytest.mark.postgres
def test_the_demo_as_a_reader_has_no_failures(demo_postgres_copy: str, postgres_server: PostgresServer) -> None:
    from tests.serving import demo_metadata

    execute(
        demo_postgres_copy,
        "CREATE ROLE demo_doctor LOGIN",
        'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "demo_doctor"',
    )
    try:
        url = make_url(demo_postgres_copy).set(username="demo_doctor").render_as_string(hide_password=False)
        with examined(url, demo_metadata()) as outcomes:
            levels = {o.check.id: o.level for o in outcomes if o.source}
        assert {level for level in levels.values() if level is not None} <= {Level.NOTE}, [
            (f.where, f.what, f.fix) for o in outcomes if o.source for f in o.findings
        ]
    finally:
        execute(demo_postgres_copy, 'DROP OWNED BY "demo_doctor"', "DROP ROLE demo_doctor")


# --- the role, the session, the server --------------------------------------------------------------------------------


def test_a_superuser(admin_url: str) -> None:
    (finding,) = found(admin_url, "read-only")
    assert finding.level is Level.FAILURE
    assert "superuser" in finding.what


def test_rights_to_write_and_the_remedy(url: str, admin_url: str, reader: str) -> None:
    execute(admin_url, f'GRANT UPDATE, DELETE ON "ORDERHD" TO {reader}')
    (finding,) = found(url, "read-only")
    assert finding.where == "ORDERHD"
    assert finding.what == f"the role {reader} may UPDATE, DELETE"
    execute(admin_url, finding.fix.partition(";")[0])
    assert found(url, "read-only") == []


def test_an_owner(url: str, admin_url: str, reader: str) -> None:
    execute(admin_url, f'ALTER TABLE "ORDERHD" OWNER TO {reader}')
    (finding,) = found(url, "read-only")
    assert "owns it" in finding.what


def test_a_role_that_makes_databases(url: str, admin_url: str, reader: str) -> None:
    execute(admin_url, f"ALTER ROLE {reader} CREATEDB")
    (finding,) = found(url, "read-only")
    assert finding.level is Level.WARNING
    execute(admin_url, finding.fix)
    assert found(url, "read-only") == []


def test_limits_that_got_lost(url: str) -> None:
    lost = ["SET statement_timeout = 0", "SET default_transaction_read_only = off", "SET lock_timeout = 0"]
    said = texts(found(url, "timeouts", database_session=lost))
    assert "statement_timeout is off" in said
    assert "lock_timeout is off" in said
    assert "opened read-only, and it is not" in said


def test_a_statement_that_nobody_ends(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from erp_adapters import sql_doctor

    monkeypatch.setattr(sql_doctor, "_PATIENCE", 0.2)
    assert "ended after" in texts(found(url, "timeouts"))


def test_a_pooler_that_shares_sessions() -> None:
    """As it shows: statements of one connection in several processes."""
    (finding,) = _pooled([11, 11, 12, 11], None, None)
    assert finding.level is Level.FAILURE
    (finding,) = _pooled([11, 11, 11], 5432, 6432)
    assert finding.level is Level.NOTE
    assert list(_pooled([11, 11, 11], 5432, None)) == []


def test_too_few_connections(url: str, admin_url: str, reader: str) -> None:
    execute(admin_url, f"ALTER ROLE {reader} CONNECTION LIMIT 5")
    said = texts(found(url, "connections", pool_size=4, workers=2))
    assert "pool_size x workers is 8, but the limit of the role" in said
    assert "leaves 5" in said
    assert "max_connections" in texts(found(url, "connections", pool_size=200, workers=4))


@pytest.mark.parametrize(
    ("offset", "level", "words"), [("5 min", Level.FAILURE, "ahead"), ("-9 s", Level.WARNING, "behind")]
)
def test_a_clock_that_is_wrong(url: str, admin_url: str, reader: str, offset: str, level: Level, words: str) -> None:
    execute(
        admin_url,
        "CREATE SCHEMA wrong",
        "CREATE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
        f" $$ SELECT pg_catalog.clock_timestamp() + interval '{offset}' $$",
        f"GRANT USAGE ON SCHEMA wrong TO {reader}",
    )
    (finding,) = found(url, "clock", database_session=["SET search_path TO wrong, pg_catalog, public"])
    assert finding.level is level
    assert words in finding.what


@pytest.mark.parametrize(("encoding", "level"), [("SQL_ASCII", Level.FAILURE), ("LATIN1", Level.NOTE)])
def test_encodings(postgres_server: PostgresServer, encoding: str, level: Level) -> None:
    name = f"t_{encoding.lower()}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    try:
        assert [f.level for f in found(create(postgres_server.url(name)), "encoding")] == [level]
    finally:
        postgres_server.drop_database(name)


def test_a_database_that_is_away() -> None:
    with examined("postgresql://u:canary-password@127.0.0.1:1/erp") as outcomes:
        own = [o for o in outcomes if o.source]
    assert own[0].check.id == "reachable"
    assert own[0].level is Level.FAILURE
    assert "canary" not in str(own)
    assert {o.skipped for o in own[1:]} == {"the source cannot be reached"}


# --- columns and rows -------------------------------------------------------------------------------------------------


def test_a_column_that_is_gone(url: str, admin_url: str) -> None:
    """What is left is looked at all the same."""
    execute(
        admin_url, 'ALTER TABLE "ORDERHD" RENAME COLUMN "TXT" TO "TEXT"', "INSERT INTO \"PARTNER\" VALUES ('P-9', 'XX')"
    )
    found_ = problems(url)
    assert found_ == {
        "columns": ["the table ORDERHD has no column TXT"],
        "facets": ["none of the allowed values: 'XX' (1 of 11 rows)"],
    }


def test_a_table_that_may_not_be_read(url: str, admin_url: str, reader: str) -> None:
    execute(admin_url, f'REVOKE SELECT ON "ORDERHD" FROM {reader}')
    assert problems(url) == {"values": ["permission denied for table ORDERHD"]}


def test_types_that_do_not_fit(url: str, admin_url: str) -> None:
    execute(
        admin_url,
        'ALTER TABLE "ORDERHD" ALTER COLUMN "AMT" TYPE double precision',
        'ALTER TABLE "ORDERHD" ALTER COLUMN "TXT" TYPE varchar(90)',
        'ALTER TABLE "PARTNER" ALTER COLUMN "CTRY" TYPE date USING NULL',
    )
    said = texts(found(url, "types", changed(('{ column = "CHG", timezone = "UTC" }', '"CHG"'))))
    assert "WARNING Orders/Amount: ORDERHD.AMT is a float" in said
    assert "NOTE Orders/Text: ORDERHD.TXT takes 90 characters, but max_length is 20" in said
    assert "FAILURE Partners/Country: is String, but PARTNER.CTRY is declared as date" in said
    assert "WARNING Orders/ChangedAt: ORDERHD.CHG has no time zone" in said


def test_columns_that_codecs_cannot_read(url: str, admin_url: str) -> None:
    execute(admin_url, 'ALTER TABLE "ORDERHD" ALTER "DUE" TYPE date USING NULL, ALTER "CHG" TYPE timestamptz')
    said = texts(found(url, "types"))
    assert "FAILURE Orders/DueDate: is Date, but ORDERHD.DUE is declared as date" in said
    assert "FAILURE Orders/ChangedAt: is DateTimeOffset, but ORDERHD.CHG is declared as timestamp with" in said


def test_more_decimals_than_the_model_has(url: str, admin_url: str) -> None:
    execute(admin_url, 'ALTER TABLE "ORDERHD" ALTER COLUMN "AMT" TYPE numeric(12,4)')
    assert "ORDERHD.AMT has 4 decimals, but the property's scale is 2" in texts(found(url, "types"))


def test_values_that_cannot_be_read(either: str, admin_url: str) -> None:
    """The first of them, and of which row; what can be read is looked at."""
    execute(
        owner(either, admin_url),
        'UPDATE "ORDERHD" SET "DUE" = 20261399, "TXT" = \'0123456789012345678\' WHERE "ONO" = \'O-0017\'',
    )
    (finding,) = found(either, "values")
    assert finding.where == "Orders/DueDate"
    assert "20261399" in finding.what
    assert finding.what.endswith("OrderNumber 'O-0017'")
    assert found(either, "facets") == []


@pytest.mark.parametrize("value", ["1.125", "12345678.5"])
def test_numbers_with_more_digits_than_the_model_has(url: str, admin_url: str, value: str) -> None:
    execute(admin_url, 'ALTER TABLE "ORDERHD" ALTER "AMT" TYPE numeric', f'UPDATE "ORDERHD" SET "AMT" = {value}')
    (finding,) = found(url, "values")
    assert finding.where == "Orders/Amount"
    assert value in finding.what


def owner(url: str, admin_url: str) -> str:
    return url if url.startswith("sqlite") else admin_url


@pytest.mark.parametrize(
    ("statement", "level", "what", "fix"),
    [
        ('UPDATE "ORDERHD" SET "TXT" = \'{22}\'', Level.FAILURE, "longer than max_length = 20", "max_length = 22"),
        ('UPDATE "ORDERHD" SET "AMT" = -1', Level.WARNING, "less than minimum = 0", "minimum = -1"),
        ('UPDATE "PARTNER" SET "CTRY" = \'FR\'', Level.WARNING, "none of the allowed values: 'FR'", "FR"),
        ('UPDATE "ORDERHD" SET "CHG" = \'2026-01-01 00:00:00.250000\'', Level.NOTE, "digits of a second", "precision = 2"),
        ('UPDATE "PARTNER" SET "PNO" = \'P/\' || substr("PNO", 4)', Level.WARNING, "a key with characters", "fragile"),
    ],
)  # fmt: skip
def test_promises_that_values_do_not_keep(
    either: str, admin_url: str, statement: str, level: Level, what: str, fix: str
) -> None:
    changes = [statement.replace("{22}", "x" * 22)]
    if not either.startswith("sqlite"):
        changes.insert(
            0, 'ALTER TABLE "ORDERHD" ALTER "TXT" TYPE text, ALTER "AMT" TYPE numeric, ALTER "CHG" TYPE timestamp'
        )
    execute(owner(either, admin_url), *changes)
    findings = [f for f in found(either, "facets") if what in f.what]
    assert [f.level for f in findings] == [level], texts(found(either, "facets"))
    assert fix in findings[0].fix


# --- keys -------------------------------------------------------------------------------------------------------------


def test_no_constraint_keeps_the_key_unique_and_the_remedy(url: str, admin_url: str) -> None:
    execute(admin_url, 'ALTER TABLE "ORDERHD" DROP CONSTRAINT "ORDERHD_pkey"')
    (finding,) = found(url, "key")
    assert (finding.level, finding.where) == (Level.WARNING, "Orders")
    assert finding.fix == 'CREATE UNIQUE INDEX CONCURRENTLY "erp_odata_orderhd_ono_key" ON "ORDERHD" ("ONO");'
    execute(admin_url, 'CREATE UNIQUE INDEX ON "ORDERHD" ("ONO") WHERE "AMT" > 0')
    assert found(url, "key"), "an index over some rows proves nothing"
    execute(admin_url, finding.fix)
    assert found(url, "key") == []


def test_keys_that_repeat_and_keys_that_are_null(url: str, admin_url: str) -> None:
    execute(
        admin_url,
        'ALTER TABLE "ORDERHD" DROP CONSTRAINT "ORDERHD_pkey", ALTER "ONO" DROP NOT NULL',
        'INSERT INTO "ORDERHD" SELECT * FROM "ORDERHD" WHERE "ONO" = \'O-0003\'',
        "INSERT INTO \"ORDERHD\" (\"PNO\") VALUES ('P-0001'), ('P-0001')",
    )
    said = texts(found(url, "key"))
    assert "FAILURE Orders: the key 'O-0003' stands for 2 rows" in said
    assert "WARNING Orders: ONO is null in 2 rows of ORDERHD, which are left out" in said


def test_a_view_has_no_constraints(url: str, admin_url: str, reader: str) -> None:
    """Then the rows tell alone."""
    view = 'CREATE VIEW "ORDERHD" AS SELECT * FROM "BASE"'
    execute(admin_url, 'ALTER TABLE "ORDERHD" RENAME TO "BASE"', view, f'GRANT SELECT ON "ORDERHD" TO {reader}')
    assert found(url, "key") == []
    execute(admin_url, f'CREATE OR REPLACE {view[7:]} UNION ALL SELECT * FROM "BASE" WHERE "ONO" = \'O-0003\'')
    assert "the key 'O-0003' stands for 2 rows" in texts(found(url, "key"))


def test_a_join_that_multiplies_rows(url: str, admin_url: str) -> None:
    execute(
        admin_url,
        'ALTER TABLE "PARTNER" DROP CONSTRAINT "PARTNER_pkey"',
        'INSERT INTO "PARTNER" SELECT * FROM "PARTNER" WHERE "PNO" = \'P-0002\'',
    )
    said = texts([f for f in found(url, "key") if f.where == "Orders"])
    assert said.startswith("FAILURE Orders: a join finds several rows for one: the key 'O-0001' stands for 2 ->")


def test_foreign_keys_that_lead_nowhere(either: str, admin_url: str) -> None:
    execute(owner(either, admin_url), 'DELETE FROM "PARTNER" WHERE "PNO" = \'P-0002\'')
    (finding,) = found(either, "references")
    assert finding.where == "Orders/PartnerNumber"
    assert finding.what == "1 of 10 values lead to none of Partners, such as 'P-0002'"


# --- indexes and sizes ------------------------------------------------------------------------------------------------


def many(url: str, orders: int = 3_000) -> None:
    """Enough rows for indexes to matter."""
    execute(url, 'DROP TABLE "PARTNER"', 'DROP TABLE "ORDERHD"')
    create(url, partners=1_500, orders=orders)


@pytest.fixture
def large_sqlite(sqlite: str) -> tuple[str, str]:
    many(sqlite)
    return sqlite, sqlite


@pytest.fixture
def large_postgres(url: str, admin_url: str, reader: str) -> tuple[str, str]:
    many(admin_url)
    execute(admin_url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
    return url, admin_url


@pytest.fixture(params=["large_sqlite", "large_postgres"])
def large(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The reader's and the owner's URL of a database with enough rows."""
    found: tuple[str, str] = request.getfixturevalue(request.param)
    return found


def test_indexes_that_are_there(large: tuple[str, str]) -> None:
    assert texts(found(large[0], "indexes")) == ""


@pytest.mark.parametrize(
    ("before", "what"),
    [
        (['DROP INDEX "ORDERHD_01"'], "Orders of one of Partners, by PartnerNumber"),
        (["PK"], "a row by its key"),
        (['DROP INDEX "ORDERHD_01"', "PK", 'ALTER TABLE "ORDERHD" ADD "X" INTEGER'], "a page in the order of the key"),
    ],
)
def test_indexes_that_are_missing_and_the_remedy(large: tuple[str, str], before: list[str], what: str) -> None:
    """What is printed is made, and then nothing is found any more."""
    url, admin = large
    if "PK" in before and url.startswith("sqlite"):
        execute(
            admin,
            'CREATE TABLE "COPY" AS SELECT * FROM "ORDERHD"',
            'DROP TABLE "ORDERHD"',
            'ALTER TABLE "COPY" RENAME TO "ORDERHD"',
        )
        before = []
    without = 'ALTER TABLE "ORDERHD" DROP CONSTRAINT "ORDERHD_pkey"'
    execute(admin, *(statement.replace("PK", without) if statement == "PK" else statement for statement in before))
    findings = found(url, "indexes")
    assert any(f"no index serves {what}" in f.what for f in findings), texts(findings)
    assert {f.level for f in findings} == {Level.WARNING}
    for finding in findings:
        execute(admin, finding.fix)
    assert texts(found(url, "indexes")) == ""


def test_texts_in_an_order_that_is_not_ours(large_postgres: tuple[str, str]) -> None:
    """The collation of the database serves equality; the order of OData needs an index of its own."""
    url, admin = large_postgres
    execute(
        admin,
        'ALTER TABLE "ORDERHD" ALTER "ONO" TYPE varchar(8) COLLATE "default", ALTER "PNO" DROP NOT NULL',
        "ANALYZE",
    )
    (finding,) = found(url, "indexes")
    assert "a page in the order of the key" in finding.what
    assert '"ONO" COLLATE "C"' in finding.fix
    execute(admin, finding.fix)
    assert texts(found(url, "indexes")) == ""


def test_joins_without_an_index(large_postgres: tuple[str, str]) -> None:
    """SQLite makes such an index by itself, for each statement."""
    url, admin = large_postgres
    execute(admin, 'ALTER TABLE "PARTNER" DROP CONSTRAINT "PARTNER_pkey"')
    findings = [f for f in found(url, "indexes") if f.where == "Orders"]
    assert texts(findings).startswith("WARNING Orders: no index finds the row of the join p -> CREATE INDEX")
    execute(admin, *dict.fromkeys(finding.fix for finding in found(url, "indexes")))
    assert texts(found(url, "indexes")) == ""


def test_changes_without_an_index_and_the_remedy(large: tuple[str, str]) -> None:
    url, admin = large
    model = changed(('key = "OrderNumber"', 'key = "OrderNumber"\nchanged = "ChangedAt"'))
    (finding,) = found(url, "indexes", model)
    assert "what changed since a time, by ChangedAt" in finding.what
    execute(admin, finding.fix)
    assert texts(found(url, "indexes", model)) == ""


def test_a_large_table_makes_it_a_failure_and_lists_by_date_a_note(url: str, admin_url: str, reader: str) -> None:
    execute(
        admin_url,
        'DROP INDEX "ORDERHD_01"',
        "INSERT INTO \"ORDERHD\" SELECT 'X' || i, 'P-0001', 't', 1, 20260101, NULL FROM generate_series(1, 100000) i",
        "ANALYZE",
    )
    by_level = {f.what.partition(" (")[0]: f for f in found(url, "indexes")}
    missing = by_level["no index serves Orders of one of Partners, by PartnerNumber"]
    assert missing.level is Level.FAILURE
    newest = by_level["no index serves a list with the newest DueDate first"]
    assert newest.level is Level.NOTE
    execute(admin_url, newest.fix, missing.fix)
    assert not {"DueDate", "PartnerNumber"} & {word for f in found(url, "indexes") for word in f.what.split()}


def test_pages_that_do_not_fit(either: str) -> None:
    (finding,) = [f for f in found(either, "page-size", max_response=20_000) if f.where == "Orders"]
    assert finding.level is Level.NOTE
    assert "max_response" in finding.what
    assert found(either, "page-size") == []


def test_what_the_budget_does_not_allow(either: str) -> None:
    zoned = changed(('timezone = "UTC"', 'timezone = "Europe/Berlin"'))
    (finding,) = found(either, "budget", zoned, scan_budget=20)
    assert (
        finding.what
        == "an order by ChangedAt would read every row, and is refused (more than 20 rows, which is scan_budget)"
    )
    assert found(either, "budget", zoned, scan_budget=30) == []


def test_no_password_is_described(url: str) -> None:
    named = make_url(url).set(password="canary-password").render_as_string(hide_password=False)
    with closing(sql.connect(named, metadata())) as adapter:
        assert "canary" not in adapter.describe(Session())
