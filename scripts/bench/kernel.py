"""The latency kernel against other programs: core time per (draw, time, source), interleaved.

    python scripts/bench/kernel.py [--quick] [--sizes 340 1584 10076] [--json FILE]

Scenes are those of `problem.py`: ten sources to ten destinations each, losses drawn at 5 % and 30 %
of the satellites (with links and access links besides). Every repeat times each solver once, one
after the other, in process CPU time on one thread, so load from outside enters the ratios little;
printed are medians over repeats with the least and the greatest ratio to scipy. Mask words are
there beforehand, since the engine makes them so; a rival's time includes picking the entries of
its draw. What our solvers prepare once an epoch is told apart. The last columns are wall times of
one thread against two. `exact`: against scipy in the same run, over several seeds and times, the
same reachability and no difference beyond the rounding of the integer ticks.

Rivals that are not installed are left out: `pip install 'sdn-mc[bench]'` brings them.
"""

import argparse
import datetime as dt
import importlib.util
import json
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from problem import LOSSES, N_DESTINATION, N_SOURCE, SHELLS, Draws, draws_of, network_of
from rivals import RIVALS, Solve

from sdn_mc.core.network import TICK_S, Masks, Network
from sdn_mc.routing.elimination import plan_elimination, solve_planned
from sdn_mc.routing.pull_push import PullPush

# Times of a network: our solvers take all of them in one call, as the engine has them do.
N_TIME = {340: 32, 1584: 16, 10076: 2}
TIMED_TIME = 1  # rivals are timed at this one
EXACT_TIMES = (0, 1)
BLOCK_DRAWS = 256
# Draws that a rival is timed on, times that our solvers are called with different draws.
RIVAL_DRAWS = {340: 40, 1584: 16, 10076: 3}
BLOCKS = {340: 2, 1584: 1, 10076: 1}
EXACT_DRAWS = {340: 24, 1584: 8, 10076: 2}
MOST_LINKS = 250  # on a path: each may be off by half a tick
EXACT_S = MOST_LINKS * TICK_S / 2
MOST_RELAXATIONS = 3_000_000  # elimination of a mesh that needs more is no contender


class Contender(NamedTuple):
    """Something that is timed: a call, and how many (draw, time, source) it answers."""

    name: str
    call: Callable[[], Any]
    n_answer: int


def main() -> None:
    """Measure, print a table, write rows."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--quick", action="store_true", help="three repeats, no exactness at length")
    words.add_argument("--sizes", type=int, nargs="+", default=list(SHELLS), choices=list(SHELLS))
    words.add_argument("--json", type=Path, metavar="FILE")
    given = words.parse_args()
    rows = []
    print(heading(), flush=True)
    for n_sat in given.sizes:
        rows += measure(n_sat, n_repeat=3 if given.quick else 7, n_seed=1 if given.quick else 3)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def heading() -> str:
    """Machine, versions, date; then the head of the table."""
    names = ("sdn-mc", "numpy", "scipy", "numba", "networkit", "rustworkx", "igraph")
    told = ", ".join(f"{name} {found}" for name in names if (found := version_of(name)))
    today = f"{dt.date.today():%Y-%m-%d}"
    return (
        f"{processor()}; Python {platform.python_version()}, {told}; {today}\n\n"
        "| satellites | loss | solver | core-ns per (draw, time, source) | ratio to scipy "
        "[least - greatest] | exact | two threads | prepared in ms a time |\n"
        "|---|---|---|---|---|---|---|---|"
    )


def measure(n_sat: int, n_repeat: int, n_seed: int) -> list[dict[str, Any]]:
    """Rows of one size, printed as they are known."""
    network = network_of(n_sat, N_TIME[n_sat])
    solvers, prepared_ms = our_solvers(network)
    rivals = {
        name: make(network, TIMED_TIME)
        for name, make in RIVALS.items()
        if name == "numba heap" or importlib.util.find_spec(name) is not None
    }
    rows = []
    for loss in LOSSES:
        blocks = [draws_of(network, loss, BLOCK_DRAWS, 100 + k) for k in range(BLOCKS[n_sat])]
        exact = exactness(network, solvers, rivals, loss, n_seed)
        contenders = [rival(name, solve, blocks[0], n_sat) for name, solve in rivals.items()]
        contenders += [
            ours(name, solve, [b.masks for b in blocks]) for name, solve in solvers.items()
        ]
        core_s = interleaved(contenders, n_repeat)
        ratio = core_s[:, :1] / core_s
        for k, contender in enumerate(contenders):
            row = {
                "n": n_sat,
                "loss": loss,
                "solver": contender.name,
                "core_ns": float(np.median(core_s[:, k]) * 1e9),
                "ratio": float(np.median(ratio[:, k])),
                "ratio_least": float(ratio[:, k].min()),
                "ratio_greatest": float(ratio[:, k].max()),
                "exact": exact[contender.name],
            }
            if contender.name in prepared_ms:
                masks = [b.masks for b in blocks]
                row["two_threads"] = two_threads(solvers[contender.name], masks, n_repeat)
                row["prepared_ms"] = prepared_ms[contender.name]
            rows.append(row)
            print(line(row), flush=True)
    return rows


def our_solvers(network: Network) -> tuple[dict[str, Callable[[Masks], np.ndarray]], dict]:
    """Our compiled solvers, planned; and the milliseconds of planning, for each time."""
    found: dict[str, Callable[[Masks], np.ndarray]] = {}
    prepared_ms = {}

    def add(name: str, plan: Callable[[], Any], solve: Callable[[Any, Masks], Any]) -> None:
        plan()  # compiles
        began = time.process_time()
        planned = plan()
        prepared_ms[name] = (time.process_time() - began) * 1e3 / len(network.delay_s)
        if planned is not None:
            found[name] = lambda masks: solve(planned, masks).latency_s

    sweeps = PullPush(block_draws=BLOCK_DRAWS)
    add(
        "sdn_mc.elimination",
        lambda: plan_elimination(network, MOST_RELAXATIONS),
        lambda plan, masks: solve_planned(plan, masks, None, False),
    )
    add(
        "sdn_mc.pull_push",
        lambda: sweeps.prepare(network),
        lambda plan, masks: sweeps.solve(plan, masks, None, False),
    )
    return found, prepared_ms


def rival(name: str, solve: Solve, draws: Draws, n_sat: int) -> Contender:
    """A rival on the first draws of a block, at one time."""
    n_draw = RIVAL_DRAWS[n_sat]

    def call() -> None:
        for k in range(n_draw):
            solve(draws.link_up[..., k], draws.access_up[TIMED_TIME, ..., k])

    return Contender(name, call, n_draw * N_SOURCE)


def ours(name: str, solve: Callable[[Masks], Any], masks: list[Masks]) -> Contender:
    """One of our solvers on several blocks, at all times."""

    def call() -> None:
        for each in masks:
            solve(each)

    n_time = len(masks[0].link_up)
    return Contender(name, call, len(masks) * BLOCK_DRAWS * n_time * N_SOURCE)


def interleaved(contenders: list[Contender], n_repeat: int) -> np.ndarray:
    """Core seconds per answer, [repeat, contender]."""
    for contender in contenders:
        contender.call()
    core_s = np.empty((n_repeat, len(contenders)))
    for repeat in range(n_repeat):
        for k, contender in enumerate(contenders):
            began = time.process_time()
            contender.call()
            core_s[repeat, k] = (time.process_time() - began) / contender.n_answer
    return core_s


def two_threads(solve: Callable[[Masks], Any], masks: list[Masks], n_repeat: int) -> float:
    """Wall time of one thread over that of two, on the same blocks; median."""
    work = [masks[k % len(masks)] for k in range(max(8, 2 * len(masks)))]
    found = []
    for _ in range(n_repeat):
        wall_s = []
        for n_thread in (1, 2):
            with ThreadPoolExecutor(n_thread) as pool:
                list(pool.map(solve, work[:n_thread]))
                began = time.perf_counter()
                list(pool.map(solve, work))
                wall_s.append(time.perf_counter() - began)
        found.append(wall_s[0] / wall_s[1])
    return float(np.median(found))


def exactness(
    network: Network,
    solvers: dict[str, Callable[[Masks], np.ndarray]],
    rivals: dict[str, Solve],
    loss: float,
    n_seed: int,
) -> dict[str, bool]:
    """Whether each solver agrees with scipy: reachability, and latency to the ticks' rounding."""
    n_draw = EXACT_DRAWS[network.delay_s.shape[1]]
    exact = dict.fromkeys([*rivals, *solvers], True)
    for seed in range(n_seed):
        draws = draws_of(network, loss, 32 * -(-n_draw // 32), seed)
        answers = {name: solve(draws.masks) for name, solve in solvers.items()}
        for at in EXACT_TIMES:
            truth = RIVALS["scipy"](network, at)
            others = {n: RIVALS[n](network, at) for n in rivals} if seed == 0 else {}
            for k in range(n_draw):
                flags = draws.link_up[..., k], draws.access_up[at, ..., k]
                expected = truth(*flags)
                for name, solve in others.items():
                    exact[name] &= agrees(solve(*flags), expected)
                for name, answer in answers.items():
                    found = answer[at, :, k].reshape(N_SOURCE, N_DESTINATION)
                    exact[name] &= agrees(found, expected)
    return exact


def agrees(found: np.ndarray, expected: np.ndarray) -> bool:
    """Equal up to rounding, and unreachable where that is."""
    reached = np.isfinite(expected)
    if not np.array_equal(np.isfinite(found), reached):
        return False
    return bool(np.all(np.abs(found[reached] - expected[reached]) <= EXACT_S))


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    ratio = f"{row['ratio']:.3g} [{row['ratio_least']:.3g} - {row['ratio_greatest']:.3g}]"
    threads = f"{row['two_threads']:.2f}" if "two_threads" in row else "-"
    prepared = f"{row['prepared_ms']:.2g}" if "prepared_ms" in row else "-"
    return (
        f"| {row['n']:,} | {row['loss']:.0%} | {row['solver']} | {row['core_ns']:,.0f} | {ratio} | "
        f"{'yes' if row['exact'] else 'NO'} | {threads} | {prepared} |"
    )


def version_of(name: str) -> str:
    """The version of an installed package, or nothing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def processor() -> str:
    """Kind of processor and its vector instructions, as far as the system tells."""
    listed = Path("/proc/cpuinfo")
    text = listed.read_text(encoding="utf-8") if listed.is_file() else ""
    lines = dict(reversed([_pair(each) for each in text.splitlines() if ":" in each]))
    flags = lines.get("flags", "").split()
    widest = next((name for name in ("avx512f", "avx2") if name in flags), platform.machine())
    return f"{lines.get('model name', platform.processor() or platform.machine())}, {widest}"


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition(":")
    return key.strip(), value.strip()


if __name__ == "__main__":
    main()
