"""What belongs to a message: model, thinking, how the model should behave, presets."""
