"""Databases in other encodings than UTF-8: what they cannot hold equals nothing, and has its place in the order."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import make_url

from edm.capabilities import Match
from edm.expressions import Call, Const, Prop
from edm.model import ServiceMetadata
from edm.primitives import BOOLEAN, STRING
from edm.query import Query
from edm.text import literal
from erp_adapters.base import ContractBroken
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sql import SqlAdapter
from odata_server.service import Service
from tests.adapters import schema
from tests.adapters.test_sql_law import NOW, OPTIONS, Services, same_answer
from tests.servers import PostgresServer, identifier

#: For each encoding texts that it holds, in its bytes.
ENCODINGS = {
    "LATIN1": "latin-1",
    "LATIN9": "iso8859-15",
    "WIN1252": "cp1252",
    "SQL_ASCII": "utf-8",
}
STORED = (
    "",
    "a",
    "A",
    "b",
    "M\u00fcller",
    "M\u00fc",
    "\u00ff",
    "\u00ff\u00ff",
    "\u00e9",
    "z",
    "\u20ac",
    "a\u20ac",
    "a\u017d",
    " a ",
    "\u00a0a",
)
CONSTANTS = (
    "", "a", "M\u00fc", "M\u00fcller", "\u00ff", "\u00ff\u00ff", "\u20ac", "a\u20ac", "\u00ff\u20ac", "a\u017d", "\u65e5", "M\u00fc\u65e5", "\U0001f600", "z",
)  # fmt: skip
TEXTS = schema.entity_set(
    "Texts", "Text", "Key",
    [
        schema.prop("Key", "String", key=True, max_length=8),
        schema.prop("Plain", "String", searchable=True),
        schema.prop("Sorted", "String"),
        schema.prop("Padded", "String"),
        schema.prop("Word", "String"),
        schema.prop("First", "String", nullable=False),
        schema.prop("Joined", "String"),
        schema.prop("Alpha", "String"),
    ],
    {
        "table": "TXT",
        "columns": {
            "Key": "K", "Plain": "P", "Sorted": "C", "Padded": "B", "Word": {"column": "P", "codes": {"a": "\u20ac", "\u65e5": "b"}},
            "First": {"first": ["P", "=\u65e5"]}, "Joined": {"columns": ["P", "K"], "separator": "~"},
            "Alpha": {"column": "C", "alpha": 4, "none": ["\u20ac"]},
        },
    },
)  # fmt: skip
METADATA = ServiceMetadata("ErpOData", "1.0.0", (TEXTS,))


def unread(url: str) -> str:
    """The URL of a connection whose texts are texts, whatever the database knows of them."""
    return make_url(url).update_query_dict({"client_encoding": "utf8"}).render_as_string(hide_password=False)


def stored(codec: str) -> list[str]:
    def held(text: str) -> bool:
        try:
            return bool(text.encode(codec)) or not text
        except UnicodeEncodeError:
            return False

    return [text for text in STORED if held(text)]


@pytest.fixture(scope="module", params=ENCODINGS)
def encoding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def url(encoding: str, postgres_server: PostgresServer, worker_id: str) -> Iterator[str]:
    name = identifier(f"encoded_{encoding.lower()}_{worker_id}")
    postgres_server.drop_database(name)
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    url = postgres_server.url(name)
    statements = [
        'CREATE TABLE "TXT" ("K" VARCHAR(8) PRIMARY KEY, "P" VARCHAR(40), "C" VARCHAR(40) COLLATE "C", "B" CHAR(10))',
        "INSERT INTO \"TXT\" VALUES ('null', NULL, NULL, NULL)",
    ]
    for number, text in enumerate(stored(ENCODINGS[encoding])):
        content = "".join(f"\\x{byte:02x}" for byte in text.encode(ENCODINGS[encoding]))
        statements.append(f"""INSERT INTO "TXT" VALUES ('K{number:02}', E'{content}', E'{content}', E'{content}')""")
    schema.execute(unread(url), *statements)
    yield url
    postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def adapter(url: str) -> Iterator[SqlAdapter]:
    with closing(schema.adapter(url, METADATA)) as adapter:
        yield adapter


@pytest.fixture(scope="module")
def services(adapter: SqlAdapter) -> Services:
    memory = MemoryAdapter(METADATA, schema.published(adapter, METADATA))
    return {
        name: Service(METADATA, source, (b"s" * 32,), OPTIONS, clock=lambda: NOW)
        for name, source in (("evaluator", memory), ("sql", adapter))
    }


def test_texts_are_read_as_they_are(encoding: str, adapter: SqlAdapter) -> None:
    found = [text for (text,) in schema.read(adapter, Query("Texts", ("Plain",)))]
    assert found == [None, *stored(ENCODINGS[encoding])]


@pytest.mark.parametrize("name", [name for name in TEXTS.type.names if name != "Key"])
@pytest.mark.parametrize("op", ["eq", "ne", "gt", "ge", "lt", "le"])
def test_comparisons_agree(services: Services, name: str, op: str) -> None:
    for constant in CONSTANTS:
        condition = f"{name} {op} {literal(constant, STRING)}"
        for text in (condition, f"not ({condition})"):
            same_answer(services, "Texts", f"$filter={text}\n$count=true")


@pytest.mark.parametrize(
    "condition",
    [
        "{name} in ('a',{text},null)", "not ({name} in ('a',{text}))", "contains({name},{text})", "startswith({name},{text})",
        "endswith({name},{text})", "indexof({name},{text}) eq 0", "length({name}) eq 1", "concat({name},{text}) eq 'a'",
        "{name} eq concat({text},'')", "tolower({name}) eq {text}", "toupper({name}) eq {text}", "trim({name}) eq {text}",
        "substring({name},1) eq {text}", "matchespattern({name},'^M.l+')", "{name} gt Sorted", "{name} eq Sorted",
        "case({name} eq {text}:'a',true:{text}) eq 'a'",
    ],
)  # fmt: skip
def test_functions_agree(services: Services, condition: str) -> None:
    for name in ("Plain", "Padded", "Word", "First"):
        for constant in CONSTANTS:
            text = condition.format(name=name, text=literal(constant, STRING))
            same_answer(services, "Texts", f"$filter={text}\n$select=Key")


@pytest.mark.parametrize("name", TEXTS.type.names)
def test_orders_and_pages_agree(services: Services, name: str) -> None:
    for direction in ("", " desc"):
        same_answer(services, "Texts", f"$orderby={name}{direction}\n$top=5\n$skip=2")
    same_answer(services, "Texts", f"$apply=aggregate({name} with max as Most,{name} with min as Least)")
    same_answer(services, "Texts", "$search=a")


def test_what_is_pushed(encoding: str, adapter: SqlAdapter) -> None:
    """In Latin-1 as much as in UTF-8; elsewhere at least what equals a text that is held."""
    capabilities = adapter.capabilities(TEXTS)

    def match(op: str, text: Any) -> Match:
        return capabilities.match(Call(op, (Prop(("Plain",), STRING), Const(text, STRING)), BOOLEAN))

    assert match("eq", "a") is Match.EXACT
    assert match("eq", "\u65e5") is (Match.NO if encoding == "SQL_ASCII" else Match.EXACT)
    ordered = encoding in ("LATIN1", "SQL_ASCII")
    assert match("lt", "a") is (Match.EXACT if ordered else Match.NO)
    assert match("lt", "\u65e5") is (Match.EXACT if encoding == "LATIN1" else Match.NO)
    assert capabilities.sort(Prop(("Plain",), STRING)) == ordered


def test_bytes_that_are_no_text(postgres_server: PostgresServer, worker_id: str) -> None:
    name = identifier(f"bytes_{worker_id}")
    postgres_server.drop_database(name)
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        url = postgres_server.url(name)
        schema.execute(
            unread(url),
            'CREATE TABLE "TXT" ("K" VARCHAR(8) PRIMARY KEY, "P" TEXT, "C" TEXT, "B" CHAR(10))',
            """INSERT INTO "TXT" VALUES ('K', E'M\\xfcller', 'a', 'a')""",
        )
        with closing(schema.adapter(url, METADATA)) as adapter:
            assert schema.read(adapter, Query("Texts", ("Sorted",))) == [("a",)]
            for top in (None, 5):
                with pytest.raises(ContractBroken):
                    schema.read(adapter, Query("Texts", ("Plain",), top=top))
    finally:
        postgres_server.drop_database(name)
