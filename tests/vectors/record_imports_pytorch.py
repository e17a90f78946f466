"""Records small networks that PyTorch trained, in imports/ next to this file: weights, inputs and outputs.

Run it where PyTorch, safetensors and onnxscript are installed, from the repository's root: python -m tests.vectors.record_imports_pytorch
"""

import io
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

FOLDER = Path(__file__).parent / "imports"
ROWS, STEPS = 6, 5


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.fc1 = nn.Linear(8 * 2 * 2, 20)
        self.fc2 = nn.Linear(20, 10)

    def forward(self, x):
        x = functional.max_pool2d(self.conv1(x).relu(), 2)
        x = self.conv2(x).relu()
        return self.fc2(self.fc1(x.flatten(1)).relu())


class Block(nn.Module):
    """As in the ResNets for CIFAR: the shortcut is a convolution where the shape changes."""

    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + self.shortcut(x)).relu()


class ResNet(nn.Module):
    def __init__(self, widths=(4, 6, 8), blocks=1):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        before = widths[0]
        for stage, width in enumerate(widths, 1):
            made = []
            for block in range(blocks):
                made.append(Block(before, width, 2 if stage > 1 and block == 0 else 1))
                before = width
            setattr(self, f"layer{stage}", nn.Sequential(*made))
        self.linear = nn.Linear(before, 10)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(12, 4)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.fc(torch.cat([h[-2], h[-1]], 1))


class Gru(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 6, batch_first=True)
        self.fc = nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(self.gru(x)[1][0])


class Decoder(nn.Module):
    """Depthwise, strided and transposed convolutions, norms, and features that become an image again."""

    def __init__(self):
        super().__init__()
        self.depthwise = nn.Conv2d(2, 4, 3, padding=1, groups=2)
        self.norm = nn.GroupNorm(2, 4)
        self.act = nn.PReLU(4)
        self.bn = nn.BatchNorm1d(4 * 4 * 4)
        self.fc1 = nn.Linear(64, 2 * 3 * 3)
        self.bn2 = nn.BatchNorm1d(18)
        self.up = nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1)
        self.fc2 = nn.Linear(3 * 5 * 5, 4)

    def forward(self, x):
        x = self.act(self.norm(self.depthwise(x))).flatten(1)
        x = self.bn2(self.fc1(self.bn(x))).relu().view(-1, 2, 3, 3)
        return self.fc2(self.up(x).tanh().flatten(1))


class Sequences(nn.Module):
    """A convolution over steps, attention with learned positions, an Elman network, and all steps flattened."""

    def __init__(self):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(1, STEPS, 3))
        self.attention = nn.MultiheadAttention(3, 1, batch_first=True)
        self.norm = nn.LayerNorm(3)
        self.rnn = nn.RNN(3, 4, batch_first=True)
        self.conv = nn.Conv1d(4, 6, 2)
        self.fc = nn.Linear(6 * (STEPS - 1), 4)

    def forward(self, x):
        x = x + self.positions
        x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        x = self.rnn(x)[0]
        return self.fc(self.conv(x.transpose(1, 2)).relu().flatten(1))


def images(channels, size=8):
    return torch.randn(ROWS, channels, size, size)


def sequences():
    return torch.randn(ROWS, STEPS, 3)


def trained(network, x, outputs):
    """A few steps, so that no array is as it was initialized, running statistics included."""
    target = torch.randn(len(x), outputs)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(5):
        loss = functional.mse_loss(network(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def record(name, network, x, outputs):
    network = trained(network, x, outputs)
    torch.save(network.state_dict(), FOLDER / f"{name}.pt")
    with torch.no_grad():
        y = network(x)
    ours = x.permute(0, 2, 3, 1) if x.ndim == 4 else x
    np.savez_compressed(FOLDER / f"{name}.npz", x=ours.numpy(), y=y.numpy())
    return network


def exported(name, network, x, **options):
    file = io.BytesIO()
    torch.onnx.export(
        network, (x,), file, input_names=["x"], output_names=["y"], external_data=False, **options
    ) if options.get("dynamo") else torch.onnx.export(
        network, (x,), file, input_names=["x"], output_names=["y"], **options
    )
    (FOLDER / name).write_bytes(file.getvalue())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(0)
    x = images(2)
    lenet = record("lenet", LeNet(), x, 10)
    exported("lenet.onnx", lenet, x, dynamo=False)
    exported("lenet_dynamo.onnx", lenet, x, dynamo=True)
    x = images(3)
    resnet = record("resnet", ResNet(), x, 10)
    exported("resnet.onnx", resnet, x, dynamo=False)
    x = sequences()
    exported("lstm.onnx", record("lstm", Lstm(), x, 4), x, dynamo=False)
    exported("gru.onnx", record("gru", Gru(), x, 4), x, dynamo=False)
    record("decoder", Decoder(), images(2, 4), 4)
    record("sequences", Sequences(), sequences(), 4)
