"""From the composed configuration to components: built one by one, checked, faults told together.

Only classes inside `sdn_mc.` (or packages that the user's own command names in `plugins`) are
built, and only if they are `equinox` modules; a stored configuration cannot name plugins. Keys
that begin and end with an underscore are notes for people and tests (`_off_`, `_worst_`,
`_assumed_`).
"""

import dataclasses
import difflib
import importlib
import math
import os
import types
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sdn_mc import sources
from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import FieldInfo, fields_of
from sdn_mc.core.problems import InputError, Problems

# The parts of a run that are one component each, and those that are several by name.
SINGLE = (
    "constellation", "propagation", "earth", "topology", "access", "sites", "flows", "times",
    "routing", "solver",
)  # fmt: skip
SEVERAL = ("threats", "metrics")
PLAIN = ("title", "draws", "seed", "columns", "store", "run", "plugins", "aliases")
CONFIG_GROUPS = (*SINGLE, *SEVERAL, "experiment")
QUANTILES_CHECKED = (0.001, 0.999)  # of a distribution, against the range of its field


class StoreOptions(NamedTuple):
    """What is kept of the latency series: "auto", "all", "first_1000" or "none"."""

    paths: str


class RunOptions(NamedTuple):
    """How the work is cut; no choice here changes a bit of the result."""

    threads: int | None
    block_draws: int | None


class Job(NamedTuple):
    """A checked configuration."""

    parts: dict[str, Any]  # component by group; threats and metrics by name
    columns: dict[str, tuple[str, ...]]
    title: str
    draws: int
    seed: int
    store: StoreOptions
    run: RunOptions
    resolved: dict[str, Any]  # the configuration as plain values, as stored
    assumptions: tuple[dict[str, Any], ...]
    inputs: dict[str, str]  # path as given -> sha-256


def config_folder() -> Path:
    """`configs/` beside the package (a checkout), else inside it (an installed wheel)."""
    package = Path(__file__).resolve().parent
    beside = package.parent / "configs"
    return beside if (beside / "config.yaml").is_file() else package / "configs"


def compose(overrides: Sequence[str] = (), config_dirs: Sequence[str] = ()) -> DictConfig:
    """The composed configuration; what Hydra finds wrong becomes one message."""
    searched = [f"file://{Path(folder).resolve()}" for folder in config_dirs]
    for folder in config_dirs:
        if not Path(folder).is_dir():
            raise InputError(
                f"--config-dir: {folder} is not a folder; name one with your YAML files"
            )
    extra = [f"hydra.searchpath=[{','.join(searched)}]"] if searched else []
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(config_folder()), version_base="1.3"):
            config = hydra_compose("config", overrides=[*overrides, *extra])
            OmegaConf.resolve(config)
            return config
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(_hydra_message(error, overrides)) from None


def load(
    config: DictConfig | dict[str, Any], folder: str | None = None, trusted: bool = True
) -> Job:
    """Build and check every component; all faults are raised together.

    Args:
        config: the composed configuration, or one stored in a result.
        folder: where relative paths start; None: the current directory.
        trusted: False for a stored configuration, whose `plugins` are then ignored.
    """
    plain = OmegaConf.to_container(config) if isinstance(config, DictConfig) else config
    assert isinstance(plain, dict)
    tree: dict[str, Any] = {str(key): value for key, value in plain.items()}
    problems = Problems()
    _check_top_level(tree, problems)
    builder = _Builder(folder or os.getcwd(), tuple(tree.get("plugins") or ()) if trusted else ())
    parts: dict[str, Any] = {}
    for group in SINGLE:
        parts[group] = builder.build(tree.get(group), group, problems)
    for group in SEVERAL:
        nodes = tree.get(group) or {}
        parts[group] = {
            name: builder.build(node, f"{group}.{name}", problems) for name, node in nodes.items()
        }
    draws = _whole(tree, "draws", 1, 10**9, problems)
    seed = _whole(tree, "seed", 0, 2**32 - 1, problems)
    columns = _columns(tree, problems)
    store, run = _store_options(tree, problems), _run_options(tree, problems)
    if not problems:
        _check_together(parts, problems)
    problems.raise_all()
    return Job(
        parts=parts,
        columns=columns,
        title=str(tree.get("title") or "sdn_mc"),
        draws=draws,
        seed=seed,
        store=store,
        run=run,
        resolved=tree,
        assumptions=tuple(builder.assumptions),
        inputs=builder.inputs,
    )


class _Builder:
    """Builds components and remembers what they assume and which files they read."""

    def __init__(self, folder: str, plugins: tuple[str, ...]) -> None:
        self.folder = Path(folder)
        self.packages = ("sdn_mc", *plugins)
        self.assumptions: list[dict[str, Any]] = []
        self.inputs: dict[str, str] = {}

    def build(self, node: Any, where: str, problems: Problems) -> Any:
        """One component from its node, or None with the faults noted."""
        if not isinstance(node, dict) or "_target_" not in node:
            problems.add(f"{where}: {node!r} given; choose one by `{where.split('.')[0]}=NAME`")
            return None
        try:
            kind = self._class(str(node["_target_"]), where)
        except InputError as error:
            problems.take(error)
            return None
        given = {k: v for k, v in node.items() if not (k.startswith("_") and k.endswith("_"))}
        fields = {f.name: f for f in dataclasses.fields(kind) if f.init}
        infos = fields_of(kind)
        assumed = set(node.get("_assumed_") or ())
        values: dict[str, Any] = {}
        before = len(problems)
        for key in given:
            if key not in fields:
                problems.add(_unknown(f"{where}.{key}", key, fields))
        for name, f in fields.items():
            if name not in given:
                if f.default is dataclasses.MISSING:
                    problems.add(
                        f"{where}.{name}: no value given; set it ({_allowed(infos, name)})"
                    )
                continue
            values[name] = self._value(given[name], f, infos.get(name), f"{where}.{name}", problems)
            info = infos.get(name)
            if (info is not None and info.assumed) or name in assumed:
                self._assume(f"{where}.{name}", given[name], info)
        if len(problems) > before:
            return None
        component = kind(**values)
        for problem in component.problems() if hasattr(component, "problems") else []:
            problems.add(problem)
        return component

    def _class(self, target: str, where: str) -> type[eqx.Module]:
        module, _, name = target.rpartition(".")
        if not any(target.startswith(f"{package}.") for package in self.packages):
            raise InputError(
                f"{where}._target_: {target} is outside sdn_mc; name its package in `plugins` on "
                "your own command line if you trust it"
            )
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError):
            raise InputError(
                f"{where}._target_: there is no {target}; `sdn-mc list {where.split('.')[0]}` "
                "shows what there is"
            ) from None
        if not (isinstance(kind, type) and issubclass(kind, eqx.Module)):
            raise InputError(f"{where}._target_: {target} is not a component")
        return kind

    def _value(
        self,
        value: Any,
        f: dataclasses.Field,
        info: FieldInfo | None,
        where: str,
        problems: Problems,
    ) -> Any:
        """A checked field value."""
        if isinstance(value, str) and value.strip() == "???":
            problems.add(f"{where}: no value given; set it ({_meaning(info)})")
            return None
        if value is None:
            if types.NoneType not in _kinds(f.type) and not (info and info.reads):
                problems.add(f"{where}: null given; give {_wanted(f.type, info)}")
            return None
        if info is not None and info.reads:
            return self._read(value, info.reads, where, problems)
        if isinstance(value, dict):
            return self._mapping(value, info, where, problems)
        if isinstance(value, list):
            return _frozen(value) if eqx_static(f) else value
        return _checked(value, f.type, info, where, problems)

    def _mapping(self, value: dict, info: FieldInfo | None, where: str, problems: Problems) -> Any:
        if "_target_" not in value:
            return {
                key: self.build(node, f"{where}.{key}", problems)
                if isinstance(node, dict)
                else _frozen(node)
                for key, node in value.items()
            }
        built = self.build(value, where, problems)
        if isinstance(built, Distribution) and info is not None and info.within is not None:
            ends = [float(np.max(built.quantile(jnp.float32(q)))) for q in QUANTILES_CHECKED]
            if not all(info.within[0] <= end <= info.within[1] for end in ends):
                problems.add(
                    f"{where}: the distribution runs from {ends[0]:g} to {ends[1]:g} "
                    f"{info.unit}; allowed are {_range(info)}"
                )
        return built

    def _read(self, value: Any, kind: str, where: str, problems: Problems) -> Any:
        if not isinstance(value, str) or not value:
            problems.add(f"{where}: {value!r} given; give a path")
            return None
        place = value if kind == "celestrak" else str(self.folder / Path(value).expanduser())
        try:
            records = sources.read_input(kind, place, value)
            if kind != "celestrak":
                self.inputs[value] = sources.sha256_of(place)
            return records
        except InputError as error:
            for problem in error.problems:
                problems.add(f"{where}: {problem}")
            return None

    def _assume(self, where: str, value: Any, info: FieldInfo | None) -> None:
        self.assumptions.append(
            {
                "name": where,
                "value": value,
                "unit": info.unit if info else "",
                "meaning": info.doc if info else "",
            }
        )


# ---- checks of single values


def eqx_static(f: dataclasses.Field) -> bool:
    """Is the field part of a component's structure rather than a number of it?"""
    return bool(f.metadata.get("static", False))


def _checked(value: Any, kind: Any, info: FieldInfo | None, where: str, problems: Problems) -> Any:
    kinds = _kinds(kind)
    if bool in kinds or bool is kind:
        if not isinstance(value, bool):
            problems.add(f"{where}: {value!r} given; give true or false")
        return value
    if str in kinds and isinstance(value, str):
        if info is not None and info.choices and value not in info.choices:
            problems.add(
                f"{where}: {value!r} given; allowed are {', '.join(info.choices)}"
                + _near(value, info.choices)
            )
        return value
    wants_number = (int in kinds or float in kinds) and not isinstance(value, bool)
    if wants_number and isinstance(value, (int, float)):
        return _number(value, int in kinds and float not in kinds, info, where, problems)
    problems.add(f"{where}: {value!r} given; give {_wanted(kind, info)}")
    return None


def _number(
    value: float, whole: bool, info: FieldInfo | None, where: str, problems: Problems
) -> float | int | None:
    unit = f" {info.unit}" if info and info.unit not in ("", "1") else ""
    if math.isnan(value) or (whole and value != int(value)):
        problems.add(f"{where}: {value:g}{unit} given; give a {'whole ' if whole else ''}number")
        return None
    if info is not None and info.within is not None:
        low, high = info.within
        if not low <= value <= high:
            problems.add(f"{where}: {value:g}{unit} given; allowed are {_range(info)}")
    return int(value) if whole else float(value)


def _check_top_level(tree: dict[str, Any], problems: Problems) -> None:
    for alias in tree.get("aliases") or ():
        for key, value in (tree.get(alias) or {}).items():
            if value == "???":
                problems.add(f"{alias}.{key}: no value given; set it")
    known = (*SINGLE, *SEVERAL, *PLAIN, *(tree.get("aliases") or ()))
    for key in tree:
        if key not in known and not (key.startswith("_") and key.endswith("_")):
            problems.add(_unknown(key, key, known))


def _whole(tree: dict[str, Any], key: str, low: int, high: int, problems: Problems) -> int:
    value = tree.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        problems.add(f"{key}: {value!r} given; give a whole number from {low} to {high}")
        return low
    return value


def _columns(tree: dict[str, Any], problems: Problems) -> dict[str, tuple[str, ...]]:
    """Columns by name; without any, one column in which every threat acts."""
    threats = tuple(tree.get("threats") or ())
    given = tree.get("columns") or ({"attacked": list(threats)})
    columns: dict[str, tuple[str, ...]] = {}
    for name, causes in given.items():
        where = f"columns.{name}"
        if not str(name).isidentifier() or name == "healthy":
            problems.add(f"{where}: name a column by letters, digits and _, and not `healthy`")
        if isinstance(causes, str) or not isinstance(causes, Iterable):
            problems.add(f"{where}: {causes!r} given; list the threats that act in the column")
            continue
        for cause in causes:
            if cause not in threats:
                problems.add(
                    f"{where}: no threat is named {cause!r}; there are "
                    f"{', '.join(threats) or 'none'}; correct it, or set columns=null for one "
                    "column with every threat" + _near(str(cause), threats)
                )
        columns[str(name)] = tuple(causes)
    return columns


def _store_options(tree: dict[str, Any], problems: Problems) -> StoreOptions:
    node, allowed = tree.get("store") or {}, ("auto", "all", "first_1000", "none")
    _only(node, "store", ("paths",), problems)
    paths = node.get("paths", "auto")
    if paths not in allowed:
        problems.add(f"store.paths: {paths!r} given; allowed are {', '.join(allowed)}")
    return StoreOptions(str(paths))


def _run_options(tree: dict[str, Any], problems: Problems) -> RunOptions:
    node = tree.get("run") or {}
    _only(node, "run", ("threads", "block_draws"), problems)
    threads, block = node.get("threads"), node.get("block_draws")
    if threads is not None and (not isinstance(threads, int) or not 1 <= threads <= 1024):
        problems.add(f"run.threads: {threads!r} given; give 1 to 1024, or null for every core")
    if block is not None and block not in (32, 64, 128, 256):
        problems.add(f"run.block_draws: {block!r} given; allowed are 32, 64, 128, 256, or null")
    return RunOptions(threads, block)


def _only(node: dict[str, Any], where: str, known: Sequence[str], problems: Problems) -> None:
    for key in node:
        if key not in known:
            problems.add(_unknown(f"{where}.{key}", key, known))


def _check_together(parts: dict[str, Any], problems: Problems) -> None:
    """What no component can see by itself: metrics against times, flows against sites."""
    mode = parts["times"].mode
    for name, metric in parts["metrics"].items():
        if mode not in metric.modes:
            other = "times=episode" if mode == "snapshot" else "times=snapshot"
            problems.add(
                f"metrics.{name}: it needs {' or '.join(metric.modes)} times, but times are a "
                f"{mode}; run it with {other}, or leave it out"
            )
    try:
        parts["flows"].build(parts["sites"].build())
    except InputError as error:
        problems.take(error)


# ---- words


def _hydra_message(error: Exception, overrides: Sequence[str]) -> str:
    """What Hydra found wrong, in one sentence that names the override."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    if first.startswith("Could not override") or "not in struct" in first:
        return _no_such_key(first, overrides)
    if "Could not find" in first:
        group = first.partition("find '")[2].partition("/")[0]
        return f"{first.partition(': ')[2]}; `sdn-mc list {group}` shows what there is"
    given = [o for o in overrides if not _parses(o)]
    return f"{' '.join(given) or 'configuration'}: {first}; write key=value, lists as [a,b]"


def _no_such_key(first: str, overrides: Sequence[str]) -> str:
    """An override of a key that does not exist, with the nearest one that does."""
    named = first.partition("'")[2].partition("'")[0]
    given = next((o for o in overrides if o.lstrip("+~").partition("=")[0] == named), named)
    parent, _, key = named.rpartition(".")
    if "={" in given:
        return f"{given}: it would add keys to a mapping; write +{named}.NAME=… for each new one"
    try:
        rest = [o for o in overrides if o != given]
        node = OmegaConf.select(compose(rest), parent) if parent else compose(rest)
        known = [str(k) for k in node] if node is not None else []
    except InputError:
        known = []
    return f"{given}: there is no such key; `sdn-mc explain` shows a component's keys" + _near(
        key, known
    )


def _parses(override: str) -> bool:
    try:
        OverridesParser.create().parse_overrides([override])
    except HydraException:
        return False
    return True


def _unknown(where: str, key: str, known: Iterable[str]) -> str:
    names = [name for name in known if not name.startswith("_")]
    return f"{where}: unknown key; known are {', '.join(names)}" + _near(key, names)


def _near(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _kinds(kind: Any) -> tuple[Any, ...]:
    """The alternatives of an annotation."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return tuple(k for part in typing.get_args(kind) for k in _kinds(part))
    return (kind,)


def _wanted(kind: Any, info: FieldInfo | None) -> str:
    if info is not None and info.choices:
        return "one of " + ", ".join(info.choices)
    kinds = _kinds(kind)
    if float in kinds:
        return "a number" + (f", {_range(info)}" if info and info.within else "")
    if int in kinds:
        return "a whole number" + (f", {_range(info)}" if info and info.within else "")
    if str in kinds:
        return "a text"
    if any(typing.get_origin(k) is dict for k in kinds):
        return "a mapping"
    return "a list"


def _range(info: FieldInfo) -> str:
    assert info.within is not None
    unit = f" {info.unit}" if info.unit not in ("", "1") else ""
    return f"{info.within[0]:g} to {info.within[1]:g}{unit}"


def _meaning(info: FieldInfo | None) -> str:
    return info.doc.rstrip(".") if info else "see its documentation"


def _allowed(infos: dict[str, FieldInfo], name: str) -> str:
    return _meaning(infos.get(name))


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
