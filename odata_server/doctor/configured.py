"""What is wrong with a configuration that could start: nobody would reach the service, or the wrong people would."""

import ipaddress
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import SecretStr

from edm.errors import ODataError
from erp_adapters.base import Finding, Level
from odata_server.addresses import is_loopback
from odata_server.auth import ANONYMOUS, MEMORY_KIB, PASSES
from odata_server.config import SOURCES
from odata_server.doctor.patient import Whole
from odata_server.messages import Headers, ODataRequest
from odata_server.settings import SECRETS

#: Bytes of the largest answer that Salesforce takes, and seconds that it waits.
MOST_BYTES, MOST_SECONDS = 8_000_000, 120
#: Bits of a secret below which it can be guessed.
_BITS = 128
#: Names that everybody tries.
_USUAL = {"admin", "administrator", "root", "test", "user", "guest", "demo", "odata", "salesforce1"}


def public_url(whole: Whole) -> Iterator[Finding]:
    """Salesforce calls from the internet, over https, the host that stands in every link."""
    settings, fix = whole.settings, "Set public_url to the URL that Salesforce calls, such as https://erp.example.com."
    if settings.public_url is None:
        yield Finding(Level.WARNING, "public_url", f"is not set: links begin with {settings.url}", fix)
        return
    url = urlsplit(settings.public_url)
    host = url.hostname or ""
    if is_loopback(host):
        yield Finding(Level.WARNING, "public_url", f"{host} is this machine alone", fix)
    elif _private(host):
        what = f"{host} cannot be reached from the internet, where Salesforce calls from"
        yield Finding(Level.WARNING, "public_url", what, fix)
    if url.scheme != "https" and not is_loopback(host):
        yield Finding(Level.FAILURE, "public_url", "passwords and data travel in the clear", "End TLS in front of it.")
    if url.path.rstrip("/"):
        what = f"has the path {url.path}, so something in front must take it away again"
        yield Finding(Level.NOTE, "public_url", what, "Or set public_url without a path.")
    if settings.on_loopback is False and settings.trusted_proxies == 0 and url.scheme == "https":
        fix = "Set trusted_proxies = 1, if one proxy ends TLS in front of the service."
        yield Finding(Level.WARNING, "trusted_proxies", "is 0, and the service itself speaks no TLS", fix)


def _private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".localhost", ".test", ".example"))


def secrets(whole: Whole) -> Iterator[Finding]:
    """Who can sign in, how hard it is to guess, who can read it."""
    settings = whole.settings
    new = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if settings.secret_key is None:
        what = "is not set: links to next pages would be void after each restart, and between processes"
        yield Finding(Level.WARNING, "secret_key", what, f"Make one: {new}")
    elif _entropy(settings.secret_key) < _BITS:
        yield Finding(Level.FAILURE, "secret_key", "can be guessed", f"Make another one: {new}")
    if settings.secret_key is not None and settings.secret_key == settings.secret_key_previous:
        fix = "Unset secret_key_previous: it is for the time after a change."
        yield Finding(Level.NOTE, "secret_key_previous", "is the same as secret_key", fix)
    if not settings.users:
        what = "nobody signs in" + (", and everybody on this machine may read" if settings.anonymous else "")
        yield Finding(Level.WARNING, "users", what, "erp-odata users hash salesforce")
    for name, stored in settings.users.items():
        if name.lower() in _USUAL:
            yield Finding(Level.NOTE, f"users.{name}", "is a name that everybody tries", "Use another one.")
        if _weak(stored):
            what = "the hash is quickly tried: it was made with less than 19 MiB and two passes"
            yield Finding(Level.WARNING, f"users.{name}", what, f"erp-odata users hash {name}")
    yield from _readable(whole)


def _entropy(secret: SecretStr) -> float:
    """Bits, if every character were drawn as the secret's own ones are distributed."""
    text = secret.get_secret_value()
    shares = [number / len(text) for number in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares) * len(text)


def _weak(stored: SecretStr) -> bool:
    try:
        found = extract_parameters(stored.get_secret_value())
    except InvalidHashError:
        return True
    return found.memory_cost < MEMORY_KIB or found.time_cost < PASSES


def _readable(whole: Whole) -> Iterator[Finding]:
    """Files with secrets in them that every account of the machine may read."""
    named = {whole.origins[key].source for key in whole.origins if key.partition(".")[0] in (*SECRETS, SOURCES)}
    for path in sorted(map(Path, named - {"default", "environment", "command line", "settings"})):
        if path.is_file() and path.stat().st_mode & 0o044:
            what = "holds secrets, and others on this machine may read it"
            yield Finding(Level.WARNING, str(path), what, f"chmod 600 {path}")


def limits(whole: Whole) -> Iterator[Finding]:
    """What Salesforce sends and waits for, against what this service takes and how long it takes."""
    settings = whole.settings
    if settings.max_request_line < 8_000:
        what = f"is {settings.max_request_line}: long filters of Salesforce are refused"
        yield Finding(Level.WARNING, "max_request_line", what, "Set max_request_line = 8190.")
    if settings.max_header_size < 4_000 or settings.max_headers < 50:
        what = "is small: proxies and Salesforce add headers, and tokens are long"
        yield Finding(Level.WARNING, "max_header_size, max_headers", what, "Leave them at their defaults.")
    if settings.max_response > MOST_BYTES:
        what = f"is {settings.max_response:,} bytes; Salesforce refuses answers of more than 8 MB"
        yield Finding(Level.FAILURE, "max_response", what, "Set max_response = 7500000.")
    if settings.deadline >= MOST_SECONDS:
        what = f"is {settings.deadline:g} s; Salesforce waits for {MOST_SECONDS} s at most"
        yield Finding(Level.WARNING, "deadline", what, "Set deadline = 25.")
    timeouts = {"statement_timeout": settings.statement_timeout} | {
        f"{SOURCES}.{name}.statement_timeout": source.statement_timeout
        for name, source in settings.sources.items()
        if source.statement_timeout is not None
    }
    for name, timeout in timeouts.items():
        if timeout > settings.deadline + 5:
            what = f"is {timeout:g} s: the database works on after the request has ended at {settings.deadline:g} s"
            yield Finding(Level.NOTE, name, what, f"Set it to at most {settings.deadline:g}.")


def answers(whole: Whole) -> Iterator[Finding]:
    """Whether the service document and the metadata are answered at all."""
    for path in ("", "$metadata"):
        request = ODataRequest("GET", path, "", Headers(), root=whole.settings.root, correlation_id="doctor")
        answer = whole.service.handle(request, ANONYMOUS)
        if answer.status != 200:
            what = f"is answered with {answer.status}: {answer.body[:200]!r}"
            yield Finding(Level.FAILURE, path or "service document", what, "erp-odata validate")


def lint(whole: Whole) -> Iterator[Finding]:
    """What Salesforce Connect cannot live with in the metadata."""
    try:
        yield from whole.lint
    except ODataError as error:
        yield Finding(Level.FAILURE, "$metadata", error.message, "erp-odata validate")
