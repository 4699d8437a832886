"""What every measuring command shares: the session, pairs, selection, progress."""
