"""New files: the source that reads a bare path, of the kind of the training's own source."""

import os
from pathlib import Path

from nntrain.data.dataset import Reader
from nntrain.data.images.form import form_of
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.image_folder import ImageFolder
from nntrain.data.sources.npz import Npz
from nntrain.data.sources.sequences import Sequences
from nntrain.data.sources.text import Text
from nntrain.data.sources.text_classes import TextClasses
from nntrain.errors import UserError
from nntrain.inference.trained import Trained
from nntrain.options import did_you_mean, shown, with_suggestion
from nntrain.paths import with_places

TABLES = (
    ".csv",
    ".tsv",
    ".txt",
    ".gz",
    ".parquet",
    ".feather",
    ".arrow",
    ".xlsx",
    ".jsonl",
    ".ndjson",
    ".json",
)
EXPECTED = "expected a file or a folder, a source such as digits or '{csv: {path: new.csv}}', or a YAML file with a source"


def source_at(trained: Trained, path: str, name: str) -> Reader:
    """The source that reads the file or folder at `path`; `name` is what errors call it. Raises UserError."""
    used, folder, suffix = (
        trained.config.data.source,
        os.path.isdir(with_places(path)),
        Path(path).suffix.lower(),
    )
    if not (folder or suffix or os.path.exists(with_places(path)) or os.sep in path):
        message = f"{EXPECTED}. Received: {shown(path)}"
        raise UserError(with_suggestion(message, did_you_mean(path, Reader.members())), place=name)
    if isinstance(used, (Text, TextClasses)):
        return used.model_copy(update={"path": path})
    if suffix == ".npz":
        return used.model_copy(update={"path": path}) if isinstance(used, Npz) else Npz(path=path)
    if folder and (isinstance(used, ImageFolder) or form_of(trained.trained_on) is not None):
        return used.without_labels(path) if isinstance(used, ImageFolder) else ImageFolder(path=path)
    if isinstance(used, Sequences) and not folder:
        return used.model_copy(update={"path": path})
    if not folder and (isinstance(used, Csv) or (suffix in TABLES and not isinstance(used, ImageFolder))):
        return Csv(path=path)  # its target is found by the name of the training's
    if isinstance(used, ImageFolder):
        expected, hint = "a folder with one folder of images per class", ""
    else:
        expected = "a table or an .npz file"
        hint = "" if folder else f"Or say what it is, as in a config, such as '{{csv: {{path: {path}}}}}'."
    raise UserError(f"expected {expected}. Received: {'the folder ' * folder}{shown(path)}", hint, name)
