"""Processes for the `subprocess` shim, which alone uses this package.

Here: `client` (the caller's side: one thread, all servers and calls), `loop`, `output`, `future`; there: `server`,
`preload`, `child` (forked), `fresh` (a new interpreter); both: `protocol`, `children`, `interpreter`, `versions`.
What does not belong here: anything that knows what a worker does. It is an entry `module:function` and some strings.
"""
