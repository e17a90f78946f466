"""A plain PyTorch script: 10 epochs of MNIST, 784-256-128-10, batch 128, adam, scored on the test set each epoch."""

import torch
from mnist_files import load
from torch import nn

torch.manual_seed(0)
train_x, train_y, test_x, test_y = (torch.from_numpy(array) for array in load())
model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
loss_of = nn.CrossEntropyLoss()
for epoch in range(10):
    order = torch.randperm(len(train_x))
    for start in range(0, len(order), 128):
        chosen = order[start : start + 128]
        optimizer.zero_grad()
        loss_of(model(train_x[chosen]), train_y[chosen]).backward()
        optimizer.step()
    with torch.no_grad():
        accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
    print(f"epoch {epoch + 1}: test accuracy {accuracy:.4f}")
