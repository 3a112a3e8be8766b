"""Reports: `com.atproto.moderation.*`."""
