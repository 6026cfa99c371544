"""The WSGI application: settings in, Flask out. What it is made of is in ``compose``, what HTTP adds in
``web``.
"""

from flask import Flask

from edm.faults import Fault
from odata_server import kinds, pages, web
from odata_server.compose import Composition, compose
from odata_server.config import ConfigError, check, load
from odata_server.observe import configure
from odata_server.settings import Settings

__all__ = ["Composition", "compose", "create_app"]


def create_app(settings: Settings | None = None, composition: Composition | None = None) -> Flask:
    """The application. Settings default to the environment and ``erp-odata.toml``.

    Raises ``ConfigError`` when a service must not start like this, ``CatalogError`` when the catalog is no
    model.
    """
    if composition is None:
        settings = settings or load().settings
        check(settings)
        composition = compose(settings)
    settings = composition.settings
    configure(settings.log_level, settings.log_format, _confidential(settings))
    app = Flask("odata_server", static_folder=None, template_folder=None)
    _refuse_debugging(app)
    app.config.update(
        PROVIDE_AUTOMATIC_OPTIONS=False,
        MAX_CONTENT_LENGTH=settings.max_body,
        SECRET_KEY=None,
    )
    app.extensions["erp_odata"] = composition
    web.install(app, composition)
    app.register_blueprint(pages.blueprint)
    return app


def _refuse_debugging(app: Flask) -> None:
    """Flask's debug mode shows tracebacks and more to whoever asks; ``FLASK_DEBUG`` is how it gets switched on."""
    if app.debug:
        raise ConfigError([Fault("environment", "FLASK_DEBUG", "must not be set for a service", "unset it")])


def _confidential(settings: Settings) -> tuple[str, ...]:
    """What log lines never hold, wherever it comes from."""
    from urllib.parse import unquote, urlsplit

    keys = (settings.secret_key, settings.secret_key_previous, *settings.users.values())
    hidden = [key.get_secret_value() for key in keys if key is not None]
    hidden += [secret for secret in kinds.confidential(settings) if len(secret) > 3]
    urls = (settings.database_url, settings.redis_url, *(source.url for source in settings.sources.values()))
    for url in (url for url in urls if url is not None):
        password = urlsplit(url.get_secret_value()).password
        hidden += [password, unquote(password)] if password and len(password) > 3 else []
    return tuple(dict.fromkeys(hidden))
