"""Import: the weights that another framework trained, as a run of a config."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nntrain.api.data import Data
from nntrain.api.fit import policy
from nntrain.api.model import Model
from nntrain.api.run import Run
from nntrain.api.setup import ConfigLike, computing_threads, load_setup, overrides_of
from nntrain.importing.differences import differences
from nntrain.importing.keeping import keep
from nntrain.importing.read import read_source
from nntrain.importing.transfer import Row, transfer
from nntrain.kernels.precision import float_type
from nntrain.report.html import PAGE
from nntrain.report.pictures import registry
from nntrain.run.opening import Place


@dataclass(frozen=True)
class Imported:
    """What `import_weights` made of a file.

    run: the run that has the weights, with its scores.
    framework: "PyTorch", "Keras", "ONNX" or "nntrain".
    rows: what went where, an entry for each array: its `source` in the file, `source_shape`, `how` it was turned, `parameter` and `shape`.
    unused: tensors of the file that fill nothing. initial: parameters that keep their initial values.
    notes, warnings: how layers of equal shape were distinguished; where file and config differ.
    """

    run: Run
    framework: str
    rows: tuple[Row, ...]
    unused: tuple[str, ...]
    initial: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def model(self) -> Model:
        """The network with the weights."""
        return self.run.model

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "run": str(self.run.path) if self.run.path is not None else None,
            "framework": self.framework,
            "rows": [asdict(row) for row in self.rows],
            "unused": list(self.unused),
            "initial": list(self.initial),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "scores": self.run.scores,
        }


def import_weights(
    file: str | Path,
    config: ConfigLike,
    *,
    map: Mapping[str, str] | None = None,
    key: str | None = None,
    by_shape: bool = False,
    partial: bool = False,
    data: Data | None = None,
    set: Mapping[str, Any] | None = None,  # the command's --set
    runs_dir: str | Path | None = "runs",
    name: str | None = None,
    overwrite: bool = False,
    threads: int | None = None,
) -> Imported:
    """Gives the network of a config the weights of a file, as the command `nntrain import` does, and keeps it as a run.

    file: a PyTorch state_dict (.pt, .pth), .safetensors, Keras' .keras, .weights.h5 or .h5, .onnx, or a run of nntrain. Nothing of it is
    executed. config: as for `fit`; its data give classes, scaling and statistics, and the scores of the run.
    map: layers or tensors of the file to those of the network, such as {"conv1": "conv2d_1"}; an empty text leaves one out. Others are matched
    by order and shape.
    key: the entry of a PyTorch checkpoint that holds the weights, if it has several.
    by_shape: match layers of equal shape in the order in which both sides list them, where nothing else tells them apart.
    partial: what has no counterpart keeps its initial values, or is left out.

    Raises UserError (ConfigError, DataError) for wrong input, and for weights that do not fit.
    """
    maps = [f"{theirs}={ours}" for theirs, ours in (map or {}).items()]
    place = None if runs_dir is None else Place(Path(runs_dir), name, policy(False, overwrite))
    return imported(
        Path(file), config, overrides_of(set), place, maps, key, by_shape, partial, threads=threads, data=data
    )


def imported(
    file: Path,
    config: ConfigLike,
    overrides: tuple[str, ...],
    place: Place | None,
    maps: Iterable[str] = (),
    key: str | None = None,
    by_shape: bool = False,
    partial: bool = False,
    *,
    threads: int | None = None,
    data: Data | None = None,
) -> Imported:
    """What the function and the command `import` share."""
    with computing_threads(threads) as count:
        source = read_source(file, key)
        setup, document = load_setup(config, overrides, data)
        dtype = float_type(setup.config.train.precision)
        found = transfer(source, setup.graph, list(maps), by_shape=by_shape, partial=partial, dtype=dtype)
        warnings = differences(found.pairs, setup.config)
        clears = [*registry.file_names(), PAGE]
        session = keep(setup, document, overrides, count, place, found, file, warnings, clears)
    return Imported(
        Run.of(session),
        found.framework,
        tuple(found.rows),
        tuple(found.unused),
        tuple(found.initial),
        tuple(found.notes),
        (*warnings, *session.findings),
    )
