"""What an attack or a failure takes away: one module a cause."""
