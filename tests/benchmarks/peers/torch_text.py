"""A plain PyTorch script: configs/char_lstm.yaml on the files train.txt and validation.txt of a folder.

Each file is cut into windows of 64 characters; each character is predicted from those before it. Prints JSON: seconds of the
training itself, the validation loss after the last epoch, peak memory in MB.

usage: torch_text.py FOLDER [--epochs N] [--seed S]
"""

import argparse
import json
import resource
import time
from pathlib import Path

import torch
from torch import nn

CHARACTERS = "\n" + "".join(map(chr, range(0x20, 0x7F)))
WINDOW, BATCH, UNITS = 64, 32, 256


class Writer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(CHARACTERS), 64)
        self.lstm = nn.LSTM(64, UNITS, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(UNITS, len(CHARACTERS))

    def forward(self, tokens):
        states, _ = self.lstm(self.embedding(tokens))
        return self.output(self.dropout(states))


def windows(path):
    """(count, window) tokens, and for each the one that follows it."""
    number = {character: place for place, character in enumerate(CHARACTERS)}
    tokens = torch.tensor([number[character] for character in path.read_text()])
    count = (len(tokens) - 1) // WINDOW
    x, target = (tokens[start : start + count * WINDOW].reshape(count, WINDOW) for start in (0, 1))
    return x, target


def validate(model, loss_of, x, target):
    model.eval()
    with torch.no_grad():
        total = sum(
            loss_of(
                model(x[start : start + BATCH]).flatten(0, 1), target[start : start + BATCH].flatten()
            ).item()
            * len(x[start : start + BATCH])
            for start in range(0, len(x), BATCH)
        )
    model.train()
    return total / len(x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    train_x, train_target = windows(options.folder / "train.txt")
    validation = windows(options.folder / "validation.txt")
    model, loss_of = Writer(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.epochs)
    begun = time.perf_counter()
    for epoch in range(options.epochs):
        order = torch.randperm(len(train_x))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            optimizer.zero_grad()
            loss_of(model(train_x[chosen]).flatten(0, 1), train_target[chosen].flatten()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        schedule.step()
        loss = validate(model, loss_of, *validation)
        print(f"epoch {epoch + 1}: validation loss {loss:.4f}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"seconds": time.perf_counter() - begun, "loss": loss, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
