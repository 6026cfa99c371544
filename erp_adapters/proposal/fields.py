"""The properties of one set: foreign keys, known columns, what other tables add, and the rest under clean names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from erp_adapters.introspect import Column, Table
from erp_adapters.proposal.codes import codes_seen, listed_words, status_words
from erp_adapters.proposal.columns import CURRENCIES, Claim
from erp_adapters.proposal.drafts import COMPANY, Draft, Item, Link, at, ref, short
from erp_adapters.proposal.keys import key_codec
from erp_adapters.proposal.match import context_of
from erp_adapters.proposal.names import pascal, title
from erp_adapters.proposal.patterns import HEADERS
from erp_adapters.proposal.relations import NAMING, Relation, Relations
from erp_adapters.proposal.shapes import LeftOut, Shapes
from erp_adapters.proposal.standard import standard
from erp_adapters.proposal.study import Study
from erp_adapters.proposal.values import Published, is_clock

SUFFIX = re.compile(r"(Number|Code|Key|Id|ID)$")
#: Facets of the built-in catalog that hold for its data alone.
_THEIRS = (
    "minimum",
    "maximum",
    "pattern",
    "allowed",
    "writable",
    "max_length",
    "precision",
    "scale",
    "nullable",
    "type",
)


@dataclass(slots=True)
class Fields:
    """Fills a draft."""

    study: Study
    relations: Relations
    shapes: Shapes
    drafts: Mapping[str, Draft]
    draft: Draft
    claims: Mapping[str, Claim]

    @property
    def table(self) -> Table:
        return self.draft.table

    @property
    def known(self) -> Mapping[str, Mapping[str, Any]]:
        found = standard().get(self.draft.name)
        return found.properties if found is not None else {}

    def fill(self) -> None:
        """Everything that needs no other set's properties."""
        self._key()
        if self.draft.companies and "CompanyCode" in {*self.known, "CompanyCode"}:
            facets = self.facets("CompanyCode", Published("String", {"max_length": 30}), nullable=False)
            because = "one table per company"
            self.draft.add(Item("CompanyCode", facets, COMPANY, 0.95, because))
        claimed = {claim.column for claim in self.claims.values()}
        relations = self.relations.of(self.table)
        for relation in sorted(relations, key=lambda r: (-len(r.columns), r.columns[0] not in claimed)):
            self._foreign(relation)
        for claim in self.claims.values():
            if claim.property not in self.draft.items and claim.column not in self.draft.used:
                self.claimed(claim)

    # --- the key ------------------------------------------------------------------------------------------------

    def _key(self) -> None:
        key, name = self.draft.key, self.draft.key.property
        facets: dict[str, Any] = {"type": "String", **key.facets, "nullable": False}
        told = self.known.get(name)
        if told is not None:
            facets |= {k: v for k, v in told.items() if k not in _THEIRS}
        else:
            facets |= {
                "label": spaced(name),
                "description": f"Tells the rows of {self.draft.head['label_plural']} apart.",
            }
        self.draft.add(Item(name, facets, short(key.mapping), key.score, key.because))
        if "column" in key.mapping:
            self.draft.used.update(key.columns)

    # --- other sets ---------------------------------------------------------------------------------------------

    def _foreign(self, relation: Relation) -> None:
        """A column that leads to a published set."""
        target = self.target(relation)
        if target is None or (target is self.draft and relation.columns == self.draft.key.columns):
            return
        if self._says_it_again(relation, target):
            return
        name = self._foreign_name(relation, target)
        if name is None or not self.draft.free(name):
            return
        mapping = self._foreign_mapping(relation, target)
        nullable = any(self.table.columns[c].nullable for c in relation.columns) or self._joined(mapping)
        facets: dict[str, Any] = {"type": "String", **target.key.facets}
        told = self.known.get(name) or self.known.get(SUFFIX.sub("Number", name), {})
        facets |= {k: v for k, v in told.items() if k not in _THEIRS}
        facets["nullable"] = nullable
        facets.setdefault("label", spaced(name))
        facets.setdefault("description", f"The {target.head['label'].lower()} that the row refers to.")
        if name not in self.known:
            facets["label"] = spaced(name)
        self.draft.add(Item(name, facets, short(mapping), relation.score, relation.because))
        if len(relation.columns) == 1:
            self.draft.used.update(relation.columns)
        self.link(name, target, relation)

    def target(self, relation: Relation) -> Draft | None:
        """The set whose table a relation leads to; where that has the documents of several sets, the lines' own."""
        found = [d for d in self.drafts.values() if d.table.name == relation.target]
        header = HEADERS.get(self.draft.name)
        return next((d for d in found if d.name == header), found[0] if found else None)

    def foreign_by_way(self, name: str, target: Draft, relation: Relation, onward: Relation) -> None:
        """A link over a table in between, which refers to the target by ``onward``."""
        name = self._own(name, target)
        if not self.draft.free(name):
            return
        alias = self.join(relation)
        if set(onward.referred) >= set(target.key.columns):
            own = dict(zip(onward.referred, onward.columns, strict=True))
            renamed = {ref("", key): ref("", own[key]) for key in target.key.columns}
            columns = [renamed.get(c, c) for c in target.key.mapping.get("columns", ())]
            column = renamed.get(target.key.mapping.get("column", ""), "")
            mapping = at(alias, {**target.key.mapping, **({"columns": columns} if columns else {"column": column})})
        else:
            further = self.alias(f"{alias}{target.head['entity_type']}")
            on = {ref(alias, own): theirs for own, theirs in zip(onward.columns, onward.referred, strict=True)}
            self.draft.joins[further] = {"table": self.name_of(target.table), "on": on}
            mapping = at(further, target.key.mapping)
        told = self.known.get(name) or self.known.get(SUFFIX.sub("Number", name), {})
        facets = {"type": "String", **target.key.facets, **{k: v for k, v in told.items() if k not in _THEIRS}}
        facets |= {"nullable": True, "label": facets.get("label", spaced(name))}
        facets.setdefault("description", f"The {target.head['label'].lower()} that the row refers to.")
        score = min(relation.score, onward.score, 0.9)
        because = f"by way of {self.study.tables[relation.target].bare} ({onward.because})"
        self.draft.add(Item(name, facets, short(mapping), score, because))
        self.link(name, target, Relation(*_ends(relation, target), score, because))

    def _says_it_again(self, relation: Relation, target: Draft) -> bool:
        """Another number of the same thing, beside the one that leads there already."""
        if target.name not in {link.target for link in self.draft.links.values()} or len(relation.columns) > 1:
            return False
        known = {c for words in self.study.reading(target.table).names for w in words for c in w.concepts}
        known |= set(context_of(target.name))
        told = self.study.names(self.table, relation.columns[0])[0]
        return relation.score < 1 and all(not w.known or {*w.concepts} & (known | NAMING) for w in told)

    def _foreign_name(self, relation: Relation, target: Draft) -> str | None:
        """The standard name where there is one for it, else one from the column."""
        known = standard().get(self.draft.name)
        names = [p for p, of in known.foreign().items() if of == target.name] if known is not None else []
        claimed = {c.column: p for p, c in self.claims.items()}
        told = [p for p in names if claimed.get(relation.columns[-1]) == p or claimed.get(relation.columns[0]) == p]
        if not told and relation.columns[0] in claimed and len(relation.columns) == 1:
            other = claimed[relation.columns[0]]
            if known is not None and other in known.foreign() and known.foreign()[other] != target.name:
                return None
        main = [p for p in names if target.name in standard() and p == standard()[target.name].key]
        free = [p for p in (*told, *main) if self._own(p, target) not in self.draft.items]
        taken = {self.claims[p].column for p in main if p in self.claims}
        if free and (told or not taken or relation.columns[0] in taken):
            return self._own(free[0], target)
        if target.name not in standard() and len(relation.columns) == 1 and relation.columns[0] in claimed:
            return claimed[relation.columns[0]]  # PaymentTermsCode, which leads to the terms now
        linked = {link.target for link in self.draft.links.values()}
        if target.name not in linked and target is not self.draft and not names:
            return target.key.property
        base = SUFFIX.sub("", pascal(self.study.label(self.table, relation.columns[-1]))) or target.head["entity_type"]
        suffix = SUFFIX.search(target.key.property)
        return f"{base}{suffix[0] if suffix else 'Key'}"[:40]

    def _own(self, name: str, target: Draft) -> str:
        """``CustomerNumber``, or ``CustomerKey`` where the key of the customers is not their number."""
        known = standard().get(target.name)
        if known is None or target.key.property == known.key:
            return name
        return SUFFIX.sub("Key", name)

    def _foreign_mapping(self, relation: Relation, target: Draft) -> dict[str, Any]:
        key = target.key
        if relation.referred != key.columns and self._holds_key(relation, target):
            relation = replace(relation, referred=key.columns)
        if set(relation.referred) >= set(key.columns):
            own = dict(zip(relation.referred, relation.columns, strict=True))
            columns = [ref("", own[c]) for c in key.columns]
            if "columns" in key.mapping:
                company = [COMPANY] if key.mapping["columns"][0] == COMPANY else []
                return {**key.mapping, "columns": [*company, *columns]}
            column = self.table.columns[own[key.columns[0]]]
            codec = {
                **{k: v for k, v in key.mapping.items() if k != "column"},
                **key_codec(self.study, self.table, column),
            }
            return {"column": columns[0], **codec}
        alias = self.join(relation)
        return at(alias, key.mapping)

    def _holds_key(self, relation: Relation, target: Draft) -> bool:
        """Whether a text that leads to one unique column is found in the key as well: no join is needed then."""
        if len(target.key.columns) != 1 or len(relation.columns) != 1 or relation.score == 1:
            return False
        own, theirs = self.table.columns[relation.columns[0]], target.table.columns[target.key.columns[0]]
        if not {own.kind, theirs.kind} <= {"text", "char"}:
            return False
        texts = self.study.profile(self.table, own.name).filled[:60]
        return (self.study.included(texts, target.table, theirs.name) or 0) >= 0.9

    def _joined(self, mapping: Mapping[str, Any]) -> bool:
        names = mapping.get("columns") or [mapping.get("column")]
        return any(str(n).partition(".")[0] in self.draft.joins for n in names if n)

    def join(self, relation: Relation) -> str:
        """The alias of the join over a relation, made on first use."""
        table = self.study.tables[relation.target]
        on = {ref("", own): theirs for own, theirs in zip(relation.columns, relation.referred, strict=True)}
        for alias, known in self.draft.joins.items():
            if known["table"] == self.name_of(table) and known["on"] == on:
                return alias
        other = self.target(relation)
        base = str(other.head["entity_type"]) if other is not None else pascal(title(table.bare.rpartition("$")[2]))
        alias = self.alias(base)
        self.draft.joins[alias] = {"table": self.name_of(table), "on": on}
        return alias

    def alias(self, base: str) -> str:
        """A new name for a join."""
        first = re.match(r"[A-Z]+(?=[A-Z][a-z]|\d|$)|[A-Z]", base)
        plain = (base[: first.end()].lower() + base[first.end() :] if first else base)[:30]
        alias, number = plain, 2
        while alias in self.draft.joins or alias in self.draft.totals:
            alias, number = f"{plain}{number}", number + 1
        return alias

    def name_of(self, table: Table) -> str:
        """As the catalog writes it: with the place of the company where there are several."""
        if table.name not in self.study.templates:
            return table.name
        return self.study.templates[table.name] if self.draft.companies else table.name

    def link(self, name: str, target: Draft, relation: Relation) -> None:
        known = standard().get(self.draft.name)
        standard_name = next((p for p in self.known if self._own(p, target) == name), name)
        told = next(
            (
                (n, t)
                for n, t in (known.navigation.items() if known else ())
                if next(iter(t["on"])) == standard_name and t["target"] == target.name
            ),
            None,
        )
        if told is not None:
            link, facts = told
            found = Link(
                link, target.name, name, facts["partner"], facts["label"], facts["partner_label"], relation.score,
                relation.because, facts["description"], facts["partner_description"],
            )  # fmt: skip
        else:
            link = SUFFIX.sub("", name) or str(target.head["entity_type"])
            if not self.draft.free(link):
                link = f"{link}{target.head['entity_type']}"[:40]
            main = link == target.head["entity_type"]
            partner = self.draft.name if main else f"{link}{self.draft.name}"[:40]
            found = Link(
                link,
                target.name,
                name,
                partner,
                spaced(link)[:40],
                spaced(partner)[:40],
                relation.score,
                relation.because,
            )
        found.referred = target.head["key"]
        if self.draft.free(found.name):
            self.draft.links[found.name] = found

    # --- known columns ------------------------------------------------------------------------------------------

    def claimed(self, claim: Claim) -> None:
        column = self.table.columns[claim.column]
        lookup = self.lookup(claim.column)
        if (
            lookup is not None
            and claim.property not in self.foreign_properties()
            and self.looked_up(claim.property, lookup, claim.score)
        ):
            self.draft.used.add(claim.column)
            return
        wanted = str(self.known[claim.property]["type"])
        if wanted == "String" and claim.property == "Status" and column.kind == "boolean":
            return
        found = self.shapes.shape(self.table, column, wanted)
        if isinstance(found, LeftOut):
            return
        if claim.property in self.foreign_properties() and claim.property == standard()[self.draft.name].key:
            return
        self.publish(claim.property, column, found, claim.score, claim.because)

    def foreign_properties(self) -> Mapping[str, str]:
        return standard()[self.draft.name].foreign() if self.draft.name in standard() else {}

    def publish(
        self, name: str, column: Column, found: Published, score: float, because: str, *, known: bool = True
    ) -> None:
        found = self._with_clock(name, found)
        codec = dict(found.codec)
        seen = list(found.seen)
        if found.type == "String":
            words = status_words(self, column) if name.endswith("Status") else {}
            words = words or listed_words(self, column)
            codec |= words
            if not words or "table" not in words["codes"]:
                seen += codes_seen(self, column, words.get("codes", {}))
        nullable = column.nullable or bool({"date", "none", "parse"} & set(codec))
        if found.type == "Boolean" and "true" in codec:
            nullable = False
        facets = self.facets(name, found, nullable=nullable)
        if not known:
            facets["label"] = self.study.label(self.table, column.name)
            comment = column.comment
            facets["description"] = _sentence(comment) if comment else f"Column {column.name} of {self.table.bare}."
        if "codes" in codec:
            literal = {} if "table" in codec["codes"] else codec["codes"]
            facets["max_length"] = max(facets["max_length"], 40 if not literal else 1, *map(len, literal.values()))
        reason = "; ".join(filter(None, [because, *seen]))
        self.draft.add(
            Item(name, facets, short({"column": ref("", column.name), **codec}), score, reason, known), column.name
        )

    def _with_clock(self, name: str, found: Published) -> Published:
        """A day of creation or change with the time of day that stands beside it."""
        concept = {"CreatedAt": "created", "ChangedAt": "changed"}.get(name)
        if concept is None or "date" not in found.codec:
            return found
        for column in self.study.relevant(self.table):
            told = {c for words in self.study.names(self.table, column.name) for w in words for c in w.concepts}
            if (
                {"time", concept} <= told
                and column.name not in self.draft.used
                and is_clock(self.study.profile(self.table, column.name))
            ):
                self.draft.used.add(column.name)
                zone = self.study.wishes.timezone or "UTC"
                clock = {"time": "hhmmss", "time_column": ref("", column.name), "timezone": zone}
                seen = (*found.seen, f"with the time of day in {column.name}, taken to be {zone}")
                return Published("DateTimeOffset", {}, {**found.codec, **clock}, seen)
        return found

    def facets(self, name: str, found: Published, *, nullable: bool) -> dict[str, Any]:
        told = self.known.get(name, {})
        facets = {"type": found.type, **found.facets, "nullable": nullable}
        facets |= {k: v for k, v in told.items() if k not in _THEIRS}
        if found.type == "String" and "allowed" in told and "max_length" in facets:
            facets["max_length"] = max(facets["max_length"], told["max_length"])  # room for words instead of codes
        if found.type != "String":
            facets.pop("searchable", None)
            facets.pop("prose", None)
        elif "prose" in told and not found.facets.get("prose"):
            facets.pop("prose", None)
        if found.type in ("String", "Boolean", "Date", "DateTimeOffset"):
            for measure in ("currency", "unit", "fixed_unit"):
                facets.pop(measure, None)
        facets.setdefault("label", spaced(name))
        facets.setdefault("description", f"{facets['label']}.")
        return facets

    # --- other tables -------------------------------------------------------------------------------------------

    def lookup(self, column: str) -> Relation | None:
        """The relation from a column to a table that is not published."""
        published = {d.table.name for d in self.drafts.values()}
        return next(
            (r for r in self.relations.of(self.table) if r.columns == (column,) and r.target not in published), None
        )

    def looked_up(self, name: str, relation: Relation, score: float, *, known: bool = True) -> bool:
        """What a small table says for a code or an id."""
        table = self.study.tables[relation.target]
        column = _display(self.study, table, name)
        if column is None or column.name in relation.referred:  # the code itself says no more than it does here
            return False
        found = self.shapes.shape(table, column, "String")
        if isinstance(found, LeftOut) or found.type != "String":
            return False
        alias = self.join(relation)
        if any(item.mapping == ref(alias, column.name) for item in self.draft.items.values()):
            return False
        facets = self.facets(name, found, nullable=True)
        if not known:
            facets["description"] = f"{column.name} of {table.bare}."
        because = f"{relation.because}; {column.name} of {table.bare} says it in words"
        self.draft.add(
            Item(name, facets, short({"column": ref(alias, column.name), **found.codec}), score * 0.95, because, known)
        )
        return True


def _display(study: Study, table: Table, name: str) -> Column | None:
    """The column of a small table that says what a code means: a name, or a code where a code is wanted."""
    best: tuple[float, Column] | None = None
    code = name.endswith(("Code", "Number", "Currency", "Unit", "Country", "Language", "Incoterm"))
    for column in study.relevant(table):
        if column.kind not in ("text", "char"):
            continue
        texts = [t.strip() for t in study.profile(table, column.name).filled]
        concepts = {c for words in study.names(table, column.name)[:2] for w in words for c in w.concepts}
        score = 0.0
        if name.endswith("Currency"):
            score = 2.0 if texts and set(texts) & CURRENCIES and all(len(t) == 3 for t in texts) else 0.0
        elif texts:
            wanted, other = ({"code", "number", "ref"}, {"name"}) if code else ({"name", "description"}, {"code"})
            score = 1.0 if concepts & wanted else 0.6 if concepts & other else 0.5 if _only_text(table, column) else 0.0
        if score and (best is None or score > best[0]):
            best = (score, column)
    return best[1] if best is not None else None


def _only_text(table: Table, column: Column) -> bool:
    return [c.name for c in table.columns.values() if c.kind in ("text", "char")] == [column.name]


def _ends(relation: Relation, target: Draft) -> tuple[str, tuple[str, ...], str, tuple[str, ...]]:
    return relation.table, relation.columns, target.table.name, target.key.columns


def spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)


def _sentence(comment: str) -> str:
    text = " ".join(c for c in comment.split() if c.isprintable()).strip()[:900]
    return text if text.endswith((".", "!", "?")) else f"{text}."
