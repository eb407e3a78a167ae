"""Progress of a run: a bar with rate and time left on a terminal, plain lines in a log."""

import logging
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LOG = logging.getLogger("sdn_mc")
LINE_EVERY_S = 20.0


class DrawProgress:
    """Counts finished draws; use as a context manager."""

    def __init__(self, total: int, done: int, console: Console) -> None:
        self.total, self.first, self.done = total, done, done
        self.started = self.last_line = time.monotonic()
        self.bar = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("draws, {task.fields[rate]}"),
                TimeRemainingColumn(),
                console=console,
            )
            if console.is_terminal
            else None
        )

    def __enter__(self) -> "DrawProgress":
        if self.bar is not None:
            self.bar.start()
            self.task = self.bar.add_task(
                "running", total=self.total, completed=self.done, rate="…"
            )
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def add(self, count: int) -> None:
        """Note that `count` more draws are committed."""
        self.done += count
        now = time.monotonic()
        rate = (self.done - self.first) / max(now - self.started, 1e-9)
        if self.bar is not None:
            self.bar.update(self.task, completed=self.done, rate=f"{rate:.0f}/s")
        elif now - self.last_line > LINE_EVERY_S or self.done == self.total:
            self.last_line = now
            left_s = (self.total - self.done) / max(rate, 1e-9)
            LOG.info(
                "%d of %d draws, %.0f a second, %.0f s left", self.done, self.total, rate, left_s
            )
