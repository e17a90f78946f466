"""Network: its layers with their shapes and parameters."""

from nntrain.report.formats import count, short
from nntrain.report.html.elements import Html, element, section
from nntrain.report.html.reported import ReportedRun
from nntrain.report.html.tables import Cell, Row, large, table
from nntrain.report.terminal.tables import LayerRow


def network(run: ReportedRun) -> Html:
    rows = run.layers
    if not rows:
        return Html()
    parameters, flops = sum(row.parameters for row in rows), sum(row.flops for row in rows)
    frozen = sum(row.frozen for row in rows)
    layers = len(rows) - 1  # without the input
    total: Row = [f"{layers} layer{'s' * (layers != 1)}", "", "", large(parameters), large(flops)]
    trained = f"{parameters - frozen:,} parameters are trained, {frozen:,} frozen. " if frozen else ""
    shown = table(
        ["layer", "kind", "output shape", "parameters", "FLOPs per sample"],
        [[row.name, kind(row), shape(row), large(row.parameters), large(row.flops)] for row in rows],
        total=total,
    )
    # Backward takes about twice the operations of forward.
    cost = f"{count(flops, 'FLOP')} per sample forward, about {count(3 * flops, 'FLOP')} in training."
    return section("Network", shown, element("p", trained, cost), *groups(run), key="network")


def groups(run: ReportedRun) -> list[Html]:
    """The parameter groups, if the config has any."""
    if not run.groups:
        return []
    rows: list[Row] = [
        [
            row.name,
            large(row.arrays),
            large(row.values),
            row.optimizer,
            Cell("frozen" if row.lr is None else short(row.lr), row.lr, numeric=True),
            Cell(short(row.weight_decay) if row.weight_decay else "-", row.weight_decay, numeric=True),
        ]
        for row in run.groups
    ]
    head = ["parameter group", "arrays", "values", "optimizer", "lr", "weight decay"]
    return [table(head, rows)]


def kind(row: LayerRow) -> str:
    return f"{row.kind} ({', '.join(row.notes)})" if row.notes else row.kind


def shape(row: LayerRow) -> Cell:
    return Cell(" × ".join(map(str, row.output_shape)), numeric=False)
