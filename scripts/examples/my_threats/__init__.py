"""A package of one's own, as a user has it beside sdn_mc."""
