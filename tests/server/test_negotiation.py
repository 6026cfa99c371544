"""Accept against what a resource is available as, and version headers as clients write them."""

import pytest

from edm.errors import ODataError
from odata_server.messages import Headers
from odata_server.negotiation import JSON, XML, negotiate, protocol_version


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("*/*", XML),
        ("application/json", JSON),
        ("application/json, */*", XML),  # alike: the service chooses
        ("application/json, text/plain, */*", XML),
        ("application/json, application/xml", XML),
        ("application/json, */*;q=0.9", JSON),
        ("application/json;q=0.9, */*", XML),
        ("application/json;q=0.4, application/*;q=.5", XML),
        ("application/xml;q=0, */*", JSON),
        ("*/*, application/xml;q=0.000", JSON),
        ("*;q=.2", XML),
        ("application/json;odata.metadata=minimal;q=1.0, application/xml;q=0.7", JSON),
    ],
)
def test_the_better_one_is_chosen_and_at_equal_quality_the_first_offer(accept: str, format: str) -> None:
    assert negotiate("4.0", accept, None, (XML, JSON)).format == format


@pytest.mark.parametrize(
    "accept", ["*/*;q=0", "application/json;q=0", "application/json;q=0, application/xml", "text/*"]
)
def test_what_is_refused_is_not_sent(accept: str) -> None:
    with pytest.raises(ODataError) as caught:
        negotiate("4.0", accept, None, (JSON,))
    assert caught.value.code == "not_acceptable"


def test_the_closest_range_decides_on_the_parameters() -> None:
    shape = negotiate("4.0", "*/*;odata.metadata=full, application/json;odata.metadata=none", None, (JSON,))
    assert shape.metadata == "none"


@pytest.mark.parametrize("text", ["2", "1.1", ".", "", "0x", "-1", "1e0", "0.1234567890", "nan"])
def test_a_quality_that_is_no_number_from_0_to_1_is_refused(text: str) -> None:
    with pytest.raises(ODataError) as caught:
        negotiate("4.0", f"*/*;q={text}", None, (JSON,))
    assert caught.value.code == "syntax"


@pytest.mark.parametrize(
    ("maximum", "version"),
    [
        ("4.0;NetFx", "4.0"),
        ("4.0; NetFx", "4.0"),
        ("4.01;NetFx", "4.01"),
        (" 4.0 ", "4.0"),
    ],
)
def test_versions_with_the_name_of_a_platform(maximum: str, version: str) -> None:
    assert protocol_version(Headers({"OData-MaxVersion": maximum, "OData-Version": "4.0;NetFx"})) == version


@pytest.mark.parametrize("text", ["", ";NetFx", "3.0;NetFx", "4", "four", "4.0,4.0", "4.0 NetFx"])
def test_other_versions_are_refused(text: str) -> None:
    with pytest.raises(ODataError) as caught:
        protocol_version(Headers({"OData-MaxVersion": text}))
    assert caught.value.code == "bad_version"
