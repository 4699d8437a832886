"""What there is to show, before any of it is text."""
