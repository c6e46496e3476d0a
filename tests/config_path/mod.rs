//! The config path: from a saved file to what is in force.
