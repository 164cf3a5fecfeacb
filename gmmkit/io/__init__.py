"""The only code that opens files: images in, model files in and out, every write atomic."""
