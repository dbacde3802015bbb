"""The rules document: what it holds, what it means, and leads scored by it."""
