"""`sdn-mc explain`: one component."""

from sdn_mc.cli.words import names_and_folders
from sdn_mc.core.problems import InputError
from sdn_mc.terminal import console

HELP = """\
sdn-mc explain NAME [--config-dir FOLDER]

  A part's model, its fields with values, units and ranges, and where the values come from. Write
  GROUP/NAME where two groups have a part of one name.
"""


def command(words: list[str]) -> None:
    from sdn_mc.report.catalogue import print_explanation

    names, folders = names_and_folders(words)
    if len(names) != 1:
        raise InputError("explain: name one component, for example `sdn-mc explain vendor_fault`")
    print_explanation(names[0], console(), folders)
