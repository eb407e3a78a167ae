"""Bad input: what was given, where, what is allowed, what to do. Collected and raised together."""

from collections.abc import Iterable

LONGEST = 1000  # characters of one problem; what was given may be of any length


class InputError(Exception):
    """The user's input cannot be used; `problems` holds one full sentence for each fault.

    What is longer than `longest` characters is cut in its middle.
    """

    def __init__(self, problems: str | Iterable[str], longest: int = LONGEST) -> None:
        given = [problems] if isinstance(problems, str) else problems
        self.problems = [_line(problem, longest) for problem in given]
        super().__init__("\n".join(self.problems))


class Problems:
    """Collects faults from several checks, so that the user sees all of them at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, problem: str) -> None:
        """Note one fault."""
        if problem not in self._found:
            self._found.append(problem)

    def take(self, error: InputError) -> None:
        """Note every fault of an error raised elsewhere."""
        for problem in error.problems:
            self.add(problem)

    def __len__(self) -> int:
        return len(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_all(self) -> None:
        """Raise one `InputError` with everything noted so far, or do nothing."""
        if self._found:
            raise InputError(self._found)


def _line(problem: str, longest: int) -> str:
    """One line that any terminal can show: what is given may hold anything, escape codes too."""
    if not problem.isprintable():
        problem = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in problem)
    if len(problem) > longest:
        problem = f"{problem[: longest * 2 // 3]} … {problem[-longest // 4 :]}"
    return problem
