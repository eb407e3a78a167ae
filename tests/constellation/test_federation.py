"""Several constellations as one fleet: united labels, members cancelled, added, launched."""

import dataclasses

import numpy as np
import pytest

from sdn_mc import config
from sdn_mc.constellation.deployment import DeployedFraction, Launches
from sdn_mc.constellation.federation import Federation
from sdn_mc.constellation.labels import AllSame, Alternate
from sdn_mc.constellation.walker import Shell, Walker
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fleet import Status
from sdn_mc.core.problems import InputError

START = JulianDate.parse("2026-06-01T00:00:00Z")
BARE = ("threats=none", "columns=null", "topology=bent_pipe", "metrics=[availability]")


def member(planes: int, slots: int, **labels) -> Walker:
    """A pattern that holds where the run starts."""
    shell = Shell(
        satellites=planes * slots,
        planes=planes,
        phasing=0,
        altitude_km=800.0,
        inclination_deg=70.0,
        raan_span_deg=360.0,
        eccentricity=0.0,
        argument_of_perigee_deg=0.0,
        raan_deg=0.0,
        anomaly_deg=0.0,
    )
    return Walker(
        name="any",
        shells={"s": shell},
        epoch=None,
        n_terminal=planes,
        unit_cost_musd=float(slots),
        labels={name: AllSame(value) for name, value in labels.items()},
    )


def federation(deployment=None, labels=None, **members) -> Federation:
    members = members or {
        "a": member(3, 2, prime="X", ground_system="shared"),
        "b": member(2, 4, prime="Y", ground_system="shared", laser="L"),
    }
    return Federation(
        name="both",
        members=members,
        epoch="2027-01-01T00:00:00Z",
        deployment=deployment or {},
        labels=labels or {},
    )


def names(fleet, label: str) -> list[str]:
    return [fleet.group_names[label][k] for k in fleet.group[label]]


def test_members_follow_each_other_and_planes_and_shells_are_counted_on():
    fleet = federation().build(START)
    assert fleet.n_sat == 14
    assert fleet.plane.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]
    assert fleet.layer.tolist() == fleet.plane.tolist()
    assert fleet.shell.tolist() == [0] * 6 + [1] * 8
    assert fleet.slot.tolist() == [0, 1] * 3 + [0, 1, 2, 3] * 2
    assert fleet.n_terminal.tolist() == [3] * 6 + [2] * 8
    assert fleet.unit_cost_musd.tolist() == [2.0] * 6 + [4.0] * 8
    assert fleet.group_names["plane"] == ("a s p00", "a s p01", "a s p02", "b s p00", "b s p01")
    assert fleet.group_names["shell"] == ("a s", "b s")
    assert fleet.catalogue.name[0] == "a s p00 s00" and fleet.catalogue.name[-1] == "b s p01 s03"
    assert fleet.catalogue.number == tuple(range(1, 15))
    assert fleet.reference == START
    alone = member(2, 4).build(START).elements
    np.testing.assert_array_equal(fleet.elements.raan_rad[6:], alone.raan_rad)


def test_patterns_hold_where_the_run_starts_whatever_their_epoch():
    old = dataclasses.replace(member(2, 2), epoch="2020-01-01T00:00:00Z")
    made = federation(a=old, b=member(1, 3))
    assert set(made.build(START).elements.epoch_day) == {START.day}
    by_default = made.build(None)
    assert by_default.reference == JulianDate.parse("2027-01-01T00:00:00Z")
    alone = dataclasses.replace(federation(a=old), epoch=None).build(None)
    assert alone.reference == JulianDate.parse("2020-01-01T00:00:00Z")


def test_labels_are_united_and_groups_of_one_name_are_one_group():
    fleet = federation().build(START)
    assert names(fleet, "constellation") == ["a"] * 6 + ["b"] * 8
    assert names(fleet, "prime") == ["X"] * 6 + ["Y"] * 8
    assert fleet.group_names["ground_system"] == ("shared",)
    assert names(fleet, "laser") == ["none"] * 6 + ["L"] * 8
    assert [label for label, _ in fleet.labels] == sorted(fleet.group)


def test_a_rule_over_the_whole_fleet_replaces_what_members_say():
    rules = {"prime": AllSame("one"), "software": Alternate(values=("u", "v"), by="plane")}
    fleet = federation(labels=rules).build(START)
    assert fleet.group_names["prime"] == ("one",)
    assert names(fleet, "software")[::2] == ["u", "v", "u", "v", "v", "u", "u"]


def test_a_federation_may_have_a_federation_as_a_member():
    inner = dataclasses.replace(federation(), epoch=None)
    fleet = federation(both=inner, c=member(1, 5, prime="X")).build(START)
    assert names(fleet, "constellation") == ["both"] * 14 + ["c"] * 5
    assert fleet.plane.max() == 5 and fleet.shell.max() == 2
    assert names(fleet, "prime") == ["X"] * 6 + ["Y"] * 8 + ["X"] * 5


def test_the_backbone_and_both_layers_of_sda_share_what_they_share():
    job = config.job_of(["constellation=federation_backbone_transport_tracking", *BARE])
    fleet = job.parts["constellation"].build(None)
    count = dict(zip(fleet.group_names["constellation"],
                     np.bincount(fleet.group["constellation"]), strict=True))  # fmt: skip
    assert count == {"backbone": 480, "transport": 336, "tracking": 90}
    ground = np.array(names(fleet, "ground_system"))
    assert np.sum(ground == "SDA ground") == 426
    # SpaceX builds the backbone and half of Tranche 0 tracking: one fault of the prime takes both
    prime = np.array(names(fleet, "prime"))
    assert np.sum(prime == "SpaceX") == 484


def test_a_member_is_cancelled_or_added_from_the_command_line():
    name = "constellation=transport"
    less = config.job_of([name, *BARE, "~constellation.members.t2"])
    assert less.parts["constellation"].build(None).n_sat == 146
    third = "+constellation@constellation.members.t3=sda_t3_transport"
    more = config.job_of([name, *BARE, third])
    assert more.parts["constellation"].build(None).n_sat == 476
    none = "{_target_: sdn_mc.constellation.deployment.DeployedFraction, deployed_fraction: 0, "
    gone = config.job_of([name, *BARE, f"+constellation.deployment.t2={none}by: plane}}"])
    fleet = gone.parts["constellation"].build(None)
    assert np.sum(fleet.status == Status.NOT_LAUNCHED) == 190
    assert fleet.n_sat == 336


def test_civil_and_military_share_ground_and_software():
    job = config.job_of(["constellation=federation_civil_military", *BARE])
    fleet = job.parts["constellation"].build(None)
    assert fleet.group_names["software"] == ("SpaceX core software",)
    assert fleet.group_names["ground_system"] == ("SpaceX ground",)
    assert fleet.group_names["constellation"] == ("military", "civil")


# ---- deployment


@pytest.mark.parametrize(
    "fraction, by, n_unit, expected",
    [(0.5, "plane", 6, 3), (0.58, "sat", 50, 29), (0.0, "sat", 9, 0), (1.0, "plane", 7, 7)],
)
def test_a_fraction_is_rounded_down_to_whole_units(fraction, by, n_unit, expected):
    up = DeployedFraction(deployed_fraction=fraction, by=by).in_service(n_unit, START)
    assert up.tolist() == [True] * expected + [False] * (n_unit - expected)


PLAN = Launches(
    first="2024-09-01T00:00:00Z",
    interval_months=1.0,
    per_launch=1,
    by="plane",
    checkout_months=0.0,
    slip_months=0.0,
)


@pytest.mark.parametrize(
    "date, slip, checkout, per_launch, expected",
    [
        ("2024-08-31T23:59:59Z", 0, 0, 1, 0),
        ("2024-09-01T00:00:00Z", 0, 0, 1, 1),
        ("2024-10-01T10:29:59Z", 0, 0, 1, 1),  # a month is 30 d 10 h 30 min
        ("2024-10-01T10:30:00Z", 0, 0, 1, 2),
        ("2024-10-01T10:30:00Z", 0, 0, 2, 4),
        ("2025-09-01T05:59:59Z", 12, 0, 1, 0),  # twelve months: 365.25 d
        ("2025-09-01T06:00:00Z", 12, 0, 1, 1),
        ("2026-03-03T00:00:00Z", 12, 0, 1, 6),  # 18 months and more: launches 0 to 6, six planes
        ("2026-03-03T00:00:00Z", 12, 3, 1, 4),  # three months of checkout: launches 0 to 3
    ],
)
def test_planes_enter_service_at_the_dates_of_the_plan(date, slip, checkout, per_launch, expected):
    plan = dataclasses.replace(
        PLAN, slip_months=float(slip), checkout_months=float(checkout), per_launch=per_launch
    )
    up = plan.in_service(6, JulianDate.parse(date))
    assert up.tolist() == [True] * expected + [False] * (6 - expected)


def test_what_is_not_launched_is_counted_so_and_said():
    # b's first plane flies from 15 May 2026 on, its second a month later
    late = dataclasses.replace(PLAN, first="2026-05-15T00:00:00Z")
    fleet = federation(deployment={"b": late}).build(START)
    assert fleet.status.tolist() == [0] * 10 + [Status.NOT_LAUNCHED] * 4
    assert Status(fleet.status[-1]).meaning.startswith("not launched")
    assert "b: 4 of 8 satellites are in service at 2026-06-01T00:00:00Z" in fleet.notes
    by_sat = DeployedFraction(deployed_fraction=0.25, by="sat")
    fleet = federation(deployment={"b": by_sat}).build(START)
    assert np.flatnonzero(fleet.status).tolist() == list(range(8, 14))


def test_a_longer_slip_never_has_more_in_service():
    dates = [JulianDate.parse(f"2025-{month:02d}-10") for month in range(1, 13)]
    for earlier, later in ((0.0, 3.0), (3.0, 12.0)):
        for date in dates:
            few, many = (
                dataclasses.replace(PLAN, slip_months=slip).in_service(6, date)
                for slip in (later, earlier)
            )
            assert np.all(many | ~few)


@pytest.mark.parametrize(
    "made, words",
    [
        (
            federation(deployment={"c": PLAN}),
            "deployment.c: there is no such member; there are a, b",
        ),
        (dataclasses.replace(federation(), members={}), "constellation.members: none given"),
        (dataclasses.replace(federation(), epoch="soon"), "constellation.epoch: 'soon' is not"),
    ],
)
def test_what_makes_no_federation_is_told(made, words):
    assert any(words in problem for problem in made.problems())
    with pytest.raises(InputError, match="constellation"):
        made.build(START)


def test_a_fleet_without_anybody_in_service_is_refused_with_the_date():
    none = DeployedFraction(deployed_fraction=0.0, by="plane")
    made = federation(deployment={"a": none, "b": none})
    with pytest.raises(InputError, match=r"no satellite is in service at 2026-06-01T00:00:00Z"):
        made.build(START)


def test_faults_of_a_member_are_told_with_its_place():
    with pytest.raises(InputError, match=r"^constellation.members.a.labels.plane: this label"):
        federation(a=member(2, 2, plane="no"), b=member(2, 2)).build(START)


def test_a_member_of_another_kind_is_refused():
    site = "{_target_: sdn_mc.topology.bent_pipe.BentPipe}"
    words = ["constellation=transport", *BARE, f"+constellation.members.x={site}"]
    with pytest.raises(InputError, match=r"members.x: a BentPipe given; give a Walker"):
        config.job_of(words)
