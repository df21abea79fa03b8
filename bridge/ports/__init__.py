"""bridge.ports (see docs/architecture.md)."""
