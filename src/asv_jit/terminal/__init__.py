"""How results look in a terminal: one module per command that prints; `console` is what they share."""
