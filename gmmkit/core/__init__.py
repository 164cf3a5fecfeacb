"""The shared EM core: arrays in, values out; it knows no image, no voice and no file.

Fitting, MAP adaptation and growing by splits all add up the same sufficient statistics.
"""
