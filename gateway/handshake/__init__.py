"""Who says what to whom, on which tag, for one part."""
