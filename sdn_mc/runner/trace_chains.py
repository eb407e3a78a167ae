"""One message of each chain by hand: where it waits, and what each stage takes."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sdn_mc import engine
from sdn_mc.core.constants import DRAWS_PER_WORD
from sdn_mc.core.protocols import Series, Step
from sdn_mc.engine import Column, Prepared

HEADS = ("stage", "reached s", "waits s", "leaves s", "takes s", "sum s", "along")


def print_chains(run: Prepared, column: Column, draw: int, time: int, console: Console) -> None:
    """The message released at one instant of one draw, for each metric that tells of one.

    The series are computed anew, from the word of 32 draws around it.
    """
    chains = {name: m for name, m in run.system.metrics.items() if hasattr(m, "steps")}
    if not chains:
        return
    bit = draw % DRAWS_PER_WORD
    block, own = engine.run_block(run, draw - bit, DRAWS_PER_WORD), slice(bit, bit + 1)
    series, scene = Series(block.series[column.name].latency_s[own], None), run.scenes[block.epoch]
    for name, metric in chains.items():
        macros = engine.macros_of(run, name)
        drawn = {macro: block.drawn[f"{name}.{macro}"][own] for macro in macros}
        _print_steps(name, metric.steps(series, scene, drawn, time), console)


def _print_steps(name: str, steps: Sequence[Step], console: Console) -> None:
    """A row for each stage that is reached; times on the scene's clock, sums from the release."""
    released_s = steps[0].arrives_s
    console.print(f"\n[bold]{escape(name)}[/bold]: a message released at {released_s:.1f} s")
    table = Table(box=None)
    for head in HEADS:
        table.add_column(head, justify="right" if head.endswith(" s") else "left")
    for step in steps:
        if not math.isfinite(step.arrives_s):
            break
        waits_s, takes_s = step.leaves_s - step.arrives_s, step.done_s - step.leaves_s
        numbers = (step.arrives_s, waits_s, step.leaves_s, takes_s, step.done_s - released_s)
        cells = [f"{each:.6f}" if math.isfinite(each) else "-" for each in numbers]
        table.add_row(escape(step.stage), *cells, escape(step.flow))
    console.print(table)
    took_s = steps[-1].done_s - released_s
    console.print(
        f"{took_s:.6f} s to the user" if math.isfinite(took_s) else "no path by the horizon"
    )
