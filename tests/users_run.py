"""A small run with users, made from nodes of a configuration."""

from typing import Any

from omegaconf import OmegaConf

from sdn_mc import config
from sdn_mc.engine import Prepared
from sdn_mc.runner import prepare
from tests.small_run import SIX_INSTANTS, SMALL

TERMINAL: dict[str, Any] = {
    "_target_": "sdn_mc.access.users.Terminal",
    "min_elevation_deg": None,
    "max_range_km": None,
    "last_mile_s": 0.0,
    "rate_bps": None,
    "uses": None,
}
TARGET: dict[str, Any] = {
    "speed_km_s": 3.0, "starts_s": 0.0, "then": "again", "sensors": None, "grazing_km": 20.0,
    "max_range_km": None, "elevation_deg": None, "nadir_deg": None,
}  # fmt: skip


def group(target_: str, **fields: Any) -> dict[str, Any]:
    """A node of one group of users."""
    return {"_target_": f"sdn_mc.access.users.{target_}"} | fields


def fixed(kind: str = "ground", **places: Any) -> dict[str, Any]:
    """Users that stay, by name; `terminal` holds changes of theirs."""
    changes = places.pop("terminal", {})
    return group("Fixed", kind=kind, places=places, terminal=TERMINAL | changes)


def aboard(**fields: Any) -> dict[str, Any]:
    """Users aboard satellites."""
    given = {"satellites": None, "names": None, "index": None, "last_mile_s": 0.0, "rate_bps": None}
    return group("OnSatellite", **(given | fields))


def target(*route: Any, **fields: Any) -> dict[str, Any]:
    """A target called T."""
    return group("Target", tracks={"T": list(route)}, **(TARGET | fields))


def users_tree(users: dict[str, Any], flows: list[Any], *overrides: str) -> dict[str, Any]:
    """The small configuration with these users and flows, as plain values."""
    plain = OmegaConf.to_container(config.compose([*SMALL, *SIX_INSTANTS, *overrides]))
    assert isinstance(plain, dict)
    sites = {"_target_": "sdn_mc.access.users.UserList", "users": users}
    listed = {"_target_": "sdn_mc.access.flows.FlowList", "flows": flows}
    return {str(k): v for k, v in plain.items()} | {"sites": sites, "flows": listed}


def users_run(users: dict[str, Any], flows: list[Any], *overrides: str) -> Prepared:
    """Its scenes, ready for blocks."""
    return prepare(config.load(users_tree(users, flows, *overrides)))
