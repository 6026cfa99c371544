"""How an external data source is set up, and how Salesforce behaves where its documentation leaves it open."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Profile:
    """The switches of Salesforce Connect. The first group is what an administrator chooses in the form of the external
    data source, the second what is known from traces or only assumed: a service has to do with every value.
    """

    adapter: Literal["4.0", "4.01"] = "4.0"
    paging: Literal["client", "server"] = "server"
    row_counts: bool = True
    free_text: bool = True

    encoding: Literal["plus", "percent", "olingo"] = "percent"
    parentheses: bool = False
    lists: Literal["or", "in"] = "or"
    #: Whether ``LIKE`` is translated, or refused as the reference of SOQL has it.
    like: bool = True
    #: A record alone is read by a condition on its key, or at its own URL.
    key_read: Literal["filter", "path"] = "filter"
    #: Rows that Salesforce asks for at a time, with client-driven paging.
    batch: int = 500

    @property
    def counts(self) -> bool:
        """Whether ``$count=true`` is sent: always by the 4.01 adapter."""
        return self.row_counts or self.adapter == "4.01"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a read, as Olingo's client and the list of reserved names have them."""
        return {
            "Accept": "application/json;odata.metadata=full",
            "Accept-Encoding": "gzip",
            "Content-Type": "application/json;odata.metadata=full",
            "OData-Version": "4.0",
            "OData-MaxVersion": self.adapter,
        }
