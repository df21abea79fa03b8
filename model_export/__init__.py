"""From a checkpoint to the bundle that the app runs."""
