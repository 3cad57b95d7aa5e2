//! octo-tui
