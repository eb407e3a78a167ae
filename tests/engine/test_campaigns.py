"""Threats of a campaign strike together, and otherwise keep to their own draws."""

import numpy as np
import pytest

from sdn_mc import config, engine
from sdn_mc.core.problems import InputError
from tests.small_run import small_job, small_run

THREE = "threats=[vendor_fault,group_shock,solar_storm]"
SEVERITY = (
    "threats.group_shock.severity={_target_: sdn_mc.core.distributions.Uniform, low: 0, high: 1}",
    "threats.solar_storm.severity={_target_: sdn_mc.core.distributions.Uniform, low: 0, high: 1}",
)


def drawn(*overrides):
    run = small_run(THREE, *SEVERITY, *overrides)
    return engine.sample_draws(run, 0, np.arange(64, dtype=np.uint32))[0]


def test_a_campaign_has_one_onset_and_one_draw_of_equally_named_numbers():
    apart, together = drawn(), drawn("+campaigns.blow=[group_shock,solar_storm]")
    assert np.array_equal(together["group_shock.onset_s"], together["solar_storm.onset_s"])
    assert np.array_equal(together["group_shock.severity"], together["solar_storm.severity"])
    for name in ("onset_s", "severity"):
        one, other = apart[f"group_shock.{name}"], apart[f"solar_storm.{name}"]
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.5  # 4 sigma of 64 independent draws
    for name, values in apart.items():  # the others, and what a cause draws of its own
        if name.startswith("vendor_fault") or name == "group_shock.which":
            assert np.array_equal(values, together[name]), name


@pytest.mark.parametrize(
    ("campaigns", "said"),
    [
        (["+campaigns.blow=[terminal_failure]"], "'terminal_failure' is no threat of this run"),
        (["+campaigns.a=[group_shock]", "+campaigns.b=[group_shock]"], "in campaigns.a too"),
        (["+campaigns.blow=group_shock"], "list the threats that strike together"),
    ],
)
def test_what_is_wrong_with_a_campaign_is_said(campaigns, said):
    with pytest.raises(InputError, match=said):
        small_job(THREE, *campaigns)


def test_a_run_without_campaigns_is_what_it_was():
    job = small_job(THREE)
    assert job.campaigns == {}
    stored = {key: value for key, value in job.resolved.items() if key != "campaigns"}
    assert config.load(stored).campaigns == {}
