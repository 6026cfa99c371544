"""The one exception that becomes an OData error response, and the table of its stable codes.

A code is part of the contract: clients and the documentation (``docs/errors.md``) refer to it. A new code is a row in
``ERROR_CODES``; ``tests/test_docs.py`` fails until its documentation exists.
"""

from collections.abc import Sequence
from dataclasses import dataclass

#: code -> (HTTP status, what it means). The message of a single error says what happened; this says what the code is.
ERROR_CODES: dict[str, tuple[int, str]] = {
    "syntax": (400, "The URL, an option or a header value does not follow the OData grammar."),
    "bad_encoding": (400, "The URL is not valid percent-encoded UTF-8, or holds a control character."),
    "duplicate_option": (400, "A system query option is given twice (with, without $, or in another case)."),
    "unknown_option": (400, "A system query option that this service does not know."),
    "option_not_allowed": (400, "A system query option that does not apply to this resource."),
    "unknown_property": (400, "A property or navigation property that the type does not have."),
    "name_taken": (400, "A name given in the request, such as that of a computed property, is already in use there."),
    "unknown_function": (400, "A function that is neither a canonical function nor declared in the metadata."),
    "unknown_type": (400, "A type that is neither an Edm type nor one of the metadata."),
    "type_mismatch": (400, "An operator or function is applied to operands of types it is not defined for."),
    "value_out_of_range": (400, "A literal lies outside the range of its type."),
    "division_by_zero": (400, "A constant integer or decimal division by zero."),
    "arithmetic": (400, "An arithmetic operation has no result within the range of its type."),
    "not_sortable": (400, "The property cannot be used in $orderby."),
    "limit_exceeded": (400, "The request exceeds a documented limit; the message names the limit."),
    "scan_budget_exceeded": (400, "Answering would read more ERP rows than allowed; filter on the named property."),
    "filter_required": (400, "The ERP answers for the set only with a condition on the named property."),
    "bad_token": (400, "A $skiptoken that this service did not issue for this query, or that has expired."),
    "bad_batch": (400, "The body of a batch is malformed, or a request in it is or goes where batches may not go."),
    "bad_version": (400, "OData-Version or OData-MaxVersion names a version that this service cannot speak."),
    "unauthorized": (401, "Credentials are missing or wrong."),
    "forbidden": (403, "A page of another site makes a browser send the request, or the user may not do this."),
    "insecure_transport": (403, "Credentials were sent over plain HTTP."),
    "not_found": (404, "No resource at this URL."),
    "schema_version": (404, "The schema version asked for with $schemaversion is not published."),
    "method_not_allowed": (405, "The resource exists but not for this HTTP method; see the Allow header."),
    "not_acceptable": (406, "None of the representations that the client accepts is available."),
    "precondition_failed": (412, "A precondition given in the request headers does not hold."),
    "payload_too_large": (413, "The request body is larger than allowed."),
    "uri_too_long": (414, "The URL is longer than allowed; use a shorter $filter."),
    "unsupported_media_type": (415, "The $format or Content-Type is not one this service can use."),
    "failed_dependency": (424, "Within a batch: a request that this one depends on failed, so it was not tried."),
    "too_many_requests": (429, "The caller has too many requests in progress or failed to sign in too often."),
    "headers_too_large": (431, "The request has more or longer header fields than allowed."),
    "internal": (500, "A fault of the service. The correlation id finds it in the log."),
    "not_implemented": (501, "Valid OData that this service does not support."),
    "erp_contract": (502, "The ERP's answer does not fit the mapping of the set."),
    "erp_answer": (502, "The ERP answered with something that cannot be used: no JSON, cut off, too large."),
    "erp_failed": (502, "The ERP answered that it failed."),
    "erp_refused": (502, "The ERP refused the question."),
    "erp_denied": (502, "The ERP does not let the service read this."),
    "erp_unavailable": (503, "The ERP cannot be reached."),
    "erp_busy": (503, "All connections to the ERP are in use, or its data are locked."),
    "erp_auth": (503, "The ERP does not accept the service's credentials."),
    "erp_tls": (503, "The ERP's certificate is not trusted."),
    "erp_timeout": (504, "The ERP did not answer within the request's deadline."),
}


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One entry of ``error.details`` (JSON Format 4.01, section 21.1)."""

    code: str
    message: str
    target: str | None = None


class ODataError(Exception):
    """A request cannot be answered; carries all that the OData error body says.

    ``position`` is the 0-based character offset of the fault within the decoded option named by ``target``; ``text``
    is that option's value, so that a caret can be drawn. ``hint`` says what to do instead. ``headers`` are added to
    the response (``Allow``, ``Retry-After``, ``WWW-Authenticate``).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        target: str | None = None,
        position: int | None = None,
        text: str | None = None,
        hint: str | None = None,
        details: Sequence[ErrorDetail] = (),
        headers: Sequence[tuple[str, str]] = (),
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status if status is not None else ERROR_CODES[code][0]
        self.message = message
        self.target = target
        self.position = position
        self.text = text
        self.hint = hint
        self.details = tuple(details)
        self.headers = tuple(headers)

    def located(self, target: str, text: str | None = None, offset: int = 0) -> "ODataError":
        """The same error with ``target`` (and the option's text) filled in where it was raised without."""
        if self.target is None:
            self.target = target
            self.text = text
            if self.position is not None:
                self.position += offset
        return self


def caret(text: str, position: int, width: int = 60) -> str:
    """Two lines: the part of ``text`` around ``position``, and a caret under it."""
    start = max(0, min(position - width // 2, len(text) - width))
    part = text[start : start + width]
    return f"{part}\n{' ' * (position - start)}^"
