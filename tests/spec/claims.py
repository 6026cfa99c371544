"""What ``$metadata`` claims, read from the published document, and how a claim is tried over the protocol.

What is said to work has to work, what is said not to work has to be refused. So a claim that changes needs no change in
the tests that use this: ``test_metadata_service``, ``test_metadata_sets``, ``test_metadata_values``.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.serving import Answer, as_json
from tests.spec.clauses import Row, World, well_formed_error

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Published:
    """The service's own words, from ``$metadata`` in JSON, with the rows of the demo to try them on."""

    world: World
    document: Json

    @property
    def schema(self) -> Json:
        (namespace,) = (n for n in self.document if n[0] not in "@$")
        found: Json = self.document[namespace]
        return found

    @property
    def container(self) -> Json:
        found: Json = self.schema[self.document["$EntityContainer"].rpartition(".")[2]]
        return found

    @cached_property
    def sets(self) -> "dict[str, Claimed]":
        items = {n: v for n, v in self.container.items() if n[0] not in "@$"}
        return {n: Claimed(self, n, v, self.schema[v["$Type"].rpartition(".")[2]]) for n, v in items.items()}

    def works(self, target: str, **headers: str) -> Answer:
        answer = self.world.get(target, **headers)
        assert answer.status == 200, f"{target}: {answer.status} {answer.text[:300]}"
        return answer

    def refused(self, target: str, **headers: str) -> None:
        answer = self.world.get(target, **headers)
        assert answer.status in (400, 404, 406, 501), f"{target}: {answer.status} {answer.text[:300]}"
        well_formed_error(answer)

    def holds(self, claim: bool, target: str, **headers: str) -> None:
        (self.works if claim else self.refused)(target, **headers)


@dataclass(frozen=True)
class Claimed:
    """One entity set with what is said of it."""

    published: Published
    name: str
    said: Json
    type: Json

    @property
    def key(self) -> str:
        found: str = self.type["$Key"][0]
        return found

    @property
    def properties(self) -> dict[str, Json]:
        return {n: v for n, v in self.type.items() if isinstance(v, dict) and n[0] not in "@$" and "$Kind" not in v}

    @property
    def navigation(self) -> dict[str, Json]:
        return {n: v for n, v in self.type.items() if isinstance(v, dict) and v.get("$Kind") == "NavigationProperty"}

    def target(self, navigation: str) -> "Claimed":
        return self.published.sets[self.said["$NavigationPropertyBinding"][navigation]]

    @cached_property
    def rows(self) -> list[Row]:
        return list(self.published.world.demo[self.name])

    def row_with(self, name: str) -> Row | None:
        """The last row in which the property has a value, a usable one in a URL."""
        found = (r for r in reversed(self.rows) if r[name] is not None and not re.search(r"[\r\n]", str(r[name])))
        return next(found, None)

    def literal(self, name: str, row: Row) -> str:
        value = as_json(row)[name]
        text = (
            "'" + value.replace("'", "''") + "'" if self.properties[name].get("$Type") is None else str(value).lower()
        )
        if self.properties[name].get("$Type") == "Edm.DateTimeOffset":
            text = str(value)
        return re.sub(r"[%&#+]", lambda m: f"%{ord(m[0]):02X}", text)

    def entity(self, row: Row) -> str:
        return f"{self.name}('{row[self.key]}')"


def claims(said: Json) -> dict[str, Any]:
    """Term -> value of what an element of the document is annotated with."""
    return {name[1:]: value for name, value in said.items() if name.startswith("@")}


def read(world: World) -> Published:
    return Published(world, json.loads(world.get("$metadata?$format=json", odata_maxversion="4.01").body))


#: Terms that name and describe; there is nothing to try.
DESCRIBING = {"Core.Description", "Core.LongDescription", "ErpOData.SystemOfRecord"}
