"""The conformance kit: whether an adapter does what it declares, for every set, property, operator and function.

``examine`` asks an adapter and yields an ``Outcome`` per check and set; ``check`` raises with everything that is wrong.
``erp_adapters.kit.suite`` has the same as tests for pytest. It reads, and writes nothing.
"""

from collections.abc import Mapping, Sequence

from edm.evaluate import RowMapping
from edm.model import ServiceMetadata
from erp_adapters.base import Adapter
from erp_adapters.kit.report import Claims, Failure, Options, Outcome
from erp_adapters.kit.run import CHECKS, Check, examine, failures
from erp_adapters.kit.watch import Watched, undeclared

__all__ = [
    "CHECKS", "Check", "Claims", "Failure", "Options", "Outcome", "Watched",
    "check", "examine", "failures", "undeclared",
]  # fmt: skip


def check(
    adapter: Adapter,
    metadata: ServiceMetadata,
    given: Mapping[str, Sequence[RowMapping]] | None = None,
    options: Options = Options(),  # noqa: B008 - a frozen value
) -> Sequence[Outcome]:
    """What was found, if all of it is as it should be; otherwise an ``AssertionError`` that says what is not."""
    outcomes = list(examine(adapter, metadata, given, options))
    found = failures(outcomes)
    if found:
        raise AssertionError("\n\n".join([f"{len(found)} failures", *map(str, found[:20])]))
    return outcomes
