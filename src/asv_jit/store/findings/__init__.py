"""What was concluded from measurements and is kept: events, confirmations, bisections, nights, decisions."""
