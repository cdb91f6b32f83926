"""The two flows, part and machine, and the process they run in."""
