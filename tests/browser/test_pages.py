"""The pages for people, in a real browser against a running server: what they show, and what they never do.

The rows are made here and are as hostile as rows get; what the pages say of them is held against the model.
"""

import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request, Route
from pydantic import SecretStr
from werkzeug.serving import make_server

from edm.capabilities import Capabilities
from edm.declare import load_directory
from edm.model import EntitySet, Property
from edm.query import Query
from erp_adapters import base
from erp_adapters.memory import MemoryAdapter
from odata_server.app import compose, create_app
from odata_server.auth import hash_password
from odata_server.describe import examples, links
from odata_server.settings import Settings
from salesforce.field_types import field_name, field_type, object_name

pytestmark = pytest.mark.browser

MODEL = load_directory(files("erp_adapters") / "catalog")
SETS = [pytest.param(entity_set, id=entity_set.name) for entity_set in MODEL.sets]
SECRET = "browser-tests-0123456789-abcdefghijklmnop"
WIDTHS = (1280, 400)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "</td></table><iframe src=javascript:alert(1)>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<a href=javascript:alert(1)>x</a>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<math><mtext><script>alert(1)</script>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "{{ 7 * 7 }}{% raw %}${alert(1)}",
    "\u2028<details open ontoggle=alert(1)>\u202e",
)
URLS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//http://",
    "data:text/html,<script>alert(1)</script>",
    "https://www.example.com/",
    "//evil.example/x",
)


# The ERP


def value(entity_set: EntitySet, item: Property, number: int) -> Any:
    if item.name == entity_set.type.key:
        return f"K{number:04d}"
    if item.nullable and number == 4 and item.type.name != "String":
        return None
    if item.allowed:
        return item.allowed[number % len(item.allowed)]
    if item.name == "Website":
        return URLS[number % len(URLS)]
    if item.type.name == "String":
        # Another one in each column, so that the five rows of a sample hold them all.
        at = 0 if item.name == "CustomerName" else entity_set.type.names.index(item.name)
        return HOSTILE[(number + 5 * at) % len(HOSTILE)][: item.max_length]
    return {
        "Boolean": number % 2 == 0,
        "Int16": number,
        "Int32": number,
        "Int64": 9_007_199_254_740_993,
        "Decimal": Decimal(10_000_001 + number).scaleb(-(item.scale or 0)),
        "Date": date(2026, 1, 31) + timedelta(days=number),
        "DateTimeOffset": datetime(2026, 1, 31, 8, 30, tzinfo=UTC),
    }[item.type.name]


ROWS = {
    entity_set.name: [
        {item.name: value(entity_set, item, number) for item in entity_set.type.properties}
        for number in range(len(HOSTILE))
    ]
    for entity_set in MODEL.sets
}


@dataclass
class Erp:
    """Answers from ``ROWS``; a set named in ``moods`` does that first."""

    moods: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    rows: MemoryAdapter = field(default_factory=lambda: MemoryAdapter(MODEL, ROWS))
    asked: list[str] = field(default_factory=list)

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return self.rows.capabilities(entity_set)

    def read(self, query: Query, session: base.Session) -> Iterator[base.Page]:
        self.asked.append(query.entity_set)
        self.moods.get(query.entity_set, bool)()
        return self.rows.read(query, session)


def unavailable() -> None:
    raise base.Unavailable("connection refused by secret-host")


def fault() -> None:
    raise RuntimeError("a bug with secret-detail")


# The server


@contextmanager
def serving(erp: Erp | None = None, **settings: Any) -> Iterator[str]:
    """The URL of a running server."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    server.app = application(erp, **({"port": server.port} | settings))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def application(erp: Erp | None = None, **settings: Any) -> Flask:
    given = Settings(secret_key=SecretStr(SECRET), log_level="error", **({"anonymous": True} | settings))
    return create_app(composition=compose(given, adapter=erp or Erp(), metadata=MODEL))


def client(erp: Erp | None = None, **settings: Any) -> FlaskClient:
    """For what needs no browser."""
    return application(erp, **settings).test_client()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving() as url:
        yield url


class Watch:
    """Everything a page does that it must not: messages, dialogs, requests to others."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.wrong: list[str] = []
        self._origin = origin
        context.on("console", lambda message: self.wrong.append(f"console: {message.text}"))
        context.on("weberror", lambda error: self.wrong.append(f"error: {error.error}"))
        context.on("dialog", self._dialog)
        context.on("requestfailed", self._failed)
        context.route("**/*", self._check)

    def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before all was there
            self.wrong.append(f"failed: {request.url}: {request.failure}")

    def _check(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if f"{url.scheme}://{url.netloc}" == self._origin:
            route.continue_()
        else:
            self.wrong.append(f"another origin: {route.request.url}")
            route.abort()


@pytest.fixture
def watch(page: Page, site: str) -> Iterator[Watch]:
    watch = Watch(page.context, site)
    yield watch
    assert watch.wrong == []


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


# What is shown


@pytest.mark.usefixtures("watch")
def test_the_overview_shows_every_set(page: Page, site: str) -> None:
    response = page.goto(site)
    assert response is not None
    assert response.status == 200
    for entity_set in MODEL.sets:
        card = page.locator(f"#{entity_set.name}").inner_text()
        for text in (
            entity_set.label_plural,
            entity_set.name,
            entity_set.description,
            entity_set.system_of_record,
            entity_set.type.key,
            object_name(entity_set.name),
            f"{len(HOSTILE)} rows",
        ):
            assert text in card


@pytest.mark.usefixtures("watch")
def test_the_overview_says_what_to_type_into_salesforce(page: Page, site: str) -> None:
    page.goto(site)
    form = {
        entry.locator("dt").inner_text(): entry.locator("dd").inner_text()
        for entry in page.locator(".form .entry").all()
    }
    for label, expected in (
        ("Type", "Salesforce Connect: OData 4.0"),
        ("URL", f"{site}/odata/v4"),
        ("Connection Timeout (Seconds)", "120"),
        ("Server Driven Pagination", "Checked"),
        ("Request Row Counts", "Checked"),
        ("Enable Search", "Checked"),
        ("High Data Volume", "Not checked"),
        ("Writable External Objects", "Not checked"),
        ("Identity Type", "Anonymous"),
        ("Authentication Protocol", "No Authentication"),
    ):
        assert form[label].startswith(expected)
    assert "this machine only" in page.locator(".warning").inner_text()
    assert page.locator(".endpoint code").all_inner_texts() == [
        f"{site}/odata/v4/",
        f"curl '{site}/odata/v4/Invoices?$top=3'",
    ]


@pytest.mark.parametrize("entity_set", SETS)
@pytest.mark.usefixtures("watch")
def test_the_page_of_a_set_shows_each_property(page: Page, site: str, entity_set: EntitySet) -> None:
    page.goto(f"{site}/sets/{entity_set.name}")
    assert page.locator("h1").inner_text() == entity_set.label_plural
    assert page.locator(".properties tbody tr").count() == len(entity_set.type.properties)
    assert entity_set.sources["sql"]["table"] in page.locator(".title").inner_text()
    lines = dict(page.locator("tr[id]").evaluate_all("rows => rows.map(row => [row.id, row.innerText])"))
    for item in entity_set.type.properties:
        line = lines[item.name]
        for text in (item.name, item.label, item.description, item.type.qualified, field_name(item.name)):
            assert text in line
        assert str(field_type(item.type.name, item)) in line
        assert ("never null" in line) is not item.nullable
        assert all(code in line for code in item.allowed)
    for navigation in entity_set.type.navigation:
        line = lines[navigation.name]
        for text in (navigation.description, navigation.partner, MODEL.target(navigation).label_plural):
            assert text in line


def test_the_mapping_is_told_in_words(page: Page, site: str, watch: Watch) -> None:
    page.goto(f"{site}/sets/Invoices")
    source = page.locator("tr#Status td[data-label='Comes from']").inner_text()
    assert source.startswith("OINVHD.IVST\n10\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}Draft, ")
    page.goto(f"{site}/sets/Inventory")
    assert "−" in page.locator("tr#Available td[data-label='Comes from']").inner_text()


def test_sample_rows_are_exact(page: Page, site: str, watch: Watch) -> None:
    page.goto(f"{site}/sets/Invoices")
    cells = page.locator(".rows tbody tr").first.locator("td").all_inner_texts()
    shown = dict(zip([p.name for p in MODEL["Invoices"].type.properties], cells, strict=True))
    assert page.locator(".rows tbody tr").count() == 5
    assert (shown["InvoiceNumber"], shown["NetAmount"]) == ("K0000", "100000.01")
    assert (shown["DueDate"], shown["CreatedAt"]) == ("2026-01-31", "2026-01-31T08:30:00Z")


@pytest.mark.parametrize("entity_set", SETS)
def test_every_sample_link_is_answered(entity_set: EntitySet) -> None:
    browser, root = client(), "http://127.0.0.1:8000/odata/v4/"
    row = browser.get(f"/odata/v4/{entity_set.name}?$top=1").get_json()["value"][0]
    shown = (
        *links(root, entity_set, row[entity_set.type.key]),
        *examples(root, entity_set, row),
        *examples(root, entity_set, None),
    )
    assert len(shown) > 15
    refused = {e.href: r.text for e in shown if (r := browser.get(e.href)).status_code != 200}
    assert not refused


def test_links_between_pages_work(page: Page, site: str, watch: Watch) -> None:
    page.goto(site)
    page.get_by_role("link", name="Sales Orders", exact=True).click()
    assert page.url == f"{site}/sets/SalesOrders"
    page.locator("#navigation").get_by_role("link", name="Customers").first.click()
    assert page.url == f"{site}/sets/Customers"
    page.get_by_role("link", name="All entity sets").click()
    assert page.url == f"{site}/"
    page.goto(f"{site}/sets/Customers/")
    page.get_by_role("link", name="All entity sets").click()
    assert page.url == f"{site}/"


def test_data_links_start_with_the_public_url() -> None:
    text = client(public_url="https://erp.example.com/x").get("/", headers={"Host": "evil.example"}).text
    assert "evil.example" not in text
    assert 'href="https://erp.example.com/x/odata/v4/Invoices?$top=5"' in text


# Everywhere readable


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.usefixtures("watch")
def test_nothing_is_wider_than_the_window(page: Page, site: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", *(f"/sets/{entity_set.name}" for entity_set in MODEL.sets)):
        page.goto(site + path)
        assert overflow(page) <= 0, path


@pytest.mark.parametrize("path", ["/", "/sets/Customers"])
def test_pages_work_without_scripts(browser: Browser, site: str, path: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    watch, page = Watch(context, site), context.new_page()
    page.goto(site + path)
    assert page.locator("h1").is_visible()
    assert page.locator("button").count() == 0
    page.get_by_role("link", name="Invoices").first.click()
    assert page.url.endswith("/sets/Invoices")
    context.close()
    assert watch.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("watch")
def test_text_has_contrast(page: Page, site: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(site)
    for text, ground in (
        ("text", "page"), ("text", "surface"), ("text", "sunken"), ("muted", "page"), ("muted", "surface"),
        ("accent", "surface"), ("accent", "accent-soft"), ("warn", "warn-soft"), ("surface", "accent"),
    ):  # fmt: skip
        assert contrast(color(page, text), color(page, ground)) >= 4.5, (text, ground)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(rgb(ground)) < 0.1) is (scheme == "dark")


def color(page: Page, name: str) -> tuple[float, ...]:
    """A colour of the style sheet, as the browser computes it."""
    shown = page.evaluate(
        """name => {
            const probe = document.body.appendChild(document.createElement("i"));
            probe.style.setProperty("color", `var(--${name})`);
            const shown = getComputedStyle(probe).color;
            probe.remove();
            return shown;
        }""",
        name,
    )
    return rgb(shown)


def rgb(text: str) -> tuple[float, ...]:
    return tuple(int(part) / 255 for part in text.removeprefix("rgb(").removesuffix(")").split(","))


def luminance(color: tuple[float, ...]) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_keyboard_is_enough(page: Page, site: str, watch: Watch) -> None:
    page.goto(f"{site}/sets/Invoices")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to content"
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator(".scroll").focus()
    assert page.evaluate("document.activeElement.className").endswith("scroll")


def test_the_curl_line_can_be_copied(browser: Browser, site: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(site)
    page.locator(".endpoint button").nth(1).click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    context.close()
    assert copied == f"curl '{site}/odata/v4/Invoices?$top=3'"


# Nothing that the ERP holds does anything


@pytest.mark.parametrize("entity_set", SETS)
@pytest.mark.usefixtures("watch")
def test_hostile_rows_are_inert(page: Page, site: str, entity_set: EntitySet) -> None:
    page.goto(f"{site}/sets/{entity_set.name}")
    assert page.locator("script").count() == 1
    assert page.locator("iframe, svg, base, form, details, td img, meta[http-equiv]").count() == 0
    addresses = page.locator("a").evaluate_all("links => links.map(link => link.protocol)")
    assert {*addresses} <= {"http:", "https:"}


def test_the_hostile_samples_are_all_shown() -> None:
    browser = client()
    text = "".join(browser.get(f"/sets/{entity_set.name}").text for entity_set in MODEL.sets)
    assert [payload for payload in HOSTILE if str(escape(payload)) not in text] == []


def test_hostile_rows_are_shown_as_they_are(page: Page, site: str, watch: Watch) -> None:
    page.goto(f"{site}/sets/Customers")
    at = MODEL["Customers"].type.names.index("CustomerName")
    cells = [row.locator("td").nth(at).inner_text() for row in page.locator(".rows tbody tr").all()]
    assert cells == list(HOSTILE[:5])


def test_only_web_addresses_become_links(page: Page, site: str, watch: Watch) -> None:
    page.goto(f"{site}/sets/Customers")
    at = MODEL["Customers"].type.names.index("Website")
    cells = page.locator(".rows tbody tr").all()
    found = [row.locator("td").nth(at).locator("a").count() for row in cells]
    assert found == [int(url.startswith("https:")) for url in URLS[:4]] + [0]
    link = cells[3].locator("td").nth(at).locator("a")
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"


# Access, headers, failures


@pytest.mark.parametrize("path", ["/", "/sets/Invoices", "/sets/Nothing", "/static/pages.css", "/favicon.ico"])
def test_every_answer_has_the_security_headers(path: str) -> None:
    headers = client().get(path, buffered=True).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_pages_are_not_kept_but_their_files_are(page: Page, site: str) -> None:
    kept = {}
    page.on("response", lambda r: kept.update({urlsplit(r.url).path: r.headers["cache-control"]}))
    page.goto(site, wait_until="networkidle")
    assert kept["/"] == "private, no-store"
    assert "immutable" in kept["/static/pages.css"]
    assert "immutable" not in client().get("/static/pages.css?v=other", buffered=True).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/sets/Nothing", "/sets/invoices", "/sets/%3Csvg onload=alert(1)%3E"])
def test_an_unknown_set_is_a_page_with_404(page: Page, site: str, path: str) -> None:
    response = page.goto(site + path)
    assert response is not None
    assert response.status == 404
    assert "no entity set" in page.locator("h1").inner_text()
    page.get_by_role("link", name="To the overview").click()
    assert page.url == f"{site}/"


def test_an_unknown_set_leads_to_those_that_there_are() -> None:
    text = client().get("/sets/invoices").text
    assert "Names are case-sensitive: this one is Invoices." in text
    assert all(f'href="../sets/{entity_set.name}"' in text for entity_set in MODEL.sets)


USERS = {"ann": hash_password("s3cret"), "böb": hash_password("pässword")}


@pytest.mark.parametrize("path", ["/", "/sets/Invoices", "/sets/Nothing", "/static/pages.css"])
def test_nobody_gets_in_without_credentials(path: str) -> None:
    browser = client(anonymous=False, users=USERS)
    refused = browser.get(path)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert refused.mimetype == "text/html"
    assert "Invoices" not in refused.text
    assert "<link" not in refused.text
    wrong = base64.b64encode(b"ann:wrong").decode()
    assert browser.get(path, headers={"Authorization": f"Basic {wrong}"}).status_code == 401


def test_a_user_signs_in(browser: Browser) -> None:
    with serving(anonymous=False, users=USERS) as url:
        context = browser.new_context(http_credentials={"username": "ann", "password": "s3cret"})
        watch, page = Watch(context, url), context.new_page()
        page.goto(url)
        assert page.locator(".caller").inner_text() == "Signed in as ann"
        form = page.locator(".form").inner_text()
        assert "Named Principal" in form
        assert "Password Authentication" in form
        assert "s3cret" not in page.content()
        assert "böb" not in page.content()
        assert "curl -u USER" in page.locator(".endpoint").inner_text()
        context.close()
    assert [w for w in watch.wrong if "401" not in w] == []


@pytest.mark.parametrize("mood", [unavailable, fault])
def test_a_failing_set_does_not_take_the_page_with_it(mood: Callable[[], object]) -> None:
    broken = client(Erp({"Invoices": mood}))
    text = broken.get("/").text
    assert text.count("not available") == 1
    assert text.count(f"<b>{len(HOSTILE)}</b> rows") == len(MODEL.sets) - 1
    page = broken.get("/sets/Invoices")
    assert page.status_code == 200
    assert "Sample rows are not available" in page.text
    assert "Number of the invoice" in page.text
    assert "secret-" not in text + page.text


def test_slow_sets_do_not_block_the_overview() -> None:
    release = threading.Event()
    erp = Erp({entity_set.name: lambda: release.wait(20) for entity_set in MODEL.sets[:3]})
    slow, started = client(erp), time.monotonic()
    text = slow.get("/").text
    assert time.monotonic() - started < 20
    assert text.count("counting…") == 3
    assert erp.asked.count("Customers") == 1
    slow.get("/")
    assert erp.asked.count("Customers") == 1, "asked again while the first answer is on its way"
    release.set()
    text = slow.get("/").text
    assert "counting…" not in text


def test_counts_are_remembered() -> None:
    erp = Erp()
    browser = client(erp)
    browser.get("/")
    browser.get("/")
    assert sorted(erp.asked) == sorted(entity_set.name for entity_set in MODEL.sets)


def test_only_get_is_answered() -> None:
    browser = client()
    assert browser.head("/").status_code == 200
    assert browser.post("/").status_code == 405
    assert browser.post("/sets/Invoices", data={"x": "y"}).status_code == 405
