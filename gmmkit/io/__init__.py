"""The only code that opens files: images and recordings in, models and registries in and out.

Every medium has one gate; every write is whole or did not happen.
"""
