"""The commands of `sdn-mc`, a module each: `HELP`, and `command(words)`."""
