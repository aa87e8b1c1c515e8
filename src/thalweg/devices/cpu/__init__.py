"""The processor of this machine: LLVM makes its code, native threads run it.

`host`: what the processor is; `jit`: text to code, through the disk `cache`; `pool`: the threads;
`executable`: a Program that can be run; `limit`: what the machine can reach at most.
"""
