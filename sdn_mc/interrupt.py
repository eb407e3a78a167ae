"""Ctrl-C: draws in flight are finished and kept, then the command ends and says how to go on.

While blocks of draws are computed the first Ctrl-C only notes that no more be begun (`finishing`);
a second one, and the first at any other time, ends the process at once. Not by an exception: JAX
has Python callbacks run whenever memory is collected, and an exception raised inside one of those
is lost; and threads inside compiled code cannot be stopped. A run may be killed at any instant
without harm, so nothing is left to do then but what `last_words` does.
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
FINISHING = b"finishing the draws in flight; Ctrl-C again stops at once\n"


class Stopped(KeyboardInterrupt):
    """Ctrl-C, all in flight being done. No `Exception`: Hydra would begin its next job."""


@contextlib.contextmanager
def finishing() -> Iterator[Callable[[], bool]]:
    """Whether an interrupt has come since, as a function; if one has, the `with` ends by `Stopped`.

    A second one does what it did before.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # signals do not come here
        yield asked.is_set
        return
    before = signal.getsignal(signal.SIGINT) or signal.SIG_DFL

    def note(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        asked.set()
        os.write(2, FINISHING)

    signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
    if asked.is_set():
        raise Stopped


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
    except Stopped:
        print(last_words(), file=sys.stderr, flush=True)
        sys.exit(STOPPED_STATUS)
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
