"""A whole run against its solves alone; and how time and memory grow.

    python scripts/bench/whole_run.py [--quick] [--json FILE]

Each case is a process of its own, so its memory peak is its own. It runs a study of a Walker shell
from the configuration to the summary, then solves some blocks again by themselves, on one thread:
`ratio` is the wall time of the run, from the first block to the summary, over the core time of
its solves divided by the cores. `masks` is the share of drawing causes and making mask words in the
core time of a block. The base case is 1,584 satellites, 96 times, twelve sources and 1,024 draws;
each curve changes one number of it. `ten threats` has ten instances, two of them for every
element; `turning` lets every terminal re-point every 35 minutes for 15 seconds besides.
"""

import argparse
import datetime as dt
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SHELLS = {
    "480": (480, 24, 13, 577, 70),
    "1584": (1584, 72, 17, 550, 53),
    "10080": (10080, 126, 17, 550, 53),
    "30240": (30240, 252, 17, 550, 53),
}
BASE = {"shell": "1584", "draws": 1024, "times": 96, "sources": 12, "threats": "two"}
CURVES: dict[str, list[dict[str, Any]]] = {
    "threats": [{}, {"threats": "ten"}, {"threats": "turning"}],
    "draws": [{"draws": n} for n in (256, 4096, 10_240)],
    "times": [{"times": n} for n in (24, 384)],
    "satellites": [{"shell": name} for name in ("480", "10080")],
    "sources": [{"sources": n} for n in (1, 4, 40)],
}
LONG: dict[str, list[dict[str, Any]]] = {
    "draws, 480 satellites": [
        {"shell": "480", "times": 24, "draws": n} for n in (1024, 10_240, 102_400)
    ],
    "30,240 satellites": [{"shell": "30240", "times": 24, "draws": 256}],
}
LABELS = "sdn_mc.constellation.labels"
GROUP_OUTAGE = "_target_: sdn_mc.threats.group_outage.GroupOutage"
GROUP_FAULT = "_target_: sdn_mc.threats.group_fault.GroupFault"
FAULT = "onset_s: null, stream: null, repair_h: 2.5"
CITIES = (
    "New York", "London", "Singapore", "Los Angeles", "Tokyo", "Sao Paulo", "Djibouti", "Manama",
    "Denver", "Honolulu", "Manila", "Seoul", "Seattle", "Cape Town", "Delhi", "Sydney", "Dubai",
    "Paris", "Berlin", "Rome", "Warsaw", "Oslo", "Cairo", "Nairobi", "Lagos", "Taipei", "Darwin",
    "Perth", "Auckland", "Bogota", "Santiago", "Miami", "Toronto", "Chicago", "Mexico City",
    "Panama City", "Anchorage", "Hagatna Guam", "Washington DC", "mid-Pacific ship",
)  # fmt: skip


def main() -> None:
    """Run every case, print a table, write rows."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--quick", action="store_true", help="the base case and the threats only")
    words.add_argument("--long", action="store_true", help="10^5 draws and 30,240 satellites too")
    words.add_argument("--json", type=Path, metavar="FILE")
    words.add_argument("--case", help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.case:
        print(json.dumps(measured(json.loads(given.case))))
        return
    curves = {"threats": CURVES["threats"]} if given.quick else CURVES
    print(heading(), flush=True)
    rows = []
    for name, changes in (curves | (LONG if given.long else {})).items():
        for change in changes:
            case = BASE | change
            command = [sys.executable, __file__, "--case", json.dumps(case)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            row = {"curve": name, **case, **json.loads(done.stdout.splitlines()[-1])}
            rows.append(row)
            print(line(row), flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def heading() -> str:
    """Machine and date; then the head of the table."""
    from kernel import processor

    return (
        f"{processor()}; Python {platform.python_version()}; {dt.date.today():%Y-%m-%d}\n\n"
        "| curve | satellites | times | sources | draws | threats | wall s | expected s | ratio | "
        "masks | peak MB |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    return (
        f"| {row['curve']} | {int(row['shell']):,} | {row['times']} | {row['sources']} | "
        f"{row['draws']:,} | {row['threats']} | {row['wall_s']:.1f} | {row['expected_s']:.1f} | "
        f"{row['ratio']:.2f} | {row['masks']:.0%} | {row['peak_mb']:,.0f} |"
    )


def overrides(case: dict[str, Any]) -> list[str]:
    """The study as the command line has it."""
    n_sat, n_plane, phasing, altitude_km, inclination_deg = SHELLS[case["shell"]]
    shell = "constellation.shells.shell"
    flows = [f"[{a},{b}]" for a, b in zip(CITIES, CITIES[1:] + CITIES[:1], strict=True)]
    return [
        "constellation=walker",
        f"{shell}.satellites={n_sat}",
        f"{shell}.planes={n_plane}",
        f"{shell}.phasing={phasing}",
        f"{shell}.altitude_km={altitude_km}",
        f"{shell}.inclination_deg={inclination_deg}",
        *labels(),
        f"flows.flows=[{','.join(flows[: case['sources']])}]",
        f"times.count={case['times']}",
        "times.n_epoch=1",
        f"draws={case['draws']}",
        "columns=null",
        "metrics=[availability,latency]",
        "store.paths=none",
        *threats(case["threats"]),
    ]


def labels() -> list[str]:
    """Groups that may fail together."""
    bus = f"{{_target_: {LABELS}.Blocks, values: [a, b, c], sizes: null, by: plane}}"
    software = f"{{_target_: {LABELS}.Alternate, values: [blue, green], by: plane}}"
    return [f"+constellation.labels.bus={bus}", f"+constellation.labels.software={software}"]


def threats(how: str) -> list[str]:
    """Two, ten, or ten and every terminal turning."""
    chosen = ["threats=[satellite_failure,terminal_failure]"]
    if how == "two":
        return chosen
    for k in range(6):
        fields = f"label: plane, groups: null, rate_per_year: {k + 1}, repair_h: 6"
        chosen.append(f"+threats.plane_{k}={{{GROUP_OUTAGE}, {fields}}}")
    one = f"label: software, groups: [blue], probability: 1.0, {FAULT}"
    some = f"label: bus, groups: null, probability: 0.3, {FAULT}"
    chosen += [f"+threats.blue={{{GROUP_FAULT}, {one}}}", f"+threats.bus={{{GROUP_FAULT}, {some}}}"]
    if how == "turning":
        fields = "rate_per_year: 15027, repair_d: 1.7361e-4"
        kind = "_target_: sdn_mc.threats.terminal_failure.TerminalFailure"
        chosen.append(f"+threats.turning={{{kind}, {fields}}}")
    return chosen


def measured(case: dict[str, Any]) -> dict[str, float]:
    """One case: the run, then its solves alone."""
    from rich.console import Console

    from sdn_mc import config, runner
    from sdn_mc.runner import blocks

    job = config.job_of(overrides(case))
    times: dict[str, float] = {}
    fill, first_parts = runner.fill, blocks.first_parts

    def timed_fill(*words: Any) -> None:
        began = time.perf_counter()
        fill(*words[:-1], {})  # nothing known: the run computes every block
        times["wall_s"] = time.perf_counter() - began

    def noted_parts(*words: Any) -> Any:
        known, times["expected_s"] = first_parts(*words)
        return known, times["expected_s"]

    runner.fill, runner.first_parts = timed_fill, noted_parts
    with tempfile.TemporaryDirectory() as folder:
        runner.run(job, Path(folder) / "run", Console(quiet=True))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    solve_s, masks_s = of_a_block(job, runner.prepare(job), min(256, case["draws"]))
    solves_s = solve_s * -(-case["draws"] // 256) / blocks.n_thread(job)
    share = masks_s / (masks_s + solve_s)
    return {**times, "ratio": times["wall_s"] / solves_s, "masks": share, "peak_mb": peak_mb}


def of_a_block(job: Any, run: Any, n_draw: int) -> tuple[float, float]:
    """Core seconds of a block's solve, and of its causes and masks, on one thread; medians."""
    import numpy as np

    from sdn_mc import engine

    found = []
    for k in range(5):
        draws = np.arange(n_draw, dtype=np.uint32)
        began = time.process_time()
        _, outages = engine.sample_draws(run, 0, draws)
        (masks,) = engine.masks_at(run, 0, outages, run.columns, run.scenes[0].time_s, n_draw)
        made = time.process_time()
        run.system.routing.route(run.solver, run.plans[0], [masks], run.asked.hops)
        if k:  # the first one compiles
            found.append((time.process_time() - made, made - began))
    solve_s, masks_s = np.median(found, axis=0)
    return float(solve_s), float(masks_s)


if __name__ == "__main__":
    main()
