"""The metrics, printed from the table `/metrics` is made from."""

from gateway.serve.metrics_gateway import EARS, GATEWAY
from gateway.serve.metrics_kinds import Kind, Metric
from gateway.serve.metrics_machines import MACHINES
from gateway.serve.metrics_parts import PARTS

_GROUPS = (
    ("Parts", PARTS),
    ("Ears and stations", EARS),
    ("Machines and sounds", MACHINES),
    ("Gateway", GATEWAY),
)


def section() -> str:
    """Every metric by what it is about, as Markdown."""
    lines = []
    for title, metrics in _GROUPS:
        lines += [f"### {title}", "", "| metric | kind | labels | what it is |", "|---|---|---|---|"]
        lines += [_row(metric) for metric in metrics]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(metric: Metric) -> str:
    kind = metric.kind.value
    text = metric.text if metric.kind is not Kind.HISTOGRAM else f"{metric.text}; `_bucket`, `_sum`, `_count`"
    return f"| `{metric.shown}` | {kind} | {', '.join(metric.labels)} | {text} |"
