"""Ctrl-C ends the process at once, with a last line that says how to go on.

Not by an exception: JAX has Python callbacks run whenever memory is collected, and an exception
raised inside one of those is lost; and threads inside compiled code cannot be stopped. A run may be
killed at any instant without harm, so nothing is left to do but what `last_words` does.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

STOPPED_STATUS = 130  # of a command that Ctrl-C ended: 128 + SIGINT
POLL_S = 1.0
SHOW_CURSOR = b"\x1b[?25h\n"  # a progress bar hides it


@contextlib.contextmanager
def ended_by_ctrl_c(last_words: Callable[[], str]) -> Iterator[None]:
    """Until the end of the `with`, an interrupt prints what `last_words` gives, and ends."""

    def end(*_: object) -> None:
        with contextlib.suppress(RuntimeError, OSError):  # interrupted in the midst of writing
            sys.stdout.flush()
        if os.isatty(1):
            os.write(1, SHOW_CURSOR)
        os.write(2, f"{last_words()}\n".encode())
        os._exit(STOPPED_STATUS)

    if threading.current_thread() is not threading.main_thread():  # signals do not come here
        yield
        return
    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def ended_with_parent() -> None:
    """From here on this process ends soon after the one that started it, and by no Ctrl-C."""
    parent = os.getppid()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        os._exit(STOPPED_STATUS)

    threading.Thread(target=watch, daemon=True).start()
