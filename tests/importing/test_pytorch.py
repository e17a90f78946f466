"""Networks that PyTorch trained give the same outputs here."""

import pytest

from tests.support.imported import imported, largest_difference

NETWORKS = ("lenet", "resnet", "lstm", "gru", "decoder", "sequences")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_state_dict_gives_the_outputs_of_pytorch(name):
    found = imported(f"{name}.pt", name)
    assert largest_difference(found, name) < 1e-5
    assert found.unused == found.initial == ()
