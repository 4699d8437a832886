"""What is kept on disk: the journal of trials, and what is known beside it."""
