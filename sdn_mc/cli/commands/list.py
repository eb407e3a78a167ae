"""`sdn-mc list`: what can be chosen."""

from sdn_mc.cli.words import names_and_folders
from sdn_mc.core.problems import InputError
from sdn_mc.terminal import console

HELP = """\
sdn-mc list [GROUP] [--config-dir FOLDER]

  The names of every part of a run that can be chosen; of one GROUP, with all that is said of them.
"""


def command(words: list[str]) -> None:
    from sdn_mc.report.catalogue import print_list

    names, folders = names_and_folders(words)
    if len(names) > 1:
        raise InputError("list: name one group or none, for example `sdn-mc list threats`")
    print_list(names[0] if names else None, console(), folders)
