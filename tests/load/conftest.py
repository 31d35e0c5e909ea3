"""Locust files import one another as locust finds them: by their folder. What is imported here knows no locust."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "locustfiles"))
