// For the check of types in the sources; in a site the export of the model lies here, with its own copy of the runtime.
export * from '../../../runtime/dist/thalweg.js';
