"""The yardstick networks in PyTorch, as `nntrain bench` has them from the YAML files of the same names."""

import itertools

import torch
from torch import nn
from torch.nn import functional


class Residual(nn.Module):
    """relu(body(x) + shortcut(x)): two 3x3 convolutions, and a projection where the shape changes."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.body = nn.Sequential(
            *convolution(channels, filters, 3, stride), nn.ReLU(), *convolution(filters, filters, 3)
        )
        projected = stride > 1 or channels != filters
        self.shortcut = (
            nn.Sequential(*convolution(channels, filters, 1, stride)) if projected else nn.Identity()
        )

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


class Characters(nn.Module):
    """An embedding, a recurrent layer and what it says of the next character at each step.

    PyTorch's recurrent layers add two biases to each gate, where one would do.
    """

    def __init__(self, recurrent, vocabulary=64, features=64, units=256):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, features)
        self.recurrent = recurrent(features, units, batch_first=True)
        self.dense = nn.Linear(units, vocabulary)

    def forward(self, x):
        states, _ = self.recurrent(self.embedding(x))  # (rows, steps, units)
        return self.dense(states)


class Block(nn.Module):
    """A transformer block as nanoGPT's, with causal attention by scaled_dot_product_attention."""

    def __init__(self, features, heads):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(features), nn.LayerNorm(features)])
        self.qkv = nn.Linear(features, 3 * features, bias=False)
        self.output = nn.Linear(features, features, bias=False)
        self.wide = nn.Linear(features, 4 * features, bias=False)
        self.narrow = nn.Linear(4 * features, features, bias=False)

    def forward(self, x):
        rows, steps, features = x.shape
        parts = self.qkv(self.norms[0](x)).chunk(3, -1)
        q, k, v = (part.view(rows, steps, self.heads, -1).transpose(1, 2) for part in parts)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(rows, steps, features))
        return x + self.narrow(functional.gelu(self.wide(self.norms[1](x))))


class Transformer(nn.Module):
    """nanoGPT's CPU config, whose output is not tied to the embedding."""

    def __init__(self, vocabulary=65, steps=64, features=128, heads=4, layers=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, features)
        self.positions = nn.Parameter(0.02 * torch.randn(steps, features))
        self.blocks = nn.Sequential(*[Block(features, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(features)
        self.dense = nn.Linear(features, vocabulary, bias=False)

    def forward(self, x):
        return self.dense(self.norm(self.blocks(self.embedding(x) + self.positions)))


class Table(nn.Module):
    """Numbers, beside a vector of 8 numbers for each category of several columns."""

    def __init__(self, numbers=30, columns=6, categories=16, size=8):
        super().__init__()
        self.vectors = nn.ModuleList(nn.Embedding(categories, size) for _ in range(columns))
        self.rest = perceptron(numbers + columns * size, 256, 128, 2)

    def forward(self, x):
        numbers, categories = x
        vectors = [embed(column) for embed, column in zip(self.vectors, categories.unbind(1), strict=True)]
        return self.rest(torch.cat([numbers, *vectors], 1))


def convolution(channels, filters, kernel, stride=1):
    """With batch norm, and so without a bias."""
    return [nn.Conv2d(channels, filters, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(filters)]


def perceptron(*sizes, activation=nn.ReLU):
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        *perceptron(64 * 7 * 7, 128, 10),
    )


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        *perceptron(16 * 4 * 4, 120, 84, 10),
    )


def vgg():
    layers = []
    for channels, filters in [(3, 64), (64, 128), (128, 256)]:
        layers += [
            *convolution(channels, filters, 3),
            nn.ReLU(),
            *convolution(filters, filters, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    return nn.Sequential(*layers, nn.Flatten(), *perceptron(256 * 4 * 4, 256, 10))


def resnet20():
    layers = [*convolution(3, 16, 3), nn.ReLU()]
    for channels, filters, stride in [(16, 16, 1), (16, 32, 2), (32, 64, 2)]:
        layers += [
            Residual(channels, filters, stride),
            Residual(filters, filters, 1),
            Residual(filters, filters, 1),
        ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def momentum(parameters, fused):
    return torch.optim.SGD(parameters, 0.01, momentum=0.9, fused=fused)


def adam(parameters, fused):
    return torch.optim.Adam(parameters, 1e-3, fused=fused)


def adamw(parameters, fused):
    return torch.optim.AdamW(parameters, 1e-3, weight_decay=0.1, fused=fused)


def samples(*shape):
    """Random ones of 10 classes."""
    return lambda: (torch.randn(*shape), torch.randint(10, shape[:1]))


def characters(rows=32, vocabulary=64):
    """A batch of so many times 64 characters, and the next of each."""
    return torch.randint(vocabulary, (rows, 64)), torch.randint(vocabulary, (rows, 64))


def functions():
    """10,000 samples of 4 numbers, and 4 numbers to predict for each."""
    return torch.randn(10_000, 4), torch.randn(10_000, 4)


def columns(rows=256):
    """30 numbers and 6 columns of 16 categories; two classes."""
    return (torch.randn(rows, 30), torch.randint(16, (rows, 6))), torch.randint(2, (rows,))


# name: (makes the network, makes its batch, makes the optimizer of its parameters)
NETWORKS = {
    "mlp-digits": (lambda: perceptron(64, 64, 10), samples(32, 64), momentum),
    "mlp-mnist": (lambda: perceptron(784, 256, 128, 10), samples(128, 784), adam),
    "mlp-wide": (lambda: perceptron(1024, 2048, 2048, 10), samples(256, 1024), adam),
    "lenet-mnist": (lenet, samples(64, 1, 28, 28), momentum),
    "vgg-cifar": (vgg, samples(64, 3, 32, 32), momentum),
    "resnet20-cifar": (resnet20, samples(128, 3, 32, 32), momentum),
    "lstm-char": (lambda: Characters(nn.LSTM), characters, adam),
    "mlp-tiny": (lambda: perceptron(4, 32, 16, 4, activation=nn.Tanh), functions, adam),
    "lenet5-mnist": (lenet5, samples(128, 1, 28, 28), adam),
    "gpt-char": (Transformer, lambda: characters(12, 65), adamw),
    "table": (Table, columns, adam),
    "gru-char": (lambda: Characters(nn.GRU), characters, adam),
}
