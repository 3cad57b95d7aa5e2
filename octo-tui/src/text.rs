//! From foreign text to lines that are safe to show: cleaned, styled, broken to a width.

pub mod address;
pub mod anchor;
pub mod clean;
pub mod markdown;
pub mod mention;
pub mod place;
pub mod size;
mod table;
pub mod wrap;
