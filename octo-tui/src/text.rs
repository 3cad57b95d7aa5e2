//! From foreign text to lines that are safe to show: cleaned, styled, broken to a width.

pub mod clean;
pub mod markdown;
pub mod size;
mod table;
pub mod wrap;
