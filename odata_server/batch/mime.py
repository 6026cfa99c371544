"""MIME as batches need it, and no more: bodies cut at a boundary, blocks of header lines (RFC 2046, RFC 9112).

Lines may end with CRLF or LF alone. Nothing here is recursive, and each byte is looked at a fixed number of times.
"""

import re

from edm.errors import ODataError
from odata_server.batch.parts import malformed, too_many
from odata_server.messages import Headers

#: Header lines of one request, and bytes of one of them.
MAX_LINES, MAX_LINE = 100, 8_190

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)
_EMPTY_LINE = re.compile(rb"(?:\A|\r?\n)\r?\n")
_LINE_END = re.compile(r"\r?\n")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*", re.ASCII)


def boundary_of(parameters: dict[str, str]) -> bytes:
    """The boundary parameter of a multipart type; raises if it is none."""
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        hint = "For example Content-Type: multipart/mixed;boundary=batch_36522ad7."
        raise malformed("The boundary must have 1 to 70 characters of those in RFC 2046.", "Content-Type", hint)
    return boundary.encode()


def split(body: bytes, boundary: bytes, most: int) -> list[bytes]:
    """What stands between the delimiter lines, at least one part; raises beyond ``most``, before it cuts the next.

    Text before the first delimiter and after the closing one is no part. A delimiter stands alone on its line.
    """
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
    parts: list[bytes] = []
    start: int | None = None
    for found in delimiter.finditer(body):
        if start is not None:
            parts.append(body[start : found.start()])
        if found[1] and parts:
            return parts
        if len(parts) >= most:
            raise too_many(most)
        start = found.end()
    lines = f"--{boundary.decode()} before each part and --{boundary.decode()}-- at the end"
    raise malformed("Delimiters are missing: the body is empty or ends early.", hint=f"Lines are needed: {lines}.")


def head_and_rest(block: bytes) -> tuple[bytes, bytes]:
    """The lines before the first empty one, and what follows it. The empty line may be missing where nothing does."""
    end = _EMPTY_LINE.search(block)
    return (block.rstrip(b"\r\n"), b"") if end is None else (block[: end.start()], block[end.end() :])


def lines_of(head: bytes) -> list[str]:
    """The lines of a block, each byte as the character of that number."""
    text = head.decode("latin-1")
    return _LINE_END.split(text, maxsplit=MAX_LINES + 2) if text else []


def header_fields(lines: list[str]) -> Headers:
    """Header lines as fields; raises for lines that are none, for folded and for too many ones."""
    if len(lines) > MAX_LINES:
        raise ODataError("limit_exceeded", f"More than {MAX_LINES} header lines in one request of a batch.")
    return Headers([_field(line) for line in lines])


def _field(line: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(line) if len(line) <= MAX_LINE else None
    if found is None:
        if line[:1] in (" ", "\t"):
            raise malformed("Header lines within a batch must not be folded.", hint="Write each header on one line.")
        raise malformed(f"{line[:40]!r} is not a header line.")
    return found[1], found[2]
