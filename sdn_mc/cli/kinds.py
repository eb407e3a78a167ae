"""What a folder holds, for commands that take several kinds."""

from pathlib import Path

RUN, STUDY, SWEEP = "run", "study", "sweep"


def kind_of(path: Path) -> str:
    """A run, a study, or a sweep or its dataset."""
    from sdn_mc import store
    from sdn_mc.config.sweep import is_sweep
    from sdn_mc.runner import study

    if is_sweep(path) or store.is_collected(path):
        return SWEEP
    return STUDY if study.is_study(path) else RUN


def dataset_of(path: Path) -> Path:
    """The dataset of a sweep, made anew where its jobs have changed."""
    from sdn_mc import store
    from sdn_mc.config.sweep import is_sweep
    from sdn_mc.runner.sweep import collected

    folder = path.parent if path.name == store.COLLECTED_NAME else path
    return collected(folder) if is_sweep(folder) else path
