"""`sdn-mc compare`: two runs on common draws."""

from sdn_mc.cli.words import place, plugins_apart
from sdn_mc.core.problems import InputError
from sdn_mc.terminal import console

HELP = """\
sdn-mc compare A B [columns=NAME,NAME | column=NAME] [metrics=[NAME,NAME]] [plugins=[PACKAGE]]

  What differs between two runs, draw by draw: of every output that both have the means, A less B
  with its paired 95 % interval, and which is higher; availability flow by flow; and what differs in
  their configurations. A, B: folders of runs, their result.zarr, or their URLs. They need the same
  seed and the same times; of different numbers of draws and of different flows the common ones are
  compared. Two runs of one study are compared as the study does.

  columns=X,Y    column X of A and Y of B; else the last one of each. A and B may be one run
  column=X       the same of both
  metrics=[…]    outputs, or all of a metric, by name; else every one that both have

  Shares that differ by less than 0.005 do not matter. No path counts as the `deadline_s` of the
  metrics in latencies, and as the horizon in times to restore; the notes say where.
"""


def command(words: list[str]) -> None:
    from sdn_mc.report.comparison import print_comparison
    from sdn_mc.runner.comparing import compare

    words, plugins = plugins_apart(words)
    runs = [word for word in words if "=" not in word]
    if wrong := [word for word in runs if word.startswith("-")]:
        raise InputError(f"{wrong[0]}: unknown flag; see sdn-mc compare --help")
    if len(runs) != 2:
        raise InputError(
            f"compare: {len(runs)} runs given; name two, as `sdn-mc compare A B`, or one twice"
        )
    columns, metrics = _given([word for word in words if "=" in word])
    a, b = map(place, runs)
    print_comparison(compare(a, b, columns, metrics, plugins), console())


def _given(words: list[str]) -> tuple[tuple[str, str] | None, list[str]]:
    """columns=X,Y or column=X, and metrics=[A,B]."""
    columns, metrics = None, list[str]()
    for word in words:
        key, _, value = word.partition("=")
        names = [name for name in value.strip("[]").split(",") if name]
        if key == "metrics" and names:
            metrics = names
        elif key == "column" and len(names) == 1:
            columns = names[0], names[0]
        elif key == "columns" and len(names) == 2:
            columns = names[0], names[1]
        elif key in ("columns", "column", "metrics"):
            raise InputError(
                f"compare: {word} given; write columns=NAME,NAME, column=NAME or metrics=[NAME]"
            )
        else:
            raise InputError(f"compare: unknown key {key}; known are column, columns, metrics")
    return columns, metrics
