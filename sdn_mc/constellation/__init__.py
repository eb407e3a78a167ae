"""Makes the fleet: from a Walker description, or from element sets; with its groups by label."""
