"""Observable state of the window, without widgets."""
