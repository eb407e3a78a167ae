"""`sdn-mc trace`: one draw by hand."""

from sdn_mc.cli.words import path_and_keys, place, plugins_apart
from sdn_mc.core.problems import InputError
from sdn_mc.terminal import console

HELP = """\
sdn-mc trace RUN draw=17 pair=3 time=41 [column=NAME] [plugins=[PACKAGE]]

  One draw at one instant, by hand: what was drawn, what is out and why, and the path of one pair
  without threats and with them, its delay added up leg by leg. All three count from 0.
"""


def command(words: list[str]) -> None:
    from sdn_mc.runner.trace import print_trace

    words, plugins = plugins_apart(words)
    column = [w.partition("=")[2] for w in words if w.startswith("column=")]
    rest = [w for w in words if not w.startswith("column=")]
    path, given = path_and_keys(rest, {"draw", "pair", "time"}, "trace")
    missing = [key for key in ("draw", "pair", "time") if key not in given]
    if missing:
        raise InputError(
            f"trace: no {', '.join(missing)} given; write sdn-mc trace RUN draw=17 pair=3 time=41"
        )
    moment = given["draw"], given["pair"], given["time"]
    print_trace(place(path), *moment, column[0] if column else None, console(), plugins)
