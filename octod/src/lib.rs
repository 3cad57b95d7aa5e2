//! octod
