"""Episodes to incidents to what is told to whom: pure rules."""
