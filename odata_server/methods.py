"""Which methods a resource answers, and ``POST .../$query`` as the GET that it stands for (Protocol 4.01, 11.2.1)."""

from dataclasses import replace
from typing import Final
from urllib.parse import unquote

from edm.errors import ODataError
from odata_server.messages import Headers, ODataRequest
from odata_server.negotiation import media_type

BATCH: Final = "$batch"
_QUERY: Final = "$query"
#: One of them is in every spelling of these two.
_SPECIAL: Final = frozenset("$%")
_READ: Final = ("GET", "HEAD", "OPTIONS")
_POST: Final = ("OPTIONS", "POST")


def allowed(path: str) -> tuple[str, ...]:
    """The methods for the raw path below the service root. Whether there is anything is another question."""
    return _POST if is_batch(path) or _last(path) == _QUERY else _READ


def is_batch(path: str) -> bool:
    return not _SPECIAL.isdisjoint(path) and unquote(path.removesuffix("/")) == BATCH


def resource(path: str) -> str:
    """The raw path of what is read: without ``/$query``, and without a slash at the end."""
    path = path.removesuffix("/")
    return path.rpartition("/")[0] if _last(path) == _QUERY else path


def check_method(request: ODataRequest) -> None:
    """Raises ``method_not_allowed`` for all but reading and what is read by POST."""
    if request.method in _READ and _SPECIAL.isdisjoint(request.path):
        return
    methods = allowed(request.path)
    if request.method not in methods:
        what = f"{request.method[:20]} is not allowed"
        message = f"{what}: ERP data is read-only here." if methods is _READ else f"{what} here, but POST is."
        raise ODataError("method_not_allowed", message, headers=(("Allow", ", ".join(methods)),))


def as_get(request: ODataRequest) -> ODataRequest:
    """The GET that a POST to ``.../$query`` stands for; any other request as it is.

    The body holds query options as a URL would, and adds to those of the URL. If-None-Match is left out: what a POST
    brings cannot be "not modified". Raises ``unsupported_media_type`` and ``bad_encoding``.
    """
    if request.method != "POST" or _last(request.path) != _QUERY:
        return request
    media, parameters = media_type(request.headers.get("Content-Type", "text/plain"))
    if media not in ("text/plain", "application/x-www-form-urlencoded"):
        hint = "Send the query options as text/plain, as they would stand in the URL."
        raise ODataError("unsupported_media_type", "Query options are text.", target="Content-Type", hint=hint)
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise ODataError("unsupported_media_type", "Query options are sent in UTF-8.", target="Content-Type")
    try:
        options = request.body.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ODataError("bad_encoding", "The query options in the body are not UTF-8.") from None
    headers = Headers({name: value for name, value in request.headers.items() if name != "if-none-match"})
    path, posted = resource(request.path), options.removeprefix("?")
    return replace(request, method="GET", path=path, headers=headers, posted=posted, body=b"")


def _last(path: str) -> str:
    return unquote(path.removesuffix("/").rpartition("/")[2])
