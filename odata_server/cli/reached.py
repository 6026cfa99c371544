"""Which service a command asks: the one at a URL, or the one configured here."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from odata_server.cli.options import composition, settings_options

if TYPE_CHECKING:
    from salesforce.client import Client
    from salesforce.profile import Profile

F = TypeVar("F", bound=Callable[..., Any])

_WHICH = (
    click.argument("url", required=False),
    click.option("--local", is_flag=True, help="The service as it is configured here, without a server."),
)
_SIGN_IN = (
    click.option("-u", "--user", metavar="NAME[:PASSWORD]", help="Sign in with HTTP Basic; a password is asked for."),
    click.option("-H", "--header", "headers", multiple=True, help="A header for every request, 'Name: value'."),
)


def service_options(command: F) -> F:
    """The service that is asked: at a URL, or the configured one."""
    command = sign_in_options(settings_options(command))
    for option in reversed(_WHICH):
        command = option(command)
    return command


def sign_in_options(command: F) -> F:
    """How to be let in by a service at a URL."""
    for option in reversed(_SIGN_IN):
        command = option(command)
    return command


def connect(
    url: str | None,
    local: bool,
    user: str | None,
    headers: tuple[str, ...],
    *,
    profile: "Profile | None" = None,
    **flags: Any,
) -> "Client":
    """A client of the service that the options name."""
    import requests

    from salesforce.client import Client
    from salesforce.profile import Profile

    if local is (url is not None):
        raise click.UsageError("name the URL of a service root, or --local for the service configured here")
    session = requests.Session()
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(f"{header!r} is not a header; write 'Name: value'")
        session.headers[name.strip()] = value.strip()
    if user is not None:
        name, colon, password = user.partition(":")
        session.auth = (name, password if colon else click.prompt("Password", hide_input=True, err=True))
    if url is None:
        from odata_server.cli.local import Local

        composed = composition(**flags)
        url = composed.settings.root
        session.mount(url, Local(composed.service, url))
    elif not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url!r} is not the URL of a service; it starts with https://")
    return Client(url, session, profile or Profile())
