"""From episodes to incidents to what is told to whom. Pure: no clock, no file, no socket, no chance."""
