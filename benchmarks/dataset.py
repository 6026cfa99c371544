"""The data that are asked for: customers, invoices and lines of a middling company, the same in every run.

PostgreSQL makes them itself, in seconds, and vacuums them once: not while somebody measures. Column values follow from
the row's number, so that questions can name keys, words and days that exist without asking for them first.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import NullPool, create_engine, text

CUSTOMERS = 5_000
LINES_PER_INVOICE = 3
#: Invoices are spread over five years from here.
FIRST_DAY, DAYS = date(2021, 1, 1), 1_826
STATUSES = ("Open", "PartiallyPaid", "Cancelled", "Paid")
#: Words that customers' references are made of.
PLACES = ("hall", "plant", "depot", "site", "store", "yard", "dock")
REPRESENTATIVES = ("Ada Moreau", "Bela Novak", "Chidi Okafor", "Dana Silva", "Emil Larsen", "Fumiko Sato", "Gus Weber")

_TABLES = """
CREATE TABLE customers (
    customer_number varchar(8) PRIMARY KEY, name varchar(60) NOT NULL, status varchar(10) NOT NULL,
    street varchar(60), postal_code varchar(10), city varchar(40), country varchar(2) NOT NULL,
    currency varchar(3) NOT NULL, credit_limit numeric(15, 2), balance numeric(15, 2) NOT NULL,
    customer_since date, changed_at timestamptz NOT NULL
) WITH (autovacuum_enabled = false);
CREATE TABLE invoices (
    invoice_number varchar(11) PRIMARY KEY, invoice_type varchar(10) NOT NULL, status varchar(13) NOT NULL,
    customer_number varchar(8) NOT NULL, reference varchar(40), sales_order varchar(11), sales_rep varchar(40),
    company varchar(3) NOT NULL, invoice_date date NOT NULL, posting_date date NOT NULL, due_date date,
    currency varchar(3) NOT NULL, net_amount numeric(15, 2) NOT NULL, tax_amount numeric(15, 2) NOT NULL,
    gross_amount numeric(15, 2) NOT NULL, open_amount numeric(15, 2) NOT NULL, payment_terms varchar(40),
    dunning_level smallint NOT NULL, dispute_reason varchar(20), note varchar(120),
    created_at timestamptz NOT NULL, changed_at timestamptz NOT NULL
) WITH (autovacuum_enabled = false);
CREATE TABLE invoice_lines (
    invoice_number varchar(11) NOT NULL, line_number integer NOT NULL, item_number varchar(12),
    description varchar(80), quantity numeric(15, 3), unit varchar(3), unit_price numeric(15, 4),
    net_amount numeric(15, 2) NOT NULL, tax_rate numeric(5, 2), delivery_date date, currency varchar(3) NOT NULL,
    PRIMARY KEY (invoice_number, line_number)
) WITH (autovacuum_enabled = false);
"""
_INDEXES = """
CREATE INDEX invoices_of_customer ON invoices (customer_number, invoice_date);
CREATE INDEX invoices_by_status ON invoices (status, invoice_date);
CREATE INDEX invoices_by_date ON invoices (invoice_date);
"""
_CUSTOMERS = """
INSERT INTO customers
SELECT 'C-' || lpad(n::text, 6, '0'), 'Pump & Valve Works ' || n, CASE WHEN n % 20 = 0 THEN 'Blocked' ELSE 'Active' END,
       (n % 190 + 1) || ' Harbour Road', lpad((n * 37 % 100000)::text, 5, '0'),
       (ARRAY['Aarhus', 'Bergen', 'Córdoba', 'Dresden', 'Évora', 'Fukuoka'])[n % 6 + 1],
       (ARRAY['DK', 'NO', 'ES', 'DE', 'PT', 'JP'])[n % 6 + 1], 'EUR',
       CASE WHEN n % 7 > 0 THEN (n % 90 + 10) * 1000 END, (n * 7919 % 5000000) / 100.0,
       date '2001-01-01' + n, timestamptz '2025-11-01 06:00:00+00' + n * interval '61 seconds'
FROM generate_series(1, :customers) AS n
"""
_INVOICES = """
INSERT INTO invoices
SELECT 'INV-' || lpad(n::text, 7, '0'), CASE WHEN n % 25 = 0 THEN 'CreditMemo' ELSE 'Invoice' END,
       CASE WHEN kind < 15 THEN 'Open' WHEN kind < 20 THEN 'PartiallyPaid' WHEN kind < 24 THEN 'Cancelled'
            ELSE 'Paid' END,
       'C-' || lpad((n::bigint * 4801 % :customers + 1)::text, 6, '0'),
       'PO ' || 4500000000 + n || ' ' || (CAST(:places AS text[]))[n / 7 % 7 + 1] || ' ' || n % 40,
       'SO-' || lpad((n / 2 + 1)::text, 8, '0'), (CAST(:representatives AS text[]))[n / 11 % 7 + 1],
       (ARRAY['100', '200', '300'])[n % 3 + 1], day, day, CASE WHEN n % 50 > 0 THEN day + 30 END, 'EUR',
       net, round(net * 0.2, 2), net + round(net * 0.2, 2),
       CASE WHEN kind < 15 THEN net + round(net * 0.2, 2) WHEN kind < 20 THEN round(net / 3, 2) ELSE 0 END,
       (ARRAY['30 days net', '14 days 2%, 30 days net', 'due at once'])[n % 3 + 1],
       CASE WHEN kind < 15 THEN n % 4 ELSE 0 END,
       CASE WHEN n % 60 = 0 THEN 'PriceDifference' END,
       CASE WHEN n % 5 = 0 THEN 'Delivered in ' || n % 9 + 1 || ' parcels' END,
       day + interval '9 hours' + n % 30000 * interval '1 second',
       day + interval '20 days' + n % 80000 * interval '1 second'
FROM (SELECT n, n::bigint * 7919 % 100 AS kind,
             date '2021-01-01' + (n::bigint * (:days - 20) / :invoices)::integer + n % 20 AS day,
             CASE WHEN n % 25 = 0 THEN -1 ELSE 1 END * (n::bigint * 104729 % 9000000 + 1000) / 100.0 AS net
      FROM generate_series(1, :invoices) AS n) AS made
"""
_LINES = """
INSERT INTO invoice_lines
SELECT 'INV-' || lpad(n::text, 7, '0'), l, 'BE-' || lpad((n::bigint * 31 + l) % 20000 || '', 5, '0'),
       CASE WHEN (n + l) % 40 > 0 THEN 'Ball bearing "' || (n + l) % 90 + 10 || ' mm", sealed, type ' || n % 700 END,
       quantity, (ARRAY['PC', 'M', 'KG'])[n % 3 + 1], price, round(quantity * price, 2),
       (ARRAY[20, 10, 5.5])[l % 3 + 1], day + l, 'EUR'
FROM (SELECT n, l, (n::bigint * 13 + l * 7) % 9000 / 8.0 AS quantity,
             (n::bigint * 17 + l * 3) % 700000 / 1000.0 + 1 AS price,
             date '2021-01-01' + (n::bigint * (:days - 20) / :invoices)::integer + n % 20 AS day
      FROM generate_series(1, :invoices) AS n, generate_series(1, :lines) AS l) AS made
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything."""

    invoices: int = 200_000
    customers: int = CUSTOMERS

    @property
    def lines(self) -> int:
        return self.invoices * LINES_PER_INVOICE


FULL, SMALL = Size(), Size(invoices=12_000, customers=300)


def fill(url: str, size: Size) -> None:
    """Makes the tables in an empty database."""
    values = {
        "customers": size.customers,
        "invoices": size.invoices,
        "lines": LINES_PER_INVOICE,
        "days": DAYS,
        "places": list(PLACES),
        "representatives": list(REPRESENTATIVES),
    }
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SET timezone = 'UTC'"))
        for statement in (_TABLES, _CUSTOMERS, _INVOICES, _LINES, _INDEXES, "VACUUM (ANALYZE)"):
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), given)
    engine.dispose()


def invoice_number(number: int) -> str:
    return f"INV-{number:07}"


def customer_number(number: int) -> str:
    return f"C-{number:06}"


def day(number: int) -> date:
    """A day within the five years."""
    return FIRST_DAY + timedelta(days=number % DAYS)
