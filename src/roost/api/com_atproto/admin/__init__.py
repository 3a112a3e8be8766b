"""The operator's and the moderators' methods: `com.atproto.admin.*`."""
