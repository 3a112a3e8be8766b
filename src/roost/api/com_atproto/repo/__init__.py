"""Records: `com.atproto.repo.*`."""
