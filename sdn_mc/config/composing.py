"""Hydra's part: the composed configuration, and what it finds wrong as one sentence each."""

import copy
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sdn_mc.config.building import MISSING
from sdn_mc.config.limits import check_hydra, check_interpolations, look_through_files, too_deep
from sdn_mc.config.values import near
from sdn_mc.core.problems import InputError, Problems

# Keys that change nothing of what is asked.
NO_STUDY = ("draws", "seed", "run", "part", "store", "hydra", "plugins", "aliases", "title")
UNREADABLE = (  # how Hydra's parser begins
    "mismatched input", "no viable alternative", "extraneous input", "token recognition",
    "missing ",
)  # fmt: skip
NOT_THERE = "provider=hydra.searchpath"  # how Hydra warns of a folder
JOB_NAME = "cli"  # of the log that Hydra writes in the folder of a run


def config_folder() -> Path:
    """`configs/` beside the package (a checkout), else inside it (an installed wheel)."""
    package = Path(__file__).resolve().parents[1]
    beside = package.parent / "configs"
    return beside if (beside / "config.yaml").is_file() else package / "configs"


def search_path(folders: Sequence[str]) -> list[str]:
    """The override that lets Hydra look into the user's own folders too, after ours."""
    problems = Problems()
    for folder in folders:
        if not Path(folder).is_dir():
            problems.add(f"--config-dir: {folder} is not a folder; name one with your YAML files")
            continue
        for file in sorted(Path(folder).glob("**/*.yaml")):
            name = file.relative_to(folder)
            if (config_folder() / name).exists():
                problems.add(
                    f"--config-dir: {file} would never be used, because sdn-mc has a {name} of its "
                    "own; rename yours"
                )
    problems.raise_all()
    listed = ",".join(quoted(f"file://{Path(folder).resolve()}") for folder in folders)
    return [f"hydra.searchpath=[{listed}]"] if folders else []


def compose(overrides: Sequence[str] = (), config_dirs: Sequence[str] = ()) -> DictConfig:
    """The composed configuration; what Hydra finds wrong becomes one message."""
    config, problems = compose_most(overrides, config_dirs)
    problems.raise_all()
    assert config is not None
    return config


def compose_most(
    overrides: Sequence[str] = (), config_dirs: Sequence[str] = ()
) -> tuple[DictConfig | None, Problems]:
    """The configuration without those overrides that are faulty, and what is wrong with them.

    None where what is left cannot be told: a part that was chosen does not exist.
    """
    extra, problems, deep = search_path(config_dirs), Problems(), too_deep(overrides)
    for problem in deep.values():
        problems.add(problem)
    left = [word for word in overrides if word not in deep]
    while True:
        try:
            with ours(), explained(left):
                config = _resolved([*left, *extra])
                return config, problems
        except InputError as error:
            problems.take(error)
            faulty = error.problems[0].partition(": ")[0]
            if faulty not in left or _is_choice(faulty):
                return None, problems
            left.remove(faulty)


def compose_with(
    known: dict[tuple[str, ...], DictConfig],
    overrides: Sequence[str],
    config_dirs: Sequence[str],
    values: Mapping[str, Any],
) -> DictConfig:
    """The configuration of these overrides with some values set by key, as overrides would.

    `known` holds what was composed before, since reading all files anew takes most of the time.
    """
    if (made := tuple(overrides)) not in known:
        compose(overrides, config_dirs)  # tells what is wrong
        with ours(), explained(overrides):
            every = [*overrides, *search_path(config_dirs)]
            known[made] = hydra_compose("config", overrides=every)
    config = copy.deepcopy(known[made])
    try:
        for key, value in values.items():
            OmegaConf.update(config, key, value, merge=False)
        _without_references(config)
    except OmegaConfBaseException:  # Hydra's own way names the override
        words = [f"{key}={as_text(value)}" for key, value in values.items()]
        compose([*overrides, *words], config_dirs)
        raise
    return config


def as_text(value: Any) -> str:
    """A value as an override has it."""
    if isinstance(value, list):
        return "[" + ",".join(map(as_text, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    return json.dumps(value)


def completed(overrides: Sequence[str]) -> list[str]:
    """The overrides, with what they imply where nothing is said of it.

    Chosen threats act in one column, since the columns of the default study name others; and a
    study of one's own is not called as the default one is.
    """
    keys = [_key(override).partition("@")[0] for override in overrides]
    own = [
        o for o, key in zip(overrides, keys, strict=True) if key.partition(".")[0] not in NO_STUDY
    ]
    if not own or any(key == "experiment" for key in keys):
        return list(overrides)
    implied = []
    if "threats" in keys and not any(key.startswith("columns") for key in keys):
        implied.append("columns=null")
    if "title" not in keys:
        words = re.sub(r"[\\'\"$]", "", " ".join(own))
        implied.append(f"title={quoted(words)}")
    return [*overrides, *implied]


def output_folder(
    overrides: Sequence[str], config_dirs: Sequence[str] = (), sweep: bool = False
) -> Path:
    """Where a run of these overrides, or a sweep whose first job they are, puts its files."""
    extra = search_path(config_dirs)
    with ours(), explained(overrides):
        every = hydra_compose("config", overrides=[*overrides, *extra], return_hydra_config=True)
        return Path(str(every.hydra.sweep.dir if sweep else every.hydra.run.dir))


def quoted(text: str) -> str:
    """A text as the value of an override, whatever stands in it."""
    return "'" + text.replace("'", "\\'") + "'"


def missing(overrides: Sequence[str] = (), config_dirs: Sequence[str] = ()) -> list[str]:
    """Keys whose value the user has to give."""
    extra = search_path(config_dirs)
    with ours(), explained(overrides):
        composed = hydra_compose("config", overrides=[*overrides, *extra])
    leaves = _leaves(OmegaConf.to_container(composed), "")
    return [key for key, value in leaves if value == MISSING]


def references(overrides: Sequence[str] = (), config_dirs: Sequence[str] = ()) -> dict[str, str]:
    """Keys whose value is that of another key, written ${KEY}, and which one in the end."""
    extra = search_path(config_dirs)
    with ours(), explained(overrides):
        composed = hydra_compose("config", overrides=[*overrides, *extra])
    leaves = dict(_leaves(OmegaConf.to_container(composed), ""))
    found = {
        key: match[1]
        for key, value in leaves.items()
        if isinstance(value, str) and (match := re.fullmatch(r"\$\{([\w.]+)\}", value))
    }
    for _ in found:  # a reference to a reference
        found = {key: found.get(other, other) for key, other in found.items()}
    return found


def _leaves(node: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Every value below a node, with its key."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{place}.{key}".lstrip("."))
    else:
        yield place, node


def _resolved(overrides: Sequence[str]) -> DictConfig:
    """The configuration without Hydra's own part, once that and all references are known to end."""
    config = hydra_compose("config", overrides=list(overrides), return_hydra_config=True)
    check_hydra(OmegaConf.to_container(config.hydra, resolve=False))
    with open_dict(config):
        del config["hydra"]
    return _without_references(config)


def _without_references(config: DictConfig) -> DictConfig:
    """The same with values in the place of references, which are known to end."""
    tree = OmegaConf.to_container(config, resolve=False)
    assert isinstance(tree, dict)
    check_interpolations(tree)
    OmegaConf.resolve(config)
    return config


@contextmanager
def ours() -> Iterator[None]:
    """Hydra, set up with our own configuration folder."""
    GlobalHydra.instance().clear()
    look_through_files(config_folder())
    with initialize_config_dir(str(config_folder()), job_name=JOB_NAME, version_base="1.3"):
        yield


@contextmanager
def explained(overrides: Sequence[str]) -> Iterator[None]:
    """Turn Hydra's exceptions into one message."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", NOT_THERE)
            yield
    except UserWarning as error:
        what = str(error).partition(", ")[2].rstrip(".")
        raise InputError(f"hydra.searchpath: {what}; give a folder that is there") from None
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(_message(error, overrides)) from None
    except YAMLError as error:
        where = getattr(error, "problem_mark", None)
        place = f"{where.name}, line {where.line + 1}" if where is not None else "configuration"
        what = getattr(error, "problem", None) or "it cannot be read"
        raise InputError(f"{place}: this is not YAML ({what}); correct it") from None
    except RecursionError:
        raise InputError(
            f"{_blamed('', overrides)}: nested too deeply, or a part of itself; write it flatter"
        ) from None
    except OSError as error:  # a name that no file can have
        raise InputError(
            f"{_blamed('', overrides)}: {error.strerror or error}; write GROUP=NAME"
        ) from None
    except (AssertionError, AttributeError, LookupError, TypeError) as error:  # Hydra stumbles
        raise InputError(
            f"{_blamed('', overrides)}: Hydra cannot read this; write key=value, lists as [a,b]"
        ) from error
    except ValueError as error:  # a group given something that is no name
        raise InputError(f"{_blamed(str(error), overrides)}: {error}; write GROUP=NAME") from None


def _message(error: Exception, overrides: Sequence[str]) -> str:
    """What Hydra found wrong, in one sentence that names the override."""
    told = str(error) or str(error.__cause__ or "")
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    first = re.sub("^In '.*?': ", "", lines[0] if lines else type(error).__name__).rstrip(".")
    blamed = _blamed(str(error), overrides)
    if first.startswith("Could not override") or "not in struct" in first:
        return _no_such_key(first, overrides)
    if first.startswith(("Could not find '", "Could not load '")):
        group, _, name = first.partition("'")[2].rstrip("'").rpartition("/")
        if group.startswith("hydra/"):
            return f"{blamed}: {name} is not installed; the extra sdn-mc[cluster] has launchers"
        known = [path.stem for path in (config_folder() / group).glob("*.yaml")]
        return (
            f"{blamed}: {group} has no choice {name!r}; `sdn-mc list {group}` shows what there is"
            + near(name, known)
        )
    if first.startswith("Ambiguous value"):
        return f"{blamed}: several values given; write a list as [a,b], or sweep with -m"
    if first.startswith("Could not append"):
        return f"{blamed}: this key is there already; write {blamed.lstrip('+')}"
    if first.startswith("Could not delete"):
        return f"{blamed}: there is nothing of this name to take away; leave it out"
    if isinstance(error, OmegaConfBaseException):
        return f"{blamed}: {first}; correct what stands in ${{…}}"
    if "LexerNoViableAlt" in first or first.startswith(UNREADABLE):
        return (
            f"{blamed}: a quote or bracket is missing, or one too many; write key=value, lists as "
            "[a,b], and a text with such signs in quotes of its own, as 'title=\"a, (b)\"'"
        )
    return f"{blamed}: {first}; write key=value, lists as [a,b]"


def _blamed(text: str, overrides: Sequence[str]) -> str:
    """The override at fault: the one that does not parse, else the one whose words Hydra quotes."""
    bad = [override for override in overrides if not _parses(override)]
    named = [o for o in overrides if f"'{_key(o)}" in text or f"full_key: {_key(o)}\n" in text]
    refers = [o for o in overrides if "${" in o and "nterpolation" in text]
    quoted = [o for o in overrides if (value := o.partition("=")[2]) and value in text]
    return next(iter(bad or named or refers or quoted), "configuration")


def _no_such_key(first: str, overrides: Sequence[str]) -> str:
    """An override of a key that does not exist, with the nearest one that does."""
    named = first.partition("'")[2].partition("'")[0]
    given = next((o for o in overrides if _key(o) == named), named)
    parent, _, key = named.rpartition(".")
    if "={" in given:
        return (
            f"{given}: a mapping is merged key by key, and a key is new; write +{named}.KEY=… for "
            f"it, or ~{named} and +{given} to replace the whole"
        )
    rest, _ = compose_most([o for o in overrides if o != given])
    node = OmegaConf.select(rest, parent) if parent and rest is not None else rest
    known = [str(k) for k in node] if isinstance(node, DictConfig) else []
    where = f"{parent} has" if parent else "the configuration has"
    there = ", ".join(k for k in known if not k.startswith("_"))
    return f"{given}: there is no such key; {where} {there or 'none'}" + near(key, known)


def _is_choice(override: str) -> bool:
    """Does it choose a part of the run, so that other overrides depend on it?"""
    try:
        return (config_folder() / _key(override).partition("@")[0]).is_dir()
    except OSError:  # longer than any name
        return False


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _parses(override: str) -> bool:
    if not _key(override).partition("@")[0]:
        return False
    try:
        OverridesParser.create().parse_overrides([override])
    except (HydraException, ValueError, RecursionError):
        return False
    return True
