"""The methods of the server: what each NSID takes, who may call it, which service carries it out, and what it answers.

A method is an async function over typed values and a `METHOD` that says where it stands; `registry` binds those
functions to the services once, at start-up, and `decode` makes their typed inputs from bytes. The package deliberately
does not know HTTP, storage, or how a token proves who is calling.
"""
