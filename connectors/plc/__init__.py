"""PLCs."""
