"""`nntrain import`: the weights that PyTorch, Keras or another framework trained, as a run of a config."""

from pathlib import Path

import click

from nntrain.cli.shared import (
    json_option,
    offline_option,
    overrides_option,
    plugin_option,
    runs_dir_option,
    threads_option,
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    required=True,
    help="The config of the network, with the data that it is evaluated on.",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="SOURCE=LAYER",
    help="Where weights go: 'conv1=conv2d_1', 'conv1.weight=conv2d_1.weight', 'layer1.0=residual_1' or 'head*=', which "
    "leaves them out. Can be repeated. All others are matched by order and shape.",
)
@click.option(
    "--key",
    metavar="NAME",
    help="The entry of a PyTorch checkpoint that holds the weights, if it has several.",
)
@click.option(
    "--by-shape",
    is_flag=True,
    help="Match layers of equal shape in the order in which both sides list them, where nothing else tells them apart.",
)
@click.option(
    "--partial",
    is_flag=True,
    help="Accept what has no counterpart: layers keep their initial values, weights of the file are left out.",
)
@overrides_option
@click.option("--name", help="Name of the run; its folder is RUNS_DIR/NAME.")
@runs_dir_option
@click.option("--overwrite", is_flag=True, help="Replace the run of that name.")
@plugin_option
@offline_option
@json_option
@threads_option
def command(
    file: Path,
    config: Path,
    maps: tuple[str, ...],
    key: str | None,
    by_shape: bool,
    partial: bool,
    overrides: tuple[str, ...],
    name: str | None,
    runs_dir: Path,
    overwrite: bool,
    as_json: bool,
    threads: int | None,
) -> None:
    """Give the network of a config the weights of FILE, and keep it as a run.

    FILE is a PyTorch state_dict (.pt, .pth), .safetensors, Keras' .keras, .weights.h5 or .h5, .onnx, or a run. Nothing
    in it is executed. The run can be evaluated, asked, exported and trained further, as any other.
    """
    from nntrain.api.fit import policy
    from nntrain.api.import_weights import imported
    from nntrain.cli.shared import hints, print_json, show_warnings
    from nntrain.errors import NntrainError
    from nntrain.importing.mapping import BadMap
    from nntrain.importing.pytorch import SeveralEntries
    from nntrain.importing.transfer import Ambiguous, Missing
    from nntrain.report.terminal.downloads import shown_downloads
    from nntrain.report.terminal.imported import show_imported
    from nntrain.run.opening import InvalidName, NotARun, Place, RunExists

    advice: dict[type[NntrainError], str] = {
        RunExists: "Use --overwrite to replace it, or another --name.",
        NotARun: "Use another --name.",
    }
    place = Place(runs_dir, name, policy(False, overwrite))
    try:
        with hints(advice), shown_downloads():
            found = imported(file, config, overrides, place, maps, key, by_shape, partial, threads=threads)
    except InvalidName as error:
        error.place = "--name" if name is not None else error.place
        raise
    except BadMap as error:
        error.place = f"--map {error.place!r}"
        raise
    except SeveralEntries as error:
        error.hint = f"Choose one, such as --key {error.names[0]}."
        raise
    except Ambiguous as error:
        error.place = str(file)
        error.hint = f"Use --map '{error.example}' and so on; or --by-shape, if both sides list such layers in the same order."
        raise
    except Missing as error:
        error.place = str(file)
        error.hint = "Change the config so that both have the same layers, or use --partial to leave out what has no counterpart."
        raise
    show_warnings(found.warnings)
    if as_json:
        print_json(found.to_dict())
    else:
        run = found.run
        show_imported(found.rows, found.framework, found.notes, run.scores, file, run.path)
