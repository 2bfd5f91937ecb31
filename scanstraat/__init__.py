"""De scanstraat: the application. Knows the order of the steps and imports the three other packages."""

__version__ = "0.1.0"
