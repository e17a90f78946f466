"""Metrics over all samples at once: prediction (rows, outputs), target, weight (rows,)."""

import math

import numpy as np


def one_hot(prediction, target):
    return np.eye(prediction.shape[1])[target] if target.ndim == 1 else target


def predicted_and_true(prediction, target):
    """Class numbers (rows,), or binary labels (rows, outputs)."""
    if target.ndim == 2:
        return prediction > 0, target > 0.5
    if prediction.shape[1] == 1:
        return (prediction[:, 0] > 0).astype(int), target
    return np.argmax(prediction, axis=1), target


def accuracy(prediction, target, weight):
    predicted, true = predicted_and_true(prediction, target)
    correct = predicted == true
    return np.average(correct if correct.ndim == 1 else correct.mean(axis=1), weights=weight)


def top_k_accuracy(prediction, target, weight, k=5):
    best = np.argsort(-prediction, axis=1, kind="stable")[:, :k]
    return np.average([t in row for t, row in zip(target, best, strict=True)], weights=weight)


def mse(prediction, target, weight):
    return np.average(((prediction - one_hot(prediction, target)) ** 2).mean(axis=1), weights=weight)


def rmse(prediction, target, weight):
    return math.sqrt(mse(prediction, target, weight))


def mae(prediction, target, weight):
    return np.average(np.abs(prediction - one_hot(prediction, target)).mean(axis=1), weights=weight)


def r2(prediction, target, weight):
    scores = []
    for p, t in zip(prediction.T, target.T, strict=True):
        mean = np.average(t, weights=weight)
        scores.append(1 - (weight * (t - p) ** 2).sum() / (weight * (t - mean) ** 2).sum())
    return np.mean(scores)


def label_counts(prediction, target, weight):
    """For each label: the total weight of the rows that are predicted correctly as it, predicted as it, and have it."""
    predicted, true = predicted_and_true(prediction, target)
    if predicted.ndim == 1:
        labels = range(max(2, prediction.shape[1]))
        predicted, true = (
            np.stack([predicted == k for k in labels], axis=1),
            np.stack([true == k for k in labels], axis=1),
        )
    return [
        (weight[s & t].sum(), weight[s].sum(), weight[t].sum())
        for s, t in zip(predicted.T, true.T, strict=True)
    ]


def averaged(score, prediction, target, weight, average):
    counts = label_counts(prediction, target, weight)
    if average == "micro":
        return score(*np.sum(counts, axis=0))
    scores = [score(*of_label) for of_label in counts]
    if average == "weighted":
        return np.average(scores, weights=[true for _, _, true in counts])
    return np.mean([s for s, (_, predicted, true) in zip(scores, counts, strict=True) if predicted or true])


def precision(prediction, target, weight, average="macro"):
    return averaged(
        lambda both, predicted, true: both / predicted if predicted else 0,
        prediction,
        target,
        weight,
        average,
    )


def recall(prediction, target, weight, average="macro"):
    return averaged(
        lambda both, predicted, true: both / true if true else 0, prediction, target, weight, average
    )


def f1(prediction, target, weight, average="macro"):
    return averaged(
        lambda both, predicted, true: 2 * both / (predicted + true) if predicted + true else 0,
        prediction,
        target,
        weight,
        average,
    )


def confusion_matrix(prediction, target, weight):
    predicted, true = predicted_and_true(prediction, target)
    labels = range(max(2, prediction.shape[1]))
    return [[weight[(true == t) & (predicted == s)].sum() for s in labels] for t in labels]


def auc(prediction, target, weight):
    if target.ndim == 1 and prediction.shape[1] > 1:
        prediction = np.exp(prediction) / np.exp(prediction).sum(axis=1, keepdims=True)
        target = one_hot(prediction, target)
    target = target.reshape(len(target), -1)
    areas = []
    for scores, true in zip(prediction.T, target.T, strict=True):
        won = pairs = 0.0
        for i in np.flatnonzero(true):
            for j in np.flatnonzero(true == 0):
                won += (
                    weight[i]
                    * weight[j]
                    * (1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0)
                )
                pairs += weight[i] * weight[j]
        areas.append(won / pairs)
    return np.mean(areas)


def perplexity(prediction, target, weight):
    probabilities = np.exp(prediction) / np.exp(prediction).sum(axis=1, keepdims=True)
    return math.exp(
        np.average([-math.log(p[t]) for p, t in zip(probabilities, target, strict=True)], weights=weight)
    )


def bits_per_character(prediction, target, weight):
    probabilities = np.exp(prediction) / np.exp(prediction).sum(axis=1, keepdims=True)
    return np.average([-math.log2(p[t]) for p, t in zip(probabilities, target, strict=True)], weights=weight)
