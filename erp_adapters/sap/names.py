"""How entities are spelled: ``SERVICE/EntitySet``, where the service is relative to the source's URL.

A service outside of it is spelled from the root of the host: ``/sap/opu/odata/IWBEP/GWSAMPLE_BASIC/ProductSet``.
"""

import re

_STEP = r"[A-Za-z0-9_.~-]+(?:;[a-z]+=[A-Za-z0-9_.-]+)*"
_ENTITY = re.compile(rf"(/?{_STEP}(?:/{_STEP})*)/([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)


def split(entity: str) -> tuple[str, str] | None:
    """The service and its entity set; ``None`` if it is spelled otherwise."""
    match = _ENTITY.fullmatch(entity)
    if match is None or ".." in match[1].split("/"):
        return None
    return match[1], match[2]
