"""The settings as a type: names, defaults, limits and meaning of each.

Building one reads nothing but its arguments. Where values come from, and what spans several of them, is in
``config``.
"""

import ipaddress
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, create_model

from odata_server.addresses import is_loopback
from odata_server.sources import DatabaseUrl, SourceSettings, Statements, kinds
from odata_server.uri.limits import Limits

SECRET_LENGTH = 32
PLACEHOLDERS = (
    "changeme", "change-me", "change_me", "placeholder", "your-secret", "replace", "example", "insert",
)  # fmt: skip

#: Never shown, logged or repeated in a message.
SECRETS = ("database_url", "redis_url", "secret_key", "secret_key_previous", "users", "sources")


def _public_url(value: str) -> str:
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be a URL in ASCII")
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("must be an absolute http or https URL, such as https://erp.example.com")
    if url.query or url.fragment or "@" in url.netloc:
        raise ValueError("must have no user, query or fragment")
    return value.rstrip("/")


def _name_list(value: object) -> object:
    """Names in one text, as a variable has them, with commas between."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _redis_url(value: SecretStr) -> SecretStr:
    url = urlsplit(value.get_secret_value())
    if url.scheme not in ("redis", "rediss") or not url.hostname:
        raise ValueError("must be a URL such as redis://host:6379/0 or rediss://...")
    return value


def _secret_key(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if any(word in secret.lower() for word in PLACEHOLDERS):
        raise ValueError("is a placeholder")
    if len(secret) < SECRET_LENGTH or len(set(secret)) < SECRET_LENGTH // 4:
        raise ValueError(f"is weak: at least {SECRET_LENGTH} random characters are needed")
    return value


def _user_hash(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("$argon2id$v=19$m="):
        raise ValueError("must be an argon2id hash; make one with: erp-odata users hash")
    return value


def _user_name(value: str) -> str:
    if not value or len(value) > 255 or ":" in value or not value.isprintable():
        raise ValueError("a user name has 1 to 255 printable characters and no colon")
    return value


def _proxies(value: int | tuple[str, ...]) -> int | tuple[str, ...]:
    if isinstance(value, int) and not 0 <= value <= 10:
        raise ValueError("must be a number of proxies from 0 to 10, or their addresses")
    for network in () if isinstance(value, int) else value:
        ipaddress.ip_network(network)  # raises ValueError with a readable message
    return value


def _proxy_list(value: object) -> object:
    """An environment variable is text: a number of proxies, or their addresses with commas between."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return int(text) if text.isdecimal() else tuple(part.strip() for part in text.split(",") if part.strip())


def _source_name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", value) or len(value) > 40:
        raise ValueError("the name of a source has at most 40 small letters, digits and single underscores")
    if value == "default":
        raise ValueError("the default source is database_url")
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Url = Annotated[str, AfterValidator(_public_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
SecretKey = Annotated[SecretStr, AfterValidator(_secret_key)]
UserName = Annotated[str, AfterValidator(_user_name)]
UserHash = Annotated[SecretStr, AfterValidator(_user_hash)]
Proxies = Annotated[int | tuple[str, ...], BeforeValidator(_proxy_list), AfterValidator(_proxies)]
UserNames = Annotated[tuple[UserName, ...], BeforeValidator(_name_list)]
Seconds = Annotated[int, Field(ge=0, le=604_800)]
SourceName = Annotated[str, AfterValidator(_source_name)]
Sources = Annotated[dict[SourceName, SourceSettings], BeforeValidator(kinds)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]


class _Named(BaseModel):
    """Every setting but the limits of URLs, which have rows of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    public_url: Url | None = Field(
        default=None,
        description="URL that clients use, without /odata/v4. All links are made from it, and from it alone.",
    )
    host: str | None = Field(
        default=None,
        description="Address to listen on. Unset: 127.0.0.1, or every address when PORT is given.",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="TCP port to listen on.")
    workers: int = Field(default=2, ge=1, le=64, description="Worker processes.")
    database_url: DatabaseUrl | None = Field(
        default=None,
        description="The ERP's database: postgresql://..., mariadb://..., mysql://..., mssql://..., oracle://... or sqlite:///path.",
    )
    database_session: Statements = Field(
        default=(), description="Statements that every new connection to `database_url` begins with."
    )
    sources: Sources = Field(
        default_factory=dict,
        description="Further databases, and ERPs behind HTTP, by name; sets of the catalog name theirs.",
    )
    redis_url: RedisUrl | None = Field(
        default=None, description="Where processes share kept answers: redis://... or rediss://..."
    )
    cache: Literal["redis", "memory", "off"] | None = Field(
        default=None,
        description="Where answers are kept: shared, or in each process. Unset: `redis` with a redis_url, else `off`.",
    )
    freshness: dict[str, Seconds] = Field(
        default_factory=dict, description="Seconds that answers may be old by entity set, instead of the catalog's."
    )
    default_freshness: int = Field(
        default=60, ge=0, le=604_800, description="Seconds that answers may be old where nothing else is said."
    )
    stale: int = Field(
        default=3_600,
        ge=0,
        le=604_800,
        description="Seconds by which answers may be older while the ERP is away, where the catalog does not say.",
    )
    live_users: UserNames = Field(
        default=(),
        description="Users whose `Cache-Control: no-cache` reads from the ERP, whatever is kept.",
    )
    change_users: UserNames = Field(
        default=(), description="Users, such as an ERP, that may declare entity sets changed."
    )
    metrics_users: UserNames = Field(
        default=(), description="Users that may read `/metrics`. Unset: nothing is counted, and there is none."
    )
    cache_entries: int = Field(default=2_000_000, ge=1_000, description="Values that each process keeps of answers.")
    breaker_failures: int = Field(
        default=5, ge=1, le=1_000, description="Outages of an ERP in a row after which it is not asked for a while."
    )
    breaker_seconds: float = Field(
        default=5.0, gt=0, le=300, description="Seconds of that while; then one request finds out."
    )
    catalog: Path | None = Field(
        default=None,
        description="Directory with one TOML file per entity set, or `sap` or `tryton`. Unset: the demo ERP's.",
    )
    secret_key: SecretKey | None = Field(
        default=None,
        description="At least 32 random characters that sign paging tokens; the same for all workers.",
    )
    secret_key_previous: SecretKey | None = Field(
        default=None, description="The secret before the last change: tokens that it signed stay valid."
    )
    users: dict[UserName, UserHash] = Field(
        default_factory=dict, description="User name to argon2id hash, as `erp-odata users hash` makes it."
    )
    anonymous: bool = Field(
        default=False, description="Answer without credentials; allowed only while bound to loopback."
    )
    allow_insecure: bool | None = Field(
        default=None, description="Accept passwords over plain http. Unset: only while bound to loopback."
    )
    trusted_proxies: Proxies = Field(
        default=0,
        description="Whose X-Forwarded-For and -Proto to believe: the number of proxies, or their addresses.",
    )
    page_size: int = Field(
        default=1000, ge=1, le=2000, description="Rows per page where the client states no preference."
    )
    max_page_size: int = Field(
        default=2000,
        ge=1,
        le=2000,
        description="Most rows of a page, whatever is preferred; Salesforce takes 2,000.",
    )
    deadline: float = Field(default=25.0, gt=0, le=300, description="Seconds a request may take, waiting included.")
    scan_budget: int = Field(
        default=50_000,
        ge=1,
        description="Most ERP rows read for one request whose filter the ERP cannot evaluate.",
    )
    max_skip: int = Field(default=100_000, ge=0, description="Largest `$skip`; next links go further.")
    max_expanded: int = Field(
        default=50_000, ge=1, description="Most related rows in one answer, of all `$expand` items."
    )
    max_expanded_per_parent: int = Field(
        default=1_000,
        ge=1,
        description="Most related rows of one row and `$expand` item; the rest is behind a next link.",
    )
    max_response: int = Field(
        default=7_500_000,
        ge=1_000,
        description="Bytes of a page before compression; it ends earlier, with a next link. Salesforce takes 8 MB.",
    )
    max_token: int = Field(default=2_048, ge=64, description="Characters of the longest `$skiptoken`.")
    max_request_line: int = Field(
        default=8_190, ge=100, le=8_190, description="Bytes of the longest request line; gunicorn takes 8,190."
    )
    max_headers: int = Field(default=100, ge=1, le=10_000, description="Most header fields of a request.")
    max_header_size: int = Field(
        default=8_190, ge=100, le=1_000_000, description="Bytes of the longest header field, name included."
    )
    max_body: int = Field(default=8_000_000, ge=1, description="Bytes of the largest request body.")
    max_inflated: int = Field(
        default=16_000_000, ge=1, description="Bytes that a compressed request body may unfold to."
    )
    max_ratio: int = Field(
        default=100, ge=1, description="Bytes that one byte of a compressed body may unfold to, beyond the first 64 KB."
    )
    max_correlation_id: int = Field(
        default=128, ge=1, le=1_000, description="Characters of a correlation id; a longer one is replaced."
    )
    max_concurrent: int = Field(
        default=64, ge=1, description="Requests of one caller that one worker process answers at a time."
    )
    batch_parts: int = Field(default=100, ge=1, le=1000, description="Most requests in one `$batch`.")
    batch_rows: int = Field(
        default=200_000, ge=1, description="ERP rows after which a `$batch` is answered no further."
    )
    pool_size: int = Field(default=8, ge=1, le=200, description="Connections to the ERP per worker process.")
    pool_wait: float = Field(default=2.0, gt=0, le=60, description="Seconds to wait for a free connection.")
    statement_timeout: float = Field(
        default=20.0, gt=0, le=300, description="Seconds after which the database cancels a statement."
    )
    log_level: LogLevel = Field(default="info", description="Least level that is logged: debug, info, warning, error.")
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json` for machines, `console` for people."
    )

    @property
    def address(self) -> str:
        """The address to listen on."""
        return self.host or "127.0.0.1"

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.address)

    @property
    def url(self) -> str:
        """The public URL, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"

    @property
    def root(self) -> str:
        """The service root: what every absolute link starts with."""
        return f"{self.url}/odata/v4/"

    @property
    def insecure_allowed(self) -> bool:
        return self.on_loopback if self.allow_insecure is None else self.allow_insecure

    @property
    def kept(self) -> Literal["redis", "memory", "off"]:
        """Where answers are kept."""
        return self.cache or ("redis" if self.redis_url else "off")

    @property
    def limits(self) -> Limits:
        """The limits of URLs."""
        return Limits(**{row.name: getattr(self, limit_setting(row.name)) for row in fields(Limits)})

    def with_(self, **changes: Any) -> Self:
        """A copy with some values replaced, unchecked."""
        return self.model_copy(update=changes)


def limit_setting(name: str) -> str:
    """The setting of a row of ``Limits``."""
    return f"limit_{name}"


def _limit_settings() -> dict[str, Any]:
    """A setting for every row of ``Limits``."""
    return {
        limit_setting(row.name): (
            int,
            Field(default=row.default, ge=1, le=row.metadata["most"], description=f"Most {row.metadata['counted']}."),
        )
        for row in fields(Limits)
    }


if TYPE_CHECKING:
    Settings = _Named
else:
    Settings = create_model(
        "Settings", __base__=_Named, __module__=__name__, __doc__="Every setting.", **_limit_settings()
    )
