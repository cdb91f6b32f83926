"""The REST API: what the page shows and asks, for programs; bearer tokens, JSON, OpenAPI."""
