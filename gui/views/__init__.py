"""Widgets that show the models and hold no truth."""
