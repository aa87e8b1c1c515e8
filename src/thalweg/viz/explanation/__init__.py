"""Why a model says what it says: what in the input its output depends on."""
