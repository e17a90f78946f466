"""What a server answers is what `model.predict` and `nntrain predict` answer, in JSON and in CSV."""

import base64
import io
import threading

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.support.people import people, table_of, text_of
from tests.support.serving import FLOWER, NAMES

FLOWERS = np.array([FLOWER, [6.0, 2.9, 4.5, 1.5], [6.9, 3.1, 5.4, 2.1]])
CSV = {"content-type": "text/csv"}


def post(client, value, code=200, **query):
    answer = client.post("/predict", json=value, params=query)
    assert answer.status_code == code, answer.text
    return answer.json()


def classes(answer):
    return [prediction["class"] for prediction in answer["predictions"]]


def test_rows_as_lists_and_as_objects_get_the_classes_of_the_model(models, client_of):
    client, expected = client_of("iris"), models["iris"].predict(FLOWERS).tolist()
    assert classes(post(client, {"rows": FLOWERS.tolist()})) == expected
    objects = [dict(zip(NAMES, row, strict=True)) for row in FLOWERS.tolist()]
    assert classes(post(client, {"rows": objects})) == expected
    mixed = [{"other": "text", **dict(reversed(row.items()))} for row in objects]
    assert classes(post(client, {"rows": mixed})) == expected


def test_probabilities_are_those_of_the_model(models, client_of):
    answer = post(client_of("iris"), {"rows": FLOWERS.tolist(), "probabilities": True})
    found = [list(prediction["probabilities"].values()) for prediction in answer["predictions"]]
    assert np.array_equal(np.float32(found), models["iris"].predict_proba(FLOWERS))
    assert list(answer["predictions"][0]["probabilities"]) == list(models["iris"].classes)


def test_csv_is_answered_as_csv_unless_json_is_asked_for(models, client_of):
    client, expected = client_of("iris"), models["iris"].predict(FLOWERS).tolist()
    text = text_of([list(map(str, row)) for row in FLOWERS], NAMES)
    answer = client.post("/predict", content=text, headers=CSV)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert table_of(answer.text) == {"class": expected}
    answer = client.post("/predict?probabilities=true", content=text, headers={**CSV, "accept": "text/csv"})
    assert list(table_of(answer.text)) == ["class", *(f"p({name})" for name in models["iris"].classes)]
    answer = client.post("/predict", content=text, headers={**CSV, "accept": "application/json"})
    assert classes(answer.json()) == expected
    answer = client.post("/predict", json={"rows": FLOWERS.tolist()}, headers={"accept": "text/csv"})
    assert table_of(answer.text) == {"class": expected}


def test_a_table_with_text_and_gaps_takes_objects_lists_and_csv(models, client_of):
    client, rows = client_of("people"), people(5, 30)
    text = text_of([row[:3] for row in rows], ["age", "colour", "height"])
    answer = client.post(
        "/predict?on_error=blank", content=text, headers={**CSV, "accept": "application/json"}
    )
    expected = classes(answer.json())
    cells = [
        [float(age) if age else None, None if colour == "?" else colour, float(height)]
        for age, colour, height, _ in rows
    ]
    objects = [dict(zip(("age", "colour", "height"), row, strict=True)) for row in cells]
    assert None not in expected
    assert classes(post(client, {"rows": objects})) == expected
    assert classes(post(client, {"rows": cells})) == expected
    whole = [row for row in cells if None not in row]
    assert classes(post(client, {"rows": whole})) == [
        name for name, row in zip(expected, cells, strict=True) if None not in row
    ]


def test_rows_that_cannot_be_used_stop_are_skipped_or_blank(client_of):
    client = client_of("people")
    rows = [{"age": 30, "colour": "red", "height": 170}, {"age": 30, "colour": "pink", "height": 170}]
    error = post(client, {"rows": rows}, 422)
    assert error["error"].startswith("rows:2: column 'colour'")
    assert "pink" in error["error"]
    skipped = post(client, {"rows": rows, "on_error": "skip"})
    assert len(skipped["predictions"]) == 1
    assert "1 of 2" in skipped["warnings"][0]
    blank = post(client, {"rows": rows, "on_error": "blank", "probabilities": True})
    assert blank["predictions"][1] == {"class": None, "probabilities": None}
    assert blank["predictions"][0]["class"] is not None


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("name", "channels"), [("pictures", 1), ("photos", 3)])
def test_images_come_as_files_base64_lists_and_forms(models, client_of, name, channels):
    client = client_of(name)
    x = np.stack([np.full((6, 5, channels), level, np.uint8) for level in (30, 220)])
    expected = models[name].predict(x).tolist()
    assert expected == ["dark", "bright"]
    assert classes(post(client, {"rows": x.tolist()})) == expected
    assert classes(post(client, {"rows": x.reshape(2, -1).tolist()})) == expected
    if channels == 1:
        assert classes(post(client, {"rows": x[..., 0].tolist()})) == expected
    encoded = [base64.b64encode(png(each)).decode() for each in x]
    assert classes(post(client, {"rows": [encoded[0], f"data:image/png;base64,{encoded[1]}"]})) == expected
    for each, name in zip(x, expected, strict=True):
        answer = client.post("/predict", content=png(each), headers={"content-type": "image/png"})
        assert classes(answer.json()) == [name]
    large = png(x[1].repeat(40, 0).repeat(40, 1))
    answer = client.post("/predict", content=large, headers={"content-type": "image/png"})
    assert classes(answer.json()) == ["bright"]
    boundary = b'--edge\r\nContent-Disposition: form-data; name=image; filename="%s"\r\n\r\n%s\r\n'
    form = b"".join(
        boundary % (file, png(each)) for file, each in zip((b"a.png", b"files/b.png"), x, strict=True)
    )
    answer = client.post(
        "/predict",
        content=form + b"--edge--\r\n",
        headers={"content-type": "multipart/form-data; boundary=edge"},
    )
    assert answer.json()["predictions"] == [
        {"file": "a.png", "class": "dark"},
        {"file": "b.png", "class": "bright"},
    ]


def test_numbers_that_are_predicted_have_the_names_of_the_targets(models, client_of):
    x = np.array([[0.5, -1, 2], [1, 2, 3]])
    answer = post(client_of("regression"), {"rows": x.tolist()})
    assert np.array_equal(
        [list(each.values()) for each in answer["predictions"]], models["regression"].predict(x)
    )
    assert list(answer["predictions"][0]) == ["target_1", "target_2"]


def test_a_text_is_continued_as_by_generate(models, client_of):
    asked = {"prompt": "the ", "length": 20, "temperature": 0.5, "top_k": 3, "seed": 4}
    assert post(client_of("text"), asked) == {
        "text": models["text"].generate("the ", 20, temperature=0.5, top_k=3, seed=4)
    }


def test_requests_that_arrive_together_get_their_own_answers_and_errors(models, client_of):
    client, found = client_of("people"), {}
    rows = [[25.0, "red", 160], [55.0, "blue", 180], [25.0, "pink", 160], [25.0, None, 160]]
    expected = [
        classes(post(client, {"rows": [row]})) if place != 2 else None for place, row in enumerate(rows)
    ]

    def ask(number):
        answer = client.post("/predict", json={"rows": [rows[number % 4]]})
        found[number] = classes(answer.json()) if answer.status_code == 200 else None

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(40)] == [expected[number % 4] for number in range(40)]


def test_dates_are_fields_of_a_form_and_texts_of_a_row(models, client_of):
    client = client_of("days")
    columns = {column["name"]: column["type"] for column in client.get("/metadata").json()["columns"]}
    assert columns == {"day": "date", "at": "date-time", "month": "month", "clock": "time"}
    row = {"day": "2023-02-01", "at": "2023-02-01T12:30", "month": "2023-02", "clock": "12:30"}
    names, cells = list(row), [list(row.values())]
    expected = float(models["days"].predict(pd.DataFrame(cells, columns=names))[0, 0])
    text = text_of(cells, names)
    for asked in ({"rows": [row]}, {"rows": cells}):
        assert post(client, asked)["predictions"][0]["y"] == pytest.approx(expected)
    (answer,) = table_of(client.post("/predict", content=text, headers=CSV).text)["y"]
    assert float(answer) == pytest.approx(expected)
    problem = post(client, {"rows": [{**row, "day": "yesterday"}]}, code=422)
    assert "column 'day': expected a date" in str(problem)


def test_several_targets_are_answered_by_name(models, client_of):
    client, rows = client_of("shop"), [[0.3, -1.0, 0.5], [2.0, 1.0, -1.0]]
    (first, second) = post(client, {"rows": rows, "probabilities": True})["predictions"]
    assert first.keys() == {"price", "kind", "probabilities"}
    expected = models["shop"].predict(np.array(rows))
    assert [first["kind"], second["kind"]] == expected["kind"].tolist()
    assert [first["price"], second["price"]] == pytest.approx(expected["price"].tolist())
    shares = models["shop"].predict_proba(np.array(rows))["kind"]
    assert list(first["probabilities"]["kind"].values()) == pytest.approx(shares[0].tolist())
    assert post(client, {"rows": rows})["predictions"][0].keys() == {"price", "kind"}
    assert client.get("/metadata").json()["targets"] == ["price", "kind"]
