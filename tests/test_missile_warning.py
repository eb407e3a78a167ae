"""`missile_warning` at its limits: light time alone; no command node; a second one."""

import numpy as np
import pytest

import sdn_mc

pytestmark = pytest.mark.slow
STAGES = ("detect", "process", "decide", "last_mile")
BARE = (
    "experiment=missile_warning",
    "study=null",
    "columns=null",
    "draws=32",
    "times={before_h: 0.0, horizon_h: 0.15, step_s: 30.0, n_epoch: 1}",
    "threats.satellite_failure.rate_per_year=0",
    "threats.group_shock.severity=0",
    "metrics.missile_warning.edge_s=60",
    "metrics.missile_warning.percentiles=[1,50,99]",
    *(f"metrics.missile_warning.stages.{stage}.delay_s=0" for stage in STAGES),
    *(f"metrics.missile_warning.stages.to_{end}.bits=0" for end in ("command", "user")),
    *(f"sites.users.{who}.terminal.last_mile_s=0" for who in ("command", "ground_units")),
    "sites.users.target.sensors=null",  # every satellite sees the target: it is always followed
    "store.paths=all",
)
NODES = ("Command Denver", "Command Tokyo")


def bare_run(*more):
    return sdn_mc.simulate([*BARE, *more])


def scores(result, name):
    column = {"column": -1}
    return np.asarray(result["/metrics"][f"missile_warning_{name}"].isel(column).values).ravel()


def test_without_threats_and_delays_the_light_time_alone_is_left():
    result = bare_run()
    leg_s = np.asarray(result["/scene"]["latency_healthy_s"].values)[0]  # [time, flow]
    to_denver, to_tokyo, from_denver, from_tokyo = leg_s.T
    whole_s = np.minimum(to_denver + from_denver, to_tokyo + from_tokyo)
    assert np.all(np.isfinite(whole_s)) and np.ptp(whole_s) > 1e-3
    # A message may wait for the next instant where that is earlier at the user: not here.
    released_s = whole_s[:-2]  # none in the last minute
    for name, share in (("p1_s", 0.0), ("p50_s", 0.5), ("p99_s", 1.0)):
        expected = np.quantile(released_s, share, method="inverted_cdf")
        np.testing.assert_allclose(scores(result, name), expected, rtol=1e-5)
    assert np.all(scores(result, "undelivered") == 0)


@pytest.mark.parametrize("nodes", [NODES[1:], NODES])
def test_a_dead_command_node_stops_everything_unless_there_is_a_second_one(nodes):
    dead = (
        "threats=[satellite_failure,group_shock,ground_outage]",
        "threats.ground_outage.sites=[Command Tokyo]",
        "threats.ground_outage.rate_per_year=1e6",
        "threats.ground_outage.repair_h=87660",
        "threats.ground_outage.shared_rate_per_year=0",
        f"metrics.missile_warning.via=[{','.join(nodes)}]",
    )
    result = bare_run(*dead)
    alone = len(nodes) == 1
    assert np.all(np.isinf(scores(result, "p50_s")) == alone)
    assert np.all(scores(result, "undelivered") == alone)
    if not alone:  # all goes through the other one
        leg_s = np.asarray(result["/scene"]["latency_healthy_s"].values)[0]
        longest_s = (leg_s[:, 0] + leg_s[:, 2]).max()
        assert np.all(scores(result, "p99_s") <= longest_s * (1 + 1e-5))
