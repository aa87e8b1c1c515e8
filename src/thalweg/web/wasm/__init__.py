"""WebAssembly: Programs as modules, through LLVM alone."""
