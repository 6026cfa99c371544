"""How many examples a property test looks at: so many by default, and more in the profiles that search longer.

``HYPOTHESIS_PROFILE=nightly`` or ``pytest --hypothesis-profile nightly`` chooses one; they are registered in
``conftest``.
"""

from typing import Any

from hypothesis import settings

#: What the default profile has.
USUAL = 100


def examples(count: int, **more: Any) -> settings:
    """``count`` examples by default, and in another profile as many times more as it has more than the default."""
    return settings(max_examples=count * settings().max_examples // USUAL, **more)


def many(count: int) -> int:
    """``count`` by default, and in another profile as many times more as it looks at more examples."""
    return count * settings().max_examples // USUAL
