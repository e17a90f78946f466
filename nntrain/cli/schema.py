"""`nntrain schema`: the JSON Schema of a config, with which an editor completes, explains and checks it."""

import click

from nntrain.cli.shared import plugin_option


@click.command()
@plugin_option
def command() -> None:
    """Print the JSON Schema of a config, for editors.

    Keep it in a file, and name that file in a config's first line:

    \b
        # yaml-language-server: $schema=nntrain.schema.json
    """
    import json

    from nntrain.config.json_schema import json_schema
    from nntrain.config.schema import Config

    click.echo(json.dumps(json_schema(Config), indent=2, ensure_ascii=False))
