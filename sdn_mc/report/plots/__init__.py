"""Static figures for papers, with matplotlib: one function a figure, each from its own data.

    import matplotlib
    import sdn_mc
    from sdn_mc.report import figures_data, plots

    run = sdn_mc.open_result("outputs/…")
    data = figures_data.latency_shares(run)          # labelled; None where the run has it not
    figure = plots.latency(data, width="double")     # a matplotlib.figure.Figure
    axes = figure.axes[0]                            # restyle it as any other
    axes.set_xlim(0, 200)
    axes.lines[0].set_color("black")
    figure.legends[0].legend_handles[0].set_color("black")   # legends keep colours of their own
    for text in figure.findobj(matplotlib.text.Text):
        text.set_fontsize(9)
    plots.write(figure, "latency.pdf")               # or .svg, .png

Legends are those of `figure.legends`; the interval of the line "dark" is labelled "_dark". `write`
keeps letters as letters and leaves the date out, so that the same run gives the same bytes;
`figure.savefig` does as your own settings say. `of_run`, `of_study` and `of_sweep` make every
figure at once, with their names, words and data. Of a sweep, what stands on no axis is yours to
choose:

    from sdn_mc.report import sweep_slices
    sweep = sdn_mc.collect("outputs/…-sweep")
    data = sweep_slices.along(sweep, "repair_h", "latency_p95_s", rate_per_year=0.1)
    plots.response(data)

Widths are "single" (88 mm) and "double" (180 mm). Each function names in its docstring the
function of `figures_data` or `sweep_slices` whose result it takes. pyplot is not used, and no
display is needed.
"""

from sdn_mc.report.plots.making import RUN, STUDY, SWEEP, Plot, of_run, of_study, of_sweep
from sdn_mc.report.plots.runs import (
    availability,
    budget,
    concentration,
    latency,
    outages,
    restored,
    through_time,
    what_hurts,
    world_map,
)
from sdn_mc.report.plots.saving import FORMATS, write, write_all
from sdn_mc.report.plots.studies import concentration_loss, decisions
from sdn_mc.report.plots.style import WIDTHS_MM
from sdn_mc.report.plots.sweeps import response, surface

__all__ = [
    "FORMATS",
    "RUN",
    "STUDY",
    "SWEEP",
    "WIDTHS_MM",
    "Plot",
    "availability",
    "budget",
    "concentration",
    "concentration_loss",
    "decisions",
    "latency",
    "of_run",
    "of_study",
    "of_sweep",
    "outages",
    "response",
    "restored",
    "surface",
    "through_time",
    "what_hurts",
    "world_map",
    "write",
    "write_all",
]
