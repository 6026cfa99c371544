"""Regular expressions of ``matchespattern``: RE2's, whose time grows with the text and never explodes.

ECMAScript's backtracking constructs (look-around, back-references) are not among them.
"""

from functools import lru_cache
from typing import Any

import re2

#: Characters of a pattern.
MAX_PATTERN = 256
#: Bytes that RE2 may use for a compiled pattern and the states it meets.
_MEMORY = 1 << 20


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return re2.compile(pattern, options=options)


def fault_in_pattern(pattern: str) -> str | None:
    """What is wrong with a pattern; ``None`` if it can be used."""
    if len(pattern) > MAX_PATTERN:
        return f"it is longer than {MAX_PATTERN} characters"
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else "it is malformed"
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    except UnicodeEncodeError:
        return "it holds half of a surrogate pair"
    return None


def matches_pattern(text: str, pattern: str) -> bool | None:
    """Whether a part of ``text`` matches; null for a pattern that cannot be used."""
    if fault_in_pattern(pattern) is not None:
        return None
    try:
        return _compiled(pattern).search(text) is not None
    except UnicodeEncodeError:
        return None
