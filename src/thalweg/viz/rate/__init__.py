"""Learning rates: found before a training, and drawn as schedules."""
