"""Handles: `com.atproto.identity.*`."""
