"""Framing, filters, spectra, envelope."""
