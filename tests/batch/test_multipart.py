"""multipart/mixed: what is taken, and what is sent."""

import time

import pytest

from edm.errors import ODataError
from odata_server.batch import mime, multipart
from odata_server.batch.parts import ChangeSet, Part, parts_of
from odata_server.negotiation import media_type
from tests.batch.support import change_set, mixed, part, post, send
from tests.engine.small import service

ONE = part("GET Customers/$count HTTP/1.1")


def read(text: str | bytes, most: int = 100) -> list[Part]:
    body = text if isinstance(text, bytes) else text.encode()
    return list(parts_of(multipart.read(body, b"b", most).items))


# --- cutting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"--b\r\nx\r\n--b--\r\n", [b"\r\nx"]),
        (b"--b\nx\n--b--", [b"\nx"]),
        (b"preamble\r\n--b \t\r\nx\r\n--b--trailing", None),
        (b"preamble\r\n--b \t\r\nx\r\n--b--\r\nepilogue\r\n--b\r\ny\r\n--b--", [b"\r\nx"]),
        (b"\r\n\r\n--b\r\nx\r\n--b\r\n\r\ny\r\n\r\n--b--", [b"\r\nx", b"\r\n\r\ny\r\n"]),
        (b"--b\r\n--b\r\n--b--", [b"", b""]),
        (b"--b--", None),
        (b"--b\r\n--bx\r\n --b\r\nx--b\r\n--b--", [b"\r\n--bx\r\n --b\r\nx--b"]),  # none of these is a delimiter
        (b"--b\r\nx\r\n--b", None),
        (b"--b\r\nx", None),
        (b"", None),
        (b"no delimiter", None),
    ],
)
def test_split(body: bytes, parts: list[bytes] | None) -> None:
    if parts is None:
        with pytest.raises(ODataError, match="Delimiters are missing"):
            mime.split(body, b"b", 10)
    else:
        assert mime.split(body, b"b", 10) == parts


@pytest.mark.parametrize("boundary", ["a", "a" * 70, "(.)+?", "=_x'/:,"])
def test_boundaries(boundary: str) -> None:
    media, parameters = media_type(f'Multipart/Mixed ; Charset=utf-8; BOUNDARY="{boundary}"')
    assert media == "multipart/mixed"
    raw = mime.boundary_of(parameters)
    assert mime.split(b"--" + raw + b"\nx\n--" + raw + b"--", raw, 1) == [b"\nx"]


@pytest.mark.parametrize(
    "parameter", ["", ";boundary=", ";boundary", ';boundary=""', f";boundary={'a' * 71}", ';boundary="a\r\nb"',
                  ';boundary="a "', ";boundary=ü", ";boundary=<x>", ';boundary="a;b"'],
)  # fmt: skip
def test_no_boundaries(parameter: str) -> None:
    answer = post(service(), mixed(ONE).encode(), Content_Type=f"multipart/mixed{parameter}")
    assert answer.status == 400
    assert b'"bad_batch"' in answer.body


@pytest.mark.parametrize("boundary", ["b", "b;charset=utf-8", '"b"', "b "])
def test_spellings_of_the_content_type(boundary: str) -> None:
    answer = post(service(), mixed(ONE).encode(), Content_Type=f"multipart/mixed; boundary={boundary}")
    assert answer.status == 200


@pytest.mark.parametrize(("number", "fits"), [(4, True), (5, True), (6, False)])
@pytest.mark.parametrize("nested", [False, True])
def test_the_number_of_requests(number: int, fits: bool, nested: bool) -> None:
    one = part("PATCH X HTTP/1.1")
    body = mixed(one, change_set(*[one] * (number - 1))) if nested else mixed(*[one] * number)
    if fits:
        assert len(read(body, 5)) == number
    else:
        with pytest.raises(ODataError, match=r"More than \d requests .*limit batch_parts") as caught:
            read(body, 5)
        assert caught.value.code == "limit_exceeded"


# --- parts --------------------------------------------------------------------------------------------------------


def test_a_part() -> None:
    text = part("POST Set?a=b HTTP/1.1", "Content-Type:text/plain", "x-Y:  z ", body="1\r\n\r\n2", Content_ID="n1")
    (found,) = read(mixed(text))
    assert (found.method, found.url, found.id, found.fault) == ("POST", "Set?a=b", "n1", None)
    assert dict(found.headers.items()) == {"content-type": "text/plain", "x-y": "z"}
    assert found.body == b"1\r\n\r\n2"


@pytest.mark.parametrize(
    "text",
    [
        "Content-Type: application/http\n\nGET X HTTP/1.1\n\n",
        "Content-Type: application/http\n\nGET X HTTP/1.1",
        "Content-Type: application/http\n\nGET X",
        "Content-Type: application/http\n\n\n\nGET X HTTP/1.1\nAccept: */*\n",
        "content-type:application/http; msgtype=request\nContent-Transfer-Encoding: Binary\n\nGET \t X  HTTP/1.0 \n\n\n",
        "\nGET X HTTP/1.1\n",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_liberal_forms(text: str, end: str) -> None:
    (found,) = read(f"--b\n{text}\n--b--".replace("\n", end))
    assert (found.method, found.url, found.fault) == ("GET", "X", None)


def test_urls_keep_their_blanks_and_lose_their_letters_beyond_ascii() -> None:
    (found,) = read(mixed(part("GET Set?$filter=Name eq 'Müller  & Co' HTTP/1.1")))
    assert found.url == "Set?$filter=Name eq 'M%C3%BCller  & Co'"


@pytest.mark.parametrize(
    ("length", "body"),
    [
        ("3", b"abc"),
        ("5", b"abc\r\n"),
        ("9", b"abc\r\n\r\n"),
        ("2", b"abc\r\n\r\n"),
        ("-1", b"abc\r\n\r\n"),
        ("", b"abc\r\n\r\n"),
    ],
)
def test_content_lengths_are_believed_if_they_can_be_right(length: str, body: bytes) -> None:
    (found,) = read(mixed(part("POST X HTTP/1.1", f"Content-Length: {length}", body="abc\r\n\r\n")))
    assert found.body == body


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no request line"),
        ("Content-Type: text/plain\r\n\r\nGET X HTTP/1.1", "is application/http or"),
        ("Content-Type: application/http\r\nContent-Transfer-Encoding: base64\r\n\r\nR0VU", "as they are"),
        ("Content-Type: application/http\r\n\r\nGET", "no request line"),
        ("Content-Type: application/http\r\n folded\r\n\r\nGET X HTTP/1.1", "folded"),
        ("Content-Type: application/http\r\n\r\nGET X HTTP/1.1\r\nAccept: a,\r\n\tb", "folded"),
        ("Content-Type: application/http\r\n\r\nGET X HTTP/1.1\r\nno header", "'no header' is not a header line"),
        ("Content-Type: application/http\r\n\r\nGET X HTTP/1.1\r\nA b: c", "not a header, or"),
        ("Content-Type: application/http\r\n\r\nGET X HTTP/1.1\r\nA: b\rInjected: c", "not a header, or"),
        ("Content-Type: application/http\r\n\r\nGET X HTTP/1.1\r\nA: b\0", "not a header, or"),
        ("Content-Type: application/http\r\n\r\nGET X HTTP/1.1\r\n" + "A: b\r\n" * 101, "More than 100 header lines"),
        ("Content-Type: application/http\r\n\r\nGET X HTTP/1.1\r\nA: " + "b" * 8190, "not a header, or"),
        ("Content-Type: application/http\r\nContent-ID: a b\r\n\r\nGET X HTTP/1.1", "Content-ID must have"),
        ("Content-Type: application/http\r\nContent-ID: a\rb\r\n\r\nGET X HTTP/1.1", "not a header, or"),
        ("Content-Type: application/http\r\nContent-ID: " + "a" * 256 + "\r\n\r\nGET X HTTP/1.1", "Content-ID must have"),
        (change_set(change_set(ONE, boundary="d")), "cannot hold another one"),
        (change_set(ONE), "cannot hold a GET"),
    ],
)  # fmt: skip
def test_parts_that_are_no_requests(text: str, message: str) -> None:
    broken, sound = read(mixed(text, ONE))
    assert broken.fault is not None
    assert message in broken.fault.message
    assert sound.fault is None


def test_change_sets_that_cannot_be_told_apart_are_the_batch_s_fault() -> None:
    unfinished = "Content-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\n" + ONE
    same_boundary = "Content-Type: multipart/mixed;boundary=b\r\n\r\n"
    for text in (unfinished, same_boundary, "Content-Type: multipart/mixed\r\n\r\n"):
        with pytest.raises(ODataError) as caught:
            read(mixed(text))
        assert caught.value.code == "bad_batch"


def test_content_ids_in_the_request_s_own_headers_count_too() -> None:
    (found,) = read(mixed(part("GET X HTTP/1.1", "Content-ID: 7")))
    assert found.id == "7"


def test_change_sets_in_change_sets_are_not_followed_down() -> None:
    body = ONE
    for level in range(3_000):
        body = change_set(body, boundary=f"x{level}")
    (found,) = multipart.read(mixed(body).encode(), b"b", 100).items
    assert isinstance(found, ChangeSet)
    assert found.parts[0].fault is not None


HOSTILE = {
    "near delimiters": "--b x\n" * 300_000 + "--b--",
    "blanks after delimiters": ("--b" + " " * 1_000 + "x\n") * 2_000,
    "line ends": "--b\n" + "\n" * 2_000_000 + "\n--b--",
    "carriage returns": "--b\n" + "\r" * 2_000_000 + "\n--b--",
    "blanks in a request line": "--b\n\nGET a" + " " * 900_000 + "b\n--b--",
    "blanks in a header line": "--b\n\nGET a\n" + ("A: " + " x" * 4_000 + "\n") * 99 + "\n--b--",
    "a header line of blanks": "--b\n\nGET a\n" + ("A:" + " " * 8_000 + "\x7f\n") * 99 + "\n--b--",
    "slashes": "--b\n\nGET " + "../" * 300_000 + "\n--b--",
    "a long line": "--b\n\nGET " + "x" * 2_000_000 + "\n--b--",
    "many lines": "--b\n\nGET X\n" + "A: b\n" * 400_000 + "\n--b--",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_bodies_made_to_take_long(kind: str) -> None:
    started = time.process_time()
    answer = post(service(), HOSTILE[kind].encode(), Content_Type="multipart/mixed;boundary=b")
    assert answer.status in (200, 400)
    assert time.process_time() - started < 5  # sanity, not speed: what is not linear takes minutes


# --- answers ------------------------------------------------------------------------------------------------------


def test_the_answer_to_the_letter() -> None:
    answer = post(service(), mixed(part("GET Customers/$count HTTP/1.1", Content_ID="4")).encode(),
                  Content_Type="multipart/mixed;boundary=b", OData_MaxVersion="4.0")  # fmt: skip
    assert dict(answer.headers[1:3]) == {
        "OData-Version": "4.0",
        "Vary": "Accept, OData-MaxVersion, Prefer, Authorization",
    }
    boundary = (answer.header("Content-Type") or "").removeprefix("multipart/mixed;boundary=")
    assert answer.body.decode() == (
        f"--{boundary}\r\n"
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 4\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nOData-Version: 4.0\r\n"
        'ETag: W/"f5ca38f748a1d6eaf726b8a4"\r\nContent-Length: 2\r\n\r\n'
        f"20\r\n--{boundary}--\r\n"
    )


def test_boundaries_of_answers_are_not_known_before() -> None:
    types = {post(service(), mixed(ONE).encode(), Content_Type="multipart/mixed;boundary=b").header("Content-Type")
             for _ in range(5)}  # fmt: skip
    assert len(types) == 5


def test_answers_without_a_body() -> None:
    etag = send(service(), part("GET Customers('C01') HTTP/1.1"))[0].headers["ETag"]
    found = send(
        service(),
        part("GET Customers('C03')/CustomerName HTTP/1.1"),
        part("GET Customers('C01') HTTP/1.1", f"If-None-Match: {etag}"),
    )
    assert [(one.status, one.body, "Content-Length" in one.headers) for one in found] == [
        (204, b"", False),
        (304, b"", False),
    ]
