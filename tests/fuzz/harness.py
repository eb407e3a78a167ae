"""What every fuzz test holds a reader to: a right value or one clear refusal, soon, nothing else.

A case is made from a seed and its number, so that one that fails can be made again. While a reader
works, an audit hook of the interpreter notes the files it opens, the modules it imports, and every
attempt to start a process, to reach the network or to run code made of text.
"""

import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sdn_mc.core.problems import InputError

SEED_VARIABLE = "SDN_MC_FUZZ_SEED"  # a whole number, or "fresh"
COUNT_VARIABLE = "SDN_MC_FUZZ_CASES"  # fewer or more cases than `SLOW`
FAST, SLOW = 300, int(os.environ.get(COUNT_VARIABLE, "100000"))  # cases of a reader
LIMIT_S = 5.0  # of the processor for one case; most take less than a millisecond
WALL_PER_LIMIT = 20  # for what waits, on a busy machine
MEMORY_KB = 400_000  # that all cases of a reader may add to the process
LONGEST = 1000  # characters of one problem: file, what was given, what is allowed, what to do
FORBIDDEN = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn",
             "socket.", "urllib.", "shutil.", "os.remove", "os.rename", "os.rmdir", "os.mkdir",
             "os.symlink", "os.link", "os.truncate", "os.chmod", "ctypes.dlopen")  # fmt: skip
CODE = ("exec", "compile")
OURS = tuple(
    {str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix, Path(__file__).parents[2])}
)

_noted: list[tuple[str, Any]] | None = None


def _audit(event: str, given: tuple[Any, ...]) -> None:
    if _noted is None:
        return
    if event == "open" and isinstance(given[0], str | bytes):
        _noted.append(("open", (os.fsdecode(given[0]), given[1])))
    elif event.startswith(FORBIDDEN) or event in CODE:
        _noted.append((event, given))


sys.addaudithook(_audit)

SIZES = [
    pytest.param(FAST, id="few"),
    pytest.param(SLOW, id="many", marks=pytest.mark.slow),
]


def seed() -> int:
    """The seed of this session; printed with every failure, and by `hold`."""
    said = os.environ.get(SEED_VARIABLE, "1")
    return random.SystemRandom().randrange(2**32) if said == "fresh" else int(said)


class Hung(Exception):
    """A case took too long."""


@contextmanager
def watched(named: set[str], limit_s: float = LIMIT_S) -> Iterator[None]:
    """Fails on what a reader may not do; `named` are the files that it may open, to read."""
    global _noted

    def ring(*_: object) -> None:
        raise Hung

    clocks = (signal.SIGPROF, signal.ITIMER_PROF), (signal.SIGALRM, signal.ITIMER_REAL)
    before = [signal.signal(number, ring) for number, _ in clocks]
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    signal.setitimer(signal.ITIMER_REAL, limit_s * WALL_PER_LIMIT)
    _noted = noted = []
    try:
        yield
    finally:
        _noted = None
        for (number, clock), handler in zip(clocks, before, strict=True):
            signal.setitimer(clock, 0)
            signal.signal(number, handler)
    code_of_ours = False
    for event, given in noted:
        if event == "open":
            path, mode = given
            real = os.path.realpath(path)
            code_of_ours |= real.startswith(OURS)
            assert path in named or (real.startswith(OURS) and real not in named), f"opened {path}"
            assert mode in ("r", "rb", None), f"opened {path} as {mode}"
        elif event in CODE:  # modules of ours and of libraries, when first imported
            assert code_of_ours or _is_of_library(given), f"{event} of {given}"
        else:
            raise AssertionError(f"{event} {given}")


def _is_of_library(given: Any) -> bool:
    """Code and sources that say they come from an installed file, or from a library."""
    name = getattr(given[0], "co_filename", None) or (given[1] if len(given) > 1 else "")
    return str(name).startswith((*OURS, "<frozen", "<string>", "<@beartype", "<dynamic"))


def clear(error: InputError, start: str = "", most: int = 11) -> None:
    """Is the refusal one that a person can use? A file tells ten faults, and counts the others."""
    assert 1 <= len(error.problems) <= most, error.problems
    for problem in error.problems:
        assert problem.startswith(start), problem
        assert len(problem) <= LONGEST, problem
        assert "\n" not in problem and problem.isprintable(), repr(problem)


def hold(
    n_case: int,
    make: Callable[[random.Random], Any],
    read: Callable[[Any], Any],
    right: Callable[[Any, Any], None],
    named: set[str],
    start: str = "",
    most: int = 11,
    learned_kb: float = 0.0,
) -> None:
    """Read `n_case` made inputs; each must come out right, or be refused clearly.

    Args:
        n_case: how many.
        make: an input from random numbers.
        read: the reader.
        right: told the input and what was read; asserts that it is what the input says.
        named: the files that the reader may open.
        start: what every refusal begins with.
        most: faults that one refusal may tell.
        learned_kb: what the reader's library may keep of each case.
    """
    base, refused, begun = seed(), 0, time.monotonic()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for k in range(n_case):
        case = make(random.Random(f"{base}-{k}"))
        try:
            with watched(named):
                value = read(case)
        except InputError as error:
            refused += 1
            told(lambda error=error: clear(error, start, most), base, k, case)
            continue
        except BaseException as error:
            raise AssertionError(
                f"{_which(base, k, case)}\n{type(error).__name__}: {error}"
            ) from error
        told(lambda value=value, case=case: right(case, value), base, k, case)
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    spent = time.monotonic() - begun
    print(f"seed {base}: {n_case} cases, {refused} refused, {spent:.1f} s, {added} kB more")
    assert 0.05 * n_case <= refused <= 0.98 * n_case  # both ways are tried
    assert added < MEMORY_KB + learned_kb * n_case


def told(check: Callable[[], None], base: int, k: int, case: Any) -> None:
    """Let a check fail with the case that it failed for."""
    try:
        check()
    except Exception as error:
        raise AssertionError(f"{_which(base, k, case)}\n{type(error).__name__}: {error}") from error


def _which(base: int, k: int, case: Any) -> str:
    return f"seed {base}, case {k}: {case!r:.3000}"
