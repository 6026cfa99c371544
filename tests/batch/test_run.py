"""Order, references, dependencies and atomicity: the runner against a service that can write."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from edm.errors import ODataError
from odata_server.batch.parts import Batch, ChangeSet, ChangeSetReply, Part, Reply
from odata_server.batch.run import Runner
from odata_server.messages import Headers, ODataRequest, ODataResponse

ROOT = "https://erp.example.com/odata/v4/"


@dataclass
class Store:
    """Keeps numbers by name: PUT sets one, POST makes a name and says where, GET reads, and Fail fails."""

    values: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refuses_to_keep: bool = False

    def answer(self, request: ODataRequest, part: str, fault: ODataError | None = None) -> ODataResponse:
        self.asked.append(f"{part}: {fault.code if fault else request.method + ' ' + request.path}")
        if fault is not None:
            return ODataResponse(fault.status, (("Vary", "x"),), fault.message.encode())
        if request.path == "Fail":
            return ODataResponse(409, (), b"no")
        if request.method == "PUT":
            self.values[request.path] = request.body.decode()
            return ODataResponse(204, (("ETag", f'"{request.path}"'),))
        if request.method == "POST":
            self.values[f"{request.path}(7)"] = request.body.decode()
            return ODataResponse(201, (("Location", f"{ROOT}{request.path}(7)"),), b"made")
        found = self.values.get(request.path)
        return ODataResponse(404) if found is None else ODataResponse(200, (), found.encode())

    @contextmanager
    def unit(self) -> Iterator[None]:
        before = dict(self.values)
        try:
            yield
            if self.refuses_to_keep:
                raise ODataError("erp_unavailable", "The ERP went away.")
        except BaseException:
            self.values = before
            raise


def put(name: str, value: str = "1", **more: object) -> Part:
    return Part("PUT", name, body=value.encode(), **more)  # type: ignore[arg-type]


def run(store: Store, *items: Part | ChangeSet, goes_on: bool = True, **headers: str) -> list[Reply | ChangeSetReply]:
    outer = ODataRequest(
        "POST", "$batch", headers=Headers({n.replace("_", "-"): v for n, v in headers.items()}), root=ROOT
    )
    return Runner(store, outer).run(Batch(items, goes_on), goes_on)


def statuses(replies: list[Reply | ChangeSetReply]) -> list[object]:
    return [
        reply.response.status if isinstance(reply, Reply) else [one.response.status for one in reply.replies]
        for reply in replies
    ]


# --- order --------------------------------------------------------------------------------------------------------


def test_one_after_the_other() -> None:
    store = Store()
    replies = run(store, Part("GET", "A"), put("A"), Part("GET", "A"))
    assert statuses(replies) == [404, 204, 200]


@pytest.mark.parametrize(("goes_on", "expected"), [(True, [204, 409, 204]), (False, [204, 409])])
def test_after_an_error(goes_on: bool, expected: list[int]) -> None:
    store = Store()
    assert statuses(run(store, put("A"), Part("GET", "Fail"), put("B"), goes_on=goes_on)) == expected
    assert ("B" in store.values) is goes_on


# --- change sets --------------------------------------------------------------------------------------------------


def test_a_change_set_is_kept() -> None:
    store = Store()
    (reply,) = run(store, ChangeSet((put("A"), put("B"))))
    assert isinstance(reply, ChangeSetReply)
    assert (reply.failed, store.values) == (False, {"A": "1", "B": "1"})


def test_a_change_set_whose_third_of_five_fails_leaves_nothing() -> None:  # F123
    store = Store({"A": "old"})
    five = ChangeSet((put("A"), put("B"), put("Fail", id="x"), put("D"), put("E")))
    replies = run(store, five, Part("GET", "A"))
    assert statuses(replies) == [[424, 424, 409, 424, 424], 200]
    assert store.values == {"A": "old"}
    assert isinstance(replies[0], ChangeSetReply)
    assert replies[0].culprit is replies[0].replies[2]
    assert not any(" D" in line or " E" in line for line in store.asked), "what comes after the failure is not tried"


def test_a_change_set_that_cannot_be_kept_fails_as_a_whole() -> None:
    store = Store(refuses_to_keep=True)
    replies = run(store, ChangeSet((put("A"), put("B"))), goes_on=False)
    assert statuses(replies) == [[503, 503]]
    assert store.values == {}


def test_a_crash_within_a_change_set_leaves_nothing() -> None:
    class Crashing(Store):
        def answer(self, request: ODataRequest, part: str, fault: ODataError | None = None) -> ODataResponse:
            if request.path == "Crash":
                raise MemoryError
            return super().answer(request, part, fault)

    store = Crashing()
    with pytest.raises(MemoryError):
        run(store, ChangeSet((put("A"), put("Crash"))))
    assert store.values == {}


def test_a_failed_change_set_ends_the_batch() -> None:
    store = Store()
    assert statuses(run(store, ChangeSet((put("Fail"),)), put("A"), goes_on=False)) == [[409]]


def test_a_change_set_does_not_undo_what_came_before() -> None:
    store = Store()
    run(store, put("A"), ChangeSet((put("B"), put("Fail"))), put("C"))
    assert store.values == {"A": "1", "C": "1"}


# --- dependencies -------------------------------------------------------------------------------------------------


def test_what_depends_on_a_failure_is_not_tried() -> None:
    store = Store()
    replies = run(
        store,
        put("Fail", id="1"),
        put("A", id="2", depends_on=("1",)),
        put("B", id="3", depends_on=("2",)),
        put("C", id="4"),
        put("D", id="5", depends_on=("4",)),
    )
    assert statuses(replies) == [409, 424, 424, 204, 204]
    assert store.values == {"C": "1", "D": "1"}


def test_dependencies_of_groups() -> None:
    store = Store()
    replies = run(
        store,
        ChangeSet((put("A", id="1"), put("Fail", id="2")), "g"),
        ChangeSet((put("B", id="3"), put("C", id="4", depends_on=("g",))), "h"),
        put("D", depends_on=("h",)),
        put("E", depends_on=("1",)),  # undone with its group
        ChangeSet((put("F", id="5"), put("G", id="6", depends_on=("5",))), "i"),
        put("H", depends_on=("i", "6")),
    )
    assert statuses(replies) == [[424, 409], [424, 424], 424, 424, [204, 204], 204]
    assert sorted(store.values) == ["F", "G", "H"]


# --- references ---------------------------------------------------------------------------------------------------


def test_references_lead_to_what_was_made_or_asked_for() -> None:
    store = Store({"X(7)/Y": "deep", "A/B": "below"})
    replies = run(
        store,
        Part("POST", "X", id="new"),
        Part("GET", "$new"),
        Part("GET", "$new/Y?z"),
        Part("GET", f"{ROOT}$new"),
        put("A/", id="old"),
        Part("GET", "$old/B"),
        Part("GET", "$%6fld/B"),
    )
    assert statuses(replies) == [201, 200, 200, 200, 204, 200, 200]


def test_within_and_across_change_sets() -> None:
    store = Store()
    replies = run(store, ChangeSet((Part("POST", "X", id="1"), put("$1/Y"))), put("$1/Z"))
    assert statuses(replies) == [[201, 204], 204]
    assert sorted(store.values) == ["X(7)", "X(7)/Y", "X(7)/Z"]


def test_the_last_of_equal_ids_counts() -> None:
    store = Store()
    run(store, put("A", id="1"), put("B", id="1"), put("$1/C"))
    assert sorted(store.values) == ["A", "B", "B/C"]


def test_references_that_lead_nowhere() -> None:
    store = Store()
    replies = run(
        store, put("Fail", id="1"), Part("GET", "$1/X"), Part("GET", "$99"), Part("GET", "$later"), put("A", id="later")
    )
    assert statuses(replies) == [409, 424, 400, 400, 204]


def test_references_to_etags() -> None:
    seen: list[str | None] = []

    class Watching(Store):
        def answer(self, request: ODataRequest, part: str, fault: ODataError | None = None) -> ODataResponse:
            seen.append(request.headers.get("If-Match") if fault is None else fault.code)
            return super().answer(request, part, fault)

    def conditional(value: str) -> Part:
        return put("A", headers=Headers({"If-Match": value}))

    run(
        Watching(),
        put("A", id="1"),
        conditional("$1"),
        conditional('"$1"'),
        conditional("$9"),
        Part("POST", "B", id="2"),
        conditional("$2"),
    )
    assert seen == [None, '"A"', '"$1"', "bad_batch", None, "bad_batch"]


# --- header fields ------------------------------------------------------------------------------------------------


def test_what_is_handed_on_and_what_is_not() -> None:
    seen: list[dict[str, str]] = []

    class Watching(Store):
        def answer(self, request: ODataRequest, part: str, fault: ODataError | None = None) -> ODataResponse:
            seen.append(dict(request.headers.items()))
            return super().answer(request, part, fault)

    own = Headers({"OData-MaxVersion": "4.0", "Accept": "text/plain", "Prefer": "maxpagesize=3"})
    hostile = Headers(dict.fromkeys((
        "Host", "Authorization", "Cookie", "X-Forwarded-For", "X-Forwarded-User", "Forwarded", "X-Real-IP", "Connection",
        "Transfer-Encoding", "Proxy-Authorization", "Remote-User", "X-Remote-User", "X-Correlation-ID", "TE", "Isolation",
    ), "x"))  # fmt: skip
    run(
        Watching(), Part("GET", "A"), Part("GET", "A", own), Part("GET", "A", hostile),
        OData_MaxVersion="4.01", Accept="application/json;metadata=none", Accept_Language="de", Authorization="Basic eDp5",
        Prefer='maxpagesize=5, continue-on-error, include-annotations="*", respond-async, wait=1', Host="h", If_Match="*",
        Content_Type="multipart/mixed",
    )  # fmt: skip
    inherited = {
        "odata-maxversion": "4.01", "accept-language": "de", "accept": "application/json;metadata=none, */*;q=0.001",
        "prefer": 'maxpagesize=5, include-annotations="*"',
    }  # fmt: skip
    assert seen[0] == inherited
    assert seen[1] == inherited | {
        "odata-maxversion": "4.0", "accept": "text/plain",
        "prefer": 'maxpagesize=3, maxpagesize=5, include-annotations="*"',
    }  # fmt: skip
    assert seen[2] == inherited


def test_compressed_requests_within_a_batch() -> None:
    (reply,) = run(Store(), put("A", headers=Headers({"Content-Encoding": "gzip"})))
    assert isinstance(reply, Reply)
    assert reply.response.status == 415


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "get", "MERGE", "X" * 1000])
def test_methods(method: str) -> None:
    store = Store()
    (reply,) = run(store, Part(method, "A"))
    assert isinstance(reply, Reply)
    assert reply.response.status == 405
    assert store.asked == ["part-1: method_not_allowed"]


@pytest.mark.parametrize("url", ["$batch", "%24batch", "/odata/v4/$batch", f"{ROOT}$batch/", "X/../$batch", "$batch?x"])
def test_no_batch_within_the_batch(url: str) -> None:  # F121
    store = Store()
    (reply,) = run(store, Part("POST", url, Headers({"Content-Type": "application/json"}), b'{"requests":[]}'))
    assert isinstance(reply, Reply)
    assert store.asked == ["part-1: bad_batch"]
