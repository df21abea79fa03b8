"""From a checkpoint to the bundle that the app runs: `python -m model_export export CHECKPOINT -o BUNDLE`."""
