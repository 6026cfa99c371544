"""Pages for people: what is published, and each set in detail. Server-rendered; scripts are a convenience.

Who is calling was found out in ``web``. What a page says is made in ``describe`` and ``figures``; here is
only what HTTP and HTML need. Links within the pages are relative, links to data start with the public URL.
"""

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Final

from flask import Blueprint, Response, current_app, g, render_template, request
from flask.blueprints import BlueprintSetupState
from markupsafe import Markup

from edm.errors import ODataError
from edm.model import EntitySet, ServiceMetadata
from odata_server import describe
from odata_server.auth import Principal
from odata_server.compose import Composition
from odata_server.figures import Asking, Figures
from salesforce.field_types import object_name

#: No inline script or style, no other origin, no frame around it.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ICON: Final = "icon.svg"
_EXTENSION: Final = "erp_odata_figures"

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    state.app.extensions[_EXTENSION] = Figures()
    state.app.jinja_env.trim_blocks = state.app.jinja_env.lstrip_blocks = True


@blueprint.get("/")
def index() -> str:
    """What is published, how to connect, and each set in short."""
    view, root = _view(), _composition().settings.root
    figures: Figures = current_app.extensions[_EXTENSION]
    known = figures.of(_asking(), view.sets)
    return render_template(
        "index.html",
        curl=describe.curl(_composition().settings, view),
        connection=describe.connection(_composition().settings, _principal()),
        unreachable=describe.reachability(_composition().settings),
        sets=[(found, known[found.name], describe.links(root, found, known[found.name].key)) for found in view.sets],
        rows=sum(figure.count or 0 for figure in known.values()),
        complete=all(figure.count is not None for figure in known.values()),
    )


@blueprint.get("/sets/<name>")
def entity_set(name: str) -> str:
    """One set: properties, relationships, sample rows, requests that work."""
    view, root = _view(), _composition().settings.root
    found = view.entity_set(name)
    if found is None:
        raise ODataError("not_found", "There is no entity set of this name.", hint=_similar(view, name))
    figures: Figures = current_app.extensions[_EXTENSION]
    sample = _asking().sample(found)
    return render_template(
        "set.html",
        set=found,
        figure=figures.of(_asking(), (found,))[name],
        properties=describe.properties(found),
        tables=describe.tables(found),
        sample=sample,
        entity_link=lambda key: describe.request(root, "", describe.key_path(found, key)).href,
        examples=describe.examples(root, found, sample.rows[0] if sample.rows else None),
    )


@blueprint.get("/favicon.ico")
def icon() -> Response:
    """For the JSON answers that a browser shows: they cannot name an icon."""
    return blueprint.send_static_file(ICON)


@blueprint.errorhandler(ODataError)
def refuse(error: ODataError) -> Response:
    """The error as a page. Who is not let in gets one that asks for nothing more, not even for its style."""
    g.error_code = error.code
    response = Response(render_template("error.html", error=error), error.status)
    response.headers.extend(error.headers)
    return response


@blueprint.after_request
def protect(response: Response) -> Response:
    """Adds the security headers, and lets files whose address changes with them be kept."""
    response.headers.update(SECURITY_HEADERS)
    if request.endpoint == "pages.static" and request.args.get("v") == _version():
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


@blueprint.context_processor
def _common() -> dict[str, object]:
    """What every template may use."""
    return {
        "base": "../" * (request.path.count("/") - 1) or "./",
        "version": _version(),
        "principal": _principal(),
        "settings": _composition().settings,
        "kept": _composition().guarded.cache is not None,
        "root": _composition().settings.root,
        "metadata": _view(),
        "object_name": object_name,
        "web_link": describe.web_link,
        "related": _related,
    }


def _composition() -> Composition:
    found: Composition = current_app.extensions["erp_odata"]
    return found


def _principal() -> Principal:
    """The caller, as ``web`` found out; without that there is no page."""
    found: Principal = g.principal
    return found


def _view() -> ServiceMetadata:
    return _principal().view(_composition().metadata)


def _asking() -> Asking:
    composition = _composition()
    return Asking(composition.service, _principal(), composition.settings.root, g.correlation_id)


def _related(name: str) -> EntitySet | None:
    """The set that a navigation property leads to, if the caller may see it."""
    return _view().entity_set(name)


def _similar(view: ServiceMetadata, name: str) -> str:
    """Names are case-sensitive, which few people expect of an address."""
    found = next((known.name for known in view.sets if known.name.casefold() == name.casefold()), None)
    return f"Names are case-sensitive: this one is {found}." if found else "These are published:"


@blueprint.app_template_filter("breakable")
def breakable(name: str) -> Markup:
    """A long name that a narrow column breaks between its words, and nowhere else."""
    return Markup("<wbr>").join(re.split(r"(?<=[a-z0-9])(?=[A-Z])|(?=__)", name))


@cache
def _version() -> str:
    """Changes with any of the files, so that no browser shows a new page with an old style."""
    parts = sorted((files(__package__) / "static").iterdir(), key=lambda part: part.name)
    return hashlib.blake2b(b"".join(part.read_bytes() for part in parts), digest_size=6).hexdigest()
