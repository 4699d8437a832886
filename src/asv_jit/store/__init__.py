"""What is kept on disk: the journal of trials, raw iterations, asv's result files."""
