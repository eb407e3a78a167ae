"""What several commands read on their lines: flags, keys, paths."""

from pathlib import Path

from sdn_mc.core.problems import InputError


def split(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Flags, Hydra overrides and --config-dir folders."""
    flags, overrides, folders = [], [], []
    rest = iter(words)
    for word in rest:
        if word in ("--config-dir", "-cd"):
            folders.append(next(rest, ""))
        elif word.startswith("--config-dir="):
            folders.append(word.partition("=")[2])
        elif word in ("-m", "--multirun"):
            flags.append("-m")
        elif word in ("-c", "--cfg"):
            flags.append("-c")
            if (what := next(rest, "nothing")) != "job":
                raise InputError(f"{word}: {what} given; write {word} job")
        elif word.startswith("-"):
            raise InputError(f"{word}: unknown flag; see sdn-mc --help")
        else:
            overrides.append(word)
    return flags, overrides, folders


def names_and_folders(words: list[str]) -> tuple[list[str], list[str]]:
    """Names, and --config-dir folders."""
    from sdn_mc import config

    flags, names, folders = split(words)
    if flags:
        raise InputError(f"{flags[0]}: this flag is for run; see sdn-mc --help")
    config.search_path(folders)
    return names, folders


def plugins_apart(words: list[str]) -> tuple[list[str], list[str]]:
    """The other words, and the packages of plugins=[A,B]: a stored run cannot name them itself."""
    given = [word.partition("=")[2] for word in words if word.startswith("plugins=")]
    rest = [word for word in words if not word.startswith("plugins=")]
    return rest, [name for each in given for name in each.strip("[]").split(",") if name]


def path_and_keys(words: list[str], known: set[str], command: str) -> tuple[str, dict[str, int]]:
    """One path, and key=whole number for each known key."""
    paths = [word for word in words if "=" not in word]
    given: dict[str, int] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            continue
        if key not in known:
            raise InputError(f"{command}: unknown key {key}; known are {', '.join(sorted(known))}")
        if not value.isdigit():
            raise InputError(f"{command}: {word} given; write {key}= and a whole number")
        given[key] = int(value)
    return one_path(paths, command), given


def one_path(words: list[str], command: str) -> str:
    if len(words) != 1:
        raise InputError(f"{command}: name one run folder, for example outputs/2027-01-01/12-00-00")
    return words[0]


def place(word: str) -> Path | str:
    """A folder, or the URL of a result in an object store."""
    return word if "://" in word else Path(word)


def output_apart(
    words: list[str], command: str, is_folder: bool = False
) -> tuple[list[str], Path | None]:
    """The other words, and the file or folder of --output."""
    allowed = "folder" if is_folder else "file"
    example = "figures" if is_folder else f"{command}.html"
    rest, path, given = list[str](), None, iter(words)
    for word in given:
        name, equals, value = word.partition("=")
        if name != "--output":
            rest.append(word)
            continue
        value = value if equals else next(given, "")
        if not value or (Path(value).is_file() if is_folder else Path(value).is_dir()):
            raise InputError(
                f"{command}: {word} {value}: name a {allowed}, for example --output {example}"
            )
        path = Path(value)
    if wrong := [word for word in rest if word.startswith("-")]:
        raise InputError(f"{wrong[0]}: unknown flag; see sdn-mc {command} --help")
    return rest, path
