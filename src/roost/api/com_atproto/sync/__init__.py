"""Whole repositories: `com.atproto.sync.*`."""
