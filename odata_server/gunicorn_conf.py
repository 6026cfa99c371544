"""How gunicorn serves the application in production, read by `gunicorn -c`.

Where to listen and with how many workers is a setting of the service (`config`), so that its rules about
loopback judge the address really used. What concerns gunicorn alone comes from `VARIABLES`. In front of
`gthread` there must be a buffering proxy (a platform router, nginx): slow clients easily block a bare port.
"""

import gc
import os
from pathlib import Path
from typing import Any

from gunicorn.config import KNOWN_SETTINGS

from odata_server import places
from odata_server.addresses import is_loopback
from odata_server.config import ConfigError, load

# Environment variable: (default, meaning).
VARIABLES = {
    "ERP_ODATA_THREADS": (8, "threads per worker process"),
    "ERP_ODATA_WORKER_TIMEOUT": (30, "seconds without a heart-beat after which a worker is replaced"),
    "ERP_ODATA_GRACEFUL_TIMEOUT": (20, "seconds that requests under way get to finish at a stop"),
    "ERP_ODATA_KEEPALIVE": (95, "seconds an idle connection is kept; more than the router's 90"),
    "ERP_ODATA_MAX_REQUESTS": (10_000, "requests after which a worker is replaced; 0: never"),
}


def _number(variable: str) -> int:
    default, meaning = VARIABLES[variable]
    value = os.environ.get(variable) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise SystemExit(f"{variable}={value!r} is not a whole number ({meaning})")
    return int(value)


try:
    _settings = load(serving=False).settings  # the application checks the rest, and says all that is wrong
except ConfigError as error:
    raise SystemExit(str(error)) from None

bind = f"[{_settings.address}]" if ":" in _settings.address else _settings.address
bind = f"{bind}:{_settings.port}"
workers = _settings.workers
worker_class = "odata_server.worker.Worker"
threads = _number("ERP_ODATA_THREADS")

# With gthread this is a heart-beat only, it does not end a slow request: requests have their own deadline.
timeout = _number("ERP_ODATA_WORKER_TIMEOUT")
graceful_timeout = _number("ERP_ODATA_GRACEFUL_TIMEOUT")
keepalive = _number("ERP_ODATA_KEEPALIVE")
max_requests = _number("ERP_ODATA_MAX_REQUESTS")
max_requests_jitter = max_requests // 10  # not all workers at once

# The largest that gunicorn honours; more silently becomes this. Its default of 4094 is too short for the
# filters Salesforce writes. What is larger than our own limits is refused in OData's words, as long as gunicorn
# lets it pass.
limit_request_line = 8190
limit_request_fields = min(2 * _settings.max_headers, 32_768)
limit_request_field_size = 2 * _settings.max_header_size

# Settings and model are read once, and faults show before a worker starts. Connections come after the fork.
preload_app = True

# The heart-beat file: on a disk, a slow write would look like a hung worker.
if Path("/dev/shm").is_dir():  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# The application logs each request itself, with its correlation id.
accesslog = None
errorlog = "-"
loglevel = _settings.log_level

# Newer versions open a control socket in the home directory, which a service has no use for.
if any(setting.name == "control_socket_disable" for setting in KNOWN_SETTINGS):
    control_socket_disable = True


def on_starting(server: Any) -> None:
    """`--bind` outranks this file, but not the rule that anonymous access means loopback."""
    exposed = [address for address in server.address if not _is_local(address)]
    if exposed and server.app.wsgi().extensions["erp_odata"].settings.anonymous:
        raise SystemExit(f"anonymous access is for loopback only, and gunicorn would listen on {exposed}")


def when_ready(server: Any) -> None:
    """Before the first worker is forked off."""
    server.app.wsgi().extensions["erp_odata"].prepare()
    # Model and modules stay as long as the process does. Looking through them for garbage halts all its threads for a
    # tenth of a second, and has nothing to find.
    gc.collect()
    gc.freeze()


def pre_fork(server: Any, worker: Any) -> None:
    worker.place = places.free(other.place for other in server.WORKERS.values())


def post_fork(server: Any, worker: Any) -> None:
    places.take(worker.place)


def child_exit(server: Any, worker: Any) -> None:
    metrics = server.app.wsgi().extensions["erp_odata"].metrics
    if metrics is not None:
        metrics.left(worker.place)


def _is_local(address: str | tuple[str, int]) -> bool:
    """A Unix socket is a path, an address is a pair."""
    return isinstance(address, str) or is_loopback(address[0])
