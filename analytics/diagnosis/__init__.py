"""From sound to a fault, or an abstention."""
