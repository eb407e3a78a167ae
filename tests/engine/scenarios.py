"""Small runs in which everything that can go wrong does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
from jaxtyping import Array, Key

from sdn_mc.core.outage import Outage, renewal
from sdn_mc.core.scene import Scene
from sdn_mc.engine import Prepared
from sdn_mc.runner import prepare
from tests.small_run import SIX_INSTANTS, small_job, small_run

FOUR_PLANES = (
    "constellation.shells.shell.satellites=24",
    "constellation.shells.shell.planes=4",
    "constellation.shells.shell.phasing=1",
    "flows.flows=[[London,Paris],[New York,London],[Sao Paulo,Tokyo]]",
)
GRID = (
    "topology.slot_shift=0",
    "topology.seam=true",
    "topology.max_range_km=null",
    "topology.grazing_km=null",
    "topology.max_rate_deg_s=null",
)
MENDING = ("topology.mend=bypass", "topology.skip=2", "topology.retarget_s=7200")
# Once or twice a day each, for some hours: many change state inside the day.
STRENGTH = {
    "satellite_failure": ("rate_per_year=500", "replacement_d=0.2"),
    "terminal_failure": ("rate_per_year=200", "repair_d=0.2"),
    "plane_outage": ("rate_per_year=400", "repair_h=3"),
    "vendor_fault": ("repair_h=3", "probability=0.7"),
    "software_fault": ("repair_h=6",),
}
FEW = ("satellite_failure", "terminal_failure")
ONE_OF_A_KIND = (*FEW, "plane_outage", "software_fault")


class LossOf(eqx.Module):
    """A cause that takes sites, or whatever else is named."""

    rate_per_s: float = 1e-5
    repair_s: float = 2e4
    of: str = eqx.field(static=True, default="site")

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Any
    ) -> Outage:
        """A law over all there are."""
        del key, macros, scene, prepared
        return renewal(self.rate_per_s, self.repair_s, of=self.of)


def struck(causes: Sequence[str], *more: str) -> list[str]:
    """Overrides that list these causes, each at its strength."""
    strong = [f"threats.{cause}.{words}" for cause in causes for words in STRENGTH[cause]]
    return [f"threats=[{','.join((*causes, *more))}]", *strong]


def often(
    *overrides: str,
    causes: Sequence[str] = FEW,
    grid: Sequence[str] = GRID,
    times: Sequence[str] = SIX_INSTANTS,
) -> Prepared:
    """Four planes of six, struck often; one column with every cause."""
    return small_run(*FOUR_PLANES, *grid, *struck(causes), *overrides, times=times)


def everything_at_once(folder: Path, *overrides: str) -> Prepared:
    """All kinds of cause, standby links, sites on their best satellite; four columns."""
    losses = folder / "losses.csv"
    losses.write_text("kind,a,b\nsatellite,13,\nlink,0,1\nlink,8,2\n")
    job = small_job(
        *FOUR_PLANES,
        *GRID,
        *MENDING,
        *struck(ONE_OF_A_KIND, "explicit_loss"),
        f"threats.explicit_loss.path={losses}",
        "access=best_elevation",
        *overrides,
    )
    for cause, of in (("site", "site"), ("pair", "pair:plane"), ("link", "link")):
        job.parts["threats"][f"{cause}_loss"] = LossOf(of=of)
    columns = {
        "everything": tuple(job.parts["threats"]),
        "satellites": ("satellite_failure", "plane_outage"),
        "given": ("software_fault", "explicit_loss"),
        "nothing": (),
    }
    return prepare(job._replace(columns=columns))
