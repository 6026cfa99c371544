"""Speaks OData. Flask only at the edge; from the parser to the serialiser everything is pure.

``create_app`` is the WSGI factory: ``gunicorn "odata_server:create_app()"``.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from odata_server.config import Settings

#: The exit code of gunicorn's workers that must not be started again.
_NEVER_AGAIN = 3


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Builds the WSGI application from settings.

    Without settings (those are in the environment and ``erp-odata.toml`` then) it is a server that asks: faults are
    printed, and it exits.
    """
    from edm.faults import CatalogError
    from odata_server.app import create_app as build
    from odata_server.config import ConfigError

    if settings is not None:
        return build(settings)
    try:
        return build()
    except (ConfigError, CatalogError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_NEVER_AGAIN)
