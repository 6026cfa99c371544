"""A question as the query options of a URL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from erp_adapters.base import ContractBroken
from erp_adapters.odata.filters import Writer
from erp_adapters.odata.places import Field, Place, Service
from erp_adapters.odata.restrictions import Restrictions
from erp_adapters.records.base import Ask, Withdrawn

#: What stands plainly in URLs of OData; everything else is percent-encoded, a blank as ``%20``.
PLAIN = "$'(),:@/*!~;="


def query(service: Service, place: Place, ask: Ask, fields: list[Field]) -> Mapping[str, str]:
    """The query options by name."""
    found: dict[str, str] = {}
    if ask.where is not None:
        said = Writer(service, place).say(ask.where)
        if said is None:
            # It could when it was graded: the service refused something like it meanwhile.
            raise Withdrawn(ContractBroken(ask.entity, "a condition that the service cannot be asked"))
        found["$filter"] = said.text
    if ask.order:
        found["$orderby"] = ",".join(item.field + (" desc" if item.descending else "") for item in ask.order)
    found |= _wanted(fields).options(place.limits, place.type.key)
    if ask.skip:
        found["$skip"] = str(ask.skip)
    if ask.top is not None:
        found["$top"] = str(ask.top)
    if ask.count:
        found["$count"] = "true"
    return found


def encoded(path: str, parameters: Mapping[str, str]) -> str:
    """The URL, relative to the service root."""
    text = "&".join(f"{quote(name, safe=PLAIN)}={quote(value, safe=PLAIN)}" for name, value in parameters.items())
    path = quote(path, safe=PLAIN)
    return f"{path}?{text}" if text else path


@dataclass(slots=True)
class _Wanted:
    """Properties of a record, and what is wanted of the records behind its navigation properties."""

    select: dict[str, None] = field(default_factory=dict)
    expand: dict[str, "_Wanted"] = field(default_factory=dict)

    def options(self, limits: Restrictions, otherwise: tuple[str, ...] = ()) -> dict[str, str]:
        found = {}
        # Without any property of its own a record is still told apart by its key.
        selected = tuple(self.select) or otherwise
        if limits.select and selected:
            found["$select"] = ",".join(selected)
        if self.expand:
            found["$expand"] = ",".join(below.item(name, limits) for name, below in self.expand.items())
        return found

    def item(self, name: str, limits: Restrictions) -> str:
        inside = ";".join(f"{option}={text}" for option, text in self.options(limits).items())
        return f"{name}({inside})" if inside else name


def _wanted(fields: list[Field]) -> _Wanted:
    root = _Wanted()
    for found in fields:
        here = root
        for name, _ in found.hops:
            here = here.expand.setdefault(name, _Wanted())
        # A complex value is asked for as a whole, which all services know.
        here.select[found.inner[0]] = None
    return root
