//! The protocol as others see it: its samples, its schema, and what it must read for ever.

#[cfg(test)]
mod for_ever;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod terminal;
