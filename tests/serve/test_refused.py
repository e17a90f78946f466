"""Wrong requests: each gets a status of its kind and JSON with `error`, and never one of the server's own failures."""

import asyncio
import base64
import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.serve import Limits, application
from nntrain.serve.body import Bodies
from nntrain.serve.problem import Problem
from tests.support import serving
from tests.support.scale import examples
from tests.support.serving import FLOWER

JSON = {"content-type": "application/json"}
DEEP = b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

BODIES = [  # body, status, what the error names
    (b'{"rows": [[5.1, 3.5,', 400, "column 21"),
    (b"", 400, "not JSON"),
    (b"hello", 400, "line 1, column 1"),
    (b'{"rows": [[NaN, 1, 2, 3]]}', 400, "NaN"),
    (b'{"rows": [[-Infinity, 1, 2, 3]]}', 400, "Infinity"),
    (b'{"rows": [["\xff\xfe", 1, 2, 3]]}', 400, "UTF-8"),
    (DEEP, 400, "nested too deeply"),
    (b'{"rows": [[' + b"9" * 5000 + b", 1, 2, 3]]}", 400, "digits"),
    (b'{"rows": [[1e999, 1, 2, 3]]}', 422, "a finite number"),
    (b'{"rows": [[' + b"9" * 400 + b", 1, 2, 3]]}", 422, "too large"),
    (b"[[5.1, 3.5, 1.4, 0.2]]", 422, "expected an object"),
    (b'{"rows": []}', 422, "at least one row"),
    (b'{"rows": 5}', 422, "expected a list"),
    (b'{"row": [[1, 2, 3, 4]]}', 422, "Did you mean 'rows'"),
    (b'{"rows": [[1, 2, 3]]}', 422, "expected 4 values"),
    (b'{"rows": [[1, 2, 3, 4], [1, 2]]}', 422, "rows[1]"),
    (b'{"rows": [[[1, 2, 3, 4]]]}', 422, "expected 4 values"),
    (b'{"rows": [[1, 2, 3, null]]}', 422, "missing value"),
    (b'{"rows": [[1, 2, 3, "x"]]}', 422, "'x'"),
    (b'{"rows": [[1, 2, 3, [4]]]}', 422, "rows[0]"),
    (b'{"rows": [{"sepal_length": 1}]}', 422, "missing columns"),
    (b'{"rows": [{"sepal_lenght": 1}]}', 422, "sepal_lenght"),
    (b'{"rows": [{}, 5]}', 422, "rows[1]"),
    (b'{"rows": [[1, 2, 3, 4], {}]}', 422, "rows[1]"),
    (b'{"rows": ["iVBORw0KGgo="]}', 422, "rows[0]"),
    (b'{"rows": [[1, 2, 3, 4]], "probabilities": "yes"}', 422, "probabilities"),
    (b'{"rows": [[1, 2, 3, 4]], "probabilities": 1}', 422, "probabilities"),
    (b'{"rows": [[1, 2, 3, 4]], "on_error": ["stop"]}', 422, "on_error"),
    (b'{"rows": [[1, 2, 3, 4]], "on_error": "ignore"}', 422, "on_error"),
    (b'{"prompt": "The "}', 422, "prompt"),
]


def refusal(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) <= {"error", "hint"}
    return answer.json()["error"]


@pytest.mark.parametrize(("body", "status", "named"), BODIES, ids=range(len(BODIES)))
def test_a_wrong_body_is_refused_with_its_reason(client_of, wording, body, status, named):
    answer = client_of("iris").post("/predict", content=body, headers=JSON)
    error = refusal(answer, status)
    assert named in error
    wording(error + "\n" + answer.json().get("hint", ""))


@pytest.mark.parametrize("name", ["iris", "people", "digits", "pictures", "photos", "text", "regression"])
def test_no_json_makes_a_server_fail(client_of, name):
    client = client_of(name, rows=50)
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("red")
    values = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=12,
    )
    asked = (
        st.fixed_dictionaries({}, optional=dict.fromkeys(("rows", "prompt", "length", "on_error"), values))
        | values
    )

    @settings(max_examples=examples(60, 2000), deadline=None)
    @given(asked)
    def check(value):
        answer = client.post("/predict", content=json.dumps(value).encode(), headers=JSON)
        assert answer.status_code in (200, 400, 413, 422), answer.text
        assert "error" in answer.json() or answer.status_code == 200

    check()


MEDIA = [
    "text/csv",
    "image/png",
    "image/x-what",
    "multipart/form-data; boundary=a",
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "",
    ";;;",
]
HEADS = [
    b"",
    b"age,colour,height\n",
    b"\x89PNG\r\n\x1a\n",
    b"--a\r\n",
    b"GIF89a",
    b"\xff\xd8\xff",
    b"RIFF1234WEBP",
]
KEYS = st.sampled_from(["age", "colour", "height", "sepal_length", "class", ""])


@pytest.mark.parametrize("name", ["iris", "people", "pictures", "digits"])
def test_no_bytes_make_a_server_fail(client_of, name):
    client = client_of(name)
    media = st.sampled_from(
        [
            "text/csv",
            "image/png",
            "image/x-what",
            "multipart/form-data; boundary=a",
            "application/json",
            "text/plain",
            "",
            ";;;",
            "application/json; charset=utf-16",
        ]
    )
    heads = st.sampled_from(
        [
            b"",
            b"age,colour,height\n",
            b"\x89PNG\r\n\x1a\n",
            b"--a\r\n",
            b"GIF89a",
            b"\xff\xd8\xff",
            b"RIFF1234WEBP",
        ]
    )

    @settings(max_examples=examples(60, 2000), deadline=None)
    @given(media, heads, st.binary(max_size=60))
    def check(media, head, rest):
        answer = client.post("/predict", content=head + rest, headers={"content-type": media})
        assert answer.status_code in (200, 400, 411, 413, 415, 422), answer.text

    check()


@pytest.mark.parametrize(
    ("name", "media", "body", "status"),
    [
        ("iris", "text/plain", b"1,2,3,4", 415),
        ("iris", "application/x-www-form-urlencoded", b"rows=1", 415),
        ("iris", "application/json; charset=utf-16", b"{}", 415),
        ("iris", "image/png", b"\x89PNG", 415),
        ("iris", "text/csv", b"sepal_length\n1\n", 422),
        ("iris", "text/csv", b"\xff\xff\n", 400),
        ("iris", "text/csv", b'"open\n1,2', 422),
        ("text", "text/csv", b"a\n1\n", 415),
        ("pictures", "image/png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, 422),
        ("pictures", "image/png", b"", 422),
        ("pictures", "multipart/form-data", b"--a--", 400),
        ("pictures", "multipart/form-data; boundary=a", b"--a\r\nno head", 400),
        ("pictures", "multipart/form-data; boundary=a", b"--a\r\nx: y\r\n\r\n1\r\n--a--", 422),
    ],
    ids=range(13),
)
def test_other_kinds_of_bodies_are_refused(client_of, wording, name, media, body, status):
    answer = client_of(name).post("/predict", content=body, headers={"content-type": media})
    wording(refusal(answer, status))


def bomb(width: int, height: int) -> bytes:
    """A PNG image of a few bytes that claims so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(8000, 8000), (60_000, 60_000)])
def test_an_image_of_too_many_pixels_is_not_decoded(client_of, size):
    client = client_of("pictures")
    assert "pixels" in refusal(
        client.post("/predict", content=bomb(*size), headers={"content-type": "image/png"}), 422
    )
    rows = [base64.b64encode(bomb(*size)).decode()]
    assert "rows[0]" in refusal(client.post("/predict", json={"rows": rows}), 422)


def test_more_than_the_limits_is_refused(client_of):
    client = client_of("iris", rows=3, body=2000, numbers=8)
    assert "at most 3 rows" in refusal(client.post("/predict", json={"rows": [FLOWER] * 4}), 413)
    many = b"sepal_length,sepal_width,petal_length,petal_width\n" + b"1,2,3,4\n" * 4
    assert "at most 3 rows" in refusal(
        client.post("/predict", content=many, headers={"content-type": "text/csv"}), 413
    )
    assert "2,000 bytes" in refusal(client.post("/predict", content=b"[" * 2001, headers=JSON), 413)
    asked = {"rows": [FLOWER] * 3, "probabilities": True}
    assert "at most 8 numbers" in refusal(client.post("/predict", json=asked), 413)
    assert client.post("/predict", json={"rows": [FLOWER] * 3}).status_code == 200
    text = client_of("text", rows=50)
    assert "length" in refusal(text.post("/predict", json={"prompt": "the", "length": 51}), 422)
    assert "prompt" in refusal(text.post("/predict", json={"prompt": "t" * 51}), 422)


@pytest.mark.parametrize(
    "asked",
    [{}, {"prompt": ""}, {"prompt": 5}, {"prompt": "the", "length": 0}, {"prompt": "the", "length": 2.5},
     {"prompt": "the", "length": True}, {"prompt": "the", "temperature": -1}, {"prompt": "the", "top_k": 0},
     {"prompt": "the", "top_p": 1}, {"prompt": "THE", "length": 5}, {"prompt": "\ud800"}],
    ids=range(11),
)  # fmt: skip
def test_a_wrong_prompt_is_refused(client_of, wording, asked):
    answer = client_of("text").post("/predict", content=json.dumps(asked).encode(), headers=JSON)
    wording(refusal(answer, 422))


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/predict/",
        "/static/../../x",
        "/%00",
        "/docs",
    ],
)
def test_there_are_no_other_addresses(client_of, path):
    answer = client_of("iris").get(path)
    assert refusal(answer, 404) == "no such address"


@pytest.mark.parametrize(
    "asked",
    ["GET /predict", "PUT /predict", "DELETE /", "POST /health", "OPTIONS /predict", "TRACE /metadata"],
)
def test_other_methods_are_refused(client_of, asked):
    method, path = asked.split()
    answer = client_of("iris").request(method, path)
    assert method in refusal(answer, 405)
    assert answer.headers["allow"]


def test_unknown_options_of_the_address_are_refused(client_of):
    answer = client_of("iris").post("/predict?probability=true", json={"rows": [FLOWER]})
    assert "Did you mean 'probabilities'" in refusal(answer, 422)


def test_only_as_many_requests_wait_as_allowed(models):
    client = serving.Client(application(models["iris"], limits=Limits(waiting=0)))
    answer = client.post("/predict", json={"rows": [FLOWER]})
    refusal(answer, 503)
    assert answer.headers["retry-after"] == "1"


def test_an_answer_that_takes_too_long_is_given_up(models):
    client = serving.Client(application(models["text"], limits=Limits(seconds=0.2, rows=10**9)))
    answer = client.post("/predict", json={"prompt": "the", "length": 10**9})
    assert "within 0.2 s" in refusal(answer, 503)
    assert (
        client.post("/predict", json={"prompt": "the", "length": 2}).status_code == 200
    )  # the worker is free


def test_a_body_that_does_not_come_is_given_up(models):
    async def dripping():
        for _ in range(100):
            yield b"["
            await asyncio.sleep(0.1)

    client = serving.Client(application(models["iris"], limits=Limits(seconds=0.3)))
    answer = client.post("/predict", content=dripping(), headers={**JSON, "transfer-encoding": "chunked"})
    assert "within 0.3 s" in refusal(answer, 408)
    assert answer.headers["connection"] == "close"


def test_all_requests_together_hold_a_bounded_number_of_bytes():
    async def receive():
        return {"type": "http.request", "body": b"x" * 1_000_000, "more_body": True}

    bodies = Bodies(Limits(body=100_000_000))
    bodies.held = bodies.limits.held - 3_000_000
    before = bodies.held

    async def read():
        await bodies.read(receive, {"transfer-encoding": "chunked"}, asyncio.get_running_loop().time() + 60)

    with pytest.raises(Problem) as found:
        asyncio.run(read())
    assert found.value.status == 503
    assert bodies.held == before


def test_a_defect_is_answered_without_its_traceback(client_of, monkeypatch, caplog):
    client = client_of("iris", rows=77)
    monkeypatch.setattr("nntrain.serve.rows.RowReader.read", lambda *_: 1 / 0)
    assert refusal(client.post("/predict", json={"rows": [FLOWER]}), 500) == "internal error"
    assert "ZeroDivisionError" in caplog.text


def test_pages_of_other_sites_and_other_names_are_refused(models):
    app = application(
        models["iris"], hosts=["localhost", "127.0.0.1", "::1"], allow_origins=["https://example.org"]
    )
    client, asked = serving.Client(app), {"json": {"rows": [FLOWER]}}

    def status(**headers):
        return client.post("/predict", headers=headers, **asked).status_code

    assert status() == status(host="localhost:8000") == status(host="[::1]:8000") == 200
    assert status(host="evil.example") == status(host="127.0.0.1.evil.example") == status(host="[::1") == 400
    assert status(host="localhost:8000", origin="http://localhost:8000") == 200
    assert status(host="localhost:8000", origin="http://localhost:9000") == 403
    assert status(origin="https://evil.example") == status(origin="null") == 403
    allowed = client.post("/predict", headers={"origin": "https://example.org"}, **asked)
    assert allowed.headers["access-control-allow-origin"] == "https://example.org"
    plain = serving.Client(application(models["iris"])).post("/predict", **asked)
    assert not [name for name in plain.headers if name.startswith("access-control")]
