"""Networks that Keras trained give the same outputs here."""

import zipfile

import pytest

from tests.support.imported import FOLDER, imported, largest_difference

NETWORKS = ("keras_mlp", "keras_conv", "keras_recurrent", "keras_residual")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_whole_model_gives_the_outputs_of_keras(name):
    found = imported(f"{name}.keras", name)
    assert largest_difference(found, name) < 1e-5
    assert found.unused == found.initial == found.warnings == ()


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_alone_give_the_outputs_of_keras(name, tmp_path):
    with zipfile.ZipFile(FOLDER / f"{name}.keras") as archive:
        (tmp_path / "model.weights.h5").write_bytes(archive.read("model.weights.h5"))
    found = imported(tmp_path / "model.weights.h5", name)
    assert largest_difference(found, name) < 1e-5


def test_the_format_before_keras_3_gives_the_outputs_of_keras():
    found = imported("keras_mlp.h5", "keras_mlp")
    assert largest_difference(found, "keras_mlp") < 1e-5
