"""What Salesforce says when it refuses a query or cannot reach the data."""


class SalesforceError(Exception):
    """A refusal with Salesforce's own code, such as ``MALFORMED_QUERY``. ``text`` and ``position`` (from 0) show the
    place where it is known.
    """

    def __init__(self, code: str, message: str, *, text: str | None = None, position: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.text = text
        self.position = position

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class ExternalSystemError(SalesforceError):
    """The external system did not answer, or not as a client has to be able to expect.

    ``status`` is that of the response, if there was one.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__("EXTERNAL_OBJECT_EXCEPTION", message)
        self.status = status
