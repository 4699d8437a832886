"""Trials: one fresh process that runs one case in one mode on one installation."""
