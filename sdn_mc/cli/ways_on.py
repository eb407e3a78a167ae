"""How a run that was interrupted goes on."""

import shlex
from pathlib import Path

from sdn_mc.terminal import shown

HYDRA_NOTES = ".hydra"  # what Hydra makes in the folder of a run


def is_without_result(folder: Path) -> bool:
    """Did a run begin in this folder, but not come as far as its result?"""
    from sdn_mc import store

    return (folder / HYDRA_NOTES).is_dir() and not store.has_result(folder)


def way_on(folder: Path | str) -> str:
    """How to continue a run that was interrupted."""
    from sdn_mc import store

    told = folder if isinstance(folder, str) else shown(folder)
    is_there = isinstance(folder, str) or store.has_result(folder)
    if is_there or Path(folder).name == store.RESULT_NAME:
        return f"stopped; `sdn-mc resume {told}` goes on after the last finished block"
    return "stopped; the run had made no result yet, so nothing was kept; start it again"


def way_on_study(folder: Path) -> str:
    from sdn_mc.runner import study

    if not study.is_study(folder):
        return "stopped; the study had begun no run yet, so nothing was kept; start it again"
    return f"stopped; `sdn-mc resume {shown(folder)}` goes on with the runs that are missing"


def command_of(folder: Path) -> str:
    """The command that began a run, as far as Hydra had noted it."""
    from omegaconf import OmegaConf

    from sdn_mc import config

    noted = folder / HYDRA_NOTES / "overrides.yaml"
    words = [str(word) for word in OmegaConf.load(noted)] if noted.is_file() else ["…"]
    untitled = [word for word in words if not word.startswith("title=")]
    words = untitled if words == config.completed(untitled) else words  # the title was ours
    return shlex.join(["sdn-mc", "run", *words, f"hydra.run.dir={folder}"])
