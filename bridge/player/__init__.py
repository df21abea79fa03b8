"""bridge.player (see docs/architecture.md)."""
