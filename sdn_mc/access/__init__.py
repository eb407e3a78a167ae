"""The ground and the users: where they are, what they see, who talks to whom."""
