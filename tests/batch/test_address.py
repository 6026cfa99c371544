"""Where the URLs of requests within a batch lead (S-45, F119)."""

import pytest

from edm.errors import ODataError
from odata_server.batch.address import resolve

ROOT = "https://erp.example.com/base/odata/v4/"


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("Customers", "Customers", ""),
        ("Customers/?$top=1&x=a/b?c", "Customers/", "$top=1&x=a/b?c"),
        ("", "", ""),
        ("/base/odata/v4/Customers('1')", "Customers('1')", ""),
        ("/base/odata/v4", "", ""),
        ("/base/odata/v4/", "", ""),
        ("/base/%6fdata/v4/X", "X", ""),
        ("https://erp.example.com/base/odata/v4/X?y", "X", "y"),
        ("HTTPS://ERP.Example.COM:443/base/odata/v4/X", "X", ""),
        ("//erp.example.com/base/odata/v4/X", "X", ""),
        ("http://localhost:8000/base/odata/v4/X", "X", ""),  # what the client calls this server
        ("/base/odata/v4//X", "X", ""),
        ("./X", "X", ""),
        ("../v4/X", "X", ""),
        ("%2E%2e/v4/./X", "X", ""),
        ("X/../Y", "Y", ""),
        ("$1/Items", "$1/Items", ""),
        ("$1/../X", "X", ""),
        ("X('a%2F..%2Fb')/Y", "X('a%2F..%2Fb')/Y", ""),
        ("X/a:b", "X/a:b", ""),
        ("X?u=http://other/", "X", "u=http://other/"),
    ],
)
def test_below_the_root(url: str, path: str, query: str) -> None:
    found = resolve(url, ROOT, "LocalHost:8000")
    assert (found.path, found.query) == (path, query)


@pytest.mark.parametrize(
    "url",
    [
        "http://other/", "http://other/base/odata/v4/X", "//other/base/odata/v4/X", "/admin", "/", "/odata/v4/X",
        "../../admin", "../../../../../admin", "$1/../../admin", "%2e%2e/admin", "%2e%2e/%2e%2e/%2E%2E/%2e%2e/X",
        "/base/odata/v4x/X", "/base/odata/v4/../X", "http://erp.example.com/base/odata/v4/X",
        "https://erp.example.com:444/base/odata/v4/X", "https://user@erp.example.com/base/odata/v4/X",
        "https://user:pw@erp.example.com/base/odata/v4/X", "https://erp.example.com.evil/base/odata/v4/X",
        "https://erp.example.com\\@evil/base/odata/v4/X", "https:///base/odata/v4/X", "ftp://localhost:8000/base/odata/v4/X",
        "https://[::1/base/odata/v4/X", "https://erp.example.com", "https://erp.example.com:/base", "///base/odata/v4/X",
        "/Base/odata/v4/X", "/base//odata/v4/X",
    ],
)  # fmt: skip
def test_elsewhere(url: str) -> None:
    with pytest.raises(ODataError) as caught:
        resolve(url, ROOT, "LocalHost:8000")
    assert (caught.value.code, caught.value.target) == ("bad_batch", "url")


@pytest.mark.parametrize(
    ("url", "reference"),
    [
        ("$1", ("1", "")), ("$1/Items/$count", ("1", "/Items/$count")), ("%241/X", ("1", "/X")), ("$a.b-c", ("a.b-c", "")),
        ("$metadata", None), ("$batch", None), ("$entity", None), ("$all", None), ("$crossjoin(A,B)", None), ("$", None),
        ("X/$1", None), ("X", None), ("", None),
    ],
)  # fmt: skip
def test_references(url: str, reference: tuple[str, str] | None) -> None:
    assert resolve(url, ROOT).reference == reference
