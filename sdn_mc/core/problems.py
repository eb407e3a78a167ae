"""Bad input: what was given, where, what is allowed, what to do. Collected and raised together."""

from collections.abc import Iterable


class InputError(Exception):
    """The user's input cannot be used; `problems` holds one full sentence for each fault."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
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
