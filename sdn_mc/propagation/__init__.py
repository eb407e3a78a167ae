"""From elements and times to positions."""
