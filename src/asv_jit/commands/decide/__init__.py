"""Commands that act on a change: find what caused it, test one commit, accept it."""
