"""`nntrain doctor`: versions, machine, caches and a self-test, to paste into a report."""

import sys

import click

from nntrain.cli.shared import json_option


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Examine this installation and machine, and test the kernels.

    Shows the versions of nntrain and its libraries, the processor with the vector width and the threads that training uses, memory,
    caches, and the variables of the environment that nntrain reads. Then it compares a small network's gradient with differences
    of its loss, its results on one thread with those on two, and the speed of a matrix product with the processor's peak. This
    takes two seconds, and longer when kernels have to be compiled first.

    What is wrong comes with a hint. The exit code is 1 if something is an error, and 0 for warnings. The text has no user names
    and no home folder, so that it can be pasted into a report.
    """
    from nntrain.api.doctor import diagnose
    from nntrain.cli.shared import print_json
    from nntrain.report.terminal.doctor import show_diagnosis
    from nntrain.report.terminal.preflight import measuring

    with measuring("testing"):
        found = diagnose()
    if as_json:
        print_json(found.to_dict())
    else:
        show_diagnosis(found)
    sys.exit(0 if found.healthy else 1)
