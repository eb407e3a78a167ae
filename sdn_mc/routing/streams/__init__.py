"""An elimination as straight streams of instructions, one for each warp of a GPU's block.

`layout` says what every group of a topology fetches and lowers, `access_runs` for which times one
program will do, `waves` which groups are done together, `rows` where their rows are kept and
`instructions` who does what, in which order. All of it is host code, once an epoch.
"""
