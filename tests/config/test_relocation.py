"""Relocation: a config in another folder finds the same files, and its shortest spelling means the same."""

import pytest

from nntrain.component import shortest
from nntrain.config import Document, checked, dump, load
from nntrain.config.relocation import relocated
from nntrain.config.schema import Config
from tests.support import ROOT

BASE = {"loss": "mse", "optimizer": "adam"}


def moved(data: dict, folder, here, **more) -> dict:
    layers = {"layers": [{"dense": 1}], **more}
    config, _ = checked(Document.parse(dump({**BASE, "data": data, "model": layers})))
    return relocated(config, folder, here).model_dump(mode="json")


@pytest.mark.parametrize(
    ("source", "option"),
    [
        ({"csv": {"path": "table.csv"}}, "path"),
        ({"npz": {"path": "table.csv"}}, "path"),
        ({"npy": {"x": "table.csv", "target": "t.npy"}}, "x"),
        ({"idx": {"images": "table.csv", "labels": "labels.idx"}}, "images"),
        (
            {"idx": {"images": "i", "labels": "l", "test_images": "table.csv", "test_labels": "t"}},
            "test_images",
        ),
        ({"image_folder": {"path": "table.csv"}}, "path"),
        ({"sequences": {"path": "table.csv", "id": "a", "target": "b"}}, "path"),
        ({"text": {"path": "table.csv"}}, "path"),
        ({"mnist": {"root": "table.csv"}}, "root"),
        ({"cifar10": {"root": "table.csv"}}, "root"),
    ],
)
def test_the_paths_of_sources_are_seen_from_the_new_folder(tmp_path, source, option):
    found = moved({"source": source, "validation": source}, tmp_path / "configs", tmp_path / "runs/sweep")
    (name,) = source
    for part in ("source", "validation"):
        assert found["data"][part][name][option] == "../../configs/table.csv"


def test_pretrained_weights_are_seen_from_the_new_folder(tmp_path):
    start = {"pretrained": {"path": "runs/a"}}
    layers = [{"residual": {"body": [{"dense": {"units": 1, "weight_initializer": start}}]}}]
    found = moved({"source": "digits"}, tmp_path, tmp_path / "runs", initializer=start, layers=layers)
    assert found["model"]["initializer"]["pretrained"]["path"] == "a"
    body = found["model"]["layers"][0]["residual"]["body"]
    assert body[0]["dense"]["weight_initializer"]["pretrained"]["path"] == "a"


def test_paths_that_are_the_same_everywhere_and_other_texts_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("TABLES", str(tmp_path))
    for path in ("/data/table.csv", "~/table.csv", "$TABLES/table.csv"):
        found = moved({"source": {"csv": {"path": path, "target": "y"}}}, tmp_path / "a", tmp_path / "b")
        assert found["data"]["source"]["csv"]["path"] == path
        assert found["data"]["source"]["csv"]["target"] == "y"


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_shortest_spelling_of_a_config_is_the_same_config(file):
    config, _ = load(file)
    assert (
        Config.model_validate(checked(Document.parse(dump(shortest(config))))[0].model_dump(by_alias=True))
        == config
    )
