//! The control path: the agent as a process.
