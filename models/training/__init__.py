"""How each shipped model was made. PyTorch lives here alone; nothing that runs on a line imports this package."""
