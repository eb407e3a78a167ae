"""Changes of a good text that an enemy, a broken disk or a hasty person might make."""

import random
import re
from collections.abc import Callable

NUMBERS = (
    "nan", "-nan", "inf", "-Infinity", "1e999", "-1e999", "1e-999", "-0", "-0.0", "0", "1_000",
    "٣", "１２", "²", "0x10", "0b1", "1e", "e5", ".", "-", "+", "--1", "1,5", "1.5.2", "1 000", "",
    " ", "9" * 30, "9" * 5000, "0" * 400 + "1", "1." + "0" * 400 + "1", "1e+0000000000000000005",
    "true", "null", "None", "1j", "361", "91", "-91", "366", "360.0001", "1e308", "4.9e-324",
)  # fmt: skip
TEXTS = (
    "\0", "\x1b[2J", "\ufeff", "\u2028", "\u202e", "\x85", "\x0c", "\x1a", "é", "😀", "\\", "'",
    '"', '""', '"""', ",", ";", "\t", "\xa0", "#", "//", "/*", "<!--", "{", "}", "[", "]", "null",
    "$(reboot)", "`id`", "${oc.env:HOME}", "{{7*7}}", "%s%n", "../../etc/passwd", "=1+1",
)  # fmt: skip
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def one_character(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    new = rng.choice("0123456789 -+.,eE\"':;AZaz\t#") if rng.random() < 0.8 else rng.choice(TEXTS)
    cut = rng.choice((0, 1, 1))
    return text[:at] + new + text[at + cut :]


def without_some(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at + rng.choice((1, 1, 2, 10, 100)) :]


def twice_some(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    some = text[at : at + rng.choice((1, 3, 20, 80))]
    return text[:at] + some * rng.choice((2, 2, 3, 50)) + text[at:]


def cut_off(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


def other_number(text: str, rng: random.Random) -> str:
    found = list(NUMBER.finditer(text))
    if not found:
        return text
    here = rng.choice(found)
    return text[: here.start()] + rng.choice(NUMBERS) + text[here.end() :]


def lines_changed(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(4)
    if how == 0:
        lines[a], lines[b] = lines[b], lines[a]
    elif how == 1:
        lines.insert(a, lines[b])
    elif how == 2:
        del lines[a]
    else:
        lines[a] = lines[a] + rng.choice((" ", ",", ",,", '"', " x")) + lines[b]
    return "\n".join(lines)


def shifted(text: str, rng: random.Random) -> str:
    """A blank put in at one place of a line and another taken out: columns are shifted in part."""
    lines = text.split("\n")
    k = rng.randrange(len(lines))
    blanks = [i for i, c in enumerate(lines[k]) if c == " "]
    if blanks:
        gone = rng.choice(blanks)
        line = lines[k][:gone] + lines[k][gone + 1 :]
        at = rng.randrange(len(line) + 1)
        lines[k] = line[:at] + " " + line[at:]
    return "\n".join(lines)


def fields_swapped(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    k = rng.randrange(len(lines))
    cells = lines[k].split(",")
    a, b = rng.randrange(len(cells)), rng.randrange(len(cells))
    cells[a], cells[b] = cells[b], cells[a]
    lines[k] = ",".join(cells)
    return "\n".join(lines)


def other_line_ends(text: str, rng: random.Random) -> str:
    how = rng.randrange(4)
    if how == 0:
        return text.replace("\n", "\r\n")
    if how == 1:
        return text.replace("\n", "\r")
    if how == 2:
        return text.replace("\n", "\n\n")
    return "".join(rng.choice(("\r", "\n", "\r\n")) if c == "\n" else c for c in text)


def something_put_in(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(TEXTS + NUMBERS) + text[at:]


def longer(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice('9 a,"\n[(') * rng.choice((100, 3000, 140_000)) + text[at:]


CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    one_character, one_character, one_character, without_some, twice_some, cut_off, other_number,
    other_number, lines_changed, shifted, fields_swapped, other_line_ends, something_put_in,
)  # fmt: skip


def changed(text: str, rng: random.Random, more: tuple[Callable, ...] = ()) -> str:
    """The text as it is (sometimes), or changed once or a few times."""
    for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 3))):
        change = longer if rng.random() < 0.005 else rng.choice(CHANGES + more)
        text = change(text, rng)
    return text


def encoded(text: str, rng: random.Random) -> bytes:
    """The bytes of a text, mostly in UTF-8."""
    chance = rng.random()
    if chance < 0.90:
        return text.encode("utf-8", "surrogatepass")
    if chance < 0.93:
        return b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass")
    if chance < 0.98:
        data = bytearray(text.encode("utf-8", "surrogatepass") or b" ")
        data[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(data)
    coding = rng.choice(("utf-16", "utf-16-le", "latin-1", "cp1252", "utf-32"))
    return text.encode(coding, "replace")
