"""What representation the client wants: protocol version, format, metadata level, number form, preferences.

Headers in, one frozen value out (Protocol 4.01, chapter 8; JSON Format 4.01, chapter 3).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from edm.errors import ODataError
from odata_server.messages import Headers

JSON, XML, TEXT = "application/json", "application/xml", "text/plain"
LEVELS = ("none", "minimal", "full")
#: Accept lists longer than this are not a client's wish but an attack.
MAX_ACCEPT = 4096
MAX_PREFER = 4096

_PARAMETERS = {
    "odata.metadata": "metadata",
    "metadata": "metadata",
    "ieee754compatible": "ieee754compatible",
    "odata.streaming": "streaming",
    "streaming": "streaming",
    "exponentialdecimals": "exponentialdecimals",
    "charset": "charset",
    "odata": "odata",
}
_ALLOWED = {
    "metadata": LEVELS,
    "ieee754compatible": ("true", "false"),
    "streaming": ("true", "false"),
    "exponentialdecimals": ("true", "false"),
    "charset": ("utf-8", "utf8"),
    "odata": ("verbose",),
}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]++", re.ASCII)
_WORD = rf"""(?:{_TOKEN.pattern}|"(?:[^"\\]|\\.)*+")"""
_NAMED = rf"{_TOKEN.pattern}(?:[ \t]*+=[ \t]*+{_WORD}?)?"
_PAIR = re.compile(rf"({_TOKEN.pattern})(?:[ \t]*+=[ \t]*+({_WORD})?)?", re.ASCII)
#: ``name=value;parameter=value``, and the comma after it (RFC 7240, 2).
_PREFERENCE = re.compile(rf"[ \t]*+({_NAMED}(?:[ \t]*+;[ \t]*+(?:{_NAMED})?)*+)[ \t]*+(?:,|\Z)", re.ASCII)
#: Anything up to a comma outside of quotes; quotes left open reach to the end.
_JUNK = re.compile(r"""[^,"]*+(?:"(?:[^"\\]|\\.?)*+"?[^,"]*+)*+""", re.DOTALL)
_PARAMETER = re.compile(r""";\s*([^\s;="]++)\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^;"]*+))""", re.ASCII)
#: The values of known preferences.
_VALUES: dict[str, re.Pattern[str]] = {
    name: re.compile(values, re.ASCII | re.IGNORECASE)
    for name, values in {
        "allow-entityreferences": "", "callback": "", "continue-on-error": "|true|false", "handling": "strict|lenient",
        "maxpagesize": "[0-9]+", "omit-values": "nulls|defaults", "respond-async": "",
        "return": "minimal|representation",
        "track-changes": "", "wait": "[0-9]+",
    }.items()
}  # fmt: skip
#: An item of include-annotations.
_ANNOTATIONS = re.compile(r"-?(?:\*|[^\W\d]\w*(?:\.\w+)*\.\*|[^\W\d]\w*(?:\.\w+)+)(?:#\w+)?")
#: Preferences of OData, which 4.0 writes with ``odata.`` before them.
_PREFIXED = frozenset({
    "allow-entityreferences", "callback", "continue-on-error", "include-annotations", "maxpagesize", "omit-values",
    "track-changes",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference as it was sent: ``name`` in its own spelling, ``value`` without quotes, empty if it has none."""

    name: str
    value: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def applied(self) -> str:
        """What ``Preference-Applied`` says of it: the client's own name, and the value (RFC 7240, 3)."""
        if _plain_name(self.name) == "include-annotations":
            return f"{self.name}={_quoted(self.value)}"  # the grammar of OData wants the quotes
        return _pair(self.name, self.value)

    @property
    def text(self) -> str:
        """As ``Prefer`` has it."""
        return ";".join((self.applied, *(_pair(name, value) for name, value in self.parameters)))


@dataclass(frozen=True, slots=True)
class AnnotationFilter:
    """A choice of instance annotations: ``*``, ``Namespace.*``, ``Namespace.Term``, perhaps with ``#Qualifier``;
    ``-`` before it excludes.
    """

    patterns: tuple[str, ...]

    def includes(self, term: str) -> bool:
        """Whether the term, perhaps with a qualifier, is wanted. The most specific pattern counts; what none speaks of
        is wanted if all of them exclude.
        """
        best, wanted = (-1, False), all(pattern.startswith("-") for pattern in self.patterns)
        own, _, qualifier = term.partition("#")
        for pattern in self.patterns:
            bare, _, only = pattern.removeprefix("-").partition("#")
            name, stars, _ = bare.partition("*")
            fits = (own.startswith(name) if stars else own == bare) and only in ("", qualifier)
            specific = len(name) + (not stars), bool(only)
            if fits and specific > best:
                best, wanted = specific, not pattern.startswith("-")
        return wanted


@dataclass(frozen=True, slots=True)
class Preferences:
    """What ``Prefer`` asks for, by name in small letters and without ``odata.``; the first of one name counts.

    A preference that is not known, or whose value makes no sense, is as good as not given (Protocol 8.2.8).
    """

    given: Mapping[str, Preference] = field(default_factory=dict)

    @property
    def max_page_size(self) -> int | None:
        """Rows per page, if a positive number of at most nine digits is preferred."""
        value = self._value("maxpagesize")
        return int(value) or None if re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) else None

    @property
    def continue_on_error(self) -> bool | None:
        """Whether a batch goes on after an error; ``None`` where nothing is said (Protocol 8.2.8.3)."""
        if "continue-on-error" not in self.given:
            return None
        return {"": True, "true": True, "false": False}.get(self._value("continue-on-error").lower())

    @property
    def omit_values(self) -> bool:
        """Whether nulls are to be left out. No property has a default value but null: ``defaults`` means nulls too
        (Protocol 8.2.8.6).
        """
        return self._value("omit-values").lower() in ("nulls", "defaults")

    @property
    def include_annotations(self) -> "AnnotationFilter | None":
        """Which instance annotations are preferred, if anything well-formed is said of them (Protocol 8.2.8.4)."""
        parts = [part.strip() for part in self._value("include-annotations").split(",")]
        return AnnotationFilter(tuple(parts)) if all(map(_ANNOTATIONS.fullmatch, parts)) else None

    def applied(self, *names: str) -> tuple[tuple[str, str], ...]:
        """The header that says which of these preferences were honoured; none if none is given."""
        given = ", ".join(self.given[name].applied for name in names if name in self.given)
        return (("Preference-Applied", given),) if given else ()

    def _value(self, name: str) -> str:
        return self.given[name].value if name in self.given else ""


@dataclass(frozen=True, slots=True)
class Representation:
    """How the answer is to be written."""

    version: str = "4.0"
    format: str = JSON
    metadata: str = "minimal"
    ieee754: bool = False
    charset: bool = False
    streaming: bool = False
    exponential: bool = False
    level_given: bool = False

    @property
    def prefix(self) -> str:
        """``odata.`` for 4.0; 4.01 writes control information without it."""
        return "odata." if self.version == "4.0" else ""

    @property
    def content_type(self) -> str:
        """The Content-Type that says what was done; no charset unless asked for (JSON Format, 3)."""
        if self.format != JSON:
            return self.format + (";charset=utf-8" if self.charset else "")
        parts = [JSON, f"{self.prefix}metadata={self.metadata}"]
        if self.ieee754:
            parts.append("IEEE754Compatible=true")
        if self.exponential:
            parts.append("ExponentialDecimals=true")
        if self.streaming:
            parts.append(f"{self.prefix}streaming=true")
        if self.charset:
            parts.append("charset=utf-8")
        return ";".join(parts)


NO_PREFERENCES = Preferences()


def protocol_version(headers: Headers) -> str:
    """The version of the answer. Without ``OData-MaxVersion`` it is 4.0, which every client can read."""
    return _version(headers.get("OData-Version"), headers.get("OData-MaxVersion"))


@lru_cache(maxsize=256)
def _version(of_request: str | None, highest: str | None) -> str:
    given, wanted = _version_in(of_request, "OData-Version"), _version_in(highest, "OData-MaxVersion")
    if given is not None and _number(given) not in ((4, 0), (4, 1)):
        raise ODataError("bad_version", f"OData-Version {given} is not supported.", target="OData-Version")
    if wanted is None:
        return "4.0"
    if _number(wanted) < (4, 0):
        raise ODataError(
            "bad_version",
            f"OData-MaxVersion {wanted} is not supported.",
            target="OData-MaxVersion",
            hint="This service speaks 4.0 and 4.01.",
        )
    return "4.0" if _number(wanted) == (4, 0) else "4.01"


def _version_in(given: str | None, name: str) -> str | None:
    """The number in a version header. .NET clients add the name of their platform: ``4.0;NetFx``."""
    if given is None:
        return None
    text = given.partition(";")[0].strip()
    if not re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,20}", text, re.ASCII):
        raise ODataError("bad_version", f"{name} is not a version number.", target=name)
    return text


def _number(text: str) -> tuple[int, int]:
    """4.01 is one step above 4.0: the digits after the dot count as 0, 1, 2 hundredths."""
    major, minor = text.split(".")
    return int(major), int(minor.ljust(2, "0")) if minor.strip("0") else 0


@lru_cache(maxsize=256)
def negotiate(version: str, accept: str | None, format_: str | None, offers: tuple[str, ...]) -> Representation:
    """The representation to send. ``offers`` are this resource's media types, the default one first.

    ``$format`` overrides ``Accept`` (URL Conventions 5.1.11). Raises 406 or 415 when nothing fits.
    """
    if format_ is not None:
        return _from_format(version, format_, offers)
    if accept is None or not accept.strip():
        return Representation(version, offers[0])
    if len(accept) > MAX_ACCEPT:
        raise ODataError("syntax", "The Accept header is too long.", target="Accept")
    found = _acceptable(version, accept, offers)
    if not found:
        raise ODataError(
            "not_acceptable",
            "No acceptable representation is available.",
            target="Accept",
            hint=f"This resource is available as {', '.join(offers)}.",
        )
    return max(found, key=lambda candidate: candidate[:3])[3]


#: How good it is: its quality, its place among the offers, how closely the client named it.
_Candidate = tuple[float, int, int, Representation]


def _acceptable(version: str, accept: str, offers: tuple[str, ...]) -> list[_Candidate]:
    """What of the offers the client takes. The most specific range decides about a media type (RFC 9110, 12.5.1): the
    others are left to wildcards. At equal quality the earlier offer is better."""
    ranges = list(_media_ranges(accept))
    named = {media for media, parameters, _ in ranges if not parameters}
    found: list[_Candidate] = []
    for media, parameters, quality in ranges:
        specific = 0 if media == "*/*" else 1 if media.endswith("/*") else 2 + bool(parameters)
        for place, offer in enumerate(offers):
            shape = _represent(version, media, parameters, offer)
            if shape is not None and quality > 0 and (specific > 1 or offer not in named):
                found.append((quality, -place, specific, shape))
    return found


def _from_format(version: str, text: str, offers: tuple[str, ...]) -> Representation:
    names = {"json": JSON, "xml": XML}
    try:
        media, parameters, _ = next(_media_ranges(text), ("", {}, 1.0))
    except ODataError:  # a quality value is no part of a media type
        media, parameters = "", {}
    media = names.get(media, media)
    found = _represent(version, media, parameters, media) if media in offers else None
    if found is None:
        raise ODataError(
            "unsupported_media_type",
            f"$format {text[:60]!r} is not available for this resource.",
            target="$format",
            hint=f"This resource is available as {', '.join(offers)}.",
        )
    return found


def _represent(version: str, media: str, parameters: dict[str, str], offer: str) -> Representation | None:
    """``offer`` as a media range asks for it; ``None`` if it asks for something else."""
    if media not in ("*/*", offer) and not (media.endswith("/*") and offer.startswith(media[:-1])):
        return None
    given: dict[str, str] = {}
    for name, value in parameters.items():
        known = _PARAMETERS.get(name)
        if known is None or value.lower() not in _ALLOWED[known] or known == "odata":
            return None
        given[known] = value.lower()
    if offer != JSON:
        return None if set(given) - {"charset"} else Representation(version, offer, charset="charset" in given)
    return Representation(
        version=version,
        metadata=given.get("metadata", "minimal"),
        ieee754=given.get("ieee754compatible") == "true",
        charset="charset" in given,
        streaming=given.get("streaming") == "true",
        exponential=given.get("exponentialdecimals") == "true",
        level_given="metadata" in given,
    )


def _media_ranges(accept: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for part in accept.split(","):
        pieces = [p.strip() for p in part.split(";")]
        media, quality = pieces[0].lower(), 1.0
        parameters: dict[str, str] = {}
        for piece in pieces[1:]:
            name, _, value = piece.partition("=")
            name, value = name.strip().lower(), value.strip().strip('"')
            if name == "q":
                quality = _quality(value)
            elif name:
                parameters[name] = value
        if media:
            yield ("*/*" if media == "*" else media), parameters, quality


def _quality(text: str) -> float:
    """RFC 9110 wants a digit before the point and at most three after it; Java's own client sends ``.2``."""
    if not re.fullmatch(r"[01](\.[0-9]{0,9})?|\.[0-9]{1,9}", text, re.ASCII) or float(text) > 1:
        raise ODataError("syntax", f"{text[:20]!r} is not a quality value.", target="Accept")
    return float(text)


def preferences(headers: Headers) -> Preferences:
    """The preferences of all ``Prefer`` headers. What does not follow RFC 7240 is skipped up to the next comma, and
    what exceeds ``MAX_PREFER`` characters is not read: a preference is never an error."""
    text = headers.get("Prefer")
    return _preferences(text[:MAX_PREFER]) if text else NO_PREFERENCES


@lru_cache(maxsize=256)
def _preferences(text: str) -> Preferences:
    given: dict[str, Preference] = {}
    position = 0
    while position < len(text):
        found = _PREFERENCE.match(text, position)
        if found:
            preference = _preference(*_PAIR.findall(found[1]))
            name = _plain_name(preference.name)
            if name not in _VALUES or _VALUES[name].fullmatch(preference.value):
                given.setdefault(name, preference)
            position = found.end()
        else:
            position = _JUNK.match(text, position).end() + 1  # type: ignore[union-attr]
    return Preferences(given)


def _preference(head: tuple[str, str], *parameters: tuple[str, str]) -> Preference:
    return Preference(
        head[0], _unquoted(head[1]), tuple((name.lower(), _unquoted(value)) for name, value in parameters)
    )


def _plain_name(name: str) -> str:
    lower = name.lower()
    plain = lower.removeprefix("odata.")
    return plain if plain in _PREFIXED else lower


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _pair(name: str, value: str) -> str:
    if not value:
        return name
    return f"{name}={value if _TOKEN.fullmatch(value) else _quoted(value)}"


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def media_type(text: str) -> tuple[str, dict[str, str]]:
    """A Content-Type as media type in small letters, and its parameters with their names in small letters."""
    media = text.partition(";")[0].strip().lower()
    found = _PARAMETER.findall(text, len(text.partition(";")[0]))
    return media, {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare.strip() for name, quoted, bare in found}
