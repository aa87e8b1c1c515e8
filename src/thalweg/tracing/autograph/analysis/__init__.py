"""What a function's statements read and assign, and where its variables have values."""
