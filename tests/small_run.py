"""A run small enough for many tests: two planes of eight satellites, two sites, few instants."""

from collections.abc import Sequence

from sdn_mc import config
from sdn_mc.engine import Prepared
from sdn_mc.runner import prepare

SMALL = (
    "constellation=walker",
    "constellation.shells.shell.satellites=16",
    "constellation.shells.shell.planes=2",
    "constellation.shells.shell.phasing=0",
    "constellation.shells.shell.altitude_km=1200",
    "+constellation.labels.software={_target_: sdn_mc.constellation.labels.Alternate, "
    "values: [blue, green], by: plane}",
    "access.min_elevation_deg=5",
    "flows.flows=[[London,Paris],[New York,London]]",
    "columns=null",
    "metrics=[availability]",
)
SIX_INSTANTS = ("times.count=6", "times.n_epoch=1")


def small_job(*overrides: str, times: Sequence[str] = SIX_INSTANTS) -> config.Job:
    """The checked configuration."""
    return config.load(config.compose([*SMALL, *times, *overrides]))


def small_run(*overrides: str, times: Sequence[str] = SIX_INSTANTS) -> Prepared:
    """Its scenes, ready for blocks."""
    return prepare(small_job(*overrides, times=times))


def one_threat(
    name: str,
    settings: dict | None = None,
    extra: Sequence[str] = (),
    beside: Sequence[str] = (),
) -> Prepared:
    """A run with one threat, at its YAML's values or other settings; and others beside it."""
    changed = [f"threats.{name}.{key}={value}" for key, value in (settings or {}).items()]
    return small_run(f"threats=[{','.join((*beside, name))}]", *changed, *extra)
