"""`nntrain serve`: a trained network behind HTTP, with a page to try it."""

from pathlib import Path

import click

from nntrain.cli.shared import plugin_option, threads_option


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="CHECKPOINT-OR-RUN")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="The address to listen on: 127.0.0.1 is for this machine alone, 0.0.0.0 for all others too.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="The port to listen on; 0 takes a free one.",
)
@click.option(
    "--max-size",
    type=click.FloatRange(min=0, min_open=True),
    default=10,
    show_default=True,
    metavar="MB",
    help="The largest request, in megabytes.",
)
@click.option(
    "--max-rows",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    metavar="N",
    help="The most rows per request; of a text the most characters of a prompt, and the longest continuation.",
)
@click.option(
    "--max-waiting",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    metavar="N",
    help="The most requests that wait; more are answered with status 503.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="The longest time from the start of a request to its answer.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="A site whose pages may use the server, such as https://example.org; * for all. Can be repeated.",
)
@plugin_option
@threads_option
def command(
    path: Path,
    host: str,
    port: int,
    max_size: float,
    max_rows: int,
    max_waiting: int,
    timeout: float,
    origins: tuple[str, ...],
    threads: int | None,
) -> None:
    """Serve predictions of a run's best checkpoint, or of the given one, over HTTP.

    POST /predict takes JSON such as {"rows": [[5.1, 3.5, 1.4, 0.2]]}, CSV, or images, and answers in JSON or CSV; /metadata says
    what the model takes, /openapi.json describes it for programs, and / is a page to try it in a browser. There is no
    authentication. Ends with Ctrl-C or SIGTERM, after the requests in flight. Needs an extra: pip install 'nntrain[serve]'.
    """
    from nntrain.api.model import Model
    from nntrain.cli.shared import show_warnings, use_threads
    from nntrain.report.terminal.messages import show_note, show_result
    from nntrain.run.stored import open_stored
    from nntrain.serve import application
    from nntrain.serve.limits import Limits
    from nntrain.serve.server import Listening, run

    limits = Limits(body=int(max_size * 1e6), rows=max_rows, seconds=timeout, waiting=max_waiting)
    listening = Listening(host, port)
    use_threads(threads)
    stored = open_stored(path)
    show_warnings(stored.warnings)
    if not listening.is_loopback:
        show_warnings(
            [
                f"other machines can reach {listening.address}, and there is no authentication; "
                "--host 127.0.0.1 is for this machine alone"
            ]
        )
    folder = stored.path.parent
    name = folder.parent.name if folder.name == "checkpoints" else stored.path.stem
    app = application(
        Model(stored), name=name or "model", limits=limits, hosts=listening.hosts, allow_origins=origins
    )
    run(app, listening, limits, lambda: show_result(f"{name} is served at {listening.url}"))
    show_note("ended")
