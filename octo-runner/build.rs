//! Makes Rust of `hstry.proto`, without any program that a user would have to install.

use std::{error::Error, path::PathBuf};

use protox::prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../octo-proto/proto");
    let file = folder.join("hstry.proto");
    println!("cargo::rerun-if-changed={}", file.display());
    let described = protox::compile([&file], [&folder])?;
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script in this way where to write")]
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    std::fs::write(out.join("hstry.bin"), described.encode_to_vec())?;
    tonic_prost_build::configure().out_dir(out).compile_fds(described)?;
    Ok(())
}
