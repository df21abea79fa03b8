"""bridge.model (see docs/architecture.md)."""
