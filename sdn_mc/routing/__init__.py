"""Finds paths: masks and delays in; latency, hops and delivery out. One file a solver or policy."""
