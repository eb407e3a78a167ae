"""A checked job: every component built, every fault of the configuration told together."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from sdn_mc.config.building import MISSING, Builder, is_importable, unknown
from sdn_mc.config.limits import MAX_DEPTH
from sdn_mc.config.stop import StopOptions, stop_options
from sdn_mc.config.together import check_sampling, check_together
from sdn_mc.config.values import shown
from sdn_mc.core.problems import InputError, Problems

# The parts of a run that are one component each, and those that are several by name.
SINGLE = (
    "constellation", "propagation", "earth", "topology", "access", "sites", "flows", "times",
    "routing", "solver",
)  # fmt: skip
SEVERAL = ("threats", "metrics")
SAMPLING = "sampling"  # one component or none
PLAIN = (
    "title", "draws", "seed", "columns", "campaigns", "stop", "store", "run", "part", "plugins",
    "aliases",
    "study",
)  # fmt: skip
CONFIG_GROUPS = (*SINGLE, *SEVERAL, SAMPLING, "experiment")
URL_STARTS = ("s3://", "gs://", "az://")
IMPORTANCE = "importance"  # columns that tell what each threat brings


class StoreOptions(NamedTuple):
    """What is kept of the latency series: "auto", "all", "first_1000" or "none"; and where."""

    paths: str
    url: str | None  # of a prefix in an object store; None: in the run folder


class RunOptions(NamedTuple):
    """How the work is cut; no choice here changes a bit of the result."""

    threads: int | None
    block_draws: int | None


class Share(NamedTuple):
    """One of the parts that a run is split into: `number` of `n_share`, counted from 1."""

    number: int  # 0: no draws, only what all parts need
    n_share: int

    def blocks(self, n_block: int) -> range:
        """Its blocks of 256 draws, of `n_block`: neighbours, as many as others have or one more."""
        before = n_block * max(self.number - 1, 0) // self.n_share
        return range(before, n_block * self.number // self.n_share)

    def __str__(self) -> str:
        return f"{self.number}/{self.n_share}" if self.number else PREPARE


PREPARE = "prepare"
PREPARED_ONLY = Share(0, 1)


class Job(NamedTuple):
    """A checked configuration."""

    parts: dict[str, Any]  # component by group; threats and metrics by name
    columns: dict[str, tuple[str, ...]]
    campaigns: dict[str, tuple[str, ...]]
    title: str
    draws: int
    seed: int
    stop: StopOptions
    store: StoreOptions
    run: RunOptions
    part: Share | None  # None: all of it
    resolved: dict[str, Any]  # the configuration as plain values, as stored
    assumptions: tuple[dict[str, Any], ...]
    inputs: dict[str, str]  # path as given -> sha-256


def load(
    config: DictConfig | dict[str, Any],
    folder: str | None = None,
    plugins: Sequence[str] | None = None,
) -> Job:
    """Build and check every component; all faults are raised together.

    Args:
        config: the composed configuration, or one stored in a result.
        folder: where relative paths start; None: the current directory.
        plugins: packages whose components may be built; None: those that the configuration names,
            which a stored one may not.
    """
    tree = plain(config)
    problems = Problems()
    _check_top_level(tree, problems)
    named = _texts(tree, "plugins", problems)
    trusted = named if plugins is None else tuple(plugins)
    for package in trusted:
        if not is_importable(package):
            problems.add(
                f"plugins: there is no package {package!r} here or among those installed; correct "
                "the name, or start where the package lies"
            )
    builder = Builder(folder or os.getcwd(), trusted, problems)
    parts: dict[str, Any] = {g: builder.part(tree.get(g), g, g) for g in SINGLE}
    for group in SEVERAL:
        nodes = _mapping(tree, group, problems)
        parts[group] = {
            name: builder.part(node, group, f"{group}.{name}") for name, node in nodes.items()
        }
    sampling = tree.get(SAMPLING)
    parts[SAMPLING] = builder.part(sampling, SAMPLING, SAMPLING) if sampling else None
    draws = _whole(tree, "draws", 1, 10**9, problems)
    seed = _whole(tree, "seed", 0, 2**32 - 1, problems)
    columns = _columns(tree, problems)
    campaigns = _campaigns(tree, parts["threats"], problems)
    stop = stop_options(_mapping(tree, "stop", problems), parts, columns, draws, problems)
    store, run = _store_options(tree, problems), _run_options(tree, problems)
    part = None
    try:
        part = share_of(tree.get("part"))
    except InputError as error:
        problems.take(error)
    if part is not None and stop.half_width is not None:
        problems.add(
            f"stop.half_width: {stop.half_width:g} given, but no part of a run knows what the "
            "others have seen; leave it null, or run without part"
        )
    title = _title(tree, problems)
    check_together(parts, problems)
    check_sampling(parts, draws, problems)
    problems.raise_all()
    return Job(
        parts=parts,
        columns=columns,
        campaigns=campaigns,
        title=title,
        draws=draws,
        seed=seed,
        stop=stop,
        store=store,
        run=run,
        part=part,
        resolved=tree | {"part": None},
        assumptions=tuple(builder.assumptions),
        inputs=builder.inputs,
    )


def share_of(given: Any) -> Share | None:
    """What `part=` means: `2/4`, `prepare`, or nothing."""
    if given in (None, "null"):
        return None
    if given == PREPARE:
        return PREPARED_ONLY
    number, _, n_share = str(given).partition("/")
    if number.isdecimal() and n_share.isdecimal() and 1 <= int(number) <= int(n_share):
        return Share(int(number), int(n_share))
    raise InputError(
        f"part: {shown(given)} given; give part={PREPARE}, or which of how many, from part=1/4 to "
        "part=4/4"
    )


def plain(config: DictConfig | dict[str, Any]) -> dict[str, Any]:
    """The configuration as plain values, interpolations resolved."""
    plain = OmegaConf.to_container(config, resolve=True) if OmegaConf.is_config(config) else config
    if not isinstance(plain, dict):
        raise InputError(f"configuration: {shown(plain)} given; give keys with values")
    return _plain_part(plain, "", 0)


def _plain_part(value: Any, where: str, depth: int) -> Any:
    """A part with texts as keys, known to hold only what JSON has, and not to be too deep."""
    if depth > MAX_DEPTH:
        raise InputError(f"{where:.80}: more than {MAX_DEPTH} levels; write it flatter")
    if isinstance(value, list):
        return [_plain_part(each, f"{where}[{k}]", depth + 1) for k, each in enumerate(value)]
    if not isinstance(value, dict):
        if value is None or isinstance(value, str | int | float):
            return value
        raise InputError(f"{where}: {shown(value)} given; give a text or a number")
    found: dict[str, Any] = {}
    for key, each in value.items():
        place = f"{where}.{key}".lstrip(".")
        if isinstance(key, bool) or not isinstance(key, str | int) or str(key) in found:
            raise InputError(f"{place}: {shown(key)} given as a key; put it in quotes, once")
        found[str(key)] = _plain_part(each, place, depth + 1)
    return found


# ---- one key


def _check_top_level(tree: dict[str, Any], problems: Problems) -> None:
    aliases = _texts(tree, "aliases", problems)
    for alias in aliases:
        for key, value in _mapping(tree, alias, problems).items():
            if value == MISSING:
                problems.add(f"{alias}.{key}: no value given; set it")
    known = (*SINGLE, *SEVERAL, SAMPLING, *PLAIN, *aliases)
    for key in tree:
        if key not in known and not (key.startswith("_") and key.endswith("_")):
            problems.add(unknown(key, key, list(known)))


def _mapping(tree: dict[str, Any], key: str, problems: Problems) -> dict[str, Any]:
    value = tree.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        problems.add(f"{key}: {shown(value)} given; give keys with values, as {key}.KEY=VALUE")
        return {}
    return value


def _texts(tree: dict[str, Any], key: str, problems: Problems) -> tuple[str, ...]:
    value = tree.get(key) or []
    if not _are_texts(value):
        problems.add(f"{key}: {shown(value)} given; give a list of names, as {key}=[NAME]")
        return ()
    return tuple(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _title(tree: dict[str, Any], problems: Problems) -> str:
    value = tree.get("title")
    if value is not None and not isinstance(value, str | int | float):
        problems.add(f"title: {shown(value)} given; give a text")
    return str(value or "sdn_mc")


def _whole(tree: dict[str, Any], key: str, low: int, high: int, problems: Problems) -> int:
    value = tree.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        problems.add(f"{key}: {shown(value)} given; give a whole number from {low} to {high}")
        return low
    return value


def _campaigns(
    tree: dict[str, Any], threats: dict[str, Any], problems: Problems
) -> dict[str, tuple[str, ...]]:
    """Threats that strike together, by campaign; each has an onset and is in one campaign only."""
    given = [name for name, threat in threats.items() if hasattr(threat, "onset_s")]
    campaigns: dict[str, tuple[str, ...]] = {}
    taken: dict[str, str] = {}
    for name, members in _mapping(tree, "campaigns", problems).items():
        where = f"campaigns.{name}"
        if not _are_texts(members):
            problems.add(f"{where}: {shown(members)} given; list the threats that strike together")
            continue
        for member in members:
            failed = member in threats and threats[member] is None  # and was told of
            if member not in given and not failed:
                problems.add(
                    f"{where}: {shown(member)} is no threat of this run with an onset; there are "
                    f"{', '.join(given) or 'none'}; correct it, or leave it out"
                )
            if member in taken:
                problems.add(
                    f"{where}: {member} is in campaigns.{taken[member]} too; leave it in one"
                )
            taken[member] = name
        campaigns[str(name)] = tuple(members)
    return campaigns


def _columns(tree: dict[str, Any], problems: Problems) -> dict[str, tuple[str, ...]]:
    """Columns by name; without any, one column in which every threat acts."""
    threats = tuple(tree["threats"]) if isinstance(tree.get("threats"), dict) else ()
    if tree.get("columns") == IMPORTANCE:
        return importance_columns(threats)
    given = _mapping(tree, "columns", problems) or {"attacked": list(threats)}
    columns: dict[str, tuple[str, ...]] = {}
    for name, causes in given.items():
        where = f"columns.{name}"
        if not str(name).isidentifier() or name == "healthy":
            problems.add(f"{where}: name a column by letters, digits and _, and not `healthy`")
        if not _are_texts(causes):
            problems.add(f"{where}: {shown(causes)} given; list the threats that act in the column")
            continue
        if missing := [cause for cause in causes if cause not in threats]:
            problems.add(
                f"{where}: no threat is named {', '.join(map(shown, missing))}; there are "
                f"{', '.join(threats) or 'none'}; correct it, or set columns=null for one column "
                "with every threat"
            )
        columns[str(name)] = tuple(causes)
    return columns


def importance_columns(threats: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Each threat alone, all but each, and all; of equal columns the first, and all last."""
    every = tuple(threats)
    found: dict[str, tuple[str, ...]] = {f"only_{each}": (each,) for each in every}
    found |= {f"all_but_{each}": tuple(t for t in every if t != each) for each in every}
    first = {causes: name for name, causes in reversed(found.items())}
    own = {name: causes for causes, name in first.items() if causes and causes != every}
    return {name: own[name] for name in found if name in own} | {"all": every}


def _store_options(tree: dict[str, Any], problems: Problems) -> StoreOptions:
    node, allowed = _mapping(tree, "store", problems), ("auto", "all", "first_1000", "none")
    _only(node, "store", ("paths", "url"), problems)
    paths, url = node.get("paths", "auto"), node.get("url")
    if paths not in allowed:
        problems.add(f"store.paths: {shown(paths)} given; allowed are {', '.join(allowed)}")
    if url is not None and not str(url).startswith(URL_STARTS):
        problems.add(
            f"store.url: {shown(url)} given; write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or "
            "az://ACCOUNT/CONTAINER/PREFIX, or null for the run folder"
        )
    return StoreOptions(str(paths), None if url is None else str(url).rstrip("/"))


def _run_options(tree: dict[str, Any], problems: Problems) -> RunOptions:
    node = _mapping(tree, "run", problems)
    _only(node, "run", ("threads", "block_draws"), problems)
    threads, block = node.get("threads"), node.get("block_draws")
    if threads is not None and (type(threads) is not int or not 1 <= threads <= 1024):
        problems.add(f"run.threads: {shown(threads)} given; give 1 to 1024, or null for every core")
    if block is not None and (type(block) is not int or block not in (32, 64, 128, 256)):
        problems.add(
            f"run.block_draws: {shown(block)} given; allowed are 32, 64, 128, 256, or null"
        )
    return RunOptions(threads, block)


def _only(node: dict[str, Any], where: str, known: Sequence[str], problems: Problems) -> None:
    for key in node:
        if key not in known:
            problems.add(unknown(f"{where}.{key}", key, list(known)))


# ---- what no component can see by itself
