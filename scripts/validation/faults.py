"""A run that is killed loses no bit; bad input is one message; only our own targets are built."""

import contextlib
import io
import json
import os
import random
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from scripts.validation.rows import Row, Setting, equal
from sdn_mc import cli, config, engine
from sdn_mc.core.problems import InputError
from sdn_mc.store import differences, open_store
from tests import test_cli
from tests.runner import test_killed as kills
from tests.runner_fleet import run_here
from tests.small_run import SMALL

UNTRUSTED = ("os.system", "subprocess.Popen", "builtins.eval", "evil.Walker", "sdn_mcx.Walker")


class Refusal(NamedTuple):
    """How a command ended."""

    status: object
    said: list[str]
    left: list[str]  # files that it wrote
    built: bool  # had it begun to build a scene?


def killed_run(setting: Setting) -> Iterator[Row]:
    """`kill -9` while blocks are written, then resume, against a run that nobody disturbed."""
    words = (*kills.KILLED, f"seed={setting.seed}")
    words = (*words[:-2], words[-1], words[-2])  # the count of draws is looked for at the end
    whole = run_here(setting.folder / "whole", *words[len(kills.FLEET) :])
    run, chance = setting.folder / "killed", random.Random(setting.seed)
    status = kills.killed(run, words, "writing", chance)
    n_kept = open_store(run).n_committed()
    how = "kill -9 while writing"
    yield equal("status of the killed process", status, -signal.SIGKILL, "", how)
    ended = kills.finished(kills.command("resume", str(run)), setting.folder)
    yield equal("status of its resumption", ended.returncode, 0, "", "sdn-mc resume")
    differ = ", ".join(differences(run, whole)) or "none"
    name = f"arrays that differ ({n_kept} of 1,300 draws were kept)"
    yield equal(name, differ, "none", "", "an undisturbed run")


def bad_input(setting: Setting) -> Iterator[Row]:
    """Every kind of wrong word, file and value that the tests know."""
    found = {
        name: (refusal(setting.folder, command), words)
        for name, (command, words) in test_cli.BAD_INPUT.items()
    }
    n, wrong = len(found), {}
    wrong["one message that says what is wrong"] = [
        k for k, (r, words) in found.items() if len(r.said) != 1 or not re.search(words, r.said[0])
    ]
    wrong["exit status 2"] = [k for k, (r, _) in found.items() if r.status != 2]
    wrong["nothing written"] = [k for k, (r, _) in found.items() if r.left]
    wrong["before a scene is built"] = [k for k, (r, _) in found.items() if r.built]
    for what, names in wrong.items():
        got = "; ".join(names)[:80] or "all"
        yield equal(f"{n} wrong inputs: {what}", got, "all", "", "tests/test_cli.py")
    many = "drawz=3", "draws=0", "access.min_elevation_deg=95", "sites.sites.Paris=[95, 0, 0]"
    n_said = len(refusal(setting.folder, ("run", *many)).said)
    yield equal("four faults at once are told together", n_said, 4, "messages", "")


def refusal(folder: Path, command: tuple[str, ...]) -> Refusal:
    """A command in this process, in a folder with some faulty files."""
    for name, data in test_cli.FILES.items():
        (folder / name).write_bytes(data)
    before, built, told = set(folder.rglob("*")), [], io.StringIO()

    def build(*_: object) -> None:
        built.append(True)
        raise SystemExit("a scene was built")

    status: object = 0
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stderr(told),
        contextlib.redirect_stdout(io.StringIO()),
        mock.patch.object(engine, "prepare", build),
        mock.patch.object(sys, "argv", ["sdn-mc"]),
        mock.patch.dict(os.environ, {"HYDRA_FULL_ERROR": "1"}),
    ):
        try:
            cli.main(list(command))
        except SystemExit as end:
            status = end.code
    said = [line.removeprefix("error: ") for line in told.getvalue().splitlines()]
    left = sorted(str(path) for path in set(folder.rglob("*")) - before)
    return Refusal(status, said, left, bool(built))


def trusted_targets(setting: Setting) -> Iterator[Row]:
    """Code that was not named by the user is not imported, whoever asks for it."""
    mark = setting.folder / "imported"
    (setting.folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n", encoding="utf-8")
    with contextlib.chdir(setting.folder), mock.patch.object(sys, "path", ["", *sys.path]):
        for target in UNTRUSTED:
            told = _refused(lambda t=target: config.load(config.compose(
                [*SMALL, "threats=none", f"constellation._target_={t}"])))  # fmt: skip
            yield equal(f"_target_: {target}", told, "refused", "", "not in plugins")
        run = run_here(setting.folder / "run", "draws=32")
        store = open_store(run)
        stored = json.loads(store.attributes()["config"])
        stored["constellation"]["_target_"] = "evil.Walker"
        stored["plugins"] = ["evil"]
        store.set_attributes({"config": json.dumps(stored)})
        ended = refusal(setting.folder, ("resume", str(run), "draws=64"))
        told = "refused" if ended.status == 2 and "outside sdn_mc" in ended.said[0] else "built"
        yield equal("evil.Walker in a stored configuration", told, "refused", "", "its own plugins")
    yield equal("modules imported by a stored or given target", int(mark.exists()), 0, "", "")


def _refused(load: object) -> str:
    try:
        load()  # type: ignore[operator]
    except InputError as error:
        return "refused" if "outside sdn_mc" in str(error) else str(error)[:60]
    return "built"


CHECKS = (killed_run, bad_input, trusted_targets)
