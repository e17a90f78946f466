"""`nntrain schema`: the JSON Schema of the config, for completion and checks in editors."""

import click

from nntrain.cli.shared import plugin_option


@click.command()
@click.option("--sweep", is_flag=True, help="The schema of a sweep file instead.")
@plugin_option
def command(sweep: bool) -> None:
    """Print the JSON Schema of the config, for editors.

    Save it to a file, and name that file in the first line of a config:

    \b
        # yaml-language-server: $schema=nntrain.schema.json
    """
    import json

    from nntrain.config.json_schema import json_schema
    from nntrain.config.schema import Config
    from nntrain.config.sweep_schema import Sweep

    schema = json_schema(Sweep, "nntrain sweep") if sweep else json_schema(Config)
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
