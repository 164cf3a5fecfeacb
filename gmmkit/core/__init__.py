"""The shared EM core: arrays in, values out; it knows no image, no voice and no file."""
