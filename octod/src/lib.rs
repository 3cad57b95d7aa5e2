//! octod: Octo's platform daemon and what belongs beside it.

pub mod model;
