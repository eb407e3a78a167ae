"""First passages over small meshes against the exact chain of all their states, at 4 sigma."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from sdn_mc import engine
from sdn_mc.core.constants import S_PER_H
from sdn_mc.engine import Prepared
from sdn_mc.threats.compromise import contacts_of
from tests.engine.scenarios import GRID, often
from tests.small_run import small_run

N_DRAW = 4096
N_SAT = 5
EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (3, 4))
GREEN = (1, 3)  # every other satellite, each its own plane
RATE, CHI, OF_GREEN, DETECTION_H, REPAIR_H, GROUND = 0.3, 0.5, 1.7, 3.0, 2.0, 0.4
AT_H = (2.0, 4.0, 7.0)
SETTINGS = {
    "rate_per_h": RATE,
    "chi": CHI,
    "susceptibility": f"{{green: {OF_GREEN}}}",
    "detection_h": DETECTION_H,
    "repair_h": REPAIR_H,
    "ground_rate_per_h": GROUND,
    "onset_s": 600,
}
State = tuple[str, ...]  # of each satellite, then of what else must be known


def five(folder: Path, **settings) -> Prepared:
    """Five satellites in a mesh of six links."""
    links = folder / "links.csv"
    links.write_text("source,destination\n" + "".join(f"{a},{b}\n" for a, b in EDGES))
    words = [f"threats.compromise.{k}={v}" for k, v in (SETTINGS | settings).items()]
    return small_run(
        "constellation.shells.shell.satellites=5",
        "constellation.shells.shell.planes=5",
        "topology=explicit",
        f"topology.path={links}",
        "topology.max_range_km=null",
        "topology.grazing_km=null",
        "threats=[compromise]",
        *(f"++{word}" if "susceptibility" in word else word for word in words),
    )


def windows_of(run: Prepared, n_draw: int = N_DRAW) -> tuple[np.ndarray, np.ndarray, dict]:
    """Start and end of each satellite's loss, h after the onset [sat, draw]; inf: never."""
    drawn, outages = engine.sample_draws(run, 0, np.arange(n_draw, dtype=np.uint32))
    (part,) = outages["compromise"]
    start, end = np.full((2, run.fleet.n_sat, n_draw), np.inf)
    start[part.entity, part.draw], end[part.entity, part.draw] = part.start_s, part.end_s
    onset_s = drawn["compromise.onset_s"]
    return (start - onset_s) / S_PER_H, (end - onset_s) / S_PER_H, drawn


def rate(source: int, target: int) -> float:
    same = (source in GREEN) == (target in GREEN)
    return RATE * (1 if same else CHI) * (OF_GREEN if target in GREEN else 1)


def infections(state: State) -> Iterator[tuple[float, int]]:
    """S may be infected by a neighbour that is I."""
    for a, b in EDGES:
        for source, target in ((a, b), (b, a)):
            if state[source] == "I" and state[target] == "S":
                yield rate(source, target), target


def put(state: State, at: int, value: str) -> State:
    return (*state[:at], value, *state[at + 1 :])


def quarantine(state: State) -> Iterator[tuple[float, State]]:
    """S to I to isolated (Q) to clean (R), each satellite by itself."""
    for speed, target in infections(state):
        yield speed, put(state, target, "I")
    for sat in range(N_SAT):
        if state[sat] in "IQ":
            mean_h, after = (DETECTION_H, "Q") if state[sat] == "I" else (REPAIR_H, "R")
            yield 1 / mean_h, put(state, sat, after)


def patch(state: State) -> Iterator[tuple[float, State]]:
    """The last three: alarm, and which of the two groups are patched. All of a group become R."""
    for speed, target in infections(state):
        yield speed, put(state, target, "I")
    if state[5] == "quiet":
        for _ in range(state.count("I")):
            yield 1 / DETECTION_H, put(state, 5, "alarm")
        return
    for which, members in ((6, [0, 2, 4]), (7, list(GREEN))):
        if state[which] == "open":
            after = put(state, which, "patched")
            for sat in members:
                after = put(after, sat, "R")
            yield 1 / REPAIR_H, after


def from_ground(moves: Callable) -> Callable:
    """The ground system, which is of one group with everybody, goes on infecting."""

    def more(state: State) -> Iterator[tuple[float, State]]:
        yield from moves(state)
        for sat in range(N_SAT):
            if state[sat] == "S":
                yield GROUND * (OF_GREEN if sat in GREEN else 1), put(state, sat, "I")

    return more


def exact_share_down(moves: Callable, start: State, down: str, at_h: float) -> np.ndarray:
    """Probability that each satellite is in one of the states `down`, from the matrix of rates."""
    states, todo, flows = {start: 0}, [start], []
    while todo:
        state = todo.pop()
        for speed, after in moves(state):
            if after not in states:
                states[after] = len(states)
                todo.append(after)
            flows.append((states[state], states[after], speed))
    matrix = np.zeros((len(states), len(states)))
    for a, b, speed in flows:
        matrix[a, b] += speed
        matrix[a, a] -= speed
    share = expm(matrix * at_h)[0]
    return np.array([sum(share[k] for s, k in states.items() if s[i] in down)
                     for i in range(N_SAT)])  # fmt: skip


def check(run: Prepared, moves: Callable, start: State, down: str, mine: np.ndarray | None) -> None:
    """Shares of draws (those of `mine`) in which each satellite is down, at several times."""
    begin, end, drawn = windows_of(run)
    if mine is None:
        mine = drawn["compromise.foothold"] == start.index("I")
    for at_h in AT_H:
        found = ((begin <= at_h) & (at_h < end))[:, mine].mean(axis=1)
        exact = exact_share_down(moves, start, down, at_h)
        # Draws are independent: binomial sigma of each satellite.
        assert np.all(np.abs(found - exact) < 4 * np.sqrt(exact * (1 - exact) / mine.sum()))
        assert exact.min() * mine.sum() > 5  # none is too rare to be seen


@pytest.mark.parametrize("foothold", [0, 1, 4])
def test_quarantine_is_the_chain_of_every_satellites_state(tmp_path, foothold):
    start = put(("S",) * N_SAT, foothold, "I")
    check(five(tmp_path, response="quarantine"), quarantine, start, "IQ", None)


@pytest.mark.parametrize("foothold", [0, 3])
def test_patching_is_the_chain_with_an_alarm_and_two_patches(tmp_path, foothold):
    start = (*put(("S",) * N_SAT, foothold, "I"), "quiet", "open", "open")
    check(five(tmp_path, response="patch"), patch, start, "I", None)


@pytest.mark.parametrize(
    "response, moves, rest, down",
    [("patch", patch, ("quiet", "open", "open"), "I"), ("quarantine", quarantine, (), "IQ")],
)
def test_a_ground_system_infects_its_own_satellites(tmp_path, response, moves, rest, down):
    run = five(tmp_path, response=response, foothold="constellation")
    every = np.ones(N_DRAW, bool)
    check(run, from_ground(moves), (*("S",) * N_SAT, *rest), down, every)


@pytest.mark.parametrize("response", ["patch", "quarantine"])
def test_a_wall_between_software_groups_holds(tmp_path, response):
    begin, _, drawn = windows_of(five(tmp_path, response=response, chi=0, detection_h=50), 512)
    foothold = drawn["compromise.foothold"]
    green = np.isin(np.arange(N_SAT), GREEN)
    reached = np.isfinite(begin)
    assert not np.any(reached[green][:, ~green[foothold]])
    assert not np.any(reached[~green][:, green[foothold]])
    assert np.any(reached.sum(axis=0) > 1)


def test_the_foothold_is_any_satellite_and_taken_with_its_probability(tmp_path):
    begin, _, drawn = windows_of(five(tmp_path, probability=0.4, rate_per_h=0))
    taken, foothold = drawn["compromise.taken"], drawn["compromise.foothold"]
    assert abs(taken.mean() - 0.4) < 4 * np.sqrt(0.24 / N_DRAW)
    share = np.bincount(foothold, minlength=N_SAT) / N_DRAW
    assert np.all(np.abs(share - 0.2) < 4 * np.sqrt(0.16 / N_DRAW))
    expected = (np.arange(N_SAT)[:, None] == foothold) & taken
    assert np.array_equal(begin == 0, expected) and np.array_equal(np.isfinite(begin), expected)


def test_contacts_are_the_links_of_the_healthy_mesh_by_their_share_of_time():
    fixed = often(grid=(*GRID, "topology.mend=bypass", "topology.skip=2")).scenes[0].links
    found = contacts_of(fixed)
    assert np.array_equal(np.sort(found.neighbour), np.sort(fixed.neighbour[:, :4]))
    assert np.all(found.share == 1)  # standby links, beyond the fourth slot, are none
    moving = often("topology=nearest", grid=()).scenes[0].links
    found, n_time = contacts_of(moving), len(moving.delay_s)
    times = np.zeros((24, 24))
    for t in range(n_time):
        for a, p in np.argwhere(np.isfinite(moving.delay_s[t])):
            times[a, moving.neighbour[t, a, p]] += 1
    again = np.zeros((24, 24))
    np.add.at(again, (np.arange(24)[:, None], found.neighbour), found.share * n_time)
    assert np.allclose(again, times, atol=1e-4) and np.any((times > 0) & (times < n_time))
    linked = np.argwhere(times)
    number = {(a, b): found.link[a, list(found.neighbour[a]).index(b)] for a, b in linked}
    assert all(number[a, b] == number[b, a] for a, b in number)
    assert len(set(number.values())) == len(number) // 2
