"""MIME as batches need it, and no more: bodies cut at a boundary, blocks of header lines (RFC 2046, RFC 9112).

Lines may end with CRLF or LF alone. Nothing here is recursive, and each byte is looked at a fixed number of times.
"""

import re

from edm.errors import ODataError
from odata_server.batch.parts import malformed, too_many
from odata_server.messages import Headers

#: Header lines of one request, bytes of one of them, and bytes of a request line with its header lines.
MAX_LINES, MAX_LINE, MAX_HEAD = 100, 8_190, 1_000_000

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*", re.ASCII)


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
    # It begins with literal text, which is searched for much faster than a choice of beginnings.
    delimiter = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
    body = b"\n" + body
    parts: list[bytes] = []
    start: int | None = None
    for found in delimiter.finditer(body):
        if start is not None:
            parts.append(body[start : found.start()].removesuffix(b"\r"))
        if found[1] and parts:
            return parts
        if len(parts) >= most:
            raise too_many(most)
        start = found.end()
    lines = f"--{boundary.decode()} before each part and --{boundary.decode()}-- at the end"
    raise malformed("Delimiters are missing: the body is empty or ends early.", hint=f"Lines are needed: {lines}.")


def head_and_rest(block: bytes) -> tuple[list[str], bytes]:
    """The lines before the first empty one, each byte as the character of that number, and what follows it. The empty
    line may be missing where nothing does.
    """
    if block[:1] == b"\n" or block[:2] == b"\r\n":
        return [], block[block.index(b"\n") + 1 :]
    ends = [(block.find(mark, 0, MAX_HEAD), len(mark)) for mark in (b"\n\r\n", b"\n\n")]
    end, length = min(((end, length) for end, length in ends if end >= 0), default=(len(block), 0))
    if end > MAX_HEAD:
        raise ODataError("limit_exceeded", f"The URL and header lines of a request exceed {MAX_HEAD} bytes.")
    lines = block[:end].decode("latin-1").rstrip("\r\n").split("\n", MAX_LINES + 2)
    return [line.removesuffix("\r") for line in lines if line], block[end + length :]


def header_fields(lines: list[str]) -> Headers:
    """Header lines as fields; raises for lines that are none, for folded and for too many ones."""
    if len(lines) > MAX_LINES:
        raise ODataError("limit_exceeded", f"More than {MAX_LINES} header lines in one request of a batch.")
    return Headers([_field(line) for line in lines])


def header_field(name: str, value: str) -> tuple[str, str]:
    """One header field, without the blanks around its value; raises if it is none."""
    if len(name) + len(value) > MAX_LINE or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise malformed(f"{name[:40]!r} is not a header, or has a value that is none.")
    return name, value.strip(" \t")


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if line[:1] in (" ", "\t"):
        raise malformed("Header lines within a batch must not be folded.", hint="Write each header on one line.")
    if not colon:
        raise malformed(f"{line[:40]!r} is not a header line.")
    return header_field(name, value)
