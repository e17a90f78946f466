"""Records a language model with tied weights that PyTorch trained, in imports/: tied.pt, tied.onnx, and what it computes in tied.npz.

Run it where PyTorch and onnxscript are installed. tied.npz: tokens x (rows, steps), outputs y (rows, steps, vocabulary), their gradient
dy, and "d.NAME" the gradient of each parameter by its name in PyTorch; that of the shared weight is the sum of both uses.
"""

import io
from pathlib import Path

import numpy as np
import torch
from torch import nn

FOLDER = Path(__file__).parent / "imports"
ROWS, STEPS, VOCABULARY, UNITS = 3, 5, 7, 6


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, UNITS)
        self.places = nn.Embedding(STEPS, UNITS)
        self.norm = nn.LayerNorm(UNITS)
        self.head = nn.Linear(UNITS, VOCABULARY)
        self.head.weight = self.tokens.weight

    def forward(self, x):
        return self.head(self.norm(self.tokens(x) + self.places(torch.arange(STEPS))))


def trained():
    network = LanguageModel()
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(5):
        x = torch.randint(VOCABULARY, (ROWS, STEPS))
        loss = nn.functional.cross_entropy(
            network(x).transpose(1, 2), torch.randint(VOCABULARY, (ROWS, STEPS))
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def main():
    torch.manual_seed(0)
    network = trained()
    torch.save(network.state_dict(), FOLDER / "tied.pt")
    x = torch.randint(VOCABULARY, (ROWS, STEPS))
    file = io.BytesIO()
    torch.onnx.export(
        network, (x,), file, input_names=["x"], output_names=["y"], dynamo=True, external_data=False
    )
    (FOLDER / "tied.onnx").write_bytes(file.getvalue())
    network.double().zero_grad()
    y = network(x)
    dy = torch.randn_like(y)
    y.backward(dy)
    gradients = {f"d.{name}": parameter.grad.numpy() for name, parameter in network.named_parameters()}
    np.savez_compressed(
        FOLDER / "tied.npz", x=x.int().numpy(), y=y.detach().numpy(), dy=dy.numpy(), **gradients
    )


if __name__ == "__main__":
    main()
