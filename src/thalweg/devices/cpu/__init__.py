"""The processor of this machine: LLVM makes its code, native threads run it.

`host`: what the processor is; `jit`: text to code, through the disk `cache`; `pool`: the threads;
`executable`: a Program that can be run, whose `image` is all that is needed for it; `load`: from
Programs, or from those `stored` on disk, to executables; `limit`: what the machine can reach at
most.
"""
