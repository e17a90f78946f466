"""Examples: a few images of the training split as they are, and as the first epochs see them, for a picture."""

import numpy as np

from nntrain.training.setup import Setup

IMAGES, EPOCHS = 6, 7


def augmented_examples(setup: Setup) -> dict[str, np.ndarray]:
    """images (IMAGES, 1 + EPOCHS, height, width, channels) uint8, the first of each row as it is stored; captions for each."""
    data, augmenter = setup.splits.train, setup.augmenter()
    indices = setup.batches().indices(0, 0)[:IMAGES]
    batch = augmenter.batch(len(indices), np.dtype(setup.config.train.precision))
    images = [data.x[indices].astype(np.float64)]
    captions = [
        [data.classes[label] for label in data.target[indices]]
        if data.classes and not data.target_shape
        else [""] * len(indices)
    ]
    for epoch in range(EPOCHS):
        augmenter.gather(indices, epoch, batch)
        images.append(batch.x / data.scale + data.shift)  # back in the stored unit
        captions.append(
            [mixture(data.classes, target) for target in batch.target]
            if augmenter.mixed_outputs
            else [""] * len(indices)
        )
    low, high = (0, 255) if data.x.dtype == np.uint8 else (images[0].min(), images[0].max())
    shares = (np.stack(images, axis=1) - low) / ((high - low) or 1)
    return {"images": np.rint(shares.clip(0, 1) * 255).astype(np.uint8), "captions": np.array(captions).T}


def mixture(classes: tuple[str, ...], target: np.ndarray) -> str:
    """ "cat 0.7, dog 0.3": the two largest of (outputs,) shares, of which there is one for yes or no."""
    shares = target if len(target) > 1 else np.array([1 - target[0], target[0]])
    first, second = np.argsort(-shares, kind="stable")[:2]
    if shares[second] < 0.005:
        return classes[first]
    return f"{classes[first]} {shares[first]:.2g}, {classes[second]} {shares[second]:.2g}"
