"""Regular expressions on PostgreSQL: those that its engine and RE2 understand alike.

Only what both say the same of: characters, classes of characters, groups, alternatives, repetition. As the question is
whether there is a match, not which, it does not matter which one an engine prefers.
"""

import re

from erp_adapters.sql_values import Unsupported

#: PostgreSQL's own limit of repetition, far below which a pattern is cheap to compile.
_MOST = 50
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_CHARACTER = r"[^\\^$.|?*+()\[\]{}\x00-\x1f]"
_ESCAPED = r"\\[\\^$.|?*+()\[\]{}/-]"
_IN_CLASS = r"[^\\^\[\]\x00-\x1f-]"
_TOKEN = re.compile(
    rf"""
      (?P<atom>{_CHARACTER}|{_ESCAPED})
    | (?P<any>\.)
    | \\(?P<class>[dwsDWS])
    | (?P<set>\[\^?(?:{_IN_CLASS}-{_IN_CLASS}|{_IN_CLASS}|{_ESCAPED}|\\[dws])+\])
    | (?P<open>\((?:\?:)?)
    | (?P<close>\))
    | (?P<or>\|)
    | (?P<tie>[\^$])
    | (?P<repeat>[*+?]|\{{(?P<low>[0-9]{{1,2}})(?P<upto>,(?P<high>[0-9]{{1,2}})?)?\}})\??
    """,
    re.VERBOSE,
)
#: What a repetition may follow.
_REPEATED = frozenset({"atom", "any", "class", "set", "close"})


def postgresql_pattern(pattern: str) -> str:
    """The pattern, which RE2 has accepted, as PostgreSQL writes it; raises ``Unsupported`` for all that may differ."""
    found: list[str] = []
    before, position, repeated = "start", 0, 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            raise Unsupported("databases differ on this pattern")
        kind = match.lastgroup if match.lastgroup not in ("low", "upto", "high") else "repeat"
        kind = "repeat" if match["repeat"] else kind
        if kind == "repeat":
            repeated += int(match["high"] or match["low"] or 1)
            if before not in _REPEATED or (before == "close" and match["low"]) or repeated > _MOST:
                raise Unsupported("databases differ on this repetition")
        assert kind is not None
        found.append(_written(kind, match))
        before, position = kind, match.end()
    return "".join(found)


def _written(kind: str, match: "re.Match[str]") -> str:
    if kind == "any":
        return r"[^\n]"
    if kind == "class":
        letter = match["class"]
        return f"[{'^' if letter.isupper() else ''}{_CLASSES[letter.lower()]}]"
    if kind == "set":
        return re.sub(r"\\([dws])", lambda found: _CLASSES[found[1]], match["set"])
    if kind == "open":
        return "(?:"
    if kind == "repeat":
        return match["repeat"]
    return match.group()
