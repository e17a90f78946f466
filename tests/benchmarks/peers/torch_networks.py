"""The yardstick networks in PyTorch, as `nntrain bench` has them from the YAML files of the same names."""

import itertools

import torch
from torch import nn


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


def convolution(channels, filters, kernel, stride=1):
    """With batch norm, and so without a bias."""
    return [nn.Conv2d(channels, filters, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(filters)]


def perceptron(*sizes):
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
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


def samples(*shape):
    """Random ones of 10 classes."""
    return lambda: (torch.randn(*shape), torch.randint(10, shape[:1]))


def characters():
    """A batch of 32 times 64 characters, and the next of each."""
    return torch.randint(64, (32, 64)), torch.randint(64, (32, 64))


# name: (makes the network, makes its batch, makes the optimizer of its parameters)
NETWORKS = {
    "mlp-digits": (lambda: perceptron(64, 64, 10), samples(32, 64), momentum),
    "mlp-mnist": (lambda: perceptron(784, 256, 128, 10), samples(128, 784), adam),
    "mlp-wide": (lambda: perceptron(1024, 2048, 2048, 10), samples(256, 1024), adam),
    "lenet-mnist": (lenet, samples(64, 1, 28, 28), momentum),
    "vgg-cifar": (vgg, samples(64, 3, 32, 32), momentum),
    "resnet20-cifar": (resnet20, samples(128, 3, 32, 32), momentum),
    "lstm-char": (lambda: Characters(nn.LSTM), characters, adam),
    "gru-char": (lambda: Characters(nn.GRU), characters, adam),
}
