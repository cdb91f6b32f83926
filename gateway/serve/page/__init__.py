"""The page and the REST API: what people and other programs see of the gateway, and where they ask."""
