"""Speaks OData. Flask only at the edge; from the parser to the serialiser everything is pure.

``create_app`` is the WSGI factory: ``gunicorn "odata_server:create_app()"``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from odata_server.config import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Builds the WSGI application from settings (default: environment and ``erp-odata.toml``)."""
    from odata_server.app import create_app as build

    return build(settings)
