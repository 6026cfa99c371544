"""Skip tokens: where a page ended, signed, so that the next page starts after that very row.

A token holds the sort values of the last row, what is left of ``$top``, and the count of the first page. It is bound to
the query, the caller and the model by a digest; a token that this service did not make for this query is refused.
"""

import base64
import binascii
import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from edm.errors import ODataError
from edm.expressions import NULL_CONST, Const, Expr, Prop, call, conjunction, disjunction
from edm.primitives import DOUBLE, SINGLE, PrimitiveType
from edm.query import OrderItem
from edm.values import raw_value

_MAC_BYTES = 16
DAY = 86_400
#: Days that a token stays valid: longer than any Salesforce query cursor.
LIFETIME_DAYS = 8


class _Payload(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    values: list[str | None]
    digest: bytes
    expires: int
    remaining: int | None = None
    count: int | None = None
    page_size: int | None = None


@dataclass(frozen=True, slots=True)
class Skiptoken:
    """``values`` are the last row's sort values, in the order of ``Query.orderby``."""

    values: tuple[Any, ...]
    remaining: int | None = None
    count: int | None = None
    page_size: int | None = None


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """Makes and checks tokens of at most ``max_length`` characters. The first secret signs, all of them verify
    (rotation).
    """

    secrets: tuple[bytes, ...]
    max_length: int = 2_048

    def encode(self, token: Skiptoken, digest: bytes, now: float) -> str:
        """The token's URL-safe text. It changes once a day at most, so that equal answers stay equal.

        Raises ``limit_exceeded`` when the sort values make it longer than it may be.
        """
        values = [None if v is None else raw_value(v) for v in token.values]
        expires = int(now // DAY) + LIFETIME_DAYS
        payload = msgspec.msgpack.encode(
            _Payload(values, digest, expires, token.remaining, token.count, token.page_size)
        )
        text = _to_text(_mac(self.secrets[0], payload) + payload)
        if len(text) > self.max_length:
            raise ODataError(
                "limit_exceeded",
                f"The values that the next page continues after take more than {self.max_length} characters"
                " (limit max_token).",
                target="$orderby",
                hint="Order by fewer or shorter values.",
            )
        return text

    def decode(self, text: str, digest: bytes, types: Sequence[PrimitiveType], now: float) -> Skiptoken:
        """The token's meaning; raises ``bad_token`` for anything that was not signed here for this query."""
        if len(text) > self.max_length:
            raise _refused("is longer than any token this service issues (limit max_token)")
        raw = _from_text(text)
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(secret, payload)) for secret in self.secrets):
            raise _refused("was not issued by this service")
        try:
            content = msgspec.msgpack.decode(payload, type=_Payload)
        except msgspec.DecodeError:
            raise _refused("was not issued by this service") from None
        if not hmac.compare_digest(content.digest, digest):
            raise _refused("belongs to another query, caller or version of the model")
        if content.expires < int(now // DAY):
            raise _refused("has expired")
        values = tuple(None if v is None else kind.parse(v) for v, kind in zip(content.values, types, strict=True))
        return Skiptoken(values, content.remaining, content.count, content.page_size)


def query_digest(*parts: str) -> bytes:
    """What a token is bound to: the query's text, the caller's view, the model's version."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).digest()[:16]


def after(orderby: Sequence[OrderItem], values: Sequence[Any]) -> Expr:
    """The condition that a row comes after the one with these sort values.

    The order is total (its last item is the key), nulls come first ascending and last descending. The leading
    ``ge``/``le`` is redundant, but lets a source walk an index.
    """
    condition: Expr | None = None
    for item, value in zip(reversed(orderby), reversed(values), strict=True):
        kind = item.expr.type
        assert isinstance(kind, PrimitiveType)
        here = Const(value, kind) if value is not None else NULL_CONST
        beyond = _beyond(item, here)
        if condition is None:
            condition = beyond
            continue
        same = conjunction(_not_a_number(item.expr) if _is_nan(here) else call("eq", item.expr, here), condition)
        condition = disjunction(beyond, same)
        if value is not None and not _nullable(item.expr):
            bound = call("le" if item.descending else "ge", item.expr, here)
            condition = conjunction(bound, condition)
    assert condition is not None
    return condition


def _beyond(item: OrderItem, here: Const) -> Expr | None:
    """Strictly after ``here`` in the order of one item; ``None`` if nothing can be."""
    expr, null = item.expr, call("eq", item.expr, NULL_CONST)
    if here.value is None:
        return None if item.descending else call("ne", expr, NULL_CONST)
    if _is_nan(here):
        return null if item.descending else conjunction(call("eq", expr, expr), call("ne", expr, NULL_CONST))
    if not item.descending:
        return call("gt", expr, here)
    return disjunction(
        call("lt", expr, here),
        _not_a_number(expr) if expr.type in (DOUBLE, SINGLE) else None,
        null if _nullable(expr) else None,
    )


def _is_nan(here: Const) -> bool:
    return isinstance(here.value, float) and math.isnan(here.value)


def _not_a_number(expr: Expr) -> Expr:
    """NaN alone is not equal to itself. In an order it stands between null and the numbers."""
    return call("ne", expr, expr)


def _nullable(expr: Expr) -> bool:
    return not isinstance(expr, Prop) or expr.nullable


def _mac(secret: bytes, payload: bytes) -> bytes:
    return hmac.new(secret, b"skiptoken:" + payload, hashlib.sha256).digest()[:_MAC_BYTES]


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _from_text(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _refused("was not issued by this service") from None
    if _to_text(raw) != text:
        raise _refused("was not issued by this service")
    return raw


def _refused(why: str) -> ODataError:
    return ODataError(
        "bad_token",
        f"The $skiptoken {why}.",
        target="$skiptoken",
        hint="Follow @odata.nextLink as it is, or start again without $skiptoken.",
    )
