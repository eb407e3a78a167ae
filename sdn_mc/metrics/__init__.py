"""Scores of one draw from its series: one module a metric, named arrays out."""
