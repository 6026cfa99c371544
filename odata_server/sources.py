"""The settings of one source: a database, or an ERP behind HTTP, with what the service signs in with there.

Building one reads nothing but its arguments. What becomes of it is in ``kinds``; where values come from in ``config``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    model_validator,
)

from odata_server.addresses import is_loopback
from odata_server.foreign import foreign

#: Kinds of ERPs behind HTTP: each is a package of ``erp_adapters`` and a section of the catalog.
REMOTE: Final = ("sap", "tryton", "odata", "rest")
#: The kinds that are ours; packages of others bring more.
BUILT_IN: Final = ("sql", *REMOTE)
#: Secrets of a source that may be in a file instead, which is then read again when it changes.
IN_FILES: Final = ("password", "token", "client_secret")
#: Schemes of databases behind a network, in SQLAlchemy's spelling. ``postgres://`` is what Heroku and others hand out.
_SCHEMES: Final = {
    **dict.fromkeys(("postgres", "postgresql", "postgresql+psycopg"), "postgresql+psycopg"),
    **dict.fromkeys(("mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"), "mysql+pymysql"),
    **dict.fromkeys(("mssql", "mssql+pymssql"), "mssql+pymssql"),
    **dict.fromkeys(("oracle", "oracle+oracledb"), "oracle+oracledb"),
}
_DATABASES: Final = (
    "postgresql://user:password@host/database, mysql://..., mariadb://..., mssql://..., oracle://... or sqlite:///path"
)


def database_url(value: SecretStr) -> SecretStr:
    """The URL in SQLAlchemy's spelling."""
    scheme, separator, rest = value.get_secret_value().partition("://")
    if separator and scheme in _SCHEMES:
        if not _unambiguous(f"postgresql://{rest}"):
            raise ValueError("must have special characters of user and password percent-encoded, and a port in digits")
        return SecretStr(f"{_SCHEMES[scheme]}://{rest}")
    if separator and scheme == "sqlite":
        return value
    raise ValueError(f"must be {_DATABASES}")


def _unambiguous(url: str) -> bool:
    """Whether everybody finds the password at the same place: the driver, the log and ``config show``."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.netloc.count("@") < 2 and "@" not in parts.path + parts.query and "#" not in url


def statements(value: object) -> object:
    """An environment variable is text: one statement, or several as a JSON list."""
    if not isinstance(value, str):
        return value
    try:
        several = json.loads(value)
    except ValueError:
        return (value,)
    return several if isinstance(several, list) else (value,)


def _kind(value: str) -> str:
    if value in BUILT_IN:
        return value
    brought = sorted(foreign())
    if value not in brought:
        known = ", ".join((*BUILT_IN, *brought))
        raise ValueError(f"must be one of {known}, or be brought by an installed package")
    return value


def _source_url(value: SecretStr, info: ValidationInfo) -> SecretStr:
    text = value.get_secret_value()
    if not is_remote(text) and info.data.get("kind", "sql") not in BUILT_IN:
        if not text or not text.isprintable():
            raise ValueError("must be a text that says where it is")
        return value  # what it has to be its kind alone knows
    if not is_remote(text):
        try:
            return database_url(value)
        except ValueError as error:
            raise ValueError(f"{error}; of an ERP behind HTTP https://host/path") from None
    return SecretStr(_http_url(text))


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    plain = text.isascii() and text.isprintable() and not re.search(r"[\s\\]", text)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("must be an absolute URL in ASCII, such as https://erp.example.com/sap/opu/odata/sap/")
    if "@" in parts.netloc:
        raise ValueError("must have no user and password: they are the keys `user` and `password`")
    if parts.query or parts.fragment:
        raise ValueError("must have no query or fragment: what goes with every call are `options`")
    return text


def is_remote(url: object) -> bool:
    """Whether a URL leads to an ERP behind HTTP."""
    text = url.get_secret_value() if isinstance(url, SecretStr) else url
    return isinstance(text, str) and text.partition("://")[0].lower() in ("http", "https")


def kinds(sources: object) -> object:
    """Sources with their kind: an ERP behind HTTP whose source is called like a kind is of that kind."""
    if not isinstance(sources, Mapping):
        return sources
    return {
        name: {"kind": name, **table}
        if isinstance(table, Mapping) and "kind" not in table and _is_kind(name, table.get("url"))
        else table
        for name, table in sources.items()
    }


def _is_kind(name: str, url: object) -> bool:
    """Whether a source at the URL may be of the kind that it is called like."""
    if name in BUILT_IN:
        return name in REMOTE and is_remote(url)
    scheme = str(url.get_secret_value() if isinstance(url, SecretStr) else url).partition("://")[0]
    return scheme not in (*_SCHEMES, "sqlite") and name in foreign()


def _table(value: object) -> object:
    """An environment variable is text: a table as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('must be a table, in a variable JSON such as {"client": "100"}') from None


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", value):
        raise ValueError("must be the name of a header field, such as X-Api-Key")
    return value


def _sendable(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isprintable() or text != text.strip():
        raise ValueError("must have no control characters, and no blanks around it")
    return value


DatabaseUrl = Annotated[SecretStr, AfterValidator(database_url)]
SourceUrl = Annotated[SecretStr, AfterValidator(_source_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Statements = Annotated[tuple[str, ...], BeforeValidator(statements)]
Secret = Annotated[SecretStr, AfterValidator(_sendable)]
HeaderName = Annotated[str, AfterValidator(_header)]
Options = Annotated[dict[str, Any], BeforeValidator(_table)]

Kind = Annotated[str, AfterValidator(_kind)]


class SourceSettings(BaseModel):
    """One of the ``sources``. Limits that are unset are as for the default one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = Field(
        default="sql",
        description="What it is: sql, sap, tryton, odata (version 4), rest, or what [an installed package](adapters.md) brings. Unset: the source's name, if that is one; else sql.",  # noqa: E501
    )
    url: SourceUrl = Field(
        description="The database, as for `database_url`, or the root of the ERP's service: https://host/path."
    )
    pool_size: int | None = Field(
        default=None, ge=1, le=200, description="Connections to it, and calls at once, per worker process."
    )
    pool_wait: float | None = Field(default=None, gt=0, le=60, description="Seconds to wait for a free connection.")
    statement_timeout: float | None = Field(
        default=None, gt=0, le=300, description="Seconds after which a statement, or one call, is given up."
    )
    session: Statements = Field(default=(), description="Statements that every new connection begins with.")
    user: str | None = Field(default=None, min_length=1, description="User that the service signs in as.")
    password: Secret | None = Field(default=None, description="The user's password.")
    password_file: Path | None = Field(default=None, description="File with the password instead.")
    token: Secret | None = Field(default=None, description="Token that goes with every call, or an API key.")
    token_file: Path | None = Field(default=None, description="File with the token instead.")
    token_header: HeaderName | None = Field(
        default=None, description="Header for the token as it is. Unset: `Authorization: Bearer <token>`."
    )
    token_url: HttpUrl | None = Field(
        default=None, description="Where OAuth 2 hands out tokens for `client_id` and `client_secret`."
    )
    client_id: str | None = Field(default=None, min_length=1, description="The service as OAuth 2 knows it.")
    client_secret: Secret | None = Field(default=None, description="The secret of `client_id`.")
    client_secret_file: Path | None = Field(default=None, description="File with that secret instead.")
    scope: str | None = Field(default=None, description="Scope of the tokens, as the ERP's documentation says.")
    token_auth: Literal["basic", "body"] | None = Field(
        default=None, description="How `token_url` wants id and secret: `basic` (unset), or in the `body`."
    )
    token_params: Options = Field(
        default_factory=dict, description="Further parameters for `token_url`: resource, audience."
    )
    ca_file: Path | None = Field(
        default=None, description="Certificates of the authorities that are trusted instead of the public ones."
    )
    proxy: HttpUrl | None = Field(default=None, description="HTTP proxy on the way. The environment's are not used.")
    allow_insecure: bool = Field(default=False, description="Send credentials over plain http, beyond this machine.")
    options: Options = Field(
        default_factory=dict, description="What is particular to the kind of ERP, see its documentation."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = list(_wrong(self))
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def remote(self) -> bool:
        """Whether it is an ERP that is no database."""
        return self.kind != "sql"

    @property
    def signs_in(self) -> bool:
        """Whether something secret goes over the wire."""
        return any(getattr(self, key) is not None for key in ("user", "token", "token_file", "token_url"))


#: Keys that only an ERP behind HTTP has.
HTTP_KEYS: Final = tuple(
    name
    for name in SourceSettings.model_fields
    if name not in ("kind", "url", "pool_size", "pool_wait", "statement_timeout", "session")
)


def _wrong(source: SourceSettings) -> Iterator[str]:
    """What does not fit together, each with what to do."""
    if source.kind in BUILT_IN and source.remote is not is_remote(source.url):
        yield (
            f"kind {source.kind} has a URL that begins with https://"
            if source.remote
            else 'say which ERP is behind the URL: kind = "sap", "tryton", "odata" or "rest"'
        )
        return
    if not source.remote:
        given = [key for key in HTTP_KEYS if key in source.model_fields_set]
        yield from (f"{key} is for ERPs behind HTTP, not for databases" for key in given)
        return
    if source.session:
        yield "session is for databases"
    yield from _wrong_credentials(source)
    yield from _wrong_transport(source)


def _wrong_credentials(source: SourceSettings) -> Iterator[str]:
    for key in IN_FILES:
        if getattr(source, key) is not None and getattr(source, f"{key}_file") is not None:
            yield f"give {key} or {key}_file, not both"
    ways = [
        ("user", "password", source.user),
        ("token_url", "client_secret", source.token_url),
        ("client_id", "client_secret", source.client_id),
    ]
    for key, secret, value in ways:
        has = getattr(source, secret) is not None or getattr(source, f"{secret}_file") is not None
        if (value is not None) is not has:
            yield f"{key} needs {secret} or {secret}_file" if value is not None else f"{secret} needs {key}"
    if source.token_header and not (source.token or source.token_file):
        yield "token_header needs token or token_file"
    if source.token_url is None:
        given = [key for key in ("scope", "token_auth", "token_params") if key in source.model_fields_set]
        yield from (f"{key} needs token_url" for key in given)
    several = [key for key in ("user", "token", "token_file", "token_url") if getattr(source, key) is not None]
    if source.kind == "tryton" and "user" in several:
        several.remove("user")  # the key of an application is for reading records, not for the descriptions of fields
    if len({key.removesuffix("_file") for key in several}) > 1:
        yield f"sign in by one of {', '.join(several)}, not by all"


def _wrong_transport(source: SourceSettings) -> Iterator[str]:
    urls = {"url": source.url.get_secret_value(), "token_url": source.token_url}
    for key, url in urls.items():
        parts = urlsplit(url or "")
        clear = parts.scheme == "http" and not is_loopback(parts.hostname or "")
        if clear and source.signs_in and not source.allow_insecure:
            yield f"{key}: passwords would travel in the clear; use https, or set allow_insecure = true for this source"
