"""The LLVM renderer: every kernel as LLVM IR text, for any processor that LLVM knows."""
