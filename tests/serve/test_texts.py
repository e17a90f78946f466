"""A server of a network that classifies texts: texts in JSON, and a text box."""

import nntrain
from nntrain.serve import application
from tests.data.test_text_classes import csv
from tests.inference.test_predict_texts import config
from tests.support.serving import Client


def test_texts_are_answered_as_by_predict(tmp_path):
    csv(tmp_path)
    model = nntrain.fit(config(tmp_path), runs_dir=None).model
    client, texts = Client(application(model, name="texts")), ["good day", "bad"]
    answer = client.post("/predict", json={"rows": texts, "probabilities": True}).json()
    assert [found["class"] for found in answer["predictions"]] == model.predict(texts).tolist()
    wrong = client.post("/predict", json={"rows": ["good", 3]})
    assert wrong.status_code == 422
    assert "rows[1]" in wrong.text
    assert "textsForm" in client.get("/").text
    assert client.get("/openapi.json").status_code == 200
