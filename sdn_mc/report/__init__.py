"""Reads stores and makes tables and figures; computes nothing that a metric should."""
