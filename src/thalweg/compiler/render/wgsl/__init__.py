"""The WGSL renderer: every kernel as a shader for WebGPU, in browsers and through `wgpu`."""
