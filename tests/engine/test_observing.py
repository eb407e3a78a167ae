"""What metrics observe: the masks of the present, draw by draw, in any blocks, healthy too."""

import numpy as np
import pytest

from sdn_mc import engine, graph
from sdn_mc.core.bits import unpack_draws
from sdn_mc.metrics.giant_component import LARGEST, LINKED
from sdn_mc.runner.blocks import Workers, computed
from tests.engine.scenarios import often
from tests.small_run import small_job, small_run

OBSERVED = "metrics=[availability,giant_component]"


@pytest.mark.parametrize("policy", [(), ("routing=lagged", "routing.lag_s=3000")])
def test_the_masks_of_the_present_are_observed(policy):
    run = often(OBSERVED, *policy)
    scene = run.scenes[0]
    observed = engine.run_block(run, 0, 40).series["attacked"].observed
    assert observed[LARGEST].shape == (40, len(scene.time_s))
    outages = engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))[1]
    (masks,) = engine.masks_at(run, 0, outages, run.columns, scene.time_s, 64)
    up = unpack_draws(np.moveaxis(np.asarray(masks.link_up), 1, -1))
    up &= np.isfinite(scene.links.delay_s)[..., None]
    for draw, time in ((0, 0), (17, 3), (39, 5)):
        size = np.bincount(graph.component_of(scene.links.neighbour, up[time, :, :, draw]))
        assert observed[LARGEST][draw, time] == size.max(initial=0, where=size > 1)
        assert observed[LINKED][draw, time] == size[size > 1].sum()
    healthy = run.healthy[0].observed[LARGEST]
    assert healthy.shape == (1, len(scene.time_s))
    assert observed[LARGEST].mean() < healthy.mean()


def test_parts_of_a_block_are_joined_in_draw_order():
    words = ("threats=[satellite_failure]", "threats.satellite_failure.rate_per_year=300", OBSERVED)
    job, run = small_job(*words, "run.block_draws=32", "draws=70"), small_run(*words)
    whole = engine.run_block(run, 0, 70).series["attacked"].observed[LARGEST]
    with Workers(1) as pool:
        ((_, block),) = computed(pool, job, run, [0], {})
    np.testing.assert_array_equal(block.series["attacked"].observed[LARGEST], whole)


def test_nothing_is_observed_where_no_metric_looks():
    run = small_run("threats=[satellite_failure]")
    assert run.healthy[0].observed is None
