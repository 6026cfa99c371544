"""The demo ERP reconciles, holds every oddity that the service must survive, and is the same on every run.

Each reconciliation is plain SQL that finds the rows which break it, so it says nothing by way of the generator.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from fixtures.demo_erp.generate import Rows, digest, generate
from fixtures.demo_erp.load import VERSION, NotTheDemoError, create, is_current
from fixtures.demo_erp.schema import METADATA, STAMP_TABLE

DIGEST = "61f602645fe53d624d789c2eb136d89b420f0e999f9795409b04185d24a8e572"
TABLES = "b9ba62327080"

COUNTS = {
    "OCUSMA": 500, "OITMAS": 2_000, "OWHLOC": 5, "OITBAL": 10_000, "OOHEAD": 3_000, "OINVHD": 5_000,
    "OASSET": 1_500,
}  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite"
    create(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def erp(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def tables() -> dict[str, Rows]:
    return generate()


RECONCILIATIONS = {
    # ------------------------------------------------------------------------------------ invoices
    "gross is net plus tax": "SELECT IVNO FROM OINVHD WHERE GRAM <> NTAM + TXAM",
    "lines add up to the header": """
        SELECT IVNO FROM OINVHD h WHERE (NTAM, TXAM) IS NOT
               (SELECT sum(LNAM), sum(VTAM) FROM OINVLN l WHERE l.IVNO = h.IVNO)""",
    "tax lines add up to the tax": """
        SELECT IVNO FROM OINVHD h WHERE TXAM <> (SELECT sum(TXAM) FROM OINVTX t WHERE t.IVNO = h.IVNO)""",
    "tax lines are the lines by code": """
        SELECT * FROM OINVTX t WHERE (BASE, TXAM) IS NOT
               (SELECT sum(LNAM), sum(VTAM) FROM OINVLN l WHERE (l.IVNO, VTCD, VTRT) = (t.IVNO, t.VTCD, t.VTRT))""",
    "text lines are worth nothing": """
        SELECT * FROM OINVLN WHERE LNTY = '2' AND (LNAM <> 0 OR VTAM <> 0 OR IVQT IS NOT NULL OR LTXT IS NULL)""",
    "a line is quantity times price less discount": """
        SELECT l.* FROM OINVLN l JOIN OINVHD USING (IVNO) WHERE LNTY <> '2' AND abs(LNAM) < 1000000000000
        AND abs(LNAM - IVQT * SAPR / 100000.0 * (10000 - DIPC) / 10000) > (CASE CUCD WHEN 'JPY' THEN 51 ELSE 0.51 END)""",
    "open is gross less what is cleared": """
        SELECT IVNO FROM OINVHD h WHERE IVST NOT IN ('10', '90') AND OPAM <> GRAM -
               (SELECT coalesce(sum(ALAM + DSAM), 0) FROM OPAYAL a WHERE a.IVNO = h.IVNO AND ALST = '50')""",
    "nothing is cleared on drafts and cancelled documents": """
        SELECT * FROM OPAYAL JOIN OINVHD USING (IVNO) WHERE IVST IN ('10', '90')""",
    "open has the sign of gross and is no larger": """
        SELECT IVNO FROM OINVHD WHERE abs(OPAM) > abs(GRAM) OR OPAM * 1.0 * GRAM < 0""",
    "open is 0 exactly if paid, cancelled or draft": """
        SELECT IVNO FROM OINVHD WHERE (OPAM = 0) <> (IVST IN ('10', '80', '90'))""",
    "partially paid means less open than gross": """
        SELECT IVNO FROM OINVHD WHERE (IVST = '50') <> (OPAM NOT IN (0, GRAM))""",
    "a closed document says when": """
        SELECT IVNO FROM OINVHD WHERE (IVST IN ('80', '90')) <> (CLDT > 0)""",
    "progress is the pending allocations and not more than open": """
        SELECT IVNO FROM OINVHD h WHERE abs(PIAM) > abs(OPAM) OR PIAM <>
               (SELECT coalesce(sum(ALAM), 0) FROM OPAYAL a WHERE a.IVNO = h.IVNO AND ALST = '10')""",
    "credit memos and cancellations are negative": """
        SELECT IVNO FROM OINVHD WHERE (IVTY = '01' AND GRAM < 0) OR (IVTY <> '01' AND GRAM >= 0)""",
    "a cancellation is the negative of a cancelled invoice": """
        SELECT c.IVNO FROM OINVHD c LEFT JOIN OINVHD o ON o.IVNO = c.RFIV WHERE c.IVTY = '09'
        AND (o.IVST IS NOT '90' OR o.GRAM <> -c.GRAM OR o.NTAM <> -c.NTAM OR o.CUNO <> c.CUNO)""",
    "each cancelled invoice has one cancellation": """
        SELECT IVNO FROM OINVHD o WHERE IVTY = '01' AND IVST = '90' AND 1 <>
               (SELECT count(*) FROM OINVHD c WHERE c.RFIV = o.IVNO AND c.IVTY = '09')""",
    "a credit memo credits an earlier invoice and no more than that": """
        SELECT c.IVNO FROM OINVHD c JOIN OINVHD o ON o.IVNO = c.RFIV
        WHERE c.IVTY = '02' AND (-c.GRAM > o.GRAM OR o.IVDT > c.IVDT OR o.CUNO <> c.CUNO OR o.IVTY <> '01')""",
    "due is never before the invoice": "SELECT IVNO FROM OINVHD WHERE DUDT < IVDT",
    "drafts have no dates and all others have": """
        SELECT IVNO FROM OINVHD WHERE (IVST = '10') <> (IVDT = 0) OR (IVDT = 0) <> (DUDT = 0 AND PSDT = 0)
        OR (IVDT = 0) <> (JRNO IS NULL)""",
    "overdue means open and past due": """
        SELECT IVNO FROM OINVHD WHERE (OVDD > 0) <> (OPAM > 0 AND DUDT BETWEEN 1 AND 20261119) OR OVDD < 0
        OR (DNLV > 0 AND OVDD < 15) OR (DNLV > 0) <> (DNDT > 0)""",
    "company amounts are converted at the document's rate": """
        SELECT IVNO FROM OINVHD WHERE abs(GRAC - GRAM * 1.0 * EXRT / 1000000) > 0.51 AND abs(GRAM) < 1000000000000
        OR (CUCD = 'EUR' AND (GRAC <> GRAM OR OPAC <> OPAM))""",
    "documents are in the customer's currency": """
        SELECT IVNO FROM OINVHD h JOIN OCUSMA c USING (CUNO) WHERE h.CUCD <> c.CUCD
        UNION ALL SELECT ORNO FROM OOHEAD h JOIN OCUSMA c USING (CUNO) WHERE h.CUCD <> c.CUCD
        UNION ALL SELECT PYNO FROM OPAYMT h JOIN OCUSMA c USING (CUNO) WHERE h.CUCD <> c.CUCD""",
    # ------------------------------------------------------------------------------------ payments
    "a payment is what it allocates and what is left": """
        SELECT PYNO FROM OPAYMT p WHERE AMNT <> UNAM +
               (SELECT coalesce(sum(ALAM), 0) FROM OPAYAL a WHERE a.PYNO = p.PYNO)""",
    "only good payments clear": """
        SELECT * FROM OPAYAL JOIN OPAYMT USING (PYNO) WHERE ALST <>
               CASE PYST WHEN '50' THEN '50' WHEN '80' THEN '90' WHEN '90' THEN '90' ELSE '10' END""",
    "a payment clears documents of its customer": """
        SELECT a.PYNO FROM OPAYAL a JOIN OPAYMT p USING (PYNO) JOIN OINVHD i USING (IVNO) WHERE p.CUNO <> i.CUNO""",
    "refunds alone are negative": "SELECT PYNO FROM OPAYMT WHERE (PYTY = '2') <> (AMNT < 0) OR AMNT = 0",
    "what closed an invoice is its last payment": """
        SELECT IVNO FROM OINVHD h WHERE IVST = '80' AND GRAM <> 0 AND CLDC IS NOT
               (SELECT max(PYNO) FROM OPAYAL a WHERE a.IVNO = h.IVNO AND ALST = '50')""",
    # ------------------------------------------------------------------------------ orders, shipments
    "order lines that are not rejected add up to the order": """
        SELECT ORNO FROM OOHEAD h WHERE GRAM <> NTAM + TXAM OR (NTAM, TXAM, OPAM) IS NOT
               (SELECT coalesce(sum(LNAM), 0), coalesce(sum(VTAM), 0), coalesce(sum(OPAM), 0)
                FROM OOLINE l WHERE l.ORNO = h.ORNO AND RJCD IS NULL)""",
    "shipped is what outbound shipments that left say": """
        SELECT * FROM OOLINE o WHERE DLQT <> (SELECT coalesce(sum(l.DLQT), 0) FROM ODLINE l JOIN ODHEAD h USING (DLNO)
               WHERE (l.ORNO, l.PONR) = (o.ORNO, o.PONR) AND SHTY = '1' AND SHST IN (60, 70))""",
    "invoiced is what invoices and cancellations say": """
        SELECT * FROM OOLINE o WHERE IVQT <> (SELECT coalesce(sum(l.IVQT), 0) FROM OINVLN l JOIN OINVHD h USING (IVNO)
               WHERE (l.ORNO, l.PONR) = (o.ORNO, o.PONR) AND IVTY IN ('01', '09') AND IVST <> '10')""",
    "open is ordered less shipped unless rejected": """
        SELECT * FROM OOLINE WHERE OPQT <> CASE WHEN RJCD IS NULL THEN ORQT - DLQT ELSE 0 END""",
    "nobody ships or invoices more than ordered": """
        SELECT * FROM OOLINE WHERE NOT (DLQT BETWEEN 0 AND ORQT AND IVQT BETWEEN 0 AND ORQT)
        OR (RJCD IS NOT NULL AND (DLQT OR IVQT OR CFQT))""",
    "open value is the part that is not invoiced": """
        SELECT l.* FROM OOLINE l JOIN OOHEAD USING (ORNO) WHERE l.OPAM <> CASE WHEN RJCD IS NOT NULL THEN 0
        WHEN CUCD = 'JPY' THEN (2 * LNAM * (ORQT - IVQT) + 100 * ORQT) / (200 * ORQT) * 100
        ELSE (2 * LNAM * (ORQT - IVQT) + ORQT) / (2 * ORQT) END""",
    "delivery status follows from the lines": """
        SELECT ORNO FROM OOHEAD h WHERE DLST <> (SELECT CASE WHEN count(*) = 0 THEN 'X' WHEN sum(OPQT) = 0 THEN 'C'
               WHEN sum(DLQT) > 0 THEN 'B' ELSE 'A' END FROM OOLINE l WHERE l.ORNO = h.ORNO AND RJCD IS NULL)""",
    "goods that have not left are not shipped": """
        SELECT * FROM ODLINE JOIN ODHEAD USING (DLNO) WHERE DLQT <> CASE WHEN SHST IN (60, 70) THEN PLQT ELSE 0 END
        OR (SHST IN (60, 70)) <> (SHDT > 0) OR (SHST <> 70 AND PODT > 0)""",
    "a back order brings what the same order lacked": """
        SELECT b.DLNO FROM ODHEAD b JOIN ODHEAD f ON f.DLNO = b.BOOF
        WHERE b.ORNO <> f.ORNO OR f.PRTL <> 'X' OR b.PLDT < f.PLDT""",
    # --------------------------------------------------------------------------------------- stock
    "stock is the sum of its movements": """
        SELECT * FROM OITBAL b WHERE (STQT, QIQT, BLQT) IS NOT (SELECT
               coalesce(sum(TRQT) FILTER (WHERE STTY = '01'), 0), coalesce(sum(TRQT) FILTER (WHERE STTY = '02'), 0),
               coalesce(sum(TRQT) FILTER (WHERE STTY = '07'), 0)
               FROM OMITTR m WHERE (m.ITNO, m.WHLO) = (b.ITNO, b.WHLO))""",
    "every item is in every warehouse's books": """
        SELECT ITNO, WHLO FROM OITMAS, OWHLOC EXCEPT SELECT ITNO, WHLO FROM OITBAL""",
    "reserved is what open orders want": """
        SELECT * FROM OITBAL b WHERE REQT <> (SELECT coalesce(sum(OPQT), 0) FROM OOLINE l JOIN OOHEAD h USING (ORNO)
               WHERE (l.ITNO, l.WHLO) = (b.ITNO, b.WHLO) AND ORST IN (20, 40))""",
    "in transit is what transfers have under way": """
        SELECT * FROM OITBAL b WHERE ITQT <> (SELECT coalesce(sum(DLQT), 0) FROM ODLINE l JOIN ODHEAD h USING (DLNO)
               WHERE SHTY = '3' AND SHST = 60 AND (l.ITNO, h.TOWH) = (b.ITNO, b.WHLO))""",
    "on order is what suppliers still owe": """
        SELECT * FROM OITBAL b WHERE (ORQT, NXDT) IS NOT (SELECT coalesce(sum(ORQT - RVQT), 0), coalesce(min(DLDT), 0)
               FROM OPOLIN p WHERE (p.ITNO, p.WHLO) = (b.ITNO, b.WHLO) AND RVQT < ORQT)""",
    # ----------------------------------------------------------------------------------- customers
    "balance is open invoices": """
        SELECT CUNO FROM OCUSMA c WHERE (BALN, OVDU, DNLV) IS NOT (SELECT coalesce(sum(OPAM), 0),
               coalesce(sum(OPAM) FILTER (WHERE OVDD > 0), 0), coalesce(max(DNLV), 0)
               FROM OINVHD i WHERE i.CUNO = c.CUNO)""",
    "exposure is open invoices and open orders": """
        SELECT CUNO FROM OCUSMA c WHERE EXPO <> BALN + OOAM OR OOAM <>
               (SELECT coalesce(sum(OPAM), 0) FROM OOHEAD o WHERE o.CUNO = c.CUNO)""",
    "unapplied is what good payments have left": """
        SELECT CUNO FROM OCUSMA c WHERE (UNPY, LPDT) IS NOT (SELECT coalesce(sum(UNAM), 0),
               coalesce(max(PSDT) FILTER (WHERE PYTY = '1'), 0) FROM OPAYMT p WHERE p.CUNO = c.CUNO AND PYST = '50')""",
    # -------------------------------------------------------------------------------------- assets
    "an asset came with its order's shipment": """
        SELECT ASNO FROM OASSET a JOIN ODHEAD d USING (DLNO) WHERE a.ORNO <> d.ORNO OR a.CUNO <> d.CUNO""",
    "an asset is at a customer or in stock": """
        SELECT ASNO FROM OASSET WHERE (ASST = 'S') <> (WHLO IS NOT NULL) OR (ASST = 'S') <> (CUNO IS NULL)
        OR WEDT < WSDT OR (ASST = 'S' AND WEDT)""",
    # ------------------------------------------------------------------------------------ the rest
    "nothing happens after today": """
        SELECT IVNO FROM OINVHD WHERE max(IVDT, PSDT, CLDT, DNDT, DSPD) > 20261120 OR CRTS > '2026-11-21'
        UNION ALL SELECT PYNO FROM OPAYMT WHERE max(PSDT, VADT, RVDT) > 20261120
        UNION ALL SELECT ORNO FROM OOHEAD WHERE ORDT > 20261120
        UNION ALL SELECT DLNO FROM ODHEAD WHERE max(SHDT, PODT) > 20261120""",
    "yen have no decimals": """
        SELECT IVNO FROM OINVHD WHERE CUCD = 'JPY' AND (NTAM % 100 OR TXAM % 100 OR OPAM % 100)
        UNION ALL SELECT PYNO FROM OPAYMT WHERE CUCD = 'JPY' AND (AMNT % 100 OR UNAM % 100)""",
}  # fmt: skip

REFERENCES = """
    OCUSMA.PARN OCUSMA.CUNO, OCUSMA.ADID OADDR.ADID, OCUSMA.TEPY OTERMS.TEPY, OCUSMA.SLSP OSLREP.SLSP,
    OCUSMA.PRRF OPRLST.PRRF, OITMAS.REPL OITMAS.ITNO, OPRICE.ITNO OITMAS.ITNO, OPRICE.PRRF OPRLST.PRRF,
    OWHLOC.ADID OADDR.ADID, OITBAL.ITNO OITMAS.ITNO, OITBAL.WHLO OWHLOC.WHLO, OMITTR.ITNO OITMAS.ITNO,
    OOHEAD.CUNO OCUSMA.CUNO, OOHEAD.PYNO OCUSMA.CUNO, OOHEAD.WHLO OWHLOC.WHLO, OOHEAD.SHAD OADDR.ADID,
    OOHEAD.TEPY OTERMS.TEPY, OOLINE.ORNO OOHEAD.ORNO, OOLINE.ITNO OITMAS.ITNO, ODHEAD.ORNO OOHEAD.ORNO,
    ODHEAD.CUNO OCUSMA.CUNO, ODHEAD.BOOF ODHEAD.DLNO, ODHEAD.WHLO OWHLOC.WHLO, ODHEAD.TOWH OWHLOC.WHLO,
    ODLINE.DLNO ODHEAD.DLNO, ODLINE.ITNO OITMAS.ITNO, ODLINE.ORNO OOHEAD.ORNO, OINVHD.CUNO OCUSMA.CUNO,
    OINVHD.PYNO OCUSMA.CUNO, OINVHD.ORNO OOHEAD.ORNO, OINVHD.DLNO ODHEAD.DLNO, OINVHD.RFIV OINVHD.IVNO,
    OINVHD.TEPY OTERMS.TEPY, OINVHD.CONO OCOMPY.CONO, OINVLN.IVNO OINVHD.IVNO, OINVLN.ITNO OITMAS.ITNO,
    OINVTX.IVNO OINVHD.IVNO, OPAYMT.CUNO OCUSMA.CUNO, OPAYAL.PYNO OPAYMT.PYNO, OPAYAL.IVNO OINVHD.IVNO,
    OASSET.ITNO OITMAS.ITNO, OASSET.CUNO OCUSMA.CUNO, OASSET.WHLO OWHLOC.WHLO, OASSET.PARA OASSET.ASNO,
    OASSET.ORNO OOHEAD.ORNO, OASSET.DLNO ODHEAD.DLNO
"""

PAIRS = {
    "ODLINE": ("ORNO", "PONR", "OOLINE", "ORNO", "PONR"),
    "OINVLN": ("ORNO", "PONR", "OOLINE", "ORNO", "PONR"),
    "OINVLN.": ("DLNO", "DLLN", "ODLINE", "DLNO", "DLLN"),
}

ODDITIES = {
    "blocked customers": "SELECT * FROM OCUSMA WHERE BLCD = 'Y'",
    "credit holds": "SELECT * FROM OOHEAD WHERE ORST = 30 AND CRST = '3'",
    "inactive items that are still referenced": "SELECT * FROM OOLINE JOIN OITMAS USING (ITNO) WHERE STAT = '90'",
    "retired customers that are still referenced": "SELECT * FROM OINVHD JOIN OCUSMA USING (CUNO) WHERE CSTA = '90'",
    "customers without an address": "SELECT * FROM OCUSMA WHERE ADID IS NULL",
    "customers without a limit": "SELECT * FROM OCUSMA WHERE CRLM IS NULL",
    "two tax rates on one invoice": "SELECT IVNO FROM OINVTX GROUP BY IVNO HAVING count(*) > 1",
    "partial shipments with a back order": "SELECT * FROM ODHEAD WHERE BOOF IS NOT NULL",
    "orders shipped in part": "SELECT * FROM OOHEAD WHERE DLST = 'B'",
    "cancelled shipments": "SELECT * FROM ODHEAD WHERE SHST = 90",
    "returns": "SELECT * FROM ODHEAD WHERE SHTY = '2'",
    "transfers under way": "SELECT * FROM ODHEAD WHERE SHTY = '3' AND SHST = 60",
    "rejected order lines": "SELECT * FROM OOLINE WHERE RJCD IS NOT NULL",
    "an order of 40 lines": "SELECT ORNO FROM OOLINE GROUP BY ORNO HAVING count(*) = 40",
    "partial payments": "SELECT * FROM OINVHD WHERE IVST = '50' AND IVTY = '01'",
    "credit memos applied in part": "SELECT * FROM OINVHD WHERE IVST = '50' AND IVTY = '02'",
    "one payment for many invoices": "SELECT PYNO FROM OPAYAL GROUP BY PYNO HAVING count(*) >= 5",
    "many payments for one invoice": "SELECT IVNO FROM OPAYAL WHERE ALST = '50' GROUP BY IVNO HAVING count(*) > 1",
    "credit memos deducted from payments": "SELECT * FROM OPAYAL JOIN OPAYMT USING (PYNO) WHERE ALAM < 0 AND AMNT > 0",
    "overpayments left unapplied": "SELECT * FROM OPAYMT WHERE UNAM > 0 AND UNAM < AMNT",
    "money without a purpose": "SELECT * FROM OPAYMT WHERE UNAM = AMNT",
    "failed payments": "SELECT * FROM OPAYMT WHERE PYST = '80'",
    "reversed payments": "SELECT * FROM OPAYMT WHERE PYST = '90' AND RVDT > 0",
    "payments in progress": "SELECT * FROM OINVHD WHERE PIAM > 0",
    "write-offs": "SELECT * FROM OPAYMT WHERE PYTY = '3' AND PYME IS NULL",
    "refunds": "SELECT * FROM OPAYMT WHERE PYTY = '2'",
    "cash discounts taken": "SELECT * FROM OPAYAL WHERE DSAM > 0",
    "open credit memos": "SELECT * FROM OINVHD WHERE IVTY = '02' AND IVST = '20'",
    "cancelled invoices": "SELECT * FROM OINVHD WHERE IVTY = '01' AND IVST = '90'",
    "invoices that were written again": "SELECT DLNO FROM OINVHD WHERE IVTY = '01' GROUP BY DLNO HAVING count(*) = 2",
    "drafts": "SELECT * FROM OINVHD WHERE IVST = '10'",
    "dunning level 3": "SELECT * FROM OINVHD WHERE DNLV = 3",
    "disputed items": "SELECT * FROM OINVHD WHERE DSRC IS NOT NULL",
    "a net of 0 is paid at once": "SELECT * FROM OINVHD WHERE GRAM = 0 AND IVTY = '01' AND IVST = '80' AND CLDC IS NULL",
    "comment-only lines": "SELECT * FROM OINVLN WHERE LNTY = '2' AND LENGTH(LTXT) > 20",
    "shipments without an invoice": """
        SELECT DLNO FROM ODHEAD WHERE SHTY = '1' AND SHST IN (60, 70) AND DLNO NOT IN
        (SELECT DLNO FROM OINVHD WHERE DLNO IS NOT NULL)""",
    "invoices of orders without a shipment": """
        SELECT * FROM OINVHD WHERE IVTY = '01' AND ORNO IS NOT NULL AND DLNO IS NULL""",
    "invoices without an order": "SELECT * FROM OINVHD WHERE ORNO IS NULL",
    "negative stock": "SELECT * FROM OITBAL WHERE STQT < 0",
    "more reserved than on hand": "SELECT * FROM OITBAL WHERE REQT > STQT AND STQT > 0",
    "stock in quality inspection": "SELECT * FROM OITBAL WHERE QIQT > 0",
    "fractions of a unit": "SELECT * FROM OINVLN WHERE IVQT % 1000",
    "the last day of February": "SELECT * FROM OINVHD WHERE IVDT = 20240229",
    "the last day of a year": "SELECT * FROM OINVHD WHERE IVDT % 10000 = 1231",
    "a cent": "SELECT * FROM OINVLN WHERE LNAM = 1",
    "0.10 + 0.20 next to 0.30": "SELECT IVNO FROM OINVLN WHERE LNAM IN (10, 20, 30) GROUP BY IVNO HAVING count(*) > 2",
    "99999999999.99": "SELECT * FROM OINVHD WHERE GRAM = 9999999999999",
    "99999999999.99 as a limit": "SELECT * FROM OCUSMA WHERE CRLM = 9999999999999",
    "an amount that no float holds": "SELECT * FROM OCUSMA WHERE CRLM = 9007199254740993",
    "whole numbers that no float holds": "SELECT * FROM OINVHD WHERE JRNO > 9007199254740992 AND JRNO % 2",
    "padded names": "SELECT * FROM OOHEAD WHERE STNM LIKE '%  ' AND length(STNM) = 40",
    "leading zeros": "SELECT * FROM ODHEAD WHERE DLNO LIKE '00%'",
    "empty text beside null": "SELECT * FROM OCUSMA WHERE CUN2 IS NULL",
    "assets built into others": "SELECT * FROM OASSET WHERE PARA IS NOT NULL",
    "assets out of warranty": "SELECT * FROM OASSET WHERE WEDT BETWEEN 1 AND 20261119",
    "successors": "SELECT * FROM OITMAS WHERE REPL IS NOT NULL",
    "prices with quantity breaks": "SELECT * FROM OPRICE WHERE MNQT > 0",
    "prices of the past and of the future": "SELECT 1 FROM (SELECT min(VFDT) a, max(VFDT) z FROM OPRICE) WHERE a < 20251231 AND z > 20261231",
    "names as in the Salesforce examples": "SELECT * FROM OCUSMA WHERE CUNM = 'Müller & Söhne'",
    "the customer of the tutorial": "SELECT * FROM OCUSMA JOIN OINVHD USING (CUNO) WHERE CUNO = 'C-100042' AND OPAM > 0",
} | {
    f"customer names with {sign!r}": f"SELECT * FROM OCUSMA WHERE instr(CUNM, '{sign.replace(chr(39), chr(39) * 2)}')"
    for sign in ("'", '"', "%", "_", "\\", "&", ",", ";", "+", "ß", "ü", "工", "🔩", "\u0301", "(", "İ")
}  # fmt: skip


@pytest.mark.parametrize("rule", RECONCILIATIONS)
def test_reconciles(erp: sqlite3.Connection, rule: str) -> None:
    assert erp.execute(RECONCILIATIONS[rule]).fetchmany(5) == []


@pytest.mark.parametrize("oddity", ODDITIES)
def test_holds(erp: sqlite3.Connection, oddity: str) -> None:
    assert erp.execute(ODDITIES[oddity]).fetchone() is not None


@pytest.mark.parametrize("reference", [word.strip() for word in REFERENCES.split(",")])
def test_refers_to_what_exists(erp: sqlite3.Connection, reference: str) -> None:
    (table, column), (target, key) = (end.split(".") for end in reference.split())
    lost = f"SELECT {column} FROM {table} WHERE {column} NOT IN (SELECT {key} FROM {target})"
    assert erp.execute(lost).fetchmany(5) == []


@pytest.mark.parametrize("source", PAIRS)
def test_line_refers_to_a_line_that_exists(erp: sqlite3.Connection, source: str) -> None:
    first, second, target, key, number = PAIRS[source]
    lost = (
        f"SELECT {first}, {second} FROM {source.rstrip('.')} WHERE {second} IS NOT NULL "
        f"EXCEPT SELECT {key}, {number} FROM {target}"
    )
    assert erp.execute(lost).fetchmany(5) == []


def test_sizes(tables: dict[str, Rows]) -> None:
    assert {name: len(tables[name]) for name in COUNTS} == COUNTS
    assert 3.2 < len(tables["OOLINE"]) / len(tables["OOHEAD"]) < 3.8


def test_the_readme_says_how_many(tables: dict[str, Rows]) -> None:
    readme = Path(__file__).parents[1] / "fixtures" / "README.md"
    rows = re.findall(r"^\| (`O.*?) \| ([\d,]+) \|", readme.read_text(encoding="utf-8"), re.MULTILINE)
    named = {names: re.findall(r"\w+", names) for names, _ in rows}
    assert {name for names in named.values() for name in names} == {*METADATA.tables}
    counts = {name: len(tables.get(name, "1")) for name in METADATA.tables}
    assert {n: f"{sum(counts[name] for name in named[n]):,}" for n, _ in rows} == dict(rows)


def test_three_currencies_and_several_tax_rates(erp: sqlite3.Connection) -> None:
    assert {c for (c,) in erp.execute("SELECT DISTINCT CUCD FROM OINVHD")} == {"EUR", "USD", "JPY"}
    rates = {rate for (rate,) in erp.execute("SELECT DISTINCT VTRT FROM OINVTX")}
    assert {0, 5_500, 6_250, 7_000, 8_875, 10_000, 19_000, 20_000} == rates


def test_every_status_occurs(erp: sqlite3.Connection) -> None:
    wanted = {"OINVHD.IVST": 5, "OPAYMT.PYST": 5, "OOHEAD.ORST": 7, "OOLINE.LNST": 5, "ODHEAD.SHST": 7,
              "OCUSMA.CRST": 4, "OCUSMA.CSTA": 3, "OITMAS.STAT": 4, "OASSET.ASST": 4, "OPAYAL.ALST": 3}  # fmt: skip
    found = {
        place: erp.execute("SELECT count(DISTINCT {1}) FROM {0}".format(*place.split("."))).fetchone()[0]
        for place in wanted
    }
    assert found == wanted


@pytest.mark.parametrize("table", [name for name, table in METADATA.tables.items() if "CHTS" in table.c])
def test_nothing_changes_before_it_exists(erp: sqlite3.Connection, table: str) -> None:
    wrong = f"SELECT * FROM {table} WHERE CHTS < CRTS OR CHTS > '2026-11-21'"
    assert erp.execute(wrong).fetchmany(5) == []


def test_is_the_same_on_every_run(tables: dict[str, Rows]) -> None:
    assert digest(tables) == digest(generate()) == DIGEST, "new data: pin the digest here and in load.VERSION"


def test_the_version_changes_with_data_and_tables() -> None:
    engine = sqlite.dialect()
    statements = [str(CreateTable(table).compile(dialect=engine)) for table in METADATA.sorted_tables]
    statements += sorted(str(CreateIndex(i).compile(dialect=engine)) for t in METADATA.sorted_tables for i in t.indexes)
    assert hashlib.sha256("".join(statements).encode()).hexdigest()[:12] == TABLES, "new tables: pin, and count up"
    assert VERSION.split("-")[1] == DIGEST[:12]


def test_key_order_and_references_have_an_index(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    inspector = inspect(engine)
    for reference in REFERENCES.split(","):
        table, column = reference.split()[0].split(".")
        if (table, column) in UNINDEXED:
            continue
        indexes = [inspector.get_pk_constraint(table)["constrained_columns"]]
        indexes += [[str(name) for name in index["column_names"]] for index in inspector.get_indexes(table)]
        assert column in {index[0] for index in indexes}, f"{table}.{column}"
    engine.dispose()


UNINDEXED = {
    ("OCUSMA", "TEPY"), ("OCUSMA", "PRRF"), ("OOHEAD", "TEPY"), ("OINVHD", "TEPY"), ("OINVHD", "CONO"),
    ("OWHLOC", "ADID"),
}  # fmt: skip
"""References that only look up a text and are never followed backwards."""


# ----------------------------------------------------------------------------------------------- loading


def test_loading_reports_its_progress_and_stamps_the_file(tmp_path: Path) -> None:
    url, heard = f"sqlite:///{tmp_path}/new/demo.sqlite", []
    assert not is_current(url)
    create(url, progress=lambda table, rows: heard.append((table, rows)))
    assert is_current(url)
    assert {table for table, _ in heard} == {*METADATA.tables}
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["demo.sqlite"]


def test_loading_again_replaces_older_data(tmp_path: Path, path: Path) -> None:
    old = tmp_path / "demo.sqlite"
    old.write_bytes(path.read_bytes())
    with sqlite3.connect(old) as connection:
        connection.execute(f"UPDATE {STAMP_TABLE} SET VERS = 'old'")
        connection.execute("DELETE FROM OINVHD")
    connection.close()
    assert not is_current(f"sqlite:///{old}")
    create(f"sqlite:///{old}")
    assert old.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["OINVHD", "invoices"])
def test_a_file_with_tables_of_others_is_left_alone(tmp_path: Path, name: str) -> None:
    file = tmp_path / "other.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute(f"CREATE TABLE {name} (a)")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(NotTheDemoError, match=name):
        create(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to look like one\n" * 40)
    with pytest.raises(NotTheDemoError, match="not a SQLite database"):
        create(f"sqlite:///{file}")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "firebird://localhost/x"])
def test_only_files_and_postgresql(url: str) -> None:
    with pytest.raises(ValueError, match="the demo ERP"):
        create(url)


def test_postgresql_holds_the_same_rows(demo_postgres_url: str, tables: dict[str, Rows]) -> None:
    engine = create_engine(demo_postgres_url)
    with engine.connect() as connection:
        for name, rows in tables.items():
            table = METADATA.tables[name]
            assert connection.scalar(select(func.count()).select_from(table)) == len(rows), name
        names = connection.execute(text('SELECT "CUNM" FROM "OCUSMA" ORDER BY "CUNM"')).scalars().all()
    engine.dispose()
    assert names == sorted(names), "text is ordered by code point"
    assert is_current(demo_postgres_url)


@pytest.mark.postgres
def test_postgresql_tables_of_others_are_left_alone(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text('CREATE TABLE "OINVHD" (a int)'))
    with pytest.raises(NotTheDemoError, match="OINVHD"):
        create(postgres_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["OINVHD"]
    engine.dispose()
