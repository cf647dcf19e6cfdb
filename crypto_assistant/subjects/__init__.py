"""What a trader asks about, a room a subject: its question, its numbers, its answer, its page."""
