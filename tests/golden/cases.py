"""Reads golden cases, plain text files as ``README.md`` beside this module describes, and checks answers against
them."""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from edm.meanings import PUNCTUATION
from edm.model import EntitySet
from tests.serving import META, MINIMAL, READ, ROOT, Answer, Client, as_json, demo_metadata

HEADER_SETS = {"READ": READ, "MINIMAL": MINIMAL, "META": META}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SEVERAL = ("contains", "lacks")
EXPECTATIONS = (
    "context", "where", "order", "skip", "top", "count", "rows", "first", "last", "next", "same as", "error", "body",
    *SEVERAL,
)  # fmt: skip

#: Set it to write what comes back into the cases, instead of comparing.
REWRITE = bool(os.environ.get("ERP_ODATA_GOLDEN_REWRITE"))

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(slots=True)
class Exchange:
    """One request of a case, and what has to come back."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    answered: dict[str, str] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)

    def several(self, name: str) -> list[str]:
        return [text for text in self.expected.get(name, "").split("\n") if text]


Change = Callable[[Exchange], Exchange]


def read_case(path: Path) -> list[Exchange]:
    """The exchanges of one file."""
    parts = re.split(r"(?m)^---$", path.read_text(encoding="utf-8"))
    return [_exchange(part, path.name) for part in parts]


def _exchange(part: str, name: str) -> Exchange:
    head, marker, body = part.partition("\nbody:\n")
    lines = [line for line in head.splitlines() if line.strip() and not line.startswith("#")]
    method, _, target = lines[0].partition(" ")
    assert method in METHODS, f"{name}: {lines[0]!r} is not a request"
    found = Exchange(method, target)
    for line in lines[1:]:
        _read_line(found, line, name)
    assert found.status, f"{name}: no status"
    if marker:
        found.expected["body"] = body.strip()
    return found


def _read_line(found: Exchange, line: str, name: str) -> None:
    if line in HEADER_SETS:
        found.headers |= HEADER_SETS[line]
        return
    if re.fullmatch("[1-5][0-9][0-9]", line):
        found.status = int(line)
        return
    key, colon, value = (text.strip() for text in line.partition(":"))
    assert colon, f"{name}: {line!r} is neither a header nor an expectation"
    if key[0].isupper():
        (found.answered if found.status else found.headers)[key] = value
        return
    assert key in EXPECTATIONS, f"{name}: {key!r} is not an expectation"
    found.expected[key] = f"{found.expected[key]}\n{value}" if key in SEVERAL and key in found.expected else value


# --- checking -------------------------------------------------------------------------------------------------------


def check(exchange: Exchange, answer: Answer, everything: Rows, earlier: Sequence[Answer]) -> None:
    """Fails with what is wrong with the answer."""
    assert answer.status == exchange.status, answer.text[:2000]
    for name, value in exchange.answered.items():
        assert answer.headers.get(name) == (None if value == "none" else value), f"header {name}"
    expected = exchange.expected
    for text in exchange.several("contains"):
        assert text in answer.text, text
    for text in exchange.several("lacks"):
        assert text not in answer.text, text
    if "body" in expected:
        check_body(answer, expected["body"])
    if "error" in expected:
        assert answer.error["code"] == expected["error"], answer.text
        assert answer.error["message"]
    if "context" in expected:
        check_context(answer, expected["context"])
    if "same as" in expected:
        assert plain(answer.rows) == plain(earlier[int(expected["same as"]) - 1].rows)
    if set(expected) & {"where", "count", "rows", "first", "last", "next"}:
        check_rows(expected, answer, everything)


def check_body(answer: Answer, text: str) -> None:
    found = without_token(answer).decode()
    if "json" in answer.headers.get("Content-Type", ""):
        assert text != "?", f"body:\n{found}"
        assert written(found) == written(text), found
    else:
        assert found.strip() == text, f"body:\n{found}"


def check_context(answer: Answer, context: str) -> None:
    members = answer.json
    first = next(iter(members))
    assert first in ("@odata.context", "@context"), f"{first} comes before the context"
    assert members[first] == f"{ROOT}$metadata#{context}"


def check_rows(expected: Mapping[str, str], answer: Answer, everything: Rows) -> None:
    shown = [_without_control(row) for row in dict(written(answer.text))["value"]]
    _literal("count", expected, str(answer.json.get("@odata.count", "none")))
    _literal("rows", expected, str(len(shown)))
    _literal("next", expected, "no" if answer.next is None else "yes")
    for name, index in (("first", 0), ("last", -1)):
        if name in expected:
            found = _spelled(shown[index])
            assert expected[name] != "?", f"{name}: {found}"
            assert shown[index] == written(expected[name]), f"{name}: {found}"
    if "where" in expected:
        check_against_demo(expected, answer, everything)


def _literal(name: str, expected: Mapping[str, str], found: str) -> None:
    if name in expected:
        assert found == expected[name], f"{name}: {found}"


# --- JSON as it is written ------------------------------------------------------------------------------------------

Members = list[tuple[str, Any]]


class Number(str):
    """A number with the digits it was written with."""

    __slots__ = ()


def written(text: str) -> Any:
    """JSON with numbers as they are written, and the members of an object as pairs in their order."""
    return json.loads(text, parse_float=Number, parse_int=Number, object_pairs_hook=list)


def _without_control(row: Members) -> Members:
    return [(name, value) for name, value in row if "@" not in name]


def _spelled(row: Members) -> str:
    members = (
        f"{json.dumps(name)}:{value if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)}"
        for name, value in row
    )
    return "{" + ",".join(members) + "}"


def plain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows without control information."""
    return [{name: value for name, value in row.items() if "@" not in name} for row in rows]


# --- what has to come, worked out in plain Python ---------------------------------------------------------------------


def check_against_demo(expected: Mapping[str, str], answer: Answer, everything: Rows) -> None:
    """The rows are those of the demo ERP that the case's own conditions choose."""
    context = answer.json["@odata.context"]
    match = re.fullmatch(re.escape(ROOT) + r"\$metadata#(\w+)(?:\(([\w,]+)\))?", context)
    assert match, context
    entity_set = demo_metadata()[match[1]]
    chosen = chosen_rows(entity_set, expected, [as_json(row) for row in everything[entity_set.name]])
    if "@odata.count" in answer.json:
        assert answer.count == len(chosen)
    start = int(expected.get("skip", 0))
    end = start + int(expected["top"]) if "top" in expected else None
    names = match[2].split(",") if match[2] else entity_set.type.names
    assert plain(answer.rows) == [{name: row[name] for name in names} for row in chosen[start:end]]


def chosen_rows(
    entity_set: EntitySet, expected: Mapping[str, str], rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of the set that pass ``where``, in the order of ``order``."""
    condition = compile(expected["where"], "where", "eval")
    searched = [p.name for p in entity_set.type.properties if p.searchable]

    def passes(row: dict[str, Any]) -> bool:
        found = lambda text: any(_simple(text) in _simple(row[name]) for name in searched)  # noqa: E731
        return bool(eval(condition, {"__builtins__": {}}, {**row, "found": found}))

    chosen = [row for row in rows if passes(row)]
    for item in reversed([*filter(None, expected.get("order", "").split(",")), entity_set.type.key]):
        name, _, direction = item.strip().partition(" ")
        chosen.sort(key=lambda row, name=name: _null_first(row[name]), reverse=direction == "desc")  # type: ignore[misc]
    return chosen


def _null_first(value: Any) -> tuple[bool, Any]:
    return (value is not None, "" if value is None else value)


def _simple(text: str | None) -> str:
    """What free-text search compares: no capitals, no ASCII punctuation but the hyphen."""
    kept = "".join(c for c in (text or "").lower() if c == "-" or c not in PUNCTUATION)
    return kept.replace("  ", " ")


# --- playing a case -------------------------------------------------------------------------------------------------


def play(case: Sequence[Exchange], client: Client, change: Change = lambda exchange: exchange) -> list[Answer]:
    """The answers to a case's requests, each changed before it is sent."""
    answers: list[Answer] = []
    for exchange in case:
        target = exchange.target
        if "{next}" in target:
            link = answers[-1].next
            assert link is not None, "there is no next link"
            answers.append(client.send(exchange.method, target.replace("{next}", link), change(exchange).headers))
        else:
            changed = change(exchange)
            answers.append(client.send(changed.method, changed.target, changed.headers))
    return answers


def with_plus(exchange: Exchange) -> Exchange:
    """Blanks of the query as ``+``."""
    path, mark, query = exchange.target.partition("?")
    return replace(exchange, target=path + mark + query.replace(" ", "+"))


def as_olingo(exchange: Exchange) -> Exchange:
    """Everything encoded that Olingo's client encodes: ``%24filter=Name%20eq%20'A%20B'``."""
    path, mark, query = exchange.target.partition("?")
    pieces = [[_olingo(text) for text in piece.split("=", 1)] for piece in query.split("&") if piece]
    return replace(exchange, target=path + mark + "&".join("=".join(piece) for piece in pieces))


def _olingo(text: str) -> str:
    return quote(unquote(text), safe="-._~'")


def with_minimal_metadata(exchange: Exchange) -> Exchange:
    return (
        replace(exchange, headers=exchange.headers | MINIMAL)
        if "json" in exchange.headers.get("Accept", "")
        else exchange
    )


def without_token(answer: Answer) -> bytes:
    """The body; the token in its next link depends on the day and the model."""
    return re.sub(rb"(skiptoken=)[\w-]*", rb"\1...", answer.body)


def without_link(answer: Answer) -> bytes:
    """The body; its next link depends on the spelling of the request too."""
    return re.sub(rb'(nextLink":")[^"]*', rb"\1...", answer.body)


_ALIKE = ("Content-Type", "OData-Version", "Preference-Applied", "Content-Language", "Allow")


def assert_alike(answers: Sequence[Answer], others: Sequence[Answer]) -> None:
    """The same to the client, but for next links."""
    assert len(answers) == len(others)
    for answer, other in zip(answers, others, strict=True):
        assert (answer.status, without_link(answer)) == (other.status, without_link(other))
        linked = b"nextLink" in answer.body  # the token in it depends on the day
        for name in (*_ALIKE, *(() if linked else ("ETag",))):
            assert answer.headers.get(name) == other.headers.get(name), name


# --- writing answers into cases -------------------------------------------------------------------------------------


def rewrite(path: Path, case: Sequence[Exchange], answers: Sequence[Answer]) -> None:
    """Puts what came back in place of the literal parts of the case: after a change of the demo's data.

    What ``where`` says is not touched, and has to hold afterwards. Read the difference before you keep it.
    """
    parts = re.split(r"(?m)^---$", path.read_text(encoding="utf-8"))
    written_anew = [_rewritten(*each) for each in zip(parts, case, answers, strict=True)]
    path.write_text("---".join(written_anew), encoding="utf-8")


def _rewritten(part: str, exchange: Exchange, answer: Answer) -> str:
    head, marker, _ = part.partition("\nbody:\n")
    if marker:
        return f"{head}{marker}{without_token(answer).decode().strip()}\n"
    members = dict(written(answer.text)) if answer.text.startswith("{") else {}
    if "value" not in members:
        return part
    rows = [_without_control(row) for row in members["value"]]
    found = {"count": members.get("@odata.count", "none"), "rows": str(len(rows))}
    found |= {"first": _spelled(rows[0]), "last": _spelled(rows[-1])} if rows else {}
    for name, value in found.items():
        part = re.sub(rf"(?m)^{name}: .*$", lambda _, line=f"{name}: {value}": line, part)  # type: ignore[misc]
    return part
