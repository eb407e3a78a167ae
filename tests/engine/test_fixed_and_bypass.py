"""Every third plane of a 72 x 22 shell lost: what is left where lasers cannot turn, or can.

With fixed lasers the surviving planes stand in couples that touch nobody: 24 rings of 44. Which
pairs of sites still have a path is then a matter of counting: both must see the same couple.
"""

from typing import NamedTuple

import numpy as np
import pytest

from sdn_mc import config, engine, graph
from sdn_mc.core.bits import unpack_draws
from sdn_mc.engine import Prepared
from sdn_mc.runner import prepare
from tests.crosscheck import inputs

SURVIVORS = inputs.N_SAT * 2 // 3


class Left(NamedTuple):
    """What is left after the loss."""

    run: Prepared
    reached: np.ndarray  # [time, pair]
    component: float  # smallest share over times of the survivors that are in one component


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Elements, sites, pairs, and the list of lost satellites; the overrides that name them."""
    folder = tmp_path_factory.mktemp("third_plane")
    inputs.write_hypatia_elements(folder / "fleet.tle")
    lost = [k for k in range(inputs.N_SAT) if k // inputs.SLOTS % 3 == 0]
    rows = "".join(f"satellite,{k},\n" for k in lost)
    (folder / "lost.csv").write_text("kind,a,b\n" + rows)
    return [
        *inputs.write_sites_and_pairs(folder),
        f"constellation.path={folder / 'fleet.tle'}",
        f"threats.explicit_loss.path={folder / 'lost.csv'}",
    ]


def left_with(files: list[str], mend: str, attachment: str) -> Left:
    """Ten instants over an orbit, one draw."""
    overrides = [
        "experiment=crosscheck",
        *(f"mesh.planes={inputs.PLANES}", f"mesh.slots={inputs.SLOTS}"),
        *("times.step_s=600", "times.count=10", "access.max_range_km=1089.6864182"),
        *(f"topology.mend={mend}", f"access.attachment={attachment}", "solver=pull_push"),
    ]
    run = prepare(config.load(config.compose([*overrides, *files])))
    scene = run.scenes[0]
    reached = np.isfinite(engine.run_block(run, 0, 1).series["attacked"].latency_s[0])
    _, outages = engine.sample_draws(run, 0, np.arange(32, dtype=np.uint32))
    (masks,) = engine.masks_at(run, 0, outages, run.columns, scene.time_s, 32)
    link = unpack_draws(np.moveaxis(masks.link_up, 1, -1))[..., 0] & np.isfinite(
        scene.links.delay_s
    )
    up = np.arange(inputs.N_SAT) // inputs.SLOTS % 3 != 0
    assert up.sum() == SURVIVORS
    shares = [graph.largest_component_share(scene.links.neighbour, one, up) for one in link]
    return Left(run, reached, min(shares))


def sees_the_same_couple(run: Prepared) -> np.ndarray:
    """[time, pair]: do both sites see a satellite of the same two surviving neighbour planes?"""
    scene = run.scenes[0]
    plane = scene.access.sat // inputs.SLOTS
    there = np.isfinite(scene.access.delay_s) & (plane % 3 != 0)
    couple = np.where(there, plane // 3, -1)
    ends = zip(scene.flows.pair_source, scene.flows.pair_destination, strict=True)
    found = [[bool((set(at[a]) & set(at[b])) - {-1}) for at in couple] for a, b in ends]
    return np.array(found).T


def test_fixed_lasers_leave_couples_of_planes(files):
    left = left_with(files, "fixed", "any")
    assert left.component == 44 / SURVIVORS < 0.1
    assert np.array_equal(left.reached, sees_the_same_couple(left.run))
    assert not left.reached.all()


def test_fixed_lasers_lose_most_pairs_where_a_site_uses_its_highest_satellite(files):
    left = left_with(files, "fixed", "best_elevation")
    # 60 pair-times, strongly correlated: 0.13 over a day; one in two would be another model.
    assert left.reached.mean() < 0.5


@pytest.mark.parametrize("attachment", ["any", "best_elevation"])
def test_lasers_that_turn_past_the_lost_planes_keep_everything(files, attachment):
    left = left_with(files, "bypass", attachment)
    assert left.component == 1.0
    assert left.reached.all()
