"""What changed over commits and releases: from trials to series, from series to events."""
