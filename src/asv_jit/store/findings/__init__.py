"""Stored conclusions from measurements: events, confirmations, bisections, nights, accepted regressions."""
