//! What every part of Octo agrees on.
