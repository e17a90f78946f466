"""What a server tells about its model: metadata, an OpenAPI description that its answers follow, and the page."""

import base64
import hashlib
import json
import re

import pytest
from jsonschema import Draft202012Validator

import nntrain
from nntrain.serve.page.page import asset
from tests.support import serving
from tests.support.serving import FLOWER

KINDS = ["iris", "digits", "pictures", "photos", "people", "days", "text", "regression"]
STRUCTURE = {  # of OpenAPI 3.1, as far as the description uses it
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "additionalProperties": False,
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"required": ["title", "version"]},
        "components": {
            "properties": {"schemas": {"propertyNames": {"pattern": "^[a-zA-Z0-9._-]+$"}}},
            "additionalProperties": False,
        },
        "paths": {
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "propertyNames": {"enum": ["get", "post"]},
                "additionalProperties": {
                    "required": ["responses", "operationId"],
                    "properties": {
                        "responses": {
                            "propertyNames": {"pattern": r"^\d{3}$"},
                            "additionalProperties": {"required": ["description"]},
                        },
                        "parameters": {"items": {"required": ["name", "in", "schema"]}},
                        "requestBody": {"required": ["content"]},
                    },
                },
            },
        },
    },
}


def described(client):
    return client.get("/openapi.json").json()


def schema(document, name):
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", **document})


@pytest.mark.parametrize("name", KINDS)
def test_the_description_is_openapi_of_this_model(client_of, name):
    document = described(client_of(name))
    Draft202012Validator(STRUCTURE).validate(document)
    for each in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(each)
    for reference in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert reference in document["components"]["schemas"]


@pytest.mark.parametrize("name", KINDS)
def test_the_example_is_answered_as_described(client_of, name):
    client = client_of(name)
    document = described(client)
    example = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"]
    schema(document, "Question").validate(example)
    answer = client.post("/predict", json=example)
    assert answer.status_code == 200, answer.text
    schema(document, "Answer").validate(answer.json())
    refused = client.post("/predict", json={"rows": 5})
    schema(document, "Error").validate(refused.json())
    assert str(refused.status_code) in document["paths"]["/predict"]["post"]["responses"]
    schema(document, "Health").validate(client.get("/health").json())
    schema(document, "Metadata").validate(client.get("/metadata").json())


def test_the_description_knows_columns_classes_and_shapes(client_of):
    people = schema(described(client_of("people")), "Row")
    assert people.is_valid({"age": 30, "colour": "red", "height": 170})
    assert people.is_valid([30, "red", 170])
    assert people.is_valid({"age": None, "colour": None, "height": 170})  # gaps are filled
    assert not people.is_valid({"age": 30, "colour": "pink", "height": 170})
    assert not people.is_valid({"age": 30, "colour": "red"})
    iris = described(client_of("iris"))
    assert not schema(iris, "Row").is_valid(FLOWER[:3])
    assert schema(iris, "Prediction").is_valid({"class": "setosa"})
    assert not schema(iris, "Prediction").is_valid({"class": "rose"})
    picture = schema(described(client_of("pictures")), "Row")
    assert picture.is_valid([[[0]] * 5] * 6)
    assert picture.is_valid([[0] * 5] * 6)
    assert not picture.is_valid([[[256]] * 5] * 6)
    assert not picture.is_valid([[[0]] * 6] * 5)


def test_metadata_say_what_the_model_takes(models, client_of):
    facts = client_of("people").get("/metadata").json()
    assert facts["nntrain"] == nntrain.__version__
    assert facts["classes"] == list(models["people"].classes)
    assert [column["name"] for column in facts["columns"]] == ["age", "colour", "height"]
    assert facts["columns"][1]["categories"] == ["blue", "green", "red"]
    assert 25 < facts["columns"][0]["mean"] < 55
    assert facts["missing_values"]
    assert client_of("pictures").get("/metadata").json()["image"] == {
        "height": 6,
        "width": 5,
        "channels": 1,
        "white": 255.0,
        "files": True,
    }


@pytest.mark.parametrize("name", ["people", "text"])
def test_the_config_has_names_in_place_of_paths(models, client_of, name):
    config = client_of(name).get("/metadata").json()["config"]
    used = models[name].config
    (kind,) = config["data"]["source"]
    path = used["data"]["source"][kind]["path"]
    assert config["data"]["source"][kind]["path"] == path.rpartition("/")[2]
    assert "/tmp" not in client_of(name).get("/metadata").text
    assert config["model"] == used["model"]


def test_absolute_paths_are_cut_in_every_option():
    from nntrain.serve.facts import without_paths

    found = without_paths(
        {"a": ["/home/me/x.csv", "km/h"], "b": {"c": "C:\\data\\y.npz", "d": "~/z"}, "e": 3, "f": "$HOME/w"}
    )
    assert found == {"a": ["x.csv", "km/h"], "b": {"c": "y.npz", "d": "z"}, "e": 3, "f": "w"}


@pytest.mark.parametrize("name", KINDS)
def test_the_page_loads_nothing_and_runs_only_its_own_script(client_of, name):
    answer = client_of(name).get("/")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert not re.findall(r"""(?:src|href)=["'](?!data:|openapi.json|metadata)""", answer.text)
    assert "https://" not in answer.text


def test_no_name_of_a_class_becomes_markup():
    evil = "</script><script>alert(1)</script>"
    config = {**serving.IRIS, "model": {"layers": [{"dense": 2}]}}
    del config["data"]
    model = nntrain.fit(
        config, data=nntrain.Data([[0.0], [1.0]] * 8, [evil, "good"] * 8), runs_dir=None
    ).model
    text = serving.Client(nntrain_application(model)).get("/").text
    assert text.count("<script") == 2
    assert evil not in text


def nntrain_application(model):
    from nntrain.serve import application

    return application(model, name="<b>bold</b>")


def test_the_scripts_of_the_page_have_no_dollar_that_the_template_reads():
    assert set(re.findall(r"\$(\w+)", asset("page.html"))) == {
        "title",
        "style",
        "about",
        "model",
        "script",
        "version",
    }
