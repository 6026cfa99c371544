"""Where settings come from, and what is wrong with them, all at once.

Precedence: command line, environment, file, default. The settings themselves are in ``settings``, on
pydantic; the layers are ours, because pydantic-settings stops at the first variable that it cannot decode,
does not tell where a value came from, folds the case of user names and has no ``*_FILE`` variables. How
gunicorn is tuned is in ``gunicorn_conf``; faults of the catalog are found by ``edm.declare``.
"""

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from edm.faults import Fault
from odata_server.addresses import is_loopback
from odata_server.settings import SECRETS, Settings
from odata_server.sources import HTTP_KEYS, IN_FILES, SourceSettings

__all__ = ["ConfigError", "Loaded", "Settings", "check", "load", "shown"]

PREFIX = "ERP_ODATA_"
SOURCES = "sources"
FILE_NAME = "erp-odata.toml"
FILE_VARIABLE = f"{PREFIX}CONFIG"

#: The platform's own variables, used where ours is not set.
PLATFORM = {
    "PORT": "port",
    "DATABASE_URL": "database_url",
    "REDIS_URL": "redis_url",
    "WEB_CONCURRENCY": "workers",
    "SECRET_KEY": "secret_key",
    "LOG_LEVEL": "log_level",
}

#: What the variables of sources begin with; then come the name of the source, two underscores and the key.
SOURCE_PREFIX = f"{PREFIX}SOURCES__"

#: Variables with our prefix that are no settings: the settings' file, and what ``gunicorn_conf`` reads.
OTHER_VARIABLES = (
    FILE_VARIABLE,
    "ERP_ODATA_THREADS",
    "ERP_ODATA_WORKER_TIMEOUT",
    "ERP_ODATA_GRACEFUL_TIMEOUT",
    "ERP_ODATA_KEEPALIVE",
    "ERP_ODATA_MAX_REQUESTS",
)

NEW_SECRET = "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: a file and key, a variable, a flag, or the default."""

    source: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {self.key}" if self.key else self.source


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Valid settings, the origin of each (of sources also ``sources.name.key``), and what is odd but no fault."""

    settings: Settings
    origins: Mapping[str, Origin]
    warnings: tuple[str, ...] = ()


class ConfigError(Exception):
    """The configuration cannot be used; ``faults`` has everything that is wrong with it.

    ``settings`` has what is sound, and defaults for the rest: enough to go on looking for faults elsewhere.
    """

    def __init__(self, faults: list[Fault], settings: Settings | None = None) -> None:
        self.faults = tuple(faults)
        self.settings = settings or Settings()
        noun = "fault" if len(faults) == 1 else "faults"
        lines = (f"The configuration has {len(faults)} {noun}:", *(f"  {fault}" for fault in faults))
        super().__init__("\n".join(lines))


def load(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    serving: bool = True,
) -> Loaded:
    """Settings from all layers; ``ConfigError`` with all faults.

    ``serving`` demands what only a server needs: who may sign in, the secret, the public URL.
    """
    environ = os.environ if environ is None else environ
    draft = _Draft()
    for name, value in (flags or {}).items():
        if value is not None:
            draft.offer(name, value, Origin("command line", "--" + name.replace("_", "-")))
    _read_source_variables(draft, environ)
    _read_environment(draft, environ)
    _read_file(draft, environ)
    settings, faulty = _validate(draft)
    _apply_rules(draft, settings, faulty, serving)
    if draft.faults:
        raise ConfigError(draft.faults, settings)
    origins = {name: draft.origins.get(name, DEFAULT) for name in Settings.model_fields}
    origins |= {key: origin for key, origin in draft.origins.items() if key.startswith(f"{SOURCES}.")}
    return Loaded(settings, origins, tuple(draft.warnings))


def check(settings: Settings) -> None:
    """``ConfigError`` when a service must not start with these settings."""
    draft = _Draft()
    _apply_rules(draft, settings, set(), serving=True)
    if draft.faults:
        raise ConfigError(draft.faults, settings)


# Layers


#: Keys of a source of which there is one alone: a secret, and the file with it.
_TWINS = {f"{key}_file": key for key in IN_FILES} | {key: f"{key}_file" for key in IN_FILES}


@dataclass(slots=True)
class _Draft:
    """What the layers gave so far; the first layer that has a setting wins."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def offer(self, name: str, value: Any, origin: Origin) -> None:
        if name == SOURCES and isinstance(value, Mapping) and all(isinstance(v, Mapping) for v in value.values()):
            for source, table in value.items():
                for key, item in table.items():
                    inner = Origin(origin.source, f"{origin.key}.{source}.{key}")
                    self.offer_source(source, key, item, inner)
            self.origins.setdefault(name, origin)
        elif name not in self.values:
            self.values[name] = value
            self.origins[name] = origin

    def offer_source(self, source: str, key: str, value: Any, origin: Origin) -> None:
        """Sources are put together key by key: the table in the file, the password in the environment.

        A password of one layer stands for the file with one of a later layer, and the other way round.
        """
        table = self.values.setdefault(SOURCES, {}).setdefault(source, {})
        twin = self.origins.get(f"{SOURCES}.{source}.{_TWINS.get(key)}")
        if key not in table and (twin is None or twin.source == origin.source):
            table[key] = value
            self.origins[f"{SOURCES}.{source}.{key}"] = origin

    def fault(self, name: str, message: str, hint: str | None = None, inner: str = "") -> None:
        own = self.origins.get(f"{name}.{inner}")
        origin = own or self.origins.get(name, Origin("settings", name))
        key = ".".join(part for part in (origin.key, "" if own else inner) if part)
        self.faults.append(Fault(origin.source, key, message, hint))


def _read_environment(draft: _Draft, environ: Mapping[str, str]) -> None:
    own = {PREFIX + name.upper(): name for name in Settings.model_fields}
    for variable, name in (own | PLATFORM).items():
        if value := _variable(draft, environ, variable, secret=name in SECRETS):
            decoded = _decoded(value) if name in ("users", "freshness", SOURCES) else value
            draft.offer(name, decoded, Origin("environment", variable))
    if draft.origins.get("port") == (port := Origin("environment", "PORT")):
        draft.offer("host", "0.0.0.0", port)  # noqa: S104 - a platform routes to this port from outside
    prefix = f"{PREFIX}USERS__"
    users = {name.removeprefix(prefix): value for name, value in environ.items() if name.startswith(prefix)}
    if users:
        draft.offer("users", users, Origin("environment", f"{prefix}*"))
    files = [f"{variable}_FILE" for variable, name in own.items() if name in SECRETS]
    for variable in sorted(set(environ).difference(own, files, OTHER_VARIABLES)):
        if variable.startswith(PREFIX) and not variable.startswith((prefix, SOURCE_PREFIX, f"{PREFIX}TEST_")):
            hint = _nearest(variable, [*own, *OTHER_VARIABLES])
            draft.warnings.append(f"{variable} is not a setting{f' ({hint})' if hint else ''}")


def _read_source_variables(draft: _Draft, environ: Mapping[str, str]) -> None:
    """``ERP_ODATA_SOURCES__WAREHOUSE__URL`` is the URL of the source ``warehouse``, ``..._URL_FILE`` a file with it.

    Files with other secrets stay files, which are read again when they change.
    """
    for variable in sorted(name for name in environ if name.startswith(SOURCE_PREFIX)):
        name, _, key = variable.removeprefix(SOURCE_PREFIX).lower().rpartition("__")
        secret = key.removesuffix("_file") == "url"
        key = "url" if secret else key
        if not name or key not in SourceSettings.model_fields:
            hint = _nearest(key, list(SourceSettings.model_fields))
            draft.faults.append(Fault("environment", variable, "is no key of a source", hint))
            continue
        own = variable.removesuffix("_FILE") if secret else variable
        if value := _variable(draft, environ, own, secret=secret):
            draft.offer_source(name, key, value, Origin("environment", own))


def _variable(draft: _Draft, environ: Mapping[str, str], variable: str, *, secret: bool) -> str | None:
    """The value; for a secret also what the file named by ``<variable>_FILE`` holds. Empty means unset."""
    path = environ.get(f"{variable}_FILE") if secret else None
    if not path or environ.get(variable):
        return environ.get(variable) or None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        draft.faults.append(Fault("environment", f"{variable}_FILE", f"cannot be read: {_reason(error)}"))
        return None


def _decoded(value: str) -> object:
    """JSON as the value it stands for; what is not JSON is left for validation to refuse."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _read_file(draft: _Draft, environ: Mapping[str, str]) -> None:
    named = environ.get(FILE_VARIABLE)
    path = Path(named or FILE_NAME)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            draft.faults.append(Fault("environment", FILE_VARIABLE, f"there is no file {named!r}"))
        return
    except (OSError, ValueError) as error:
        draft.faults.append(Fault(str(path), "", f"cannot be read: {_reason(error)}"))
        return
    for name, value in table.items():
        if name in Settings.model_fields:
            draft.offer(name, value, Origin(str(path), name))
        else:
            hint = _nearest(name, list(Settings.model_fields))
            draft.faults.append(Fault(str(path), name, "is not a setting", hint))


def _nearest(name: str, known: list[str]) -> str | None:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else None


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


# Faults


def _validate(draft: _Draft) -> tuple[Settings, set[str]]:
    """The settings, and which are faulty: those stand at their defaults, so that the rules see the rest."""
    try:
        return Settings.model_validate(draft.values), set()
    except ValidationError as error:
        faulty = set()
        for name, inner, message in _messages(error, draft.values):
            draft.fault(name, message, NEW_SECRET if name == "secret_key" else None, inner)
            faulty.add(name)
        sound = {name: value for name, value in draft.values.items() if name not in faulty}
        return Settings.model_validate(sound), faulty


#: How many keys deep a fault is named within a setting that is a table.
_INNER = {"users": 1, "freshness": 1, SOURCES: 2}


def _messages(error: ValidationError, values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(setting, inner key, message), one for each value: a union complains once for each of its members."""
    seen = set()
    for fault in error.errors(include_url=False, include_context=False):
        name, *path = map(str, fault["loc"])
        inner = ".".join(path[: _INNER.get(name, 0)]).removesuffix(".[key]")
        if (name, inner) not in seen:
            seen.add((name, inner))
            message = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            shown = f", not {values.get(name)!r}" if message.startswith("must") and name not in SECRETS else ""
            yield name, inner, message + shown


@dataclass(frozen=True, slots=True)
class _Rule:
    """What spans settings. A fault is reported at the first of those that it ``reads``."""

    reads: tuple[str, ...]
    check: Callable[[Settings], tuple[str, str] | None]
    serving: bool = True


def _apply_rules(draft: _Draft, settings: Settings, faulty: set[str], serving: bool) -> None:
    for rule in _RULES:
        if (serving or not rule.serving) and not faulty.intersection(rule.reads):
            problem = rule.check(settings)
            if problem:
                draft.fault(rule.reads[0], *problem)


def _page_sizes(s: Settings) -> tuple[str, str] | None:
    if s.page_size <= s.max_page_size:
        return None
    return f"{s.page_size} is more than max_page_size, which is {s.max_page_size}", "make it smaller"


def _somebody_may_read(s: Settings) -> tuple[str, str] | None:
    if s.users or s.anonymous:
        return None
    return "nobody could sign in", "`erp-odata users hash` makes the entry of a user"


def _anonymous_on_loopback(s: Settings) -> tuple[str, str] | None:
    if not s.anonymous or s.on_loopback:
        return None
    return f"is for loopback only, and the service would listen on {s.address}", "add users instead"


def _secret(s: Settings) -> tuple[str, str] | None:
    return None if s.secret_key else ("is required: it signs paging tokens", NEW_SECRET)


def _database(s: Settings) -> tuple[str, str] | None:
    if s.database_url or s.sources:
        return None
    return "is required", "DATABASE_URL=postgresql://user:password@host/database"


def _redis(s: Settings) -> tuple[str, str] | None:
    if s.cache != "redis" or s.redis_url:
        return None
    return "needs redis_url", "REDIS_URL=redis://host:6379/0"


def _known_public_url(s: Settings) -> tuple[str, str] | None:
    if s.public_url or s.on_loopback:
        return None
    return f"is required to listen on {s.address}: links are made from it", "such as https://erp.example.com"


def _safe_public_url(s: Settings) -> tuple[str, str] | None:
    url = urlsplit(s.public_url or s.url)
    if url.scheme == "https" or s.allow_insecure or s.public_url is None or is_loopback(url.hostname or ""):
        return None
    return "passwords would travel in the clear", "use https, or set allow_insecure = true"


def _readable_files(s: Settings) -> tuple[str, str] | None:
    """Files that sources name: better missed now than at the first call."""
    for name, source in s.sources.items():
        for key in (*(f"{key}_file" for key in IN_FILES), "ca_file"):
            path = getattr(source, key)
            try:
                if path is not None and not path.read_text(encoding="utf-8").strip():
                    return f"{name}.{key}: {path} is empty", "write it first"
            except (OSError, UnicodeDecodeError) as error:
                return f"{name}.{key}: {path} cannot be read: {_reason(error)}", "check path and permissions"
    return None


_RULES = (
    _Rule(("page_size", "max_page_size"), _page_sizes, serving=False),
    _Rule(("users", "anonymous"), _somebody_may_read),
    _Rule(("anonymous", "host"), _anonymous_on_loopback),
    _Rule(("secret_key",), _secret),
    _Rule(("database_url", SOURCES), _database),
    _Rule((SOURCES,), _readable_files, serving=False),
    _Rule(("cache", "redis_url"), _redis, serving=False),
    _Rule(("public_url", "host"), _known_public_url),
    _Rule(("public_url", "allow_insecure"), _safe_public_url),
)


# Showing


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of ``config show``: never a secret."""

    name: str
    value: Any
    origin: str
    description: str


def shown(loaded: Loaded) -> tuple[Shown, ...]:
    """Every setting with its value and origin, secrets masked."""
    lines: list[Shown] = []
    for name, info in Settings.model_fields.items():
        if name == SOURCES and loaded.settings.sources:
            lines.extend(_shown_sources(loaded))
            continue
        value = _masked(name, getattr(loaded.settings, name))
        lines.append(Shown(name, value, str(loaded.origins[name]), info.description or ""))
    return tuple(lines)


def _shown_sources(loaded: Loaded) -> Iterator[Shown]:
    """A line for each key of each source; what is unset is as for the default source."""
    for source, table in loaded.settings.sources.items():
        for key, info in SourceSettings.model_fields.items():
            name = f"{SOURCES}.{source}.{key}"
            origin, value = loaded.origins.get(name), getattr(table, key)
            if origin is None and key in HTTP_KEYS:
                continue  # a database has none of them, an ERP few
            if value is None:
                origin, value = Origin("as for the default source", key), getattr(loaded.settings, key)
            yield Shown(name, _masked(key, value), str(origin or DEFAULT), info.description or "")


def _masked(name: str, value: Any) -> Any:
    if name == "users":
        return dict.fromkeys(value, "***")
    if name in ("database_url", "url") and value is not None:
        return mask_url(value.get_secret_value())
    if isinstance(value, SecretStr):
        return "***"
    return str(value) if isinstance(value, Path) else value


def mask_url(url: str) -> str:
    """The URL without password and without options, which may hold one too."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{parts.scheme}://{name}{':***' if colon else ''}{at}{place}{parts.path}"
