"""Widgets that show the models and hold no truth."""

from gui.views.main_window import MainWindow

__all__ = ["MainWindow"]
