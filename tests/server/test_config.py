"""Settings: layers, origins, faults all at once, secrets that stay secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from odata_server import gunicorn_conf
from odata_server.config import FILE_NAME, OTHER_VARIABLES, ConfigError, check, load, mask_url, shown
from odata_server.settings import Settings
from tests.server.support import HASH, SECRET, settings

GOOD = {
    "ERP_ODATA_SECRET_KEY": SECRET,
    "ERP_ODATA_USERS": json.dumps({"alice": HASH}),
    "ERP_ODATA_DATABASE_URL": "postgresql://u:pw@db/erp",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def faults(environ: dict[str, str], flags: dict[str, Any] | None = None) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        load(flags, environ)
    return {fault.key: fault.message for fault in caught.value.faults}


def test_twelve_faults_in_one_file_are_one_message() -> None:
    Path(FILE_NAME).write_text("""
        port = 99999
        page_size = 0
        deadlin = 4
        database_url = "firebird://u:canary-password@h/x"
        secret_key = "changeme-canary-secret"
        log_level = "loud"
        log_format = "xml"
        pool_wait = "soon"
        public_url = "erp.example.com"
        trusted_proxies = ["10.0.0.0/33"]
        anonymous = "maybe"
        [users]
        alice = "canary-plain"
    """)
    with pytest.raises(ConfigError) as caught:
        load(environ={})
    keys = [fault.key for fault in caught.value.faults]
    assert sorted(keys) == [
        "anonymous", "database_url", "deadlin", "log_format", "log_level", "page_size", "pool_wait", "port",
        "public_url", "secret_key", "trusted_proxies", "users.alice",
    ]  # fmt: skip
    message = str(caught.value)
    assert message.startswith("The configuration has 12 faults:")
    assert all(f"{FILE_NAME}: {key}: " in message for key in keys)
    assert "canary" not in message
    assert "did you mean deadline?" in message


def test_precedence_and_origins() -> None:
    Path(FILE_NAME).write_text("port = 1001\npage_size = 11\npool_size = 3\n")
    environ = GOOD | {"ERP_ODATA_PORT": "1002", "PORT": "1003", "ERP_ODATA_PAGE_SIZE": "12"}
    loaded = load({"page_size": 13, "host": None}, environ)
    assert (loaded.settings.port, loaded.settings.page_size, loaded.settings.pool_size) == (1002, 13, 3)
    origins = {name: str(origin) for name, origin in loaded.origins.items()}
    assert origins["port"] == "environment: ERP_ODATA_PORT"
    assert origins["page_size"] == "command line: --page-size"
    assert origins["pool_size"] == f"{FILE_NAME}: pool_size"
    assert origins["deadline"] == "default"
    assert set(origins) == set(Settings.model_fields)


def test_platform_variables() -> None:
    environ = {
        "PORT": "5000",
        "DATABASE_URL": "postgres://u:p%40w@db.example/erp?sslmode=require",
        "WEB_CONCURRENCY": "3",
        "SECRET_KEY": SECRET,
        "LOG_LEVEL": "WARNING",
        "ERP_ODATA_USERS__Sales Force": HASH,
        "ERP_ODATA_PUBLIC_URL": "https://erp.example.com/",
    }
    found = load(environ=environ).settings
    assert (found.port, found.address, found.workers, found.log_level) == (5000, "0.0.0.0", 3, "warning")
    assert found.database_url is not None
    url = found.database_url.get_secret_value()
    assert url == "postgresql+psycopg://u:p%40w@db.example/erp?sslmode=require"
    assert list(found.users) == ["Sales Force"]
    assert found.root == "https://erp.example.com/odata/v4/"


def test_empty_variables_are_unset() -> None:
    assert load(environ=GOOD | {"PORT": "", "ERP_ODATA_PAGE_SIZE": ""}).settings.port == 8000


def test_secrets_from_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "users").write_text(json.dumps({"bob": HASH}))
    environ = {
        "SECRET_KEY_FILE": str(tmp_path / "secret"),
        "ERP_ODATA_USERS_FILE": str(tmp_path / "users"),
        "DATABASE_URL": "sqlite:///x",
    }
    found = load(environ=environ).settings
    assert found.secret_key is not None
    assert found.secret_key.get_secret_value() == SECRET
    assert list(found.users) == ["bob"]
    environ["SECRET_KEY_FILE"] = str(tmp_path / "gone")
    assert "No such file" in faults(environ)["SECRET_KEY_FILE"]


def test_named_file() -> None:
    Path("other.toml").write_text("port = 1234")
    assert load(environ=GOOD | {"ERP_ODATA_CONFIG": "other.toml"}).settings.port == 1234
    assert "there is no file" in faults(GOOD | {"ERP_ODATA_CONFIG": "nowhere.toml"})["ERP_ODATA_CONFIG"]


def test_a_file_that_is_no_toml() -> None:
    Path(FILE_NAME).write_text("port == 1")
    with pytest.raises(ConfigError, match=r"cannot be read.*line 1"):
        load(environ=GOOD)


def test_unknown_variables_are_warned_of() -> None:
    """Not refused: platforms add variables of their own to a service's name."""
    loaded = load(environ=GOOD | {"ERP_ODATA_PAGESIZE": "5", "ERP_ODATA_TEST_PG_URL": "x", "ERP_ODATA_THREADS": "4"})
    assert loaded.warnings == ("ERP_ODATA_PAGESIZE is not a setting (did you mean ERP_ODATA_PAGE_SIZE?)",)


def test_gunicorn_variables_are_known() -> None:
    own = {name for name in gunicorn_conf.VARIABLES if name.startswith("ERP_ODATA_")}
    assert own == set(OTHER_VARIABLES) - {"ERP_ODATA_CONFIG"}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"users": {}}, "users"),
        ({"users": {}, "anonymous": True, "host": "0.0.0.0"}, "anonymous"),
        ({"anonymous": True, "host": "10.0.0.1"}, "anonymous"),
        ({"anonymous": True, "host": "::"}, "anonymous"),
        ({"secret_key": None}, "secret_key"),
        ({"database_url": None}, "database_url"),
        ({"host": "0.0.0.0", "public_url": None}, "public_url"),
        ({"public_url": "http://erp.example.com"}, "public_url"),
        ({"page_size": 100, "max_page_size": 50}, "page_size"),
    ],
)
def test_a_service_must_not_start_like_this(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(settings(**changes))
    assert [fault.key for fault in caught.value.faults] == [key]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"host": "0.0.0.0"},
        {"users": {}, "anonymous": True},
        {"users": {}, "anonymous": True, "host": "::1", "public_url": None},
        {"public_url": "http://erp.example.com", "allow_insecure": True},
        {"public_url": "http://127.0.0.1:9"},
    ],
)
def test_a_service_may_start_like_this(changes: dict[str, Any]) -> None:
    check(settings(**changes))


@pytest.mark.parametrize("secret", ["short", "a" * 64, "changeme" * 8, "please-replace-me-" * 3, "abcabc" * 10])
def test_weak_secrets(secret: str) -> None:
    assert "secret_key" in " ".join(faults(GOOD | {"ERP_ODATA_SECRET_KEY": secret})).lower()


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x", "https://", "https://u:p@h", "https://h?x=1", "https://h#f", "https://h h", "https://ü"],
)
def test_bad_public_urls(url: str) -> None:
    Path(FILE_NAME).write_text(f"public_url = {json.dumps(url)}")
    assert "public_url" in faults(GOOD)


def test_users_that_are_no_json() -> None:
    assert set(faults(GOOD | {"ERP_ODATA_USERS": "alice"})) == {"ERP_ODATA_USERS"}
    assert set(faults(GOOD | {"ERP_ODATA_USERS": '{"a:b": "x"}'})) <= {"ERP_ODATA_USERS.a:b"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("10.0.0.0/8, 127.0.0.1", ("10.0.0.0/8", "127.0.0.1")), ("0", 0)],
)
def test_trusted_proxies(text: str, value: object) -> None:
    assert load(environ=GOOD | {"ERP_ODATA_TRUSTED_PROXIES": text}).settings.trusted_proxies == value


def test_urls() -> None:
    local = Settings(port=8001)
    assert local.root == "http://127.0.0.1:8001/odata/v4/"
    assert Settings(host="::1").root == "http://[::1]:8000/odata/v4/"
    assert Settings(public_url="https://h/erp/").root == "https://h/erp/odata/v4/"


def test_what_is_shown_holds_no_secret() -> None:
    environ = GOOD | {"ERP_ODATA_SECRET_KEY_PREVIOUS": "previous-" + SECRET}
    text = json.dumps([[line.name, line.value, line.origin] for line in shown(load(environ=environ))])
    assert SECRET not in text
    assert HASH not in text
    assert ":pw@" not in text
    assert "postgresql+psycopg://u:***@db/erp" in text


def test_masked_urls() -> None:
    assert mask_url("postgresql://u:p@h:1/d?password=x") == "postgresql://u:***@h:1/d"
    assert mask_url("sqlite:////tmp/x.sqlite") == "sqlite:////tmp/x.sqlite"


def test_settings_repr_holds_no_secret() -> None:
    assert SECRET not in repr(settings())
    assert HASH not in repr(settings())


def test_settings_read_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_ODATA_PORT", "1")
    monkeypatch.setenv("PORT", "2")
    assert Settings().port == 8000


# Sources


def test_sources_are_put_together_key_by_key(tmp_path: Path) -> None:
    Path(FILE_NAME).write_text("""
        pool_size = 4
        [sources.warehouse]
        pool_size = 2
        session = ["SET search_path TO wms"]
        [sources.finance]
        url = "sqlite:///finance.sqlite"
        statement_timeout = 5
    """)
    (tmp_path / "url").write_text("postgres://u:canary-password@wms/erp\n")
    environ = GOOD | {
        "ERP_ODATA_SOURCES__WAREHOUSE__URL_FILE": str(tmp_path / "url"),
        "ERP_ODATA_SOURCES__FINANCE__STATEMENT_TIMEOUT": "7",
        "ERP_ODATA_SOURCES__OLD_ARCHIVE__URL": "sqlite:///old.sqlite",
        "ERP_ODATA_SOURCES__OLD_ARCHIVE__SESSION": "PRAGMA cache_size = 1",
    }
    loaded = load(environ=environ)
    found = loaded.settings.sources
    assert set(found) == {"warehouse", "finance", "old_archive"}
    assert found["warehouse"].url.get_secret_value() == "postgresql+psycopg://u:canary-password@wms/erp"
    assert (found["warehouse"].pool_size, found["warehouse"].session) == (2, ("SET search_path TO wms",))
    assert found["finance"].statement_timeout == 7
    assert found["old_archive"].session == ("PRAGMA cache_size = 1",)
    assert not loaded.warnings
    lines = {line.name: (line.value, line.origin) for line in shown(loaded)}
    assert lines["sources.warehouse.url"] == (
        "postgresql+psycopg://u:***@wms/erp",
        "environment: ERP_ODATA_SOURCES__WAREHOUSE__URL",
    )
    assert lines["sources.warehouse.pool_size"] == (2, f"{FILE_NAME}: sources.warehouse.pool_size")
    assert lines["sources.finance.pool_size"] == (4, "as for the default source: pool_size")
    assert lines["sources.finance.session"] == ((), "default")
    assert "canary" not in str(lines)
    assert "sources" not in lines


def test_sources_as_one_variable() -> None:
    table = {"warehouse": {"url": "sqlite:///w", "pool_size": 1}}
    environ = GOOD | {"ERP_ODATA_SOURCES": json.dumps(table), "ERP_ODATA_SOURCES__WAREHOUSE__POOL_SIZE": "2"}
    assert load(environ=environ).settings.sources["warehouse"].pool_size == 2


def test_faults_of_sources_name_their_place() -> None:
    Path(FILE_NAME).write_text("""
        [sources.Warehouse]
        url = "sqlite:///w"
        [sources.default]
        url = "sqlite:///w"
        [sources.finance]
        url = "mysql+nodriver://u:canary-password@h/x"
        pool = 3
        [sources.archive]
        pool_wait = 1
    """)
    found = faults(GOOD | {"ERP_ODATA_SOURCES__FINANCE__POOL_SIZE": "0", "ERP_ODATA_SOURCES__FINANCE__POOLSIZE": "1"})
    assert set(found) == {
        "ERP_ODATA_SOURCES__FINANCE__POOLSIZE", "ERP_ODATA_SOURCES__FINANCE__POOL_SIZE", "sources.Warehouse",
        "sources.archive.url", "sources.default", "sources.finance.pool", "sources.finance.url",
    }  # fmt: skip
    assert "canary" not in str(found)
    assert "database_url" in found["sources.default"]


def test_sources_that_are_no_tables() -> None:
    Path(FILE_NAME).write_text('sources = "everywhere"')
    assert set(faults(GOOD)) == {"sources"}
    Path(FILE_NAME).write_text('[sources]\nfinance = "sqlite:///x"')
    assert set(faults(GOOD)) == {"sources.finance"}


def test_a_named_source_is_enough() -> None:
    environ = {name: value for name, value in GOOD.items() if name != "ERP_ODATA_DATABASE_URL"}
    assert "database_url" in str(faults(environ))
    assert load(environ=environ | {"ERP_ODATA_SOURCES__FINANCE__URL": "sqlite:///x"}).settings.database_url is None


def test_statements_of_the_default_session() -> None:
    for text in ("SET search_path TO erp", '["SET search_path TO erp"]'):
        assert load(environ=GOOD | {"ERP_ODATA_DATABASE_SESSION": text}).settings.database_session == (
            "SET search_path TO erp",
        )
