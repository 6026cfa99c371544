"""One ERP behind HTTP as it is configured: what the ``connect`` of a kind gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from erp_adapters.transport.client import Transport
from erp_adapters.transport.credentials import Anonymous, Credentials, Secret
from erp_adapters.transport.options import TransportOptions

_TYPES = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


class OptionFault(ValueError):
    """An option of a source that its kind cannot use. ``key`` is ``options.client``, or a key of the source itself."""

    def __init__(self, key: str, message: str, hint: str | None = None) -> None:
        super().__init__(f"{key}: {message}")
        self.key, self.message, self.hint = key, message, hint


@dataclass(frozen=True, slots=True)
class Remote:
    """``user`` and ``password`` are for kinds that sign in by themselves; all others use ``credentials``."""

    url: str
    credentials: Credentials = field(default_factory=Anonymous)
    limits: TransportOptions = field(default_factory=TransportOptions)
    options: Mapping[str, Any] = field(default_factory=dict)
    user: str = ""
    password: Secret | None = None

    def open(
        self,
        root: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
    ) -> Transport:
        """Connects to nothing yet. ``headers`` go with every call; ``root`` is another one than ``url``."""
        limits = replace(self.limits, headers={**self.limits.headers, **(headers or {})})
        return Transport(root or self.url, credentials or self.credentials, limits)

    def chosen(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """The options over their defaults. An option has the type of its default; that of ``None`` is a text.

        ``OptionFault`` for one that is not ``known`` or of another type.
        """
        for name, value in self.options.items():
            if name not in known:
                close = get_close_matches(name, list(known), 1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known)) or 'none'}"
                raise OptionFault(f"options.{name}", "is no option of this kind", hint)
            kind = str if known[name] is None else type(known[name])
            fits = isinstance(value, (int, float) if kind is float else kind)
            if not fits or (isinstance(value, bool) and kind is not bool):
                raise OptionFault(f"options.{name}", f"must be {_TYPES[kind]}, not {value!r}")
        return {**known, **self.options}
