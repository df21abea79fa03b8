"""bridge.timing (see docs/architecture.md)."""
