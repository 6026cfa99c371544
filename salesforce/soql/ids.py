"""Record ids: Salesforce gives every row that it sees an id of its own and remembers its External ID."""

from dataclasses import dataclass, field

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(slots=True)
class Ids:
    """Ids of one session, allocated in the order in which rows are seen: 15 characters and 3 that make letter case
    redundant.
    """

    _by_key: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_id: dict[tuple[str, str], str] = field(default_factory=dict)
    _prefixes: dict[str, int] = field(default_factory=dict)

    def id_of(self, object_name: str, external_id: str) -> str:
        """The id of a row; a new one for a row never seen."""
        found = self._by_key.get((object_name, external_id))
        if found is None:
            prefix = self._prefixes.setdefault(object_name, len(self._prefixes))
            found = _with_check(f"x{_base62(prefix, 2)}{_base62(len(self._by_key) + 1, 12)}")
            self._by_key[object_name, external_id] = found
            self._by_id[object_name, found[:15]] = external_id
        return found

    def external_id(self, object_name: str, id_: str) -> str | None:
        """The External ID behind an id of 15 or 18 characters; ``None`` for ids that no row of the object has."""
        return self._by_id.get((object_name, id_[:15]))


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits


def _with_check(id_: str) -> str:
    """Each of the last three characters says which of five are capital letters."""
    parts = (id_[start : start + 5] for start in (0, 5, 10))
    return id_ + "".join(_CHECK[sum("A" <= c <= "Z" and 1 << i for i, c in enumerate(part))] for part in parts)
