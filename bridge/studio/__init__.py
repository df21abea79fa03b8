"""bridge.studio (see docs/architecture.md)."""
