"""The operator's commands on a running stack: what was parked, what is to go out by hand, what would go out."""
