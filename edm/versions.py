"""Versions of models, as semver.org has them: numbers, and which one is due after a change."""

import re

from edm.contract_rules import Effect


def version_parts(version: str) -> tuple[int, int, int] | None:
    """``1.2.3`` as numbers, without pre-release; ``None`` for what is no such version."""
    found = re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?", version)
    return None if found is None else (int(found[1]), int(found[2]), int(found[3]))


def next_version(version: str, raised: Effect | None) -> str | None:
    """The least version after a change; before 1.0.0 a minor version may break. ``None`` after what is no version."""
    parts = version_parts(version)
    if parts is None:
        return None
    if raised is None:
        return version
    major, minor, patch = parts
    if major == 0:
        raised = Effect.MINOR if raised is Effect.MAJOR else Effect.PATCH
    match raised:
        case Effect.MAJOR:
            return f"{major + 1}.0.0"
        case Effect.MINOR:
            return f"{major}.{minor + 1}.0"
        case Effect.PATCH:
            return f"{major}.{minor}.{patch + 1}"


def is_enough(version: str, least: str | None) -> bool:
    """Whether a version is at least the one that is due."""
    parts, due = version_parts(version), version_parts(least or "")
    return due is None or (parts is not None and parts >= due)
