"""Configurations as enemies: built and checked, or refused in full sentences; nothing else is run.

Three readers: the checker of a composed or stored configuration (`load`), Hydra with overrides, and
Hydra with YAML files of the user's. The last two take a tenth of a second for our whole
configuration, so that most cases compose a small one of the same kind.
"""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from sdn_mc import config
from sdn_mc.config import composing
from sdn_mc.config.sweep import sweep_of
from sdn_mc.core.problems import InputError
from tests.fuzz.harness import FAST, SLOW, clear, hold, watched
from tests.fuzz.mutations import NUMBERS, TEXTS, changed
from tests.small_run import SIX_INSTANTS, SMALL

TARGETS = (
    "os.system", "builtins.eval", "builtins.exec", "subprocess.Popen", "sdn_mc.cli.main", "sdn_mc",
    "sdn_mc.", ".", "", "sdn_mc..x", "sdn_mc.threats.spares.Spares", "sdn_mc.sources.celestrak.os",
    "sdn_mc.sources.celestrak.urllib", "sdn_mc.core.distributions.Uniform", "sdn_mc.runner.run",
    "sdn_mc.config.building.Builder", "sdn_mc.config.building.importlib", "sdn_mcx.evil.Thing",
    "sdn_mc.constellation.labels.Table", "sdn_mc.constellation.labels.ByName", "sdn_mc/../x.y",
    "sdn_mc.access.sites.Sites", "sdn_mc.constellation.walker.Walker", "sdn_mc.store.create",
    "sdn_mc.threats.adversary.Adversary", "sdn_mc.metrics.chain.Chain", "sdn_mc.é.X", 5, None, [],
    "sdn_mc.__main__.main", "sdn_mc.core.fields.eqx.Module", "pickle.loads", "sdn_mc.\ud800.x",
)  # fmt: skip
VALUES = (
    None, True, False, 0, -1, 1, 7, 10**9, 10**30, 2**63, 1e308, -1e308, 5e-324, -0.0, 0.5, 361.0,
    float("nan"), float("inf"), "", " ", "???", "null", "a", "../../../../etc/passwd", "/dev/zero",
    "~nobody/x", "${seed}", "$(reboot)", [], {}, [[]], [None], {"": None}, {"_target_": None},
    {1: 2},
    {None: 1}, {True: 1}, {1: 1, "1": 2}, (1, 2), b"x", {1, 2}, [1, "a", None], *TEXTS, *NUMBERS,
)  # fmt: skip
FULL = (
    "threats=[vendor_fault,cloud,spares,explicit_loss,group_shock]", "times=episode",
    "threats.explicit_loss.path=null", "metrics=[availability,deadline,time_to_restore]",
)  # fmt: skip


@pytest.fixture(scope="module")
def trees() -> list[dict[str, Any]]:
    """Small configurations as plain values; the second has more kinds of parts."""
    of = [[*SMALL, *SIX_INSTANTS], [*SMALL, *FULL, "columns=null"]]
    found = [json.loads(json.dumps(config.job_of(words).resolved)) for words in of]
    for target in TARGETS:  # what may be imported is, so that later cases are quick
        tree = copy.deepcopy(found[0])
        tree["earth"] = {"_target_": target}
        with pytest.raises(InputError):
            config.load(tree)
    return found


# ---- the checker


@pytest.mark.parametrize("n_case", [FAST // 6, pytest.param(SLOW, marks=pytest.mark.slow)])
def test_any_tree_of_values_is_a_checked_job_or_refused(n_case, trees, tmp_path):
    def make(rng: random.Random) -> dict[str, Any]:
        tree = copy.deepcopy(rng.choice(trees))
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            change_tree(tree, rng)
        return tree

    def right(tree: dict[str, Any], job: config.Job) -> None:
        assert job.seed == tree["seed"] and job.draws == tree["draws"]
        assert set(job.parts["threats"]) == set(map(str, tree.get("threats") or {}))
        again = config.load(job.resolved, str(tmp_path), ())
        assert json.dumps(again.resolved) == json.dumps(job.resolved)

    hold(n_case, make, lambda tree: config.load(tree, str(tmp_path), ()), right, set(), most=200)


def change_tree(tree: dict[str, Any], rng: random.Random) -> None:
    """One thing is set, taken away, put beside, moved, renamed or wrapped."""
    places = list(places_of(tree))
    node, key = rng.choice(places)
    how = rng.randrange(8)
    if how < 3:
        node[key] = copy.deepcopy(rng.choice(VALUES))
    elif how == 3:
        del node[key]
    elif how == 4 and isinstance(node, dict):
        node[
            rng.choice(("_target_", "x", "", "name", "_assumed_", "a/b", "../x", 1, None, True))
        ] = copy.deepcopy(rng.choice((*VALUES, *TARGETS)))
    elif how == 5:
        targets = [place for place in places if place[1] == "_target_"]
        node, key = rng.choice(targets or places)
        node[key] = rng.choice(TARGETS)
    elif how == 6:
        other, there = rng.choice(places)
        node[key] = copy.deepcopy(other[there])
    else:
        for _ in range(rng.choice((1, 5, 60))):
            node[key] = rng.choice(([node[key]], {"x": node[key]}))


def places_of(node: Any):
    """Every container with every key of it."""
    inside = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(inside):
        yield node, key
        if isinstance(value, dict | list):
            yield from places_of(value)


# ---- overrides and YAML files


SMALL_CONFIG = """\
defaults: [{part: one}, _self_, {experiment: none}]
title: A study
draws: 1024
seed: 1
aliases: []
rates: {a: 0.5, b: [1, 2, x]}
hydra: {output_subdir: null}
"""
YAML_TEXTS = (
    "# @package _global_\ntitle: x\nseed: 3\nrates:\n  a: 1.5\n  c: &c {d: [1, 2]}\n  e: *c\n",
    "# @package _global_\ndefaults:\n  - override /part: two\nrates: {a: ${seed}, b: [x]}\n",
    '# @package _global_\ntitle: "2027-01-01"\nrates: {a: .5, "no": yes, t: 12e3, u: null}\n',
)
YAML_PARTS = (
    "&a ", "*a", "<<: *c", "!!python/object/apply:os.system ['true']", "!!python/name:os.system ",
    "!!binary aGk=", "!!set {a}", "!!timestamp 2027-01-01", "!x y", "{" * 500, "[" * 5000,
    "- " * 400,
    "? ", "--- ", "...", "%YAML 9.9\n", "${oc.env:HOME}", "${rates.a}", "${..a}",
    "${title}${title}",
    "${${title}}", "${oc.decode:1}", "${bad:", "${", "???", "1:30", "010", "0x1F", "1_000", ".inf",
    ".nan", "2027-01-01", "@", "`", "\t", "hydra: {callbacks: {x: {_target_: os.system}}}", "\r",
    "hydra: {job_logging: {handlers: {x: {'()': os.system}}}}", "|\n  a\n", ">-\n  a\n", "1: 2\n",
    "defaults: [../../../x]\n", "defaults: [{/experiment: x}]\n", "# @package a.b\n",
    "? [a]\n: b\n",
    "hydra: {searchpath: ['pkg://evil', 'file:///etc']}\n", "null: 1\n", "true: 1\n", "1.5: x\n",
)  # fmt: skip
OVERRIDES = (
    "seed=3", "rates.a=0.25", "+rates.z=[1,2,{a: b}]", "~rates.a", "part=two", "title='a b'",
    "rates.b=[a,'b c',\"d\"]", "+new={a: {b: c}}", "++rates.a=1e3", "experiment=file", "draws=null",
    "title=${seed}", "hydra.run.dir=x", "rates={a: 3}", "+part@other=one", "title=\"a\\'b\"",
)  # fmt: skip
OVERRIDE_PARTS = (
    "hydra.callbacks.x._target_=os.system", "+hydra.callbacks.x={_target_: os.system}", "a,b", "(",
    "range(1,9)", "choice(a,b)", "interval(0,1)", "glob(*)", "sort(3,1)", "int(x)", "json_str(1)",
    "{" * 60, "[" * 60, "${" * 40, "${oc.env:HOME}", "${a:${b:${c}}}", "@", "+", "~", "=", "==",
    "::",
    "hydra/launcher=evil", "hydra.searchpath=[pkg://evil]", "--config-dir=/", "-cn=x", "'", '"',
    "\\",
    "package", "_target_", "part=../../../etc/passwd", "part=[one,two]", "part=null", "9" * 5000,
)  # fmt: skip


@pytest.fixture
def small(tmp_path, monkeypatch) -> Path:
    """A small configuration in the place of ours, and a folder of the user's."""
    ours, mine = tmp_path / "ours", tmp_path / "mine"
    for folder in (ours / "part", ours / "experiment", mine / "experiment"):
        folder.mkdir(parents=True)
    (ours / "config.yaml").write_text(SMALL_CONFIG)
    (ours / "part" / "one.yaml").write_text("x: 1\n")
    (ours / "part" / "two.yaml").write_text("x: 2\n")
    (ours / "experiment" / "none.yaml").write_text("# @package _global_\n")
    monkeypatch.setattr(composing, "config_folder", lambda: ours)
    composing.compose([], [str(mine)])
    return tmp_path


def files_of(folder: Path) -> set[str]:
    return {str(file) for file in folder.rglob("*.yaml")}


# Collected while Hydra is at the end of the stack, JAX's callback has no room: Python tells it.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <function _xla_gc_callback")
@pytest.mark.parametrize("n_case", [FAST // 6, pytest.param(SLOW, marks=pytest.mark.slow)])
def test_any_overrides_compose_or_are_refused(n_case, small):
    (small / "mine" / "experiment" / "file.yaml").write_text(YAML_TEXTS[0])

    def make(rng: random.Random) -> list[str]:
        return [changed_words(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))]

    def read(words: list[str]) -> Any:
        return composing.compose_most(words, [str(small / "mine")])

    def right(words: list[str], found: Any) -> None:
        composed, problems = found
        if problems:
            clear(InputError(list(problems._found)))
        else:
            assert composed is not None and "hydra" not in composed

    def refusing(words: list[str]) -> Any:
        composed, problems = read(words)
        problems.raise_all()
        return composed, problems

    # Hydra's parser (ANTLR) keeps what it learns of each text: 28 kB a case over 20,000.
    hold(n_case, make, refusing, right, files_of(small), learned_kb=40.0)


def changed_words(rng: random.Random) -> str:
    word = rng.choice(OVERRIDES)
    if rng.random() < 0.4:
        at = rng.choice((0, len(word), word.find("=") + 1))
        word = word[:at] + rng.choice(OVERRIDE_PARTS) + word[at:]
    return changed(word, rng) or "seed=1"


@pytest.mark.parametrize("n_case", [FAST // 6, pytest.param(SLOW, marks=pytest.mark.slow)])
def test_any_yaml_file_is_composed_or_refused_with_its_name(n_case, small):
    file = small / "mine" / "experiment" / "file.yaml"
    file.write_text("")
    named = files_of(small)

    def make(rng: random.Random) -> str:
        text = rng.choice(YAML_TEXTS)
        for _ in range(rng.choice((0, 1, 1, 2))):
            at = rng.choice([k for k, c in enumerate(text) if c in "\n :"]) + 1
            text = text[:at] + rng.choice(YAML_PARTS) + text[at:]
        text = changed(text, rng)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        return text

    def read(text: str) -> Any:
        return composing.compose(["experiment=file"], [str(small / "mine")])

    def right(text: str, composed: Any) -> None:
        assert "hydra" not in composed
        assert composed.seed not in (90, 8)  # 1:30 and 010

    hold(n_case, make, read, right, named)


# ---- bombs and code


BOMBS = {
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{chr(98 + k)}: &{chr(98 + k)} [{','.join([f'*{chr(97 + k)}'] * 9)}]\n" for k in range(9)
    ),
    "inside itself": "title: &t [*t]\n",
    "deep": "title: " + "[" * 5000 + "]" * 5000 + "\n",
    "deep in another": "a: {b: [x, " + "[" * 140_000 + "\n",
    "deep by aliases": "a0: &a0 [x]\n"
    + "".join(f"a{k}: &a{k} [*a{k - 1}]\n" for k in range(1, 900)),
    "references": "aliases: [x]\nx:\n  a0: xxxxxxxxxx\n"
    + "".join(f"  a{k + 1}: ${{x.a{k}}}${{x.a{k}}}\n" for k in range(40)),
    "references backwards": "aliases: [x]\nx:\n"
    + "".join(f"  a{k + 1}: ${{.a{k}}}${{.a{k}}}\n" for k in reversed(range(40)))
    + "  a0: xxxx\n",
    "references to itself": "title: ${title}\n",
    "references in a ring": "title: ${seed}\nseed: ${title}\n",
    "defaults in a ring": "defaults: [/experiment: bomb]\n",
    "large": "title: " + "x" * (1 << 21) + "\n",
    "long number": "seed: " + "9" * 5000 + "\n",
    "base 60": "seed: 1:30\n",
    "base 8": "seed: 010\n",
    "keys twice": "seed: 1\nseed: 2\n",
    "keys of other kinds": "earth: {null: 1}\n",
    "tag": "title: !!python/object/apply:os.system ['touch PWNED']\n",
    "tag of a path": "title: !!python/object/apply:pathlib.Path ['/etc']\n",
    "bytes": "title: !!binary aGk=\n",
    "list": "- 1\n",
    "text": "hello\n",
    "outside": "defaults: [../../../../../../etc/passwd]\n",
    "a callback": "hydra: {callbacks: {x: {_target_: os.system, command: touch PWNED}}}\n",
    "a logger": "hydra: {job_logging: {handlers: {x: {'()': os.system, command: touch PWNED}}}}\n",
    "a launcher": "hydra: {launcher: {_target_: subprocess.Popen, args: [touch, PWNED]}}\n",
    "a package": "# @package [[[[\ntitle: x\n",
    "a target": "earth: {_target_: os.system, command: touch PWNED}\n",
}


def test_a_package_that_hydra_stumbles_over_is_refused_by_its_line(small):
    file = small / "mine" / "experiment" / "file.yaml"
    file.write_text("# mine\n# @package [[[[\ntitle: x\n")
    with pytest.raises(InputError, match=r"file\.yaml, line 2: @package \[\[\[\[ given; write"):
        composing.compose(["experiment=file"], [str(small / "mine")])


@pytest.mark.parametrize("flags", [(), ("-m",)], ids=["run", "sweep"])
def test_brackets_without_an_end_are_refused_at_once(small, flags):
    words = ["rates.b=[a,'b c'," + "[" * 140_000, "seed=" + "[a," * 30_000]
    with (
        pytest.raises(InputError, match="more than 30 brackets") as caught,
        watched(files_of(small)),
    ):
        sweep_of(words) if flags else composing.compose(words, [])
    clear(caught.value)
    assert len(caught.value.problems) == 2


def test_a_search_path_that_is_not_there_is_refused(small):
    with pytest.raises(InputError, match=r"^hydra\.searchpath: path=evil is not available"):
        composing.compose(["hydra.searchpath=[pkg://evil]"], [])
    with pytest.raises(InputError, match=r"path=.*nowhere is not available"):
        composing.compose([f"hydra.searchpath=[file://{small}/nowhere]"], [])


AFTER_COMPOSING = ("keys of other kinds", "a target")  # what Hydra has no objection to


@pytest.mark.parametrize("name", BOMBS)
def test_a_hostile_file_of_the_users_is_refused_at_once(name, small, monkeypatch):
    monkeypatch.chdir(small)
    (small / "mine" / "experiment" / "bomb.yaml").write_text("# @package _global_\n" + BOMBS[name])
    words, folders = ["experiment=bomb"], [str(small / "mine")]
    if name in AFTER_COMPOSING:
        monkeypatch.undo()
        words = [*SMALL, *words]
    with pytest.raises(InputError) as caught, watched(files_of(small), limit_s=30):
        config.job_of(words, folders) if name in AFTER_COMPOSING else composing.compose(
            words, folders
        )
    clear(caught.value)
    assert not (small / "PWNED").exists() and not Path("PWNED").exists()
