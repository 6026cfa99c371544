"""The configured service as an HTTP client sees it, without a server: a transport for ``requests``."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

if TYPE_CHECKING:
    from odata_server.service import Service


class Local(BaseAdapter):
    """Hands requests for URLs below ``root`` to the service."""

    def __init__(self, service: "Service", root: str) -> None:
        super().__init__()
        self.service = service
        self.root = root

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answers at once; there is nothing to wait for and nothing to verify."""
        from odata_server.auth import Principal
        from odata_server.messages import Headers, ODataRequest

        url = urlsplit(request.url or "")
        asked = ODataRequest(
            request.method or "GET",
            str(url.path).removeprefix(urlsplit(self.root).path),
            str(url.query),
            Headers((name, str(value)) for name, value in request.headers.items()),
            root=self.root,
            correlation_id="cli",
        )
        answered = self.service.handle(asked, Principal("cli", authenticated=True))
        response = requests.Response()
        response.status_code = answered.status
        response.headers.update(dict(answered.headers))
        response.raw = BytesIO(answered.body)
        response.url = str(request.url)
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is open."""
