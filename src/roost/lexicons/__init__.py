"""Lexicon documents that ship with Roost, as JSON; `v2022` is the flat system of October 2022.

Each of its 21 methods is one document in today's language (lexicon 1), exact to the method reference of 12 October
2022: names, parameters (in the URL, of procedures too), required fields, defaults and descriptions. Where the two
languages differ:

* `number` is `integer`.
* deleteAccount and deleteSession declared an input without an encoding, which may be absent or anything. An encoding
  is required today, so theirs is `*/*`, and without a schema. getAccount did so too, but is a query: today's queries
  have no input. The outputs of the three, free-form and without an encoding as well, are `application/json` here.
* The writes of repoBatchWrite were told apart by `action`; today only `$type` can do that. `#write` is one object
  with what the three have in common, and says in words what else is needed.
* A field of type `{}` is `unknown`.
* The `errors` are those that the lexicons of that day declared; the method reference did not print them.

`app.bsky.post` is the one record type that a server of the time knew. Its text had at most 256 code points; here it
is 256 graphemes and 1024 bytes. Its record key was always a TID, but put could name any key, so the key is `any`.

This package deliberately holds no code: the app reads the files. Today's documents come from the lexrpc distribution.
"""
