"""ERPs behind HTTP in the object graph: which kind is asked, with what, and what the service tells of it."""

import json
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edm.capabilities import Capabilities
from edm.declare import load_texts
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.base import DEFAULT_SOURCE, Examined, Finding, Page, Session, source_of
from erp_adapters.transport import Anonymous, Basic, ClientCredentials, OptionFault, Remote, Token, diagnose
from odata_server.app import create_app
from odata_server.cli import main
from odata_server.compose import _namespace, catalog, compose
from odata_server.config import ConfigError, load
from odata_server.kinds import remote
from odata_server.settings import Settings
from odata_server.sources import SourceSettings
from tests.adapters.transport.server import Seen, Server, answer, served
from tests.server.support import SECRET

CATALOG = """
    entity_set = "Things"
    entity_type = "Thing"
    label = "Thing"
    label_plural = "Things"
    description = "Things."
    system_of_record = "ERP"
    key = "Key"
    [properties.Key]
    type = "String"
    max_length = 10
    label = "Key"
    description = "The key."
    [rest]
    {source}
    path = "things"
"""


SQL = """
    [sql]
    table = "x"
    [sql.columns]
    Key = "x"
"""


def model(source: str = "") -> ServiceMetadata:
    return load_texts({"Things.toml": CATALOG.format(source=source)})


@dataclass
class Things:
    """The smallest adapter over HTTP that there is."""

    remote: Remote
    name: str

    def __post_init__(self) -> None:
        self.chosen = self.remote.chosen({"company": "", "deep": False, "pages": 3})
        self.calls = self.remote.open(headers={"x-company": self.chosen["company"]})

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return Capabilities()

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        found = self.calls.send("GET", "things", session).json()
        session.timings.rows_read += len(found)
        yield Page([tuple(row[name] for name in query.columns) for row in found])

    def ping(self, session: Session) -> None:
        self.calls.send("GET", "ping", session)

    def describe(self, session: Session) -> str:
        return f"Things at {self.calls.describe()}"

    def diagnose(self, check: str, examined: Examined) -> Iterator[Finding] | None:
        return diagnose(self.calls, check)


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("erp_adapters.rest")
    module.connect = lambda remote, metadata, name: Things(remote, name)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "erp_adapters.rest", module)


@pytest.fixture
def erp() -> Iterator[Server]:
    with served(lambda seen: [answer([{"Key": "a"}, {"Key": "b"}])]) as server:
        yield server


def settings(erp: Server, **given: Any) -> Settings:
    return configured(
        anonymous=True,
        secret_key=SECRET,
        sources={"rest": {"url": erp.url, **given}},
        breaker_failures=1000,
        log_level="error",
    )


def configured(**given: Any) -> Settings:
    return Settings.model_validate(given)


# --- which source -----------------------------------------------------------------------------------------------------


def test_a_section_of_a_kind_is_of_the_source_called_so() -> None:
    assert source_of(model()["Things"]) == "rest"
    assert source_of(model('source = "shop"')["Things"]) == "shop"
    sql = load_texts({"Things.toml": CATALOG.format(source="").replace("[rest]", SQL).replace('path = "things"', "")})
    assert source_of(sql["Things"]) == DEFAULT_SOURCE


@contextmanager
def asked(erp: Server, **given: Any) -> Iterator[Any]:
    yield create_app(composition=compose(settings(erp, **given), metadata=model())).test_client()


def test_the_service_reads_from_it(erp: Server) -> None:
    with asked(erp, options={"company": "7"}, user="u", password="p") as client:
        found = client.get("/odata/v4/Things?$filter=Key eq 'b'&$count=true", headers={"X-Correlation-Id": "abc"})
    assert (found.status_code, found.json["value"], found.json["@odata.count"]) == (200, [{"Key": "b"}], 1)
    (seen,) = erp.seen
    assert (seen.headers["x-company"], seen.headers["x-correlation-id"]) == ("7", "abc")
    assert seen.headers["authorization"].startswith("Basic ")


def test_readyz_names_the_source(erp: Server) -> None:
    with asked(erp) as client:
        assert client.get("/readyz").json == {"status": "ready", "sources": {"rest": "ready"}}
    erp.says(answer(b"", 403))
    with asked(erp) as client:
        found = client.get("/readyz")
    assert (found.status_code, found.json) == (503, {"status": "unavailable", "sources": {"rest": "erp_denied"}})


@pytest.mark.parametrize(
    ("status", "code", "published"),
    [
        (401, "erp_auth", 503),
        (403, "erp_denied", 502),
        (429, "erp_busy", 503),
        (500, "erp_failed", 502),
        (404, "erp_refused", 502),
    ],
)
def test_faults_are_published_without_words_of_the_erp(erp: Server, status: int, code: str, published: int) -> None:
    erp.says(answer(b"the ERP's own words: canary", status))
    with asked(erp, user="u", password="p") as client:
        found = client.get("/odata/v4/Things")
    assert (found.status_code, found.json["error"]["code"]) == (published, code)
    assert "canary" not in found.text


def test_f007_five_hundreds_in_a_burst_are_tried_again(erp: Server) -> None:
    """One call in ten fails: hardly anybody sees it."""

    def script(seen: Seen) -> list[Any]:
        return [answer(b"", 500) if len(erp.seen) % 10 == 0 else answer([{"Key": "a"}])]

    erp.script = script
    with asked(erp) as client:
        statuses = [client.get("/odata/v4/Things").status_code for _ in range(200)]
    assert statuses.count(200) >= 198


# --- what the kind gets -----------------------------------------------------------------------------------------------


def test_what_a_kind_gets(tmp_path: Path) -> None:
    url = "https://h/x/"
    given = configured(
        pool_size=3,
        pool_wait=1.5,
        statement_timeout=7,
        sources={"rest": {"url": url, "ca_file": "/ca", "proxy": "http://p/"}},
    )
    found = remote(given, given.sources["rest"])
    assert (found.url, found.credentials, found.password, found.user) == (url, Anonymous(), None, "")
    limits = found.limits
    assert (limits.pool_size, limits.wait, limits.timeout) == (3, 1.5, 7)
    assert (limits.ca_file, limits.proxy) == ("/ca", "http://p/")
    own = SourceSettings.model_validate(
        {"kind": "rest", "url": url, "pool_size": 1, "statement_timeout": 2, "user": "u", "password_file": tmp_path}
    )
    found = remote(given, own)
    assert (found.limits.pool_size, found.limits.timeout) == (1, 2)
    assert isinstance(found.credentials, Basic)
    assert found.password is not None
    assert found.password.path == tmp_path


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"token": "t"}, Token),
        ({"token_file": "t", "token_header": "X-Key"}, Token),
        (
            {"token_url": "https://t/", "client_id": "i", "client_secret": "s", "token_params": {"resource": 1}},
            ClientCredentials,
        ),
    ],
)
def test_credentials_of_a_source(given: dict[str, Any], kind: type) -> None:
    source = SourceSettings.model_validate({"kind": "rest", "url": "https://h/", **given})
    found = remote(Settings(), source).credentials
    assert isinstance(found, kind)
    if isinstance(found, ClientCredentials):
        assert (found.parameters, found.in_body) == ({"resource": "1"}, False)
    if isinstance(found, Token) and source.token_header:
        assert (found.header, found.scheme) == ("X-Key", "")


@pytest.mark.parametrize(
    ("options", "key", "hint"),
    [
        ({"compny": "1"}, "options.compny", "did you mean company?"),
        ({"company": 1}, "options.company", None),
        ({"deep": "yes"}, "options.deep", None),
        ({"pages": True}, "options.pages", None),
        ({"zzz": 1}, "options.zzz", "there are company, deep, pages"),
    ],
)
def test_options_that_a_kind_cannot_use(erp: Server, options: dict[str, Any], key: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as found:
        compose(settings(erp, options=options), metadata=model())
    (fault,) = found.value.faults
    assert (fault.key, fault.hint) == (f"sources.rest.{key}", hint)


def test_options_over_their_defaults() -> None:
    assert Remote("https://h/", options={"b": 1, "c": 2}).chosen({"a": None, "b": 0, "c": 0.5}) == {
        "a": None,
        "b": 1,
        "c": 2,
    }
    with pytest.raises(OptionFault, match=r"options\.a: must be a text, not 1"):
        Remote("https://h/", options={"a": 1}).chosen({"a": None})


@pytest.fixture
def deployed(erp: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a command where the source is configured."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "Things.toml").write_text(CATALOG.format(source=""))

    def run(*command: str, options: str = "") -> Any:
        text = f'catalog = "catalog"\n[sources.rest]\nurl = "{erp.url}"\nuser = "u"\npassword = "canary"\n{options}'
        (tmp_path / "erp-odata.toml").write_text(text)
        return CliRunner().invoke(main, command)

    return run


def test_validate_lists_them(deployed: Callable[..., Any]) -> None:
    found = deployed("validate", "--json", options="options = { company = 100 }")
    faults = {fault["key"]: fault["message"] for fault in json.loads(found.stdout)}
    assert faults["sources.rest.options.company"] == "must be a text, not 100"


def checked(found: Any) -> dict[str, tuple[str, str]]:
    """What is found by check."""
    return {
        row["check"]: (finding["what"], finding["fix"])
        for row in json.loads(found.stdout)
        for finding in row["findings"]
        if row["source"] == "rest"
    }


def test_the_doctor_looks_at_it(erp: Server, deployed: Callable[..., Any]) -> None:
    erp.script = lambda seen: [answer([{"Key": "a"}], headers=[("Date", formatdate(time.time() + 90, usegmt=True))])]
    found = checked(deployed("doctor", "--json"))
    assert "ahead of ours" in found["clock"][0]
    assert "reachable" not in found


def test_the_doctor_looks_at_sources_whose_sets_say_when_they_were_read(
    erp: Server, tmp_path: Path, deployed: Callable[..., Any]
) -> None:
    stamp = """
        [properties.ReadAt]
        type = "DateTimeOffset"
        label = "Read At"
        description = "When it was read."
        [rest]"""
    text = (
        CATALOG.format(source="").replace("[rest]", stamp).replace('key = "Key"', 'key = "Key"\n    as_of = "ReadAt"')
    )
    (tmp_path / "catalog" / "Things.toml").write_text(text)
    erp.says(answer(b"words", 403))
    assert checked(deployed("doctor", "--json"))["reachable"][1].startswith("Give the service's user")


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (401, "Correct user and password"),
        (403, "Give the service's user"),
        (404, "Check url and options"),
        (503, "Check url, network"),
    ],
)
def test_the_doctor_says_what_to_do(erp: Server, deployed: Callable[..., Any], status: int, fix: str) -> None:
    erp.says(answer(b"words", status))
    found = deployed("doctor", "--json")
    assert checked(found)["reachable"][1].startswith(fix)
    assert "canary" not in found.stdout


def test_a_query_says_what_to_do(erp: Server, deployed: Callable[..., Any]) -> None:
    erp.says(answer(b"words", 401))
    found = deployed("query", "Things")
    assert found.exit_code == 4
    assert "[erp_auth]" in found.stderr
    assert "correct user and password" in found.stderr
    assert "canary" not in found.output


def test_explain_with_what_it_costs(erp: Server, deployed: Callable[..., Any]) -> None:
    found = json.loads(deployed("explain", "--run", "--json", "Things?$filter=Key eq 'b'").stdout)
    assert "rows are read until enough of them pass here, at most 50000 (scan_budget)" in found["notes"]
    cost = found["cost"]
    assert (cost["calls"], cost["rows_read"], cost["rows"]) == (1, 2, 1)


# --- kept answers -----------------------------------------------------------------------------------------------------


def test_kept_answers_are_told_apart_by_what_rows_depend_on(tmp_path: Path) -> None:
    def namespace(**given: Any) -> str:
        source = {"kind": "rest", "url": "https://h/", "user": "u", "password": "p", **given}
        return _namespace(configured(sources={"rest": source}), model())

    same = namespace()
    assert namespace(password="another") == same  # a rotation leaves them as they are
    assert namespace(pool_size=2) == same
    others: list[dict[str, Any]] = [
        {"url": "https://i/"},
        {"user": "v"},
        {"options": {"company": "2"}},
        {"kind": "odata"},
    ]
    assert len({namespace(**other) for other in others} | {same}) == 5


def test_built_in_catalogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [str(catalog(configured(catalog=name))) for name in ("sap", "tryton", "mine")]
    assert [Path(path).parts[-3:] for path in found[:2]] == [
        ("erp_adapters", kind, "catalog") for kind in ("sap", "tryton")
    ]
    assert found[2] == "mine"
    (tmp_path / "sap").mkdir()
    assert str(catalog(load(environ={"ERP_ODATA_CATALOG": "sap"}, serving=False).settings)) == "sap"


def test_without_an_erp_behind_http_nothing_for_http_is_imported() -> None:
    """It costs a tenth of a second and some megabytes, of every command and every worker."""
    import subprocess

    code = """
        import sys
        from odata_server.compose import compose
        from odata_server.settings import Settings
        compose(Settings(database_url="sqlite://", sources={"a": {"url": "sqlite://"}}))
        print([name for name in ("requests", "urllib3") if name in sys.modules])
    """
    found = subprocess.run([sys.executable, "-c", "if True:" + code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
