"""Files on disk: the journal of trials, and the other files of a result tree."""
