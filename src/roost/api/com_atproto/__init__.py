"""The methods of `com.atproto.*` as they are today, one file each; `METHODS` in `roost.api.methods` lists them."""
