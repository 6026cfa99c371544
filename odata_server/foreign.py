"""Kinds of sources that other packages bring: entry points of the group ``erp_odata.adapters``.

Each is called like its kind and leads to a function ``connect(remote, metadata, name) -> Adapter``, as a package of
``erp_adapters`` has it. They are looked up where a source is of a kind that we do not know, and nowhere else.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

GROUP = "erp_odata.adapters"


class Unloadable(Exception):
    """There is nothing that connects to sources of the kind; the reason is the message."""


def foreign() -> Mapping[str, EntryPoint]:
    """By the name of the kind."""
    return {point.name: point for point in entry_points(group=GROUP)}


def loaded(kind: str) -> Callable[..., Any]:
    """The function that connects; ``Unloadable`` with the reason if there is none."""
    point = foreign().get(kind)
    if point is None:
        raise Unloadable(f"no installed package brings {kind!r}")
    try:
        found = point.load()
    except Exception as error:
        raise Unloadable(f"{point.value} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise Unloadable(f"{point.value} is no function connect(remote, metadata, name)")
    connect: Callable[..., Any] = found
    return connect
