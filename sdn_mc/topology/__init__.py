"""The optical mesh: which pairs of satellites are candidate links, and which stand by."""
