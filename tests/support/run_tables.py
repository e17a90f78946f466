"""The tables of a run folder, written by hand."""

PER_EPOCH = 10


def write_run(
    folder,
    epochs=4,
    loss=None,
    lr=None,
    rows=None,
    columns=("train_loss", "validation_loss", "validation_accuracy"),
):
    """A run folder with `epochs` of PER_EPOCH steps; `rows` replaces the rows of metrics.csv."""
    folder.mkdir(exist_ok=True)
    steps = epochs * PER_EPOCH
    loss = loss or [2.0 / (1 + i) for i in range(steps)]
    lr = lr or [0.1] * steps
    (folder / "steps.csv").write_text(
        "step,epoch,loss,lr\n"
        + "".join(f"{i + 1},{i // PER_EPOCH + 1},{loss[i]!r},{lr[i]!r}\n" for i in range(steps))
    )
    if rows is None:
        rows = [
            ",".join(["1.5" if "accuracy" not in name else "0.5" for name in columns]) for _ in range(epochs)
        ]
    (folder / "metrics.csv").write_text(
        f"step,epoch,lr,{','.join(columns)},best\n"
        + "".join(
            f"{(e + 1) * PER_EPOCH},{float(e + 1)!r},0.1,{row},{int(e == 1)}\n" for e, row in enumerate(rows)
        )
    )
    return folder
