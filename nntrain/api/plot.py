"""Plot: draws pictures of configs and runs."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from nntrain.api.setup import load_setup, overrides_of
from nntrain.errors import UserError
from nntrain.options import did_you_mean
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.picture import FOLDER, Arrays, Drawn, Picture
from nntrain.report.pictures.registry import pictures
from nntrain.report.pictures.search.group import draw_group, of_group
from nntrain.report.pictures.subject import ROWS, Subject
from nntrain.run.folder import RunFolder
from nntrain.run.history import has_tables
from nntrain.run.repeat import run_of
from nntrain.run.score import setup_of
from nntrain.run.stored import is_stored, open_stored
from nntrain.search.groups import Group, group_of
from nntrain.training.setup import Setup


class Exists(UserError):
    """A file that is not a picture of ours is where one should be written."""


def plot(
    kind: str,
    *of: str | Path,
    output: str | Path | None = None,
    style: canvas.Style = "light",
    set: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    **options: Any,
) -> Path:
    """Draws one picture, as the command `nntrain plot KIND` does, and returns its file.

    kind: a picture's name, such as "confusion". of: what it shows: a config, a run folder or a checkpoint, several runs, the folder of a
    cross-validation or a sweep, or names, such as those of activations; it depends on the picture. output: a file that ends in
    .png or .svg, for an animation in .gif or .webp; by default RUN/plots/KIND.png for a run, NAME-KIND.png in the current folder
    for a config, and KIND.png in the folder of a cross-validation or a sweep. style: "light" or "dark".
    set: values that change the config. overwrite: replace a file that is not such a picture. options: those of the picture.

    Raises UserError where the picture does not apply, or its file cannot be written.
    """
    return draw(with_options(kind, options), of, output, style, overrides_of(set), overwrite)


def with_options(kind: str, options: Mapping[str, Any]) -> Picture:
    """The picture of that name with its options. Raises UserError for an unknown name."""
    known = pictures()
    if kind not in known:
        raise UserError(f"unknown picture {kind!r}.{did_you_mean(kind, known)}", place="plot")
    return type(known[kind])(**options)


def draw(
    picture: Picture,
    of: tuple[str | Path, ...],
    output: str | Path | None = None,
    style: canvas.Style = "light",
    overrides: tuple[str, ...] = (),
    overwrite: bool = False,
) -> Path:
    """What the function and the command share."""
    names = is_of_names(picture, of)
    if names:
        subjects = []
        picture = type(picture)(**{**vars(picture), "names": tuple(map(str, of))})
    else:
        picture = pictures().get(picture.of_runs, picture)
        if picture.of_sweeps and all(group_of(Path(each)) == "sweep" for each in of):
            picture = pictures()[picture.of_sweeps]
        subjects = [subject_of(Path(each), overrides) for each in of]
        require_suitable(picture, subjects)
    path = Path(output) if output is not None else default_file(picture, subjects)
    check_file(path, picture.suffixes, overwrite)
    if names:
        drawn = [Drawn(picture.name.capitalize(), Arrays(path, picture.compute()))]
    else:
        drawn = [collected(picture, subject) for subject in subjects]
    path.parent.mkdir(exist_ok=True)
    picture.write(path, *drawn, style=style)
    return path


def is_of_names(picture: Picture, of: tuple[str | Path, ...]) -> bool:
    """Whether a picture shows what it names; some show runs, too, which exist as folders."""
    if picture.takes == ("names",):
        return True
    return "names" in picture.takes and not any(Path(each).exists() and is_stored(Path(each)) for each in of)


def draw_all(run: Path, style: canvas.Style = "light", suffix: str = ".png") -> Iterator[Path | UserError]:
    """Draws every picture that fits a run into RUN/plots/, and loss.png again; yields each one's file, or why it failed.

    Those of a cross-validation or a sweep are drawn into its folder. An error that several pictures have, such as data that cannot be
    read, is yielded once.
    """
    if group_of(run) is not None:
        yield from draw_group(run, style, (suffix,))
        return
    failures: set[str] = set()
    subject = subject_of(run)
    require_tables(run)
    for picture in of_every_run():
        try:
            drawn = fitting(picture, subject)
            if drawn is None:
                continue
            file = run / FOLDER / f"{picture.name}{suffix}"
            for path in dict.fromkeys((file, *main_files(picture, run, style))):
                path.parent.mkdir(exist_ok=True)
                picture.write(path, drawn, style=style)
        except UserError as error:
            if str(error) not in failures:
                failures.add(str(error))
                yield error
        else:
            yield file


def of_every_run() -> list[Picture]:
    """The pictures that are drawn of a run without asking for them by name, where they fit."""
    return [each for each in pictures().values() if not each.costly and "names" not in each.takes]


def fitting(picture: Picture, subject: Subject) -> Drawn | None:
    """What a picture of a run is drawn from; None where it does not apply. Raises UserError."""
    run = subject.folder
    # What `fit` has stored is drawn without the data, which may have moved.
    if run is not None and picture.moment != "asked" and (run / picture.stored).is_file():
        return Drawn(subject.name, picture.stored_arrays(run), run)
    return collected(picture, subject) if picture.applies(subject) else None


def main_files(picture: Picture, run: Path, style: canvas.Style) -> list[Path]:
    """The files beside plots/, such as loss.png, which are always light."""
    return [run / file for file in picture.files if "/" not in file] if style == "light" else []


def subject_of(path: Path, overrides: tuple[str, ...] = ()) -> Subject:
    """A config file, a run folder or a checkpoint as what pictures are of. Raises UserError if it does not exist."""
    if not path.exists() and str(path) != "-":
        raise UserError("no such config, run folder or checkpoint", place=str(path))
    if (group := group_of(path)) is not None:
        return Subject(path.resolve().name, lambda: refuse_group(path, group), folder=path)
    if not is_stored(path):
        return Subject(path.stem, lambda: load_setup(path, overrides)[0])
    if overrides:
        raise UserError("expected a config, because a trained network cannot be changed", place="set")
    stored = cache(lambda: open_stored(path))
    if path.is_dir():
        folder = path
    else:
        found = run_of(path.resolve().parent.parent)
        folder = found.path if found is not None else path.parent
    # A run that ended before its first checkpoint has at least its config.
    early = run_of(path) is not None and not any(
        file.exists() for file in RunFolder(path).checkpoints.files()
    )

    def setup() -> Setup:
        return load_setup(path)[0] if early else setup_of(stored())

    return Subject(folder.resolve().name, setup, lambda: stored().network(ROWS), folder)


def require_suitable(picture: Picture, subjects: list[Subject]) -> None:
    """Raises UserError where a picture is of something else."""
    place = f"plot {picture.name}"
    if not subjects or (len(subjects) > 1 and not picture.several):
        expected = (
            "one run or more" if picture.several else " or ".join(f"one {what}" for what in picture.takes)
        )
        raise UserError(f"expected {expected}. Received: {len(subjects) or 'none'}", place=place)
    for subject in subjects:
        group = None if subject.folder is None else group_of(subject.folder)
        if subject.folder is not None and group is not None and group not in picture.takes:
            refuse_group(subject.folder, group, picture.group_taken)
    if (
        "run" in picture.takes
        and "config" not in picture.takes
        and (configs := [each.name for each in subjects if not each.is_run])
    ):
        raise UserError(
            f"expected a run, because the picture shows what training did. Received a config: {configs[0]}",
            "Train it first with `nntrain fit`.",
            place=place,
        )
    for subject in subjects:
        if not picture.applies(subject):
            raise UserError(
                f"the picture applies to {picture.applies_to} only",
                picture.hint,
                place=f"{place} {subject.name}",
            )


def refuse_group(folder: Path, group: Group, taken: Group | None = None) -> NoReturn:
    """Raises the error that says which runs and pictures there are."""
    groups = {"crossval": "a cross-validation", "sweep": "a sweep"}
    what = groups[group]
    expected = "a run" if taken is None else groups[taken]
    known = [picture.name for picture in of_group(folder)]
    raise UserError(
        f"expected {expected}. Received: {what}",
        f"Its runs are the folders in it. Pictures of {what}: {', '.join(known)}.",
        place=str(folder),
    )


def require_tables(run: Path) -> None:
    """Raises the error that names what is missing in a folder that is not a run."""
    from nntrain.run.history import read_history

    if not has_tables(run):
        read_history(run)


def collected(picture: Picture, subject: Subject) -> Drawn:
    arrays = picture.collect(subject) or {}
    return Drawn(subject.name, Arrays(subject.folder or Path(subject.name), arrays), subject.folder)


def default_file(picture: Picture, subjects: list[Subject]) -> Path:
    file = f"{picture.name}{picture.suffixes[0]}"
    if len(subjects) != 1:
        return Path(file)
    folder = subjects[0].folder
    if folder is not None and group_of(folder) is not None:
        return folder / picture.files[0]
    return Path(f"{subjects[0].name}-{file}") if folder is None else folder / FOLDER / file


def check_file(path: Path, suffixes: tuple[str, ...], overwrite: bool) -> None:
    """Raises UserError if a picture cannot be written there. Only pictures of ours are replaced without being told to."""
    place = str(path)
    if path.suffix not in suffixes:
        expected = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
        raise UserError(f"expected a file name that ends in {expected}", place=place)
    if path.exists() and not overwrite and not canvas.is_ours(path):
        raise Exists("the file exists, and is not a picture of nntrain", place=place)
    if not path.parent.is_dir() and path.parent.name != FOLDER:
        raise UserError(f"no such folder: {path.parent}", place=place)
