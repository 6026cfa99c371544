"""gunicorn from within Python: our configuration, and settings handed over as they are instead of by
environment.
"""

from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from odata_server import gunicorn_conf
from odata_server.settings import Settings


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves the application that ``settings`` describe."""

    def __init__(self, settings: Settings, ready: Callable[[], None], *, quiet: bool = False) -> None:
        self._settings = settings
        self._ready = ready
        self._quiet = quiet
        super().__init__()

    def load_config(self) -> None:
        for name, value in vars(gunicorn_conf).items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)
        host = self._settings.address
        self.cfg.set("bind", f"{f'[{host}]' if ':' in host else host}:{self._settings.port}")
        self.cfg.set("workers", self._settings.workers)
        self.cfg.set("proc_name", "erp-odata")
        self.cfg.set("loglevel", "warning" if self._quiet else self._settings.log_level)
        self.cfg.set("when_ready", self._when_ready)

    def _when_ready(self, server: Any) -> None:
        gunicorn_conf.when_ready(server)
        self._ready()

    def load(self) -> Any:
        from odata_server.app import create_app

        return create_app(self._settings)
