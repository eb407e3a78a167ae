"""Networks whose reliability is known exactly, and percolation, by the chain of a run.

Several graphs lie side by side in one fleet, each with a user aboard either terminal. Links are
lost independently (`link_loss`), or satellites by their rate and replacement. Exact values: the
factoring theorem, checked against brute force on the small graphs; series and parallel by hand.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scripts.validation.rows import SIGMAS, Row, Setting, equal, near, share
from sdn_mc import config, engine
from sdn_mc.core.constants import DRAWS_PER_GROUP
from sdn_mc.engine import Prepared
from sdn_mc.runner import prepare
from tests.threats import test_percolation as lattice
from tests.users_run import aboard, users_tree

Links = list[tuple[int, int]]
EXACT = "exact, factoring"
BY_HAND = "closed form"
# Share of the survivors in the largest component of a 72 x 22 torus; standard error at most 0.012.
PERCOLATION = {0.1: 0.9999, 0.2: 0.998, 0.3: 0.981, 0.4: 0.731}
PERCOLATION_SIGMA = 0.012
RATE_PER_YEAR, REPLACEMENT_D = 2.0, 36.525  # so that rate * repair is 0.2 in days and years
UP = 1 / 1.2


class Graph(NamedTuple):
    """Links between nodes from 0 on, and the two terminals."""

    n_node: int
    links: Links
    ends: tuple[int, int]
    unreliability: dict[float, float]  # by the probability that a link is lost


def graphs() -> dict[str, Graph]:
    """All that lie in one fleet."""
    ring = [(k, (k + 1) % 20) for k in range(20)]
    jump = [10, 7, 4, -4, -7, 10, -4, 7, -7, 4] * 2  # LCF notation of the dodecahedron
    chords = {tuple(sorted((k, (k + jump[k]) % 20))) for k in range(20)}
    dodecahedron = ring + [(a, b) for a, b in sorted(chords)]
    torus = [(k, k // 4 * 4 + (k + 1) % 4) for k in range(16)]
    torus += [(k, (k + 4) % 16) for k in range(16)]
    square = [(k, k + 1) for k in range(9) if k % 3 < 2] + [(k, k + 3) for k in range(6)]
    return {
        "bridge of 5 links": Graph(
            4, [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)], (0, 3), {0.1: 1 - 0.97848}
        ),
        "grid of 3 x 3, corners": Graph(9, square, (0, 8), {0.1: 2.749782859300e-02}),
        "dodecahedron, antipodes": Graph(
            20, dodecahedron, (0, _farthest(20, dodecahedron)),
            {0.3: 1.685180584694e-01, 0.1: 2.879601253393e-03},
        ),
        "torus of 4 x 4": Graph(16, torus, (0, 10), {0.3: 2.314382297272e-02}),
        "5 links in series": Graph(
            6, [(k, k + 1) for k in range(5)], (0, 5),
            {q: 1 - (1 - q) ** 5 for q in (0.1, 0.3)},
        ),
        "3 ways of 2 links": Graph(
            5, [(0, k) for k in (1, 2, 3)] + [(k, 4) for k in (1, 2, 3)], (0, 4),
            {q: (1 - (1 - q) ** 2) ** 3 for q in (0.1, 0.3)},
        ),
    }  # fmt: skip


def two_terminal_reliability(setting: Setting) -> Iterator[Row]:
    """Unreliability of every graph, with latencies and without; and of satellites in series."""
    every, n_draw = graphs(), 4096 if setting.quick else 32_768
    found = lost_in(setting, every, n_draw, latencies=False)
    for name, graph in every.items():
        for q, exact in graph.unreliability.items():
            k = int(found[f"links_{round(10 * q)}"][:, list(every).index(name)].sum())
            source = BY_HAND if "series" in name or "ways" in name else EXACT
            yield share(f"{name}, {q:.0%} of links lost", k, n_draw, exact, source)
    series = list(every).index("5 links in series")
    k = int(found["satellites"][:, series].sum())
    name = "6 satellites in series, 2 failures a year, 36.525 d to replace"
    yield share(name, k, n_draw, 1 - UP**6, BY_HAND)
    again = lost_in(setting, every, 512, latencies=True)
    differ = sum(int((again[name] != found[name][:512]).sum()) for name in found)
    yield equal("answers of search and of shortest paths that differ", differ, 0, "of 9,216", "")


def lost_in(
    setting: Setting, every: dict[str, Graph], n_draw: int, latencies: bool
) -> dict[str, np.ndarray]:
    """Whether the terminals of each graph are cut off, [draw, graph], by column."""
    run = _run_of(setting, every, latencies)
    parts = [
        engine.run_block(run, first, DRAWS_PER_GROUP) for first in range(0, n_draw, DRAWS_PER_GROUP)
    ]
    return {
        column.name: np.concatenate(
            [np.isinf(p.series[column.name].latency_s[:, 0]) for p in parts]
        )
        for column in run.columns
    }


def _run_of(setting: Setting, every: dict[str, Graph], latencies: bool) -> Prepared:
    links, users, flows, first = [], {}, [], 0
    for k, graph in enumerate(every.values()):
        links += [(a + first, b + first) for a, b in graph.links]
        for end, node in zip("st", graph.ends, strict=True):
            users[f"{end}{k}"] = aboard(index=node + first)
        flows.append([f"{e}{k} shell p00 s{n + first:02d}" for e, n in zip("st", graph.ends)])  # noqa: B905
        first += graph.n_node
    path = _written(setting.folder / "links.csv", links)
    loss = "_target_: sdn_mc.threats.link_loss.LinkLoss, stream: null"
    tree = users_tree(
        users,
        flows,
        f"constellation.shells.shell.satellites={first}",
        "constellation.shells.shell.planes=1",
        "topology=explicit",
        f"topology.path={path}",
        *(f"topology.{limit}=null" for limit in ("max_range_km", "grazing_km", "max_rate_deg_s")),
        "times.count=1",
        f"seed={setting.seed}",
        "threats=[satellite_failure]",
        f"threats.satellite_failure.rate_per_year={RATE_PER_YEAR}",
        f"threats.satellite_failure.replacement_d={REPLACEMENT_D}",
        *(f"+threats.lost_{k}={{{loss}, probability: 0.{k}}}" for k in (1, 3)),
        "columns={links_1: [lost_1], links_3: [lost_3], satellites: [satellite_failure]}",
        "solver=pull_push",
        f"store.paths={'all' if latencies else 'none'}",
    )
    return prepare(config.load(tree))


def _written(path: Path, links: Links) -> Path:
    rows = "\n".join(f"{a},{b}" for a, b in links)
    path.write_text(f"source,destination\n{rows}\n", encoding="utf-8")
    return path


def _farthest(n_node: int, links: Links) -> int:
    """The node that is farthest from node 0."""
    distance = np.full((n_node, n_node), n_node)
    for a, b in links:
        distance[a, b] = distance[b, a] = 1
    for k in range(n_node):
        distance = np.minimum(distance, distance[:, k : k + 1] + distance[k])
    return int(np.argmax(distance[0, 1:]) + 1)


def percolation(setting: Setting) -> Iterator[Row]:
    """Clusters around a square lattice at its threshold; what is left of a torus in one piece."""
    n_draw = 384 if setting.quick else 3072
    around, _ = lattice.found(lattice.THRESHOLD, n_draw, setting.seed)
    source = "Newman & Ziff 2001"
    for name, k, exact in (
        ("around planes", around[:, 0].sum(), lattice.AROUND_ONE),
        ("around slots", around[:, 1].sum(), lattice.AROUND_ONE),
        ("around either", around.any(axis=1).sum(), lattice.AROUND_ANY),
    ):
        tolerance = SIGMAS * np.sqrt(exact * (1 - exact) / n_draw) + lattice.FINITE
        name = f"clusters {name} of 24 x 24 at the threshold"
        yield near(name, k / n_draw, exact, tolerance, f"of {n_draw}", source)
    for lost, exact in PERCOLATION.items():
        _, shares = lattice.found(1 - lost, 32, setting.seed, planes=72, slots=22)
        error = np.hypot(PERCOLATION_SIGMA, shares.std(ddof=1) / np.sqrt(len(shares)))
        name = f"largest part of a torus of 72 x 22, {lost:.0%} of satellites lost"
        yield near(name, float(shares.mean()), exact, SIGMAS * error, "", "independent simulation")


CHECKS = (two_terminal_reliability, percolation)
