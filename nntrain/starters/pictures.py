"""Pictures starter: writes a config for a folder of images, with a comment on each line."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import cast

from nntrain.config.scalars import inline
from nntrain.data.images.folders import Scan
from nntrain.data.images.image_files import ImageInfo, read_info, strict_about_size
from nntrain.data.sources.image_folder import ImageFolder
from nntrain.data.tables.features import listed
from nntrain.errors import DataError, UserError
from nntrain.paths import as_written
from nntrain.starters.started import BATCH, EPOCHS, HEAD, PURPOSE, SPLITS, TRAINING, Started, noted

FILTERS = (16, 32, 64)  # of the convolutions, after each of which the size is halved
LOOKED_AT = 500  # images whose size is read
LARGE, SMALL = 64, 32  # sides to resize to
STEPS = 1500
NOTES = {
    "path": "relative to the folder of this file",
    "labels": "a line per image, relative to the folder of this file",
    "label": "the column to predict",
    "size": "all images are resized to it; larger ones show more, and take longer",
    "channels": "colour, since some images are; 1: grey",
}


def pictures_starter(data: Path, target: str | None, output: Path) -> Started:
    """For images in folders of classes, or with a table of labels in the folder or beside it. Raises UserError."""
    options: dict[str, object] = {"path": as_written(data, output.parent)}
    found, why = _labels(data, target, options, output.parent)
    with strict_about_size():
        infos = _infos(found.files)
    options |= _form(infos)
    side = options.get("size") or min(infos[0].height, infos[0].width)
    train = found.parts["train"]
    many = len(train.classes)
    what = f"{many:,} classes: {listed(train.classes)}" if many else f"the number {train.target_names[0]!r}"
    sizes = [f"{len(part.files):,} {PURPOSE[name]}" for name, part in found.parts.items()]
    remarks = (
        f"images: {', '.join(sizes)}",
        f"target: {what}, from {why}",
        *(note for note in found.notes if not note.startswith("target ")),  # which is there already
        *found.passed.notes,
        *found.warnings,
    )
    return Started(_written(data, options, found, what, cast(int, side)), remarks)


def _labels(data: Path, target: str | None, options: dict[str, object], folder: Path) -> tuple[Scan, str]:
    """The images with their labels, and where these come from; adds to `options`."""
    tables = sorted(path for place in (data, data.parent) for path in place.glob("*.csv"))
    if target is not None:
        options["label"] = target
    reason: UserError | None = None
    for table in tables if target is not None or _has_no_classes(data) else ():
        labelled = {**options, "labels": as_written(table, folder)}
        try:
            found = ImageFolder(**labelled, on_broken="skip").scan_files(folder)  # type: ignore[arg-type]
        except DataError as error:
            reason = reason or error
            continue
        options |= {"labels": labelled["labels"], **({"label": target} if target is not None else {})}
        return found, table.name
    if target is not None:
        raise reason or UserError(
            f"no CSV file with a column {target!r} in the folder of the images, or beside it", place=str(data)
        )
    if reason is not None and _has_no_classes(data):
        raise reason
    try:
        return ImageFolder(**options).scan_files(folder), "the names of the folders"  # type: ignore[arg-type]
    except DataError as error:
        if _has_no_classes(data):
            error.hint = "Or put a CSV file of their labels, with a column of file names, into the folder or beside it."
        raise


def _has_no_classes(data: Path) -> bool:
    """Whether there are fewer than two folders, so that they are no classes."""
    return sum(path.is_dir() and not path.name.startswith(".") for path in data.iterdir()) < 2


def _infos(files: Sequence[Path]) -> list[ImageInfo]:
    """Of images all over the folder."""
    found = []
    for file in files[:: max(1, len(files) // LOOKED_AT)]:
        try:
            found.append(read_info(file))
        except DataError:  # `fit` reports all of them
            continue
    if not found:
        raise UserError("no image can be read", place=str(files[0].parent))
    return found


def _form(infos: Sequence[ImageInfo]) -> dict[str, object]:
    """`size` and `channels`, where the images do not have one that suits."""
    options: dict[str, object] = {}
    sizes = {(info.height, info.width) for info in infos}
    side = median(min(info.height, info.width) for info in infos)
    if len(sizes) > 1 or max(next(iter(sizes))) > LARGE:
        options["size"] = LARGE if side >= LARGE else SMALL
    if len({info.colour for info in infos}) > 1:
        options["channels"] = 3
    return options


def _written(data: Path, options: dict[str, object], found: Scan, what: str, side: int) -> str:
    train = found.parts["train"]
    count, many = len(train.files), len(train.classes)
    outputs = many or 1
    fractions = {
        name: 0.2 if count < 1000 else 0.1
        for name in ("test", "validation")
        if name not in found.parts and count >= 10 * outputs
    }
    batch = min(count, 32)
    epochs = min(60, max(5, round(STEPS * batch / count)))
    blocks = [line for filters in FILTERS[: side.bit_length() - 1] for line in _block(filters)]
    of_characters = many > 0 and all(
        len(name) == 1 for name in train.classes
    )  # which are other ones mirrored
    loss = (
        ["loss: cross_entropy", "metrics: [accuracy]"]
        if train.classes
        else ["loss: mse", "metrics: [rmse, r2]"]
    )
    lines = [
        f"# {data.name}: {count:,} images to train on; predicts {what}.",
        HEAD,
        noted("seed: 0", "the seed of all randomness"),
        "data:",
        "  source:",
        "    image_folder:",
        *(noted(f"      {name}: {inline(value)}", NOTES[name]) for name, value in options.items()),
        *(noted(f"  {name}: {fraction}", SPLITS[name]) for name, fraction in fractions.items()),
        noted("  standardize: true", "zero mean and unit variance per channel"),
        *(
            []
            if train.classes
            else [noted("  target_transform: standard", "so does the target, in the loss only")]
        ),
        *([] if of_characters else [noted("  augment: [random_flip]", "remove it if left and right matter")]),
        "model:",
        "  layers:",
        *blocks,
        noted("    - global_avg_pool", "the mean of each feature map"),
        noted("    - dropout: 0.2", "more of it overfits later"),
        noted(
            f"    - dense: {outputs}",
            "one output per class" if train.classes else "one output: the prediction",
        ),
        *loss,
        *TRAINING,
        "train:",
        noted(f"  epochs: {epochs}", EPOCHS),
        noted(f"  batch_size: {batch}", BATCH),
    ]
    return "\n".join(lines) + "\n"


def _block(filters: int) -> list[str]:
    """A convolution that halves the size."""
    return [
        noted(
            f"    - conv2d: {{filters: {filters}, kernel_size: 3, padding: same, use_bias: false}}",
            "more filters fit more",
        )
        if filters == FILTERS[0]
        else f"    - conv2d: {{filters: {filters}, kernel_size: 3, padding: same, use_bias: false}}",
        "    - batch_norm",
        "    - relu",
        "    - max_pool2d: 2",
    ]
