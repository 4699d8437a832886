"""The pages of cases: the list of all, and the page of each."""
