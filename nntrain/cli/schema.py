"""`nntrain schema`: the JSON Schema of the config, for completion and checks in editors."""

import click

from nntrain.cli.shared import plugin_option


@click.command()
@plugin_option
def command() -> None:
    """Print the JSON Schema of the config, for editors.

    Save it to a file, and name that file in the first line of a config:

    \b
        # yaml-language-server: $schema=nntrain.schema.json
    """
    import json

    from nntrain.config.json_schema import json_schema
    from nntrain.config.schema import Config

    click.echo(json.dumps(json_schema(Config), indent=2, ensure_ascii=False))
