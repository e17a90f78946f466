"""Models that several tests serve."""

import pytest

import nntrain
from nntrain.serve import Limits, application
from tests.support import serving

pytest.importorskip("uvicorn")


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> dict[str, nntrain.Model]:
    """A model of each kind, by name."""
    with pytest.MonkeyPatch.context() as patch:
        serving.without_pictures(patch)
        return {
            "iris": serving.iris(),
            "digits": serving.digits(),
            "pictures": serving.pictures(),
            "photos": serving.pictures(channels=3),
            "people": serving.people(tmp_path_factory.mktemp("people")),
            "days": serving.days(tmp_path_factory.mktemp("days")),
            "shop": serving.shop(tmp_path_factory.mktemp("shop")),
            "text": serving.text(tmp_path_factory.mktemp("text")),
            "regression": serving.regression(),
        }


@pytest.fixture(scope="session")
def client_of(models):
    """`client_of("iris", rows=100)`: a client of the application of a model, with limits."""
    clients = {}

    def make(name: str, **limits):
        key = (name, *sorted(limits.items()))
        if key not in clients:
            app = application(models[name], name=name, limits=Limits(**limits))
            clients[key] = serving.Client(app)
        return clients[key]

    return make


@pytest.fixture(scope="session")
def iris_run(tmp_path_factory):
    """A run folder of iris."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        serving.without_pictures(patch)
        return nntrain.fit(serving.IRIS, runs_dir=folder, name="flowers").path
